//! Numbers stored over numbers.
//!
//! Where a float takes the place of another one that dies of it, nobody else can reach the memory of the old one:
//! the number is written there, and no object is made.

use super::{Boxed, Def, Lower};
use crate::trampoline;
use cranelift_codegen::ir::{self, InstBuilder, condcodes::IntCC, types};
use traces::{Abort, Field, Op, Value};

impl<'a> Lower<'a> {
    /// The double in a box that may be stored in place.
    pub(super) fn float_in_box(&mut self, value: Value) -> Result<Option<ir::Value>, Abort> {
        match self.def(value)? {
            Def::Box(Boxed {
                op: Op::BoxFloat,
                inner,
                ..
            }) if self.target.functions.set_float != 0 => self.native(inner).map(Some),
            _ => Ok(None),
        }
    }

    /// Stores a float where a plain object lies, or perhaps NULL.
    pub(super) fn store_float(
        &mut self,
        x: ir::Value,
        (base, offset): (ir::Value, i32),
        old: ir::Value,
        may_be_null: bool,
    ) -> Result<(), Abort> {
        let set = trampoline::preserving(self.target.functions.set_float)?;
        let slow = self.cold_block();
        let done = self.b.create_block();
        if may_be_null {
            self.branch_unless(old, slow);
        }
        let ty = self.load(types::I64, old, self.target.object_type);
        let is_float = self.icmp_const(IntCC::Equal, ty, self.target.float_addr as i64);
        self.branch_unless(is_float, slow);
        let count = self.load(types::I32, old, self.target.refcount);
        let dies = self.icmp_const(IntCC::Equal, count, 1);
        self.branch_unless(dies, slow);
        self.store(x, old, self.field_offset(Field::FloatValue));
        self.b.ins().jump(done, &[]);

        self.b.switch_to_block(slow);
        let number = self.scratch();
        self.store(x, number, 0);
        let distance = self.int(offset.into());
        let place = self.b.ins().iadd(base, distance);
        let callee = self.int(set as i64);
        let sig = self.b.import_signature(trampoline::signature());
        self.b.ins().call_indirect(sig, callee, &[place, number]);
        self.b.ins().jump(done, &[]);

        self.b.switch_to_block(done);
        Ok(())
    }
}
