//! ctypes: function objects, their prototypes, where their private fields lie.

use super::{attr, imported};
use crate::engine;
use crate::py::{Object, Strong};
use ffi_ops::{Binding, Param, Ret, Signature};
use pyo3_ffi as ffi;
use std::sync::OnceLock;
use traces::{CType, Field, FuncFlags};

/// `FUNCFLAG_*` of Modules/_ctypes/ctypes.h.
const CDECL: i64 = 1;
const PYTHON_API: i64 = 4;

/// A ctypes function.
pub struct Function {
    /// The name.
    pub name: String,
    /// The signature, without the address.
    pub signature: Signature,
    /// The classes of its parameters; none where it has no `argtypes`.
    classes: Vec<Strong>,
    /// The function object.
    pub object: Strong,
    /// The address of the function; not NULL.
    pub address: u64,
    /// It is called with the GIL held and may raise.
    pub python_api: bool,
}

/// Proves `b_ptr` and finds the fields of a function object on a known one; once.
const PROBE: &std::ffi::CStr = c"
import ctypes as c
flags = ((1, 'a'),)
function = c.CFUNCTYPE(c.c_int, c.c_int)(('abs', c.CDLL(None)), flags)
def errcheck(*a): pass
argtypes = (c.c_long, c.c_double)
function.argtypes, function.restype, function.errcheck = argtypes, c.c_double, errcheck
restype, size, address = c.c_double, type(function).__basicsize__, c.addressof(function)
";

fn layout() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    if let Some(&found) = FOUND.get() {
        return found;
    }
    // Not inside `get_or_init`: Python code runs, so another thread may come here, which must not wait for
    // this one with the GIL in its hands.
    let found = find_layout().is_some();
    *FOUND.get_or_init(|| found)
}

fn find_layout() -> Option<()> {
    // SAFETY: the GIL is held; the probe is our own text and touches a function object of its own.
    unsafe {
        let names = Strong::from_new(ffi::PyDict_New())?;
        ffi::PyDict_SetItemString(
            names.as_ptr(),
            c"__builtins__".as_ptr(),
            ffi::PyEval_GetBuiltins(),
        );
        let code = Strong::from_new(ffi::Py_CompileString(
            PROBE.as_ptr(),
            c"<hardwire>".as_ptr(),
            ffi::Py_file_input,
        ));
        let ran = code.and_then(|c| {
            Strong::from_new(ffi::PyEval_EvalCode(
                c.as_ptr(),
                names.as_ptr(),
                names.as_ptr(),
            ))
        });
        if ran.is_none() {
            ffi::PyErr_Clear();
            return None;
        }
        let get = |n: &std::ffi::CStr| ffi::PyDict_GetItemString(names.as_ptr(), n.as_ptr());
        let function = get(c"function");
        let words = ffi::PyLong_AsSize_t(get(c"size")) / 8;
        let find = |wanted: usize| {
            let mut at = (2..words).filter(|&i| *function.cast::<usize>().add(i) == wanted);
            match (at.next(), at.next()) {
                (Some(i), None) => Some(8 * i as i32),
                _ => None,
            }
        };
        engine::set_field(
            Field::CtypesPtr,
            find(ffi::PyLong_AsSize_t(get(c"address")))?,
        );
        // `converters`, the word in front of `argtypes`: what a call really uses.
        let converters = find(get(c"argtypes") as usize)? - 8;
        let held = *function
            .cast::<u8>()
            .offset(converters as isize)
            .cast::<*mut ffi::PyObject>();
        let known = ffi::PyTuple_CheckExact(held) != 0
            && ffi::PyTuple_Size(held) == 2
            && converter_class(ffi::PyTuple_GetItem(held, 1))?.as_ptr() == get(c"restype");
        if !known {
            return None;
        }
        engine::set_field(Field::CFuncArgtypes, converters);
        engine::set_field(Field::CFuncParamflags, find(get(c"flags") as usize)?);
        engine::set_field(Field::CFuncErrcheck, find(get(c"errcheck") as usize)?);
        Some(())
    }
}

/// The class whose built-in `from_param` a converter is.
fn converter_class(converter: *mut ffi::PyObject) -> Option<Strong> {
    let o = Object(converter);
    let builtin = matches!(
        o.type_object().type_name().as_str(),
        "builtin_method" | "builtin_function_or_method"
    );
    (builtin && o.attr_text(c"__name__") == "from_param")
        .then(|| attr(converter, c"__self__"))
        .flatten()
}

/// The scalar type of a ctypes class, by its `_type_` code, where it is the class of ctypes itself
/// (a subclass converts in its own way).
fn scalar(class: *mut ffi::PyObject) -> Option<CType> {
    let code = Object(attr(class, c"_type_")?.as_ptr()).text();
    let t = match code.as_str() {
        "?" => CType::Bool,
        "b" => CType::I8,
        "B" => CType::U8,
        "h" => CType::I16,
        "H" => CType::U16,
        "i" => CType::I32,
        "I" => CType::U32,
        "l" | "q" => CType::I64,
        "L" | "Q" => CType::U64,
        "f" => CType::F32,
        "d" => CType::F64,
        _ => return None,
    };
    is_own_class(class).then_some(t)
}

/// Whether a class is a direct subclass of `_ctypes._SimpleCData`, defined by ctypes.
fn is_own_class(class: *mut ffi::PyObject) -> bool {
    let base = attr(class, c"__base__").map(|b| Object(b.as_ptr()).type_name());
    base.as_deref() == Some("_SimpleCData") && Object(class).attr_text(c"__module__") == "ctypes"
}

fn param(class: *mut ffi::PyObject) -> Option<Param> {
    if let Some(t) = scalar(class) {
        return Some(Param::Scalar(t));
    }
    if is_subtype(class, c"_Pointer") {
        return Some(Param::Pointer {
            cffi: None,
            bytes: false,
            none: true,
            ints: false,
            ctypes: true,
        });
    }
    let code = Object(attr(class, c"_type_")?.as_ptr()).text();
    if code == "c" && is_own_class(class) {
        return Some(Param::Char(CType::I8));
    }
    // c_char_p and c_void_p take bytes and None.
    match code.as_str() {
        "z" | "P" if is_own_class(class) => {}
        _ => return None,
    }
    Some(Param::Pointer {
        cffi: None,
        bytes: true,
        none: true,
        ints: code == "P",
        ctypes: code == "P",
    })
}

/// `_ctypes.CFuncPtr`, where an object is an instance.
pub fn function_type(o: *mut ffi::PyObject) -> Option<Strong> {
    let base = attr(imported(c"_ctypes")?.as_ptr(), c"CFuncPtr")?;
    let class = Object(o).type_object().0;
    // SAFETY: two live types.
    let is_function = unsafe { ffi::PyType_IsSubtype(class.cast(), base.as_ptr().cast()) } != 0;
    is_function.then_some(base)
}

/// Describes a ctypes function.
pub fn describe(callee: *mut ffi::PyObject) -> Option<Function> {
    let base = function_type(callee)?;
    let class = Object(callee).type_object().0;
    if !layout() || !has_plain_call(class, base.as_ptr()) {
        return None;
    }
    // SAFETY: an int attribute of the class; an error is cleared.
    let flags = unsafe {
        let n = ffi::PyLong_AsLongLong(attr(class, c"_flags_")?.as_ptr());
        ffi::PyErr_Clear();
        n
    };
    if flags & !PYTHON_API != CDECL {
        return None;
    }
    let field = |f: Field| {
        // SAFETY: a function object, whose fields were found on one of its kind.
        unsafe {
            *callee
                .cast::<u8>()
                .offset(engine::field_offset(f) as isize)
                .cast::<*mut ffi::PyObject>()
        }
    };
    let (argtypes, errcheck) = (field(Field::CFuncArgtypes), field(Field::CFuncErrcheck));
    // Set by the constructor alone; the binding then makes arguments and results of its own.
    if !errcheck.is_null() || !field(Field::CFuncParamflags).is_null() {
        return None;
    }
    // SAFETY: `b_ptr` of a function object points to the word that holds the address.
    let address = unsafe { *field(Field::CtypesPtr).cast::<u64>() };
    if address == 0 {
        return None;
    }
    let ret = result(callee)?;
    let (binding, classes) = if argtypes.is_null() {
        (Binding::CtypesUntyped, Vec::new())
    } else {
        (Binding::Ctypes, parameters(argtypes)?)
    };
    let params = classes.iter().map(|class| param(class.as_ptr()));
    let params = params.collect::<Option<_>>()?;
    let name = Object(callee).attr_text(c"__name__");
    let python_api = flags & PYTHON_API != 0;
    let flags = FuncFlags {
        gil: !python_api,
        errno: false,
        vectors: true,
        variadic: false,
        leaf: false,
        short: false,
    };
    let signature = Signature {
        name: name.clone(),
        binding,
        params,
        ret,
        addr: None,
        known_as: 0,
        flags,
    };
    Some(Function {
        name,
        signature,
        classes,
        object: Object(callee).strong(),
        address,
        python_api,
    })
}

/// Whether calls of the class go to ctypes' own `__call__`, and the class says when that changes.
fn has_plain_call(class: *mut ffi::PyObject, base: *mut ffi::PyObject) -> bool {
    // SAFETY: two live types.
    let same_call = unsafe {
        ffi::PyType_GetSlot(class.cast(), ffi::Py_tp_call)
            == ffi::PyType_GetSlot(base.cast(), ffi::Py_tp_call)
    };
    same_call
        && Object(class).attr_text(c"__module__") == "ctypes"
        && super::prototypes::watch(base)
}

fn result(callee: *mut ffi::PyObject) -> Option<Ret> {
    let restype = attr(callee, c"restype")?;
    if restype.as_ptr() == engine::known_address(traces::Known::None) {
        return Some(Ret::Void);
    }
    let code = Object(attr(restype.as_ptr(), c"_type_")?.as_ptr()).text();
    if code == "P" && is_own_class(restype.as_ptr()) {
        return Some(Ret::Address);
    }
    if code == "c" && is_own_class(restype.as_ptr()) {
        return Some(Ret::Char(CType::U8));
    }
    scalar(restype.as_ptr()).map(Ret::Scalar)
}

/// Whether a class derives from one of `_ctypes`.
fn is_subtype(class: *mut ffi::PyObject, base: &std::ffi::CStr) -> bool {
    let base = imported(c"_ctypes").and_then(|m| attr(m.as_ptr(), base));
    base.is_some_and(|base| derives(class, base.as_ptr()))
}

/// Whether one object is a class that derives from another one.
fn derives(class: *mut ffi::PyObject, base: *mut ffi::PyObject) -> bool {
    // SAFETY: live objects, which were found to be types where they are used as such.
    unsafe {
        ffi::PyType_Check(class) != 0
            && ffi::PyType_Check(base) != 0
            && ffi::PyType_IsSubtype(class.cast(), base.cast()) != 0
    }
}

impl Function {
    /// The class of the n-th parameter.
    pub fn class(&self, n: usize) -> Option<Object> {
        self.classes.get(n).map(|class| Object(class.as_ptr()))
    }

    /// How the n-th argument is passed where that is an object of ctypes which its parameter takes.
    ///
    /// A POINTER class takes its own instances, pointers and arrays of its items, and an item itself
    /// (`PyCPointerType_from_param`, Modules/_ctypes/_ctypes.c); `c_void_p` and a parameter without a class take any
    /// pointer and array (`c_void_p_from_param`, `ConvParam`).
    pub fn passes(&self, n: usize, argument: Object) -> Option<Passes> {
        let class = argument.type_object().0;
        let kind = [
            (c"_Pointer", Passes::Pointer),
            (c"Array", Passes::Memory),
            (c"Structure", Passes::Memory),
            (c"Union", Passes::Memory),
        ];
        let found = kind.into_iter().find(|(base, _)| is_subtype(class, base));
        let (base, passes) = found?;
        let many = base == c"_Pointer" || base == c"Array";
        let Some(param) = self.classes.get(n) else {
            return (many && self.classes.is_empty()).then_some(passes);
        };
        if !is_subtype(param.as_ptr(), c"_Pointer") {
            return many.then_some(passes);
        }
        let item = attr(param.as_ptr(), c"_type_")?;
        // An item may be a pointer or an array itself.
        if derives(class, item.as_ptr()) {
            return Some(Passes::Memory);
        }
        let own = attr(class, c"_type_").filter(|_| many)?;
        derives(own.as_ptr(), item.as_ptr()).then_some(passes)
    }
}

/// What an object of ctypes passes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Passes {
    /// The address in its memory.
    Pointer,
    /// The address of its memory.
    Memory,
}

/// The classes whose own `from_param` converts the arguments.
fn parameters(converters: *mut ffi::PyObject) -> Option<Vec<Strong>> {
    // SAFETY: checked to be a tuple; the indexes are in range.
    unsafe {
        if ffi::PyTuple_CheckExact(converters) == 0 {
            return None;
        }
        (0..ffi::PyTuple_Size(converters))
            .map(|i| converter_class(ffi::PyTuple_GetItem(converters, i)))
            .collect()
    }
}

/// Whether an object is a ctypes library (`CDLL`, `PyDLL`, a subclass) that finds its attributes as
/// ctypes does.
pub fn is_library(o: *mut ffi::PyObject) -> bool {
    let Some(class) = imported(c"ctypes").and_then(|m| attr(m.as_ptr(), c"CDLL")) else {
        return false;
    };
    let own = Object(o).type_object().0;
    // SAFETY: two live types.
    let is_library = unsafe { ffi::PyType_IsSubtype(own.cast(), class.as_ptr().cast()) } != 0;
    let same = |name| match (attr(own, name), attr(class.as_ptr(), name)) {
        (Some(a), Some(b)) => a.as_ptr() == b.as_ptr(),
        _ => false,
    };
    is_library && same(c"__getattribute__") && same(c"__getattr__")
}
