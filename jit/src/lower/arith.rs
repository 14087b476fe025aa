//! Integers, floats, truth values and conversions between them.

use super::exits::Rework;
use super::loops::Part;
use super::{Def, Lower, malformed};
use cranelift_codegen::ir::{
    self, InstBuilder,
    condcodes::{FloatCC, IntCC},
    types,
};
use traces::{Abort, Imm, Inst, Op, Type};

impl<'a> Lower<'a> {
    fn pair(&mut self, inst: &Inst, ty: Type) -> Result<(ir::Value, ir::Value), Abort> {
        Ok((self.arg(inst, 0, ty)?, self.arg(inst, 1, ty)?))
    }

    /// The value of argument `i` where it is an integer constant.
    fn constant_arg(&self, inst: &Inst, i: usize) -> Option<i64> {
        match self.def(*inst.args.get(i)?) {
            Ok(Def::Int(n)) => Some(n),
            _ => None,
        }
    }

    pub(super) fn int_op(&mut self, inst: &Inst) -> Result<(), Abort> {
        if matches!(inst.op, Op::ISext | Op::IZext) {
            return self.extension(inst);
        }
        let (x, y) = self.pair(inst, Type::I64)?;
        let ins = self.b.ins();
        let value = match inst.op {
            Op::IAdd => ins.iadd(x, y),
            Op::ISub => ins.isub(x, y),
            Op::IMul => ins.imul(x, y),
            Op::IAnd => ins.band(x, y),
            Op::IOr => ins.bor(x, y),
            Op::IXor => ins.bxor(x, y),
            Op::IShl => ins.ishl(x, y),
            Op::IShr => ins.sshr(x, y),
            Op::IUshr => ins.ushr(x, y),
            Op::IFloorDiv => self.floor_div(x, y, self.constant_arg(inst, 1)),
            Op::IMod => self.floor_mod(x, y, self.constant_arg(inst, 1)),
            _ => return Err(malformed(inst)),
        };
        self.define(inst, value)
    }

    fn extension(&mut self, inst: &Inst) -> Result<(), Abort> {
        let x = self.arg(inst, 0, Type::I64)?;
        let narrow = match inst.imm {
            Imm::Int(8) => types::I8,
            Imm::Int(16) => types::I16,
            Imm::Int(32) => types::I32,
            _ => return Err(malformed(inst)),
        };
        let value = self.extend(x, narrow, inst.op == Op::ISext);
        self.define(inst, value)
    }

    /// Cuts an integer to a width and extends it again.
    pub(super) fn extend(&mut self, x: ir::Value, narrow: ir::Type, signed: bool) -> ir::Value {
        let cut = self.b.ins().ireduce(narrow, x);
        if signed {
            self.b.ins().sextend(types::I64, cut)
        } else {
            self.b.ins().uextend(types::I64, cut)
        }
    }

    /// The shift that divides by a positive power of two.
    fn power_of_two(divisor: Option<i64>) -> Option<i64> {
        divisor
            .filter(|&n| n > 0 && n & (n - 1) == 0)
            .map(|n| n.trailing_zeros() as i64)
    }

    /// The remainder that machines compute: it has the sign of the dividend.
    fn remainder(&mut self, x: ir::Value, y: ir::Value) -> (ir::Value, ir::Value) {
        // The quotient is at hand where both are needed, and a division by a constant is a
        // multiplication: computing the remainder from it never divides twice.
        let q = self.b.ins().sdiv(x, y);
        let product = self.b.ins().imul(q, y);
        (q, self.b.ins().isub(x, product))
    }

    /// Whether the quotient that machines compute is one above the floor.
    fn rounds_up(&mut self, rem: ir::Value, y: ir::Value, divisor: Option<i64>) -> ir::Value {
        if divisor.is_some_and(|n| n > 0) {
            return self.icmp_const(IntCC::SignedLessThan, rem, 0);
        }
        let signs = self.b.ins().bxor(rem, y);
        let differ = self.icmp_const(IntCC::SignedLessThan, signs, 0);
        let inexact = self.icmp_const(IntCC::NotEqual, rem, 0);
        self.b.ins().band(differ, inexact)
    }

    fn floor_div(&mut self, x: ir::Value, y: ir::Value, divisor: Option<i64>) -> ir::Value {
        if let Some(shift) = Self::power_of_two(divisor) {
            let shift = self.int(shift);
            return self.b.ins().sshr(x, shift);
        }
        let (q, rem) = self.remainder(x, y);
        let up = self.rounds_up(rem, y, divisor);
        let up = self.b.ins().uextend(types::I64, up);
        self.b.ins().isub(q, up)
    }

    fn floor_mod(&mut self, x: ir::Value, y: ir::Value, divisor: Option<i64>) -> ir::Value {
        if let (Some(_), Some(n)) = (Self::power_of_two(divisor), divisor) {
            let mask = self.int(n - 1);
            return self.b.ins().band(x, mask);
        }
        let (_, rem) = self.remainder(x, y);
        let up = self.rounds_up(rem, y, divisor);
        let moved = self.b.ins().iadd(rem, y);
        self.b.ins().select(up, moved, rem)
    }

    pub(super) fn overflowing(&mut self, at: usize, inst: &Inst) -> Result<(), Abort> {
        let (mut x, mut y) = self.pair(inst, Type::I64)?;
        // The operand that goes round the loop gives its register to the result.
        let varies = (0..2).all(|i| self.constant_arg(inst, i).is_none());
        let truth = (0..2).find(|&i| inst.op == Op::IAddOvf && self.is_truth(inst, i));
        let swaps = match truth {
            Some(at) => at == 0,
            None => varies && self.is_param(y) && !self.is_param(x),
        };
        if inst.op == Op::IAddOvf && swaps {
            (x, y) = (y, x);
        }
        let (value, overflow) = match inst.op {
            Op::IMulOvf => self.b.ins().smul_overflow(x, y),
            // With one constant operand a single comparison tells: it fuses with the branch, while
            // the overflow flag would go through a register.
            Op::IAddOvf => match (self.constant_arg(inst, 0), self.constant_arg(inst, 1)) {
                _ if truth.is_some() => self.add_const(x, y, true),
                (None, None) => self.b.ins().sadd_overflow(x, y),
                (_, Some(n)) => self.add_const(x, y, n >= 0),
                (Some(n), None) => self.add_const(y, x, n >= 0),
            },
            _ => match self.constant_arg(inst, 1) {
                Some(n) => {
                    let value = self.b.ins().isub(x, y);
                    (value, self.moved_back(value, x, n <= 0))
                }
                None => self.b.ins().ssub_overflow(x, y),
            },
        };
        let exit =
            if inst.op != Op::IMulOvf && varies && truth.is_none() && x != y && self.is_param(x) {
                let rework = Rework::Sum {
                    operand: x,
                    result: value,
                    other: y,
                    added: inst.op == Op::IAddOvf,
                };
                self.exit_reworked(at, inst, rework)?
            } else {
                self.exit(at, inst)?
            };
        self.branch(overflow, exit);
        self.define(inst, value)
    }

    /// Whether an operand is a truth value as a number: 0 or 1.
    fn is_truth(&self, inst: &Inst, i: usize) -> bool {
        let value = inst.args.get(i).copied();
        let def = self
            .trace
            .insts
            .iter()
            .find(|inst| inst.result.is_some() && inst.result == value);
        def.is_some_and(|def| def.op == Op::BToI)
    }

    /// Whether a native value is a parameter of the label.
    fn is_param(&self, value: ir::Value) -> bool {
        let block = self.inner.map_or(self.header, |inner| inner.block);
        self.part != Part::Before && self.b.block_params(block).contains(&value)
    }

    fn add_const(&mut self, x: ir::Value, n: ir::Value, grows: bool) -> (ir::Value, ir::Value) {
        let value = self.b.ins().iadd(x, n);
        (value, self.moved_back(value, x, grows))
    }

    /// Whether a value that should not be below (`grows`) or above `from` is.
    fn moved_back(&mut self, value: ir::Value, from: ir::Value, grows: bool) -> ir::Value {
        let cc = if grows {
            IntCC::SignedLessThan
        } else {
            IntCC::SignedGreaterThan
        };
        self.b.ins().icmp(cc, value, from)
    }

    pub(super) fn int_compare(&mut self, inst: &Inst) -> Result<(), Abort> {
        let (x, y) = self.pair(inst, Type::I64)?;
        let cc = match inst.op {
            Op::IEq => IntCC::Equal,
            Op::INe => IntCC::NotEqual,
            Op::ILt => IntCC::SignedLessThan,
            Op::ILe => IntCC::SignedLessThanOrEqual,
            Op::IGt => IntCC::SignedGreaterThan,
            Op::IGe => IntCC::SignedGreaterThanOrEqual,
            Op::IUlt => IntCC::UnsignedLessThan,
            Op::IUle => IntCC::UnsignedLessThanOrEqual,
            _ => return Err(malformed(inst)),
        };
        let value = self.b.ins().icmp(cc, x, y);
        self.define(inst, value)
    }

    pub(super) fn float_op(&mut self, inst: &Inst) -> Result<(), Abort> {
        let x = self.arg(inst, 0, Type::F64)?;
        let unary = match inst.op {
            Op::FNeg => Some(self.b.ins().fneg(x)),
            Op::FAbs => Some(self.b.ins().fabs(x)),
            Op::FSqrt => Some(self.b.ins().sqrt(x)),
            _ => None,
        };
        if let Some(value) = unary {
            return self.define(inst, value);
        }
        let y = self.arg(inst, 1, Type::F64)?;
        let ins = self.b.ins();
        let value = match inst.op {
            Op::FAdd => ins.fadd(x, y),
            Op::FSub => ins.fsub(x, y),
            Op::FMul => ins.fmul(x, y),
            Op::FDiv => ins.fdiv(x, y),
            Op::FEq => ins.fcmp(FloatCC::Equal, x, y),
            Op::FNe => ins.fcmp(FloatCC::NotEqual, x, y),
            Op::FLt => ins.fcmp(FloatCC::LessThan, x, y),
            Op::FLe => ins.fcmp(FloatCC::LessThanOrEqual, x, y),
            Op::FGt => ins.fcmp(FloatCC::GreaterThan, x, y),
            Op::FGe => ins.fcmp(FloatCC::GreaterThanOrEqual, x, y),
            _ => return Err(malformed(inst)),
        };
        self.define(inst, value)
    }

    /// The integer part of a double; leaves where it does not fit.
    pub(super) fn truncation(&mut self, at: usize, inst: &Inst) -> Result<(), Abort> {
        let exit = self.exit(at, inst)?;
        let x = self.arg(inst, 0, Type::F64)?;
        // Both bounds are doubles; a NaN is on neither side.
        let low = self.b.ins().f64const(-9_223_372_036_854_775_808.0);
        let high = self.b.ins().f64const(9_223_372_036_854_775_808.0);
        let above = self.b.ins().fcmp(FloatCC::GreaterThanOrEqual, x, low);
        let below = self.b.ins().fcmp(FloatCC::LessThan, x, high);
        let fits = self.b.ins().band(above, below);
        self.branch_unless(fits, exit);
        let value = self.b.ins().fcvt_to_sint_sat(types::I64, x);
        self.define(inst, value)
    }

    pub(super) fn conversion(&mut self, inst: &Inst) -> Result<(), Abort> {
        use Type::{Bool, F64, I64, Ptr};
        let value = match inst.op {
            Op::IToF => {
                let x = self.arg(inst, 0, I64)?;
                self.b.ins().fcvt_from_sint(types::F64, x)
            }
            Op::UToF => {
                let x = self.arg(inst, 0, I64)?;
                self.b.ins().fcvt_from_uint(types::F64, x)
            }
            Op::BNot => {
                // A comparison, since one of a comparison folds into its opposite.
                let x = self.arg(inst, 0, Bool)?;
                self.icmp_const(IntCC::Equal, x, 0)
            }
            Op::BAnd => {
                let (x, y) = self.pair(inst, Bool)?;
                self.b.ins().band(x, y)
            }
            Op::BOr => {
                let (x, y) = self.pair(inst, Bool)?;
                self.b.ins().bor(x, y)
            }
            Op::BXor => {
                let (x, y) = self.pair(inst, Bool)?;
                self.b.ins().bxor(x, y)
            }
            Op::BToI => {
                let x = self.arg(inst, 0, Bool)?;
                self.b.ins().uextend(types::I64, x)
            }
            Op::FRound => {
                let x = self.arg(inst, 0, F64)?;
                let narrow = self.b.ins().fdemote(types::F32, x);
                self.b.ins().fpromote(types::F64, narrow)
            }
            Op::FBits => {
                let x = self.arg(inst, 0, F64)?;
                self.b.ins().bitcast(types::I64, ir::MemFlagsData::new(), x)
            }
            Op::FOfBits => {
                let x = self.arg(inst, 0, I64)?;
                self.b.ins().bitcast(types::F64, ir::MemFlagsData::new(), x)
            }
            Op::F32OfBits => {
                let x = self.arg(inst, 0, I64)?;
                let low = self.b.ins().ireduce(types::I32, x);
                let float = self
                    .b
                    .ins()
                    .bitcast(types::F32, ir::MemFlagsData::new(), low);
                self.b.ins().fpromote(types::F64, float)
            }
            Op::PAdd => {
                let (p, n) = (self.arg(inst, 0, Ptr)?, self.arg(inst, 1, I64)?);
                self.b.ins().iadd(p, n)
            }
            Op::PToI => self.arg(inst, 0, Ptr)?,
            Op::IToP => self.arg(inst, 0, I64)?,
            _ => return Err(malformed(inst)),
        };
        self.define(inst, value)
    }
}
