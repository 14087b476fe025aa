//! cffi's rules for arguments (cffi documentation, "Conversions"; `_cffi_backend.c`).

use crate::emit::{Arg, OperandKind, pointer_accepts};
use crate::signature::Param;
use traces::{Abort, CType, Op, Value};

/// Whether the operand is one that the parameter takes without an error.
pub(crate) fn accepts(p: &Param, kind: OperandKind) -> bool {
    use OperandKind::*;
    match p {
        Param::Pointer { .. } => pointer_accepts(p, kind),
        Param::Scalar(CType::F32 | CType::F64) => matches!(kind, Float | Int | Bool | BigUint),
        Param::Scalar(CType::U64) => matches!(kind, Int | Bool | BigUint),
        Param::Scalar(_) => matches!(kind, Int | Bool),
    }
}

/// The inclusive range of an integer type narrower than 64 bits.
fn range(t: CType) -> Option<(i64, i64)> {
    let bits = 8 * u32::from(t.bytes());
    match t {
        CType::Bool => Some((0, 1)),
        CType::I64 | CType::U64 => None,
        _ if t.signed() => Some((-(1 << (bits - 1)), (1 << (bits - 1)) - 1)),
        _ => Some((0, (1 << bits) - 1)),
    }
}

/// Converts an accepted operand. An int out of range leaves: cffi raises OverflowError.
pub(crate) fn convert(arg: &mut Arg<'_>, p: &Param) -> Result<Value, Abort> {
    let t = match p {
        Param::Pointer { .. } => return arg.pointer(),
        Param::Scalar(t) => *t,
    };
    if matches!(t, CType::F32 | CType::F64) {
        return arg.double();
    }
    if t == CType::U64 {
        // Ints on both sides of 2^63 go one way; a negative one leaves.
        return arg.int_by(Op::UnboxUint);
    }
    let v = arg.int()?;
    let zero = arg.b.int(0)?;
    if let Some((low, high)) = range(t) {
        let (low, high) = (arg.b.int(low)?, arg.b.int(high)?);
        for (op, bound) in [(Op::IGe, low), (Op::ILe, high)] {
            let ok = arg.b.op(op, &[v, bound])?;
            arg.b.guard(ok, true);
        }
    }
    if t == CType::Bool {
        arg.b.op(Op::INe, &[v, zero])
    } else {
        Ok(v)
    }
}
