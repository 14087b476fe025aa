//! cffi's rules for values (cffi documentation, "Conversions"; `convert_from_object` and
//! `convert_to_object`, `_cffi_backend.c`).

use crate::cdata::CDataKind;
use crate::emit::{Arg, OperandKind, guard_cdata, pointer_accepts};
use crate::signature::Param;
use traces::{Abort, Builder, CType, Imm, Op, Value};

/// The largest code point.
const LAST_CHARACTER: i64 = 0x10_ffff;

/// Whether the operand is one that the parameter takes without an error.
pub(crate) fn accepts_argument(p: &Param, kind: OperandKind) -> bool {
    match p {
        Param::Pointer { .. } => pointer_accepts(p, kind),
        Param::Scalar(t) => accepts_scalar(*t, kind),
        Param::Char(t) => accepts_char(*t, kind),
        Param::Struct { ctype, .. } => matches!(
            kind,
            OperandKind::CData { what: CDataKind::Struct(from), .. } if from == *ctype
        ),
    }
}

/// Whether the operand converts to this number without an error, as far as its type goes.
pub(crate) fn accepts_scalar(t: CType, kind: OperandKind) -> bool {
    use OperandKind::*;
    let what = match kind {
        CData { what, .. } => Some(what),
        _ => Option::None,
    };
    match t {
        CType::F32 | CType::F64 => {
            matches!(kind, Float | Int | Bool | BigUint)
                || matches!(what, Some(CDataKind::Float(_)))
        }
        // A number in a cdata converts by its `int()`, but a float.
        _ if matches!(what, Some(CDataKind::Int(_) | CDataKind::Char(_))) => true,
        CType::U64 => matches!(kind, Int | Bool | BigUint),
        _ => matches!(kind, Int | Bool),
    }
}

/// Whether the operand converts to this character type.
pub(crate) fn accepts_char(t: CType, kind: OperandKind) -> bool {
    match kind {
        OperandKind::Bytes => t == CType::U8,
        OperandKind::Str => t != CType::U8,
        OperandKind::CData {
            what: CDataKind::Char(from),
            ..
        } => from.bytes() == t.bytes(),
        _ => false,
    }
}

/// Converts an accepted argument. One that is out of range leaves: cffi raises OverflowError.
pub(crate) fn convert(arg: &mut Arg<'_>, p: &Param) -> Result<Value, Abort> {
    match p {
        // Of a struct, where it lies.
        Param::Pointer { .. } | Param::Struct { .. } => arg.pointer(),
        Param::Scalar(t) => scalar(arg, *t),
        Param::Char(t) => character(arg, *t),
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

/// Leaves unless `low <= v <= high`.
pub(crate) fn guard_range(b: &mut Builder, v: Value, low: i64, high: i64) -> Result<(), Abort> {
    let (low, high) = (b.int(low)?, b.int(high)?);
    for (op, bound) in [(Op::IGe, low), (Op::ILe, high)] {
        let ok = b.op(op, &[v, bound])?;
        b.guard(ok, true);
    }
    Ok(())
}

/// A number of a C type, from an accepted operand.
pub(crate) fn scalar(arg: &mut Arg<'_>, t: CType) -> Result<Value, Abort> {
    if matches!(t, CType::F32 | CType::F64) {
        return match arg.op.kind {
            OperandKind::CData { .. } => cvalue(arg).map(|(v, _)| v),
            _ => arg.double(),
        };
    }
    let v = match arg.op.kind {
        OperandKind::CData { .. } => {
            let (v, from) = cvalue(arg)?;
            // 64 bits of the other signedness fit where their top bit is clear.
            if from == CType::U64 || (t == CType::U64 && from.signed()) {
                if t == CType::U64 && from == CType::U64 {
                    return Ok(v);
                }
                guard_range(arg.b, v, 0, i64::MAX)?;
            }
            v
        }
        // Ints on both sides of 2^63 go one way; a negative one leaves.
        _ if t == CType::U64 => return arg.int_by(Op::UnboxUint),
        _ => arg.int()?,
    };
    if let Some((low, high)) = range(t) {
        guard_range(arg.b, v, low, high)?;
    }
    if t == CType::Bool {
        let zero = arg.b.int(0)?;
        arg.b.op(Op::INe, &[v, zero])
    } else {
        Ok(v)
    }
}

/// The value of an operand that is a cdata of a primitive ctype, as an integer or a double, and the C type
/// that says its range.
pub(crate) fn cvalue(arg: &mut Arg<'_>) -> Result<(Value, CType), Abort> {
    let OperandKind::CData { ty, ctype, what } = arg.op.kind else {
        return Err(Abort::new(
            traces::Reason::Confused,
            "a value of what is no cdata",
        ));
    };
    guard_cdata(arg.b, arg.op.value, ty, ctype)?;
    let t = match what {
        // `_Bool`: 0 and 1 are all that a cast leaves there.
        CDataKind::Int(CType::Bool) => CType::U8,
        CDataKind::Int(t) | CDataKind::Char(t) | CDataKind::Float(t) => t,
        _ => {
            return Err(Abort::new(
                traces::Reason::Confused,
                "a cdata without a value",
            ));
        }
    };
    let value = arg
        .b
        .emit(Op::UnboxCValue, &[arg.op.value], Imm::Place(t, 0))?;
    Ok((value, t))
}

/// A character of a C type, from an accepted operand, as an integer.
pub(crate) fn character(arg: &mut Arg<'_>, t: CType) -> Result<Value, Abort> {
    let v = arg.op.value;
    match arg.op.kind {
        OperandKind::CData { .. } => cvalue(arg).map(|(v, _)| v),
        OperandKind::Bytes => {
            arg.b.guard_type(v, arg.known.bytes);
            arg.b.op(Op::UnboxChar, &[v])
        }
        _ => {
            arg.b.guard_type(v, arg.known.str_);
            let c = arg.b.op(Op::UnboxUChar, &[v])?;
            if t.bytes() == 2 {
                guard_range(arg.b, c, 0, 0xffff)?;
            }
            Ok(c)
        }
    }
}

/// The bytes or str of a character, which a place or a foreign function gave.
pub(crate) fn boxed_char(b: &mut Builder, t: CType, raw: Value) -> Result<Value, Abort> {
    match t.bytes() {
        1 => b.op(Op::BoxChar, &[raw]),
        2 => b.op(Op::BoxUChar, &[raw]),
        _ => {
            // cffi raises ValueError for what is no code point.
            guard_range(b, raw, 0, LAST_CHARACTER)?;
            b.op(Op::BoxUChar, &[raw])
        }
    }
}
