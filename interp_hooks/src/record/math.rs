//! Functions of `math`, and `abs`, `divmod`, `min`, `max`, `round`: on floats and integers that fit.
//!
//! The C library computes what CPython lets it compute (`Modules/mathmodule.c`); what raises there leaves before:
//! a result that is finite never raises.

use super::Recorder;
use super::numbers::{BinOp, Num};
use crate::py::Kind;
use std::ffi::CStr;
use traces::{Abort, Helper, Op, Value};

/// A function that a trace does on numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    /// A function of the C library whose result is finite.
    Finite(Helper),
    /// A logarithm, of a number above 0.
    Log(Helper),
    /// A function of two numbers of the C library whose result is finite.
    Finite2(Helper),
    Sqrt,
    Fabs,
    Floor,
    Ceil,
    Trunc,
    IsNan,
    IsInf,
    IsFinite,
    Degrees,
    Radians,
    Abs,
    Min,
    Max,
    Round,
    DivMod,
}

use Function::*;

/// The functions of the module `math`.
pub(super) const MATH: [(&CStr, Function); 34] = [
    (c"sqrt", Sqrt),
    (c"sin", Finite(Helper::Sin)),
    (c"cos", Finite(Helper::Cos)),
    (c"tan", Finite(Helper::Tan)),
    (c"asin", Finite(Helper::Asin)),
    (c"acos", Finite(Helper::Acos)),
    (c"atan", Finite(Helper::Atan)),
    (c"sinh", Finite(Helper::Sinh)),
    (c"cosh", Finite(Helper::Cosh)),
    (c"tanh", Finite(Helper::Tanh)),
    (c"asinh", Finite(Helper::Asinh)),
    (c"acosh", Finite(Helper::Acosh)),
    (c"atanh", Finite(Helper::Atanh)),
    (c"exp", Finite(Helper::Exp)),
    (c"exp2", Finite(Helper::Exp2)),
    (c"expm1", Finite(Helper::Expm1)),
    (c"log1p", Finite(Helper::Log1p)),
    (c"cbrt", Finite(Helper::Cbrt)),
    (c"log", Log(Helper::Log)),
    (c"log2", Log(Helper::Log2)),
    (c"log10", Log(Helper::Log10)),
    (c"pow", Finite2(Helper::CPow)),
    (c"atan2", Finite2(Helper::Atan2)),
    (c"fmod", Finite2(Helper::Fmod)),
    (c"copysign", Finite2(Helper::CopySign)),
    (c"fabs", Fabs),
    (c"floor", Floor),
    (c"ceil", Ceil),
    (c"trunc", Trunc),
    (c"isnan", IsNan),
    (c"isinf", IsInf),
    (c"isfinite", IsFinite),
    (c"degrees", Degrees),
    (c"radians", Radians),
];

/// Built-in functions of numbers.
pub(super) const BUILTINS: [(&CStr, Function); 5] = [
    (c"abs", Abs),
    (c"min", Min),
    (c"max", Max),
    (c"round", Round),
    (c"divmod", DivMod),
];

/// To how many decimal places a float is rounded natively.
const MAX_PLACES: i64 = 22;

impl Function {
    /// Whether the function takes so many arguments.
    fn takes(self, n: usize) -> bool {
        match self {
            Finite2(_) | DivMod => n == 2,
            Min | Max => (2..=3).contains(&n),
            Round => (1..=2).contains(&n),
            _ => n == 1,
        }
    }
}

impl Recorder {
    /// The boxed result of a function of the top `nargs` operands; `None` where the interpreter has to do it.
    pub(super) fn function_of(
        &mut self,
        function: Function,
        nargs: usize,
    ) -> Result<Option<Value>, Abort> {
        if !function.takes(nargs) {
            return Ok(None);
        }
        let mut args = Vec::with_capacity(nargs);
        for n in (0..nargs).rev() {
            match self.number(n)? {
                Some(number) => args.push((number, self.concrete(n)?.kind())),
                None => return Ok(None),
            }
        }
        match (function, args.as_slice()) {
            (Min | Max, args) => self.extreme(function == Max, args),
            (_, &[(x, kind)]) => self.of_one(function, x, kind),
            (Round, &[(Num::Float(x), now), (places, of)]) => self.rounded(x, now, places, of),
            (DivMod, &[(x, _), (y, now)]) => self.quotient_and_rest(x, y, now),
            (Finite2(helper), &[(x, _), (y, _)]) => {
                let (x, y) = (self.as_float(x)?, self.as_float(y)?);
                let r = self.b.call(helper, &[x, y])?;
                self.guard_finite(r)?;
                self.b.op(Op::BoxFloat, &[r]).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn of_one(&mut self, function: Function, x: Num, kind: Kind) -> Result<Option<Value>, Abort> {
        if matches!(function, Abs | Round | Floor | Ceil | Trunc) {
            return self.of_int_or_float(function, x, kind);
        }
        let x = self.as_float(x)?;
        let r = match function {
            Finite(helper) => {
                let r = self.b.call(helper, &[x])?;
                self.guard_finite(r)?;
                r
            }
            Log(helper) => {
                let zero = self.b.float(0.0)?;
                let above = self.b.op(Op::FGt, &[x, zero])?;
                self.b.guard(above, true);
                let r = self.b.call(helper, &[x])?;
                self.guard_finite(r)?;
                r
            }
            Sqrt => {
                let zero = self.b.float(0.0)?;
                let natural = self.b.op(Op::FGe, &[x, zero])?;
                self.b.guard(natural, true);
                self.b.op(Op::FSqrt, &[x])?
            }
            Fabs => self.b.op(Op::FAbs, &[x])?,
            Degrees => {
                let factor = self.b.float(180.0 / std::f64::consts::PI)?;
                self.b.op(Op::FMul, &[x, factor])?
            }
            Radians => {
                let factor = self.b.float(std::f64::consts::PI / 180.0)?;
                self.b.op(Op::FMul, &[x, factor])?
            }
            IsNan | IsInf | IsFinite => return self.classified(function, x).map(Some),
            _ => return Ok(None),
        };
        self.b.op(Op::BoxFloat, &[r]).map(Some)
    }

    /// `divmod`.
    fn quotient_and_rest(&mut self, x: Num, y: Num, now: Kind) -> Result<Option<Value>, Abort> {
        if matches!(now, Kind::Int(0) | Kind::Bool(false) | Kind::Float(0.0)) {
            return Ok(None);
        }
        let is_float = |n: &Num| matches!(n, Num::Float(_));
        let mut both = Vec::with_capacity(2);
        if is_float(&x) || is_float(&y) {
            let (x, y) = (self.as_float(x)?, self.as_float(y)?);
            for op in [BinOp::FloorDiv, BinOp::Mod] {
                both.extend(self.float_arithmetic(op, x, y)?);
            }
        } else {
            let (Some(x), Some(y)) = (self.as_int(x)?, self.as_int(y)?) else {
                return Ok(None);
            };
            for op in [BinOp::FloorDiv, BinOp::Mod] {
                both.extend(self.int_arithmetic(op, x, y)?);
            }
        }
        self.tuple_of(&both).map(Some)
    }

    /// Leaves unless a double is finite.
    fn guard_finite(&mut self, r: Value) -> Result<(), Abort> {
        let nothing = self.b.op(Op::FSub, &[r, r])?;
        let finite = self.b.op(Op::FEq, &[nothing, nothing])?;
        self.b.guard(finite, true);
        Ok(())
    }

    fn classified(&mut self, function: Function, x: Value) -> Result<Value, Abort> {
        let r = if function == IsNan {
            self.b.op(Op::FNe, &[x, x])?
        } else {
            let (size, infinity) = (self.b.op(Op::FAbs, &[x])?, self.b.float(f64::INFINITY)?);
            let op = if function == IsInf { Op::FEq } else { Op::FLt };
            self.b.op(op, &[size, infinity])?
        };
        self.b.op(Op::BoxBool, &[r])
    }

    fn of_int_or_float(
        &mut self,
        function: Function,
        x: Num,
        kind: Kind,
    ) -> Result<Option<Value>, Abort> {
        let x = match (x, kind) {
            (Num::Float(x), Kind::Float(now)) => {
                if function == Abs {
                    let r = self.b.op(Op::FAbs, &[x])?;
                    return self.b.op(Op::BoxFloat, &[r]).map(Some);
                }
                // What raises or gives a long number is no case for native code.
                let fits = (-9.2e18..9.2e18).contains(&now);
                return if fits {
                    self.whole(function, x).map(Some)
                } else {
                    Ok(None)
                };
            }
            (x, _) => self.as_int(x)?,
        };
        let Some(x) = x else {
            return Ok(None);
        };
        let r = if function == Abs {
            let zero = self.b.int(0)?;
            let minus = self.b.op(Op::ISubOvf, &[zero, x])?;
            let negative = self.b.op(Op::ILt, &[x, zero])?;
            self.b.op(Op::ISelect, &[negative, minus, x])?
        } else {
            x
        };
        self.b.op(Op::BoxInt, &[r]).map(Some)
    }

    /// A float rounded to an int.
    fn whole(&mut self, function: Function, x: Value) -> Result<Value, Abort> {
        let t = self.b.op(Op::FToI, &[x])?;
        let back = self.b.op(Op::IToF, &[t])?;
        let r = match function {
            Floor => {
                let above = self.b.op(Op::FLt, &[x, back])?;
                let one = self.b.op(Op::BToI, &[above])?;
                self.b.op(Op::ISub, &[t, one])?
            }
            Ceil => {
                let below = self.b.op(Op::FGt, &[x, back])?;
                let one = self.b.op(Op::BToI, &[below])?;
                self.b.op(Op::IAdd, &[t, one])?
            }
            Round => self.round_half_even(t, x, back)?,
            _ => t,
        };
        self.b.op(Op::BoxInt, &[r])
    }

    /// Of a float, its integer part and that as a float: the nearest integer, of two the even one.
    fn round_half_even(&mut self, t: Value, x: Value, back: Value) -> Result<Value, Abort> {
        // Exact.
        let rest = self.b.op(Op::FSub, &[x, back])?;
        let one = self.b.int(1)?;
        let odd = self.b.op(Op::IAnd, &[t, one])?;
        let odd = self.b.op(Op::IEq, &[odd, one])?;
        let mut r = t;
        for (half, beyond, step) in [(0.5, Op::FGt, Op::IAdd), (-0.5, Op::FLt, Op::ISub)] {
            let half = self.b.float(half)?;
            let (far, even) = (
                self.b.op(beyond, &[rest, half])?,
                self.b.op(Op::FEq, &[rest, half])?,
            );
            let even = self.b.op(Op::BAnd, &[even, odd])?;
            let moves = self.b.op(Op::BOr, &[far, even])?;
            let by = self.b.op(Op::BToI, &[moves])?;
            r = self.b.op(step, &[r, by])?;
        }
        Ok(r)
    }

    /// `round(x, places)` of a finite float.
    fn rounded(
        &mut self,
        x: Value,
        now: Kind,
        places: Num,
        of: Kind,
    ) -> Result<Option<Value>, Abort> {
        let is_usual = matches!(of, Kind::Int(0..=MAX_PLACES));
        let is_finite = matches!(now, Kind::Float(x) if x.is_finite());
        let Some(places) = self.as_int(places)?.filter(|_| is_usual && is_finite) else {
            return Ok(None);
        };
        self.guard_finite(x)?;
        let most = self.b.int(MAX_PLACES)?;
        let few = self.b.op(Op::IUle, &[places, most])?;
        self.b.guard(few, true);
        let r = self.b.call(Helper::RoundTo, &[x, places])?;
        self.guard_finite(r)?;
        self.b.op(Op::BoxFloat, &[r]).map(Some)
    }

    /// `min` or `max` of numbers of one type.
    fn extreme(&mut self, largest: bool, args: &[(Num, Kind)]) -> Result<Option<Value>, Abort> {
        let numbers: Vec<Num> = args.iter().map(|a| a.0).collect();
        let mut ints = Vec::new();
        let mut floats = Vec::new();
        for &number in &numbers {
            match number {
                Num::Int(n) => ints.push(n),
                Num::Float(x) => floats.push(x),
                _ => return Ok(None),
            }
        }
        let is_nan = |a: &(Num, Kind)| matches!(a.1, Kind::Float(x) if x.is_nan());
        let (values, better, select, boxed) = if ints.len() == numbers.len() {
            let op = if largest { Op::IGt } else { Op::ILt };
            (ints, op, Op::ISelect, Op::BoxInt)
        } else if floats.len() == numbers.len() && !args.iter().any(is_nan) {
            // A NaN is found in a container by its identity.
            for &x in &floats {
                let number = self.b.op(Op::FEq, &[x, x])?;
                self.b.guard(number, true);
            }
            let op = if largest { Op::FGt } else { Op::FLt };
            (floats, op, Op::FSelect, Op::BoxFloat)
        } else {
            return Ok(None);
        };
        let [first, others @ ..] = values.as_slice() else {
            return Ok(None);
        };
        let mut best = *first;
        for &other in others {
            let wins = self.b.op(better, &[other, best])?;
            best = self.b.op(select, &[wins, other, best])?;
        }
        self.b.op(boxed, &[best]).map(Some)
    }
}
