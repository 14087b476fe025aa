//! Arithmetic, comparisons and truth values of int, float, bool and None; everything else goes
//! through the interpreter's own protocols.

use super::builtins::sized;
use super::{Pending, Recorder};
use crate::cpython::Opcode;
use crate::cpython::decode::Instr;
use crate::py::{Kind, Object};
use traces::{Abort, Field, Helper, Imm, Known, Op, Reason, Value};

/// A number in its unboxed form.
#[derive(Clone, Copy)]
pub(super) enum Num {
    Int(Value),
    Uint(Value),
    Float(Value),
    Bool(Value),
}

/// The binary operators, numbered as `NB_*` in `Include/opcode.h` (the in-place forms, 13 higher,
/// are the same on numbers).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BinOp {
    Add,
    And,
    FloorDiv,
    LShift,
    MatMul,
    Mul,
    Mod,
    Or,
    Pow,
    RShift,
    Sub,
    TrueDiv,
    Xor,
}

impl BinOp {
    fn from_oparg(n: u32) -> Option<BinOp> {
        use BinOp::*;
        [
            Add, And, FloorDiv, LShift, MatMul, Mul, Mod, Or, Pow, RShift, Sub, TrueDiv, Xor,
        ]
        .get((n % 13) as usize)
        .copied()
        .filter(|_| n < 26)
    }
}

/// The largest magnitude up to which every integer is a double.
const EXACT: i64 = 1 << 53;

impl Recorder {
    /// As `number`, but for a bitwise operator: an unsigned result of a foreign function stays
    /// unsigned on both sides of 2^63.
    fn bits(&mut self, n: usize) -> Result<Option<Num>, Abort> {
        let v = self.b.peek(n)?.value;
        if self.concrete(n)?.is_exactly(Known::Int) && self.is_unsigned(v) {
            return Ok(Some(Num::Uint(self.b.op(Op::UnboxUint, &[v])?)));
        }
        self.number(n)
    }

    /// Reads the operand `n` below the top as a number: emits the guard and the unboxing.
    pub(super) fn number(&mut self, n: usize) -> Result<Option<Num>, Abort> {
        let o = self.concrete(n)?;
        let v = self.b.peek(n)?.value;
        let ty = match o.kind() {
            Kind::Int(_) | Kind::Uint(_) => Known::Int,
            Kind::Float(_) => Known::Float,
            Kind::Bool(_) => Known::Bool,
            _ => return Ok(None),
        };
        let ty = self.known(ty);
        self.b.guard_type(v, ty);
        Ok(Some(match o.kind() {
            Kind::Int(_) => Num::Int(self.b.op(Op::UnboxInt, &[v])?),
            Kind::Uint(_) => Num::Uint(self.b.op(Op::UnboxUint, &[v])?),
            Kind::Float(_) => Num::Float(self.b.op(Op::UnboxFloat, &[v])?),
            _ => Num::Bool(self.b.op(Op::UnboxBool, &[v])?),
        }))
    }

    /// The operand `n` below the top as a signed integer, where it is an int that fits or a bool.
    pub(super) fn integer(&mut self, n: usize) -> Result<Option<Value>, Abort> {
        match self.number(n)? {
            Some(number) => self.as_int(number),
            None => Ok(None),
        }
    }

    /// A number as a signed integer; an unsigned one is guarded to fit.
    pub(super) fn as_int(&mut self, n: Num) -> Result<Option<Value>, Abort> {
        Ok(match n {
            Num::Int(v) => Some(v),
            Num::Bool(b) => Some(self.b.op(Op::BToI, &[b])?),
            Num::Uint(_) | Num::Float(_) => None,
        })
    }

    /// A number as a double, rounded as Python rounds an int.
    pub(super) fn as_float(&mut self, n: Num) -> Result<Value, Abort> {
        match n {
            Num::Float(v) => Ok(v),
            Num::Uint(v) => self.b.op(Op::UToF, &[v]),
            Num::Int(v) => self.b.op(Op::IToF, &[v]),
            Num::Bool(b) => {
                let i = self.b.op(Op::BToI, &[b])?;
                self.b.op(Op::IToF, &[i])
            }
        }
    }

    /// Leaves unless -2^53 <= v <= 2^53.
    fn guard_exact(&mut self, v: Value) -> Result<(), Abort> {
        let (low, high) = (self.b.int(-EXACT)?, self.b.int(EXACT)?);
        for (op, bound) in [(Op::IGe, low), (Op::ILe, high)] {
            let ok = self.b.op(op, &[v, bound])?;
            self.b.guard(ok, true);
        }
        Ok(())
    }

    fn guard_nonzero(&mut self, v: Value) -> Result<(), Abort> {
        let zero = self.b.int(0)?;
        let ok = self.b.op(Op::INe, &[v, zero])?;
        self.b.guard(ok, true);
        Ok(())
    }

    pub(super) fn binary_op(&mut self, i: &Instr) -> Result<(), Abort> {
        let op = BinOp::from_oparg(i.oparg)
            .ok_or_else(|| Abort::new(Reason::Confused, "an unknown binary operator"))?;
        let numeric = self.concrete(0)?.kind().is_number() && self.concrete(1)?.kind().is_number();
        let bitwise = matches!(op, BinOp::And | BinOp::Or | BinOp::Xor | BinOp::RShift);
        let read = if bitwise {
            Recorder::bits
        } else {
            Recorder::number
        };
        if numeric
            && let (Some(a), Some(b)) = (read(self, 1)?, read(self, 0)?)
            && let Some(result) = self.arithmetic(op, a, b)?
        {
            self.pop_dead()?;
            self.pop_dead()?;
            self.b.push(result);
            return Ok(());
        }
        if matches!(op, BinOp::Add | BinOp::Sub) && self.cdata_arithmetic(op == BinOp::Sub, i)? {
            return Ok(());
        }
        if self.binary_method(i)? {
            return Ok(());
        }
        let is_text = |o: Object| o.is_exactly(Known::Str);
        if op == BinOp::Add && is_text(self.concrete(1)?) && self.is_stored_next(i) {
            // The interpreter appends in place (`unicode_concatenate`, Python/ceval.c), where a
            // helper would copy the text each time.
            return Err(Abort::new(Reason::NoGain, "a text that grows"));
        }
        if op == BinOp::Add && self.quiet_concat(i)? {
            return Ok(());
        }
        self.residual(Helper::PyBinary, i64::from(i.oparg), 2, i.next)
    }

    /// Whether the next bytecode stores the result into a local.
    fn is_stored_next(&self, i: &Instr) -> bool {
        let next = self.decoded.at(i.next).map(|i| i.opcode);
        matches!(
            next,
            Some(Opcode::STORE_FAST | Opcode::STORE_FAST_STORE_FAST | Opcode::STORE_FAST_LOAD_FAST)
        )
    }

    /// The boxed result, or `None` where the interpreter's protocol must do it.
    fn arithmetic(&mut self, op: BinOp, a: Num, b: Num) -> Result<Option<Value>, Abort> {
        if let (Num::Bool(x), Num::Bool(y)) = (a, b)
            && let Some(bop) = match op {
                BinOp::And => Some(Op::BAnd),
                BinOp::Or => Some(Op::BOr),
                BinOp::Xor => Some(Op::BXor),
                _ => None,
            }
        {
            let r = self.b.op(bop, &[x, y])?;
            return Ok(Some(self.b.op(Op::BoxBool, &[r])?));
        }
        if let (Some(x), Some(y)) = (self.as_int(a)?, self.as_int(b)?) {
            return self.int_arithmetic(op, x, y);
        }
        if matches!(a, Num::Float(_)) || matches!(b, Num::Float(_)) {
            let (x, y) = (self.as_float(a)?, self.as_float(b)?);
            return self.float_arithmetic(op, x, y);
        }
        self.uint_arithmetic(op, a, b)
    }

    pub(super) fn int_arithmetic(
        &mut self,
        op: BinOp,
        x: Value,
        y: Value,
    ) -> Result<Option<Value>, Abort> {
        let r = match op {
            BinOp::Add => self.b.op(Op::IAddOvf, &[x, y])?,
            BinOp::Sub => self.b.op(Op::ISubOvf, &[x, y])?,
            BinOp::Mul => self.b.op(Op::IMulOvf, &[x, y])?,
            BinOp::And => self.b.op(Op::IAnd, &[x, y])?,
            BinOp::Or => self.b.op(Op::IOr, &[x, y])?,
            BinOp::Xor => self.b.op(Op::IXor, &[x, y])?,
            BinOp::FloorDiv | BinOp::Mod => {
                self.guard_divisor(x, y)?;
                let o = if op == BinOp::Mod {
                    Op::IMod
                } else {
                    Op::IFloorDiv
                };
                self.b.op(o, &[x, y])?
            }
            BinOp::LShift => self.shift_left(x, y)?,
            BinOp::RShift => {
                let zero = self.b.int(0)?;
                let ok = self.b.op(Op::IGe, &[y, zero])?;
                self.b.guard(ok, true);
                let top = self.b.int(63)?;
                let small = self.b.op(Op::ILe, &[y, top])?;
                // Longer shifts are rare: the interpreter does them.
                self.b.guard(small, true);
                self.b.op(Op::IShr, &[x, y])?
            }
            BinOp::TrueDiv => {
                self.guard_nonzero(y)?;
                // Both exact as doubles: the quotient is rounded once, as `long_true_divide` does.
                self.guard_exact(x)?;
                self.guard_exact(y)?;
                let (fx, fy) = (self.b.op(Op::IToF, &[x])?, self.b.op(Op::IToF, &[y])?);
                let q = self.b.op(Op::FDiv, &[fx, fy])?;
                return Ok(Some(self.b.op(Op::BoxFloat, &[q])?));
            }
            BinOp::Pow => {
                let zero = self.b.int(0)?;
                let ok = self.b.op(Op::IGe, &[y, zero])?;
                self.b.guard(ok, true);
                let fits = self.b.call(Helper::IntPowFits, &[x, y])?;
                self.b.guard(fits, true);
                self.b.call(Helper::IntPow, &[x, y])?
            }
            BinOp::MatMul => return Ok(None),
        };
        Ok(Some(self.b.op(Op::BoxInt, &[r])?))
    }

    /// Leaves where `//` and `%` raise or overflow.
    fn guard_divisor(&mut self, x: Value, y: Value) -> Result<(), Abort> {
        self.guard_nonzero(y)?;
        let (min, minus) = (self.b.int(i64::MIN)?, self.b.int(-1)?);
        let (a, b) = (
            self.b.op(Op::IEq, &[x, min])?,
            self.b.op(Op::IEq, &[y, minus])?,
        );
        let bad = self.b.op(Op::BAnd, &[a, b])?;
        self.b.guard(bad, false);
        Ok(())
    }

    fn shift_left(&mut self, x: Value, y: Value) -> Result<Value, Abort> {
        let top = self.b.int(62)?;
        let ok = self.b.op(Op::IUle, &[y, top])?;
        self.b.guard(ok, true);
        let r = self.b.op(Op::IShl, &[x, y])?;
        let back = self.b.op(Op::IShr, &[r, y])?;
        let same = self.b.op(Op::IEq, &[back, x])?;
        self.b.guard(same, true);
        Ok(r)
    }

    /// Whether a double is a constant that is a whole number.
    fn is_whole(&self, y: Value) -> bool {
        let insts = &self.b.trace.insts;
        let def = |v| insts.iter().rev().find(|i| i.result == Some(v));
        // A constant is a box until somebody takes its number.
        let inner = |v, unbox, boxed| {
            let of = |v, op| def(v).filter(|i| i.op == op)?.args.first().copied();
            of(v, unbox).and_then(|v| of(v, boxed)).unwrap_or(v)
        };
        let y = inner(y, Op::UnboxFloat, Op::BoxFloat);
        match def(y).map(|i| (i.op, i.imm, i.args.first())) {
            Some((Op::ConstFloat, Imm::Float(y), _)) => y.fract() == 0.0,
            Some((Op::IToF, _, Some(&n))) => {
                let n = inner(n, Op::UnboxInt, Op::BoxInt);
                def(n).is_some_and(|i| i.op == Op::ConstInt)
            }
            _ => false,
        }
    }

    pub(super) fn float_arithmetic(
        &mut self,
        op: BinOp,
        x: Value,
        y: Value,
    ) -> Result<Option<Value>, Abort> {
        let r = match op {
            BinOp::Add => self.b.op(Op::FAdd, &[x, y])?,
            BinOp::Sub => self.b.op(Op::FSub, &[x, y])?,
            BinOp::Mul => self.b.op(Op::FMul, &[x, y])?,
            BinOp::TrueDiv | BinOp::FloorDiv | BinOp::Mod => {
                let zero = self.b.float(0.0)?;
                let ok = self.b.op(Op::FNe, &[y, zero])?;
                self.b.guard(ok, true);
                match op {
                    BinOp::TrueDiv => self.b.op(Op::FDiv, &[x, y])?,
                    BinOp::FloorDiv => self.b.call(Helper::FloatFloorDiv, &[x, y])?,
                    _ => self.b.call(Helper::FloatMod, &[x, y])?,
                }
            }
            BinOp::Pow => {
                // Where the C library's answer is Python's: a finite base that is positive, unless the exponent
                // is known to be a whole number, a finite exponent, and a finite result that did not underflow
                // (`float_pow`).
                let (zero, inf) = (self.b.float(0.0)?, self.b.float(f64::INFINITY)?);
                let minus = self.b.float(f64::NEG_INFINITY)?;
                let whole = self.is_whole(y);
                let lowest = if whole { minus } else { zero };
                for (o, a, b) in [
                    (Op::FGt, x, lowest),
                    (Op::FLt, x, inf),
                    (Op::FLt, y, inf),
                    (Op::FGt, y, minus),
                ] {
                    let ok = self.b.op(o, &[a, b])?;
                    self.b.guard(ok, true);
                }
                let r = self.b.call(Helper::FloatPow, &[x, y])?;
                let size = self.b.op(Op::FAbs, &[r])?;
                let finite = self.b.op(Op::FLt, &[size, inf])?;
                self.b.guard(finite, true);
                let mut exact = self.b.op(Op::FGt, &[size, zero])?;
                if whole {
                    let nothing = self.b.op(Op::FEq, &[x, zero])?;
                    exact = self.b.op(Op::BOr, &[exact, nothing])?;
                }
                self.b.guard(exact, true);
                r
            }
            _ => return Ok(None),
        };
        Ok(Some(self.b.op(Op::BoxFloat, &[r])?))
    }

    /// Operators on unsigned 64-bit integers that stay within 64 bits; the others go to the
    /// interpreter.
    fn uint_arithmetic(&mut self, op: BinOp, a: Num, b: Num) -> Result<Option<Value>, Abort> {
        let bits = match op {
            BinOp::And => Op::IAnd,
            BinOp::Or => Op::IOr,
            BinOp::Xor => Op::IXor,
            BinOp::RShift => {
                if let (Num::Uint(x), Some(y)) = (a, self.as_int(b)?) {
                    let top = self.b.int(63)?;
                    let ok = self.b.op(Op::IUle, &[y, top])?;
                    self.b.guard(ok, true);
                    let r = self.b.op(Op::IUshr, &[x, y])?;
                    return Ok(Some(self.b.op(Op::BoxUint, &[r])?));
                }
                return Ok(None);
            }
            _ => return Ok(None),
        };
        let mut bits_of = |n: Num| -> Result<Option<Value>, Abort> {
            if let Num::Uint(v) = n {
                return Ok(Some(v));
            }
            let Some(v) = self.as_int(n)? else {
                return Ok(None);
            };
            // A negative operand would make the result negative or wider than 64 bits.
            let zero = self.b.int(0)?;
            let ok = self.b.op(Op::IGe, &[v, zero])?;
            self.b.guard(ok, true);
            Ok(Some(v))
        };
        let (Some(x), Some(y)) = (bits_of(a)?, bits_of(b)?) else {
            return Ok(None);
        };
        let r = self.b.op(bits, &[x, y])?;
        let signed = op == BinOp::And && (matches!(a, Num::Int(_)) || matches!(b, Num::Int(_)));
        Ok(Some(
            self.b
                .op(if signed { Op::BoxInt } else { Op::BoxUint }, &[r])?,
        ))
    }

    pub(super) fn compare_op(&mut self, i: &Instr) -> Result<(), Abort> {
        let (op, to_bool) = self.table.compare(i.oparg);
        let numeric = self.concrete(0)?.kind().is_number() && self.concrete(1)?.kind().is_number();
        if numeric
            && let (Some(a), Some(b)) = (self.number(1)?, self.number(0)?)
            && let Some(r) = self.comparison(op as usize, a, b)?
        {
            let r = self.b.op(Op::BoxBool, &[r])?;
            self.pop_dead()?;
            self.pop_dead()?;
            self.b.push(r);
            return Ok(());
        }
        if self.cdata_compare(op as usize, i)?
            || self.compare_characters(op as usize, i)?
            || self.compare_text(op as usize, i)?
        {
            return Ok(());
        }
        if self.compare_method(i)? {
            return Ok(());
        }
        self.residual(
            Helper::PyCompare,
            i64::from(op) | (i64::from(to_bool) << 4),
            2,
            i.next,
        )
    }

    fn comparison(&mut self, op: usize, a: Num, b: Num) -> Result<Option<Value>, Abort> {
        // Py_LT, Py_LE, Py_EQ, Py_NE, Py_GT, Py_GE.
        const INT: [Op; 6] = [Op::ILt, Op::ILe, Op::IEq, Op::INe, Op::IGt, Op::IGe];
        const FLOAT: [Op; 6] = [Op::FLt, Op::FLe, Op::FEq, Op::FNe, Op::FGt, Op::FGe];
        if op >= 6 {
            return Ok(None);
        }
        if let (Some(x), Some(y)) = (self.as_int(a)?, self.as_int(b)?) {
            return Ok(Some(self.b.op(INT[op], &[x, y])?));
        }
        if matches!(a, Num::Uint(_)) || matches!(b, Num::Uint(_)) {
            return Ok(None);
        }
        // Python compares an int with a float exactly; a double holds the int exactly up to 2^53.
        for n in [a, b] {
            if let Num::Int(v) = n {
                self.guard_exact(v)?;
            }
        }
        let (x, y) = (self.as_float(a)?, self.as_float(b)?);
        Ok(Some(self.b.op(FLOAT[op], &[x, y])?))
    }

    pub(super) fn is_op(&mut self, i: &Instr) -> Result<(), Abort> {
        let (a, b) = (self.b.peek(1)?.value, self.b.peek(0)?.value);
        let (x, y) = (self.concrete(1)?, self.concrete(0)?);
        let r = if x.kind().is_singleton() || y.kind().is_singleton() {
            // Objects of different types differ; bools compare by value.
            if x.type_object().0 != y.type_object().0 {
                for (v, o) in [(a, x), (b, y)] {
                    let ty = self.type_of(o);
                    self.b.guard_type(v, ty);
                }
                self.b.emit(Op::ConstBool, &[], Imm::Bool(false))?
            } else if let Kind::Bool(_) = x.kind() {
                let ty = self.known(Known::Bool);
                self.b.guard_type(a, ty);
                self.b.guard_type(b, ty);
                let (p, q) = (
                    self.b.op(Op::UnboxBool, &[a])?,
                    self.b.op(Op::UnboxBool, &[b])?,
                );
                let differ = self.b.op(Op::BXor, &[p, q])?;
                self.b.op(Op::BNot, &[differ])?
            } else {
                let none = self.known(Known::None);
                self.b.guard_is(a, none);
                self.b.guard_is(b, none);
                self.b.emit(Op::ConstBool, &[], Imm::Bool(true))?
            }
        } else if self.is_box(a) || self.is_box(b) || x.kind().is_number() || y.kind().is_number() {
            return Err(Abort::new(Reason::Operand, "the identity of a number"));
        } else {
            for (v, o) in [(a, x), (b, y)] {
                if o.is_plain() && !o.is_cdata() {
                    let ty = self.type_of(o);
                    self.b.guard_type(v, ty);
                }
            }
            self.b.op(Op::Same, &[a, b])?
        };
        let r = if i.oparg != 0 {
            self.b.op(Op::BNot, &[r])?
        } else {
            r
        };
        let r = self.b.op(Op::BoxBool, &[r])?;
        self.replace_operands(2, Some(r), i.next)
    }

    pub(super) fn unary_negative(&mut self, i: &Instr) -> Result<(), Abort> {
        let r = match self.number(0)? {
            Some(Num::Float(v)) => {
                let r = self.b.op(Op::FNeg, &[v])?;
                self.b.op(Op::BoxFloat, &[r])?
            }
            Some(n @ (Num::Int(_) | Num::Bool(_))) => {
                let Some(v) = self.as_int(n)? else {
                    return Err(Reason::Confused.into());
                };
                let zero = self.b.int(0)?;
                let r = self.b.op(Op::ISubOvf, &[zero, v])?;
                self.b.op(Op::BoxInt, &[r])?
            }
            _ if self.operator_of(c"__neg__", &[0])? => return Ok(()),
            _ => return self.residual(Helper::PyUnary, 0, 1, i.next),
        };
        self.replace_top(r)
    }

    pub(super) fn unary_invert(&mut self, i: &Instr) -> Result<(), Abort> {
        let r = match self.number(0)? {
            Some(Num::Int(v)) => {
                let ones = self.b.int(-1)?;
                let r = self.b.op(Op::IXor, &[v, ones])?;
                self.b.op(Op::BoxInt, &[r])?
            }
            _ if self.operator_of(c"__invert__", &[0])? => return Ok(()),
            // ~True warns (DeprecationWarning): the interpreter does it.
            _ => return self.residual(Helper::PyUnary, 1, 1, i.next),
        };
        self.replace_top(r)
    }

    pub(super) fn unary_positive(&mut self) -> Result<(), Abort> {
        let r = match self.number(0)? {
            Some(Num::Bool(b)) => {
                let v = self.b.op(Op::BToI, &[b])?;
                self.b.op(Op::BoxInt, &[v])?
            }
            Some(_) => return Ok(()),
            None => return Err(Abort::new(Reason::Operand, "unary + of an object")),
        };
        self.replace_top(r)
    }

    pub(super) fn replace_top(&mut self, r: Value) -> Result<(), Abort> {
        self.pop_dead()?;
        self.b.push(r);
        Ok(())
    }

    /// The truth of the operand at the top where it can be told without Python code.
    pub(super) fn truth(&mut self) -> Result<Option<Value>, Abort> {
        let o = self.concrete(0)?;
        if let Kind::None = o.kind() {
            let v = self.b.peek(0)?.value;
            let none = self.known(Known::None);
            self.b.guard_is(v, none);
            return Ok(Some(self.b.emit(Op::ConstBool, &[], Imm::Bool(false))?));
        }
        if let Some(truth) = self.truth_known()? {
            return Ok(Some(truth));
        }
        Ok(match self.number(0)? {
            Some(Num::Bool(b)) => Some(b),
            Some(Num::Int(v) | Num::Uint(v)) => {
                let zero = self.b.int(0)?;
                Some(self.b.op(Op::INe, &[v, zero])?)
            }
            Some(Num::Float(v)) => {
                let zero = self.b.float(0.0)?;
                Some(self.b.op(Op::FNe, &[v, zero])?)
            }
            None => match self.cdata_truth()? {
                Some((truth, _)) => Some(truth),
                None => match self.truth_of_sized()? {
                    Some(truth) => Some(truth),
                    None => self.truth_of_any()?,
                },
            },
        })
    }

    pub(super) fn unary_not(&mut self) -> Result<(), Abort> {
        let Some(t) = self.truth()? else {
            if self.operator_of(c"__bool__", &[0])? {
                return Ok(());
            }
            return Err(Abort::new(Reason::Operand, "`not` of an object"));
        };
        let r = self.b.op(Op::BNot, &[t])?;
        let r = self.b.op(Op::BoxBool, &[r])?;
        self.replace_top(r)
    }

    pub(super) fn truth_value(&mut self, i: &Instr) -> Result<(), Abort> {
        if let Some(t) = self.truth()? {
            let r = self.b.op(Op::BoxBool, &[t])?;
            return self.replace_top(r);
        }
        if self.operator_of(c"__bool__", &[0])? {
            return Ok(());
        }
        let truth = self.residual_truth(i.next)?;
        self.b.push(truth.1);
        self.b.check();
        Ok(())
    }

    /// Calls the truth protocol on the top, which it pops; gives the value and its box.
    fn residual_truth(&mut self, resume: u32) -> Result<(Value, Value), Abort> {
        let v = self.b.peek(0)?.value;
        let t = self.call_bool(Helper::PyTruth, &[v], 1)?;
        self.drop_operands(1, None)?;
        self.b.begin(resume);
        let boxed = self.b.op(Op::BoxBool, &[t])?;
        Ok((t, boxed))
    }

    pub(super) fn pop_jump(&mut self, i: &Instr, jump_if: bool) -> Result<(), Abort> {
        if let Some(t) = self.truth()? {
            let taken = self.concrete_truth()? == jump_if;
            self.b.guard(t, taken == jump_if);
            return self.pop_dead();
        }
        if self.operator_of(c"__bool__", &[0])? {
            return Ok(());
        }
        // The operand becomes its truth value, and the jump is taken again on that when the
        // guard fails: the protocol has run already.
        let (truth, boxed) = self.residual_truth(i.offset)?;
        self.b.push(boxed);
        self.b.check();
        let taken = i.target.unwrap_or(i.next);
        self.pending = Pending::Jump {
            taken,
            fallthrough: i.next,
            truth,
            jump_if,
        };
        Ok(())
    }

    fn concrete_truth(&self) -> Result<bool, Abort> {
        let o = self.concrete(0)?;
        if let Some((_, size)) = sized(o) {
            return Ok(o.field_i64(size) > 0);
        }
        Ok(match o.kind() {
            Kind::Bool(b) => b,
            Kind::Int(n) => n != 0,
            Kind::Uint(_) => true,
            Kind::Float(x) => x != 0.0,
            Kind::None => false,
            // What has a truth that needs no Python code, and is no number: a cdata, or an instance whose class says nothing.
            _ if !o.is_cdata() => true,
            _ => o.field_i64(Field::CDataPtr) != 0,
        })
    }

    pub(super) fn pop_jump_none(&mut self) -> Result<(), Abort> {
        let (v, o) = (self.b.peek(0)?.value, self.concrete(0)?);
        if let Kind::None = o.kind() {
            let none = self.known(Known::None);
            self.b.guard_is(v, none);
        } else {
            let ty = self.type_of(o);
            self.b.guard_type(v, ty);
        }
        self.pop_dead()
    }
}
