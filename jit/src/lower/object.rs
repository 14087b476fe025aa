//! Objects: boxes and what is in them, reference counts, slots of the frame, fields.

use super::{Boxed, Def, Lower, malformed};
use crate::code::refused;
use crate::exit::Activation;
use cranelift_codegen::ir::{self, BlockArg, InstBuilder, condcodes::IntCC, types};
use std::mem::offset_of;
use traces::{Abort, Field, GlobalSlot, Imm, Inst, Known, Op, Resume, Type, Value};

impl<'a> Lower<'a> {
    // ---- boxes ----

    pub(super) fn boxed(&mut self, inst: &Inst) -> Result<(), Abort> {
        let inner = *inst.args.first().ok_or_else(|| malformed(inst))?;
        let expected = match inst.op {
            Op::BoxFloat | Op::BoxCFloat => Type::F64,
            Op::BoxBool => Type::Bool,
            Op::BoxCData => Type::Ptr,
            Op::BoxAttr | Op::BoxBuffer => Type::Obj,
            Op::BoxStruct => self.word_type(inner)?,
            _ => Type::I64,
        };
        let (second, third) = (inst.args.get(1).copied(), inst.args.get(2).copied());
        for word in [second, third].into_iter().flatten() {
            self.word_type(word)?;
            self.def(word)?;
        }
        let ctype = match inst.imm {
            Imm::Obj(id) => Some(id),
            _ => None,
        };
        if self.trace.types.get(inner.0 as usize) != Some(&expected)
            || is_of_ctype(inst.op) != ctype.is_some()
        {
            return Err(malformed(inst));
        }
        self.def(inner)?;
        self.define_as(
            inst,
            Def::Box(Boxed {
                op: inst.op,
                inner,
                second,
                third,
                ctype,
            }),
        )
    }

    /// The type of a word of a struct: an integer or a double.
    fn word_type(&self, word: Value) -> Result<Type, Abort> {
        match self.trace.types.get(word.0 as usize) {
            Some(&ty @ (Type::I64 | Type::F64)) => Ok(ty),
            _ => Err(refused("a malformed `box_struct`")),
        }
    }

    /// A word of a struct as the bits that lie in memory.
    pub(super) fn word_bits(&mut self, word: Value) -> Result<ir::Value, Abort> {
        let value = self.native(word)?;
        if self.b.func.dfg.value_type(value) == types::F64 {
            return Ok(self
                .b
                .ins()
                .bitcast(types::I64, ir::MemFlagsData::new(), value));
        }
        Ok(value)
    }

    /// `True` or `False`.
    pub(super) fn truth_object(&mut self, truth: Value) -> Result<ir::Value, Abort> {
        let truth = self.native(truth)?;
        let yes = self.int(self.target.true_addr as i64);
        let no = self.int(self.target.false_addr as i64);
        Ok(self.b.ins().select(truth, yes, no))
    }

    /// A new reference to the object of a value; a box becomes a new object.
    pub(super) fn owned(&mut self, value: Value) -> Result<ir::Value, Abort> {
        let functions = self.target.functions;
        let (function, args) = match self.def(value)? {
            Def::Obj(id) => {
                let object = self.obj_addr(id)?;
                // Immortal in every interpreter that counts in this way.
                let uncounted = matches!(
                    self.obj_const(id)?.known,
                    Some(Known::Null | Known::None | Known::True | Known::False)
                );
                if !uncounted {
                    self.incref(object);
                }
                return Ok(object);
            }
            Def::Box(Boxed {
                op: Op::BoxBool,
                inner,
                ..
            }) => return self.truth_object(inner),
            Def::Box(boxed) if boxed.op == Op::BoxTuple => return self.owned_tuple(boxed.inner),
            Def::Box(boxed) if boxed.op == Op::BoxInstance => {
                return self.owned_instance(boxed.inner);
            }
            Def::Box(boxed) => {
                let function = match boxed.op {
                    Op::BoxInt => functions.new_int,
                    Op::BoxUint => functions.new_uint,
                    Op::BoxFloat => functions.new_float,
                    Op::BoxCInt => functions.new_cint,
                    Op::BoxCFloat => functions.new_cfloat,
                    Op::BoxStruct => functions.new_struct,
                    Op::BoxChar => functions.new_char,
                    Op::BoxUChar => functions.new_uchar,
                    Op::BoxAttr => functions.new_attr,
                    Op::BoxBuffer => functions.new_buffer,
                    Op::BoxRange => functions.new_range,
                    Op::BoxListIter | Op::BoxTupleIter => functions.new_iter,
                    _ => functions.new_cdata,
                };
                let mut args = Vec::new();
                if boxed.op == Op::BoxStruct {
                    args.push(self.word_bits(boxed.inner)?);
                    args.push(match boxed.second {
                        Some(second) => self.word_bits(second)?,
                        None => self.int(0),
                    });
                } else {
                    args.push(self.native(boxed.inner)?);
                    for word in [boxed.second, boxed.third].into_iter().flatten() {
                        args.push(self.native(word)?);
                    }
                }
                if let Some(ctype) = boxed.ctype {
                    args.push(self.obj_addr(ctype)?);
                }
                (function, args)
            }
            _ => {
                let object = self.native(value)?;
                self.incref(object);
                return Ok(object);
            }
        };
        let made = match self.def(value)? {
            Def::Box(boxed) if boxed.op == Op::BoxRange => self.range_iter(function, &args)?,
            _ => self.runtime_call(function, &args, Some(types::I64))?,
        };
        made.ok_or_else(|| refused("a malformed box"))
    }

    pub(super) fn unbox(&mut self, at: usize, inst: &Inst) -> Result<(), Abort> {
        let arg = *inst.args.first().ok_or_else(|| malformed(inst))?;
        if let Def::Box(boxed) = self.def(arg)? {
            return self.unbox_box(at, inst, boxed);
        }
        let object = self.arg(inst, 0, Type::Obj)?;
        let value = match inst.op {
            Op::UnboxFloat => self.load(types::F64, object, self.field_offset(Field::FloatValue)),
            Op::UnboxBool => self.icmp_const(IntCC::Equal, object, self.target.true_addr as i64),
            Op::UnboxInt | Op::UnboxUint | Op::UnboxBits => self.unbox_long(at, inst, object)?,
            Op::UnboxChar => {
                let exit = self.exit(at, inst)?;
                let size = self.load(types::I64, object, self.field_offset(Field::BytesSize));
                let other = self.icmp_const(IntCC::NotEqual, size, 1);
                self.branch(other, exit);
                let place = self.field_offset(Field::BytesData);
                self.b
                    .ins()
                    .uload8(types::I64, super::TRUSTED, object, place)
            }
            Op::UnboxUChar => {
                let exit = self.exit(at, inst)?;
                let out = self.scratch();
                let convert = self.target.functions.str_to_char;
                let fits = self
                    .runtime_call(convert, &[object, out], Some(types::I32))?
                    .ok_or_else(|| malformed(inst))?;
                self.branch_unless(fits, exit);
                self.load(types::I64, out, 0)
            }
            _ => return Err(malformed(inst)),
        };
        self.define(inst, value)
    }

    /// What is in a box. The optimiser removes these; a trace that was not optimised has them.
    fn unbox_box(&mut self, at: usize, inst: &Inst, boxed: Boxed) -> Result<(), Abort> {
        match (inst.op, boxed.op) {
            (Op::UnboxInt, Op::BoxInt)
            | (Op::UnboxUint, Op::BoxUint)
            | (Op::UnboxBits, Op::BoxInt | Op::BoxUint)
            | (Op::UnboxFloat, Op::BoxFloat)
            | (Op::UnboxChar, Op::BoxChar)
            | (Op::UnboxUChar, Op::BoxUChar)
            | (Op::UnboxBool, Op::BoxBool) => {}
            (Op::UnboxInt, Op::BoxUint) | (Op::UnboxUint, Op::BoxInt) => {
                let exit = self.exit(at, inst)?;
                let value = self.native(boxed.inner)?;
                let other_half = self.icmp_const(IntCC::SignedLessThan, value, 0);
                self.branch(other_half, exit);
            }
            _ => return Err(refused("unboxes a box of another kind")),
        }
        let inner = self.def(boxed.inner)?;
        self.define_as(inst, inner)
    }

    /// The value of an int: inline where it has at most two digits.
    fn unbox_long(
        &mut self,
        at: usize,
        inst: &Inst,
        object: ir::Value,
    ) -> Result<ir::Value, Abort> {
        let exit = self.exit(at, inst)?;
        let signed = inst.op != Op::UnboxUint;
        let tag = self.load(types::I64, object, self.target.long_tag);
        let big = if signed {
            self.icmp_const(IntCC::UnsignedGreaterThanOrEqual, tag, 16)
        } else {
            // Zero has the tag 1, a positive digit the tag 8.
            let other = self.int(!9);
            self.b.ins().band(tag, other)
        };
        let slow = self.cold_block();
        let done = self.b.create_block();
        let result = self.b.append_block_param(done, types::I64);
        self.branch(big, slow);

        let digit = self
            .b
            .ins()
            .uload32(super::TRUSTED, object, self.target.long_digit);
        let factor = if signed {
            let three = self.int(3);
            let sign = self.b.ins().band(tag, three);
            let one = self.int(1);
            self.b.ins().isub(one, sign)
        } else {
            let three = self.int(3);
            self.b.ins().ushr(tag, three)
        };
        let value = self.b.ins().imul(factor, digit);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);

        // Two digits: an address, as a rule.
        self.b.switch_to_block(slow);
        let (two, more) = (self.cold_block(), self.cold_block());
        let signs = if signed { !3 } else { !0 };
        let signs = self.int(signs);
        let digits = self.b.ins().band(tag, signs);
        let has_two = self.icmp_const(IntCC::Equal, digits, 16);
        self.b.ins().brif(has_two, two, &[], more, &[]);
        self.b.switch_to_block(two);
        let at = self.target.long_digit;
        let [low, high] = [at, at + 4].map(|at| self.b.ins().uload32(super::TRUSTED, object, at));
        let places = self.int(30);
        let high = self.b.ins().ishl(high, places);
        let size = self.b.ins().bor(low, high);
        let three = self.int(3);
        let sign = self.b.ins().band(tag, three);
        let one = self.int(1);
        let factor = self.b.ins().isub(one, sign);
        let value = self.b.ins().imul(factor, size);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);

        self.b.switch_to_block(more);
        let out = self.scratch();
        let convert = match inst.op {
            Op::UnboxInt => self.target.functions.int_to_i64,
            Op::UnboxUint => self.target.functions.int_to_u64,
            _ => self.target.functions.int_to_bits,
        };
        let fits = self.rarely(|l| l.runtime_call(convert, &[object, out], Some(types::I32)))?;
        let fits = fits.ok_or_else(|| malformed(inst))?;
        self.branch_unless(fits, exit);
        let value = self.load(types::I64, out, 0);
        self.b.ins().jump(done, &[BlockArg::Value(value)]);

        self.b.switch_to_block(done);
        Ok(result)
    }

    // ---- reference counts ----

    /// Takes a reference to an object, which is not NULL.
    pub(super) fn incref(&mut self, object: ir::Value) {
        let done = self.b.create_block();
        let count = self.load(types::I32, object, self.target.refcount);
        let one = self.b.ins().iconst(types::I32, 1);
        let count = self.b.ins().iadd(count, one);
        // An immortal's count is all ones and stays so.
        self.branch_unless(count, done);
        self.store(count, object, self.target.refcount);
        self.b.ins().jump(done, &[]);
        self.b.switch_to_block(done);
    }

    /// Drops a reference to an object, which is not NULL.
    pub(super) fn decref(&mut self, object: ir::Value) -> Result<(), Abort> {
        let done = self.b.create_block();
        self.decref_to(object, done)
    }

    /// Drops a reference to an object or NULL.
    pub(super) fn xdecref(&mut self, object: ir::Value) -> Result<(), Abort> {
        let done = self.b.create_block();
        self.branch_unless(object, done);
        self.decref_to(object, done)
    }

    fn decref_to(&mut self, object: ir::Value, done: ir::Block) -> Result<(), Abort> {
        let count = self.load(types::I32, object, self.target.refcount);
        let immortal = self.icmp_const(IntCC::SignedLessThan, count, 0);
        self.branch(immortal, done);
        let one = self.b.ins().iconst(types::I32, 1);
        let count = self.b.ins().isub(count, one);
        self.store(count, object, self.target.refcount);
        let dead = self.cold_block();
        self.b.ins().brif(count, done, &[], dead, &[]);
        self.b.switch_to_block(dead);
        self.runtime_call(self.target.functions.dealloc, &[object], None)?;
        self.b.ins().jump(done, &[]);
        self.b.switch_to_block(done);
        Ok(())
    }

    // ---- slots ----

    /// Where the memory of a slot lies.
    pub(super) fn slot_place(&mut self, slot: u16) -> (ir::Value, i32) {
        match self.target.inlined_offset(self.trace, slot) {
            Some(offset) => {
                let inlined = offset_of!(Activation, inlined) as i32;
                (self.load(types::I64, self.act, inlined), offset)
            }
            None => (self.frame, self.target.frame_slots + 8 * i32::from(slot)),
        }
    }

    pub(super) fn load_slot(&mut self, slot: u16) -> ir::Value {
        let (base, offset) = self.slot_place(slot);
        self.load(types::I64, base, offset)
    }

    pub(super) fn store_to_slot(&mut self, slot: u16, object: ir::Value) {
        let (base, offset) = self.slot_place(slot);
        self.store(object, base, offset);
    }

    /// Stores a new reference where the operand lay that it replaces, and drops the operand's
    /// object where the slot owned it: where it is below the top at the snapshot and not listed.
    pub(super) fn store_result(
        &mut self,
        slot: u16,
        object: ir::Value,
        inst: &Inst,
    ) -> Result<(), Abort> {
        let frame = inst
            .snap
            .and_then(|s| self.trace.snaps.get(s.0 as usize))
            .and_then(|s| s.frames.last());
        let owned = frame.is_some_and(|f| {
            self.trace.operands(f).any(|known| known == slot)
                && !f.slots.iter().any(|&(listed, _)| listed == slot)
        });
        if !owned {
            self.store_to_slot(slot, object);
            return Ok(());
        }
        // NULL where the operand stack at the header has one, in front of a callable or behind it.
        let old = self.load_slot(slot);
        self.store_to_slot(slot, object);
        self.xdecref(old)
    }

    pub(super) fn slot_op(&mut self, at: usize, inst: &Inst) -> Result<(), Abort> {
        let arg = inst.args.first().copied().ok_or_else(|| malformed(inst));
        if let Imm::Slot(slot) | Imm::Slots(slot, _) = inst.imm
            && let Some(global) = self.trace.global(slot)
        {
            return self.global_op(at, inst, global);
        }
        match (inst.op, inst.imm) {
            (Op::LoadSlot, Imm::Slot(slot)) => {
                let object = self.load_slot(slot);
                self.define(inst, object)
            }
            (Op::StoreSlot, Imm::Slot(slot)) => {
                let value = arg?;
                match self.store_in_place(slot, value)? {
                    true => Ok(()),
                    false => self.replace(slot, value),
                }
            }
            (Op::InitSlot, Imm::Slot(slot)) => {
                let object = self.owned(arg?)?;
                self.store_to_slot(slot, object);
                Ok(())
            }
            (Op::ReplaceSlot, Imm::Slot(slot)) => {
                self.expose(at);
                self.replace(slot, arg?)
            }
            (Op::MoveSlot, Imm::Slots(to, from)) => {
                let object = self.load_slot(from);
                let old = self.load_slot(to);
                self.store_to_slot(to, object);
                self.xdecref(old)
            }
            (Op::SwapSlots, Imm::Slots(a, b)) => {
                let (in_a, in_b) = (self.load_slot(a), self.load_slot(b));
                self.store_to_slot(a, in_b);
                self.store_to_slot(b, in_a);
                Ok(())
            }
            (Op::ClearSlot, Imm::Slot(slot)) => self.clear(slot),
            // A variable would keep what it has let go of.
            (Op::ReleaseSlot, Imm::Slot(slot)) if self.trace.is_local(slot) => Err(malformed(inst)),
            (Op::ReleaseSlot, Imm::Slot(slot)) => {
                self.release(slot);
                Ok(())
            }
            (Op::DropSlot, Imm::Slot(slot)) => {
                self.expose(at);
                self.clear(slot)
            }
            _ => Err(malformed(inst)),
        }
    }

    /// An op on a slot that is a module-level variable.
    fn global_op(&mut self, at: usize, inst: &Inst, global: GlobalSlot) -> Result<(), Abort> {
        let place = [self.obj_addr(global.dict)?, self.obj_addr(global.key)?];
        match (inst.op, inst.imm, inst.args.as_slice()) {
            (Op::LoadSlot, ..) => {
                let get = self.target.functions.global_get;
                let object = self.runtime_call(get, &place, Some(types::I64))?;
                self.define(inst, object.ok_or_else(|| malformed(inst))?)
            }
            (Op::StoreSlot | Op::ReplaceSlot, _, &[value]) => {
                let object = self.owned(value)?;
                if inst.op == Op::ReplaceSlot {
                    self.expose(at);
                }
                self.set_global(place, object)?;
                self.decref(object)
            }
            (Op::MoveSlot, Imm::Slots(_, from), _) => {
                let object = self.load_slot(from);
                self.set_global(place, object)?;
                self.decref(object)
            }
            _ => Err(malformed(inst)),
        }
    }

    fn set_global(&mut self, place: [ir::Value; 2], object: ir::Value) -> Result<(), Abort> {
        let [dict, key] = place;
        let set = self.target.functions.global_set;
        self.runtime_call(set, &[dict, key, object], None)
            .map(|_| ())
    }

    pub(super) fn replace(&mut self, slot: u16, value: Value) -> Result<(), Abort> {
        let object = self.owned(value)?;
        let old = self.load_slot(slot);
        self.store_to_slot(slot, object);
        self.xdecref(old)
    }

    fn clear(&mut self, slot: u16) -> Result<(), Abort> {
        let old = self.load_slot(slot);
        if slot < self.trace.nlocals || self.trace.is_inlined_local(slot) {
            let null = self.int(0);
            self.store_to_slot(slot, null);
            return self.xdecref(old);
        }
        self.drop_or_keep(old)
    }

    /// Drops a reference that is not the last one.
    fn release(&mut self, slot: u16) {
        let done = self.b.create_block();
        let old = self.load_slot(slot);
        let count = self.load(types::I32, old, self.target.refcount);
        let immortal = self.icmp_const(IntCC::SignedLessThan, count, 0);
        self.branch(immortal, done);
        let one = self.b.ins().iconst(types::I32, 1);
        let count = self.b.ins().isub(count, one);
        self.store(count, old, self.target.refcount);
        self.b.ins().jump(done, &[]);
        self.b.switch_to_block(done);
    }

    /// Makes the frame fit to be looked at before an op that may run a finaliser.
    fn expose(&mut self, at: usize) {
        if let Some(position) = self.position_of(at) {
            self.set_position(position);
        }
        self.set_during(0);
    }

    // ---- where the frame stands ----

    /// The address of the bytecode that an op belongs to, where it matters while the op runs.
    fn position_of(&self, at: usize) -> Option<u64> {
        let inst = self.trace.insts.get(at)?;
        let place = |inst: &Inst| {
            let snapshot = self.trace.snaps.get(inst.snap?.0 as usize)?;
            let frame = snapshot.frames.first()?;
            let in_call = snapshot.frames.len() > 1;
            Some((snapshot.resume, frame.code, frame.pc, in_call))
        };
        let (code, pc) = match inst.op {
            Op::CCall | Op::CallPy | Op::CallPyBool | Op::CallNew => {
                place(inst).map(|(_, code, pc, _)| (code, pc))
            }
            // These carry no snapshot. The check behind them resumes at the next bytecode, and the
            // bytecodes that replace or drop an object (stores, pops) are one unit long.
            Op::ReplaceSlot | Op::DropSlot => {
                self.trace
                    .insts
                    .get(at..)?
                    .iter()
                    .find_map(|i| match place(i) {
                        Some((Resume::At, code, pc, true)) if i.op == Op::Check => Some((code, pc)),
                        Some((Resume::At, code, pc, false)) if i.op == Op::Check => {
                            Some((code, pc.saturating_sub(2)))
                        }
                        _ => None,
                    })
            }
            _ => None,
        }?;
        let addr = self.address(code).ok()?;
        Some(
            addr.wrapping_add(self.target.code_bytes as u64)
                .wrapping_add(u64::from(pc)),
        )
    }

    /// Whether the loop body that starts at this label only ever sets the position that it finds.
    pub(super) fn position_stays(&self, label: usize) -> bool {
        (label..self.trace.insts.len())
            .filter_map(|at| self.position_of(at))
            .all(|p| Some(p) == self.position)
    }

    /// Sets the frame's instruction pointer for the op at this place.
    pub(super) fn stand_at(&mut self, at: usize) -> Result<(), Abort> {
        let position = self
            .position_of(at)
            .ok_or_else(|| refused("a call without a place"))?;
        self.set_position(position);
        Ok(())
    }

    fn set_position(&mut self, position: u64) {
        if self.position != Some(position) {
            let address = self.int(position as i64);
            self.store(address, self.frame, self.target.frame_instr);
            self.position = Some(position);
        }
    }

    // ---- fields ----

    pub(super) fn field_offset(&self, field: Field) -> i32 {
        self.target.fields[field as usize]
    }

    pub(super) fn object_op(&mut self, inst: &Inst) -> Result<(), Abort> {
        match (inst.op, inst.imm) {
            (Op::LoadField, Imm::Field(field)) if field.bytes() == 8 => {
                let object = self.arg(inst, 0, Type::Obj)?;
                let value = self.load(
                    super::native_type(field.ty()),
                    object,
                    self.field_offset(field),
                );
                self.define(inst, value)
            }
            (Op::StoreField, Imm::Field(field)) if field.bytes() == 8 => {
                let object = self.arg(inst, 0, Type::Obj)?;
                let value = self.arg(inst, 1, field.ty())?;
                self.store(value, object, self.field_offset(field));
                Ok(())
            }
            (Op::FieldAddr, Imm::Field(field)) => {
                let object = self.arg(inst, 0, Type::Obj)?;
                let offset = self.int(i64::from(self.field_offset(field)));
                let address = self.b.ins().iadd(object, offset);
                self.define(inst, address)
            }
            (Op::Same, _) => {
                let x = self.arg(inst, 0, Type::Obj)?;
                let y = self.arg(inst, 1, Type::Obj)?;
                let same = self.b.ins().icmp(IntCC::Equal, x, y);
                self.define(inst, same)
            }
            _ => Err(malformed(inst)),
        }
    }
}

/// Whether a box op names a ctype, or another constant.
fn is_of_ctype(op: Op) -> bool {
    matches!(
        op,
        Op::BoxCData
            | Op::BoxCInt
            | Op::BoxCFloat
            | Op::BoxStruct
            | Op::BoxAttr
            | Op::BoxListIter
            | Op::BoxTupleIter
    )
}
