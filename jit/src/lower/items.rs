//! Items of lists and tuples, attributes of instances.

use super::{Def, Lower, malformed};
use crate::target::Values;
use cranelift_codegen::ir::{self, InstBuilder, types};
use traces::{Abort, Field, Imm, Inst, Op, Type};

impl<'a> Lower<'a> {
    /// The address of item `arg 1` of the array `arg 0`, and its distance from it.
    fn item_place(&mut self, inst: &Inst) -> Result<(ir::Value, i32), Abort> {
        let array = self.arg(inst, 0, Type::Ptr)?;
        let index = *inst.args.get(1).ok_or_else(|| malformed(inst))?;
        if let Def::Int(n) = self.def(index)?
            && let Some(Ok(offset)) = n.checked_mul(8).map(i32::try_from)
        {
            return Ok((array, offset));
        }
        let index = self.arg(inst, 1, Type::I64)?;
        let three = self.int(3);
        let offset = self.b.ins().ishl(index, three);
        Ok((self.b.ins().iadd(array, offset), 0))
    }

    pub(super) fn item_op(&mut self, inst: &Inst) -> Result<(), Abort> {
        match (inst.op, inst.imm, inst.args.as_slice()) {
            (Op::LoadItem | Op::LoadAttr, ..) => {
                let (array, offset) = self.item_place(inst)?;
                let item = self.load(types::I64, array, offset);
                if inst.op == Op::LoadItem {
                    inst.result.into_iter().for_each(|v| self.is_not_null(v));
                }
                self.define(inst, item)
            }
            (Op::StoreItem | Op::StoreAttr, _, &[.., value, old]) => {
                if let Some(x) = self.float_in_box(value)? {
                    let place = self.item_place(inst)?;
                    let old = match self.def(old)? {
                        Def::Native(old) => old,
                        _ => self.load(types::I64, place.0, place.1),
                    };
                    return self.store_float(x, place, old, false);
                }
                let object = self.owned(value)?;
                let (array, offset) = self.item_place(inst)?;
                // A box stands for an object that lies in memory only.
                let old = match self.def(old)? {
                    Def::Native(old) => old,
                    _ => self.load(types::I64, array, offset),
                };
                self.store(object, array, offset);
                self.decref(old)
            }
            (Op::SwapItem | Op::SwapAttr, Imm::Slot(slot), _) => {
                let (array, offset) = self.item_place(inst)?;
                let (new, old) = (self.load_slot(slot), self.load(types::I64, array, offset));
                self.store(new, array, offset);
                self.store_to_slot(slot, old);
                Ok(())
            }
            _ => Err(malformed(inst)),
        }
    }

    /// The address of the attributes of an instance that has no dict.
    pub(super) fn instance_values(&mut self, at: usize, inst: &Inst) -> Result<(), Abort> {
        let exit = self.exit(at, inst)?;
        let object = self.arg(inst, 0, Type::Obj)?;
        let dict = self.load(types::I64, object, self.field_offset(Field::Dict));
        let address = match self.target.values {
            Values::Tagged => {
                let one = self.int(1);
                let tag = self.b.ins().band(dict, one);
                self.branch_unless(tag, exit);
                self.b.ins().iadd(dict, one)
            }
            Values::Inline { valid, first } => {
                self.branch(dict, exit);
                let valid = self
                    .b
                    .ins()
                    .uload8(types::I64, super::TRUSTED, object, valid);
                self.branch_unless(valid, exit);
                let first = self.int(first.into());
                self.b.ins().iadd(object, first)
            }
        };
        self.define(inst, address)
    }

    /// One of two numbers.
    pub(super) fn select(&mut self, inst: &Inst) -> Result<(), Abort> {
        let ty = match inst.op {
            Op::ISelect => Type::I64,
            _ => Type::F64,
        };
        let which = self.arg(inst, 0, Type::Bool)?;
        let (x, y) = (self.arg(inst, 1, ty)?, self.arg(inst, 2, ty)?);
        let result = self.b.ins().select(which, x, y);
        self.define(inst, result)
    }
}
