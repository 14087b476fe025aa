//! What cffi's ctypes say about themselves: through their public attributes, but for nothing.
//!
//! Looked at while recording only. Nothing here runs Python code: the attributes are C getters.

use super::{backend, size_of};
use crate::adapters::attr;
use crate::py::{Kind, Object, Strong};
use crate::record::Recorder;
use ffi_ops::sysv::{self, ByValue, Layout, Member, Shape};
use ffi_ops::{CDataKind, Item, PointerType};
use pyo3_ffi as ffi;
use std::ffi::CStr;
use traces::CType;

/// A ctype.
pub struct TypeInfo {
    /// The ctype itself.
    pub ctype: Strong,
    /// Its `kind`.
    pub kind: String,
}

/// A field of a struct or union, or an item of a struct's open-ended array.
pub struct Place {
    /// Its ctype.
    pub ctype: Strong,
    /// Bytes from the start of the struct.
    pub offset: i64,
    /// Where it is a bit field: shift and width in bits.
    pub bits: Option<(u8, u8)>,
    /// It is declared as `type[]` or `type[0]`.
    pub open_ended: bool,
}

impl TypeInfo {
    /// What a ctype is; `None` where the object is none.
    pub fn of(ctype: Object) -> Option<TypeInfo> {
        let kind = ctype.attr_text(c"kind");
        (!kind.is_empty()).then(|| TypeInfo {
            ctype: ctype.strong(),
            kind,
        })
    }

    fn object(&self) -> Object {
        Object(self.ctype.as_ptr())
    }

    fn number(&self, name: &CStr) -> Option<i64> {
        match Object(attr(self.ctype.as_ptr(), name)?.as_ptr()).kind() {
            Kind::Int(n) => Some(n),
            _ => None,
        }
    }

    /// `sizeof`, in bytes; -1 where it has none.
    pub fn size(&self) -> i64 {
        size_of(self.ctype.as_ptr())
    }

    /// The type of the items of an array, or of what a pointer points to.
    pub fn item(&self) -> Option<TypeInfo> {
        TypeInfo::of(Object(attr(self.ctype.as_ptr(), c"item")?.as_ptr()))
    }

    /// The length of an array whose ctype says it.
    pub fn length(&self) -> Option<i64> {
        self.number(c"length")
    }

    /// Whether it is a pointer, also to a function, or an array.
    pub fn has_address(&self) -> bool {
        matches!(self.kind.as_str(), "pointer" | "function" | "array")
    }

    /// Whether it is a struct or union.
    pub fn is_record(&self) -> bool {
        matches!(self.kind.as_str(), "struct" | "union")
    }

    /// The pointer type that it is, or that an array decays to.
    pub fn pointer(&self) -> Option<PointerType> {
        let pointer = match self.kind.as_str() {
            "pointer" | "function" => self.ctype.as_ptr(),
            // The pointer type that the array type was made of (`ct_stuff`): types are unique.
            "array" => pointer_to(self.item()?.ctype.as_ptr())?.as_ptr(),
            _ => return None,
        };
        let is_function = self.kind == "function";
        let item = if is_function { None } else { self.item() };
        let item_kind = item.as_ref().map_or("", |item| item.kind.as_str());
        let item_scalar = item.as_ref().and_then(TypeInfo::scalar);
        Some(PointerType {
            ctype: pointer as u64,
            is_void: item_kind == "void",
            is_char: item_scalar == Some(CDataKind::Char(CType::U8)),
            is_function,
            item_bytes: item.as_ref().map_or(-1, TypeInfo::size),
            takes_bytes: item_kind == "void"
                || matches!(
                    item_scalar,
                    Some(CDataKind::Char(CType::U8) | CDataKind::Int(CType::I8 | CType::U8))
                ),
        })
    }

    /// The number or character that it is, of a kind that a trace handles.
    pub fn scalar(&self) -> Option<CDataKind> {
        let name = self.object().attr_text(c"cname");
        match (self.kind.as_str(), name.as_str()) {
            ("primitive", "_Bool") => return Some(CDataKind::Int(CType::Bool)),
            ("primitive", "float") => return Some(CDataKind::Float(CType::F32)),
            ("primitive", "double") => return Some(CDataKind::Float(CType::F64)),
            ("primitive", "char") => return Some(CDataKind::Char(CType::U8)),
            ("primitive", "char16_t") => return Some(CDataKind::Char(CType::U16)),
            ("primitive", "char32_t") => return Some(CDataKind::Char(CType::U32)),
            // A signed 32-bit integer on Linux.
            ("primitive", "wchar_t") => return Some(CDataKind::Char(CType::I32)),
            ("primitive", name) if name.contains("long double") || name.contains("omplex") => {
                return None;
            }
            ("primitive" | "enum", _) => {}
            _ => return None,
        }
        let t = match (self.size(), self.is_signed()?) {
            (1, true) => CType::I8,
            (1, false) => CType::U8,
            (2, true) => CType::I16,
            (2, false) => CType::U16,
            (4, true) => CType::I32,
            (4, false) => CType::U32,
            (8, true) => CType::I64,
            (8, false) => CType::U64,
            _ => return None,
        };
        Some(CDataKind::Int(t))
    }

    /// Whether -1 stays negative in an integer type.
    fn is_signed(&self) -> Option<bool> {
        // SAFETY: a cast of a number to a primitive type, and its `int()`, run no Python code.
        unsafe {
            let minus = ffi::PyLong_FromLong(-1);
            let cast = Strong::from_new(super::objects::new_value(self.ctype.as_ptr(), minus));
            let number = cast.and_then(|c| Strong::from_new(ffi::PyNumber_Long(c.as_ptr())));
            if number.is_none() {
                ffi::PyErr_Clear();
            }
            match Object(number?.as_ptr()).kind() {
                Kind::Int(n) => Some(n < 0),
                Kind::Uint(_) => Some(false),
                _ => None,
            }
        }
    }

    /// What a cdata of this ctype is.
    pub fn what(&self) -> CDataKind {
        if self.is_record() {
            return CDataKind::Struct(self.ctype.as_ptr() as u64);
        }
        self.pointer()
            .map(CDataKind::Pointer)
            .or_else(|| self.scalar())
            .unwrap_or(CDataKind::Other)
    }

    /// What a place of this ctype is read and written as; `None` where cffi has to do it.
    pub fn place(&self, rec: &mut Recorder) -> Option<Item> {
        match self.kind.as_str() {
            "primitive" | "enum" => Some(match self.scalar()? {
                CDataKind::Int(CType::Bool) => Item::Bool,
                CDataKind::Int(t) => Item::Int(t),
                CDataKind::Float(t) => Item::Float(t),
                CDataKind::Char(t) => Item::Char(t),
                _ => return None,
            }),
            "pointer" | "function" => {
                let pointer = self.pointer()?;
                Some(Item::Pointer(
                    rec.keep_constant(self.object(), "ctype"),
                    pointer,
                ))
            }
            "struct" | "union" | "array" => {
                let bytes = self.size();
                let open = self.kind == "array" && self.length().is_none();
                (bytes >= 0 && !open).then(|| Item::Inside {
                    ctype: rec.keep_constant(self.object(), "ctype"),
                    bytes,
                })
            }
            _ => None,
        }
    }

    /// Whether it is a struct or union that ends in an open-ended array (`CT_WITH_VAR_ARRAY`): its size is
    /// then a matter of each object.
    pub fn has_open_array(&self) -> bool {
        self.is_record()
            && self.places().is_none_or(|places| {
                places.iter().any(|(_, place)| {
                    place.open_ended
                        || TypeInfo::of(Object(place.ctype.as_ptr()))
                            .is_some_and(|ty| ty.has_open_array())
                })
            })
    }

    /// A field of a struct or union, anonymous members looked into.
    pub fn field(&self, name: &str) -> Option<Place> {
        if !self.is_record() {
            return None;
        }
        for (of, place) in self.places()? {
            if of == name {
                return Some(place);
            }
            if !of.is_empty() {
                continue;
            }
            let inner = TypeInfo::of(Object(place.ctype.as_ptr()))?;
            if let Some(found) = inner.field(name) {
                return Some(Place {
                    offset: place.offset + found.offset,
                    ..found
                });
            }
        }
        None
    }

    /// How a struct or union is passed by value; `None` where cffi has to do it.
    pub fn by_value(&self) -> Option<ByValue> {
        if self.has_open_array() {
            return None;
        }
        sysv::classify(&self.layout()?).ok()
    }

    fn layout(&self) -> Option<Layout> {
        let mut fields = Vec::new();
        for (_, place) in self.places()? {
            let ty = TypeInfo::of(Object(place.ctype.as_ptr()))?;
            let shape = match place.bits {
                Some((shift, width)) => Shape::Bits(shift.into(), width.into()),
                None => ty.shape()?,
            };
            fields.push(Member {
                offset: u64::try_from(place.offset).ok()?,
                shape,
            });
        }
        Some(Layout {
            size: u64::try_from(self.size()).ok()?,
            align: u64::try_from(align_of(self)?).ok()?,
            fields,
        })
    }

    fn shape(&self) -> Option<Shape> {
        Some(match self.kind.as_str() {
            "struct" | "union" => Shape::Aggregate(self.layout()?),
            "pointer" | "function" => Shape::Scalar(CType::Ptr),
            "array" => {
                let item = self.item()?;
                let (size, length) = (item.size(), self.length()?);
                Shape::Array(
                    Box::new(item.shape()?),
                    u64::try_from(size).ok()?,
                    u64::try_from(length).ok()?,
                )
            }
            _ => match self.scalar() {
                Some(CDataKind::Int(t) | CDataKind::Char(t) | CDataKind::Float(t)) => {
                    Shape::Scalar(t)
                }
                _ => Shape::Other(self.object().attr_text(c"cname")),
            },
        })
    }

    /// The fields of a struct or union by name, in order.
    fn places(&self) -> Option<Vec<(String, Place)>> {
        let mut places = Vec::new();
        let fields = attr(self.ctype.as_ptr(), c"fields")?;
        // SAFETY: `fields` is a list of pairs (name, field) or None; checked as it is read.
        unsafe {
            if ffi::PyList_Check(fields.as_ptr()) == 0 {
                return None;
            }
            for i in 0..ffi::PyList_Size(fields.as_ptr()) {
                let pair = ffi::PyList_GetItem(fields.as_ptr(), i);
                if ffi::PyTuple_Check(pair) == 0 || ffi::PyTuple_Size(pair) != 2 {
                    return None;
                }
                let (of, field) = (ffi::PyTuple_GetItem(pair, 0), ffi::PyTuple_GetItem(pair, 1));
                places.push((Object(of).text(), Place::of(field)?));
            }
        }
        Some(places)
    }
}

impl Place {
    fn of(field: *mut ffi::PyObject) -> Option<Place> {
        let number = |name| match Object(attr(field, name)?.as_ptr()).kind() {
            Kind::Int(n) => Some(n),
            _ => None,
        };
        let (shift, width) = (number(c"bitshift")?, number(c"bitsize")?);
        let bits =
            (shift >= 0).then(|| Some((u8::try_from(shift).ok()?, u8::try_from(width).ok()?)));
        let bits = match bits {
            Some(None | Some((_, 0))) => return None,
            Some(bits) => bits,
            None => None,
        };
        Some(Place {
            ctype: attr(field, c"type")?,
            offset: number(c"offset")?,
            bits,
            // `BS_EMPTY_ARRAY`, `_cffi_backend.c`.
            open_ended: shift == -2,
        })
    }

    /// What the field is read and written as; `None` where cffi has to do it.
    pub fn item(&self, rec: &mut Recorder) -> Option<Item> {
        let ty = TypeInfo::of(Object(self.ctype.as_ptr()))?;
        let Some((shift, width)) = self.bits else {
            return if self.open_ended { None } else { ty.place(rec) };
        };
        // cffi shifts 1 by the width: of 64 bits, what it reads and writes is what its compiler made of that.
        if width > 63 {
            return None;
        }
        let unit = match ty.scalar()? {
            CDataKind::Int(CType::Bool) => CType::U8,
            // Only integer types are `CT_PRIMITIVE_SIGNED`.
            CDataKind::Char(CType::I32) => CType::U32,
            CDataKind::Int(t) | CDataKind::Char(t) => t,
            _ => return None,
        };
        Some(Item::Bits { unit, shift, width })
    }
}

/// The type of pointers to a ctype.
pub fn pointer_to(ctype: *mut ffi::PyObject) -> Option<Strong> {
    call(&backend()?.new_pointer_type, &[ctype])
}

/// Calls a function of `_cffi_backend` that runs no Python code; `None` (and no error) where it fails.
pub fn call(function: &Strong, args: &[*mut ffi::PyObject]) -> Option<Strong> {
    // SAFETY: live objects; an error is cleared.
    unsafe {
        let result = Strong::from_new(ffi::PyObject_Vectorcall(
            function.as_ptr(),
            args.as_ptr(),
            args.len(),
            std::ptr::null_mut(),
        ));
        if result.is_none() {
            ffi::PyErr_Clear();
        }
        result
    }
}

/// `alignof`, in bytes.
pub fn align_of(ty: &TypeInfo) -> Option<i64> {
    let n = call(&backend()?.alignof, &[ty.ctype.as_ptr()])?;
    match Object(n.as_ptr()).kind() {
        Kind::Int(n) => Some(n),
        _ => None,
    }
}

/// The type and the offset in bytes of a path of field names (`typeoffsetof`).
pub fn path(from: &TypeInfo, names: &[Object]) -> Option<(TypeInfo, i64)> {
    let b = backend()?;
    let mut at = (Object(from.ctype.as_ptr()).strong(), 0);
    for (n, name) in names.iter().enumerate() {
        // SAFETY: a new int; a pair of a ctype and an int, checked.
        unsafe {
            let following = Strong::from_new(ffi::PyLong_FromLong(i64::from(n > 0)))?;
            let args = [at.0.as_ptr(), name.0, following.as_ptr()];
            let pair = call(&b.typeoffsetof, &args)?;
            if ffi::PyTuple_Check(pair.as_ptr()) == 0 || ffi::PyTuple_Size(pair.as_ptr()) != 2 {
                return None;
            }
            let Kind::Int(offset) = Object(ffi::PyTuple_GetItem(pair.as_ptr(), 1)).kind() else {
                return None;
            };
            let ctype = Object(ffi::PyTuple_GetItem(pair.as_ptr(), 0)).strong();
            at = (ctype, at.1 + offset);
        }
    }
    Some((TypeInfo::of(Object(at.0.as_ptr()))?, at.1))
}
