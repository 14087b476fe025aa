//! Looking a key up in a set where that runs no Python code: `Objects/setobject.c`.

use super::VersionTable;
use super::keys::{Key, Match};
use pyo3_ffi as ffi;

/// `LINEAR_PROBES`.
const LINEAR: usize = 9;
/// `PERTURB_SHIFT`.
const PERTURB: u32 = 5;

/// `setentry`, Include/cpython/setobject.h: where a key was removed the hash is -1, which none has.
#[repr(C)]
struct Entry {
    key: *mut ffi::PyObject,
    hash: ffi::Py_hash_t,
}

/// Whether a set has a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// Only the interpreter can tell.
    Unknown,
    /// It has not got it.
    Absent,
    /// It has this one, which is equal.
    Has(*mut ffi::PyObject),
}

/// Whether an exact set has a key.
///
/// # Safety
/// A live exact set and a live key, with the GIL held.
pub unsafe fn find(t: &VersionTable, set: *mut ffi::PyObject, key: Key) -> Found {
    let Some(hash) = key.hash(t) else {
        return Found::Unknown;
    };
    // SAFETY: the caller's promise; the layout was proved at start-up, and a table is never full.
    unsafe {
        let mask = *set.byte_offset(t.set_mask as isize).cast::<usize>();
        let table = *set.byte_offset(t.set_table as isize).cast::<*const Entry>();
        let (mut perturb, mut at) = (hash as usize, hash as usize & mask);
        loop {
            let probes = if at + LINEAR <= mask { LINEAR } else { 0 };
            for entry in (at..=at + probes).map(|n| &*table.add(n)) {
                if entry.hash == 0 && entry.key.is_null() {
                    return Found::Absent;
                }
                if entry.hash == hash {
                    match key.matches(entry.key) {
                        Match::Same => return Found::Has(entry.key),
                        Match::Other => {}
                        Match::Unknown => return Found::Unknown,
                    }
                }
            }
            perturb >>= PERTURB;
            at = at.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb) & mask;
        }
    }
}
