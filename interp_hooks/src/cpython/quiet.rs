//! Iterators in C whose next item takes no Python code, as long as they let go of nothing whose death is noticed: those of
//! dicts, sets and texts. Where their fields lie is one for all versions; it is proved on known objects when the first is met.

use super::selfcheck::eval;
use crate::py::Object;
use pyo3_ffi as ffi;
use std::ffi::CStr;
use std::sync::OnceLock;

/// Where an iterator keeps what it goes over, which it lets go of at its end, and the pair that it gives again and again
/// (0: it has none).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// The offset of what it goes over; NULL behind its end.
    pub source: i64,
    /// The offset of the pair.
    pub pair: i64,
}

/// The types by name, each with an iterator and its source. `dictiterobject` in Objects/dictobject.c, `setiterobject` in
/// Objects/setobject.c, `unicodeiterobject` in Objects/unicodeobject.c, `striterobject` in Objects/bytesobject.c,
/// `bytesarrayiterobject` in Objects/bytearrayobject.c.
const KNOWN: [(&str, Layout, &CStr); 8] = [
    (
        "dict_keyiterator",
        layout(16, 0),
        c"[(iter(d), d) for d in [{1: 2}]][0]",
    ),
    (
        "dict_valueiterator",
        layout(16, 0),
        c"[(iter(d.values()), d) for d in [{1: 2}]][0]",
    ),
    (
        "dict_itemiterator",
        layout(16, 40),
        c"[(iter(d.items()), d) for d in [{1: 2}]][0]",
    ),
    (
        "set_iterator",
        layout(16, 0),
        c"[(iter(s), s) for s in [{1, 2}]][0]",
    ),
    (
        "str_iterator",
        layout(24, 0),
        c"[(iter(s), s) for s in ['\\u0416' * 9]][0]",
    ),
    (
        "str_ascii_iterator",
        layout(24, 0),
        c"[(iter(s), s) for s in ['some text']][0]",
    ),
    (
        "bytes_iterator",
        layout(24, 0),
        c"[(iter(s), s) for s in [b'some bytes']][0]",
    ),
    (
        "bytearray_iterator",
        layout(24, 0),
        c"[(iter(s), s) for s in [bytearray(9)]][0]",
    ),
];

const fn layout(source: i64, pair: i64) -> Layout {
    Layout { source, pair }
}

/// The layout of an iterator, where it is one of these and lies as it should.
pub fn of(it: Object) -> Option<Layout> {
    static PROVED: OnceLock<Vec<(usize, Layout)>> = OnceLock::new();
    let ty = it.type_object().0 as usize;
    let proved = PROVED.get_or_init(|| KNOWN.iter().filter_map(prove).collect());
    let found = proved.iter().find(|known| known.0 == ty);
    found.map(|known| known.1)
}

/// The type of a known iterator, and its layout, where that is as it should be.
fn prove((name, layout, text): &(&str, Layout, &CStr)) -> Option<(usize, Layout)> {
    // SAFETY: the GIL is held; the objects are alive, and iterators in C have six words at least where they have a pair.
    unsafe {
        let made = eval(text)?;
        let parts = Object(made.as_ptr()).tuple_items()?;
        let &[it, source] = parts.as_slice() else {
            return None;
        };
        let has_pair = layout.pair == 0 || ffi::PyTuple_CheckExact(word(it, layout.pair)) != 0;
        let is_it = it.type_object().type_name() == *name
            && word(it, layout.source) == source.0
            && has_pair;
        is_it.then_some((it.type_object().0 as usize, *layout))
    }
}

/// # Safety
/// A live iterator of such a layout.
unsafe fn word(it: Object, offset: i64) -> *mut ffi::PyObject {
    // SAFETY: the caller's promise.
    unsafe {
        *it.0
            .byte_offset(offset as isize)
            .cast::<*mut ffi::PyObject>()
    }
}

/// Whether its next item is made without anything dying that somebody could notice.
///
/// # Safety
/// A live iterator of this layout, with the GIL held.
pub unsafe fn is_quiet(it: Object, layout: Layout) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let source = word(it, layout.source);
        if source.is_null() {
            return true;
        }
        if ffi::Py_REFCNT(source) <= 1 {
            return false;
        }
        if layout.pair == 0 {
            return true;
        }
        let pair = word(it, layout.pair);
        if ffi::Py_REFCNT(pair) != 1 {
            // Somebody has it: another one is made.
            return true;
        }
        let (a, b) = (ffi::PyTuple_GetItem(pair, 0), ffi::PyTuple_GetItem(pair, 1));
        let owners = if a == b { 2 } else { 1 };
        let lives = |o| ffi::Py_REFCNT(o) > owners || dies_plainly(Object(o));
        lives(a) && lives(b)
    }
}

/// Whether nobody notices the death of an object. A cdata may have weak references.
fn dies_plainly(o: Object) -> bool {
    o.is_plain() && !o.is_cdata()
}
