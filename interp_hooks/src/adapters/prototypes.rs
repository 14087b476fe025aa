//! Prototypes of ctypes functions: CPython has no watcher for them, so the setters of `argtypes`,
//! `restype` and `errcheck` are wrapped, and tell us before they change anything.
//!
//! A setter is a `getset_descriptor` of the class `_ctypes.CFuncPtr`, which points to its row of
//! a table (`PyGetSetDef`, Include/descrobject.h); the descriptor is given a copy of the row with
//! another setter. The attributes are the only way to change these fields of a function object
//! (`PyCFuncPtr_getsets`, Modules/_ctypes/_ctypes.c).

use super::attr;
use crate::{engine, run};
use pyo3_ffi as ffi;
use std::ffi::{CStr, c_int, c_void};
use std::sync::OnceLock;

/// `PyGetSetDescrObject` (Include/cpython/descrobject.h).
#[repr(C)]
struct Descriptor {
    base: ffi::PyObject,
    class: *mut ffi::PyTypeObject,
    name: *mut ffi::PyObject,
    qualname: *mut ffi::PyObject,
    row: *mut ffi::PyGetSetDef,
}

const NAMES: [&CStr; 3] = [c"argtypes", c"restype", c"errcheck"];

type Setter = unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject, *mut c_void) -> c_int;

/// The wrapped setters, in the order of [`NAMES`].
static ORIGINALS: OnceLock<[Setter; 3]> = OnceLock::new();

unsafe extern "C" fn set<const N: usize>(
    function: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    closure: *mut c_void,
) -> c_int {
    if let Some(e) = engine::get()
        && e.registry.prototype_changes(function)
    {
        run::leave_fallen(e);
    }
    match ORIGINALS.get() {
        // SAFETY: the arguments of the setter that this one stands for.
        Some(all) => unsafe { all[N](function, value, closure) },
        None => -1,
    }
}

/// Wraps the setters of the class; once. Says whether changes are seen from now on.
pub(super) fn watch(class: *mut ffi::PyObject) -> bool {
    static WATCHED: OnceLock<bool> = OnceLock::new();
    *WATCHED.get_or_init(|| wrap(class).is_some())
}

fn wrap(class: *mut ffi::PyObject) -> Option<()> {
    let mut found = Vec::new();
    for name in NAMES {
        let descriptor = attr(class, name)?.as_ptr();
        // SAFETY: the type is checked; the row is proved by its name before it is believed.
        unsafe {
            if ffi::Py_TYPE(descriptor) != &raw mut ffi::PyGetSetDescr_Type {
                return None;
            }
            let descriptor = descriptor.cast::<Descriptor>();
            let row = (*descriptor).row;
            let same_class = (*descriptor).class.cast() == class;
            if !same_class || row.is_null() || CStr::from_ptr((*row).name) != name {
                return None;
            }
            found.push((descriptor, (*row).set?));
        }
    }
    let [argtypes, restype, errcheck] = found.as_slice() else {
        return None;
    };
    ORIGINALS.set([argtypes.1, restype.1, errcheck.1]).ok()?;
    let ours: [Setter; 3] = [set::<0>, set::<1>, set::<2>];
    for ((descriptor, _), setter) in found.into_iter().zip(ours) {
        // SAFETY: a live descriptor, which the class owns for the life of the process; the new
        // row is the old one but for the setter, and lives for ever.
        unsafe {
            let old = &*(*descriptor).row;
            let row = ffi::PyGetSetDef {
                name: old.name,
                get: old.get,
                set: Some(setter),
                doc: old.doc,
                closure: old.closure,
            };
            (*descriptor).row = Box::leak(Box::new(row));
        }
    }
    Some(())
}
