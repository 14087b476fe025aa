//! New iterators, as the helpers make them.

use super::scene::incref;
use super::{LIST, LIST_ITER, Object, RANGE_ITER, TUPLE_ITER, object};

pub extern "C" fn range_iter_new(start: i64, step: i64, len: i64) -> *mut Object {
    object(RANGE_ITER, &[start as u64, step as u64, len as u64])
}

pub extern "C" fn list_iter_new(list: *mut Object) -> *mut Object {
    incref(list);
    object(LIST_ITER, &[0, list as u64])
}

pub fn sequence_iter_at(sequence: *mut Object, index: i64) -> *mut Object {
    incref(sequence);
    let of = match unsafe { (*sequence).ty } {
        LIST => LIST_ITER,
        _ => TUPLE_ITER,
    };
    object(of, &[index as u64, sequence as u64])
}

pub extern "C" fn tuple_iter_new(tuple: *mut Object) -> *mut Object {
    incref(tuple);
    object(TUPLE_ITER, &[0, tuple as u64])
}
