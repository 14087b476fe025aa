//! Places in a program, for people.

use crate::engine::Engine;
use crate::py::{Kind, Object, Strong};
use pyo3_ffi as ffi;
use std::ffi::c_int;

/// File, line of the loop's header, function.
pub fn of(_e: &Engine, code: *mut ffi::PyObject, target: u32) -> (String, u32, String) {
    let o = Object(code);
    (
        o.attr_text(c"co_filename"),
        Lines::of(code).at(target),
        o.attr_text(c"co_qualname"),
    )
}

unsafe extern "C" {
    // Objects/codeobject.c; not in the limited API.
    fn PyCode_Addr2Line(code: *mut ffi::PyObject, offset: c_int) -> c_int;
}

/// The line of one byte offset; 0 where it has none.
pub fn line_of(code: *mut ffi::PyObject, offset: u32) -> u32 {
    let offset = c_int::try_from(offset).unwrap_or(0);
    // SAFETY: a live code object; reads its table of lines.
    let line = unsafe { PyCode_Addr2Line(code, offset) };
    u32::try_from(line).unwrap_or(0)
}

/// The lines of a code object: byte offsets from, to, line.
pub struct Lines(Vec<(u32, u32, u32)>);

impl Lines {
    /// Reads `co_lines()`; empty where that fails.
    pub fn of(code: *mut ffi::PyObject) -> Lines {
        let mut lines = Vec::new();
        // SAFETY: a live code object; its iterator runs no code of the user; errors are cleared.
        unsafe {
            let method = Strong::from_new(ffi::PyObject_GetAttrString(code, c"co_lines".as_ptr()));
            let all = method
                .and_then(|m| Strong::from_new(ffi::PyObject_CallNoArgs(m.as_ptr())))
                .and_then(|r| Strong::from_new(ffi::PyObject_GetIter(r.as_ptr())));
            if let Some(all) = all {
                while let Some(row) = Strong::from_new(ffi::PyIter_Next(all.as_ptr())) {
                    let number = |n| {
                        let o = ffi::PyTuple_GetItem(row.as_ptr(), n);
                        match Object(o).kind() {
                            Kind::Int(n) => u32::try_from(n).unwrap_or(0),
                            _ => 0,
                        }
                    };
                    lines.push((number(0), number(1), number(2)));
                }
            }
            ffi::PyErr_Clear();
        }
        Lines(lines)
    }

    /// The line of a byte offset; 0 where it has none.
    pub fn at(&self, offset: u32) -> u32 {
        let behind = self.0.partition_point(|row| row.0 <= offset);
        let row = behind.checked_sub(1).and_then(|n| self.0.get(n));
        row.filter(|row| offset < row.1).map_or(0, |row| row.2)
    }
}
