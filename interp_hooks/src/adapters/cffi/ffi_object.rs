//! The two FFI classes: `cffi.api.FFI` of in-line ABI mode, written in Python, and `_cffi_backend.FFI` of
//! compiled modules. What their methods do is known here; a trace does it without calling them.

use super::types::{TypeInfo, call};
use super::{Backend, backend};
use crate::adapters::{attr, imported};
use crate::py::{Kind, Object, Strong};
use pyo3_ffi as ffi;
use std::ffi::CStr;
use traces::{Field, Known};

/// A method of FFI that a trace can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// `cast(type, value)`
    Cast,
    /// `new(type, init=None)`
    New,
    /// `addressof(cdata, *fields)`, `addressof(lib, name)`
    AddressOf,
    /// `sizeof(type or cdata)`
    SizeOf,
    /// `alignof(type)`
    AlignOf,
    /// `offsetof(type, *fields)`
    OffsetOf,
    /// `typeof(type)`
    TypeOf,
    /// `memmove(to, from, bytes)`
    MemMove,
    /// `string(cdata, maxlen=-1)`
    String,
    /// `unpack(cdata, length)`
    Unpack,
}

const METHODS: [(&CStr, Method); 10] = [
    (c"cast", Method::Cast),
    (c"new", Method::New),
    (c"addressof", Method::AddressOf),
    (c"sizeof", Method::SizeOf),
    (c"alignof", Method::AlignOf),
    (c"offsetof", Method::OffsetOf),
    (c"typeof", Method::TypeOf),
    (c"memmove", Method::MemMove),
    (c"string", Method::String),
    (c"unpack", Method::Unpack),
];

/// Which class an FFI object is of, exactly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// `cffi.api.FFI`
    Inline,
    /// `_cffi_backend.FFI`
    Compiled,
}

/// The class of an FFI object; `None` where it is none (or of a subclass).
pub fn class_of(o: Object) -> Option<Class> {
    let b = backend()?;
    let ty = o.type_object().0;
    if b.ffi_class.as_ref().is_some_and(|c| c.as_ptr() == ty) {
        return Some(Class::Compiled);
    }
    // By name first: importing is what this must not do.
    if o.type_object().type_name() != "FFI" {
        return None;
    }
    let class = attr(imported(c"cffi.api")?.as_ptr(), c"FFI")?;
    (class.as_ptr() == ty).then_some(Class::Inline)
}

/// What an FFI class has under a name, as it lies in the class; `None` where it has nothing of the kind
/// that is looked up without running Python code.
pub fn in_class(o: Object, name: Object) -> Option<Strong> {
    // SAFETY: a live type whose dict is looked at; FFI classes have no metaclass of their own. A
    // descriptor that is asked of the class gives itself (functions, method and getset descriptors,
    // properties).
    unsafe {
        let found = Strong::from_new(ffi::PyObject_GetAttr(o.type_object().0, name.0));
        if found.is_none() {
            ffi::PyErr_Clear();
        }
        found
    }
}

/// The method that a function in an FFI class is; `None` where the program has put another one there.
pub fn method(class: Object, function: Object) -> Option<Method> {
    METHODS
        .iter()
        .find(|(name, _)| {
            attr(class.0, name).is_some_and(|found| found.as_ptr() == function.0)
                && is_original(function, name)
        })
        .map(|&(_, method)| method)
}

/// Whether what an FFI class has under `errno` is what cffi defines there.
pub fn is_errno(found: Object) -> bool {
    if found.type_object().type_name() != "property" {
        return found.type_object().type_name() == "getset_descriptor";
    }
    [(c"fget", c"_get_errno"), (c"fset", c"_set_errno")]
        .iter()
        .all(|(of, name)| attr(found.0, of).is_some_and(|f| is_original(Object(f.as_ptr()), name)))
}

/// Whether a function in an FFI class is the one that cffi defines under a name.
fn is_original(function: Object, name: &CStr) -> bool {
    if function.type_object().type_name() != "function" {
        // What a class written in C has nobody can change.
        return function.type_object().type_name() == "method_descriptor";
    }
    let of = |o: &Strong, name| attr(o.as_ptr(), name);
    let space = attr(function.0, c"__globals__");
    let own = imported(c"cffi.api").and_then(|module| of(&module, c"__dict__"));
    let code = attr(function.0, c"__code__").and_then(|code| of(&code, c"co_qualname"));
    let qualified = code.map(|name| Object(name.as_ptr()).text());
    space.map(|o| o.as_ptr()) == own.map(|o| o.as_ptr())
        && qualified.is_some_and(|q| q.strip_prefix("FFI.") == name.to_str().ok())
}

/// A method and the FFI object that it is bound to.
pub struct Bound {
    /// The method.
    pub method: Method,
    /// The function of a bound method of Python; NULL for a built-in one.
    pub function: Object,
    /// The FFI object.
    pub owner: Object,
    /// Its class.
    pub class: Class,
}

/// What a callable is, where it is a method bound to an FFI object (`cast = ffi.cast`).
pub fn bound_method(callee: Object) -> Option<Bound> {
    if callee.is_exactly(Known::Method) {
        let function = Object(callee.field_i64(Field::MethodFunction) as *mut _);
        let owner = Object(callee.field_i64(Field::MethodSelf) as *mut _);
        let class = class_of(owner)?;
        return Some(Bound {
            method: method(owner.type_object(), function)?,
            function,
            owner,
            class,
        });
    }
    if callee.type_object().0 != (&raw mut ffi::PyCFunction_Type).cast() {
        return None;
    }
    let owner = Object(callee.field_i64(Field::BuiltinSelf) as *mut _);
    if owner.is_null() || class_of(owner) != Some(Class::Compiled) {
        return None;
    }
    // A built-in whose first argument is an FFI object is one of its methods.
    let name = callee.attr_text(c"__name__");
    let &(_, method) = METHODS
        .iter()
        .find(|(of, _)| of.to_bytes() == name.as_bytes())?;
    Some(Bound {
        method,
        function: Object(std::ptr::null_mut()),
        owner,
        class: Class::Compiled,
    })
}

/// The ctype that a method's argument names: a ctype, or a str that the FFI object understands.
pub fn named_type(ffi_object: Object, class: Class, arg: Object) -> Option<TypeInfo> {
    let b = backend()?;
    if is_ctype(b, arg) {
        return TypeInfo::of(arg);
    }
    // SAFETY: live objects.
    if unsafe { ffi::PyUnicode_CheckExact(arg.0) } == 0 {
        return None;
    }
    let found = match class {
        Class::Compiled => {
            let typeof_ = attr(ffi_object.0, c"typeof")?;
            call(&typeof_, &[arg.0])?
        }
        // What it has parsed before: `_parsed_types[text]` is a pair (ctype, is a function type).
        Class::Inline => {
            let parsed = attr(ffi_object.0, c"_parsed_types")?;
            if !Object(parsed.as_ptr()).is_exact_dict() {
                return None;
            }
            let pair = Object(parsed.as_ptr()).dict_get(arg)?;
            // SAFETY: checked to be a pair.
            unsafe {
                if ffi::PyTuple_Check(pair.0) == 0 || ffi::PyTuple_Size(pair.0) != 2 {
                    return None;
                }
                let is_function = Object(ffi::PyTuple_GetItem(pair.0, 1));
                if is_function.kind() != Kind::Bool(false) {
                    return None;
                }
                Object(ffi::PyTuple_GetItem(pair.0, 0)).strong()
            }
        }
    };
    is_ctype(b, Object(found.as_ptr()))
        .then(|| TypeInfo::of(Object(found.as_ptr())))
        .flatten()
}

fn is_ctype(b: &Backend, o: Object) -> bool {
    o.type_object().0 == b.ctype_class.as_ptr()
}
