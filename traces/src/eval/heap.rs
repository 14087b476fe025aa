//! The fake heap: objects without Python, with their reference counts.

use super::memory::Memory;
use crate::op::Type;
use crate::trace::Known;
use crate::{Alias, Field};
use std::collections::BTreeMap;

/// A value at run time.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Datum {
    /// A 64-bit integer.
    Int(i64),
    /// A double.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// An address.
    Ptr(u64),
    /// An object.
    Obj(ObjRef),
}

impl Datum {
    /// The type of the value.
    pub fn ty(self) -> Type {
        match self {
            Datum::Int(_) => Type::I64,
            Datum::Float(_) => Type::F64,
            Datum::Bool(_) => Type::Bool,
            Datum::Ptr(_) => Type::Ptr,
            Datum::Obj(_) => Type::Obj,
        }
    }
}

/// An object of the heap, or NULL.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ObjRef(u32);

impl ObjRef {
    /// No object.
    pub const NULL: ObjRef = ObjRef(0);
}

/// What an object is.
#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    /// A type that the IR knows.
    Type(Known),
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An int of any size that matters here.
    Int(i128),
    /// A float.
    Float(f64),
    /// A bytes.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<ObjRef>),
    /// A tuple.
    Tuple(Vec<ObjRef>),
    /// A range iterator.
    RangeIter {
        /// The next item.
        start: i64,
        /// What it grows by.
        step: i64,
        /// Items still to come.
        len: i64,
    },
    /// A list iterator.
    ListIter {
        /// The list; NULL when exhausted.
        seq: ObjRef,
        /// The next index.
        index: i64,
    },
    /// A tuple iterator.
    TupleIter {
        /// The tuple; NULL when exhausted.
        seq: ObjRef,
        /// The next index.
        index: i64,
    },
    /// A cell and what it holds (perhaps NULL).
    Cell(ObjRef),
    /// A str.
    Str(String),
    /// A cffi buffer: the cdata, the size in bytes.
    Buffer(ObjRef, i64),
    /// A cffi cdata of a primitive ctype.
    CValue {
        /// The ctype.
        ctype: ObjRef,
        /// The value.
        value: Vec<Datum>,
    },
    /// A cffi cdata that owns memory, which lies at its [`address_of`](Heap::address_of).
    CStruct {
        /// The ctype.
        ctype: ObjRef,
        /// How much memory, in bytes.
        bytes: u64,
    },
    /// A cffi pointer or reference that owns nothing.
    CData {
        /// The ctype.
        ctype: ObjRef,
        /// The address.
        ptr: u64,
    },
    /// An instance of a class in Python.
    Instance {
        /// The class.
        class: ObjRef,
        /// Its attributes, some of them NULL.
        values: Vec<ObjRef>,
        /// Whether they lie in a dict.
        dict: bool,
    },
    /// Anything else; NULL as its type stands for a type of its own.
    Opaque(ObjRef),
}

/// An object.
#[derive(Clone, PartialEq, Debug)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// How many references are held.
    pub refs: u64,
    /// Its name, where it has one: such an object is shown by it.
    pub name: Option<String>,
    /// Fields that its kind does not have, as a test wants them.
    pub fields: BTreeMap<usize, Datum>,
    /// It never dies: an immortal, or a number made by a box op (which makes another object each
    /// time it is needed).
    stays: bool,
    dead: bool,
}

impl Object {
    /// Whether this is the tuple or iterator of a box op, with so many references.
    fn is_lent(&self, refs: u64) -> bool {
        let keeps = matches!(
            self.kind,
            Kind::Tuple(_) | Kind::ListIter { .. } | Kind::TupleIter { .. }
        );
        keeps && self.stays && self.refs == refs
    }
}

/// Where the memory of objects starts, above all memory that a test names.
pub(super) const BASE: u64 = 0x5000_0000_0000;
const STRIDE: u64 = 0x10_0000;

/// The objects of a world.
#[derive(Clone, PartialEq, Debug)]
pub struct Heap {
    objects: Vec<Object>,
    /// Objects that died, by name, in order; whose death can be noticed.
    pub deaths: Vec<String>,
    /// C memory.
    pub memory: Memory,
}

impl Default for Heap {
    fn default() -> Heap {
        Heap::new()
    }
}

impl Heap {
    /// A heap with the objects that the IR knows.
    pub fn new() -> Heap {
        let mut heap = Heap {
            objects: Vec::new(),
            deaths: Vec::new(),
            memory: Memory::default(),
        };
        for &known in Known::ALL {
            let kind = match known {
                Known::None => Kind::None,
                Known::True => Kind::Bool(true),
                Known::False => Kind::Bool(false),
                ty => Kind::Type(ty),
            };
            let object = heap.alloc(kind);
            if let Some(object) = heap.objects.get_mut(object.0 as usize) {
                object.stays = true;
                object.name = Some(known.name().to_string());
            }
        }
        heap
    }

    /// The object that the IR knows. (The row of NULL is the first of the table.)
    pub fn known(&self, known: Known) -> ObjRef {
        let at = Known::ALL.iter().position(|&k| k == known).unwrap_or(0);
        ObjRef(at as u32)
    }

    /// A new object that nobody holds yet. References that its kind holds are taken; memory that it owns is
    /// zero.
    pub fn alloc(&mut self, kind: Kind) -> ObjRef {
        for child in children(&kind) {
            self.incref(child);
        }
        let memory = match kind {
            Kind::CStruct { bytes, .. } => bytes,
            _ => 0,
        };
        let address = address(ObjRef(self.objects.len() as u32));
        for at in 0..memory {
            self.memory.bytes.insert(address + at, 0);
        }
        self.objects.push(Object {
            kind,
            refs: 0,
            name: None,
            fields: BTreeMap::new(),
            stays: false,
            dead: false,
        });
        ObjRef(self.objects.len() as u32 - 1)
    }

    /// The object of a box op: as long as nobody looks it need not exist, so it never dies.
    pub fn alloc_box(&mut self, kind: Kind) -> ObjRef {
        let object = self.alloc(kind);
        if let Some(object) = self.objects.get_mut(object.0 as usize) {
            object.stays = true;
        }
        object
    }

    /// As `alloc_box`, of what keeps objects alive as long as somebody holds it: a tuple, or an iterator over a sequence.
    pub fn alloc_lent(&mut self, kind: Kind) -> ObjRef {
        let items = children(&kind);
        let object = self.alloc_box(kind);
        for item in items {
            if let Some(found) = self.objects.get_mut(item.0 as usize) {
                found.refs = found.refs.saturating_sub(1);
            }
        }
        object
    }

    /// Where the memory that an object owns lies, or its items do.
    pub fn address_of(&self, object: ObjRef) -> u64 {
        address(object)
    }

    /// A truth value as an object.
    pub fn truth(&self, truth: bool) -> ObjRef {
        self.known(if truth { Known::True } else { Known::False })
    }

    /// A live object.
    ///
    /// # Errors
    /// Where it is NULL or has died.
    pub fn get(&self, object: ObjRef) -> Result<&Object, String> {
        match self.objects.get(object.0 as usize) {
            _ if object == ObjRef::NULL => Err("NULL is no object".to_string()),
            None => Err("there is no such object".to_string()),
            Some(found) if found.dead => Err(format!("{} is dead", self.show(object))),
            Some(found) => Ok(found),
        }
    }

    /// A live object, to change it.
    ///
    /// # Errors
    /// As [`get`](Heap::get).
    pub fn get_mut(&mut self, object: ObjRef) -> Result<&mut Object, String> {
        self.get(object)?;
        self.objects
            .get_mut(object.0 as usize)
            .ok_or_else(|| "there is no such object".to_string())
    }

    /// Takes a reference; NULL is no object.
    pub fn incref(&mut self, object: ObjRef) {
        let Some(found) = self.objects.get_mut(object.0 as usize) else {
            return;
        };
        found.refs += 1;
        if found.is_lent(1) {
            let items = children(&found.kind);
            items.into_iter().for_each(|item| self.incref(item));
        }
    }

    /// Drops a reference; NULL is no object.
    ///
    /// # Errors
    /// Where nobody held one.
    pub fn decref(&mut self, object: ObjRef) -> Result<(), String> {
        if object == ObjRef::NULL {
            return Ok(());
        }
        let found = self.get_mut(object)?;
        found.refs = match found.refs.checked_sub(1) {
            Some(refs) => refs,
            None => return Err(format!("{} is dropped once too often", self.show(object))),
        };
        if found.is_lent(0) {
            let items = children(&found.kind);
            return items.into_iter().try_for_each(|item| self.decref(item));
        }
        if found.refs > 0 || found.stays {
            return Ok(());
        }
        found.dead = true;
        let children = children(&found.kind);
        if let Kind::CStruct { bytes, .. } = found.kind {
            for at in 0..bytes {
                self.memory.bytes.remove(&(address(object) + at));
            }
        }
        let name = self.objects.get(object.0 as usize);
        let name = name.and_then(|found| found.name.clone());
        if let Some(name) = name
            && !self.type_known(object).is_some_and(Known::is_plain_type)
        {
            self.deaths.push(name);
        }
        children
            .into_iter()
            .try_for_each(|child| self.decref(child))
    }

    fn type_known(&self, object: ObjRef) -> Option<Known> {
        Some(match self.objects.get(object.0 as usize)?.kind {
            Kind::None => Known::NoneType,
            Kind::Bool(_) => Known::Bool,
            Kind::Int(_) => Known::Int,
            Kind::Float(_) => Known::Float,
            Kind::Bytes(_) => Known::Bytes,
            Kind::List(_) => Known::List,
            Kind::Tuple(_) => Known::Tuple,
            Kind::RangeIter { .. } => Known::RangeIter,
            Kind::ListIter { .. } => Known::ListIter,
            Kind::TupleIter { .. } => Known::TupleIter,
            Kind::Cell(_) => Known::Cell,
            Kind::Str(_) => Known::Str,
            Kind::Buffer(..) => Known::CBuffer,
            Kind::CData { .. } | Kind::CValue { .. } => Known::CData,
            Kind::CStruct { .. } => Known::CDataOwn,
            Kind::Type(_) | Kind::Opaque(_) | Kind::Instance { .. } => return None,
        })
    }

    /// The type of an object.
    ///
    /// # Errors
    /// As [`get`](Heap::get).
    pub fn type_of(&self, object: ObjRef) -> Result<ObjRef, String> {
        let found = self.get(object)?;
        Ok(match (self.type_known(object), &found.kind) {
            (Some(known), _) => self.known(known),
            (None, Kind::Opaque(ty)) if *ty != ObjRef::NULL => *ty,
            (None, Kind::Instance { class, .. }) => *class,
            (None, _) => object,
        })
    }

    // ---- memory ----

    /// What a field holds.
    ///
    /// # Errors
    /// Where the object has no such field.
    pub fn load(&self, object: ObjRef, field: Field) -> Result<Datum, String> {
        let found = self.get(object)?;
        let length = |n: usize| Datum::Int(n as i64);
        Ok(match (field, &found.kind) {
            (Field::Type, _) => Datum::Obj(self.type_of(object)?),
            (Field::IterRefCount, _) => Datum::Int(found.refs as i64),
            (Field::FloatValue, Kind::Float(x)) => Datum::Float(*x),
            (Field::RangeIterStart, Kind::RangeIter { start, .. }) => Datum::Int(*start),
            (Field::RangeIterStep, Kind::RangeIter { step, .. }) => Datum::Int(*step),
            (Field::RangeIterLen, Kind::RangeIter { len, .. }) => Datum::Int(*len),
            (Field::ListIterIndex, Kind::ListIter { index, .. })
            | (Field::TupleIterIndex, Kind::TupleIter { index, .. }) => Datum::Int(*index),
            (Field::ListIterSeq, Kind::ListIter { seq, .. })
            | (Field::TupleIterSeq, Kind::TupleIter { seq, .. }) => Datum::Obj(*seq),
            (Field::ListSize, Kind::List(items)) | (Field::TupleSize, Kind::Tuple(items)) => {
                length(items.len())
            }
            (Field::ListItems, Kind::List(_)) => Datum::Ptr(address(object)),
            (Field::CellRef, Kind::Cell(content)) => Datum::Obj(*content),
            (Field::CBufferSize, Kind::Buffer(_, size)) => Datum::Int(*size),
            (Field::CBufferData, Kind::Buffer(of, _)) => self.load(*of, Field::CDataPtr)?,
            (Field::BytesSize, Kind::Bytes(bytes)) => length(bytes.len()),
            (Field::CDataType, Kind::CData { ctype, .. })
            | (Field::CDataType, Kind::CValue { ctype, .. } | Kind::CStruct { ctype, .. }) => {
                Datum::Obj(*ctype)
            }
            (Field::CDataPtr, Kind::CData { ptr, .. }) => Datum::Ptr(*ptr),
            (Field::CDataPtr, Kind::CStruct { .. }) => Datum::Ptr(address(object)),
            (Field::CDataWeak, Kind::CData { .. } | Kind::CValue { .. } | Kind::CStruct { .. }) => {
                Datum::Int(0)
            }
            _ => *found
                .fields
                .get(&(field as usize))
                .ok_or_else(|| format!("{} has no {}", self.show(object), field.name()))?,
        })
    }

    /// The address of an inline field.
    ///
    /// # Errors
    /// Where the object has no such field.
    pub fn field_addr(&self, object: ObjRef, field: Field) -> Result<u64, String> {
        match (field, &self.get(object)?.kind) {
            (Field::TupleItems, Kind::Tuple(_)) | (Field::BytesData, Kind::Bytes(_)) => {
                Ok(address(object))
            }
            _ => Err(format!("{} has no {}", self.show(object), field.name())),
        }
    }

    /// Writes a field that holds no reference.
    ///
    /// # Errors
    /// Where the object has no such field, or it never changes.
    pub fn store(&mut self, object: ObjRef, field: Field, value: Datum) -> Result<(), String> {
        let shown = self.show(object);
        let found = self.get_mut(object)?;
        match (field, &mut found.kind, value) {
            (Field::RangeIterStart, Kind::RangeIter { start, .. }, Datum::Int(n)) => *start = n,
            (Field::RangeIterLen, Kind::RangeIter { len, .. }, Datum::Int(n)) => *len = n,
            (Field::ListIterIndex, Kind::ListIter { index, .. }, Datum::Int(n))
            | (Field::TupleIterIndex, Kind::TupleIter { index, .. }, Datum::Int(n)) => *index = n,
            _ if field.alias() != Alias::Immutable
                && found.fields.get(&(field as usize)).map(|old| old.ty()) == Some(value.ty()) =>
            {
                found.fields.insert(field as usize, value);
            }
            _ => return Err(format!("{shown} has no {} to write", field.name())),
        }
        Ok(())
    }

    /// The item of an object array at an address.
    ///
    /// # Errors
    /// Where there is none.
    pub fn item(&mut self, items: u64, index: i64) -> Result<&mut ObjRef, String> {
        let owner = ObjRef((items.wrapping_sub(BASE) / STRIDE) as u32);
        let shown = self.show(owner);
        match &mut self.get_mut(owner)?.kind {
            Kind::List(all) | Kind::Tuple(all) | Kind::Instance { values: all, .. }
                if items == address(owner) =>
            {
                usize::try_from(index)
                    .ok()
                    .and_then(|i| all.get_mut(i))
                    .ok_or_else(|| format!("{shown} has no item {index}"))
            }
            _ => Err(format!("{items:#x} is no array of objects")),
        }
    }

    /// The address of the attributes of an instance; none where they lie in a dict.
    ///
    /// # Errors
    /// Where the object is no instance.
    pub fn instance_values(&self, object: ObjRef) -> Result<Option<u64>, String> {
        match &self.get(object)?.kind {
            Kind::Instance { dict, .. } => Ok((!dict).then_some(address(object))),
            _ => Err(format!("{} keeps no attributes", self.show(object))),
        }
    }

    /// What an object holds, and how many references to it there are, as text.
    pub fn state(&self, object: ObjRef) -> String {
        let Some(found) = self.objects.get(object.0 as usize) else {
            return "?".to_string();
        };
        if found.dead {
            return "dead".to_string();
        }
        let items = |items: &[ObjRef]| {
            let items: Vec<String> = items.iter().map(|&item| self.show(item)).collect();
            items.join(", ")
        };
        let what = match &found.kind {
            Kind::RangeIter { .. } | Kind::ListIter { .. } | Kind::TupleIter { .. } => {
                self.show_iterator(&found.kind)
            }
            Kind::Bytes(bytes) => format!("bytes {:?}", String::from_utf8_lossy(bytes)),
            Kind::List(all) => format!("list ({})", items(all)),
            Kind::Tuple(all) => format!("tuple ({})", items(all)),
            Kind::Instance { class, values, .. } => {
                format!("instance {} ({})", self.show(*class), items(values))
            }
            Kind::Cell(content) => format!("cell {}", self.show(*content)),
            Kind::CData { ctype, ptr } => format!("cdata {} {ptr}", self.show(*ctype)),
            Kind::Int(n) => format!("int {n}"),
            Kind::Float(x) => format!("float {x:?}"),
            Kind::Str(text) => format!("str {text:?}"),
            Kind::Buffer(of, size) => format!("buffer {} {size}", self.show(*of)),
            Kind::CValue { ctype, value } => format!("value {} {value:?}", self.show(*ctype)),
            Kind::CStruct { ctype, bytes } => self.show_struct(object, *ctype, *bytes),
            Kind::Type(_) | Kind::None | Kind::Bool(_) | Kind::Opaque(_) => "there".to_string(),
        };
        format!("{what}, references: {}", found.refs)
    }

    fn show_iterator(&self, kind: &Kind) -> String {
        match kind {
            Kind::RangeIter { start, step, len } => format!("range_iterator {start} {step} {len}"),
            Kind::ListIter { seq, index } => format!("list_iterator {} {index}", self.show(*seq)),
            Kind::TupleIter { seq, index } => format!("tuple_iterator {} {index}", self.show(*seq)),
            other => format!("{other:?}"),
        }
    }

    /// A struct and what lies in its memory, word by word.
    fn show_struct(&self, object: ObjRef, ctype: ObjRef, bytes: u64) -> String {
        let words: Vec<String> = (0..bytes)
            .step_by(8)
            .map(|at| {
                let word = self.memory.bits(address(object) + at, bytes - at);
                word.map_or("?".to_string(), |word| format!("{word:x}"))
            })
            .collect();
        format!("struct {} {}", self.show(ctype), words.join(" "))
    }

    /// An object as text: its name, else what it is.
    pub fn show(&self, object: ObjRef) -> String {
        let Some(found) = self.objects.get(object.0 as usize) else {
            return "?".to_string();
        };
        match (&found.name, &found.kind) {
            (Some(name), Kind::Type(_) | Kind::None | Kind::Bool(_)) => name.clone(),
            (Some(name), _) => format!("@{name}"),
            (None, Kind::Int(n)) => format!("int {n}"),
            (None, Kind::Float(x)) => format!("float {x:?}"),
            (None, Kind::CData { ctype, ptr }) => format!("cdata {} {ptr}", self.show(*ctype)),
            (None, Kind::CValue { ctype, value }) => {
                let value = match value.first() {
                    Some(Datum::Float(x)) => format!("{x:?}"),
                    Some(Datum::Int(n)) => n.to_string(),
                    _ => "?".to_string(),
                };
                format!("value {} {value}", self.show(*ctype))
            }
            (None, Kind::CStruct { ctype, bytes }) => self.show_struct(object, *ctype, *bytes),
            (None, Kind::Bytes(bytes)) => format!("bytes {:?}", String::from_utf8_lossy(bytes)),
            (None, Kind::Str(text)) => format!("str {text:?}"),
            (None, kind) => self.show_iterator(kind),
        }
    }
}

/// The address of an object's items or bytes.
fn address(object: ObjRef) -> u64 {
    BASE + u64::from(object.0) * STRIDE
}

/// The objects that an object holds references to.
fn children(kind: &Kind) -> Vec<ObjRef> {
    match kind {
        Kind::List(items) | Kind::Tuple(items) | Kind::Instance { values: items, .. } => {
            items.clone()
        }
        Kind::ListIter { seq, .. } | Kind::TupleIter { seq, .. } => vec![*seq],
        Kind::Cell(content) => vec![*content],
        Kind::Buffer(of, _) => vec![*of],
        // The ctypes of cdata outlive them in every test.
        _ => Vec::new(),
    }
}
