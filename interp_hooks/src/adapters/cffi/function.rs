//! Functions: pointers of ABI mode and built-ins of API mode, by their ctype.

use super::types::{TypeInfo, call};
use super::{backend, ctype_of, is_cdata, word};
use crate::adapters::attr;
use crate::py::{Kind, Object, Strong};
use crate::record::Recorder;
use ffi_ops::sysv::ByValue;
use ffi_ops::{Binding, CDataKind, Operand, OperandKind, Param, Ret, Signature};
use pyo3_ffi as ffi;
use traces::{CType, Field, FuncFlags};

/// What a function pointer is called, which does not tell its name.
pub const NAMELESS: &str = "function";

/// A cffi function.
pub struct Function {
    /// The name.
    pub name: String,
    /// The address.
    pub address: u64,
    is_api: bool,
    variadic: bool,
    params: Vec<Param>,
    /// The ctype objects that `params` and `result` name by address.
    keep: Vec<Strong>,
    result: FunctionResult,
}

enum FunctionResult {
    Void,
    Number(CType),
    Char(CType),
    Pointer(Strong),
    Struct(Strong, ByValue),
}

impl Function {
    /// The signature of a call with these operands, with the constants of this recording; `None` where the
    /// variadic ones are such that cffi has to pass them (or refuse).
    pub fn signature(&self, rec: &mut Recorder, operands: &[Operand]) -> Option<Signature> {
        let mut params = self.params.clone();
        if self.variadic {
            for operand in operands.get(params.len()..)? {
                params.push(variadic_param(operand.kind)?);
            }
        }
        for k in &self.keep {
            rec.keep.push(Object(k.as_ptr()).strong());
        }
        let ret = match &self.result {
            FunctionResult::Void => Ret::Void,
            FunctionResult::Number(t) => Ret::Scalar(*t),
            FunctionResult::Char(t) => Ret::Char(*t),
            FunctionResult::Pointer(t) => {
                Ret::CData(rec.keep_constant(Object(t.as_ptr()), "ctype"))
            }
            FunctionResult::Struct(t, passed) => Ret::Struct {
                ctype: rec.keep_constant(Object(t.as_ptr()), "ctype"),
                passed: passed.clone(),
            },
        };
        Some(Signature {
            name: self.name.clone(),
            binding: Binding::Cffi,
            params,
            ret,
            addr: Some(self.address),
            known_as: self.address,
            flags: FuncFlags {
                gil: true,
                errno: true,
                // The direct entry of an API-mode function is compiled from its own declaration.
                vectors: !self.is_api,
                variadic: self.variadic,
                leaf: false,
                short: false,
            },
        })
    }
}

/// What an argument of the variadic part is passed as: its own type, an array as a pointer, a small integer
/// as an `int` (`cdata_call`, `_cffi_backend.c`).
fn variadic_param(kind: OperandKind) -> Option<Param> {
    let OperandKind::CData { what, .. } = kind else {
        return None;
    };
    Some(match what {
        CDataKind::Int(t) | CDataKind::Char(t) if t.bytes() < 4 => Param::Scalar(CType::I32),
        CDataKind::Int(t) => Param::Scalar(t),
        CDataKind::Char(t) => Param::Char(t),
        CDataKind::Float(CType::F64) => Param::Scalar(CType::F64),
        CDataKind::Pointer(pointer) => Param::Pointer {
            cffi: Some(pointer),
            bytes: false,
            none: false,
            ints: false,
            ctypes: false,
        },
        _ => return None,
    })
}

/// Describes a function pointer of ABI mode or a built-in of API mode.
pub fn describe(callee: *mut ffi::PyObject) -> Option<Function> {
    let b = backend()?;
    if is_cdata(callee) {
        return of_pointer(callee, NAMELESS.to_string(), false);
    }
    let owner = library_of(callee)?;
    let name = attr(callee, c"__name__")?;
    let get = attr(b.ffi.as_ref()?.as_ptr(), c"addressof")?;
    let pointer = call(&get, &[owner, name.as_ptr()])?;
    of_pointer(pointer.as_ptr(), Object(name.as_ptr()).text(), true)
}

/// The library of a function of API mode: the built-in's self, which knows the address.
pub fn library_of(callee: *mut ffi::PyObject) -> Option<*mut ffi::PyObject> {
    let library = backend()?.library_type.as_ref()?;
    // SAFETY: live objects; errors are cleared.
    let owner = unsafe {
        if Object(callee).type_object().0 != (&raw mut ffi::PyCFunction_Type).cast() {
            return None;
        }
        let owner = ffi::PyCFunction_GetSelf(callee);
        if owner.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        owner
    };
    (Object(owner).type_object().0 == library.as_ptr()).then_some(owner)
}

/// Describes what a cdata points to, where it is a function.
fn of_pointer(cdata: *mut ffi::PyObject, name: String, is_api: bool) -> Option<Function> {
    if !is_cdata(cdata) {
        return None;
    }
    let ctype = ctype_of(Object(cdata)).0;
    if TypeInfo::of(Object(ctype))?.kind != "function" {
        return None;
    }
    let (ellipsis, args) = (attr(ctype, c"ellipsis")?, attr(ctype, c"args")?);
    let Kind::Bool(variadic) = Object(ellipsis.as_ptr()).kind() else {
        return None;
    };
    let (mut keep, mut params) = (Vec::new(), Vec::new());
    // SAFETY: `args` is a tuple of ctypes.
    unsafe {
        for i in 0..ffi::PyTuple_Size(args.as_ptr()) {
            let arg = Object(ffi::PyTuple_GetItem(args.as_ptr(), i));
            params.push(param(arg)?);
            keep.push(arg.strong());
        }
    }
    let result = attr(ctype, c"result")?;
    let info = TypeInfo::of(Object(result.as_ptr()))?;
    let result = match info.kind.as_str() {
        "void" => FunctionResult::Void,
        "pointer" | "function" => FunctionResult::Pointer(result),
        "struct" | "union" => FunctionResult::Struct(result, info.by_value()?),
        _ => match info.scalar()? {
            CDataKind::Int(t) | CDataKind::Float(t) => FunctionResult::Number(t),
            CDataKind::Char(t) => FunctionResult::Char(t),
            _ => return None,
        },
    };
    let address = word(cdata, Field::CDataPtr);
    (address != 0).then_some(Function {
        name,
        address,
        is_api,
        variadic,
        params,
        keep,
        result,
    })
}

fn param(ctype: Object) -> Option<Param> {
    let ty = TypeInfo::of(ctype)?;
    if let Some(pointer) = ty.pointer().filter(|_| ty.kind != "array") {
        return Some(Param::Pointer {
            cffi: Some(pointer),
            // `_prepare_pointer_call_argument`; not of a function pointer.
            bytes: pointer.takes_bytes,
            none: false,
            ints: false,
            ctypes: false,
        });
    }
    if ty.is_record() {
        return Some(Param::Struct {
            ctype: ctype.0 as u64,
            passed: ty.by_value()?,
        });
    }
    match ty.scalar()? {
        CDataKind::Char(t) => Some(Param::Char(t)),
        CDataKind::Int(t) | CDataKind::Float(t) => Some(Param::Scalar(t)),
        _ => None,
    }
}
