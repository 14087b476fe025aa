//! Objects stored over objects.
//!
//! Where a float, an int or a cdata takes the place of another one that dies of it, nobody else can reach the memory of
//! the old one: the value is written there, and no object is made. An iterator over a range that a loop has come to
//! the end of is kept for the next loop.

use super::{Boxed, Def, Lower};
use crate::exit::Activation;
use cranelift_codegen::ir::{self, BlockArg, InstBuilder, condcodes::IntCC, types};
use std::mem::offset_of;
use traces::{Abort, Field, Helper, Imm, Inst, Known, ObjId, Op, Value};

/// The least int of which there is one object for each use: smaller ones are shared (`_PY_NSMALLPOSINTS`,
/// Include/internal/pycore_global_objects.h).
const FIRST_UNSHARED: i64 = 257;
/// The end of the ints of one digit.
const ONE_DIGIT: i64 = 1 << 30;
/// `lv_tag` of a positive int of one digit.
const POSITIVE_DIGIT: i64 = 1 << 3;

impl<'a> Lower<'a> {
    /// Stores a box in a slot of a frame in place of the object there, where that can be written over; says whether it
    /// has.
    pub(super) fn store_in_place(&mut self, slot: u16, value: Value) -> Result<bool, Abort> {
        if let Some(x) = self.float_in_box(value)? {
            let (old, place) = (self.load_slot(slot), self.slot_place(slot));
            self.store_float(x, place, old, true)?;
            return Ok(true);
        }
        if !self.target.writes_over {
            return Ok(false);
        }
        match self.def(value)? {
            Def::Box(Boxed {
                op: Op::BoxInt,
                inner,
                ..
            }) => self.store_int(slot, value, inner)?,
            Def::Box(Boxed {
                op: Op::BoxCData,
                inner,
                ctype: Some(ctype),
                ..
            }) => return self.store_cdata(slot, value, (inner, ctype)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Goes on where the object is one of this type that has one reference.
    fn unless_dies(&mut self, old: ir::Value, ty: ir::Value, slow: ir::Block) {
        self.branch_unless(old, slow);
        let other = self.load(types::I64, old, self.target.object_type);
        let same = self.b.ins().icmp(IntCC::Equal, other, ty);
        self.branch_unless(same, slow);
        let count = self.load(types::I32, old, self.target.refcount);
        let dies = self.icmp_const(IntCC::Equal, count, 1);
        self.branch_unless(dies, slow);
    }

    fn store_int(&mut self, slot: u16, value: Value, number: Value) -> Result<(), Abort> {
        let (slow, done) = (self.cold_block(), self.b.create_block());
        let n = self.native(number)?;
        let first = self.int(FIRST_UNSHARED);
        let above = self.b.ins().isub(n, first);
        let fits = self.icmp_const(IntCC::UnsignedLessThan, above, ONE_DIGIT - FIRST_UNSHARED);
        self.branch_unless(fits, slow);
        let old = self.load_slot(slot);
        let ty = self.int(self.target.int_addr as i64);
        self.unless_dies(old, ty, slow);
        let tag = self.int(POSITIVE_DIGIT);
        self.store(tag, old, self.target.long_tag);
        let digit = self.b.ins().ireduce(types::I32, n);
        self.store(digit, old, self.target.long_digit);
        self.b.ins().jump(done, &[]);

        self.b.switch_to_block(slow);
        self.rarely(|l| l.replace(slot, value))?;
        self.b.ins().jump(done, &[]);
        self.b.switch_to_block(done);
        Ok(())
    }

    fn store_cdata(
        &mut self,
        slot: u16,
        value: Value,
        (address, ctype): (Value, ObjId),
    ) -> Result<bool, Abort> {
        let mut known = self.trace.objs.iter();
        let Some(ty) = known.position(|obj| obj.known == Some(Known::CData) && obj.addr != 0)
        else {
            return Ok(false);
        };
        let (slow, done) = (self.cold_block(), self.b.create_block());
        let old = self.load_slot(slot);
        let ty = self.obj_addr(ObjId(ty as u32))?;
        self.unless_dies(old, ty, slow);
        let has = self.load(types::I64, old, self.field_offset(Field::CDataType));
        let wants = self.obj_addr(ctype)?;
        let same = self.b.ins().icmp(IntCC::Equal, has, wants);
        self.branch_unless(same, slow);
        let weak = self.load(types::I64, old, self.field_offset(Field::CDataWeak));
        self.branch(weak, slow);
        let address = self.native(address)?;
        self.store(address, old, self.field_offset(Field::CDataPtr));
        self.b.ins().jump(done, &[]);

        self.b.switch_to_block(slow);
        self.rarely(|l| l.replace(slot, value))?;
        self.b.ins().jump(done, &[]);
        self.b.switch_to_block(done);
        Ok(true)
    }

    // ---- iterators ----

    /// Whether the trace makes iterators over ranges, which may be written over.
    fn makes_ranges(&self) -> bool {
        let makes = |inst: &Inst| {
            inst.op == Op::BoxRange || matches!(inst.imm, Imm::HelperSlot(Helper::RangeIterNew, _))
        };
        self.target.writes_over && self.trace.insts.iter().any(makes)
    }

    /// Drops the object of a stack slot, or keeps it: an iterator over a range that nobody else has.
    pub(super) fn drop_or_keep(&mut self, old: ir::Value) -> Result<(), Abort> {
        if !self.makes_ranges() {
            return self.xdecref(old);
        }
        let (slow, done) = (self.b.create_block(), self.b.create_block());
        let ty = self.int(self.target.range_iter_addr as i64);
        self.unless_dies(old, ty, slow);
        let spare = self.load(types::I64, self.act, offset_of!(Activation, spare) as i32);
        self.branch(spare, slow);
        self.store(old, self.act, offset_of!(Activation, spare) as i32);
        self.b.ins().jump(done, &[]);

        self.b.switch_to_block(slow);
        self.rarely(|l| l.xdecref(old))?;
        self.b.ins().jump(done, &[]);
        self.b.switch_to_block(done);
        Ok(())
    }

    /// An iterator over a range, or NULL: the spare one, where there is one.
    pub(super) fn range_iter(
        &mut self,
        helper: usize,
        args: &[ir::Value],
    ) -> Result<Option<ir::Value>, Abort> {
        let (slow, done) = (self.cold_block(), self.b.create_block());
        let iterator = self.b.append_block_param(done, types::I64);
        let spare = self.load(types::I64, self.act, offset_of!(Activation, spare) as i32);
        self.branch_unless(spare, slow);
        let null = self.int(0);
        self.store(null, self.act, offset_of!(Activation, spare) as i32);
        let fields = [
            Field::RangeIterStart,
            Field::RangeIterStep,
            Field::RangeIterLen,
        ];
        for (field, &number) in fields.into_iter().zip(args) {
            self.store(number, spare, self.field_offset(field));
        }
        self.b.ins().jump(done, &[BlockArg::Value(spare)]);

        self.b.switch_to_block(slow);
        let made = self.rarely(|l| l.runtime_call(helper, args, Some(types::I64)))?;
        let Some(made) = made else { return Ok(None) };
        self.b.ins().jump(done, &[BlockArg::Value(made)]);
        self.b.switch_to_block(done);
        Ok(Some(iterator))
    }

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
        let set = self.target.functions.set_float;
        self.rarely(|l| l.runtime_call(set, &[place, number], None))?;
        self.b.ins().jump(done, &[]);

        self.b.switch_to_block(done);
        Ok(())
    }
}
