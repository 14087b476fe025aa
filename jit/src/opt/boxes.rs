//! Boxes undone: the number in a box needs no object.

use super::forward::{Forward, confused};
use super::range::Range;
use super::state::TypeFact;
use traces::{Abort, Field, Imm, Inst, Known, Op, Value};

impl Forward<'_> {
    /// The number in an object.
    pub(super) fn unbox(&mut self, inst: &Inst, args: &[Value]) -> Result<Value, Abort> {
        let &[obj] = args else {
            return Err(confused(inst.op, "has one operand"));
        };
        let (same, other, known) = match inst.op {
            Op::UnboxInt => (Op::BoxInt, Some(Op::BoxUint), Known::Int),
            Op::UnboxUint => (Op::BoxUint, Some(Op::BoxInt), Known::Int),
            Op::UnboxBits => {
                // Signed or unsigned, the bits are the same.
                let number = self.operand(obj, Op::BoxInt);
                if let Some(number) = number.or_else(|| self.operand(obj, Op::BoxUint)) {
                    return Ok(number);
                }
                (Op::BoxInt, None, Known::Int)
            }
            Op::UnboxFloat => (Op::BoxFloat, None, Known::Float),
            _ => (Op::BoxBool, None, Known::Bool),
        };
        if let Some(number) = self.operand(obj, same) {
            return Ok(number);
        }
        if let Some(number) = other.and_then(|op| self.operand(obj, op)) {
            // Signed and unsigned agree where the top bit is clear.
            let zero = self.int(0)?;
            let fits = self.pure(Op::IGe, &[number, zero], Imm::None)?;
            self.guard_truth(inst, fits, true)?;
            return Ok(number);
        }
        if inst.op == Op::UnboxBool
            && let Some(truth) = self.payload_of_const(obj)?
        {
            return Ok(truth);
        }
        let value = if inst.snap.is_some() {
            self.emit_exit(inst, args)?
        } else {
            self.pure(inst.op, args, inst.imm)?
        };
        self.state
            .types
            .entry(obj)
            .or_insert(TypeFact::Known(known));
        Ok(value)
    }

    /// A field of an object that need not exist.
    pub(super) fn field_of_box(
        &mut self,
        obj: Value,
        field: Field,
    ) -> Result<Option<Value>, Abort> {
        let Some(def) = self.def(obj) else {
            return Ok(None);
        };
        let (op, imm) = (def.op, def.imm);
        match (field, op, imm) {
            (Field::FloatValue, Op::BoxFloat, _) | (Field::CDataPtr, Op::BoxCData, _) => {
                Ok(self.operand(obj, op))
            }
            (Field::CDataType, Op::BoxCData, Imm::Obj(ctype)) => self.obj(ctype).map(Some),
            _ => Ok(None),
        }
    }

    /// The box op, its immediate and the number in it, where the object is a box or a constant
    /// that is one by another name.
    pub(super) fn as_box(&mut self, obj: Value) -> Result<Option<(Op, Imm, Value)>, Abort> {
        if let Some(truth) = self.payload_of_const(obj)? {
            return Ok(Some((Op::BoxBool, Imm::None, truth)));
        }
        let Some(def) = self.def(obj).filter(|inst| inst.op.is_box()) else {
            return Ok(None);
        };
        let (op, imm) = (def.op, def.imm);
        Ok(self.operand(obj, op).map(|number| (op, imm, number)))
    }

    /// Whether an integer, taken as signed, is not negative.
    pub(super) fn is_natural(&self, value: Value) -> bool {
        self.range(value).within(Range::NATURAL)
    }
}
