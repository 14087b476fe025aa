//! Ops on numbers: what they mean.

use super::heap::Datum::{self, Bool, Float, Int, Ptr};
use crate::op::Op;
use crate::trace::Imm;

/// The result of an op on numbers: none where it does not fit (the op leaves then).
///
/// # Errors
/// Where the operands are outside what the op's row allows, or the op is none on numbers.
pub(super) fn compute(op: Op, args: &[Datum], imm: Imm) -> Result<Option<Datum>, String> {
    let result = match *args {
        [] => constant(imm),
        [Int(x)] => unary(op, x, imm),
        [Int(x), Int(y)] => match overflowing(op, x, y) {
            Some(result) => return Ok(result.map(Int)),
            None => int(op, x, y)?
                .map(Int)
                .or_else(|| compare(op, x, y).map(Bool)),
        },
        [Float(x)] => match op {
            Op::FNeg => Some(Float(-x)),
            Op::FAbs => Some(Float(x.abs())),
            Op::FSqrt => Some(Float(x.sqrt())),
            Op::FRound => Some(Float((x as f32).into())),
            Op::FBits => Some(Int(x.to_bits() as i64)),
            // 2^63 is the first double that does not fit; NaN compares false.
            Op::FToI
                if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&x) =>
            {
                Some(Int(x as i64))
            }
            Op::FToI => return Ok(None),
            _ => None,
        },
        [Float(x), Float(y)] => float(op, x, y),
        [Bool(first), Int(x), Int(y)] if op == Op::ISelect => Some(Int(if first { x } else { y })),
        [Bool(first), Float(x), Float(y)] if op == Op::FSelect => {
            Some(Float(if first { x } else { y }))
        }
        [Bool(x)] => match op {
            Op::BNot => Some(Bool(!x)),
            Op::BToI => Some(Int(x.into())),
            _ => None,
        },
        [Bool(x), Bool(y)] => match op {
            Op::BAnd => Some(Bool(x & y)),
            Op::BOr => Some(Bool(x | y)),
            Op::BXor => Some(Bool(x ^ y)),
            _ => None,
        },
        [Ptr(p)] if op == Op::PToI => Some(Int(p as i64)),
        [Ptr(p), Int(n)] if op == Op::PAdd => Some(Ptr(p.wrapping_add(n as u64))),
        _ => None,
    };
    match result {
        Some(result) => Ok(Some(result)),
        None => Err("the evaluator does not know this op".to_string()),
    }
}

fn constant(imm: Imm) -> Option<Datum> {
    match imm {
        Imm::Int(n) => Some(Int(n)),
        Imm::Float(x) => Some(Float(x)),
        Imm::Bool(b) => Some(Bool(b)),
        _ => None,
    }
}

fn unary(op: Op, x: i64, imm: Imm) -> Option<Datum> {
    Some(match (op, imm) {
        (Op::ISext, Imm::Int(8)) => Int((x as i8).into()),
        (Op::ISext, Imm::Int(16)) => Int((x as i16).into()),
        (Op::ISext, Imm::Int(32)) => Int((x as i32).into()),
        (Op::IZext, Imm::Int(8)) => Int((x as u8).into()),
        (Op::IZext, Imm::Int(16)) => Int((x as u16).into()),
        (Op::IZext, Imm::Int(32)) => Int((x as u32).into()),
        (Op::IToF, _) => Float(x as f64),
        (Op::UToF, _) => Float(x as u64 as f64),
        (Op::IToP, _) => Ptr(x as u64),
        (Op::F32OfBits, _) => Float(f32::from_bits(x as u32).into()),
        (Op::FOfBits, _) => Float(f64::from_bits(x as u64)),
        _ => return None,
    })
}

fn overflowing(op: Op, x: i64, y: i64) -> Option<Option<i64>> {
    match op {
        Op::IAddOvf => Some(x.checked_add(y)),
        Op::ISubOvf => Some(x.checked_sub(y)),
        Op::IMulOvf => Some(x.checked_mul(y)),
        _ => None,
    }
}

fn int(op: Op, x: i64, y: i64) -> Result<Option<i64>, String> {
    let amount = match (op, u32::try_from(y)) {
        (Op::IShl | Op::IShr | Op::IUshr, Ok(n)) if n < 64 => n,
        (Op::IShl | Op::IShr | Op::IUshr, _) => {
            return Err(format!("a shift by {y}"));
        }
        _ => 0,
    };
    Ok(Some(match op {
        Op::IAdd => x.wrapping_add(y),
        Op::ISub => x.wrapping_sub(y),
        Op::IMul => x.wrapping_mul(y),
        Op::IFloorDiv => floor_div(x, y)?.0,
        Op::IMod => floor_div(x, y)?.1,
        Op::IAnd => x & y,
        Op::IOr => x | y,
        Op::IXor => x ^ y,
        Op::IShl => x << amount,
        Op::IShr => x >> amount,
        Op::IUshr => (x as u64 >> amount) as i64,
        _ => return Ok(None),
    }))
}

/// Quotient and remainder of the division whose remainder has the sign of the divisor.
fn floor_div(x: i64, y: i64) -> Result<(i64, i64), String> {
    let (Some(quotient), Some(rest)) = (x.checked_div(y), x.checked_rem(y)) else {
        return Err(format!("{x} divided by {y}"));
    };
    if rest != 0 && (rest < 0) != (y < 0) {
        Ok((quotient - 1, rest + y))
    } else {
        Ok((quotient, rest))
    }
}

fn compare(op: Op, x: i64, y: i64) -> Option<bool> {
    Some(match op {
        Op::IEq => x == y,
        Op::INe => x != y,
        Op::ILt => x < y,
        Op::ILe => x <= y,
        Op::IGt => x > y,
        Op::IGe => x >= y,
        Op::IUlt => (x as u64) < y as u64,
        Op::IUle => x as u64 <= y as u64,
        _ => return None,
    })
}

fn float(op: Op, x: f64, y: f64) -> Option<Datum> {
    Some(match op {
        Op::FAdd => Float(x + y),
        Op::FSub => Float(x - y),
        Op::FMul => Float(x * y),
        Op::FDiv => Float(x / y),
        Op::FEq => Bool(x == y),
        Op::FNe => Bool(x != y),
        Op::FLt => Bool(x < y),
        Op::FLe => Bool(x <= y),
        Op::FGt => Bool(x > y),
        Op::FGe => Bool(x >= y),
        _ => return None,
    })
}
