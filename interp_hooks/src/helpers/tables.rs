//! Helpers that look keys up in dicts and sets, where that runs no Python code.

use super::Obj;
use crate::cpython::keys::{self, Key};
use crate::cpython::{dict, set};
use crate::engine;
use crate::py::Object;
use pyo3_ffi as ffi;

/// What a lookup gives where only the interpreter can tell, where there is no such key, and where a set has it.
const UNKNOWN: i64 = 0;
const ABSENT: i64 = 1;
const HAS: i64 = 2;

/// A key as a trace has it.
#[derive(Clone, Copy)]
enum Given {
    /// An object, which is what the table keeps.
    Object(Obj),
    /// A number without one.
    Int(i64),
}

impl Given {
    /// As it compares; `None` where that may run Python code.
    fn key(self) -> Option<Key> {
        match self {
            Given::Object(o) => Key::of(Object(o)),
            Given::Int(n) => Some(Key::Int(n)),
        }
    }

    /// A new reference; NULL where there is no memory.
    fn object(self) -> Obj {
        // SAFETY: a live object; the GIL is held.
        unsafe {
            match self {
                Given::Object(o) => ffi::Py_NewRef(o),
                Given::Int(n) => ffi::PyLong_FromLongLong(n),
            }
        }
    }
}

/// Does something with the object of a key that changes nothing where it fails; then the interpreter does it, and fails likewise.
///
/// # Safety
/// The GIL is held; `change` is given a live object, and leaves all as it was where it gives false.
unsafe fn with_object(key: Given, change: impl FnOnce(Obj) -> bool) -> bool {
    // SAFETY: the object is ours; an error is cleared.
    unsafe {
        let object = key.object();
        let done = !object.is_null() && change(object);
        ffi::Py_XDECREF(object);
        if !done {
            ffi::PyErr_Clear();
        }
        done
    }
}

/// Looks a key up for a trace.
///
/// # Safety
/// A live dict and key, with the GIL held.
unsafe fn place_of(dict: Obj, key: Given, any: i64) -> usize {
    let (Some(e), Some(key)) = (engine::get(), key.key()) else {
        return UNKNOWN as usize;
    };
    // SAFETY: the caller's promise.
    unsafe {
        match dict::find(e.table, dict, key) {
            dict::Found::Unknown => UNKNOWN as usize,
            dict::Found::Absent => ABSENT as usize,
            dict::Found::At(place) => {
                // `MAINTAIN_TRACKING`, Objects/dictobject.c
                if any != 0 && ffi::PyObject_GC_IsTracked(dict) == 0 {
                    ffi::PyObject_GC_Track(dict.cast());
                }
                place as usize
            }
        }
    }
}

pub(super) unsafe extern "C" fn dict_find(dict: Obj, key: Obj, any: i64) -> usize {
    // SAFETY: a live dict and key.
    unsafe { place_of(dict, Given::Object(key), any) }
}

pub(super) unsafe extern "C" fn dict_find_int(dict: Obj, key: i64, any: i64) -> usize {
    // SAFETY: a live dict.
    unsafe { place_of(dict, Given::Int(key), any) }
}

/// Stores under a key; false where the interpreter has to do it.
///
/// # Safety
/// A live dict, key and value, with the GIL held.
unsafe fn store(dict: Obj, given: Given, value: Obj, writes_over: bool) -> bool {
    let (Some(e), Some(key)) = (engine::get(), given.key()) else {
        return false;
    };
    // SAFETY: the caller's promise.
    unsafe {
        match dict::find(e.table, dict, key) {
            dict::Found::Unknown => return false,
            dict::Found::At(place) if !writes_over || !keys::dies_unnoticed(Object(*place)) => {
                return false;
            }
            _ => {}
        }
        with_object(given, |key| ffi::PyDict_SetItem(dict, key, value) == 0)
    }
}

pub(super) unsafe extern "C" fn dict_set(dict: Obj, key: Obj, value: Obj) -> bool {
    // SAFETY: live objects.
    unsafe { store(dict, Given::Object(key), value, true) }
}

pub(super) unsafe extern "C" fn dict_set_int(dict: Obj, key: i64, value: Obj) -> bool {
    // SAFETY: live objects.
    unsafe { store(dict, Given::Int(key), value, true) }
}

pub(super) unsafe extern "C" fn dict_add(dict: Obj, key: Obj, value: Obj) -> bool {
    // SAFETY: live objects.
    unsafe { store(dict, Given::Object(key), value, false) }
}

/// Whether a set has a key, as a trace has it.
///
/// # Safety
/// A live exact set and key, with the GIL held.
unsafe fn find(set: Obj, key: Given) -> (i64, Obj) {
    let null = std::ptr::null_mut();
    let (Some(e), Some(key)) = (engine::get(), key.key()) else {
        return (UNKNOWN, null);
    };
    // SAFETY: the caller's promise.
    match unsafe { set::find(e.table, set, key) } {
        set::Found::Unknown => (UNKNOWN, null),
        set::Found::Absent => (ABSENT, null),
        set::Found::Has(known) => (HAS, known),
    }
}

pub(super) unsafe extern "C" fn set_find(set: Obj, key: Obj) -> i64 {
    // SAFETY: an exact set and a live key.
    unsafe { find(set, Given::Object(key)).0 }
}

pub(super) unsafe extern "C" fn set_find_int(set: Obj, key: i64) -> i64 {
    // SAFETY: an exact set.
    unsafe { find(set, Given::Int(key)).0 }
}

/// Adds a key to a set; false where the interpreter has to do it.
///
/// # Safety
/// A live exact set and key, with the GIL held.
unsafe fn put(set: Obj, key: Given) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        match find(set, key).0 {
            UNKNOWN => false,
            ABSENT => with_object(key, |key| ffi::PySet_Add(set, key) == 0),
            _ => true,
        }
    }
}

pub(super) unsafe extern "C" fn set_put(set: Obj, key: Obj) -> bool {
    // SAFETY: an exact set and a live key.
    unsafe { put(set, Given::Object(key)) }
}

pub(super) unsafe extern "C" fn set_put_int(set: Obj, key: i64) -> bool {
    // SAFETY: an exact set.
    unsafe { put(set, Given::Int(key)) }
}

/// Removes a key from a set, as a trace has it.
///
/// # Safety
/// A live exact set and key, with the GIL held.
unsafe fn take(set: Obj, key: Given) -> i64 {
    // SAFETY: the caller's promise.
    unsafe {
        let (found, known) = find(set, key);
        if found != HAS {
            return found;
        }
        // What it let go of might run Python code when it dies.
        if ffi::Py_REFCNT(known) == 1 && !keys::dies_unnoticed(Object(known)) {
            return UNKNOWN;
        }
        if ffi::PySet_Discard(set, known) != 1 {
            ffi::PyErr_Clear();
            return UNKNOWN;
        }
    }
    HAS
}

pub(super) unsafe extern "C" fn set_take(set: Obj, key: Obj) -> i64 {
    // SAFETY: an exact set and a live key.
    unsafe { take(set, Given::Object(key)) }
}

pub(super) unsafe extern "C" fn set_take_int(set: Obj, key: i64) -> i64 {
    // SAFETY: an exact set.
    unsafe { take(set, Given::Int(key)) }
}

pub(super) unsafe extern "C" fn key_is_quiet(key: Obj) -> bool {
    Key::of(Object(key)).is_some()
}

/// A set of borrowed items, which are hashed and compared without running Python code; NULL where it raises.
///
/// # Safety
/// Live objects, with the GIL held.
unsafe fn set_of<const N: usize>(items: [Obj; N]) -> Obj {
    // SAFETY: live objects.
    unsafe {
        let set = ffi::PySet_New(std::ptr::null_mut());
        if set.is_null() {
            return set;
        }
        for item in items {
            if ffi::PySet_Add(set, item) != 0 {
                ffi::Py_DECREF(set);
                return std::ptr::null_mut();
            }
        }
        set
    }
}

pub(super) unsafe extern "C" fn set0() -> Obj {
    // SAFETY: the GIL is held.
    unsafe { set_of([]) }
}

pub(super) unsafe extern "C" fn set1(a: Obj) -> Obj {
    // SAFETY: borrowed items.
    unsafe { set_of([a]) }
}

pub(super) unsafe extern "C" fn set2(a: Obj, b: Obj) -> Obj {
    // SAFETY: borrowed items.
    unsafe { set_of([a, b]) }
}

pub(super) unsafe extern "C" fn set3(a: Obj, b: Obj, c: Obj) -> Obj {
    // SAFETY: borrowed items.
    unsafe { set_of([a, b, c]) }
}
