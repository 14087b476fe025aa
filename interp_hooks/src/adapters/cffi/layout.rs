//! Where cffi's objects hold what: found and proved on known objects when cffi is first met.
//!
//! The fields are those of `CDataObject`, its owning and sized variants and `CDataIterObject`
//! (`_cffi_backend.c`).

use crate::engine;
use crate::py::{Object, Strong};
use pyo3_ffi as ffi;
use std::ffi::CStr;
use std::mem::offset_of;
use traces::{Field, Known};

/// Objects whose words are known. `newp`, `cast` and the like are the functions that the FFI classes
/// call themselves.
const PROBE: &CStr = c"
import _cffi_backend as b, weakref
integer = b.new_primitive_type('int')
to_integer = b.new_pointer_type(integer)
fixed_type, open_type = b.new_array_type(to_integer, 3), b.new_array_type(to_integer, None)
fixed, opened = b.newp(fixed_type), b.newp(open_type, 5)
record = b.new_struct_type('struct hardwire_probe')
b.complete_struct_or_union(record, [('x', integer, -1)])
to_record = b.new_pointer_type(record)
owner = b.newp(to_record)
inside = owner[0]
plain = fixed + 1
weak = weakref.ref(plain)
part = fixed[0:2]
walk = iter(fixed)
memory = b.buffer(fixed, 7)
class Class:
    def method(self): pass
function, instance = Class.method, Class()
bound, builtin = instance.method, b.FFI().cast
receiver = builtin.__self__
word = b.new_primitive_type('uintptr_t')
address = int(b.cast(word, fixed))
of_opened = int(b.cast(word, opened))
of_record = int(b.cast(word, owner))
number = b.cast(integer, 7)
size = type(plain).__basicsize__
";

/// `CDataObject`, with the word behind it that some have.
#[repr(C)]
pub struct CData {
    base: ffi::PyObject,
    /// The ctype, which it owns a reference to.
    pub ctype: *mut ffi::PyObject,
    /// The address.
    pub data: u64,
    /// The first weak reference.
    pub weak: *mut ffi::PyObject,
    /// The length of an array whose ctype does not say it, or the struct that an owning pointer keeps.
    pub more: u64,
}

/// Where an owned array's or struct's memory begins (`offsetof(CDataObject_own_nolength, alignment)`), also
/// where its length lies in front (`CDataObject_own_length`), in bytes behind the object.
pub const OWN_MEMORY: isize = 48;

/// The bytes from the start of the objects to these fields (PyObject_HEAD: two words).
const TYPE: i32 = offset_of!(CData, ctype) as i32;
const DATA: i32 = offset_of!(CData, data) as i32;
const WEAK: i32 = offset_of!(CData, weak) as i32;
const LENGTH: i32 = offset_of!(CData, more) as i32;
/// `ct_flags` of a ctype.
pub const FLAGS: isize = 80;
/// The flags of pointers to structs and unions (`CT_IS_PTR_TO_OWNED`).
pub const POINTER_TO_RECORD: u32 = 0x1_0000;
const NEXT: i32 = 16;
const STOP: i32 = 24;
const ARRAY: i32 = 32;
/// `CT_POINTER`, `CT_ARRAY`, `CT_STRUCT`.
const POINTER: u32 = 0x10;
const ARRAY_TYPE: u32 = 0x20;
const STRUCT: u32 = 0x40;
const MEMORY: i32 = 16;
const SIZE: i32 = 24;
/// `PyMethodObject` (Include/cpython/classobject.h), `PyCFunctionObject` (Include/cpython/methodobject.h).
const FIRST: i32 = 16;
const SECOND: i32 = 24;

/// Proves the layout; says whether all objects are as expected.
pub fn find() -> bool {
    prove().is_some()
}

fn prove() -> Option<()> {
    // SAFETY: the GIL is held; the probe is our own text and touches objects of its own. Each object is
    // as long as the words that are read of it.
    unsafe {
        let names = run()?;
        let get = |name: &CStr| {
            let found = ffi::PyDict_GetItemString(names.as_ptr(), name.as_ptr());
            (!found.is_null()).then_some(found)
        };
        let number = |name: &CStr| get(name).map(|o| ffi::PyLong_AsUnsignedLongLong(o));
        let word = |o: *mut ffi::PyObject, at: i32| *o.cast::<u64>().byte_offset(at as isize);
        let is = |name: &CStr, at: i32, value: u64| Some(word(get(name)?, at) == value);

        let flags = |name: &CStr| Some(*get(name)?.cast::<u32>().byte_offset(FLAGS));
        let (fixed, opened, owner) = (get(c"fixed")?, get(c"opened")?, get(c"owner")?);
        let (plain, inside, walk) = (get(c"plain")?, get(c"inside")?, get(c"walk")?);
        let (address, of_opened) = (number(c"address")?, number(c"of_opened")?);
        let of_record = number(c"of_record")?;
        let kept = [
            is(c"fixed", TYPE, get(c"fixed_type")? as u64)?,
            is(c"fixed", DATA, address)?,
            is(c"fixed", WEAK, 0)?,
            is(c"plain", TYPE, get(c"to_integer")? as u64)?,
            is(c"plain", DATA, address + 4)?,
            is(c"plain", WEAK, get(c"weak")? as u64)?,
            is(c"opened", TYPE, get(c"open_type")? as u64)?,
            is(c"opened", LENGTH, 5)?,
            is(c"part", LENGTH, 2)?,
            is(c"owner", TYPE, get(c"to_record")? as u64)?,
            is(c"owner", DATA, of_record)?,
            is(c"owner", LENGTH, inside as u64)?,
            is(c"inside", TYPE, get(c"record")? as u64)?,
            is(c"inside", DATA, of_record)?,
            address - fixed as u64 == OWN_MEMORY as u64,
            of_opened - opened as u64 == OWN_MEMORY as u64,
            of_record - inside as u64 == OWN_MEMORY as u64,
            flags(c"to_record") == Some(POINTER | POINTER_TO_RECORD),
            flags(c"to_integer") == Some(POINTER),
            flags(c"fixed_type") == Some(ARRAY_TYPE),
            flags(c"record") == Some(STRUCT),
            is(c"walk", NEXT, address)?,
            is(c"walk", STOP, address + 12)?,
            is(c"walk", ARRAY, fixed as u64)?,
            is(c"memory", MEMORY, address)?,
            is(c"memory", SIZE, 7)?,
            is(c"bound", FIRST, get(c"function")? as u64)?,
            is(c"bound", SECOND, get(c"instance")? as u64)?,
            is(c"builtin", SECOND, get(c"receiver")? as u64)?,
            is(c"number", TYPE, get(c"integer")? as u64)?,
            number(c"size")? == 40,
            ffi::Py_TYPE(plain) == ffi::Py_TYPE(get(c"number")?),
            ffi::Py_TYPE(plain) == ffi::Py_TYPE(get(c"part")?),
            ffi::Py_TYPE(fixed) == ffi::Py_TYPE(owner),
            ffi::Py_TYPE(fixed) == ffi::Py_TYPE(inside),
        ];
        if kept.contains(&false) {
            return None;
        }
        engine::set_field(Field::CDataType, TYPE);
        engine::set_field(Field::CDataPtr, DATA);
        engine::set_field(Field::CDataWeak, WEAK);
        engine::set_field(Field::CDataLength, LENGTH);
        engine::set_field(Field::CDataIterNext, NEXT);
        engine::set_field(Field::CDataIterStop, STOP);
        engine::set_field(Field::CDataIterArray, ARRAY);
        engine::set_field(Field::CBufferData, MEMORY);
        engine::set_field(Field::CBufferSize, SIZE);
        engine::set_field(Field::MethodFunction, FIRST);
        engine::set_field(Field::MethodSelf, SECOND);
        engine::set_field(Field::BuiltinDef, FIRST);
        engine::set_field(Field::BuiltinSelf, SECOND);
        for (known, object) in [
            (Known::CData, plain),
            (Known::CDataOwn, fixed),
            (Known::CDataIter, walk),
            (Known::CBuffer, get(c"memory")?),
            (Known::Method, get(c"bound")?),
        ] {
            // Static types of an extension module, which is never unloaded.
            engine::set_known(known, Object(object).type_object().strong().into_raw());
        }
        Some(())
    }
}

/// The namespace behind the probe.
unsafe fn run() -> Option<Strong> {
    // SAFETY: live objects; errors are cleared.
    unsafe {
        let names = Strong::from_new(ffi::PyDict_New())?;
        ffi::PyDict_SetItemString(
            names.as_ptr(),
            c"__builtins__".as_ptr(),
            ffi::PyEval_GetBuiltins(),
        );
        let code = Strong::from_new(ffi::Py_CompileString(
            PROBE.as_ptr(),
            c"<hardwire>".as_ptr(),
            ffi::Py_file_input,
        ));
        let ran = code.and_then(|code| {
            Strong::from_new(ffi::PyEval_EvalCode(
                code.as_ptr(),
                names.as_ptr(),
                names.as_ptr(),
            ))
        });
        if ran.is_none() {
            ffi::PyErr_Clear();
        }
        ran.map(|_| names)
    }
}
