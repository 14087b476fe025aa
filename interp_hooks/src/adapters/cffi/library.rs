//! Libraries: the dict behind their attributes, and their global variables.

use super::types::{TypeInfo, call, pointer_to};
use super::{backend, is_cdata};
use crate::adapters::attr;
use crate::engine;
use crate::py::{Kind, Object, Strong};
use pyo3_ffi as ffi;
use traces::Field;

/// A global variable of C.
pub struct Variable {
    /// Its ctype.
    pub ctype: Strong,
    /// Where it lies.
    pub at: At,
    /// What says that the variable is there.
    pub source: Source,
}

/// What says that a library has a variable.
pub enum Source {
    /// The entry of a dict, which closing the library empties.
    Entry(*mut ffi::PyObject, Strong),
    /// The class of the library; and the library is open as long as the word at this address is not 0.
    Class(u64),
}

/// Where a global variable lies.
#[derive(Clone, Copy)]
pub enum At {
    /// At this address.
    Address(u64),
    /// Where a function without parameters says, each time: a compiled module has one, since the
    /// variable may be one a thread, or a macro.
    Function(u64),
}

/// The dict of an API-mode (or out-of-line) library: `l_dict`, the second word after the header
/// (`lib_obj.c`), proved by being a dict.
pub fn library_dict(owner: *mut ffi::PyObject) -> Option<*mut ffi::PyObject> {
    let library = backend()?.library_type.as_ref()?;
    if Object(owner).type_object().0 != library.as_ptr() {
        return None;
    }
    // SAFETY: a library object: `PyObject_HEAD; builder_c_t *l_types_builder; PyObject *l_dict`.
    let dict = unsafe { *owner.cast::<*mut ffi::PyObject>().add(3) };
    Object(dict).is_exact_dict().then_some(dict)
}

/// Whether a class is one that in-line ABI mode made for a library, named after it (`cffi/api.py`).
pub fn is_inline(class: Object) -> bool {
    class.type_name().starts_with("FFILibrary") && class.attr_text(c"__module__") == "cffi.api"
}

/// The global variable that an attribute of a library is.
pub fn variable(owner: Object, name: Object) -> Option<Variable> {
    if let Some(dict) = library_dict(owner.0) {
        let entry = Object(dict).dict_get(name)?;
        return of_entry(dict, entry, name);
    }
    if !is_inline(owner.type_object()) {
        return None;
    }
    of_property(owner, name)
}

/// `GlobSupportObject` (cglob.c): name, ctype, address, function that gives the address.
fn of_entry(dict: *mut ffi::PyObject, entry: Object, name: Object) -> Option<Variable> {
    if entry.type_object().type_name() != "__FFIGlobSupport" {
        return None;
    }
    // SAFETY: an instance of this static type has four words behind its header; the first two are
    // proved by what they are.
    unsafe {
        let words = std::slice::from_raw_parts(entry.0.cast::<u64>().add(2), 4);
        let of = Object(words[0] as *mut ffi::PyObject);
        if of.text() != name.text() {
            return None;
        }
        let ctype = Object(words[1] as *mut ffi::PyObject);
        TypeInfo::of(ctype)?;
        let at = match (words[2], words[3]) {
            (0, 0) => return None,
            (0, function) => At::Function(function),
            (address, _) => At::Address(address),
        };
        Some(Variable {
            ctype: ctype.strong(),
            at,
            source: Source::Entry(dict, entry.strong()),
        })
    }
}

/// In-line ABI mode: a property whose getter keeps the type, the name and the library.
fn of_property(owner: Object, name: Object) -> Option<Variable> {
    // SAFETY: live objects; a property that is asked of its class gives itself.
    unsafe {
        let property = Strong::from_new(ffi::PyObject_GetAttr(owner.type_object().0, name.0));
        if property.is_none() {
            ffi::PyErr_Clear();
        }
        let property = property?;
        if Object(property.as_ptr()).type_object().type_name() != "property" {
            return None;
        }
        let getter = attr(property.as_ptr(), c"fget")?;
        let text = Object(getter.as_ptr()).attr_text(c"__qualname__");
        if !text.starts_with("_make_ffi_library.") {
            return None;
        }
        let names = attr(attr(getter.as_ptr(), c"__code__")?.as_ptr(), c"co_freevars")?;
        let cells = attr(getter.as_ptr(), c"__closure__")?;
        let mut found = [None, None];
        for i in 0..ffi::PyTuple_Size(names.as_ptr()) {
            let at = match Object(ffi::PyTuple_GetItem(names.as_ptr(), i))
                .text()
                .as_str()
            {
                "BType" => 0,
                "read_variable" => 1,
                _ => continue,
            };
            found[at] = attr(ffi::PyTuple_GetItem(cells.as_ptr(), i), c"cell_contents");
        }
        let [Some(ctype), Some(read)] = found else {
            return None;
        };
        let library = attr(read.as_ptr(), c"__self__")?;
        let handle = handle_of(Object(library.as_ptr()))?;
        let info = TypeInfo::of(Object(ctype.as_ptr()))?;
        let wanted = if info.kind == "array" {
            Object(ctype.as_ptr()).strong()
        } else {
            pointer_to(ctype.as_ptr())?
        };
        let load = attr(library.as_ptr(), c"load_function")?;
        let pointer = call(&load, &[wanted.as_ptr(), name.0])?;
        if !is_cdata(pointer.as_ptr()) {
            return None;
        }
        let place = engine::field_offset(Field::CDataPtr) as isize;
        let address = *pointer.as_ptr().cast::<u64>().byte_offset(place);
        (address != 0).then_some(Variable {
            ctype,
            at: At::Address(address),
            source: Source::Class(handle),
        })
    }
}

/// Where a library keeps the handle that `dlopen` gave, or NULL once it is closed: `DynLibObject`, of three
/// words behind its header (`_cffi_backend.c`).
fn handle_of(library: Object) -> Option<u64> {
    let class = library.type_object();
    let bytes = attr(class.0, c"__basicsize__")?;
    let header = std::mem::size_of::<ffi::PyObject>();
    if class.attr_text(c"__module__") != "_cffi_backend"
        || Object(bytes.as_ptr()).kind() != Kind::Int(header as i64 + 24)
    {
        return None;
    }
    // SAFETY: the word lies within the object, as its type says.
    unsafe {
        let handle = library.0.cast::<u64>().byte_add(header);
        (*handle != 0).then_some(handle as u64)
    }
}
