//! cffi: function pointers of ABI mode, built-in functions of API mode, cdata arguments.

pub mod ffi_object;
pub mod function;
mod layout;
pub mod library;
pub mod objects;
pub mod types;

use super::{attr, imported};
use crate::py::{Object, Strong};
use crate::record::Recorder;
use crate::{engine, errno};
use ffi_ops::OperandKind;
use pyo3_ffi as ffi;
use std::ffi::c_void;
use std::sync::OnceLock;
use traces::Field;
use types::TypeInfo;

/// Entries of `_cffi_backend._C_API` that API-mode modules use (`_cffi_include.h`).
const RESTORE_ERRNO: usize = 13;
const SAVE_ERRNO: usize = 14;

/// What was found out about cffi, once it is imported.
struct Backend {
    library_type: Option<Strong>,
    ffi: Option<Strong>,
    cast: Strong,
    sizeof: Strong,
    new_pointer_type: Strong,
    typeoffsetof: Strong,
    alignof: Strong,
    ctype_class: Strong,
    ffi_class: Option<Strong>,
}

struct Global(Option<Backend>);
// SAFETY: only reached with the GIL held.
unsafe impl Sync for Global {}
// SAFETY: as above.
unsafe impl Send for Global {}

fn backend() -> Option<&'static Backend> {
    static FOUND: OnceLock<Global> = OnceLock::new();
    if let Some(found) = FOUND.get() {
        return found.0.as_ref();
    }
    let module = imported(c"_cffi_backend")?;
    // Not inside `get_or_init`: Python code runs, so another thread may come here, which must not wait for
    // this one with the GIL in its hands.
    let found = find(&module);
    let _ = FOUND.set(Global(found));
    FOUND.get()?.0.as_ref()
}

/// `sizeof` of a ctype, in bytes; -1 where it has none.
pub fn size_of(ctype: *mut ffi::PyObject) -> i64 {
    let Some(b) = backend() else { return -1 };
    // SAFETY: a live ctype; an error is cleared.
    unsafe {
        let null = std::ptr::null_mut::<ffi::PyObject>();
        let size = Strong::from_new(ffi::PyObject_CallFunctionObjArgs(
            b.sizeof.as_ptr(),
            ctype,
            null,
        ));
        let size = size.map_or(-1, |size| ffi::PyLong_AsLongLong(size.as_ptr()));
        if !ffi::PyErr_Occurred().is_null() {
            ffi::PyErr_Clear();
        }
        size
    }
}

/// Reads the capsule, and proves where a cdata holds its ctype and its pointer.
fn find(module: &Strong) -> Option<Backend> {
    let m = module.as_ptr();
    let capsule = attr(m, c"_C_API")?;
    // SAFETY: the capsule's content is an array of function pointers with these signatures.
    unsafe {
        let name = ffi::PyCapsule_GetName(capsule.as_ptr());
        let table = ffi::PyCapsule_GetPointer(capsule.as_ptr(), name).cast::<*mut c_void>();
        if table.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        let entry = |n: usize| *table.add(n);
        if !layout::find() {
            return None;
        }
        let function = |n| std::mem::transmute::<*mut c_void, unsafe extern "C" fn()>(entry(n));
        let (restore, save) = (function(RESTORE_ERRNO), function(SAVE_ERRNO));
        if !errno::find(errno::Functions { restore, save }) {
            return None;
        }
        let ffi_ =
            attr(m, c"FFI").and_then(|c| Strong::from_new(ffi::PyObject_CallNoArgs(c.as_ptr())));
        Some(Backend {
            library_type: attr(m, c"Lib"),
            ffi: ffi_,
            cast: attr(m, c"cast")?,
            sizeof: attr(m, c"sizeof")?,
            new_pointer_type: attr(m, c"new_pointer_type")?,
            typeoffsetof: attr(m, c"typeoffsetof")?,
            alignof: attr(m, c"alignof")?,
            ctype_class: attr(m, c"CType")?,
            ffi_class: attr(m, c"FFI"),
        })
    }
}

/// Whether an object is a cdata: of one of the five types that have the layout of `CDataObject`.
pub fn is_cdata(o: *mut ffi::PyObject) -> bool {
    let o = Object(o);
    if o.is_null() || backend().is_none() {
        return false;
    }
    if o.is_cdata() {
        return true;
    }
    let class = o.type_object();
    let name = class.type_name();
    matches!(
        name.as_str(),
        "__CDataOwnGC" | "__CDataFromBuf" | "__CDataGCP"
    ) && class.attr_text(c"__module__") == "_cffi_backend"
}

/// Whether a cdata owns memory (`CDataOwn_Check`, `_cffi_backend.c`): a pointer then has one item.
pub fn is_owner(o: Object) -> bool {
    o.is_exactly(traces::Known::CDataOwn) || o.type_object().type_name() == "__CDataOwnGC"
}

/// The struct that an owning pointer to a struct keeps (`CDataObject_own_structptr`, `_cffi_backend.c`).
pub fn kept_struct(o: Object) -> Option<Object> {
    if !o.is_exactly(traces::Known::CDataOwn) {
        return None;
    }
    // SAFETY: a cdata's ctype, whose flags were proved.
    let flags = unsafe { *ctype_of(o).0.cast::<u32>().byte_offset(layout::FLAGS) };
    (flags & layout::POINTER_TO_RECORD != 0)
        .then(|| Object(word(o.0, Field::CDataLength) as *mut ffi::PyObject))
}

/// The ctype of a cdata.
pub fn ctype_of(o: Object) -> Object {
    Object(word(o.0, Field::CDataType) as *mut ffi::PyObject)
}

fn word(o: *mut ffi::PyObject, f: Field) -> u64 {
    // SAFETY: a cdata, whose fields were proved.
    unsafe {
        *o.cast::<u8>()
            .offset(engine::field_offset(f) as isize)
            .cast::<u64>()
    }
}

/// A cdata as an operand.
pub fn classify(rec: &mut Recorder, o: Object) -> Option<OperandKind> {
    backend()?;
    if !is_cdata(o.0) {
        return None;
    }
    let ctype = ctype_of(o);
    let what = TypeInfo::of(ctype)?.what();
    let ty = rec.type_constant(o);
    let ctype = rec.keep_constant(ctype, "ctype");
    Some(OperandKind::CData { ty, ctype, what })
}
