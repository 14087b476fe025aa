//! Places in a program, for people.

use crate::engine::Engine;
use crate::py::{Object, Strong};
use pyo3_ffi as ffi;

/// File, line of the loop's header, function.
pub fn of(_e: &Engine, code: *mut ffi::PyObject, target: u32) -> (String, u32, String) {
    let o = Object(code);
    (
        o.attr_text(c"co_filename"),
        line(code, target).unwrap_or(0),
        o.attr_text(c"co_qualname"),
    )
}

/// The line of a byte offset, by `co_positions()`.
fn line(code: *mut ffi::PyObject, target: u32) -> Option<u32> {
    // SAFETY: a live code object; its iterators run no code of the user; errors are cleared.
    unsafe {
        let method = Strong::from_new(ffi::PyObject_GetAttrString(code, c"co_positions".as_ptr()))?;
        let all = Strong::from_new(ffi::PyObject_CallNoArgs(method.as_ptr()))?;
        for _ in 0..target / 2 {
            drop(Strong::from_new(ffi::PyIter_Next(all.as_ptr())));
        }
        let entry = Strong::from_new(ffi::PyIter_Next(all.as_ptr()))?;
        let line = ffi::PyTuple_GetItem(entry.as_ptr(), 0);
        let n = if line.is_null() {
            -1
        } else {
            ffi::PyLong_AsLong(line)
        };
        ffi::PyErr_Clear();
        u32::try_from(n).ok()
    }
}
