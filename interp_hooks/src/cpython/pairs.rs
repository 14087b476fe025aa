//! `enumerate`, `zip` and `reversed`: their types, and where their fields lie. The layout is one for all versions;
//! it is proved on known objects when the first is met.

use super::selfcheck::eval;
use crate::py::{Object, Strong};
use pyo3_ffi as ffi;
use std::ffi::CStr;
use std::sync::OnceLock;

unsafe extern "C" {
    // Include/enumobject.h, Include/listobject.h, Include/bltinmodule.h; not in the limited API.
    static mut PyEnum_Type: ffi::PyTypeObject;
    static mut PyReversed_Type: ffi::PyTypeObject;
    static mut PyListRevIter_Type: ffi::PyTypeObject;
    static mut PyZip_Type: ffi::PyTypeObject;
}

/// What gives items one after the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `enumerate`.
    Enumerate,
    /// `zip`.
    Zip,
    /// `reversed` of a list.
    ReversedList,
    /// `reversed` of a tuple, or of something else.
    Reversed,
}

/// `en_index`, `tuplesize`; of `reversed`, the index of the next item.
pub const NUMBER: i32 = 16;
/// `en_sit`, `ittuple`; of `reversed`, the sequence.
pub const SOURCE: i32 = 24;
/// `en_result`, `result`: the tuple that is given again and again.
pub const RESULT: i32 = 32;

/// What an object is, where it is one of these and their layout is as it should be.
pub fn kind(o: Object) -> Option<Kind> {
    let ty = o.type_object().0;
    let types = [
        ((&raw mut PyEnum_Type).cast(), Kind::Enumerate),
        ((&raw mut PyZip_Type).cast(), Kind::Zip),
        ((&raw mut PyListRevIter_Type).cast(), Kind::ReversedList),
        ((&raw mut PyReversed_Type).cast(), Kind::Reversed),
    ];
    let found = types.into_iter().find(|known| known.0 == ty)?.1;
    static PROVED: OnceLock<bool> = OnceLock::new();
    // SAFETY: the GIL is held.
    PROVED
        .get_or_init(|| unsafe { is_proved() })
        .then_some(found)
}

/// Whether the type at an address is that of `enumerate`, which has one iterator, or of `zip`, which has a tuple of them.
pub fn has_sources(ty: usize, one: bool) -> bool {
    let known: *mut ffi::PyObject = match one {
        true => (&raw mut PyEnum_Type).cast(),
        false => (&raw mut PyZip_Type).cast(),
    };
    known as usize == ty
}

/// An iterator that an `enumerate` or `zip` takes its items from.
pub fn source(o: Object, n: usize) -> Option<Object> {
    let of = kind(o)?;
    let held = held(o, SOURCE);
    match of {
        Kind::Enumerate => Some(held).filter(|_| n == 0),
        Kind::Zip => {
            // SAFETY: what a `zip` holds; a tuple, whose size is asked for.
            let has = unsafe {
                ffi::PyTuple_CheckExact(held.0) != 0 && (n as isize) < ffi::PyTuple_Size(held.0)
            };
            has.then(|| held.sequence_item(n as isize))
        }
        _ => None,
    }
}

/// The number in an object of one of these kinds.
pub fn number(o: Object) -> i64 {
    word(o, NUMBER) as i64
}

/// The object, or NULL, that an object of one of these kinds holds there.
pub fn held(o: Object, offset: i32) -> Object {
    Object(word(o, offset) as *mut ffi::PyObject)
}

fn word(o: Object, offset: i32) -> u64 {
    // SAFETY: a live object of one of these kinds, which has three words behind its header; a `reversed` is asked for
    // the first two.
    unsafe { *o.0.cast::<u8>().offset(offset as isize).cast::<u64>() }
}

/// Whether known objects have their parts where they should be.
///
/// # Safety
/// The GIL is held.
unsafe fn is_proved() -> bool {
    // SAFETY: the caller's promise; the objects are alive.
    unsafe {
        let part = |text: &CStr, check: &dyn Fn(Object, Object) -> bool| {
            let pair = eval(text);
            pair.is_some_and(
                |pair| match Object(pair.as_ptr()).tuple_items().as_deref() {
                    Some(&[iterator, source]) => check(iterator, source),
                    _ => false,
                },
            )
        };
        let gives = |iterator: Object| Strong::from_new(ffi::PyIter_Next(iterator.0));
        let gives_result = |iterator: Object| {
            gives(iterator).is_some_and(|given| word(iterator, RESULT) == given.as_ptr() as u64)
        };
        let enumerates = |iterator: Object, source: Object| {
            gives_result(iterator)
                && word(iterator, NUMBER) == 6
                && word(iterator, SOURCE) == source.0 as u64
        };
        let zips = |iterator: Object, source: Object| {
            let sources = held(iterator, SOURCE);
            gives_result(iterator)
                && word(iterator, NUMBER) == 1
                && (sources.0 as usize).is_multiple_of(8)
                && sources
                    .tuple_items()
                    .is_some_and(|items| matches!(items.as_slice(), &[item] if item.0 == source.0))
        };
        let reverses = |iterator: Object, source: Object| {
            gives(iterator).is_some()
                && word(iterator, NUMBER) == 1
                && word(iterator, SOURCE) == source.0 as u64
        };
        part(
            c"[(enumerate(i, 5), i) for i in [iter([7, 8])]][0]",
            &enumerates,
        ) && part(c"[(zip(i), i) for i in [iter([7, 8])]][0]", &zips)
            && part(c"[(reversed(s), s) for s in [[7, 8, 9]]][0]", &reverses)
            && part(c"[(reversed(s), s) for s in [(7, 8, 9)]][0]", &reverses)
    }
}
