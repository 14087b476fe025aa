//! Boxes undone: the number in a box needs no object.

use super::forward::{Forward, confused};
use super::range::Range;
use super::state::TypeFact;
use traces::{Abort, Field, Imm, Inst, Known, Op, Value};

/// A box op, its immediate and the numbers in it: one, or two of a struct.
#[derive(Clone, Debug)]
pub(super) struct BoxParts {
    pub(super) op: Op,
    pub(super) imm: Imm,
    pub(super) numbers: Vec<Value>,
}

/// Whether a box op stands for a cffi cdata.
fn is_cdata(op: Op) -> bool {
    matches!(
        op,
        Op::BoxCData | Op::BoxCInt | Op::BoxCFloat | Op::BoxStruct
    )
}

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
            Op::UnboxChar => (Op::BoxChar, None, Known::Bytes),
            Op::UnboxUChar => (Op::BoxUChar, None, Known::Str),
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

    /// The value of a cdata of a primitive ctype.
    pub(super) fn unbox_cvalue(&mut self, inst: &Inst, args: &[Value]) -> Result<Value, Abort> {
        let &[obj] = args else {
            return Err(confused(inst.op, "has one operand"));
        };
        let inner = self
            .operand(obj, Op::BoxCInt)
            .or_else(|| self.operand(obj, Op::BoxCFloat));
        match inner {
            Some(value) => Ok(value),
            None => self.pure(inst.op, args, inst.imm),
        }
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
            (Field::CDataPtr, Op::BoxStruct, _) => {
                self.pure(Op::StructAddr, &[obj], Imm::None).map(Some)
            }
            (Field::TupleSize, Op::BoxTuple, _) => {
                let items = def.args.len() as i64;
                self.int(items).map(Some)
            }
            (Field::CBufferSize, Op::BoxBuffer, _) => {
                Ok(self.operands(obj, op).and_then(|of| of.get(1).copied()))
            }
            (Field::CBufferData, Op::BoxBuffer, _) => match self.operand(obj, op) {
                Some(cdata) => self.field_value(cdata, Field::CDataPtr).map(Some),
                None => Ok(None),
            },
            (Field::CDataType, _, Imm::Obj(ctype)) if is_cdata(op) => self.obj(ctype).map(Some),
            (Field::CDataWeak, _, _) if is_cdata(op) => self.weak_references_of_box(obj).map(Some),
            _ => Ok(None),
        }
    }

    /// What is in a box, where the object is one or a constant that is one by another name.
    pub(super) fn as_box(&mut self, obj: Value) -> Result<Option<BoxParts>, Abort> {
        if let Some(truth) = self.payload_of_const(obj)? {
            return Ok(Some(BoxParts {
                op: Op::BoxBool,
                imm: Imm::None,
                numbers: vec![truth],
            }));
        }
        let is_number = |op: Op| op.is_box() && !matches!(op, Op::BoxBuffer | Op::BoxTuple);
        let Some(def) = self.def(obj).filter(|inst| is_number(inst.op)) else {
            return Ok(None);
        };
        let (op, imm) = (def.op, def.imm);
        Ok(self
            .operands(obj, op)
            .map(|numbers| BoxParts { op, imm, numbers }))
    }

    /// Whether an integer, taken as signed, is not negative.
    pub(super) fn is_natural(&self, value: Value) -> bool {
        self.range(value).within(Range::NATURAL)
    }
}
