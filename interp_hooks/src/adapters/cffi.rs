//! cffi: function pointers of ABI mode, built-in functions of API mode, cdata arguments.

use super::{attr, imported};
use crate::py::{Object, Strong};
use crate::record::Recorder;
use crate::{engine, errno};
use ffi_ops::{Binding, OperandKind, Param, Ret, Signature};
use pyo3_ffi as ffi;
use std::ffi::c_void;
use std::sync::OnceLock;
use traces::{CType, Field, FuncFlags, Known};

/// Entries of `_cffi_backend._C_API` that API-mode modules use (`_cffi_include.h`).
const FROM_POINTER: usize = 10;
const RESTORE_ERRNO: usize = 13;
const SAVE_ERRNO: usize = 14;

/// What was found out about cffi, once it is imported.
struct Backend {
    typeof_: Strong,
    library_type: Option<Strong>,
    ffi: Option<Strong>,
    from_pointer: unsafe extern "C" fn(*const c_void, *mut ffi::PyObject) -> *mut ffi::PyObject,
}

struct Global(Option<Backend>);
// SAFETY: only reached with the GIL held.
unsafe impl Sync for Global {}
// SAFETY: as above.
unsafe impl Send for Global {}

fn backend() -> Option<&'static Backend> {
    static FOUND: OnceLock<Global> = OnceLock::new();
    let module = imported(c"_cffi_backend")?;
    FOUND.get_or_init(|| Global(find(&module))).0.as_ref()
}

/// Reads the capsule, and proves where a cdata holds its ctype and its pointer.
fn find(module: &Strong) -> Option<Backend> {
    let m = module.as_ptr();
    let (typeof_, capsule) = (attr(m, c"typeof")?, attr(m, c"_C_API")?);
    // SAFETY: the capsule's content is an array of function pointers with these signatures.
    unsafe {
        let name = ffi::PyCapsule_GetName(capsule.as_ptr());
        let table = ffi::PyCapsule_GetPointer(capsule.as_ptr(), name).cast::<*mut c_void>();
        if table.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        let entry = |n: usize| *table.add(n);
        // A pointer that is easy to recognise: to the capsule itself.
        let make = attr(m, c"new_primitive_type")?;
        let int = Strong::from_new(ffi::PyObject_CallFunction(
            make.as_ptr(),
            c"s".as_ptr(),
            c"int".as_ptr(),
        ))?;
        let make = attr(m, c"new_pointer_type")?;
        let pointer = Strong::from_new(ffi::PyObject_CallFunctionObjArgs(
            make.as_ptr(),
            int.as_ptr(),
            std::ptr::null_mut::<ffi::PyObject>(),
        ))?;
        let from_pointer: unsafe extern "C" fn(
            *const c_void,
            *mut ffi::PyObject,
        ) -> *mut ffi::PyObject = std::mem::transmute(entry(FROM_POINTER));
        let cdata = Strong::from_new(from_pointer(capsule.as_ptr().cast(), pointer.as_ptr()))?;
        let words = std::slice::from_raw_parts(cdata.as_ptr().cast::<usize>(), 4);
        let place = |wanted: usize| {
            words
                .iter()
                .position(|&w| w == wanted)
                .map(|i| 8 * i as i32)
        };
        engine::set_field(Field::CDataType, place(pointer.as_ptr() as usize)?);
        engine::set_field(Field::CDataPtr, place(capsule.as_ptr() as usize)?);
        engine::set_known(Known::CData, Object(cdata.as_ptr()).type_object().0);
        std::mem::forget(Object(cdata.as_ptr()).type_object().strong());
        let function = |n| std::mem::transmute::<*mut c_void, unsafe extern "C" fn()>(entry(n));
        let (restore, save) = (function(RESTORE_ERRNO), function(SAVE_ERRNO));
        if !errno::find(errno::Functions { restore, save }) {
            return None;
        }
        let ffi_ =
            attr(m, c"FFI").and_then(|c| Strong::from_new(ffi::PyObject_CallNoArgs(c.as_ptr())));
        Some(Backend {
            typeof_,
            library_type: attr(m, c"Lib"),
            ffi: ffi_,
            from_pointer,
        })
    }
}

/// A new pointer cdata; NULL where there is no memory (or no cffi).
pub fn new_cdata(p: u64, ctype: *mut ffi::PyObject) -> *mut ffi::PyObject {
    let Some(b) = backend() else {
        return std::ptr::null_mut();
    };
    // SAFETY: a ctype of kind pointer, kept alive by the trace.
    unsafe { (b.from_pointer)(p as *const c_void, ctype) }
}

/// A cffi function.
pub struct Function {
    /// The name.
    pub name: String,
    is_api: bool,
    address: u64,
    params: Vec<Param>,
    /// The ctype objects that `params` and `result` name by address.
    keep: Vec<Strong>,
    result: FunctionResult,
}

enum FunctionResult {
    Void,
    Scalar(CType),
    Pointer(Strong),
}

impl Function {
    /// The signature, with the constants of this recording.
    pub fn signature(&self, rec: &mut Recorder) -> Signature {
        for k in &self.keep {
            rec.keep.push(Object(k.as_ptr()).strong());
        }
        let ret = match &self.result {
            FunctionResult::Void => Ret::Void,
            FunctionResult::Scalar(t) => Ret::Scalar(*t),
            FunctionResult::Pointer(t) => {
                Ret::CData(rec.keep_constant(Object(t.as_ptr()), "ctype"))
            }
        };
        Signature {
            name: self.name.clone(),
            binding: Binding::Cffi,
            params: self.params.clone(),
            ret,
            addr: Some(self.address),
            flags: FuncFlags {
                gil: true,
                errno: true,
                // The direct entry of an API-mode function is compiled from its own declaration.
                vectors: !self.is_api,
            },
        }
    }
}

fn is_cdata(o: *mut ffi::PyObject) -> bool {
    let class = Object(o).type_object();
    let name = class.type_name();
    matches!(name.as_str(), "_CDataBase" | "__CDataOwn")
        && Object(class.0).attr_text(c"__module__") == "_cffi_backend"
}

fn word(o: *mut ffi::PyObject, f: Field) -> u64 {
    // SAFETY: a cdata, whose fields were proved.
    unsafe {
        *o.cast::<u8>()
            .offset(engine::field_offset(f) as isize)
            .cast::<u64>()
    }
}

/// Describes a function pointer of ABI mode or a built-in of API mode.
pub fn describe(callee: *mut ffi::PyObject) -> Option<Function> {
    let b = backend()?;
    if is_cdata(callee) {
        return function(b, callee, "function".to_string(), false);
    }
    // API mode: the built-in's self is the library, which knows the address.
    let library = b.library_type.as_ref()?;
    // SAFETY: live objects; errors are cleared.
    unsafe {
        if Object(callee).type_object().0 != (&raw mut ffi::PyCFunction_Type).cast() {
            return None;
        }
        let owner = ffi::PyCFunction_GetSelf(callee);
        if owner.is_null() || Object(owner).type_object().0 != library.as_ptr() {
            ffi::PyErr_Clear();
            return None;
        }
        let name = attr(callee, c"__name__")?;
        let get = attr(b.ffi.as_ref()?.as_ptr(), c"addressof")?;
        let null = std::ptr::null_mut::<ffi::PyObject>();
        let p = Strong::from_new(ffi::PyObject_CallFunctionObjArgs(
            get.as_ptr(),
            owner,
            name.as_ptr(),
            null,
        ));
        if p.is_none() {
            ffi::PyErr_Clear();
        }
        function(b, p?.as_ptr(), Object(name.as_ptr()).text(), true)
    }
}

fn function(
    b: &Backend,
    cdata: *mut ffi::PyObject,
    name: String,
    is_api: bool,
) -> Option<Function> {
    // SAFETY: live objects; errors are cleared.
    unsafe {
        let null = std::ptr::null_mut::<ffi::PyObject>();
        let t = Strong::from_new(ffi::PyObject_CallFunctionObjArgs(
            b.typeof_.as_ptr(),
            cdata,
            null,
        ));
        let Some(t) = t else {
            ffi::PyErr_Clear();
            return None;
        };
        let ctype = t.as_ptr();
        if Object(ctype).attr_text(c"kind") != "function" {
            return None;
        }
        // SysV's default calling convention, no variadic part.
        let (ellipsis, args) = (attr(ctype, c"ellipsis")?, attr(ctype, c"args")?);
        if Object(ellipsis.as_ptr()).kind() != crate::py::Kind::Bool(false) {
            return None;
        }
        let mut keep = Vec::new();
        let mut params = Vec::new();
        for i in 0..ffi::PyTuple_Size(args.as_ptr()) {
            let a = ffi::PyTuple_GetItem(args.as_ptr(), i);
            params.push(param(a)?);
            keep.push(Object(a).strong());
        }
        let result = attr(ctype, c"result")?;
        let result = match Object(result.as_ptr()).attr_text(c"kind").as_str() {
            "void" => FunctionResult::Void,
            "primitive" => {
                FunctionResult::Scalar(scalar(&Object(result.as_ptr()).attr_text(c"cname"))?)
            }
            "pointer" => FunctionResult::Pointer(result),
            _ => return None,
        };
        let address = word(cdata, Field::CDataPtr);
        (address != 0).then_some(Function {
            name,
            is_api,
            address,
            params,
            keep,
            result,
        })
    }
}

fn param(ctype: *mut ffi::PyObject) -> Option<Param> {
    let o = Object(ctype);
    match o.attr_text(c"kind").as_str() {
        "primitive" => scalar(&o.attr_text(c"cname")).map(Param::Scalar),
        "pointer" => {
            let item = attr(ctype, c"item")
                .map(|i| Object(i.as_ptr()).attr_text(c"cname"))
                .unwrap_or_default();
            // `_prepare_pointer_call_argument`: a bytes object for pointers to single bytes.
            let bytes = matches!(
                item.as_str(),
                "char" | "signed char" | "unsigned char" | "void" | "int8_t" | "uint8_t"
            );
            Some(Param::Pointer {
                accepts: vec![ctype as u64],
                bytes,
                none: false,
                ints: false,
            })
        }
        _ => None,
    }
}

/// The scalar type of a primitive that converts to and from a Python number (LP64).
fn scalar(name: &str) -> Option<CType> {
    Some(match name {
        "_Bool" => CType::Bool,
        "signed char" | "int8_t" => CType::I8,
        "unsigned char" | "uint8_t" => CType::U8,
        "short" | "int16_t" => CType::I16,
        "unsigned short" | "uint16_t" => CType::U16,
        "int" | "int32_t" => CType::I32,
        "unsigned int" | "uint32_t" => CType::U32,
        "long" | "long long" | "int64_t" | "ssize_t" | "intptr_t" | "ptrdiff_t" => CType::I64,
        "unsigned long" | "unsigned long long" | "uint64_t" | "size_t" | "uintptr_t" => CType::U64,
        "float" => CType::F32,
        "double" => CType::F64,
        _ => return None,
    })
}

/// A cdata as an operand.
pub fn classify(rec: &mut Recorder, o: Object) -> Option<OperandKind> {
    backend()?;
    if !is_cdata(o.0) {
        return None;
    }
    let ctype = Object(word(o.0, Field::CDataType) as *mut ffi::PyObject);
    if ctype.attr_text(c"kind") != "pointer" {
        return None;
    }
    let ty = rec.type_constant(o);
    let id = rec.keep_constant(ctype, "ctype");
    Some(OperandKind::CData {
        ty,
        ctype: id,
        addr: ctype.0 as u64,
    })
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
