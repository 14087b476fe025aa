//! Objects of the interpreter as the recorder and the runtime see them: questions that can be
//! answered by looking, without running Python code.

use crate::cpython::function;
use crate::{adapters, engine};
use pyo3_ffi as ffi;
use std::ffi::CStr;
use traces::{Death, Known};

/// A borrowed pointer to a Python object, perhaps NULL. Its owner (a frame, a container, the
/// trace) keeps it alive while the recorder looks at it with the GIL held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Object(pub *mut ffi::PyObject);

/// A strong reference.
pub struct Strong(*mut ffi::PyObject);

impl Strong {
    /// The object.
    pub fn as_ptr(&self) -> *mut ffi::PyObject {
        self.0
    }

    /// Gives the reference away.
    pub fn into_raw(self) -> *mut ffi::PyObject {
        std::mem::ManuallyDrop::new(self).0
    }

    /// Takes over a new reference; `None` for NULL.
    pub fn from_new(p: *mut ffi::PyObject) -> Option<Strong> {
        (!p.is_null()).then_some(Strong(p))
    }
}

impl Clone for Strong {
    fn clone(&self) -> Strong {
        // SAFETY: a live object; constants of traces are cloned with the GIL held.
        unsafe { ffi::Py_IncRef(self.0) };
        Strong(self.0)
    }
}

impl Drop for Strong {
    fn drop(&mut self) {
        // SAFETY: the reference is ours; constants of traces are dropped with the GIL held.
        unsafe { ffi::Py_DecRef(self.0) }
    }
}

/// What an object is, as far as arithmetic goes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    /// An exact int that fits in `i64`.
    Int(i64),
    /// An exact int in 2^63..2^64.
    Uint(u64),
    /// An exact float.
    Float(f64),
    /// `True` or `False`.
    Bool(bool),
    /// `None`.
    None,
    /// Anything else.
    Other,
}

impl Kind {
    /// Whether it is an int, float or bool with an unboxed form.
    pub fn is_number(self) -> bool {
        matches!(
            self,
            Kind::Int(_) | Kind::Uint(_) | Kind::Float(_) | Kind::Bool(_)
        )
    }

    /// Whether it is one of None, True and False.
    pub fn is_singleton(self) -> bool {
        matches!(self, Kind::None | Kind::Bool(_))
    }
}

/// The address of an object that the IR knows (0 for NULL, and for a type that is not loaded).
pub fn known_address(k: Known) -> *mut ffi::PyObject {
    engine::known_address(k)
}

/// Whether a known object is a type.
pub fn is_type(k: Known) -> bool {
    !matches!(k, Known::Null | Known::None | Known::True | Known::False)
}

impl Object {
    /// Whether it is NULL.
    pub fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// A strong reference to it.
    pub fn strong(self) -> Strong {
        // SAFETY: the object is alive.
        unsafe { ffi::Py_IncRef(self.0) };
        Strong(self.0)
    }

    /// A weak reference to it, where its type allows one.
    pub fn weak(self) -> Option<Strong> {
        // SAFETY: the object is alive; an error is cleared.
        unsafe {
            let weak = Strong::from_new(ffi::PyWeakref_NewRef(self.0, std::ptr::null_mut()));
            if weak.is_none() {
                ffi::PyErr_Clear();
            }
            weak
        }
    }

    /// Its type.
    pub fn type_object(self) -> Object {
        if self.is_null() {
            return self;
        }
        // SAFETY: the object is alive.
        Object(unsafe { ffi::Py_TYPE(self.0) }.cast())
    }

    /// Whether its type is exactly this one.
    pub fn is_exactly(self, ty: Known) -> bool {
        !self.is_null() && self.type_object().0 == known_address(ty)
    }

    /// What it is as a number.
    pub fn kind(self) -> Kind {
        if self.is_null() {
            return Kind::Other;
        }
        if self.0 == known_address(Known::None) {
            return Kind::None;
        }
        if self.is_exactly(Known::Bool) {
            return Kind::Bool(self.0 == known_address(Known::True));
        }
        if self.is_exactly(Known::Float) {
            // SAFETY: an exact float.
            return Kind::Float(unsafe { ffi::PyFloat_AsDouble(self.0) });
        }
        if self.is_exactly(Known::Int) {
            return int_kind(self.0);
        }
        Kind::Other
    }

    /// What follows when it dies, as things stand: a cffi cdata with weak references is noticed.
    pub fn death(self) -> Death {
        let ty = self.type_object().0;
        let known = Known::ALL
            .iter()
            .find(|&&k| !ty.is_null() && is_type(k) && known_address(k) == ty);
        match known {
            Some(Known::CData | Known::CDataOwn)
                if self.field_i64(traces::Field::CDataWeak) != 0 =>
            {
                Death::Noticed
            }
            // The struct that an owning pointer keeps has its own weak references, or its own allocator.
            Some(Known::CDataOwn) => match crate::adapters::kept_struct(self) {
                Some(kept) if !kept.is_exactly(Known::CDataOwn) => Death::Noticed,
                Some(kept) => kept.death(),
                None => Known::CDataOwn.death(),
            },
            Some(known) => known.death(),
            None => Death::Noticed,
        }
    }

    /// Whether nobody can notice when it dies.
    pub fn is_plain(self) -> bool {
        self.death() == Death::Plain
    }

    /// Whether it is a cffi cdata that may have weak references.
    pub fn is_cdata(self) -> bool {
        self.is_exactly(Known::CData) || self.is_exactly(Known::CDataOwn)
    }

    /// Whether it is a type.
    pub fn is_type(self) -> bool {
        // SAFETY: the object is alive.
        !self.is_null() && unsafe { ffi::PyType_Check(self.0) } != 0
    }

    /// The length of a bytes or str.
    pub fn length(self) -> Option<isize> {
        // SAFETY: the exact type is checked.
        unsafe {
            if self.is_exactly(Known::Bytes) {
                Some(ffi::PyBytes_Size(self.0))
            } else if self.is_exactly(Known::Str) {
                Some(ffi::PyUnicode_GetLength(self.0))
            } else {
                None
            }
        }
    }

    /// The byte or code point of an exact bytes or str of length 1.
    pub fn character(self) -> Option<u32> {
        if self.length() != Some(1) {
            return None;
        }
        // SAFETY: an exact bytes or str, which has an item.
        unsafe {
            if self.is_exactly(Known::Bytes) {
                Some(u32::from(*ffi::PyBytes_AsString(self.0).cast::<u8>()))
            } else {
                Some(ffi::PyUnicode_ReadChar(self.0, 0))
            }
        }
    }

    /// The reference count.
    pub fn refcount(self) -> isize {
        // SAFETY: the object is alive.
        unsafe { ffi::Py_REFCNT(self.0) as isize }
    }

    /// Whether it is a dict, and no subclass.
    pub fn is_exact_dict(self) -> bool {
        // SAFETY: the object is alive.
        !self.is_null() && unsafe { ffi::PyDict_CheckExact(self.0) } != 0
    }

    /// The value of a str key of an exact dict.
    pub fn dict_get(self, key: Object) -> Option<Object> {
        // SAFETY: an exact dict and a str, whose hash and comparison run no Python code.
        let v = unsafe { ffi::PyDict_GetItemWithError(self.0, key.0) };
        if v.is_null() {
            // SAFETY: clears the error, if there was one.
            unsafe { ffi::PyErr_Clear() };
            return None;
        }
        Some(Object(v))
    }

    /// The text of a str; empty where it is not one.
    pub fn text(self) -> String {
        let mut len = 0;
        // SAFETY: checked to be a str; the buffer lives as long as the object.
        unsafe {
            if self.is_null() || ffi::PyUnicode_Check(self.0) == 0 {
                return String::new();
            }
            let p = ffi::PyUnicode_AsUTF8AndSize(self.0, &mut len);
            if p.is_null() {
                ffi::PyErr_Clear();
                return String::new();
            }
            let bytes = std::slice::from_raw_parts(p.cast::<u8>(), len.max(0) as usize);
            String::from_utf8_lossy(bytes).into_owned()
        }
    }

    /// For a type: its name.
    pub fn type_name(self) -> String {
        if self.is_null() {
            return "NULL".to_string();
        }
        // SAFETY: a type object, as the callers promise by asking for `type_object()` first.
        unsafe {
            let name = ffi::PyType_GetName(self.0.cast());
            match Strong::from_new(name) {
                Some(n) => Object(n.as_ptr()).text(),
                None => {
                    ffi::PyErr_Clear();
                    "?".to_string()
                }
            }
        }
    }

    /// A str attribute, for reports; empty where there is none.
    pub fn attr_text(self, name: &CStr) -> String {
        // SAFETY: the object is alive; an error is cleared.
        unsafe {
            match Strong::from_new(ffi::PyObject_GetAttrString(self.0, name.as_ptr())) {
                Some(v) => Object(v.as_ptr()).text(),
                None => {
                    ffi::PyErr_Clear();
                    String::new()
                }
            }
        }
    }

    /// The name of a callable, with its class where it has one, for people.
    pub fn callable_title(self) -> String {
        if self.is_of(&raw mut ffi::PyCFunction_Type) {
            // What its `__qualname__` asks is its owner's metaclass, which may be anybody's.
            return match self.owner_of_built_in() {
                Some(owner) => format!("{}.{}", owner.type_name(), self.callable_name()),
                None => self.callable_name(),
            };
        }
        match self.has_name() && !adapters::is_foreign(self.0) {
            true => self.attr_text(c"__qualname__"),
            false => self.callable_name(),
        }
    }

    /// The name of a callable, for people.
    pub fn callable_name(self) -> String {
        match self.has_name() {
            true => self.attr_text(c"__name__"),
            false => self.type_object().type_name(),
        }
    }

    /// Whether looking up its name runs no Python code: functions, built-ins, classes, functions of a ctypes library.
    fn has_name(self) -> bool {
        function::is_function(self)
            || self.is_of(&raw mut ffi::PyCFunction_Type)
            || self.is_of(&raw mut ffi::PyMethodDescr_Type)
            || self.is_of(&raw mut ffi::PyType_Type)
            || self.type_object().type_name() == "_FuncPtr" && adapters::is_foreign(self.0)
    }

    /// Whether this is exactly its type.
    fn is_of(self, ty: *mut ffi::PyTypeObject) -> bool {
        self.type_object().0 == ty.cast()
    }

    /// The class that a built-in method was found in, or one below it; `None` of a function of a module.
    fn owner_of_built_in(self) -> Option<Object> {
        // SAFETY: an exact built-in function; its self is borrowed, or NULL.
        let owner = unsafe { Object(ffi::PyCFunction_GetSelf(self.0)) };
        if owner.is_null() || owner.is_of(&raw mut ffi::PyModule_Type) {
            return None;
        }
        Some(if owner.is_type() {
            owner
        } else {
            owner.type_object()
        })
    }

    /// The items still to come of an exact range iterator.
    pub fn range_iterator_len(self) -> i64 {
        self.field_i64(traces::Field::RangeIterLen)
    }

    /// The step of an exact range iterator.
    pub fn range_iterator_step(self) -> i64 {
        self.field_i64(traces::Field::RangeIterStep)
    }

    /// The index of the next item of an exact list or tuple iterator.
    pub fn sequence_iterator_index(self) -> i64 {
        // They lie at the same place (see `VersionTable::list_iter_index`).
        self.field_i64(traces::Field::ListIterIndex)
    }

    /// The next item of an exact list or tuple iterator, where there is one.
    pub fn sequence_iterator_next(self) -> Option<Object> {
        let (index, seq, list) = if self.is_exactly(Known::ListIter) {
            (
                traces::Field::ListIterIndex,
                traces::Field::ListIterSeq,
                true,
            )
        } else {
            (
                traces::Field::TupleIterIndex,
                traces::Field::TupleIterSeq,
                false,
            )
        };
        let i = self.field_i64(index) as isize;
        let seq = Object(self.field_i64(seq) as *mut ffi::PyObject);
        if seq.is_null() || i < 0 {
            return None;
        }
        let exact = if list { Known::List } else { Known::Tuple };
        if !seq.is_exactly(exact) {
            return None;
        }
        // SAFETY: an exact list or tuple; the index is checked against its size.
        unsafe {
            if list {
                (i < ffi::PyList_Size(seq.0)).then(|| Object(ffi::PyList_GetItem(seq.0, i)))
            } else {
                (i < ffi::PyTuple_Size(seq.0)).then(|| Object(ffi::PyTuple_GetItem(seq.0, i)))
            }
        }
    }

    /// Whether an exact list or tuple iterator goes over an exact list or tuple: not over an instance of a subclass,
    /// and it has not come to its end before, where it lets go of its sequence.
    pub fn iterates_exactly(self) -> bool {
        let (field, exact) = if self.is_exactly(Known::ListIter) {
            (traces::Field::ListIterSeq, Known::List)
        } else {
            (traces::Field::TupleIterSeq, Known::Tuple)
        };
        let seq = Object(self.field_i64(field) as *mut ffi::PyObject);
        !seq.is_null() && seq.is_exactly(exact)
    }

    /// The items of an exact tuple or list that has just so many.
    pub fn sequence_items(self, n: usize) -> Option<Vec<Object>> {
        // SAFETY: an exact tuple or list; the indexes are below its size.
        unsafe {
            let list = self.is_exactly(Known::List);
            let size = if list {
                ffi::PyList_Size(self.0)
            } else {
                ffi::PyTuple_Size(self.0)
            };
            let item = |i| {
                Object(if list {
                    ffi::PyList_GetItem(self.0, i)
                } else {
                    ffi::PyTuple_GetItem(self.0, i)
                })
            };
            (size == n as isize).then(|| (0..size).map(item).collect())
        }
    }

    /// Whether the items of an exact list or tuple are numbers of one exact type, and there are any.
    pub fn sums_quietly(self) -> bool {
        // SAFETY: an exact tuple or list.
        unsafe { crate::helpers::sum_is_quiet(self.0) }
    }

    /// The items of an exact tuple.
    pub fn tuple_items(self) -> Option<Vec<Object>> {
        // SAFETY: an exact tuple; the indexes are below its size.
        unsafe {
            if self.is_null() || ffi::PyTuple_CheckExact(self.0) == 0 {
                return None;
            }
            let item = |i| Object(ffi::PyTuple_GetItem(self.0, i));
            Some((0..ffi::PyTuple_Size(self.0)).map(item).collect())
        }
    }

    /// An item of an exact tuple or list, whose index is below its size.
    pub fn sequence_item(self, i: isize) -> Object {
        // SAFETY: the caller has checked type and index.
        Object(unsafe {
            if self.is_exactly(Known::List) {
                ffi::PyList_GetItem(self.0, i)
            } else {
                ffi::PyTuple_GetItem(self.0, i)
            }
        })
    }

    /// The content of an exact cell (perhaps NULL).
    pub fn cell_content(self) -> Object {
        Object(self.field_i64(traces::Field::CellRef) as *mut ffi::PyObject)
    }

    /// A word of an object.
    pub fn field_i64(self, f: traces::Field) -> i64 {
        let offset = engine::field_offset(f);
        // SAFETY: the caller has checked the exact type that has this field, and the offset was
        // proved at start-up.
        unsafe { *self.0.cast::<u8>().offset(offset as isize).cast::<i64>() }
    }
}

fn int_kind(p: *mut ffi::PyObject) -> Kind {
    let mut overflow = 0;
    // SAFETY: an exact int.
    let n = unsafe { ffi::PyLong_AsLongLongAndOverflow(p, &mut overflow) };
    if overflow == 0 {
        return Kind::Int(n);
    }
    if overflow < 0 {
        return Kind::Other;
    }
    // SAFETY: an exact int above 2^63 - 1; the error of one above 2^64 - 1 is cleared.
    unsafe {
        let u = ffi::PyLong_AsUnsignedLongLong(p);
        if !ffi::PyErr_Occurred().is_null() {
            ffi::PyErr_Clear();
            return Kind::Other;
        }
        Kind::Uint(u)
    }
}
