//! Built-in functions that change or look at what native code depends on, without a word to anybody: they are
//! wrapped, so that we know before they do.
//!
//! * `sys.monitoring.set_local_events`: a tool that starts to watch one code object changes nothing that native code
//!   polls; the runs of that code leave.
//! * `sys._getframe`, `sys._current_frames`: somebody is about to look at frames; those of native runs are brought up to
//!   date. An audit hook would be told as well, but where there is one, CPython makes a tuple for every audited event,
//!   and `id()` is such an event.
//! * `sys.settrace`: CPython 3.13.0 tells a tracer of no opcodes in a frame where that was asked for before, as `pdb` does,
//!   if the frame's code has another tool's events, which ours are: it makes room for whom to tell of each opcode when a
//!   second tool comes, and leaves it empty. To be instrumented anew mends that.
//! * `tracemalloc.start`: from now on it is noted at which line memory is allocated; all runs leave.
//!
//! A built-in function points to its row of a method table (`PyMethodDef`); it is given a copy of the row with another
//! implementation, so that whoever holds the function is served by ours too.

use crate::cpython::frame;
use crate::{engine, run, start};
use pyo3_ffi as ffi;
use std::ffi::{CStr, c_int};
use std::sync::OnceLock;

/// The start of `PyCFunctionObject` (Include/cpython/methodobject.h).
#[repr(C)]
struct Function {
    base: ffi::PyObject,
    row: *mut ffi::PyMethodDef,
}

/// A function that is wrapped.
pub struct Wrapped {
    name: &'static CStr,
    flags: c_int,
    ours: ffi::PyMethodDefPointer,
    original: OnceLock<ffi::PyMethodDefPointer>,
}

// SAFETY: the pointers are to functions.
unsafe impl Sync for Wrapped {}

/// `sys.monitoring.set_local_events`
pub static SET_LOCAL_EVENTS: Wrapped = Wrapped {
    name: c"set_local_events",
    flags: ffi::METH_FASTCALL,
    ours: ffi::PyMethodDefPointer {
        PyCFunctionFast: set_local_events,
    },
    original: OnceLock::new(),
};
/// `sys._getframe`
pub static GETFRAME: Wrapped = Wrapped {
    name: c"_getframe",
    flags: ffi::METH_FASTCALL,
    ours: ffi::PyMethodDefPointer {
        PyCFunctionFast: getframe,
    },
    original: OnceLock::new(),
};
/// `sys._current_frames`
pub static CURRENT_FRAMES: Wrapped = Wrapped {
    name: c"_current_frames",
    flags: ffi::METH_NOARGS,
    ours: ffi::PyMethodDefPointer {
        PyCFunction: current_frames,
    },
    original: OnceLock::new(),
};
/// `sys.settrace`
pub static SETTRACE: Wrapped = Wrapped {
    name: c"settrace",
    flags: ffi::METH_O,
    ours: ffi::PyMethodDefPointer {
        PyCFunction: settrace,
    },
    original: OnceLock::new(),
};
/// `_tracemalloc.start`
pub static START_TRACING: Wrapped = Wrapped {
    name: c"start",
    flags: ffi::METH_FASTCALL,
    ours: ffi::PyMethodDefPointer {
        PyCFunctionFast: start_tracing,
    },
    original: OnceLock::new(),
};

unsafe extern "C" fn set_local_events(
    module: *mut ffi::PyObject,
    args: *mut *mut ffi::PyObject,
    n: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    if let Some(e) = engine::get()
        && n > 1
    {
        // SAFETY: at least two arguments: the tool and the code object.
        run::leave_code(e, unsafe { *args.add(1) });
    }
    // SAFETY: the arguments of the function that this one stands for.
    unsafe { SET_LOCAL_EVENTS.fast(module, args, n) }
}

unsafe extern "C" fn getframe(
    module: *mut ffi::PyObject,
    args: *mut *mut ffi::PyObject,
    n: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    if let Some(e) = engine::get() {
        // SAFETY: built-in functions are called with the GIL held.
        run::observe(e, unsafe { ffi::PyThreadState_Get() });
    }
    // SAFETY: the arguments of the function that this one stands for.
    unsafe { GETFRAME.fast(module, args, n) }
}

unsafe extern "C" fn settrace(
    module: *mut ffi::PyObject,
    tracer: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the flags were checked; the arguments are those of the function that this one stands for, which is called
    // with the GIL held.
    unsafe {
        let done = SETTRACE.plain(module, tracer);
        if let Some(e) = engine::get()
            && e.enabled.get()
            && !done.is_null()
            && tracer != ffi::Py_None()
            && frame::opcodes_are_traced(e.table, ffi::PyThreadState_Get())
        {
            start::restart_events();
        }
        done
    }
}

unsafe extern "C" fn start_tracing(
    module: *mut ffi::PyObject,
    args: *mut *mut ffi::PyObject,
    n: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    if let Some(e) = engine::get() {
        run::leave_all(e);
    }
    // SAFETY: the arguments of the function that this one stands for.
    unsafe { START_TRACING.fast(module, args, n) }
}

unsafe extern "C" fn current_frames(
    module: *mut ffi::PyObject,
    nothing: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    if let Some(e) = engine::get() {
        run::observe(e, std::ptr::null_mut());
    }
    // SAFETY: `METH_NOARGS` was checked; the arguments are those of the function that this one stands for.
    unsafe { CURRENT_FRAMES.plain(module, nothing) }
}

impl Wrapped {
    /// Its name.
    pub fn name(&self) -> &'static CStr {
        self.name
    }

    /// Calls the original of a `METH_FASTCALL` function.
    ///
    /// # Safety
    /// The arguments are those that CPython handed over.
    unsafe fn fast(
        &self,
        module: *mut ffi::PyObject,
        args: *mut *mut ffi::PyObject,
        n: ffi::Py_ssize_t,
    ) -> *mut ffi::PyObject {
        match self.original.get() {
            // SAFETY: the flags were checked when the function was wrapped; the caller's promise.
            Some(original) => unsafe { (original.PyCFunctionFast)(module, args, n) },
            None => std::ptr::null_mut(),
        }
    }

    /// Calls the original of a `METH_NOARGS` or `METH_O` function.
    ///
    /// # Safety
    /// The arguments are those that CPython handed over.
    unsafe fn plain(
        &self,
        module: *mut ffi::PyObject,
        argument: *mut ffi::PyObject,
    ) -> *mut ffi::PyObject {
        match self.original.get() {
            // SAFETY: the flags were checked when the function was wrapped; the caller's promise.
            Some(original) => unsafe { (original.PyCFunction)(module, argument) },
            None => std::ptr::null_mut(),
        }
    }

    /// Wraps the function, unless it is.
    ///
    /// # Errors
    /// It is not the built-in function that was expected.
    pub fn wrap(&self, function: *mut ffi::PyObject) -> Result<(), String> {
        // SAFETY: a live object, the GIL is held.
        if self.original.get().is_some() || unsafe { self.replace(function) }.is_some() {
            return Ok(());
        }
        let name = self.name.to_string_lossy();
        Err(format!("{name} is not the built-in function"))
    }

    /// # Safety
    /// A live object or NULL, with the GIL held.
    unsafe fn replace(&self, function: *mut ffi::PyObject) -> Option<()> {
        // SAFETY: the type is checked; the row is proved by its name and flags before it is believed,
        // and lives for ever, as its copy does.
        unsafe {
            if function.is_null() || ffi::Py_TYPE(function) != &raw mut ffi::PyCFunction_Type {
                return None;
            }
            let function = function.cast::<Function>();
            let old = &*(*function).row;
            if CStr::from_ptr(old.ml_name) != self.name || old.ml_flags != self.flags {
                return None;
            }
            self.original.set(old.ml_meth).ok()?;
            let row = ffi::PyMethodDef {
                ml_name: old.ml_name,
                ml_meth: self.ours,
                ml_flags: old.ml_flags,
                ml_doc: old.ml_doc,
            };
            (*function).row = Box::leak(Box::new(row));
        }
        Some(())
    }
}
