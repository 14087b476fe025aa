//! Items of `array.array` and of one-dimensional memoryviews: numbers in C memory.
//!
//! Both lay their headers out as no header file says (`Modules/arraymodule.c`, `Include/cpython/memoryobject.h`); what the
//! fields say of an object is compared with what its buffer says before a trace relies on them.

use super::Recorder;
use crate::cpython::decode::Instr;
use crate::cpython::instance;
use crate::protocols;
use crate::py::{Kind, Object};
use ffi_ops::Item;
use pyo3_ffi as ffi;
use std::ffi::{CStr, c_int};
use traces::{Abort, CType, Field, Imm, Op, Value};

/// `_Py_MEMORYVIEW_RELEASED` and `_Py_MANAGED_BUFFER_RELEASED`.
const RELEASED: i64 = 1;
/// What a word of a memoryview holds that has one dimension; its lower half says whether it is read-only.
const ONE_DIMENSION: i64 = 1 << 32;

/// The C types of items, by their codes.
const ITEMS: [(u8, CType); 12] = [
    (b'b', CType::I8),
    (b'B', CType::U8),
    (b'h', CType::I16),
    (b'H', CType::U16),
    (b'i', CType::I32),
    (b'I', CType::U32),
    (b'l', CType::I64),
    (b'L', CType::U64),
    (b'q', CType::I64),
    (b'Q', CType::U64),
    (b'f', CType::F32),
    (b'd', CType::F64),
];

/// Numbers that lie behind one another.
struct Numbers {
    item: CType,
    code: u8,
    length: i64,
    stride: i64,
    writable: bool,
    view: bool,
}

impl Recorder {
    /// `array[integer]` at the top; says whether it was emitted.
    pub(super) fn array_get_item(&mut self, i: &Instr) -> Result<bool, Abort> {
        let Some((place, item)) = self.array_place(1, 0, false)? else {
            return Ok(false);
        };
        let result = ffi_ops::read(&mut self.b, place, 0, &item)?;
        self.replace_operands(2, Some(result), i.next)?;
        Ok(true)
    }

    /// `array[integer] = number` at the top; says whether it was emitted.
    pub(super) fn array_set_item(&mut self, i: &Instr) -> Result<bool, Abort> {
        // Stack: value, container, key.
        let is_number = self.concrete(2)?.kind().is_number();
        let is_float = matches!(self.concrete(2)?.kind(), Kind::Float(_));
        let of = numbers(self.concrete(1)?).map(|of| item_of(of.item));
        if !is_number || of.is_none_or(|item| is_float && matches!(item, Item::Int(_))) {
            return Ok(false);
        }
        let value = self.operand(2)?;
        let Some((place, item)) = self.array_place(1, 0, true)? else {
            return Ok(false);
        };
        self.store_item(place, 0, &item, value, 3, i)
    }

    /// The number of items of an array as `len` gives it; nothing was emitted where there is none.
    pub(super) fn array_size(&mut self, at: usize) -> Result<Option<Value>, Abort> {
        let (object, value) = (self.concrete(at)?, self.b.peek(at)?.value);
        if !is_array(object) || numbers(object).is_none() {
            return Ok(None);
        }
        let class = self.constant(object.type_object(), "array");
        self.b.guard_type(value, class);
        self.b.load_field(value, Field::ArraySize).map(Some)
    }

    /// The address of the item that the integer at `key` names; nothing was emitted where there is none.
    fn array_place(
        &mut self,
        container: usize,
        key: usize,
        written: bool,
    ) -> Result<Option<(Value, Item)>, Abort> {
        let (object, value) = (self.concrete(container)?, self.b.peek(container)?.value);
        let Some(now) = self.index_now(key)? else {
            return Ok(None);
        };
        let Some(of) = numbers(object) else {
            return Ok(None);
        };
        if !(-of.length..of.length).contains(&now) || written && !of.writable {
            return Ok(None);
        }
        let Some(index) = self.integer(key)? else {
            return Ok(None);
        };
        let class = self.constant(object.type_object(), "array");
        self.b.guard_type(value, class);
        let (start, length, stride) = match of.view {
            true => self.view(value, object, &of)?,
            false => self.array(value, object, &of)?,
        };
        let index = self.counted_from_start(index, now, length)?;
        let distance = self.b.op(Op::IMul, &[index, stride])?;
        let place = self.b.op(Op::PAdd, &[start, distance])?;
        Ok(Some((place, item_of(of.item))))
    }

    /// Guards what an array holds; gives the address of its first item, their number and how far apart they are.
    fn array(
        &mut self,
        value: Value,
        object: Object,
        of: &Numbers,
    ) -> Result<(Value, Value, Value), Abort> {
        self.guard_word(value, Field::ArrayKind, object)?;
        Ok((
            self.b.load_field(value, Field::ArrayItems)?,
            self.b.load_field(value, Field::ArraySize)?,
            self.b.int(of.stride)?,
        ))
    }

    /// As `array`, of a memoryview.
    fn view(
        &mut self,
        value: Value,
        object: Object,
        of: &Numbers,
    ) -> Result<(Value, Value, Value), Abort> {
        let managed = self.b.load_field(value, Field::ViewManaged)?;
        for (o, flags) in [(value, Field::ViewFlags), (managed, Field::ManagedFlags)] {
            let (flags, released) = (self.b.load_field(o, flags)?, self.b.int(RELEASED)?);
            let flags = self.b.op(Op::IAnd, &[flags, released])?;
            let zero = self.b.int(0)?;
            let alive = self.b.op(Op::IEq, &[flags, zero])?;
            self.b.guard(alive, true);
        }
        self.guard_word(value, Field::ViewShape, object)?;
        self.guard_word(value, Field::ViewIndirect, object)?;
        // What the format is, not where it lies: an exporter may write another one there.
        let format = self.b.load_field(value, Field::ViewFormat)?;
        let place = Imm::Place(CType::U16, 0);
        let format = self.b.emit(Op::Load, &[format], place)?;
        let code = self.b.int(of.code.into())?;
        let same = self.b.op(Op::IEq, &[format, code])?;
        self.b.guard(same, true);
        let word = Imm::Place(CType::I64, 0);
        let lengths = self.b.load_field(value, Field::ViewLengths)?;
        let length = self.b.emit(Op::Load, &[lengths], word)?;
        let strides = self.b.load_field(value, Field::ViewStrides)?;
        let stride = self.b.emit(Op::Load, &[strides], word)?;
        let start = self.b.load_field(value, Field::ViewStart)?;
        Ok((start, length, stride))
    }

    /// Guards that a word of an object is what it is now.
    fn guard_word(&mut self, value: Value, field: Field, now: Object) -> Result<(), Abort> {
        let held = self.b.load_field(value, field)?;
        let now = self.b.int(now.field_i64(field))?;
        let same = self.b.op(Op::IEq, &[held, now])?;
        self.b.guard(same, true);
        Ok(())
    }
}

fn item_of(ty: CType) -> Item {
    match ty {
        CType::F32 | CType::F64 => Item::Float(ty),
        _ => Item::Int(ty),
    }
}

/// Whether an object is an array of the standard library, and of no class made from it.
fn is_array(o: Object) -> bool {
    const IMMUTABLE: u64 = 1 << 8;
    let class = o.type_object();
    if o.is_null() {
        return false;
    }
    // SAFETY: a live class. No program makes one that cannot be changed.
    unsafe {
        ffi::PyType_GetFlags(class.0.cast()) & IMMUTABLE != 0
            && instance::is_heap_type(class)
            && protocols::type_name(o) == "array.array"
    }
}

/// What an array or a memoryview is made of, where its fields and its buffer agree.
fn numbers(o: Object) -> Option<Numbers> {
    let view = o.type_object().0 == (&raw mut ffi::PyMemoryView_Type).cast();
    if !view && !is_array(o) {
        return None;
    }
    // SAFETY: an exact memoryview or array, which give their buffers without running Python code; errors are cleared.
    unsafe {
        let mut buffer = std::mem::zeroed::<ffi::Py_buffer>();
        let wanted = ffi::PyBUF_FULL_RO;
        if ffi::PyObject_GetBuffer(o.0, &raw mut buffer, wanted as c_int) != 0 {
            ffi::PyErr_Clear();
            return None;
        }
        let found = described(o, &buffer, view);
        ffi::PyBuffer_Release(&raw mut buffer);
        found
    }
}

/// # Safety
/// The buffer is the object's.
unsafe fn described(o: Object, buffer: &ffi::Py_buffer, view: bool) -> Option<Numbers> {
    // SAFETY: the caller's promise: where there are formats, shapes and strides, they are of that many dimensions.
    unsafe {
        if buffer.ndim != 1 || buffer.format.is_null() || !buffer.suboffsets.is_null() {
            return None;
        }
        let &[code] = CStr::from_ptr(buffer.format).to_bytes() else {
            return None;
        };
        let &(_, item) = ITEMS.iter().find(|(known, _)| *known == code)?;
        let (length, stride) = (*buffer.shape as i64, *buffer.strides as i64);
        let start = buffer.buf as i64;
        let found = Numbers {
            item,
            code,
            length,
            stride,
            writable: buffer.readonly == 0,
            view,
        };
        let agrees = match view {
            true => {
                let shape = ONE_DIMENSION | i64::from(buffer.readonly != 0);
                o.field_i64(Field::ViewStart) == start
                    && o.field_i64(Field::ViewShape) == shape
                    && o.field_i64(Field::ViewIndirect) == 0
                    && o.field_i64(Field::ViewFlags) & RELEASED == 0
                    && (o.field_i64(Field::ViewFormat) as *const u16).read_unaligned()
                        == u16::from(code)
                    && *(o.field_i64(Field::ViewLengths) as *const i64) == length
                    && *(o.field_i64(Field::ViewStrides) as *const i64) == stride
            }
            // The code is the first field of what describes the items.
            false => {
                o.field_i64(Field::ArraySize) == length
                    && stride == i64::from(item.bytes())
                    && (length == 0 || o.field_i64(Field::ArrayItems) == start)
                    && *(o.field_i64(Field::ArrayKind) as *const u8) == code
            }
        };
        (agrees && buffer.itemsize as i64 == i64::from(item.bytes())).then_some(found)
    }
}
