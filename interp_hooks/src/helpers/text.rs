//! Helpers that look into strings, and take slices.

use super::Obj;
use pyo3_ffi as ffi;
use std::ffi::c_int;

unsafe extern "C" {
    // Include/cpython/unicodeobject.h
    fn _PyUnicode_IsAlpha(c: u32) -> c_int;
    fn _PyUnicode_IsDigit(c: u32) -> c_int;
    fn _PyUnicode_IsDecimalDigit(c: u32) -> c_int;
    fn _PyUnicode_IsNumeric(c: u32) -> c_int;
    fn _PyUnicode_IsWhitespace(c: u32) -> c_int;
    fn _PyUnicode_IsUppercase(c: u32) -> c_int;
    fn _PyUnicode_IsLowercase(c: u32) -> c_int;
}

/// What `str` methods say of a character, by their number in `record::methods::CHARACTERS`.
pub(super) extern "C" fn char_is(kind: i64, character: i64) -> bool {
    let c = character as u32;
    // SAFETY: these look a code point up in tables.
    unsafe {
        match kind {
            0 => _PyUnicode_IsAlpha(c) != 0,
            1 => {
                _PyUnicode_IsAlpha(c) != 0
                    || _PyUnicode_IsDecimalDigit(c) != 0
                    || _PyUnicode_IsDigit(c) != 0
                    || _PyUnicode_IsNumeric(c) != 0
            }
            2 => _PyUnicode_IsDigit(c) != 0,
            3 => _PyUnicode_IsDecimalDigit(c) != 0,
            4 => _PyUnicode_IsNumeric(c) != 0,
            5 => _PyUnicode_IsWhitespace(c) != 0,
            6 => _PyUnicode_IsUppercase(c) != 0,
            7 => _PyUnicode_IsLowercase(c) != 0,
            _ => c < 128,
        }
    }
}

pub(super) unsafe extern "C" fn str_eq(a: Obj, b: Obj) -> bool {
    // SAFETY: two exact str, which compare without running Python code.
    a == b || unsafe { ffi::PyUnicode_Compare(a, b) == 0 }
}

pub(super) unsafe extern "C" fn str_compare(a: Obj, b: Obj) -> i64 {
    // SAFETY: as above.
    i64::from(unsafe { ffi::PyUnicode_Compare(a, b) })
}

pub(super) unsafe extern "C" fn str_contains(text: Obj, part: Obj) -> bool {
    // SAFETY: as above.
    unsafe { ffi::PyUnicode_Contains(text, part) == 1 }
}

/// Start and stop as `slice.indices` gives them for a length, the stop not before the start.
fn indices(start: i64, stop: i64, length: isize) -> (isize, isize) {
    let length = length as i64;
    let within = |n: i64| {
        let n = if n < 0 { n.saturating_add(length) } else { n };
        n.clamp(0, length)
    };
    let (start, stop) = (within(start), within(stop));
    (start as isize, stop.max(start) as isize)
}

pub(super) unsafe extern "C" fn str_slice(text: Obj, start: i64, stop: i64) -> Obj {
    // SAFETY: an exact str.
    unsafe {
        let (start, stop) = indices(start, stop, ffi::PyUnicode_GetLength(text));
        ffi::PyUnicode_Substring(text, start, stop)
    }
}

pub(super) unsafe extern "C" fn bytes_slice(bytes: Obj, start: i64, stop: i64) -> Obj {
    // SAFETY: an exact bytes; the part lies in it.
    unsafe {
        let length = ffi::PyBytes_Size(bytes);
        let (start, stop) = indices(start, stop, length);
        if stop - start == length {
            return ffi::Py_NewRef(bytes);
        }
        let from = ffi::PyBytes_AsString(bytes).offset(start);
        ffi::PyBytes_FromStringAndSize(from, stop - start)
    }
}

pub(super) unsafe extern "C" fn list_slice(list: Obj, start: i64, stop: i64) -> Obj {
    // SAFETY: an exact list.
    unsafe {
        let (start, stop) = indices(start, stop, ffi::PyList_Size(list));
        ffi::PyList_GetSlice(list, start, stop)
    }
}

pub(super) unsafe extern "C" fn tuple_slice(tuple: Obj, start: i64, stop: i64) -> Obj {
    // SAFETY: an exact tuple.
    unsafe {
        let (start, stop) = indices(start, stop, ffi::PyTuple_Size(tuple));
        ffi::PyTuple_GetSlice(tuple, start, stop)
    }
}
