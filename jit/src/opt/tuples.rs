//! Tuples that need not exist: their items are known, and a store of one into a local of a call waits as long as
//! everybody else who keeps the items alive stays.
//!
//! As of a struct there is never a second object of one: see [`structs`](super::structs) for how it is settled.

use super::forward::{Forward, confused};
use super::state::Place;
use traces::{Abort, Field, Imm, Inst, Op, Value};

impl Forward<'_> {
    /// Whether a value is a tuple that need not exist.
    pub(super) fn is_tuple(&self, value: Value) -> bool {
        self.def(value).is_some_and(|inst| inst.op == Op::BoxTuple)
    }

    /// Whether a value is a box of which there is never a second object.
    pub(super) fn is_made_once(&self, value: Value) -> bool {
        self.is_struct(value) || self.is_tuple(value) || self.is_instance(value)
    }

    /// The tuple that need not exist, where an address is that of its items.
    pub(super) fn in_tuple(&self, items: Value) -> Option<Value> {
        let tuple = self.operand(items, Op::FieldAddr)?;
        self.def(tuple).filter(|inst| inst.op == Op::BoxTuple)?;
        Some(tuple)
    }

    /// An item of a tuple that did not exist when the address of its items was taken.
    pub(super) fn item_of_tuple(
        &mut self,
        inst: &Inst,
        items: Value,
        index: Value,
    ) -> Result<Value, Abort> {
        let tuple = self.in_tuple(items);
        let tuple = tuple.ok_or_else(|| confused(inst.op, "has no tuple"))?;
        let known = self.operands(tuple, Op::BoxTuple).unwrap_or_default();
        let at = self.as_int(index).and_then(|at| usize::try_from(at).ok());
        let exists = self.settled(tuple)?.is_some();
        match at.and_then(|at| known.get(at).copied()) {
            Some(item) if !exists => Ok(item),
            _ => {
                let object = self.real_struct(tuple)?;
                let field = Imm::Field(Field::TupleItems);
                let items = self.pure(Op::FieldAddr, &[object], field)?;
                self.emit(Op::LoadItem, &[items, index], inst.imm, None)
            }
        }
    }

    /// The value to store for a tuple: one of the objects that memory holds for its items already.
    pub(super) fn with_objects(&mut self, value: Value) -> Result<Value, Abort> {
        let Some(items) = self.operands(value, Op::BoxTuple) else {
            return Ok(value);
        };
        let mut objects = Vec::with_capacity(items.len());
        for &item in &items {
            objects.push(self.shared_object(item)?);
        }
        match objects == items {
            true => Ok(value),
            false => self.emit(Op::BoxTuple, &objects, Imm::None, None),
        }
    }

    /// Forgets the items of a tuple that an iterator gives again and again, which are loaded as those of no other tuple.
    pub(super) fn forget_items_of(&mut self, tuple: Value) {
        let of_tuple = |place: &Place| match *place {
            Place::Item(items, _) => self.operand(items, Op::FieldAddr) == Some(tuple),
            _ => false,
        };
        let places = self.state.heap.keys().copied();
        let changed: Vec<Place> = places.filter(of_tuple).collect();
        for place in changed {
            self.state.heap.remove(&place);
        }
    }

    /// Whether the store of a value into a slot may wait as long as nobody changes what keeps it alive.
    pub(super) fn may_wait(&self, slot: u16, value: Value) -> bool {
        match self.def(value) {
            Some(inst) if inst.op == Op::BoxTuple => {
                let items = inst.args.iter().map(|&item| self.known(item));
                // An item that is a tuple too would have to be made first.
                let mut waits = items.map(|item| !self.is_tuple(item) && self.may_wait(slot, item));
                waits.all(|waits| waits)
            }
            _ => self.can_wait(value) || self.is_lent(slot, value),
        }
    }

    /// As `may_wait`, for a local of a call: as long as the memory of other objects stays as it is known, too.
    pub(super) fn is_kept_for(&self, slot: u16, value: Value) -> bool {
        match self.def(value) {
            Some(inst) if inst.op == Op::BoxTuple => {
                let mut items = inst.args.iter().map(|&item| self.known(item));
                items.all(|item| !self.is_tuple(item) && self.is_kept_for(slot, item))
            }
            _ => self.may_wait(slot, value) || self.is_kept(value),
        }
    }
}
