//! Helpers that look into strings, make them, take slices, and call what runs no Python code.

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

/// Calls what runs no Python code for these arguments; NULL where it raises.
///
/// # Safety
/// Live objects, with the GIL held.
unsafe fn call_quiet<const N: usize>(callee: Obj, args: [Obj; N]) -> Obj {
    // SAFETY: live objects.
    unsafe { ffi::PyObject_Vectorcall(callee, args.as_ptr(), N, std::ptr::null_mut()) }
}

pub(super) unsafe extern "C" fn call_quiet1(callee: Obj, a: Obj) -> Obj {
    // SAFETY: live objects.
    unsafe { call_quiet(callee, [a]) }
}

pub(super) unsafe extern "C" fn call_quiet2(callee: Obj, a: Obj, b: Obj) -> Obj {
    // SAFETY: live objects.
    unsafe { call_quiet(callee, [a, b]) }
}

pub(super) unsafe extern "C" fn call_quiet3(callee: Obj, a: Obj, b: Obj, c: Obj) -> Obj {
    // SAFETY: live objects.
    unsafe { call_quiet(callee, [a, b, c]) }
}

/// `FORMAT_SIMPLE` and `FORMAT_WITH_SPEC`, Python/bytecodes.c: a str without a specification stays as it is.
pub(super) unsafe extern "C" fn format_new(value: Obj, spec: Obj) -> Obj {
    // SAFETY: a live number or str; a str or NULL.
    unsafe {
        if spec.is_null() && ffi::PyUnicode_CheckExact(value) != 0 {
            return ffi::Py_NewRef(value);
        }
        ffi::PyObject_Format(value, spec)
    }
}

unsafe extern "C" {
    // Include/cpython/unicodeobject.h
    fn _PyUnicode_JoinArray(separator: Obj, items: *const Obj, n: ffi::Py_ssize_t) -> Obj;
}

/// `BUILD_STRING`, Python/bytecodes.c; NULL where there is no memory.
///
/// # Safety
/// Live str, with the GIL held.
unsafe fn join<const N: usize>(parts: [Obj; N]) -> Obj {
    // SAFETY: live str; an empty str joins them.
    unsafe {
        let empty = ffi::PyUnicode_FromStringAndSize(std::ptr::null(), 0);
        if empty.is_null() {
            return empty;
        }
        let joined = _PyUnicode_JoinArray(empty, parts.as_ptr(), N as ffi::Py_ssize_t);
        ffi::Py_DECREF(empty);
        joined
    }
}

pub(super) unsafe extern "C" fn join2(a: Obj, b: Obj) -> Obj {
    // SAFETY: live str.
    unsafe { join([a, b]) }
}

pub(super) unsafe extern "C" fn join3(a: Obj, b: Obj, c: Obj) -> Obj {
    // SAFETY: live str.
    unsafe { join([a, b, c]) }
}

pub(super) unsafe extern "C" fn join4(a: Obj, b: Obj, c: Obj, d: Obj) -> Obj {
    // SAFETY: live str.
    unsafe { join([a, b, c, d]) }
}

pub(super) unsafe extern "C" fn join5(a: Obj, b: Obj, c: Obj, d: Obj, e: Obj) -> Obj {
    // SAFETY: live str.
    unsafe { join([a, b, c, d, e]) }
}

/// `+` of two str: the one where the other is empty.
pub(super) unsafe extern "C" fn str_concat(a: Obj, b: Obj) -> Obj {
    // SAFETY: live str.
    unsafe { ffi::PyUnicode_Concat(a, b) }
}

/// Whether all characters of a str, or all bytes, are ASCII.
///
/// # Safety
/// A live exact str or bytes, with the GIL held.
pub unsafe extern "C" fn is_ascii(text: Obj) -> bool {
    // SAFETY: the caller's promise: bytes have so many; `isascii` of str is C that runs no Python code; an error is cleared.
    unsafe {
        if ffi::PyBytes_CheckExact(text) != 0 {
            let (start, n) = (ffi::PyBytes_AsString(text), ffi::PyBytes_Size(text));
            return std::slice::from_raw_parts(start.cast::<u8>(), n.max(0) as usize).is_ascii();
        }
        let name = ffi::PyUnicode_InternFromString(c"isascii".as_ptr());
        let null = std::ptr::null_mut::<ffi::PyObject>();
        let is = ffi::PyObject_CallMethodObjArgs(text, name, null);
        ffi::Py_XDECREF(name);
        ffi::Py_XDECREF(is);
        ffi::PyErr_Clear();
        is == ffi::Py_True()
    }
}
