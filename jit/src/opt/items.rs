//! Items of lists and attributes of instances: memory that owns objects.
//!
//! A store is done at once, since whoever gets at the list or the instance finds it there. What was stored is
//! known from then on: of a box, the number in it. An item may be any item of any list, unless the array is
//! the same one and the index is certainly another; an attribute is never one of another index, and never
//! an item.

use super::forward::{Forward, confused, is_interned};
use super::state::Place;
use traces::{Abort, Imm, Inst, Op, Reason, Value};

impl Forward<'_> {
    /// An op on items or attributes, but for `load_item`.
    pub(super) fn item_op(&mut self, inst: &Inst, args: &[Value]) -> Result<Option<Value>, Abort> {
        match (inst.op, inst.imm, args) {
            (Op::InstanceValues, _, &[object]) if self.is_instance(object) => {
                self.pure(Op::StructAddr, &[object], Imm::None).map(Some)
            }
            (Op::InstanceValues, _, &[object]) => self.instance_values(inst, object).map(Some),
            (Op::LoadAttr, _, &[array, index]) => {
                if let Some(held) = self.instance_load(array, index)? {
                    return Ok(Some(held));
                }
                self.load(inst, args, Place::Attr(array, index)).map(Some)
            }
            (Op::LoadWord, _, &[address]) => self.load(inst, args, Place::Word(address)).map(Some),
            (Op::StoreItem | Op::StoreAttr, _, &[array, index, value, old]) => {
                self.store_object_in(inst.op, array, index, value, old)?;
                Ok(None)
            }
            (Op::SwapItem | Op::SwapAttr, Imm::Slot(slot), &[array, index, old]) => {
                self.swap_in(inst, array, index, slot, old)?;
                Ok(None)
            }
            (op, ..) => Err(confused(op, "names no memory")),
        }
    }

    fn instance_values(&mut self, inst: &Inst, object: Value) -> Result<Value, Abort> {
        let place = Place::Values(object);
        if let Some(&values) = self.state.heap.get(&place) {
            return Ok(self.known(values));
        }
        let snap = self.snapshot(inst)?;
        let values = self.emit(Op::InstanceValues, &[object], Imm::None, Some(snap))?;
        self.state.heap.insert(place, values);
        Ok(values)
    }

    fn store_object_in(
        &mut self,
        op: Op,
        array: Value,
        index: Value,
        value: Value,
        old: Value,
    ) -> Result<(), Abort> {
        if self.instance_store(array, index, value)? {
            return Ok(());
        }
        let place = place_of(op, array, index);
        let held = self.state.heap.get(&place);
        if held.is_some_and(|&held| self.known(held) == value) {
            // This very object lies there.
            return Ok(());
        }
        let object = self.shared_object(value)?;
        self.push(op, &[array, index, object, old], Imm::None, None)?;
        self.forget_items(place);
        self.note_stored(place, value);
        Ok(())
    }

    fn swap_in(
        &mut self,
        inst: &Inst,
        array: Value,
        index: Value,
        slot: u16,
        old: Value,
    ) -> Result<(), Abort> {
        if self.in_instance(array, index).is_some() {
            return Err(Abort::new(
                Reason::Operand,
                "an attribute that is no number",
            ));
        }
        self.flush_slot(slot)?;
        let place = place_of(inst.op, array, index);
        let given = self.state.slot(slot);
        self.push(inst.op, &[array, index, old], inst.imm, None)?;
        self.forget_items(place);
        if let Some(value) = given.value {
            self.note_stored(place, self.known(value));
        }
        self.state.set_clean(slot, Some(old));
        Ok(())
    }

    /// The object to store for a box: one that exists already where a variable or other memory is to hold the
    /// same one. Else the value itself.
    pub(super) fn shared_object(&mut self, value: Value) -> Result<Value, Abort> {
        let Some(op) = self.def(value).map(|inst| inst.op) else {
            return Ok(value);
        };
        if !op.is_box() || is_interned(op) {
            return Ok(value);
        }
        for (slot, deferred) in self.state.dirty() {
            if self.known(deferred) == value {
                self.flush_slot(slot)?;
            }
        }
        let object = self.object_of(value)?;
        if object != value {
            return Ok(object);
        }
        let mut places: Vec<Place> = self.state.heap.keys().copied().collect();
        places.sort_by_key(|place| place.order());
        let held = |place: &Place| {
            let held = self.state.heap.get(place);
            is_owning(*place) && held.is_some_and(|&held| self.known(held) == value)
        };
        match places.into_iter().find(held) {
            Some(Place::Item(array, index)) => {
                self.emit(Op::LoadItem, &[array, index], Imm::None, None)
            }
            Some(Place::Attr(array, index)) => {
                self.emit(Op::LoadAttr, &[array, index], Imm::None, None)
            }
            _ => Ok(self.source_of(value, op).unwrap_or(value)),
        }
    }

    /// The object that the number in a box was taken from, where it is alive: memory that owns it has not been
    /// written since.
    fn source_of(&self, value: Value, op: Op) -> Option<Value> {
        let unbox = match op {
            Op::BoxInt => Op::UnboxInt,
            Op::BoxUint => Op::UnboxUint,
            Op::BoxFloat => Op::UnboxFloat,
            _ => return None,
        };
        let number = self.operand(value, op)?;
        let object = self.operand(number, unbox)?;
        let loaded = self.def(object)?.op;
        let is_loaded = matches!(loaded, Op::LoadItem | Op::LoadAttr);
        (is_loaded && self.is_fresh(object)).then_some(object)
    }

    /// Forgets what a store into a place may have changed.
    fn forget_items(&mut self, stored: Place) {
        let changed: Vec<Place> = self
            .state
            .heap
            .keys()
            .copied()
            .filter(|&other| self.may_overlap(stored, other))
            .collect();
        for place in changed {
            self.state.heap.remove(&place);
        }
    }

    fn may_overlap(&self, stored: Place, other: Place) -> bool {
        match (stored, other) {
            (Place::Item(array, index), Place::Item(other, at)) => {
                !(array == other && self.are_apart(index, at))
            }
            (Place::Attr(_, index), Place::Attr(_, at)) => !self.are_apart(index, at),
            _ => false,
        }
    }

    /// Whether two indexes are certainly different.
    fn are_apart(&self, a: Value, b: Value) -> bool {
        match (self.as_int(a), self.as_int(b)) {
            (Some(a), Some(b)) => a != b,
            _ => false,
        }
    }

    /// What a place holds from here on. Of a box that is no number only the object tells.
    fn note_stored(&mut self, place: Place, value: Value) {
        let op = self.def(value).map(|inst| inst.op);
        let is_number = matches!(op, Some(Op::BoxInt | Op::BoxUint | Op::BoxFloat));
        if op.is_some_and(|op| !op.is_box() || is_interned(op) || is_number) {
            self.state.heap.insert(place, value);
        }
    }
}

fn place_of(op: Op, array: Value, index: Value) -> Place {
    match op {
        Op::StoreAttr | Op::SwapAttr => Place::Attr(array, index),
        _ => Place::Item(array, index),
    }
}

/// Whether what lies in a place is an object that this place keeps alive, and that can change.
fn is_owning(place: Place) -> bool {
    matches!(place, Place::Item(..) | Place::Attr(..))
}
