//! ctypes' rules for arguments (`Modules/_ctypes/cfield.c`, `callproc.c`): integers are cut to
//! the width of the parameter without an error.

use crate::emit::{Arg, OperandKind, pointer_accepts};
use crate::signature::Param;
use traces::{Abort, CType, Op, Value};

/// Whether the operand is one that the parameter takes without an error.
pub(crate) fn accepts(p: &Param, kind: OperandKind) -> bool {
    use OperandKind::*;
    match p {
        Param::Pointer { .. } => pointer_accepts(p, kind),
        Param::Scalar(CType::F32 | CType::F64) => matches!(kind, Float | Int | Bool | BigUint),
        // `c_bool` takes the truth of any object; numbers are enough for a trace.
        Param::Scalar(_) => matches!(kind, Int | Bool | BigUint),
        // `c_set`, Modules/_ctypes/cfield.c: also what is rarer.
        Param::Char(t) => t.bytes() == 1 && kind == Bytes,
        Param::Struct { .. } => false,
    }
}

/// What a parameter without `argtypes` is, by its argument (`ConvParam`): an int is a C `int`, a
/// bytes a `char *`, None a NULL pointer; nothing of others, which the binding converts or refuses.
pub(crate) fn untyped(kind: OperandKind) -> Option<Param> {
    match kind {
        OperandKind::Int | OperandKind::Bool | OperandKind::BigUint => {
            Some(Param::Scalar(CType::I32))
        }
        OperandKind::Bytes | OperandKind::None | OperandKind::Ctypes { .. } => {
            Some(Param::Pointer {
                cffi: None,
                bytes: true,
                none: true,
                ints: false,
                ctypes: true,
            })
        }
        _ => None,
    }
}

/// Converts an accepted operand.
pub(crate) fn convert(arg: &mut Arg<'_>, p: &Param) -> Result<Value, Abort> {
    match p {
        Param::Pointer { .. } | Param::Struct { .. } => arg.pointer(),
        Param::Scalar(CType::F32 | CType::F64) => arg.double(),
        Param::Scalar(CType::Bool) => {
            let v = arg.int_by(Op::UnboxBits)?;
            let zero = arg.b.int(0)?;
            arg.b.op(Op::INe, &[v, zero])
        }
        // Cut to the width, whatever the sign (`get_ulonglong`, `PyLong_AsUnsignedLongMask`).
        Param::Scalar(_) => arg.int_by(Op::UnboxBits),
        Param::Char(_) => {
            let (v, bytes) = (arg.op.value, arg.known.bytes);
            arg.b.guard_type(v, bytes);
            arg.b.op(Op::UnboxChar, &[v])
        }
    }
}
