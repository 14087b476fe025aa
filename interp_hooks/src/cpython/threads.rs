//! The thread states of the interpreter (Include/cpython/pystate.h; not in the limited API).

use pyo3_ffi as ffi;

unsafe extern "C" {
    fn PyInterpreterState_ThreadHead(i: *mut ffi::PyInterpreterState) -> *mut ffi::PyThreadState;
    fn PyThreadState_Next(t: *mut ffi::PyThreadState) -> *mut ffi::PyThreadState;
}

/// All of them.
///
/// # Safety
/// The GIL is held.
pub unsafe fn all() -> Vec<*mut ffi::PyThreadState> {
    // SAFETY: the caller's promise.
    unsafe {
        let mut all = Vec::new();
        let mut thread = PyInterpreterState_ThreadHead(ffi::PyInterpreterState_Get());
        while !thread.is_null() {
            all.push(thread);
            thread = PyThreadState_Next(thread);
        }
        all
    }
}

/// Whether there is only one.
///
/// # Safety
/// The GIL is held.
pub unsafe fn is_one() -> bool {
    // SAFETY: the caller's promise; there is the current one at least.
    unsafe {
        let first = PyInterpreterState_ThreadHead(ffi::PyInterpreterState_Get());
        PyThreadState_Next(first).is_null()
    }
}
