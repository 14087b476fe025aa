//! Functions in Python, and what they take.

use super::VersionTable;
use crate::py::{Object, Strong};
use pyo3_ffi as ffi;
use std::ffi::CStr;

unsafe extern "C" {
    // Include/cpython/funcobject.h; not in the limited API. The results are borrowed.
    static mut PyFunction_Type: ffi::PyTypeObject;
    fn PyFunction_GetCode(function: *mut ffi::PyObject) -> *mut ffi::PyObject;
    fn PyFunction_GetDefaults(function: *mut ffi::PyObject) -> *mut ffi::PyObject;
    fn PyFunction_GetKwDefaults(function: *mut ffi::PyObject) -> *mut ffi::PyObject;
    fn PyFunction_GetClosure(function: *mut ffi::PyObject) -> *mut ffi::PyObject;
}

// Include/cpython/code.h
const OPTIMIZED_NEW_LOCALS: i64 = 3;
/// `*args`.
const REST: i64 = 0x4;
/// `**kwargs`.
const REST_BY_NAME: i64 = 0x8;
/// What gives a generator or a coroutine.
const UNUSUAL: i64 = 0x20 | 0x80 | 0x100 | 0x200;

/// What a function takes.
pub struct Signature {
    /// The code object, which the function keeps alive.
    pub code: Object,
    /// The names of the parameters: positional ones, then those by keyword only.
    pub names: Vec<Object>,
    /// How many may be given by position.
    pub positional: usize,
    /// How many may not be given by name.
    pub positional_only: usize,
    /// Whether a tuple takes the positional arguments that are left: the parameter behind those.
    pub rest: bool,
    /// Whether a dict takes the named arguments that are left: the last parameter.
    pub rest_by_name: bool,
    /// The default values of the last positional ones.
    pub defaults: Vec<Object>,
    /// The default values of those by keyword only.
    pub keyword_defaults: Option<Object>,
}

/// Whether an object is a function in Python.
pub fn is_function(o: Object) -> bool {
    o.type_object().0 == (&raw mut PyFunction_Type).cast()
}

unsafe extern "C" {
    // Include/cpython/funcobject.h
    static mut PyStaticMethod_Type: ffi::PyTypeObject;
    static mut PyClassMethod_Type: ffi::PyTypeObject;
}

/// Whether an object is a `staticmethod`.
pub fn is_static(o: Object) -> bool {
    o.type_object().0 == (&raw mut PyStaticMethod_Type).cast()
}

/// Whether an object is a `classmethod`.
pub fn is_of_class(o: Object) -> bool {
    o.type_object().0 == (&raw mut PyClassMethod_Type).cast()
}

/// What a `staticmethod` or `classmethod` is made of, which it keeps alive.
pub fn wrapped(method: Object) -> Option<Object> {
    // SAFETY: an exact one of the two, whose `__func__` is a member; an error is cleared.
    unsafe {
        let found = Strong::from_new(ffi::PyObject_GetAttrString(method.0, c"__func__".as_ptr()));
        ffi::PyErr_Clear();
        found.map(|found| Object(found.as_ptr()))
    }
}

/// The function that a property calls to write it.
pub fn setter(property: Object) -> Option<Object> {
    accessor(property, c"fset")
}

fn number(code: Object, name: &CStr) -> Option<i64> {
    // SAFETY: a live code object, whose members are ints; an error is cleared.
    unsafe {
        let value = Strong::from_new(ffi::PyObject_GetAttrString(code.0, name.as_ptr()));
        let n = value.map(|value| ffi::PyLong_AsLongLong(value.as_ptr()));
        ffi::PyErr_Clear();
        n
    }
}

/// What a function takes, where it runs in a frame like the one of a loop: it gives no generator, takes as many
/// arguments as it has parameters, and shares none of its own variables.
pub fn signature(function: Object) -> Option<Signature> {
    if !is_function(function) {
        return None;
    }
    // SAFETY: a function; the results are borrowed.
    let (code, defaults, keyword_defaults) = unsafe {
        (
            Object(PyFunction_GetCode(function.0)),
            Object(PyFunction_GetDefaults(function.0)),
            Object(PyFunction_GetKwDefaults(function.0)),
        )
    };
    let count = |name| usize::try_from(number(code, name)?).ok();
    let flags = number(code, c"co_flags")?;
    let (positional, only) = (count(c"co_argcount")?, count(c"co_kwonlyargcount")?);
    let plain = flags & OPTIMIZED_NEW_LOCALS == OPTIMIZED_NEW_LOCALS && flags & UNUSUAL == 0;
    // SAFETY: as above.
    let shared = unsafe { ffi::PyObject_GetAttrString(code.0, c"co_cellvars".as_ptr()) };
    let shared = Object(Strong::from_new(shared)?.as_ptr()).tuple_items()?;
    if !plain || !shared.is_empty() {
        return None;
    }
    // SAFETY: as above; the names live as long as the code object.
    let names = unsafe { ffi::PyObject_GetAttrString(code.0, c"co_varnames".as_ptr()) };
    let names = Strong::from_new(names)?;
    // The tuple stays with the code object from now on. The collector would untrack it sooner or later, as it holds only `str`; until
    // then whoever counts the objects that are tracked would find one more.
    // SAFETY: a tuple is tracked or not, and may be either.
    unsafe { ffi::PyObject_GC_UnTrack(names.as_ptr().cast()) };
    let mut names = Object(names.as_ptr()).tuple_items()?;
    names.truncate(positional + only);
    let defaults = match defaults.is_null() {
        true => Vec::new(),
        false => defaults.tuple_items()?,
    };
    if defaults.len() > positional || names.len() < positional + only {
        return None;
    }
    Some(Signature {
        code,
        names,
        positional,
        rest: flags & REST != 0,
        rest_by_name: flags & REST_BY_NAME != 0,
        positional_only: count(c"co_posonlyargcount")?,
        defaults,
        keyword_defaults: Some(keyword_defaults).filter(|dict| dict.is_exact_dict()),
    })
}

/// The cells of the variables that a function shares with others.
pub fn cells(function: Object) -> Vec<Object> {
    // SAFETY: a function; the result is borrowed.
    let cells = Object(unsafe { PyFunction_GetClosure(function.0) });
    match cells.is_null() {
        true => Vec::new(),
        false => cells.tuple_items().unwrap_or_default(),
    }
}

/// The globals of a function.
pub fn globals(t: &VersionTable, function: Object) -> Object {
    word(function, t.function_globals)
}

/// The builtins of a function.
pub fn builtins(t: &VersionTable, function: Object) -> Object {
    word(function, t.function_builtins)
}

fn word(function: Object, offset: i32) -> Object {
    // SAFETY: a function, by the table that was proved.
    Object(unsafe { *function.0.cast::<u8>().offset(offset as isize).cast() })
}

/// The function that a property calls to read it.
pub fn getter(property: Object) -> Option<Object> {
    accessor(property, c"fget")
}

fn accessor(property: Object, name: &CStr) -> Option<Object> {
    // SAFETY: the property keeps its functions alive; both names are members, an error is cleared.
    unsafe {
        if property.type_object().0 != (&raw mut ffi::PyProperty_Type).cast() {
            return None;
        }
        let found = Strong::from_new(ffi::PyObject_GetAttrString(property.0, name.as_ptr()));
        ffi::PyErr_Clear();
        found.map(|found| Object(found.as_ptr()))
    }
}
