//! Helpers that make iterators.

use super::{Obj, args};
use crate::engine;
use pyo3_ffi as ffi;
use traces::Field;

/// What `iter(range(...))` gives where all its numbers fit in a C long (`fast_range_iter`,
/// `Objects/rangeobject.c`).
pub(super) unsafe extern "C" fn range_iter_new(start: i64, step: i64, len: i64) -> Obj {
    // SAFETY: the GIL is held; the type has no members but the three numbers, which lie at these offsets.
    unsafe {
        let iterator = ffi::PyObject_New::<ffi::PyObject>(&raw mut ffi::PyRangeIter_Type);
        if iterator.is_null() {
            return iterator;
        }
        for (field, n) in [
            (Field::RangeIterStart, start),
            (Field::RangeIterStep, step),
            (Field::RangeIterLen, len),
        ] {
            let place = iterator
                .byte_offset(engine::field_offset(field) as isize)
                .cast::<i64>();
            place.write(n);
        }
        iterator
    }
}

pub(super) unsafe extern "C" fn sequence_iter_new(sequence: Obj) -> Obj {
    // SAFETY: an exact list or tuple.
    unsafe { ffi::PyObject_GetIter(sequence) }
}

/// An iterator over an exact list or tuple that has come to this index; NULL where there is no memory.
pub(super) unsafe fn sequence_iter_at(sequence: Obj, index: i64) -> Obj {
    // SAFETY: an exact list or tuple, whose iterators have their index at the same place, and the new one is ours.
    unsafe {
        let iterator = ffi::PyObject_GetIter(sequence);
        if !iterator.is_null() {
            let place = engine::field_offset(Field::ListIterIndex) as isize;
            iterator.byte_offset(place).cast::<i64>().write(index);
        }
        iterator
    }
}

pub(super) unsafe extern "C" fn get_iter(argv: *const Obj, argc: usize, _x: i64) -> Obj {
    // SAFETY: one owned argument.
    unsafe { ffi::PyObject_GetIter(args(argv, argc).get(0)) }
}
