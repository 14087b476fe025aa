//! Keys of dicts and sets that are hashed and compared without running Python code.

use super::{VersionTable, instance};
use crate::py::Object;
use pyo3_ffi as ffi;

/// How deep tuples in tuples are looked at, and how many items of one.
const MAX_DEPTH: u32 = 3;
const MAX_ITEMS: ffi::Py_ssize_t = 16;

/// A key that compares without running Python code.
#[derive(Clone, Copy)]
pub enum Key {
    /// An exact str.
    Text(Object),
    /// An int.
    Int(i64),
    /// Another one: see [`is_quiet`].
    Other(Object),
}

/// What a key in a table is to the one that is looked for.
#[derive(PartialEq, Eq)]
pub enum Match {
    /// They are equal.
    Same,
    /// They are not.
    Other,
    /// Only the interpreter can tell.
    Unknown,
}

impl Key {
    /// An object as a key; `None` where that may run Python code.
    pub fn of(o: Object) -> Option<Key> {
        // SAFETY: a live object.
        unsafe {
            if ffi::PyUnicode_CheckExact(o.0) != 0 {
                return Some(Key::Text(o));
            }
            if ffi::PyLong_CheckExact(o.0) != 0 {
                let mut overflow = 0;
                let n = ffi::PyLong_AsLongLongAndOverflow(o.0, &raw mut overflow);
                return Some(match overflow {
                    0 => Key::Int(n),
                    _ => Key::Other(o),
                });
            }
        }
        is_quiet(o, MAX_DEPTH).then_some(Key::Other(o))
    }

    /// Its hash.
    pub fn hash(self, t: &VersionTable) -> Option<ffi::Py_hash_t> {
        match self {
            // SAFETY: an exact str, which keeps its hash once it is asked for.
            Key::Text(o) => unsafe {
                match *o.0.byte_offset(t.str_hash as isize).cast() {
                    -1 => hash_of(o),
                    hash => Some(hash),
                }
            },
            // `long_hash`: modulo the prime 2^61 - 1, and -1 is no hash.
            Key::Int(n) => {
                let rest = (n.unsigned_abs() % ((1 << 61) - 1)) as ffi::Py_hash_t;
                let hash = if n < 0 { -rest } else { rest };
                Some(if hash == -1 { -2 } else { hash })
            }
            Key::Other(o) => hash_of(o),
        }
    }

    /// As it compares with a key of the same hash.
    ///
    /// # Safety
    /// A live object, with the GIL held.
    pub unsafe fn matches(self, known: *mut ffi::PyObject) -> Match {
        // SAFETY: the caller's promise; these compare without running Python code.
        unsafe {
            let is_text = ffi::PyUnicode_CheckExact(known) != 0;
            let is_int = ffi::PyLong_CheckExact(known) != 0;
            let same = match self {
                Key::Text(o) | Key::Other(o) if o.0 == known => true,
                Key::Text(o) if is_text => ffi::PyUnicode_Compare(o.0, known) == 0,
                Key::Int(n) if is_int => {
                    let mut overflow = 0;
                    ffi::PyLong_AsLongLongAndOverflow(known, &raw mut overflow) == n
                        && overflow == 0
                }
                Key::Text(_) if is_int => false,
                Key::Int(_) if is_text => false,
                _ if !is_quiet(Object(known), MAX_DEPTH) => return Match::Unknown,
                Key::Text(_) => false,
                // A bool or a float may be equal to an int.
                Key::Int(n) => {
                    let number = ffi::PyLong_FromLongLong(n);
                    let same = compare(number, known);
                    ffi::Py_XDECREF(number);
                    return same;
                }
                Key::Other(o) => return compare(o.0, known),
            };
            match same {
                true => Match::Same,
                false => Match::Other,
            }
        }
    }
}

/// The hash of an object that gives it without running Python code.
fn hash_of(o: Object) -> Option<ffi::Py_hash_t> {
    // SAFETY: a live object; an error is cleared.
    unsafe {
        let hash = ffi::PyObject_Hash(o.0);
        if hash == -1 {
            ffi::PyErr_Clear();
        }
        Some(hash).filter(|&hash| hash != -1)
    }
}

/// Compares two objects that do so without running Python code. It may fail all the same: the recursion is counted.
///
/// # Safety
/// Two objects, the first perhaps NULL where there is no memory, with the GIL held.
unsafe fn compare(a: *mut ffi::PyObject, b: *mut ffi::PyObject) -> Match {
    // SAFETY: the caller's promise; an error is cleared.
    unsafe {
        let equal = match a.is_null() {
            true => -1,
            false => ffi::PyObject_RichCompareBool(a, b, ffi::Py_EQ),
        };
        match equal {
            1 => Match::Same,
            0 => Match::Other,
            _ => {
                ffi::PyErr_Clear();
                Match::Unknown
            }
        }
    }
}

/// Whether an object is hashed, and compared with others of which this is true, without running Python code: text, numbers,
/// None, tuples of such objects, and what is equal to itself alone.
fn is_quiet(o: Object, depth: u32) -> bool {
    // Not bytes: Python warns of their comparisons where it is told to (`-b`).
    let plain = [
        &raw mut ffi::PyUnicode_Type,
        &raw mut ffi::PyLong_Type,
        &raw mut ffi::PyBool_Type,
        &raw mut ffi::PyFloat_Type,
    ];
    // SAFETY: a live object; an exact tuple has its items.
    unsafe {
        let class = ffi::Py_TYPE(o.0);
        if plain.contains(&class) || o.0 == ffi::Py_None() {
            return true;
        }
        if ffi::PyTuple_CheckExact(o.0) == 0 {
            return instance::is_compared_by_identity(Object(class.cast()));
        }
        let n = ffi::PyTuple_Size(o.0);
        // What C is still filling has no item there.
        let item_is_quiet = |i| {
            let item = ffi::PyTuple_GetItem(o.0, i);
            !item.is_null() && is_quiet(Object(item), depth - 1)
        };
        depth > 0 && n <= MAX_ITEMS && (0..n).all(item_is_quiet)
    }
}

/// Whether an object's death, as a key that a table lets go of, is noticed by nobody.
pub fn dies_unnoticed(o: Object) -> bool {
    o.is_plain() && !o.is_cdata()
}
