//! Folding: arithmetic on constants, and identities that hold bit for bit.
//!
//! Of floats only what no rounding, NaN or signed zero can tell apart is folded: `x + 0.0` is not
//! `x` for -0.0, `x * 1.0` quiets a signalling NaN, and the sign of a NaN that an operation makes
//! is the processor's choice.

use super::forward::Forward;
use super::range::Range;
use traces::{Abort, Imm, Op, Value};

/// The value of a pure op, where it needs no op of its own.
pub(super) fn fold(
    f: &mut Forward<'_>,
    op: Op,
    args: &[Value],
    imm: Imm,
) -> Result<Option<Value>, Abort> {
    match *args {
        [a] => fold_unary(f, op, a, imm),
        [a, b] if op == Op::Same => f.same(a, b),
        [a, b] if op == Op::PAdd => fold_address(f, a, b),
        [a, b] => {
            if let Some(value) = fold_constants(f, op, a, b)? {
                return Ok(Some(value));
            }
            match identity(f, op, a, b) {
                Some(simpler) => f.simplified(simpler).map(Some),
                None => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

/// The value of an op that leaves on overflow, where it cannot.
pub(super) fn fold_overflow(
    f: &mut Forward<'_>,
    op: Op,
    args: &[Value],
) -> Result<Option<Value>, Abort> {
    let &[a, b] = args else { return Ok(None) };
    let wrapping = match op {
        Op::IAddOvf => Op::IAdd,
        Op::ISubOvf => Op::ISub,
        Op::IMulOvf => Op::IMul,
        _ => return Ok(None),
    };
    if Range::arithmetic(op, f.range(a), f.range(b)).is_some() {
        return f.pure(wrapping, args, Imm::None).map(Some);
    }
    // The identities of the wrapping ops never wrap.
    match identity(f, wrapping, a, b) {
        Some(simpler) => f.simplified(simpler).map(Some),
        None => Ok(None),
    }
}

/// What an op amounts to.
enum Simpler {
    Value(Value),
    Int(i64),
    Truth(bool),
    Op(Op, Vec<Value>),
}

impl Forward<'_> {
    fn simplified(&mut self, simpler: Simpler) -> Result<Value, Abort> {
        match simpler {
            Simpler::Value(value) => Ok(value),
            Simpler::Int(n) => self.int(n),
            Simpler::Truth(b) => self.truth(b),
            Simpler::Op(op, args) => self.pure(op, &args, Imm::None),
        }
    }
}

fn fold_unary(f: &mut Forward<'_>, op: Op, a: Value, imm: Imm) -> Result<Option<Value>, Abort> {
    if let Some(n) = f.as_int(a) {
        let folded = match (op, imm) {
            (Op::ISext, Imm::Int(bits)) => extend(n, bits, true).map(|n| f.int(n)),
            (Op::IZext, Imm::Int(bits)) => extend(n, bits, false).map(|n| f.int(n)),
            (Op::IToF, _) => Some(f.float(n as f64)),
            (Op::UToF, _) => Some(f.float(n as u64 as f64)),
            (Op::IToP, _) => Some(f.pure(Op::ConstPtr, &[], Imm::Int(n))),
            _ => None,
        };
        return folded.transpose();
    }
    if let Some(b) = f.as_truth(a) {
        return match op {
            Op::BNot => f.truth(!b).map(Some),
            Op::BToI => f.int(i64::from(b)).map(Some),
            _ => Ok(None),
        };
    }
    if let Some(x) = f.as_float(a) {
        return match op {
            Op::FNeg => f.float(-x).map(Some),
            Op::FRound => f.float((x as f32).into()).map(Some),
            Op::FBits => f.int(x.to_bits() as i64).map(Some),
            _ => Ok(None),
        };
    }
    match (op, imm) {
        (Op::ISext | Op::IZext, Imm::Int(bits)) => {
            let narrow = Range::of_bits(bits, op == Op::ISext);
            Ok(f.range(a).within(narrow).then_some(a))
        }
        (Op::BNot, _) => match f.operand(a, Op::BNot) {
            Some(inner) => Ok(Some(inner)),
            None => not_comparison(f, a),
        },
        (Op::FNeg, _) => Ok(f.operand(a, Op::FNeg)),
        (Op::FBits, _) => Ok(f.operand(a, Op::FOfBits)),
        (Op::FOfBits, _) => Ok(f.operand(a, Op::FBits)),
        (Op::FRound, _) => {
            let is_float = f
                .def(a)
                .is_some_and(|inst| matches!(inst.op, Op::FRound | Op::F32OfBits));
            Ok(is_float.then_some(a))
        }
        (Op::PToI, _) => match f.def(a).map(|inst| (inst.op, inst.imm)) {
            Some((Op::ConstPtr, Imm::Int(n))) => f.int(n).map(Some),
            _ => Ok(f.operand(a, Op::IToP)),
        },
        (Op::IToP, _) => Ok(f.operand(a, Op::PToI)),
        (Op::UToF, _) if f.is_natural(a) => f.pure(Op::IToF, &[a], Imm::None).map(Some),
        _ => Ok(None),
    }
}

/// The negation of a comparison that has one. A NaN makes `<` and `>=` both fail, so of floats
/// only equality does.
fn not_comparison(f: &mut Forward<'_>, a: Value) -> Result<Option<Value>, Abort> {
    let Some(def) = f.def(a) else { return Ok(None) };
    let inverse = match def.op {
        Op::IEq => Op::INe,
        Op::INe => Op::IEq,
        Op::ILt => Op::IGe,
        Op::ILe => Op::IGt,
        Op::IGt => Op::ILe,
        Op::IGe => Op::ILt,
        Op::FEq => Op::FNe,
        Op::FNe => Op::FEq,
        _ => return Ok(None),
    };
    let args: Vec<Value> = def.args.iter().map(|&v| f.known(v)).collect();
    f.pure(inverse, &args, Imm::None).map(Some)
}

/// An address plus a distance: constant distances are added up.
fn fold_address(f: &mut Forward<'_>, p: Value, n: Value) -> Result<Option<Value>, Abort> {
    let Some(more) = f.as_int(n) else {
        return Ok(None);
    };
    if more == 0 {
        return Ok(Some(p));
    }
    if let Some((Op::ConstPtr, Imm::Int(at))) = f.def(p).map(|inst| (inst.op, inst.imm)) {
        return f
            .pure(Op::ConstPtr, &[], Imm::Int(at.wrapping_add(more)))
            .map(Some);
    }
    let Some(&[base, distance]) = f.operands(p, Op::PAdd).as_deref() else {
        return Ok(None);
    };
    let Some(distance) = f.as_int(distance) else {
        return Ok(None);
    };
    let sum = f.int(distance.wrapping_add(more))?;
    f.pure(Op::PAdd, &[base, sum], Imm::None).map(Some)
}

fn extend(n: i64, bits: i64, signed: bool) -> Option<i64> {
    Some(match (bits, signed) {
        (8, true) => i64::from(n as i8),
        (16, true) => i64::from(n as i16),
        (32, true) => i64::from(n as i32),
        (8, false) => i64::from(n as u8),
        (16, false) => i64::from(n as u16),
        (32, false) => i64::from(n as u32),
        _ => return None,
    })
}

fn fold_constants(f: &mut Forward<'_>, op: Op, a: Value, b: Value) -> Result<Option<Value>, Abort> {
    if let (Some(x), Some(y)) = (f.as_int(a), f.as_int(b)) {
        if let Some(n) = int_result(op, x, y) {
            return f.int(n).map(Some);
        }
        return int_comparison(op, x, y).map(|b| f.truth(b)).transpose();
    }
    if let (Some(x), Some(y)) = (f.as_float(a), f.as_float(b)) {
        if let Some(x) = float_result(op, x, y) {
            return f.float(x).map(Some);
        }
        return float_comparison(op, x, y).map(|b| f.truth(b)).transpose();
    }
    if let (Some(x), Some(y)) = (f.as_truth(a), f.as_truth(b)) {
        let folded = match op {
            Op::BAnd => x & y,
            Op::BOr => x | y,
            Op::BXor => x ^ y,
            _ => return Ok(None),
        };
        return f.truth(folded).map(Some);
    }
    Ok(None)
}

/// An op on integers. Nothing where its conditions do not hold: such code never runs.
fn int_result(op: Op, x: i64, y: i64) -> Option<i64> {
    let shift = || u32::try_from(y).ok().filter(|n| *n < 64);
    Some(match op {
        Op::IAdd => x.wrapping_add(y),
        Op::ISub => x.wrapping_sub(y),
        Op::IMul => x.wrapping_mul(y),
        Op::IFloorDiv => floor_div(x, y)?,
        Op::IMod => x.checked_sub(floor_div(x, y)?.checked_mul(y)?)?,
        Op::IAnd => x & y,
        Op::IOr => x | y,
        Op::IXor => x ^ y,
        Op::IShl => x.checked_shl(shift()?)?,
        Op::IShr => x.checked_shr(shift()?)?,
        Op::IUshr => (x as u64).checked_shr(shift()?)? as i64,
        _ => return None,
    })
}

fn floor_div(x: i64, y: i64) -> Option<i64> {
    let (quotient, rest) = (x.checked_div(y)?, x.checked_rem(y)?);
    Some(if rest != 0 && (rest < 0) != (y < 0) {
        quotient - 1
    } else {
        quotient
    })
}

fn int_comparison(op: Op, x: i64, y: i64) -> Option<bool> {
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

fn float_result(op: Op, x: f64, y: f64) -> Option<f64> {
    let result = match op {
        Op::FAdd => x + y,
        Op::FSub => x - y,
        Op::FMul => x * y,
        Op::FDiv => x / y,
        _ => return None,
    };
    (!result.is_nan()).then_some(result)
}

fn float_comparison(op: Op, x: f64, y: f64) -> Option<bool> {
    Some(match op {
        Op::FEq => x == y,
        Op::FNe => x != y,
        Op::FLt => x < y,
        Op::FLe => x <= y,
        Op::FGt => x > y,
        Op::FGe => x >= y,
        _ => return None,
    })
}

/// What an op on two values amounts to, where that is simpler.
fn identity(f: &Forward<'_>, op: Op, a: Value, b: Value) -> Option<Simpler> {
    let same = a == b;
    match op {
        Op::IAdd | Op::ISub | Op::IMul | Op::IFloorDiv | Op::IMod => int_identity(f, op, a, b),
        Op::IAnd | Op::IOr | Op::IXor | Op::IShl | Op::IShr | Op::IUshr => {
            bit_identity(f, op, a, b)
        }
        Op::IEq | Op::ILe | Op::IGe | Op::IUle if same => Some(Simpler::Truth(true)),
        Op::INe | Op::ILt | Op::IGt | Op::IUlt if same => Some(Simpler::Truth(false)),
        Op::IEq | Op::INe => truth_of_number(f, op, a, b)
            .or_else(|| Range::compare(op, f.range(a), f.range(b)).map(Simpler::Truth)),
        Op::ILt | Op::ILe | Op::IGt | Op::IGe | Op::IUlt | Op::IUle => {
            Range::compare(op, f.range(a), f.range(b)).map(Simpler::Truth)
        }
        Op::BAnd | Op::BOr | Op::BXor => bool_identity(f, op, a, b),
        _ => None,
    }
}

fn int_identity(f: &Forward<'_>, op: Op, a: Value, b: Value) -> Option<Simpler> {
    let (x, y) = (f.as_int(a), f.as_int(b));
    match (op, x, y) {
        (Op::IAdd | Op::ISub, _, Some(0)) => Some(Simpler::Value(a)),
        (Op::IAdd, Some(0), _) => Some(Simpler::Value(b)),
        (Op::ISub, ..) if a == b => Some(Simpler::Int(0)),
        (Op::IMul | Op::IFloorDiv, _, Some(1)) => Some(Simpler::Value(a)),
        (Op::IMul, Some(1), _) => Some(Simpler::Value(b)),
        (Op::IMul, Some(0), _) | (Op::IMul, _, Some(0)) => Some(Simpler::Int(0)),
        (Op::IMod, _, Some(1 | -1)) => Some(Simpler::Int(0)),
        _ => None,
    }
}

fn bit_identity(f: &Forward<'_>, op: Op, a: Value, b: Value) -> Option<Simpler> {
    let (x, y) = (f.as_int(a), f.as_int(b));
    match (op, x, y) {
        (Op::IAnd | Op::IOr, ..) if a == b => Some(Simpler::Value(a)),
        (Op::IXor, ..) if a == b => Some(Simpler::Int(0)),
        (Op::IAnd, Some(0), _) | (Op::IAnd, _, Some(0)) => Some(Simpler::Int(0)),
        (Op::IOr | Op::IXor | Op::IShl | Op::IShr | Op::IUshr, _, Some(0)) => {
            Some(Simpler::Value(a))
        }
        (Op::IOr | Op::IXor, Some(0), _) => Some(Simpler::Value(b)),
        (Op::IAnd, _, Some(-1)) => Some(Simpler::Value(a)),
        (Op::IAnd, Some(-1), _) => Some(Simpler::Value(b)),
        (Op::IShl | Op::IShr | Op::IUshr, Some(0), _) => Some(Simpler::Int(0)),
        _ => None,
    }
}

/// `btoi b == 0` and its kin: the truth value itself, or its negation.
fn truth_of_number(f: &Forward<'_>, op: Op, a: Value, b: Value) -> Option<Simpler> {
    let (truth, number) = match (f.operand(a, Op::BToI), f.operand(b, Op::BToI)) {
        (Some(truth), None) => (truth, f.as_int(b)?),
        (None, Some(truth)) => (truth, f.as_int(a)?),
        _ => return None,
    };
    match (op, number) {
        (Op::IEq, 1) | (Op::INe, 0) => Some(Simpler::Value(truth)),
        (Op::IEq, 0) | (Op::INe, 1) => Some(Simpler::Op(Op::BNot, vec![truth])),
        _ => None,
    }
}

fn bool_identity(f: &Forward<'_>, op: Op, a: Value, b: Value) -> Option<Simpler> {
    if a == b {
        return Some(if op == Op::BXor {
            Simpler::Truth(false)
        } else {
            Simpler::Value(a)
        });
    }
    let (constant, other) = match (f.as_truth(a), f.as_truth(b)) {
        (Some(x), None) => (x, b),
        (None, Some(y)) => (y, a),
        _ => return None,
    };
    Some(match (op, constant) {
        (Op::BAnd, true) | (Op::BOr | Op::BXor, false) => Simpler::Value(other),
        (Op::BXor, true) => Simpler::Op(Op::BNot, vec![other]),
        (_, constant) => Simpler::Truth(constant),
    })
}
