//! The emitter: guards and conversions, the call, the box of the result. Nothing is emitted before
//! every operand is known to be understood, and every guard stands in front of the call.

use crate::cdata::CDataKind;
use crate::signature::{Binding, Param, Ret, Signature};
use crate::sysv::{self, ByValue, Passing};
use crate::{cffi, ctypes};
use traces::{
    Abort, Builder, CType, Field, FuncDecl, Helper, Imm, ObjId, Op, Resume, StackEntry, Value,
};

/// What an operand is, as seen while recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OperandKind {
    /// An exact int that fits in `i64`.
    Int,
    /// An exact int in 2^63..2^64.
    BigUint,
    /// An exact float.
    Float,
    /// A bool.
    Bool,
    /// None.
    None,
    /// An exact bytes.
    Bytes,
    /// An exact str.
    Str,
    /// A cffi cdata.
    CData {
        /// Its exact Python type, as a constant.
        ty: ObjId,
        /// Its ctype, as a constant.
        ctype: ObjId,
        /// What it is.
        what: CDataKind,
    },
    /// An object of ctypes that the parameter takes: a pointer, an array, a struct or a union.
    Ctypes {
        /// Its exact Python type, as a constant.
        ty: ObjId,
        /// Whether the address that is passed lies in its memory, else it is that of its memory.
        pointer: bool,
    },
    /// Anything else.
    Other,
}

/// An argument of the call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operand {
    /// Its value (an `obj`).
    pub value: Value,
    /// What it is.
    pub kind: OperandKind,
}

/// Constants that conversions guard against.
#[derive(Clone, Copy, Debug)]
pub struct KnownObjs {
    /// `int`
    pub int: ObjId,
    /// `float`
    pub float: ObjId,
    /// `bool`
    pub bool_: ObjId,
    /// `bytes`
    pub bytes: ObjId,
    /// `str`
    pub str_: ObjId,
    /// `None`
    pub none: ObjId,
    /// `NoneType`
    pub none_type: ObjId,
}

/// Why a call is not recorded as a direct one.
#[derive(Debug)]
pub enum EmitError {
    /// The binding itself must do it (or raise): why.
    Unsupported(String),
    /// The binding itself must convert this argument (or raise).
    Argument(usize),
    /// The recording ends.
    Abort(Abort),
}

impl From<Abort> for EmitError {
    fn from(a: Abort) -> EmitError {
        EmitError::Abort(a)
    }
}

/// An operand ready for conversion.
pub struct Arg<'a> {
    /// Where the conversion is written.
    pub b: &'a mut Builder,
    /// Constants.
    pub known: &'a KnownObjs,
    /// The operand.
    pub op: Operand,
}

impl Arg<'_> {
    /// The integer (or its 64 bits, where it is above 2^63).
    pub(crate) fn int(&mut self) -> Result<Value, Abort> {
        let v = self.op.value;
        match self.op.kind {
            OperandKind::Bool => {
                let b = self.bool()?;
                self.b.op(Op::BToI, &[b])
            }
            OperandKind::BigUint => {
                self.b.guard_type(v, self.known.int);
                self.b.op(Op::UnboxUint, &[v])
            }
            _ => {
                self.b.guard_type(v, self.known.int);
                self.b.op(Op::UnboxInt, &[v])
            }
        }
    }

    /// The integer by another unboxing op than its kind asks for; a bool as 0 or 1.
    pub(crate) fn int_by(&mut self, unbox: Op) -> Result<Value, Abort> {
        if self.op.kind == OperandKind::Bool {
            return self.int();
        }
        self.b.guard_type(self.op.value, self.known.int);
        self.b.op(unbox, &[self.op.value])
    }

    /// The truth value of a bool.
    pub(crate) fn bool(&mut self) -> Result<Value, Abort> {
        self.b.guard_type(self.op.value, self.known.bool_);
        self.b.op(Op::UnboxBool, &[self.op.value])
    }

    /// The double of a float, int or bool, rounded as `PyFloat_AsDouble` does.
    pub(crate) fn double(&mut self) -> Result<Value, Abort> {
        if self.op.kind == OperandKind::Float {
            self.b.guard_type(self.op.value, self.known.float);
            return self.b.op(Op::UnboxFloat, &[self.op.value]);
        }
        let i = self.int()?;
        let op = if self.op.kind == OperandKind::BigUint {
            Op::UToF
        } else {
            Op::IToF
        };
        self.b.op(op, &[i])
    }

    /// The address that a pointer operand passes.
    pub(crate) fn pointer(&mut self) -> Result<Value, Abort> {
        let v = self.op.value;
        match self.op.kind {
            OperandKind::None => {
                self.b.guard_is(v, self.known.none);
                self.b.ptr(0)
            }
            OperandKind::CData { ty, ctype, .. } => {
                guard_cdata(self.b, v, ty, ctype)?;
                self.b.load_field(v, Field::CDataPtr)
            }
            OperandKind::Ctypes { ty, pointer } => {
                // The `paramfunc` of pointers and arrays, Modules/_ctypes/_ctypes.c; a struct is passed as by `byref`.
                self.b.guard_type(v, ty);
                let memory = self.b.load_field(v, Field::CtypesPtr)?;
                match pointer {
                    true => self.b.emit(Op::Load, &[memory], Imm::Place(CType::Ptr, 0)),
                    false => Ok(memory),
                }
            }
            OperandKind::Int | OperandKind::BigUint | OperandKind::Bool => {
                // `P_set`, Modules/_ctypes/cfield.c: cut to 64 bits.
                let bits = self.int_by(Op::UnboxBits)?;
                self.b.op(Op::IToP, &[bits])
            }
            _ => {
                self.b.guard_type(v, self.known.bytes);
                self.b
                    .emit(Op::FieldAddr, &[v], Imm::Field(Field::BytesData))
            }
        }
    }
}

/// The address that an operand which is a pointer, an array or a bytes stands for, its type guarded.
///
/// # Errors
/// Where the trace is too long.
pub fn address(mut arg: Arg<'_>) -> Result<Value, Abort> {
    arg.pointer()
}

/// Leaves unless a value is a cffi cdata of this Python type and this ctype.
pub fn guard_cdata(b: &mut Builder, v: Value, ty: ObjId, ctype: ObjId) -> Result<(), Abort> {
    b.guard_type(v, ty);
    let t = b.load_field(v, Field::CDataType)?;
    b.guard_is(t, ctype);
    Ok(())
}

/// Whether the operand can be passed as this pointer.
pub(crate) fn pointer_accepts(param: &Param, kind: OperandKind) -> bool {
    let Param::Pointer {
        cffi,
        bytes,
        none,
        ints,
        ctypes,
    } = param
    else {
        return false;
    };
    match kind {
        OperandKind::None => *none,
        OperandKind::Bytes => *bytes,
        OperandKind::Int | OperandKind::BigUint | OperandKind::Bool => *ints,
        OperandKind::Ctypes { .. } => *ctypes,
        OperandKind::CData {
            what: CDataKind::Pointer(from),
            ..
        } => cffi.is_some_and(|to| to.accepts(from)),
        _ => false,
    }
}

/// The result of a direct call.
#[derive(Clone, Copy, Debug)]
pub enum Called {
    /// A value that needs no owner.
    Value(Value),
    /// An object that the lowest operand's slot of the stack owns.
    Owned(Value),
}

/// Emits a direct call; gives the boxed result. `address` is the function's address where the
/// signature has none; `stack` is how many entries of the operand stack belong to the call.
///
/// # Errors
/// `Unsupported` where the binding has to do the call itself; nothing was emitted then.
pub fn emit_call(
    b: &mut Builder,
    sig: &Signature,
    address: Option<Value>,
    operands: &[Operand],
    stack: usize,
    known: &KnownObjs,
) -> Result<Called, EmitError> {
    let untyped: Vec<Param>;
    let params = if sig.binding == Binding::CtypesUntyped {
        untyped = operands
            .iter()
            .enumerate()
            .map(|(n, o)| ctypes::untyped(o.kind).ok_or(EmitError::Argument(n)))
            .collect::<Result<_, _>>()?;
        &untyped
    } else {
        &sig.params
    };
    check(sig, params, operands)?;
    let mut converted = Vec::with_capacity(params.len());
    for (p, &op) in params.iter().zip(operands) {
        let mut arg = Arg { b, known, op };
        converted.push(match sig.binding {
            Binding::Cffi => cffi::convert(&mut arg, p)?,
            Binding::Ctypes | Binding::CtypesUntyped => ctypes::convert(&mut arg, p)?,
        });
    }
    // Nothing leaves from here on.
    let made = match &sig.ret {
        Ret::Struct { ctype, passed } if passed.in_memory() => {
            Some(memory_of_result(b, *ctype, passed, stack)?)
        }
        _ => None,
    };
    let mut passing = match made {
        Some(made) => Passing::hidden(b.load_field(made, Field::CDataPtr)?),
        None => Passing::default(),
    };
    for (p, &value) in params.iter().zip(&converted) {
        match p {
            Param::Scalar(t) | Param::Char(t) => passing.scalar(*t, value),
            Param::Pointer { .. } => passing.scalar(CType::Ptr, value),
            Param::Struct { passed, .. } => passing.by_value(b, passed, value)?,
        }
    }
    let (params, args) = passing.finish();
    let (ret, second) = match &sig.ret {
        Ret::Void => (CType::Void, None),
        Ret::Scalar(t) | Ret::Char(t) => (*t, None),
        Ret::Address | Ret::CData(_) => (CType::Ptr, None),
        Ret::Struct { passed, .. } if passed.in_memory() => (CType::Ptr, None),
        Ret::Struct { passed, .. } => passed.result(),
    };
    let decl = FuncDecl {
        name: sig.name.clone(),
        addr: sig.addr,
        known_as: sig.known_as,
        params,
        ret,
        second,
        flags: sig.flags,
    };
    let args: Vec<Value> = address.into_iter().chain(args).collect();
    let raw = b.ccall(decl, &args);
    match (made, raw) {
        (Some(made), _) => Ok(Called::Owned(made)),
        // What is no code point raises ValueError, behind the call.
        (None, Some(raw)) if matches!(sig.ret, Ret::Char(t) if t.bytes() == 4) => {
            Ok(Called::Owned(make(b, Helper::UCharNew, &[raw], stack)?))
        }
        (None, _) => Ok(Called::Value(result(b, &sig.ret, raw, known)?)),
    }
}

/// Whether the binding takes the operands without an error, as far as their types go.
fn check(sig: &Signature, params: &[Param], operands: &[Operand]) -> Result<(), EmitError> {
    if params.len() != operands.len() {
        return Err(EmitError::Unsupported(
            "the number of arguments".to_string(),
        ));
    }
    for (n, (p, o)) in params.iter().zip(operands).enumerate() {
        let ok = match sig.binding {
            Binding::Cffi => cffi::accepts_argument(p, o.kind),
            Binding::Ctypes | Binding::CtypesUntyped => ctypes::accepts(p, o.kind),
        };
        if !ok {
            return Err(EmitError::Argument(n));
        }
    }
    Ok(())
}

/// Makes an object by a helper; the slot of the call's lowest operand owns it.
fn make(b: &mut Builder, helper: Helper, args: &[Value], stack: usize) -> Result<Value, Abort> {
    let slot = b.slot_below_top(stack - 1);
    let snap = b.snapshot_as(Resume::Raise(stack as u16));
    let imm = Imm::HelperSlot(helper, slot);
    b.trace.emit(Op::CallNew, args, imm, Some(snap))
}

/// Makes the cdata that a struct is returned in; the slot of the call's lowest operand owns it.
fn memory_of_result(
    b: &mut Builder,
    ctype: ObjId,
    passed: &ByValue,
    stack: usize,
) -> Result<Value, Abort> {
    let entry = b.stack.len().checked_sub(stack);
    let (ctype, bytes) = (b.obj(ctype)?, b.int(passed.size.into())?);
    let made = make(b, Helper::CDataNew, &[ctype, bytes], stack)?;
    // The callable that lies there is a constant, or owned by somebody else.
    if let Some(entry) = entry.and_then(|at| b.stack.get_mut(at)) {
        *entry = StackEntry {
            value: made,
            owned: true,
        };
    }
    b.stack_changed();
    Ok(made)
}

/// The box of a result.
fn result(
    b: &mut Builder,
    ret: &Ret,
    raw: Option<Value>,
    known: &KnownObjs,
) -> Result<Value, EmitError> {
    if let Ret::Struct { ctype, passed } = ret {
        let words = sysv::result_words(b, passed, raw)?;
        return Ok(b.emit(Op::BoxStruct, &words, Imm::Obj(*ctype))?);
    }
    let Some(raw) = raw else {
        return Ok(b.obj(known.none)?);
    };
    Ok(match *ret {
        Ret::Void | Ret::Struct { .. } => b.obj(known.none)?,
        Ret::Address => {
            let n = b.op(Op::PToI, &[raw])?;
            b.op(Op::BoxUint, &[n])?
        }
        Ret::CData(ctype) => b.emit(Op::BoxCData, &[raw], Imm::Obj(ctype))?,
        Ret::Char(t) => cffi::boxed_char(b, t, raw)?,
        Ret::Scalar(CType::Bool) => b.op(Op::BoxBool, &[raw])?,
        Ret::Scalar(CType::F32 | CType::F64) => b.op(Op::BoxFloat, &[raw])?,
        Ret::Scalar(CType::U64) => b.op(Op::BoxUint, &[raw])?,
        Ret::Scalar(_) => b.op(Op::BoxInt, &[raw])?,
    })
}
