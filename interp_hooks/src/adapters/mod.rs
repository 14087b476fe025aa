//! Adapters: what the objects of cffi and ctypes say about foreign functions and their arguments.
//!
//! Private layouts are found and proved on known objects when a binding is first met; where the
//! proof fails its calls stay residual.

mod cffi;
mod ctypes;
mod prototypes;

use crate::py::{Kind, Object, Strong};
use crate::record::Recorder;
use crate::{engine, handoff};
use ffi_ops::{Binding, Called, EmitError, KnownObjs, Operand, OperandKind, Param, Ret, Signature};
use pyo3_ffi as ffi;
use std::ffi::CStr;
use traces::{Abort, CType, Field, Helper, Imm, ObjId, Op, Resume, Type, Value};

pub use cffi::{
    ctype_of, ffi_object, is_cdata, is_owner, kept_struct, library, objects, size_of, types,
};

/// A foreign function that can be called directly.
pub struct Callee {
    /// Its name.
    pub name: String,
    signature: Description,
}

enum Description {
    Cffi(cffi::function::Function),
    Ctypes(ctypes::Function),
}

impl Callee {
    /// Whether its arguments say what they are: a function of ctypes without `argtypes`.
    pub fn is_untyped(&self) -> bool {
        matches!(&self.signature, Description::Ctypes(f) if f.signature.binding == Binding::CtypesUntyped)
    }

    /// Gives it a name, where the object itself has none.
    pub fn call_it(&mut self, name: &str) {
        if let Description::Cffi(f) = &mut self.signature
            && f.name == cffi::function::NAMELESS
        {
            name.clone_into(&mut f.name);
            name.clone_into(&mut self.name);
        }
    }

    /// Whether the result is an address: None in place of NULL.
    pub fn gives_address(&self) -> bool {
        matches!(&self.signature, Description::Ctypes(f) if f.signature.ret == Ret::Address)
    }
}

/// A dict whose entries are the attributes of an object.
pub struct AttributeDict {
    /// The dict (borrowed).
    pub dict: *mut ffi::PyObject,
    /// Whether the object is an instance whose class and dict can be exchanged.
    pub instance: bool,
    /// A name for the object, for people.
    pub name: String,
}

/// A module that is imported already; never imports.
pub fn imported(name: &CStr) -> Option<Strong> {
    // SAFETY: the GIL is held; `sys.modules` is a dict in all but contrived programs, and checked.
    unsafe {
        let modules = ffi::PyImport_GetModuleDict();
        if !Object(modules).is_exact_dict() {
            return None;
        }
        let m = ffi::PyDict_GetItemString(modules, name.as_ptr());
        (!m.is_null()).then(|| Object(m).strong())
    }
}

/// An attribute; `None` (and no error) where there is none.
pub fn attr(o: *mut ffi::PyObject, name: &CStr) -> Option<Strong> {
    // SAFETY: a live object.
    unsafe {
        let v = Strong::from_new(ffi::PyObject_GetAttrString(o, name.as_ptr()));
        if v.is_none() {
            ffi::PyErr_Clear();
        }
        v
    }
}

/// Describes a callee; `None` where it is no foreign function that can be called directly.
pub fn describe(callee: *mut ffi::PyObject) -> Option<Callee> {
    if let Some(f) = ctypes::describe(callee) {
        return Some(Callee {
            name: f.name.clone(),
            signature: Description::Ctypes(f),
        });
    }
    let f = cffi::function::describe(callee)?;
    Some(Callee {
        name: f.name.clone(),
        signature: Description::Cffi(f),
    })
}

/// Whether an object is a foreign function, or may be one, whatever its signature.
pub fn is_foreign(callee: *mut ffi::PyObject) -> bool {
    is_cdata(callee)
        || ctypes::function_type(callee).is_some()
        || cffi::function::library_of(callee).is_some()
}

/// A value as the emitter sees it.
pub fn classify(rec: &mut Recorder, o: Object) -> OperandKind {
    match o.kind() {
        Kind::Int(_) => OperandKind::Int,
        Kind::Uint(_) => OperandKind::BigUint,
        Kind::Float(_) => OperandKind::Float,
        Kind::Bool(_) => OperandKind::Bool,
        Kind::None => OperandKind::None,
        Kind::Other if o.is_exactly(traces::Known::Bytes) => OperandKind::Bytes,
        Kind::Other if o.is_exactly(traces::Known::Str) => OperandKind::Str,
        Kind::Other => cffi::classify(rec, o).unwrap_or(OperandKind::Other),
    }
}

/// What the recorder has guarded of a callee.
#[derive(Clone, Copy)]
pub enum Guarded {
    /// It is this very object.
    Object(ObjId),
    /// It is a cffi function pointer of the recorded type, and not NULL; this is the address in it.
    Pointer(Value),
}

/// Emits the direct call of a callee; `stack` is how many entries of the operand stack belong to it.
///
/// # Errors
/// `Unsupported` where the call has to go through the binding.
pub fn emit(
    rec: &mut Recorder,
    guarded: Guarded,
    callee: &Callee,
    args: &[(Value, Object)],
    stack: usize,
    known: &KnownObjs,
) -> Result<Called, EmitError> {
    let operands: Vec<Operand> = args
        .iter()
        .map(|&(value, o)| Operand {
            value,
            kind: classify(rec, o),
        })
        .collect();
    match &callee.signature {
        Description::Cffi(f) => {
            let Some(mut sig) = f.signature(rec, &operands) else {
                return Err(EmitError::Unsupported("a variadic argument".to_string()));
            };
            let mut address = None;
            if let Guarded::Pointer(p) = guarded {
                if is_leaf(f.address) {
                    guard_address(rec, p, f.address)?;
                } else {
                    sig.addr = None;
                    sig.known_as = place(rec);
                    address = Some(p);
                }
            }
            expect(rec, &mut sig);
            ffi_ops::emit_call(rec.builder(), &sig, address, &operands, stack, known)
        }
        Description::Ctypes(f) => match guarded {
            Guarded::Object(id) => {
                let mut operands = operands;
                for (n, (operand, &(_, o))) in operands.iter_mut().zip(args).enumerate() {
                    if let (OperandKind::Other, Some(passes)) = (operand.kind, f.passes(n, o)) {
                        let class = o.type_object();
                        rec.assumptions.type_unchanged(class);
                        if let Some(param) = f.class(n) {
                            rec.assumptions.type_unchanged(param);
                        }
                        operand.kind = OperandKind::Ctypes {
                            ty: rec.keep_constant(class, "class"),
                            pointer: passes == ctypes::Passes::Pointer,
                        };
                    }
                }
                emit_ctypes(rec, id, f, &operands, stack, known)
            }
            Guarded::Pointer(_) => Err(EmitError::Unsupported("a ctypes pointer".to_string())),
        },
    }
}

/// What is expected of a function: nothing of one that is promised to be a leaf; of another one that its calls are short, as
/// long as nothing else is known.
fn expect(rec: &mut Recorder, sig: &mut Signature) {
    let Some(e) = engine::get() else { return };
    let known_as = sig.known_as;
    if sig.addr.is_some_and(is_leaf) {
        sig.flags.gil = false;
        sig.flags.leaf = true;
    } else if sig.flags.gil && !e.registry.do_calls_last(known_as) && handoff::may_expect() {
        sig.flags.short = true;
        rec.assumptions.calls_are_short(known_as);
    }
}

/// Whether the function at this address is promised to be a leaf.
fn is_leaf(address: u64) -> bool {
    engine::get().is_some_and(|e| e.leaves.borrow().contains(&address))
}

/// Leaves unless a function pointer holds this address.
fn guard_address(rec: &mut Recorder, pointer: Value, address: u64) -> Result<(), Abort> {
    let b = rec.builder();
    let (now, then) = (b.op(Op::PToI, &[pointer])?, b.int(address as i64)?);
    let same = b.op(Op::IEq, &[now, then])?;
    b.guard(same, true);
    Ok(())
}

/// A number for the place of a call whose function varies: no address has its highest bit set.
fn place(rec: &mut Recorder) -> u64 {
    let b = rec.builder();
    let (code, pc) = b.place();
    let code = b.trace.obj(code).addr;
    (1 << 63) | (code ^ (u64::from(pc) << 47))
}

/// Promises that a foreign function is a leaf, where it can be called directly.
pub fn promise_leaf(function: *mut ffi::PyObject) {
    let address = match describe(function).map(|callee| callee.signature) {
        Some(Description::Cffi(f)) => f.address,
        Some(Description::Ctypes(f)) => f.address,
        None => return,
    };
    if let Some(e) = engine::get() {
        e.leaves.borrow_mut().insert(address);
    }
}

/// The prototype of a ctypes function is watched; its address may be changed like any C memory, so
/// it is loaded for each call, or compared where something depends on it.
fn emit_ctypes(
    rec: &mut Recorder,
    id: ObjId,
    f: &ctypes::Function,
    operands: &[Operand],
    stack: usize,
    known: &KnownObjs,
) -> Result<Called, EmitError> {
    let function = Object(f.object.as_ptr());
    rec.assumptions.prototype_unchanged(function);
    rec.assumptions.type_unchanged(function.type_object());
    let mut sig = Signature {
        addr: Some(f.address),
        known_as: f.address,
        ..f.signature.clone()
    };
    expect(rec, &mut sig);
    let b = rec.builder();
    let o = b.obj(id)?;
    let p = b.load_field(o, Field::CtypesPtr)?;
    let mut address = Some(b.emit(Op::Load, &[p], Imm::Place(CType::Ptr, 0))?);
    // The stub that counts floats would have to be handed the address; and where arguments take all registers there is none
    // left for it.
    let floats = sig.params.iter().any(|p| match p {
        Param::Scalar(t) => t.ty() == Type::F64,
        p => matches!(p, Param::Struct { .. }),
    });
    let crowded = operands.len() > 5;
    let floats = floats || operands.iter().any(|o| o.kind == OperandKind::Float);
    if let (true, Some(now)) = (sig.flags.leaf || floats || crowded, address) {
        guard_address(rec, now, f.address)?;
        address = None;
    } else {
        sig.addr = None;
    }
    let b = rec.builder();
    let result = ffi_ops::emit_call(b, &sig, address, operands, stack, known)?;
    if f.python_api {
        // `_call_function_pointer`, Modules/_ctypes/callproc.c: a function of the Python API may
        // have raised.
        let raised = b.call(Helper::ErrOccurred, &[])?;
        let snap = b.snapshot_as(Resume::Raise(stack as u16));
        b.trace
            .push(Op::GuardFalse, &[raised], Imm::None, Some(snap));
    }
    Ok(result)
}

/// Whether an entry of the dict behind an object is what its attribute gives: an API-mode library
/// keeps an accessor for each variable of C.
pub fn is_attribute(
    owner: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
    entry: *mut ffi::PyObject,
) -> bool {
    if Object(owner).type_object().0 == (&raw mut ffi::PyModule_Type).cast() {
        return true;
    }
    // SAFETY: a library, whose attributes run no Python code where the name is in its dict.
    unsafe {
        let found = Strong::from_new(ffi::PyObject_GetAttr(owner, name));
        if found.is_none() {
            ffi::PyErr_Clear();
        }
        found.is_some_and(|found| found.as_ptr() == entry)
    }
}

/// The dict behind the attributes of a module, a cffi library or a ctypes library.
pub fn attribute_dict(
    owner: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
) -> Option<AttributeDict> {
    let o = Object(owner);
    // SAFETY: a live object.
    unsafe {
        if o.type_object().0 == (&raw mut ffi::PyModule_Type).cast() {
            let dict = ffi::PyModule_GetDict(owner);
            return Some(AttributeDict {
                dict,
                instance: false,
                name: o.attr_text(c"__name__"),
            });
        }
    }
    if let Some(dict) = library::library_dict(owner) {
        return Some(AttributeDict {
            dict,
            instance: false,
            name: "lib".to_string(),
        });
    }
    if library::is_inline(o.type_object()) || ctypes::is_library(owner) {
        return instance_dict(o, name).map(|dict| AttributeDict {
            dict,
            instance: true,
            name: "lib".to_string(),
        });
    }
    None
}

/// The materialised dict of an instance, where the class itself says nothing about `name`.
fn instance_dict(o: Object, name: *mut ffi::PyObject) -> Option<*mut ffi::PyObject> {
    // SAFETY: a live instance.
    unsafe {
        let class = o.type_object().0;
        let in_class = ffi::PyObject_GetAttr(class, name);
        if !in_class.is_null() {
            ffi::Py_DECREF(in_class);
            return None;
        }
        ffi::PyErr_Clear();
    }
    instance_namespace(o)
}

/// The materialised dict of an instance of a Python class.
pub fn instance_namespace(o: Object) -> Option<*mut ffi::PyObject> {
    // SAFETY: a live instance; `PyObject_GenericGetDict` gives a new reference to the dict, which
    // the instance owns too.
    unsafe {
        let dict = Strong::from_new(ffi::PyObject_GenericGetDict(o.0, std::ptr::null_mut()));
        let Some(dict) = dict else {
            ffi::PyErr_Clear();
            return None;
        };
        let at = engine::field_offset(Field::Dict);
        let held =
            *o.0.cast::<u8>()
                .offset(at as isize)
                .cast::<*mut ffi::PyObject>();
        (held == dict.as_ptr() && Object(held).is_exact_dict() && own_its_values(held))
            .then_some(held)
    }
}

/// Has a dict own its values instead of sharing them with its instance, so that its watchers are told
/// of every store: a key that is no str, added and taken away, makes it so. Says whether it does.
///
/// # Safety
/// An exact dict, and the GIL is held.
unsafe fn own_its_values(dict: *mut ffi::PyObject) -> bool {
    let Some(offset) = engine::get().map(|e| e.table.dict_values) else {
        return false;
    };
    if offset < 0 {
        return true;
    }
    // SAFETY: the caller's promise; the offset was proved at start-up. Hashing and comparing an int run
    // no Python code.
    unsafe {
        let shares = || {
            !dict
                .cast::<u8>()
                .offset(offset as isize)
                .cast::<*mut ffi::PyObject>()
                .read()
                .is_null()
        };
        if shares() {
            let key = ffi::PyLong_FromLong(0);
            let changed = ffi::PyDict_SetItem(dict, key, ffi::Py_None()) == 0
                && ffi::PyDict_DelItem(dict, key) == 0;
            ffi::Py_XDECREF(key);
            if !changed {
                ffi::PyErr_Clear();
            }
        }
        !shares()
    }
}
