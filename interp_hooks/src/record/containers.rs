//! Containers and strings: built and looked into through helpers, unpacked directly.

use super::{Pending, Recorder};
use crate::cpython::decode::Instr;
use crate::py::Object;
use traces::{Abort, Field, Helper, Imm, Known, Op, Reason, Remark, Resume};

impl Recorder {
    /// A container (or str) of the top `n` operands.
    pub(super) fn build(&mut self, helper: Helper, n: u32, i: &Instr) -> Result<(), Abort> {
        let n = n as usize;
        let direct = match (helper, n) {
            (Helper::PyBuildTuple, 1) => Helper::Tuple1,
            (Helper::PyBuildTuple, 2) => Helper::Tuple2,
            (Helper::PyBuildTuple, 3) => Helper::Tuple3,
            (Helper::PyBuildList, 0) => Helper::List0,
            (Helper::PyBuildList, 1) => Helper::List1,
            (Helper::PyBuildList, 2) => Helper::List2,
            (Helper::PyBuildList, 3) => Helper::List3,
            _ => return self.residual(helper, 0, n, i.next),
        };
        self.build_directly(direct, n, i)
    }

    /// `a[start:stop:step]` in front of the brackets, perhaps without the step.
    pub(super) fn build_slice(&mut self, i: &Instr) -> Result<(), Abort> {
        self.build_directly(Helper::SliceNew, i.oparg as usize, i)
    }

    /// A short container, which no Python code sees made. What owns an item lets it go then, which the container
    /// keeps alive.
    fn build_directly(&mut self, helper: Helper, n: usize, i: &Instr) -> Result<(), Abort> {
        let mut args = Vec::with_capacity(n);
        for k in (0..n).rev() {
            let e = self.b.peek(k)?;
            self.own_twins(e.value, n);
            args.push(e.value);
        }
        if helper == Helper::SliceNew && n == 2 {
            let none = self.known(Known::None);
            args.push(self.b.obj(none)?);
        }
        let slot = match n {
            0 => self.b.next_slot(),
            _ => self.b.slot_below_top(n - 1),
        };
        let snap = self.b.snapshot_as(Resume::Raise(n as u16));
        let imm = Imm::HelperSlot(helper, slot);
        let made = self.b.trace.emit(Op::CallNew, &args, imm, Some(snap))?;
        for _ in 0..n {
            let above = self.b.slot_below_top(0);
            if self.b.pop()?.owned && above != slot {
                self.b.effect(Op::ReleaseSlot, &[], Imm::Slot(above));
            }
        }
        self.b.push_owned(made);
        self.b.begin(i.next);
        Ok(())
    }

    /// A dict of the top values, whose keys lie above them in a constant tuple.
    pub(super) fn build_map_of_keys(&mut self, i: &Instr) -> Result<(), Abort> {
        let n = i.oparg as usize;
        let keys = self.concrete(0)?;
        let names = keys
            .is_exactly(Known::Tuple)
            .then(|| keys.sequence_items(n))
            .flatten();
        let names = names.ok_or_else(|| self.unsupported("a dict whose keys are no tuple"))?;
        let mut args = Vec::with_capacity(2 * n);
        for (k, name) in names.into_iter().enumerate() {
            // The code object keeps the tuple, and the tuple its items.
            args.push(self.constant_value(name, "key")?);
            args.push(self.b.peek(n - k)?.value);
        }
        let helper = Helper::PyBuildMap;
        self.note_operation(helper, 0, n);
        self.call_object(helper, &args, n + 1, i.next)
    }

    /// `with`: the bound `__exit__` and what `__enter__` gave take the place of the context manager.
    pub(super) fn before_with(&mut self, i: &Instr) -> Result<(), Abort> {
        let (manager, slot) = (self.b.peek(0)?.value, self.b.slot_below_top(0));
        let name = self.concrete(0)?.type_object().type_name();
        self.note(Remark::Operation, format!("`with {name}`"));
        let exit = self.call_into(Helper::PyBeforeWith, &[manager], 1, slot)?;
        self.drop_operands(1, Some(slot))?;
        self.b.push_owned(exit);
        let above = self.b.next_slot();
        let snap = self.b.snapshot_as(Resume::Raise(0));
        let entered = self.b.trace.emit(
            Op::CallNew,
            &[],
            Imm::HelperSlot(Helper::Entered, above),
            Some(snap),
        )?;
        self.b.push_owned(entered);
        self.b.begin(i.next);
        self.b.check();
        self.pending = Pending::Result { next: i.next };
        Ok(())
    }

    /// `UNPACK_SEQUENCE` of an exact tuple or list: the items take its place, the first on top.
    pub(super) fn unpack(&mut self, i: &Instr) -> Result<(), Abort> {
        let o = self.concrete(0)?;
        let (ty, size, items) = if o.is_exactly(Known::Tuple) {
            (Known::Tuple, Field::TupleSize, None)
        } else if o.is_exactly(Known::List) {
            (Known::List, Field::ListSize, Some(Field::ListItems))
        } else {
            return Err(Abort::new(
                Reason::Operand,
                format!("unpacking of a {}", o.type_object().type_name()),
            ));
        };
        let Some(objects) = o.sequence_items(i.oparg as usize) else {
            return Err(Reason::Raised.into());
        };
        let v = self.b.peek(0)?.value;
        if items.is_none() && self.defined_by(v) == Some(Op::ConstObj) {
            let values = objects.iter().rev();
            let values = values.map(|&item| Ok((self.item_of_constant(item)?, false)));
            let values = values.collect::<Result<Vec<_>, Abort>>()?;
            return self.unpack_into(o, &values, i);
        }
        let ty = self.known(ty);
        self.b.guard_type(v, ty);
        let (size, n) = (self.b.load_field(v, size)?, self.b.int(i.oparg.into())?);
        let fits = self.b.op(Op::IEq, &[size, n])?;
        self.b.guard(fits, true);
        let array = match items {
            Some(field) => self.b.load_field(v, field)?,
            None => self
                .b
                .emit(Op::FieldAddr, &[v], Imm::Field(Field::TupleItems))?,
        };
        // All that can leave comes before the sequence is let go of.
        let mut values = Vec::with_capacity(objects.len());
        for (k, &object) in objects.iter().enumerate().rev() {
            let k = self.b.int(k as i64)?;
            let item = self.b.op(Op::LoadItem, &[array, k])?;
            let boxed = self.unbox_plain(item, object)?;
            values.push((boxed.unwrap_or(item), boxed.is_none()));
        }
        self.unpack_into(o, &values, i)
    }

    /// The items of a sequence, each with whether it needs an owner, take its place on the operand stack.
    fn unpack_into(
        &mut self,
        o: Object,
        values: &[(traces::Value, bool)],
        i: &Instr,
    ) -> Result<(), Abort> {
        let e = self.b.peek(0)?;
        let shared = e.owned && self.is_shared(e.value, o, 1)?;
        self.replace_by_items(values, shared)?;
        self.b.begin(i.next);
        if e.owned && !shared {
            self.b.check();
        }
        Ok(())
    }

    /// Pops the sequence and pushes its items; those that need an owner get one before the
    /// sequence, which owns them so far, is dropped.
    fn replace_by_items(
        &mut self,
        items: &[(traces::Value, bool)],
        shared: bool,
    ) -> Result<(), Abort> {
        if !shared {
            self.shelter_below(1);
        }
        let first = self.b.slot_below_top(0);
        for (slot, &(item, needs_owner)) in (first..).zip(items).skip(1) {
            if needs_owner {
                self.b.effect(Op::InitSlot, &[item], Imm::Slot(slot));
            }
        }
        let e = self.b.pop()?;
        if shared {
            self.b.effect(Op::ReleaseSlot, &[], Imm::Slot(first));
        }
        let drops = e.owned && !shared;
        match items.first() {
            Some(&(item, true)) if drops => {
                self.b.effect(Op::ReplaceSlot, &[item], Imm::Slot(first));
            }
            Some(&(item, true)) => self.b.effect(Op::InitSlot, &[item], Imm::Slot(first)),
            _ if drops => self.b.effect(Op::DropSlot, &[], Imm::Slot(first)),
            _ => {}
        }
        for &(item, needs_owner) in items {
            if needs_owner {
                self.b.push_owned(item);
            } else {
                self.b.push(item);
            }
        }
        Ok(())
    }

    /// `LIST_APPEND`: to a list further down, which a comprehension is building.
    pub(super) fn list_append(&mut self, i: &Instr) -> Result<(), Abort> {
        let n = i.oparg as usize;
        let (list, item) = (self.b.peek(n)?.value, self.b.peek(0)?.value);
        let ty = self.known(Known::List);
        self.b.guard_type(list, ty);
        self.shelter_below(1);
        self.b
            .effect(Op::Call, &[list, item], Imm::Helper(Helper::ListAppend));
        self.drop_operands(1, None)?;
        self.b.begin(i.next);
        self.b.check();
        Ok(())
    }

    /// `LIST_EXTEND`: of a list further down, by a tuple or a list (a list of constants is made so).
    pub(super) fn list_extend(&mut self, i: &Instr) -> Result<(), Abort> {
        let more = self.concrete(0)?;
        let mut kinds = [Known::Tuple, Known::List].into_iter();
        let Some(kind) = kinds.find(|&kind| more.is_exactly(kind)) else {
            return Err(Abort::new(Reason::Bytecode, i.name));
        };
        let (list, v) = (self.b.peek(i.oparg as usize)?.value, self.b.peek(0)?.value);
        let ty = self.known(kind);
        self.b.guard_type(v, ty);
        self.call_bool(Helper::PyListExtend, &[list, v], 1)?;
        self.finish_effect(1, i.next)?;
        self.b.check();
        Ok(())
    }

    /// `SET_ADD`: to a set further down, which a comprehension is building.
    pub(super) fn set_add(&mut self, i: &Instr) -> Result<(), Abort> {
        if self.set_add_directly(i)? {
            return Ok(());
        }
        let (set, item) = (self.b.peek(i.oparg as usize)?.value, self.b.peek(0)?.value);
        self.call_bool(Helper::PySetAdd, &[set, item], 1)?;
        self.finish_effect(1, i.next)?;
        self.b.check();
        Ok(())
    }

    /// `MAP_ADD`: to a dict further down, which a comprehension is building.
    pub(super) fn map_add(&mut self, i: &Instr) -> Result<(), Abort> {
        // Stack: the dict, ..., key, value.
        let dict = self.b.peek(i.oparg as usize + 1)?.value;
        let (key, value) = (self.b.peek(1)?.value, self.b.peek(0)?.value);
        self.call_bool(Helper::PySetItem, &[dict, key, value], 2)?;
        self.finish_effect(2, i.next)?;
        self.b.check();
        Ok(())
    }

    /// `del container[key]`.
    pub(super) fn delete_item(&mut self, i: &Instr) -> Result<(), Abort> {
        let (container, key) = (self.b.peek(1)?.value, self.b.peek(0)?.value);
        self.call_bool(Helper::PyDelItem, &[container, key], 2)?;
        self.finish_effect(2, i.next)?;
        self.b.check();
        Ok(())
    }

    pub(super) fn set_slice(&mut self, i: &Instr) -> Result<(), Abort> {
        // Stack: value, container, start, stop.
        let mut operands = Vec::new();
        for n in [2, 1, 0, 3] {
            operands.push(self.b.peek(n)?.value);
        }
        self.call_bool(Helper::PySetSlice, &operands, 4)?;
        self.finish_effect(4, i.next)?;
        self.b.check();
        Ok(())
    }

    /// A part of an f-string.
    pub(super) fn format(&mut self, conversion: u32, spec: bool, i: &Instr) -> Result<(), Abort> {
        if conversion == 0 && self.quiet_format(spec, i)? {
            return Ok(());
        }
        let operands = 1 + usize::from(spec);
        self.residual(Helper::PyFormat, conversion.into(), operands, i.next)
    }

    pub(super) fn delete_fast(&mut self, i: &Instr) -> Result<(), Abort> {
        let quiet = self.guard_old(i.oparg)?;
        self.delete_local(i.oparg, quiet, i.next)
    }

    /// Guards that a local holds an object as it does now, and whether nobody notices when that dies, which is said.
    pub(super) fn guard_old(&mut self, k: u32) -> Result<bool, Abort> {
        let old = self.slot_object(self.b.local_slot(k));
        if old.is_null() {
            return Err(Reason::Raised.into());
        }
        let v = self.local(k)?;
        let quiet = self.dies_quietly(v, old)?;
        if !quiet {
            let ty = self.type_of(old);
            self.b.guard_type(v, ty);
        }
        Ok(quiet)
    }

    /// Deletes a local of which that was guarded.
    pub(super) fn delete_local(&mut self, k: u32, quiet: bool, next: u32) -> Result<(), Abort> {
        self.rescue(k);
        if !quiet {
            self.shelter();
        }
        let op = if quiet { Op::ClearSlot } else { Op::DropSlot };
        self.b.effect(op, &[], Imm::Slot(self.b.local_slot(k)));
        self.forget_local(k);
        if !quiet {
            self.b.begin(next);
            self.b.check();
        }
        Ok(())
    }
}
