//! The emitter: guards and conversions, the call, the box of the result. Nothing is emitted before
//! every operand is known to be understood, and every guard stands in front of the call.

use crate::signature::{Binding, Param, Ret, Signature};
use crate::{cffi, ctypes};
use traces::{Abort, Builder, CType, Field, FuncDecl, Imm, ObjId, Op, Value};

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
    /// A cffi cdata: its Python type and its ctype, as constants, and the ctype's address.
    CData {
        /// The exact Python type.
        ty: ObjId,
        /// The ctype.
        ctype: ObjId,
        /// The address of the ctype.
        addr: u64,
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
    /// `None`
    pub none: ObjId,
    /// `NoneType`
    pub none_type: ObjId,
}

/// Why a call is not recorded as a direct one.
#[derive(Debug)]
pub enum EmitError {
    /// The binding itself must do it (or raise).
    Unsupported(String),
    /// The recording ends.
    Abort(Abort),
}

impl From<Abort> for EmitError {
    fn from(a: Abort) -> EmitError {
        EmitError::Abort(a)
    }
}

/// An operand ready for conversion.
pub(crate) struct Arg<'a> {
    pub b: &'a mut Builder,
    pub known: &'a KnownObjs,
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
                self.b.guard_type(v, ty);
                let t = self.b.load_field(v, Field::CDataType)?;
                self.b.guard_is(t, ctype);
                self.b.load_field(v, Field::CDataPtr)
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

/// Whether the operand can be passed as this pointer.
pub(crate) fn pointer_accepts(param: &Param, kind: OperandKind) -> bool {
    let Param::Pointer {
        accepts,
        bytes,
        none,
        ints,
    } = param
    else {
        return false;
    };
    match kind {
        OperandKind::None => *none,
        OperandKind::Bytes => *bytes,
        OperandKind::Int | OperandKind::BigUint | OperandKind::Bool => *ints,
        OperandKind::CData { addr, .. } => accepts.contains(&addr),
        _ => false,
    }
}

/// Emits a direct call; gives the boxed result. `address` is the function's address where the
/// signature has none.
///
/// # Errors
/// `Unsupported` where the binding has to do the call itself; nothing was emitted then.
pub fn emit_call(
    b: &mut Builder,
    sig: &Signature,
    address: Option<Value>,
    operands: &[Operand],
    known: &KnownObjs,
) -> Result<Value, EmitError> {
    let untyped: Vec<Param>;
    let params = if sig.binding == Binding::CtypesUntyped {
        untyped = operands
            .iter()
            .map(|o| ctypes::untyped(o.kind))
            .collect::<Result<_, _>>()?;
        &untyped
    } else {
        &sig.params
    };
    if params.len() != operands.len() {
        return Err(EmitError::Unsupported(
            "the number of arguments".to_string(),
        ));
    }
    for (p, o) in params.iter().zip(operands) {
        let ok = match sig.binding {
            Binding::Cffi => cffi::accepts(p, o.kind),
            Binding::Ctypes | Binding::CtypesUntyped => ctypes::accepts(p, o.kind),
        };
        if !ok {
            return Err(EmitError::Unsupported(format!(
                "an argument of {}: {:?}",
                sig.name, o.kind
            )));
        }
    }
    let mut args: Vec<Value> = address.into_iter().collect();
    for (p, &op) in params.iter().zip(operands) {
        let mut arg = Arg { b, known, op };
        args.push(match sig.binding {
            Binding::Cffi => cffi::convert(&mut arg, p)?,
            Binding::Ctypes | Binding::CtypesUntyped => ctypes::convert(&mut arg, p)?,
        });
    }
    let ret = match sig.ret {
        Ret::Void => CType::Void,
        Ret::Scalar(t) => t,
        Ret::Address | Ret::CData(_) => CType::Ptr,
    };
    let params = params
        .iter()
        .map(|p| {
            if let Param::Scalar(t) = p {
                *t
            } else {
                CType::Ptr
            }
        })
        .collect();
    let decl = FuncDecl {
        name: sig.name.clone(),
        addr: sig.addr,
        params,
        ret,
        flags: sig.flags,
    };
    let raw = b.ccall(decl, &args);
    Ok(result(b, sig.ret, raw, known)?)
}

/// The box of a result.
fn result(
    b: &mut Builder,
    ret: Ret,
    raw: Option<Value>,
    known: &KnownObjs,
) -> Result<Value, Abort> {
    let Some(raw) = raw else {
        return b.obj(known.none);
    };
    match ret {
        Ret::Void => b.obj(known.none),
        Ret::Address => {
            let n = b.op(Op::PToI, &[raw])?;
            b.op(Op::BoxUint, &[n])
        }
        Ret::CData(ctype) => b.emit(Op::BoxCData, &[raw], Imm::Obj(ctype)),
        Ret::Scalar(CType::Bool) => b.op(Op::BoxBool, &[raw]),
        Ret::Scalar(CType::F32 | CType::F64) => b.op(Op::BoxFloat, &[raw]),
        Ret::Scalar(CType::U64) => b.op(Op::BoxUint, &[raw]),
        Ret::Scalar(_) => b.op(Op::BoxInt, &[raw]),
    }
}
