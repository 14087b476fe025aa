//! The helpers that compute and do nothing else.

use super::heap::Datum::{self, Bool, Float, Int};
use crate::Helper;

/// `x // y` of floats; `y` is not 0 (`_float_div_mod`, `Objects/floatobject.c`).
pub fn float_floordiv(x: f64, y: f64) -> f64 {
    let rest = x % y;
    let mut quotient = (x - rest) / y;
    if rest != 0.0 && (y < 0.0) != (rest < 0.0) {
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        // The sign that the true quotient has.
        return 0.0_f64.copysign(x / y);
    }
    let floor = quotient.floor();
    if quotient - floor > 0.5 {
        floor + 1.0
    } else {
        floor
    }
}

/// `x % y` of floats: the remainder with the sign of `y`, which is not 0 (`float_rem`).
pub fn float_mod(x: f64, y: f64) -> f64 {
    let rest = x % y;
    if rest == 0.0 {
        0.0_f64.copysign(y)
    } else if (rest < 0.0) != (y < 0.0) {
        rest + y
    } else {
        rest
    }
}

/// `x ** y` of integers, where it fits in 64 bits.
pub fn int_pow(x: i64, y: i64) -> Option<i64> {
    match (x, u32::try_from(y)) {
        (_, Ok(y)) => x.checked_pow(y),
        (0 | 1, Err(_)) if y > 0 => Some(x),
        (-1, Err(_)) if y > 0 => Some(if y % 2 == 0 { 1 } else { -1 }),
        _ => None,
    }
}

/// A function of `<math.h>`.
fn of_one(helper: Helper, x: f64) -> Option<f64> {
    Some(match helper {
        Helper::Sin => x.sin(),
        Helper::Cos => x.cos(),
        Helper::Tan => x.tan(),
        Helper::Asin => x.asin(),
        Helper::Acos => x.acos(),
        Helper::Atan => x.atan(),
        Helper::Sinh => x.sinh(),
        Helper::Cosh => x.cosh(),
        Helper::Tanh => x.tanh(),
        Helper::Asinh => x.asinh(),
        Helper::Acosh => x.acosh(),
        Helper::Atanh => x.atanh(),
        Helper::Exp => x.exp(),
        Helper::Exp2 => x.exp2(),
        Helper::Expm1 => x.exp_m1(),
        Helper::Log => x.ln(),
        Helper::Log2 => x.log2(),
        Helper::Log10 => x.log10(),
        Helper::Log1p => x.ln_1p(),
        Helper::Cbrt => x.cbrt(),
        _ => return None,
    })
}

/// A function of `<math.h>` of two numbers.
fn of_two(helper: Helper, x: f64, y: f64) -> Option<f64> {
    Some(match helper {
        Helper::CPow => x.powf(y),
        Helper::Atan2 => x.atan2(y),
        Helper::Fmod => x % y,
        Helper::CopySign => x.copysign(y),
        _ => return None,
    })
}

/// The result of a helper that computes and does nothing else.
///
/// # Errors
/// Where it is another helper, or the operands are outside what its row allows.
pub(super) fn compute(helper: Helper, args: &[Datum]) -> Result<Datum, String> {
    let number = match *args {
        [Float(x)] => of_one(helper, x),
        [Float(x), Float(y)] => of_two(helper, x, y),
        _ => None,
    };
    if let Some(number) = number {
        return Ok(Float(number));
    }
    match (helper, args) {
        (Helper::FloatFloorDiv, &[Float(x), Float(y)]) => Ok(Float(float_floordiv(x, y))),
        (Helper::FloatMod, &[Float(x), Float(y)]) => Ok(Float(float_mod(x, y))),
        (Helper::FloatPow, &[Float(x), Float(y)]) => Ok(Float(x.powf(y))),
        (Helper::IntPowFits, &[Int(x), Int(y)]) => Ok(Bool(int_pow(x, y).is_some())),
        (Helper::IntPow, &[Int(x), Int(y)]) => int_pow(x, y)
            .map(Int)
            .ok_or_else(|| format!("{x} ** {y} does not fit")),
        _ => Err(format!("@{} does more than compute", helper.name())),
    }
}
