//! `with`: `BEFORE_WITH` has two results, and a helper one.

use super::{Obj, args};
use crate::engine;
use pyo3_ffi as ffi;
use std::ffi::CStr;

unsafe extern "C" {
    // Include/cpython/object.h
    fn _PyType_Lookup(ty: *mut ffi::PyTypeObject, name: Obj) -> Obj;
}

/// A special method of an object, bound (`_PyObject_LookupSpecial`, Objects/typeobject.c); NULL, perhaps
/// with an exception, where it has none.
unsafe fn special(o: Obj, name: &CStr) -> Obj {
    // SAFETY: a live object.
    unsafe {
        let ty = ffi::Py_TYPE(o);
        let name = ffi::PyUnicode_InternFromString(name.as_ptr());
        if name.is_null() {
            return name;
        }
        let found = _PyType_Lookup(ty, name);
        ffi::Py_DECREF(name);
        if found.is_null() {
            return found;
        }
        let get = ffi::PyType_GetSlot(ffi::Py_TYPE(found), ffi::Py_tp_descr_get);
        if get.is_null() {
            return ffi::Py_NewRef(found);
        }
        let get: ffi::descrgetfunc = std::mem::transmute(get);
        ffi::Py_INCREF(found);
        let bound = get(found, o, ty.cast());
        ffi::Py_DECREF(found);
        bound
    }
}

/// `BEFORE_WITH` (Python/bytecodes.c): looks both methods up, then calls the first.
pub(super) unsafe extern "C" fn before_with(argv: *const Obj, argc: usize, _x: i64) -> Obj {
    // SAFETY: one owned argument.
    unsafe {
        let a = args(argv, argc);
        let manager = a.get(0);
        let missing = |text: &CStr| {
            if ffi::PyErr_Occurred().is_null() {
                let name = ffi::PyType_GetName(ffi::Py_TYPE(manager));
                ffi::PyErr_Format(ffi::PyExc_TypeError, text.as_ptr(), name);
                ffi::Py_XDECREF(name);
            }
            std::ptr::null_mut()
        };
        let enter = special(manager, c"__enter__");
        if enter.is_null() {
            return missing(c"'%U' object does not support the context manager protocol");
        }
        let exit = special(manager, c"__exit__");
        if exit.is_null() {
            ffi::Py_DECREF(enter);
            return missing(
                c"'%U' object does not support the context manager protocol (missed __exit__ method)",
            );
        }
        let entered = ffi::PyObject_CallNoArgs(enter);
        ffi::Py_DECREF(enter);
        let Some(e) = engine::get().filter(|_| !entered.is_null()) else {
            ffi::Py_DECREF(exit);
            ffi::Py_XDECREF(entered);
            return std::ptr::null_mut();
        };
        let thread = ffi::PyThreadState_Get();
        e.entered.borrow_mut().push((thread, entered));
        exit
    }
}

/// The other result. Python code that ran between (a finaliser) has left the list as it was.
pub(super) extern "C" fn entered() -> Obj {
    // SAFETY: the GIL is held.
    let thread = unsafe { ffi::PyThreadState_Get() };
    let found = engine::get().and_then(|e| {
        let mut entered = e.entered.borrow_mut();
        let at = entered.iter().rposition(|&(of, _)| of == thread)?;
        Some(entered.remove(at).1)
    });
    // SAFETY: as above; without a result the trace was not followed.
    found.unwrap_or_else(|| unsafe {
        ffi::PyErr_SetString(
            ffi::PyExc_SystemError,
            c"hardwire: a `with` block without a result".as_ptr(),
        );
        std::ptr::null_mut()
    })
}
