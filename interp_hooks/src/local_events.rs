//! `sys.monitoring.set_local_events`: a tool that starts to watch one code object changes nothing
//! that native code polls, so the function is wrapped and has the runs of that code leave.
//!
//! A built-in function points to its row of a method table (`PyMethodDef`); it is given a copy of
//! the row with another implementation, so that whoever holds the function is served by ours too.

use crate::{engine, run};
use pyo3_ffi as ffi;
use std::ffi::CStr;
use std::sync::OnceLock;

/// The start of `PyCFunctionObject` (Include/cpython/methodobject.h).
#[repr(C)]
struct Function {
    base: ffi::PyObject,
    row: *mut ffi::PyMethodDef,
}

static ORIGINAL: OnceLock<ffi::PyCFunctionFast> = OnceLock::new();

unsafe extern "C" fn set_local_events(
    module: *mut ffi::PyObject,
    args: *mut *mut ffi::PyObject,
    n: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    let Some(original) = ORIGINAL.get() else {
        return std::ptr::null_mut();
    };
    if let Some(e) = engine::get()
        && n > 1
    {
        // SAFETY: at least two arguments: the tool and the code object.
        run::leave_code(e, unsafe { *args.add(1) });
    }
    // SAFETY: the arguments of the function that this one stands for.
    unsafe { original(module, args, n) }
}

/// Wraps the function; once.
///
/// # Errors
/// It is not the built-in function that was expected.
pub fn watch(function: *mut ffi::PyObject) -> Result<(), String> {
    static WATCHED: OnceLock<bool> = OnceLock::new();
    // SAFETY: a live object, the GIL is held.
    let done = *WATCHED.get_or_init(|| unsafe { wrap(function) }.is_some());
    done.then_some(())
        .ok_or_else(|| "sys.monitoring.set_local_events is not the built-in function".to_string())
}

unsafe fn wrap(function: *mut ffi::PyObject) -> Option<()> {
    // SAFETY: the type is checked; the row is proved by its name and flags before it is believed,
    // and lives for ever, as its copy does.
    unsafe {
        if ffi::Py_TYPE(function) != &raw mut ffi::PyCFunction_Type {
            return None;
        }
        let function = function.cast::<Function>();
        let old = &*(*function).row;
        let name = CStr::from_ptr(old.ml_name);
        if name != c"set_local_events" || old.ml_flags != ffi::METH_FASTCALL {
            return None;
        }
        ORIGINAL.set(old.ml_meth.PyCFunctionFast).ok()?;
        let row = ffi::PyMethodDef {
            ml_name: old.ml_name,
            ml_meth: ffi::PyMethodDefPointer {
                PyCFunctionFast: set_local_events,
            },
            ml_flags: old.ml_flags,
            ml_doc: old.ml_doc,
        };
        (*function).row = Box::leak(Box::new(row));
    }
    Some(())
}
