//! New cdata, as cffi makes them (`new_simple_cdata`, `allocate_owning_object`, `direct_newp` in
//! `_cffi_backend.c`).

use super::backend;
use super::layout::{CData, FLAGS, OWN_MEMORY, POINTER_TO_RECORD};
use crate::engine;
use crate::py::Strong;
use pyo3_ffi as ffi;
use std::mem::offset_of;
use traces::Known;

type Obj = *mut ffi::PyObject;

/// A new cdata that owns nothing; NULL (and MemoryError) where there is no memory.
///
/// # Safety
/// A live ctype; the GIL is held.
pub unsafe fn new_cdata(p: u64, ctype: Obj) -> Obj {
    // SAFETY: the type is the static one of cffi; its instances have these fields and no others.
    unsafe {
        let o = ffi::PyObject_New::<ffi::PyObject>(engine::known_address(Known::CData).cast());
        if !o.is_null() {
            fill(o, p, ctype);
        }
        o
    }
}

unsafe fn fill(o: Obj, p: u64, ctype: Obj) {
    // SAFETY: a new cdata.
    unsafe {
        ffi::Py_INCREF(ctype);
        let o = o.cast::<CData>();
        (*o).ctype = ctype;
        (*o).data = p;
        (*o).weak = std::ptr::null_mut();
    }
}

/// `_Py_Dealloc`, of a cffi cdata that owns plain memory in a shorter way: what `cdataowning_dealloc` does
/// where there is no weak reference.
///
/// # Safety
/// An object whose reference count has reached 0.
pub unsafe extern "C" fn dealloc(o: Obj) {
    // SAFETY: the caller's promise; the layout was proved before the type became known.
    unsafe {
        if ffi::Py_TYPE(o).cast::<ffi::PyObject>() == engine::known_address(Known::CDataOwn) {
            let cdata = o.cast::<CData>();
            let ctype = (*cdata).ctype;
            let flags = *ctype.cast::<u32>().byte_offset(FLAGS);
            if (*cdata).weak.is_null() {
                if flags & POINTER_TO_RECORD != 0 {
                    ffi::Py_DECREF((*cdata).more as Obj);
                }
                libc::free(o.cast());
                ffi::Py_DECREF(ctype);
                return;
            }
        }
        _Py_Dealloc(o);
    }
}

unsafe extern "C" {
    // Include/cpython/object.h
    fn _Py_Dealloc(o: Obj);
}

/// A new cdata of a primitive ctype, with the value of a number.
///
/// # Safety
/// A live ctype of cffi and a number (a new reference, or NULL); the GIL is held.
pub unsafe fn new_value(ctype: Obj, number: Obj) -> Obj {
    // SAFETY: `_cffi_backend.cast` of a number runs no Python code.
    unsafe {
        let Some((number, backend)) = Strong::from_new(number).zip(backend()) else {
            return std::ptr::null_mut();
        };
        ffi::PyObject_CallFunctionObjArgs(
            backend.cast.as_ptr(),
            ctype,
            number.as_ptr(),
            std::ptr::null_mut::<ffi::PyObject>(),
        )
    }
}

/// A new owning cdata whose memory, `bytes` of it, starts `at` bytes behind the object.
unsafe fn owning(ctype: Obj, at: isize, bytes: i64, clear: bool) -> Obj {
    let size = usize::try_from(bytes)
        .ok()
        .and_then(|bytes| bytes.checked_add(at as usize));
    // SAFETY: `__CDataOwn` is freed by `free` and has these fields in front of its memory.
    unsafe {
        let o = match size {
            Some(size) if clear => libc::calloc(size, 1),
            Some(size) => libc::malloc(size),
            None => std::ptr::null_mut(),
        }
        .cast::<ffi::PyObject>();
        if o.is_null() {
            return ffi::PyErr_NoMemory();
        }
        ffi::PyObject_Init(o, engine::known_address(Known::CDataOwn).cast());
        fill(o, o as u64 + at as u64, ctype);
        o
    }
}

/// Zeroed memory: a fixed array, or a pointer to what is no struct.
///
/// # Safety
/// A live ctype; the GIL is held.
pub unsafe extern "C" fn cdata_new(ctype: Obj, bytes: i64) -> Obj {
    // SAFETY: the caller's promise.
    unsafe { owning(ctype, OWN_MEMORY, bytes, true) }
}

/// Zeroed memory of an array that knows its own length.
///
/// # Safety
/// A live ctype; the GIL is held.
pub unsafe extern "C" fn cdata_new_array(ctype: Obj, items: i64, bytes: i64) -> Obj {
    // SAFETY: the caller's promise; an object of this kind has a length.
    unsafe {
        let o = owning(ctype, OWN_MEMORY, bytes, true);
        if !o.is_null() {
            (*o.cast::<CData>()).more = items as u64;
        }
        o
    }
}

/// A pointer to a struct: an owning cdata for the struct, and one that keeps it.
///
/// # Safety
/// Live ctypes; the GIL is held.
pub unsafe extern "C" fn cdata_new_struct(ctype: Obj, record: Obj, bytes: i64) -> Obj {
    // SAFETY: the caller's promise; `CDataObject_own_structptr` has one word behind a cdata.
    unsafe {
        let inner = owning(record, OWN_MEMORY, bytes, true);
        if inner.is_null() {
            return inner;
        }
        let o = owning(ctype, offset_of!(CData, more) as isize, 8, false);
        if o.is_null() {
            ffi::Py_DECREF(inner);
            return o;
        }
        let cdata = o.cast::<CData>();
        (*cdata).more = inner as u64;
        (*cdata).data = inner as u64 + OWN_MEMORY as u64;
        o
    }
}

/// A copy of a struct.
///
/// # Safety
/// A live ctype and so many bytes at the address; the GIL is held.
pub unsafe extern "C" fn cdata_copy(ctype: Obj, from: *const u8, bytes: i64) -> Obj {
    // SAFETY: the caller's promise.
    unsafe {
        let o = owning(ctype, OWN_MEMORY, bytes, false);
        if !o.is_null() {
            let to = o.cast::<u8>().offset(OWN_MEMORY);
            std::ptr::copy_nonoverlapping(from, to, bytes as usize);
        }
        o
    }
}

/// An array of an open-ended ctype that owns nothing (`new_sized_cdata`).
///
/// # Safety
/// A live ctype; the GIL is held.
pub unsafe extern "C" fn cdata_slice(ctype: Obj, p: u64, items: i64) -> Obj {
    // SAFETY: an object of CData with room for a length behind it.
    unsafe {
        let size = size_of::<CData>();
        let o = ffi::PyObject_Malloc(size).cast::<ffi::PyObject>();
        if o.is_null() {
            return ffi::PyErr_NoMemory();
        }
        ffi::PyObject_Init(o, engine::known_address(Known::CData).cast());
        fill(o, p, ctype);
        (*o.cast::<CData>()).more = items as u64;
        o
    }
}
