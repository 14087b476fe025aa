//! Looking a key up in a dict where that runs no Python code: `Objects/dictobject.c`.

use super::VersionTable;
use super::keys::{Key, Match};
use pyo3_ffi as ffi;

/// The bits of a dict's version that say who watches it.
const WATCHED: u64 = 0xff;
/// `PERTURB_SHIFT`.
const PERTURB: u32 = 5;
/// `DKIX_EMPTY`; other negative indexes are those of entries that are gone.
const EMPTY: i64 = -1;

/// Where a dict has a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// Only the interpreter can tell, or somebody is told of what happens to the dict.
    Unknown,
    /// It has not got it.
    Absent,
    /// The place of the value.
    At(*mut *mut ffi::PyObject),
}

/// Where a dict, or an instance of a class that is made from it, has a key.
///
/// # Safety
/// A live one and a live key, with the GIL held.
pub unsafe fn find(t: &VersionTable, dict: *mut ffi::PyObject, key: Key) -> Found {
    // SAFETY: the caller's promise; the layout was proved at start-up.
    unsafe {
        let watched = *dict.byte_offset(t.dict_version as isize).cast::<u64>() & WATCHED;
        let keys: *const u8 = *dict.byte_offset(t.dict_keys as isize).cast();
        let kind = *keys.offset(t.keys_kind as isize);
        let Some(hash) = key.hash(t).filter(|_| watched == 0) else {
            return Found::Unknown;
        };
        // The words of an entry: in front of key and value its hash, unless all keys are str.
        let in_front = match kind {
            k if k == t.keys_text => 0,
            k if k == t.keys_general => 1,
            _ => return Found::Unknown,
        };
        // All its keys are exact str.
        if in_front == 0 && !matches!(key, Key::Text(_)) {
            return Found::Absent;
        }
        let size = *keys.offset(t.keys_size as isize);
        let indices = keys.offset(t.keys_indices as isize);
        let bytes = *keys.offset(t.keys_index_bytes as isize);
        let entries = indices.add(1 << bytes).cast::<usize>();
        let mask = (1usize << size) - 1;
        let (mut perturb, mut at) = (hash as usize, hash as usize & mask);
        loop {
            let index = match size {
                0..8 => i64::from(*indices.cast::<i8>().add(at)),
                8..16 => i64::from(*indices.cast::<i16>().add(at)),
                16..32 => i64::from(*indices.cast::<i32>().add(at)),
                _ => *indices.cast::<i64>().add(at),
            };
            if index == EMPTY {
                return Found::Absent;
            }
            if let Ok(index) = usize::try_from(index) {
                let entry = entries.add(index * (2 + in_front));
                let known = *entry.add(in_front) as *mut ffi::PyObject;
                let known_hash = match in_front {
                    0 => *known.byte_offset(t.str_hash as isize).cast(),
                    _ => *entry.cast::<ffi::Py_hash_t>(),
                };
                if known_hash == hash {
                    match key.matches(known) {
                        Match::Same => return Found::At(entry.add(in_front + 1).cast_mut().cast()),
                        Match::Other => {}
                        Match::Unknown => return Found::Unknown,
                    }
                }
            }
            perturb >>= PERTURB;
            at = at.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & mask;
        }
    }
}
