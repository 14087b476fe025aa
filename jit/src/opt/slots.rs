//! The frame: stores of boxes and constants are deferred, snapshots carry them.
//!
//! A store of a box or a constant into a local waits until something may look at the frame: an
//! exit (its snapshot lists the slot), or a call that runs Python (the store is emitted in front
//! of it). What a local should hold is known meanwhile, so that loads need no memory. The
//! recorder stores only where the old object is plain or NULL; it stays in memory a little longer,
//! which nobody can notice.
//!
//! A module-level variable is a slot whose memory others can reach wherever Python code runs: the
//! deferred store comes in front of that, and what the slot holds is forgotten behind it.

use super::forward::{Forward, confused, is_interned};
use super::state::{Place, Slot, TypeFact};
use traces::helper::HelperEffect;
use traces::{Abort, Death, Imm, Inst, Known, Op, Resume, SnapId, Value};

impl Forward<'_> {
    /// An op on a slot.
    pub(super) fn slot_op(&mut self, inst: &Inst, args: &[Value]) -> Result<Option<Value>, Abort> {
        match (inst.op, inst.imm, args) {
            (Op::LoadSlot, Imm::Slot(slot), []) => return self.load_slot(slot).map(Some),
            (Op::StoreSlot, Imm::Slot(slot), &[value]) => self.store_slot(slot, value)?,
            (Op::InitSlot, Imm::Slot(slot), &[value]) if self.is_instance(value) => {
                self.hold_instance(slot, value);
            }
            (Op::InitSlot, Imm::Slot(slot), &[value]) => {
                let value = self.held_struct(value)?;
                let object = self.object_of(value)?;
                let stored = self.with_objects(object)?;
                self.push(Op::InitSlot, &[stored], inst.imm, None)?;
                self.state.set_clean(slot, Some(value));
                if object == value {
                    self.note_made(value);
                    self.settle(slot, value)?;
                }
            }
            (Op::ReplaceSlot, Imm::Slot(slot), &[value]) => self.replace_slot(slot, value)?,
            (Op::MoveSlot, Imm::Slots(to, from), []) => {
                if let Some(instance) = self.instance_in(from) {
                    self.store_slot(to, instance)?;
                    self.state.set_clean(from, None);
                    return Ok(None);
                }
                self.push(Op::MoveSlot, &[], inst.imm, None)?;
                let moved = self.state.slot(from);
                self.state.set_slot(
                    to,
                    Slot {
                        dirty: false,
                        empty: false,
                        ..moved
                    },
                );
                self.state.set_clean(from, None);
            }
            (Op::SwapSlots, Imm::Slots(a, b), []) => {
                if self.swap_instances(a, b)? {
                    return Ok(None);
                }
                self.flush_slot(a)?;
                self.flush_slot(b)?;
                self.push(Op::SwapSlots, &[], inst.imm, None)?;
                let (in_a, in_b) = (self.state.slot(a), self.state.slot(b));
                self.state.set_slot(a, in_b);
                self.state.set_slot(b, in_a);
            }
            (Op::ClearSlot, Imm::Slot(slot), []) => self.clear_slot(slot)?,
            (Op::ReleaseSlot, Imm::Slot(slot), []) if self.death(slot) == Death::Plain => {
                self.clear_slot(slot)?;
            }
            (Op::ReleaseSlot, Imm::Slot(slot), []) if self.state.slot(slot).value.is_none() => {
                self.drop_slot(slot)?;
            }
            (Op::ReleaseSlot, Imm::Slot(slot), []) => {
                self.push(Op::ReleaseSlot, &[], inst.imm, None)?;
                self.forget_cleared(slot)?;
            }
            (Op::DropSlot, Imm::Slot(slot), []) => self.drop_slot(slot)?,
            (op, ..) => return Err(confused(op, "has no slot")),
        }
        Ok(None)
    }

    pub(super) fn load_slot(&mut self, slot: u16) -> Result<Value, Abort> {
        let known = self.state.slot(slot);
        if let Some(value) = known.value {
            return Ok(self.known(value));
        }
        let value = self.emit(Op::LoadSlot, &[], Imm::Slot(slot), None)?;
        if let Some(ty) = known.ty {
            self.state.types.insert(value, ty);
        }
        self.state.set_clean(slot, Some(value));
        Ok(value)
    }

    fn store_slot(&mut self, slot: u16, value: Value) -> Result<(), Abort> {
        let known = self.state.slot(slot);
        if !known.dirty && known.value.is_some_and(|v| self.known(v) == value) {
            // Memory holds this very object already.
            return Ok(());
        }
        let object = self.object_of(value)?;
        let lent = self.out.is_inlined_local(slot) && self.is_kept_for(slot, value);
        let waits = lent || self.may_wait(slot, value);
        if object == value && waits && self.dies_in_time(slot)? {
            self.state.set_slot(
                slot,
                Slot {
                    value: Some(value),
                    dirty: true,
                    ty: None,
                    empty: self.is_empty(slot),
                },
            );
        } else if object != value {
            self.push(Op::StoreSlot, &[object], Imm::Slot(slot), None)?;
            self.state.set_clean(slot, Some(value));
        } else {
            let stored = self.with_objects(value)?;
            self.push(Op::StoreSlot, &[stored], Imm::Slot(slot), None)?;
            self.state.set_clean(slot, Some(value));
            self.note_made(value);
            self.settle(slot, value)?;
        }
        Ok(())
    }

    /// Whether the memory of a slot holds NULL.
    fn is_empty(&self, slot: u16) -> bool {
        let known = self.state.slot(slot);
        let is_null = |v| self.as_known(self.known(v)) == Some(Known::Null);
        match known.dirty {
            true => known.empty,
            false => known.value.is_some_and(is_null),
        }
    }

    /// Whether a local of a call that is part of the trace is given what a local of a frame further out holds, which
    /// does not change before the call returns.
    pub(super) fn is_lent(&self, slot: u16, value: Value) -> bool {
        let out = &self.out;
        let Some(callee) = out.inlined_of(slot).filter(|_| out.is_inlined_local(slot)) else {
            return false;
        };
        let mut caller = callee.caller;
        loop {
            let frame = out.inlined_at(caller).filter(|_| caller != 0);
            let mut locals = frame.map_or(0..out.nlocals, |f| f.locals()..f.stack());
            let holds = |slot| {
                let held = self.state.slot(slot);
                held.value.is_some_and(|v| self.known(v) == value)
            };
            if locals.any(holds) {
                return true;
            }
            match frame {
                Some(frame) => caller = frame.caller,
                None => return false,
            }
        }
    }

    /// Whether the memory of another object, as far as it is known, keeps an object alive.
    pub(super) fn is_kept(&self, value: Value) -> bool {
        let keeps = |(&place, &held): (&Place, &Value)| {
            matches!(
                place,
                Place::Attr(..) | Place::Item(..) | Place::TupleItem(..)
            ) && self.known(held) == value
        };
        self.state.heap.iter().any(keeps)
    }

    /// Makes the locals of calls owners of what they are lent, in front of an op behind which nobody else may be.
    pub(super) fn own_lent(&mut self, inst: &Inst) -> Result<(), Abort> {
        let changes = match (inst.op, inst.imm) {
            (Op::StoreItem | Op::StoreAttr | Op::SwapItem | Op::SwapAttr, _) => true,
            // What the snapshot of a short call lists lives until the check behind it has looked.
            (Op::CCall, _) => !self.naive.is_leaf(inst) && !self.naive.is_short(inst),
            (Op::Call, Imm::Helper(helper)) => helper.effect() == HelperEffect::Writes,
            _ => false,
        };
        if !changes || self.naive.inlined.is_empty() {
            return Ok(());
        }
        for (slot, value) in self.state.dirty() {
            // The locals of frames further out stay as they are; who writes to them during a foreign call has looked
            // at the frames first, and they were made.
            let waits = self.may_wait(slot, value);
            if self.out.is_inlined_local(slot) && !waits {
                self.flush_slot(slot)?;
            }
        }
        Ok(())
    }

    /// Leaves where a slot holds the last reference to its object. Two slots may hold one object, to which nobody else
    /// has a reference.
    pub(super) fn guard_kept(&mut self, inst: &Inst, slot: u16) -> Result<(), Abort> {
        let known = self.state.slot(slot);
        let Some(value) = known.value.map(|v| self.known(v)) else {
            if self.is_frame_local(slot) {
                return Ok(());
            }
            let snap = self.snapshot(inst)?;
            return self
                .push(Op::GuardKept, &[], inst.imm, Some(snap))
                .map(|_| ());
        };
        if known.dirty || self.death(slot) != Death::Noticed {
            return Ok(());
        }
        for other in self.state.shared.clone() {
            let Some(other) = self.state.slot(other).value else {
                return Ok(());
            };
            let other = self.known(other);
            if other == value {
                // Of the two drops, the last one tells.
                return Ok(());
            }
            let same = self.pure(Op::Same, &[other, value], Imm::None)?;
            self.guard_truth(inst, same, false)?;
        }
        let snap = self.snapshot(inst)?;
        self.push(Op::GuardKept, &[], inst.imm, Some(snap))?;
        self.state.shared.push(slot);
        Ok(())
    }

    /// What is known of the locals of calls where none is under way.
    pub(super) fn clear_inlined(&mut self) -> Result<(), Abort> {
        let naive = self.naive;
        for frame in &naive.inlined {
            self.state.forget_slots(frame.slot, frame.end());
        }
        for slot in naive.inlined_locals() {
            let id = self.out.known(Known::Null, 0);
            let null = self.obj(id)?;
            self.state.set_clean(slot, Some(null));
        }
        Ok(())
    }

    /// Whether a slot is a local's, and no variable.
    fn is_frame_local(&self, slot: u16) -> bool {
        slot < self.out.nlocals || self.out.is_inlined_local(slot)
    }

    /// The object that memory holds for a box already, where a slot does: one number
    /// that the program keeps in two places is one object. Else the value itself.
    pub(super) fn object_of(&mut self, value: Value) -> Result<Value, Abort> {
        let boxed = self.def(value).map(|inst| inst.op);
        if !boxed.is_some_and(|op| op.is_box() && !is_interned(op)) {
            return Ok(value);
        }
        let holds = |&slot: &u16| {
            let held = self.state.slot(slot);
            !held.dirty && held.value.is_some_and(|v| self.known(v) == value)
        };
        let slots = 0..self.state.slots.len() as u16;
        let Some(slot) = slots.into_iter().find(holds) else {
            return Ok(value);
        };
        let object = self.emit(Op::LoadSlot, &[], Imm::Slot(slot), None)?;
        if let Some(ty) = self.type_of(value) {
            self.state.types.insert(object, ty);
        }
        Ok(object)
    }

    /// Whether the object in a slot's memory may stay there until a deferred store is done. One that has C
    /// memory is dropped at once.
    fn dies_in_time(&mut self, slot: u16) -> Result<bool, Abort> {
        let known = self.state.slot(slot);
        let owns = |v: Value| {
            let v = self.known(v);
            self.type_of(v) == Some(TypeFact::Known(Known::CDataOwn)) && !self.is_struct(v)
        };
        if known.dirty || !known.value.is_some_and(owns) {
            return Ok(true);
        }
        if !self.is_frame_local(slot) {
            return Ok(false);
        }
        self.push(Op::ClearSlot, &[], Imm::Slot(slot), None)?;
        self.forget_cleared(slot)?;
        Ok(true)
    }

    /// Whether a value stays usable however long its store is deferred: a borrowed object does
    /// not, since only the store makes the slot its owner.
    pub(super) fn can_wait(&self, value: Value) -> bool {
        self.def(value).is_some_and(|inst| match inst.op {
            // It keeps a cdata alive that somebody else owns.
            Op::BoxBuffer => false,
            op => op.is_box() || op == Op::ConstObj,
        })
    }

    /// What the death of the object in a slot's memory means, as far as known.
    fn death(&self, slot: u16) -> Death {
        let known = self.state.slot(slot);
        let Some(value) = known.value.map(|v| self.known(v)) else {
            let ty = known.ty.filter(|ty| !ty.is_cdata());
            return ty.map_or(Death::Noticed, |ty| ty.death());
        };
        let is_struct = self.def(value).is_some_and(|inst| inst.op == Op::BoxStruct);
        let shared = self.state.shared.contains(&slot);
        if known.dirty || shared || is_struct || self.as_known(value) == Some(Known::Null) {
            return Death::Plain;
        }
        if self.state.quiet.contains(&value) {
            return Death::Plain;
        }
        match self.type_of(value) {
            Some(ty) if ty.is_cdata() && !self.has_no_weak_references(value) => Death::Noticed,
            // An older one may keep a struct that has weak references: there the recorder has looked.
            Some(TypeFact::Known(Known::CDataOwn))
                if self.def(value).is_none_or(|inst| inst.op != Op::CallNew) =>
            {
                Death::Noticed
            }
            Some(ty) => ty.death(),
            None => Death::Noticed,
        }
    }

    fn replace_slot(&mut self, slot: u16, value: Value) -> Result<(), Abort> {
        if self.death(slot) != Death::Noticed {
            self.store_slot(slot, value)?;
            if self.naive.globals.iter().any(|g| g.slot == slot) {
                // A trace that took the variable for a constant, perhaps this one, has to see it at once.
                self.flush_slot(slot)?;
                self.state.checked = false;
            }
            return Ok(());
        }
        self.flush()?;
        let value = self.settled(value)?.unwrap_or(value);
        let object = self.object_of(value)?;
        self.push(Op::ReplaceSlot, &[object], Imm::Slot(slot), None)?;
        self.state.set_clean(slot, Some(value));
        if object == value {
            self.settle(slot, value)?;
        }
        self.python_ran();
        Ok(())
    }

    fn clear_slot(&mut self, slot: u16) -> Result<(), Abort> {
        let is_nowhere = self.instance_in(slot).is_some() && !self.is_variable(slot);
        if is_nowhere || self.is_frame_local(slot) && self.is_empty(slot) {
            return self.forget_cleared(slot);
        }
        self.push(Op::ClearSlot, &[], Imm::Slot(slot), None)?;
        self.forget_cleared(slot)
    }

    fn drop_slot(&mut self, slot: u16) -> Result<(), Abort> {
        if self.death(slot) != Death::Noticed {
            return self.clear_slot(slot);
        }
        self.flush()?;
        self.push(Op::DropSlot, &[], Imm::Slot(slot), None)?;
        self.python_ran();
        self.forget_cleared(slot)
    }

    fn forget_cleared(&mut self, slot: u16) -> Result<(), Abort> {
        self.state.shared.retain(|&shared| shared != slot);
        if let Some(value) = self.state.slot(slot).value {
            // An iterator that the frame alone could reach: nobody sees its fields any more.
            self.state.late.retain(|&(object, _)| object != value);
        }
        let null = if self.is_frame_local(slot) {
            let id = self.out.known(Known::Null, 0);
            Some(self.obj(id)?)
        } else {
            None
        };
        self.state.set_clean(slot, null);
        Ok(())
    }

    /// Emits the deferred stores, in front of an op that may look at the frame.
    pub(super) fn flush(&mut self) -> Result<(), Abort> {
        for (slot, _) in self.state.dirty() {
            self.flush_slot(slot)?;
        }
        Ok(())
    }

    /// Emits the deferred stores into module-level variables.
    pub(super) fn flush_globals(&mut self) -> Result<(), Abort> {
        let globals = &self.naive.globals;
        globals.iter().try_for_each(|g| self.flush_slot(g.slot))
    }

    /// Emits the deferred store into a slot, if there is one.
    pub(super) fn flush_slot(&mut self, slot: u16) -> Result<(), Abort> {
        if let Slot {
            value: Some(value),
            dirty: true,
            ..
        } = self.state.slot(slot)
        {
            // Two variables that are given one box hold one object.
            let object = self.object_of(value)?;
            let stored = self.with_objects(object)?;
            self.push(self.store_in(slot), &[stored], Imm::Slot(slot), None)?;
            self.state.set_clean(slot, Some(value));
            if object == value {
                self.note_made(value);
                self.settle(slot, value)?;
            }
        }
        Ok(())
    }

    /// What stores in a slot that is to hold what does not lie there yet: the operand stack holds nothing else then.
    pub(super) fn store_in(&self, slot: u16) -> Op {
        match self.is_variable(slot) {
            true => Op::StoreSlot,
            false => Op::InitSlot,
        }
    }

    /// Whether a slot is a variable's: a local's, or a module-level one's.
    pub(super) fn is_variable(&self, slot: u16) -> bool {
        self.out.is_local(slot)
    }

    /// The instance that a slot should hold and that does not exist.
    fn instance_in(&self, slot: u16) -> Option<Value> {
        let held = self.state.slot(slot);
        held.value.filter(|&v| held.dirty && self.is_instance(v))
    }

    /// The snapshot of a naive instruction in values of the new trace, with the deferred stores.
    pub(super) fn snapshot(&mut self, inst: &Inst) -> Result<SnapId, Abort> {
        let naive = inst
            .snap
            .and_then(|id| self.naive.snaps.get(id.0 as usize))
            .ok_or_else(|| confused(inst.op, "has no snapshot"))?;
        let mut snap = naive.clone();
        for frame in &mut snap.frames {
            for (_, value) in &mut frame.slots {
                *value = self.mapped(*value)?;
            }
        }
        for (slot, value) in self.state.dirty() {
            let inlined = self.out.inlined_of(slot);
            let of = inlined.map_or(0, |frame| frame.slot);
            let base = inlined.map_or(self.out.nlocals, |frame| frame.stack());
            let is_variable = self.is_variable(slot);
            let frame = snap.frames.iter_mut().find(|frame| frame.slot == of);
            if !is_variable {
                // An operand that is gone leaves nothing.
                snap.drops.retain(|&dropped| dropped != slot);
                if frame
                    .as_ref()
                    .is_none_or(|frame| slot >= base.saturating_add(frame.depth))
                {
                    continue;
                }
            }
            let frame = frame.ok_or_else(|| confused(inst.op, "has no frame for a store"))?;
            if frame.slots.iter().all(|(s, _)| *s != slot) {
                frame.slots.push((slot, self.known(value)));
            }
        }
        for frame in &mut snap.frames {
            frame.slots.sort_by_key(|(slot, _)| *slot);
        }
        if snap.resume != Resume::During {
            for &(object, field) in &self.state.late {
                let value = self.state.heap.get(&Place::Field(object, field));
                let value = value.ok_or_else(|| confused(inst.op, "loses a store"))?;
                snap.fields.push((object, field, self.known(*value)));
            }
        }
        Ok(self.add_snap(snap))
    }
}
