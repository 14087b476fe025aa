//! cffi's cdata: items, fields, pointer arithmetic, comparisons, truth, iteration.
//!
//! What the recorder does not emit goes through the interpreter's own protocols, as for any other
//! object, and raises there where cffi raises. `_cffi_backend.c` is the source of every rule here.

use super::Recorder;
use crate::adapters::types::{Place, TypeInfo};
use crate::adapters::{self, library};
use crate::cpython::decode::Instr;
use crate::py::{Kind, Object};
use ffi_ops::{Arg, EmitError, Item, Operand};
use traces::{Abort, CType, Field, Helper, Imm, Known, Op, Reason, Value};

/// A cdata among the operands, its Python type and its ctype guarded.
pub(super) struct CData {
    /// The object of the trace.
    pub value: Value,
    /// Its ctype.
    pub info: TypeInfo,
}

impl Recorder {
    /// The cdata `n` below the top; nothing was emitted where it is none.
    pub(super) fn cdata(&mut self, n: usize) -> Result<Option<CData>, Abort> {
        let (object, value) = (self.concrete(n)?, self.b.peek(n)?.value);
        self.cdata_of(object, value)
    }

    /// A value that is a cdata; nothing was emitted where it is none.
    pub(super) fn cdata_of(
        &mut self,
        object: Object,
        value: Value,
    ) -> Result<Option<CData>, Abort> {
        if !adapters::is_cdata(object.0) {
            return Ok(None);
        }
        let ctype = adapters::ctype_of(object);
        let Some(info) = TypeInfo::of(ctype) else {
            return Ok(None);
        };
        let (ty, id) = (self.type_of(object), self.constant(ctype, "ctype"));
        ffi_ops::guard_cdata(&mut self.b, value, ty, id)?;
        Ok(Some(CData { value, info }))
    }

    /// The address in a cdata.
    pub(super) fn address(&mut self, of: &CData) -> Result<Value, Abort> {
        self.b.load_field(of.value, Field::CDataPtr)
    }

    /// Pops operands, whose owned objects are dropped, and pushes the result of the bytecode.
    pub(super) fn replace_operands(
        &mut self,
        operands: usize,
        result: Option<Value>,
        next: u32,
    ) -> Result<(), Abort> {
        let mut owned = false;
        for n in 0..operands {
            owned |= self.b.peek(n)?.owned;
        }
        self.drop_operands(operands, None)?;
        if let Some(result) = result {
            self.b.push(result);
        }
        if owned {
            self.b.begin(next);
            self.b.check();
        }
        Ok(())
    }

    /// The operand `n` below the top as a conversion sees it.
    pub(super) fn operand(&mut self, n: usize) -> Result<Operand, Abort> {
        let (object, value) = (self.concrete(n)?, self.b.peek(n)?.value);
        let kind = adapters::classify(self, object);
        Ok(Operand { value, kind })
    }

    /// An integer operand that is an index or a distance; nothing was emitted where it is none.
    fn index(&mut self, n: usize) -> Result<Option<(Value, i64)>, Abort> {
        let now = match self.concrete(n)?.kind() {
            Kind::Int(n) => n,
            Kind::Bool(b) => i64::from(b),
            _ => return Ok(None),
        };
        Ok(self.integer(n)?.map(|v| (v, now)))
    }

    // ---- items ----

    /// The address of an item (`_cdata_get_indexed_ptr`) and what lies there; nothing was emitted where
    /// cffi has to do it.
    fn item_place(&mut self, container: usize, key: usize) -> Result<Option<(Value, Item)>, Abort> {
        let object = self.concrete(container)?;
        if !adapters::is_cdata(object.0) {
            return Ok(None);
        }
        let Some(info) = TypeInfo::of(adapters::ctype_of(object)) else {
            return Ok(None);
        };
        let Some(item) = info.item().filter(|_| info.kind != "function") else {
            return Ok(None);
        };
        let (size, pointer) = (item.size(), info.kind == "pointer");
        let owner = adapters::is_owner(object);
        let Some(place) = item.place(self).filter(|_| size >= 0) else {
            return Ok(None);
        };
        // `p[0]` of an owning pointer to a struct is the struct that it keeps.
        if pointer && owner && item.is_record() {
            return Ok(None);
        }
        let Some((_, now)) = self.index(key)? else {
            return Ok(None);
        };
        let base = Object(object.field_i64(Field::CDataPtr) as *mut _);
        let inside = match (pointer, owner) {
            (true, true) => now == 0,
            (true, false) => !base.is_null(),
            (false, _) => (0..self.array_length_now(object, &info)).contains(&now),
        };
        if !inside {
            return Ok(None);
        }
        let (Some(cdata), Some((index, _))) = (self.cdata(container)?, self.index(key)?) else {
            return Err(Reason::Confused.into());
        };
        let p = self.address(&cdata)?;
        let zero = self.b.int(0)?;
        match (pointer, owner) {
            (true, true) => {
                let first = self.b.op(Op::IEq, &[index, zero])?;
                self.b.guard(first, true);
            }
            (true, false) => self.guard_not_null(p)?,
            (false, _) => {
                let length = self.array_length(&cdata)?;
                let inside = self.b.op(Op::IUlt, &[index, length])?;
                self.b.guard(inside, true);
            }
        }
        let p = self.moved(p, index, size)?;
        Ok(Some((p, place)))
    }

    /// The address of an item of a cdata or of a cffi buffer.
    fn indexed(&mut self, container: usize, key: usize) -> Result<Option<(Value, Item)>, Abort> {
        let object = self.concrete(container)?;
        if !object.is_exactly(Known::CBuffer) {
            return self.item_place(container, key);
        }
        // `mb_item`, minibuffer.h; an index from the end is rare.
        let size = object.field_i64(Field::CBufferSize);
        let (Some((index, now)), value) = (self.index(key)?, self.b.peek(container)?.value) else {
            return Ok(None);
        };
        if !(0..size).contains(&now) {
            return Ok(None);
        }
        let ty = self.known(Known::CBuffer);
        self.b.guard_type(value, ty);
        let size = self.b.load_field(value, Field::CBufferSize)?;
        let inside = self.b.op(Op::IUlt, &[index, size])?;
        self.b.guard(inside, true);
        let p = self.b.load_field(value, Field::CBufferData)?;
        let p = self.b.op(Op::PAdd, &[p, index])?;
        Ok(Some((p, Item::Char(traces::CType::U8))))
    }

    pub(super) fn guard_not_null(&mut self, p: Value) -> Result<(), Abort> {
        let (n, zero) = (self.b.op(Op::PToI, &[p])?, self.b.int(0)?);
        let there = self.b.op(Op::INe, &[n, zero])?;
        self.b.guard(there, true);
        Ok(())
    }

    /// An address so many items further.
    fn moved(&mut self, p: Value, items: Value, size: i64) -> Result<Value, Abort> {
        let size = self.b.int(size)?;
        let distance = self.b.op(Op::IMul, &[items, size])?;
        self.b.op(Op::PAdd, &[p, distance])
    }

    fn array_length_now(&self, object: Object, info: &TypeInfo) -> i64 {
        info.length()
            .unwrap_or_else(|| object.field_i64(Field::CDataLength))
    }

    /// The number of items of an array (`get_array_length`).
    pub(super) fn array_length(&mut self, array: &CData) -> Result<Value, Abort> {
        match array.info.length() {
            Some(n) => self.b.int(n),
            None => self.b.load_field(array.value, Field::CDataLength),
        }
    }

    /// `container[key]`; says whether it was emitted.
    pub(super) fn cdata_get_item(&mut self, i: &Instr) -> Result<bool, Abort> {
        let Some((p, item)) = self.indexed(1, 0)? else {
            return Ok(false);
        };
        let result = ffi_ops::read(&mut self.b, p, 0, &item)?;
        self.replace_operands(2, Some(result), i.next)?;
        Ok(true)
    }

    /// `container[key] = value`; says whether it was emitted.
    pub(super) fn cdata_set_item(&mut self, i: &Instr) -> Result<bool, Abort> {
        let container = self.concrete(1)?;
        if !adapters::is_cdata(container.0) && !container.is_exactly(Known::CBuffer) {
            return Ok(false);
        }
        let value = self.operand(2)?;
        let Some((p, item)) = self.indexed(1, 0)? else {
            return Ok(false);
        };
        self.store_item(p, 0, &item, value, 3, i)
    }

    /// Converts and stores a value; the operands of the bytecode go. Says whether it was emitted (else
    /// nothing but guards was).
    pub(super) fn store_item(
        &mut self,
        p: Value,
        at: i64,
        item: &Item,
        value: Operand,
        operands: usize,
        i: &Instr,
    ) -> Result<bool, Abort> {
        let known = self.known_objs();
        let arg = Arg {
            b: &mut self.b,
            known: &known,
            op: value,
        };
        let converted = match ffi_ops::convert(arg, item) {
            Ok(converted) => converted,
            Err(EmitError::Unsupported(_) | EmitError::Argument(_)) => return Ok(false),
            Err(EmitError::Abort(abort)) => return Err(abort),
        };
        ffi_ops::write(&mut self.b, p, at, item, converted)?;
        self.drop_operands(operands, None)?;
        self.b.begin(i.next);
        self.b.check();
        Ok(true)
    }

    // ---- fields ----

    /// A field of the struct that a cdata is or points to.
    fn field_place(&mut self, object: Object, name: Object) -> Option<(Place, Item)> {
        if !adapters::is_cdata(object.0) {
            return None;
        }
        let info = TypeInfo::of(adapters::ctype_of(object))?;
        let record = if info.kind == "pointer" {
            info.item()?
        } else {
            info
        };
        let place = record.field(&name.text())?;
        let item = place.item(self)?;
        Some((place, item))
    }

    /// `owner.name`; says whether it was emitted.
    pub(super) fn cdata_get_attr(&mut self, name: Object, i: &Instr) -> Result<bool, Abort> {
        let object = self.concrete(0)?;
        let Some((place, item)) = self.field_place(object, name) else {
            return Ok(false);
        };
        let Some(cdata) = self.cdata(0)? else {
            return Err(Reason::Confused.into());
        };
        let p = self.address(&cdata)?;
        let value = ffi_ops::read(&mut self.b, p, place.offset, &item)?;
        let owned = self.b.peek(0)?.owned;
        self.drop_operands(1, None)?;
        self.push_callable(value, i.oparg & 1 != 0)?;
        if owned {
            self.b.begin(i.next);
            self.b.check();
        }
        Ok(true)
    }

    /// `owner.name = value`; says whether it was emitted.
    pub(super) fn cdata_set_attr(&mut self, name: Object, i: &Instr) -> Result<bool, Abort> {
        let object = self.concrete(0)?;
        let Some((place, item)) = self.field_place(object, name) else {
            return Ok(false);
        };
        let value = self.operand(1)?;
        if !ffi_ops::accepts(&item, value.kind) {
            return Ok(false);
        }
        let Some(cdata) = self.cdata(0)? else {
            return Err(Reason::Confused.into());
        };
        let p = self.address(&cdata)?;
        self.store_item(p, place.offset, &item, value, 2, i)
    }

    // ---- global variables ----

    /// The address of a global variable of C, an attribute of the library at the top; what lies there.
    fn global_variable(&mut self, name: Object) -> Result<Option<(Value, Item)>, Abort> {
        let owner = self.concrete(0)?;
        let Some(variable) = library::variable(owner, name) else {
            return Ok(None);
        };
        let item = TypeInfo::of(Object(variable.ctype.as_ptr())).and_then(|ty| ty.place(self));
        let Some(item) = item else {
            return Ok(None);
        };
        self.keep.push(Object(variable.ctype.as_ptr()).strong());
        let value = self.b.peek(0)?.value;
        let id = self.constant_of(value, owner, "lib");
        self.b.guard_is(value, id);
        match variable.source {
            library::Source::Entry(dict, entry) => {
                let entry = Object(entry.as_ptr());
                self.assumptions.dict_value(Object(dict), name, entry);
            }
            library::Source::Class(handle) => {
                let (o, ty) = (self.b.obj(id)?, self.type_of(owner));
                self.b.guard_type(o, ty);
                self.assumptions.type_unchanged(owner.type_object());
                let handle = self.b.ptr(handle)?;
                let open = self
                    .b
                    .emit(Op::Load, &[handle], Imm::Place(CType::Ptr, 0))?;
                self.guard_not_null(open)?;
            }
        }
        let p = match variable.at {
            library::At::Address(p) => self.b.ptr(p)?,
            library::At::Function(f) => {
                let f = self.b.ptr(f)?;
                self.b.call(Helper::GlobalAddress, &[f])?
            }
        };
        Ok(Some((p, item)))
    }

    /// `lib.name`; says whether it was emitted.
    pub(super) fn variable_get(&mut self, name: Object, i: &Instr) -> Result<bool, Abort> {
        if self.b.peek(0)?.owned {
            return Ok(false);
        }
        let Some((p, item)) = self.global_variable(name)? else {
            return Ok(false);
        };
        let value = ffi_ops::read(&mut self.b, p, 0, &item)?;
        self.b.pop()?;
        self.push_callable(value, i.oparg & 1 != 0)?;
        Ok(true)
    }

    /// `lib.name = value`; says whether it was emitted.
    pub(super) fn variable_set(&mut self, name: Object, i: &Instr) -> Result<bool, Abort> {
        let owner = self.concrete(0)?;
        if library::variable(owner, name).is_none() {
            return Ok(false);
        }
        let value = self.operand(1)?;
        let Some((p, item)) = self.global_variable(name)? else {
            return Ok(false);
        };
        self.store_item(p, 0, &item, value, 2, i)
    }

    // ---- arithmetic, comparisons, truth ----

    /// `+` or `-` with a cdata; says whether it was emitted.
    pub(super) fn cdata_arithmetic(&mut self, minus: bool, i: &Instr) -> Result<bool, Abort> {
        let (left, right) = (self.concrete(1)?, self.concrete(0)?);
        let (l, r) = (adapters::is_cdata(left.0), adapters::is_cdata(right.0));
        let result = match (l, r, minus) {
            (true, true, true) => self.cdata_distance()?,
            (true, false, _) => self.cdata_moved(1, 0, minus)?,
            (false, true, false) => self.cdata_moved(0, 1, false)?,
            _ => None,
        };
        let Some(result) = result else {
            return Ok(false);
        };
        self.replace_operands(2, Some(result), i.next)?;
        Ok(true)
    }

    /// `_cdata_add_or_sub`
    fn cdata_moved(
        &mut self,
        pointer: usize,
        distance: usize,
        minus: bool,
    ) -> Result<Option<Value>, Abort> {
        let object = self.concrete(pointer)?;
        let info = TypeInfo::of(adapters::ctype_of(object));
        let Some((info, to)) = info.and_then(|info| {
            let to = info.pointer().filter(|to| !to.is_function)?;
            Some((info, to))
        }) else {
            return Ok(None);
        };
        let size = match (to.item_bytes, to.is_void) {
            (_, true) => 1,
            (size, _) if size >= 0 => size,
            _ => return Ok(None),
        };
        let ctype = if info.kind == "array" {
            let Some(pointer) = info
                .item()
                .and_then(|item| adapters::types::pointer_to(item.ctype.as_ptr()))
            else {
                return Ok(None);
            };
            self.keep_constant(Object(pointer.as_ptr()), "ctype")
        } else {
            self.keep_constant(Object(info.ctype.as_ptr()), "ctype")
        };
        let Some((items, _)) = self.index(distance)? else {
            return Ok(None);
        };
        let Some(cdata) = self.cdata(pointer)? else {
            return Err(Reason::Confused.into());
        };
        let p = self.address(&cdata)?;
        let p = self.moved(p, items, if minus { -size } else { size })?;
        self.b.emit(Op::BoxCData, &[p], Imm::Obj(ctype)).map(Some)
    }

    /// `cdata_sub` of two pointers.
    fn cdata_distance(&mut self) -> Result<Option<Value>, Abort> {
        let types = [1, 0].map(|n| {
            let info = TypeInfo::of(adapters::ctype_of(self.concrete(n).ok()?))?;
            Some((info.kind == "pointer", info.pointer()?))
        });
        let [Some((true, left)), Some((_, right))] = types else {
            return Ok(None);
        };
        let size = if left.is_void { 1 } else { left.item_bytes };
        if left.ctype != right.ctype || left.is_function || size <= 0 {
            return Ok(None);
        }
        let (Some(left), Some(right)) = (self.cdata(1)?, self.cdata(0)?) else {
            return Err(Reason::Confused.into());
        };
        let (p, q) = (self.address(&left)?, self.address(&right)?);
        let (p, q) = (self.b.op(Op::PToI, &[p])?, self.b.op(Op::PToI, &[q])?);
        let mut distance = self.b.op(Op::ISub, &[p, q])?;
        if size > 1 {
            let (size, zero) = (self.b.int(size)?, self.b.int(0)?);
            let rest = self.b.op(Op::IMod, &[distance, size])?;
            let whole = self.b.op(Op::IEq, &[rest, zero])?;
            self.b.guard(whole, true);
            distance = self.b.op(Op::IFloorDiv, &[distance, size])?;
        }
        self.b.op(Op::BoxInt, &[distance]).map(Some)
    }

    /// A comparison of two cdata that are not numbers, by address; says whether it was emitted.
    pub(super) fn cdata_compare(&mut self, op: usize, i: &Instr) -> Result<bool, Abort> {
        let mut addresses = Vec::with_capacity(2);
        for n in [1, 0] {
            let object = self.concrete(n)?;
            if !adapters::is_cdata(object.0) {
                return Ok(false);
            }
            let info = TypeInfo::of(adapters::ctype_of(object));
            if !info.is_some_and(|info| info.has_address() || info.is_record()) {
                return Ok(false);
            }
        }
        for n in [1, 0] {
            let Some(cdata) = self.cdata(n)? else {
                return Err(Reason::Confused.into());
            };
            let p = self.address(&cdata)?;
            addresses.push(self.b.op(Op::PToI, &[p])?);
        }
        let [p, q] = addresses.as_slice() else {
            return Err(Reason::Confused.into());
        };
        // Py_LT, Py_LE, Py_EQ, Py_NE, Py_GT, Py_GE; `>` is `<` the other way round.
        let (op, args) = match op {
            0 => (Op::IUlt, [*p, *q]),
            1 => (Op::IUle, [*p, *q]),
            2 => (Op::IEq, [*p, *q]),
            3 => (Op::INe, [*p, *q]),
            4 => (Op::IUlt, [*q, *p]),
            5 => (Op::IUle, [*q, *p]),
            _ => return Ok(false),
        };
        let r = self.b.op(op, &args)?;
        let r = self.b.op(Op::BoxBool, &[r])?;
        self.replace_operands(2, Some(r), i.next)?;
        Ok(true)
    }

    /// The truth of a cdata at the top whose slot owns nothing (`cdata_nonzero`).
    pub(super) fn cdata_truth(&mut self) -> Result<Option<(Value, bool)>, Abort> {
        let (object, e) = (self.concrete(0)?, self.b.peek(0)?);
        if !adapters::is_cdata(object.0) || e.owned {
            return Ok(None);
        }
        let Some(info) = TypeInfo::of(adapters::ctype_of(object)) else {
            return Ok(None);
        };
        if info.has_address() || info.is_record() {
            let Some(cdata) = self.cdata(0)? else {
                return Err(Reason::Confused.into());
            };
            let now = object.field_i64(Field::CDataPtr) != 0;
            let p = self.address(&cdata)?;
            let (n, zero) = (self.b.op(Op::PToI, &[p])?, self.b.int(0)?);
            let truth = self.b.op(Op::INe, &[n, zero])?;
            return Ok(Some((truth, now)));
        }
        Ok(None)
    }

    // ---- iteration ----

    /// The next item of an iterator over an array (`cdataiter_next`).
    pub(super) fn next_of_cdata(&mut self, it: Object, v: Value) -> Result<bool, Abort> {
        let (next, stop) = (
            it.field_i64(Field::CDataIterNext),
            it.field_i64(Field::CDataIterStop),
        );
        if next == stop {
            return Err(Reason::LeftLoop.into());
        }
        // The type of the items is found through the array that the iterator keeps.
        let array = self.iterated_array(it);
        let Some((size, item)) = array.and_then(|array| {
            let item = TypeInfo::of(adapters::ctype_of(array))?.item()?;
            Some((item.size(), item.place(self)?))
        }) else {
            return Ok(false);
        };
        self.guard_iterator(it, v, Known::CDataIter)?;
        let owner = self.b.load_field(v, Field::CDataIterArray)?;
        let Some(array) = array else {
            return Ok(false);
        };
        if self.cdata_of(array, owner)?.is_none() {
            return Err(Reason::Confused.into());
        }
        let p = self.b.load_field(v, Field::CDataIterNext)?;
        let stop = self.b.load_field(v, Field::CDataIterStop)?;
        let (n, end) = (self.b.op(Op::PToI, &[p])?, self.b.op(Op::PToI, &[stop])?);
        let more = self.b.op(Op::INe, &[n, end])?;
        self.b.guard(more, true);
        let value = ffi_ops::read(&mut self.b, p, 0, &item)?;
        let size = self.b.int(size)?;
        let next = self.b.op(Op::PAdd, &[p, size])?;
        self.b
            .effect(Op::StoreField, &[v, next], Imm::Field(Field::CDataIterNext));
        self.b.push(value);
        Ok(true)
    }

    fn iterated_array(&self, it: Object) -> Option<Object> {
        let array = Object(it.field_i64(Field::CDataIterArray) as *mut _);
        adapters::is_cdata(array.0).then_some(array)
    }

    // ---- characters ----

    /// A comparison of two bytes (or str) of length 1, one of which is a character that C gave; says
    /// whether it was emitted.
    pub(super) fn compare_characters(&mut self, op: usize, i: &Instr) -> Result<bool, Abort> {
        const INT: [Op; 6] = [Op::ILt, Op::ILe, Op::IEq, Op::INe, Op::IGt, Op::IGe];
        let Some(&op) = INT.get(op) else {
            return Ok(false);
        };
        let (x, y) = (self.concrete(1)?, self.concrete(0)?);
        let (ty, unbox, boxed) = if x.is_exactly(Known::Bytes) && y.is_exactly(Known::Bytes) {
            (Known::Bytes, Op::UnboxChar, Op::BoxChar)
        } else if x.is_exactly(Known::Str) && y.is_exactly(Known::Str) {
            (Known::Str, Op::UnboxUChar, Op::BoxUChar)
        } else {
            return Ok(false);
        };
        let (a, b) = (self.b.peek(1)?, self.b.peek(0)?);
        let is_character = |v: Value| self.defined_by(v) == Some(boxed);
        let one_from_c = is_character(a.value) || is_character(b.value);
        if !one_from_c || x.length() != Some(1) || y.length() != Some(1) {
            return Ok(false);
        }
        let ty = self.known(ty);
        let mut numbers = Vec::with_capacity(2);
        for (v, object) in [(a.value, x), (b.value, y)] {
            // What a constant holds never changes.
            if self.defined_by(v) == Some(Op::ConstObj)
                && let Some(n) = object.character()
            {
                numbers.push(self.b.int(n.into())?);
                continue;
            }
            self.b.guard_type(v, ty);
            numbers.push(self.b.op(unbox, &[v])?);
        }
        let r = self.b.op(op, &numbers)?;
        let r = self.b.op(Op::BoxBool, &[r])?;
        self.replace_operands(2, Some(r), i.next)?;
        Ok(true)
    }
}
