//! Memory of Python objects: a load whose word is known needs no memory. (C memory is another matter, see
//! [`memory`](super::memory): a program that writes through a C pointer into the header of a Python object
//! has left what CPython can answer for.)
//!
//! Each field is a class of its own: a store to one never changes another. Two objects are taken
//! to be one unless they are different constants, or iterators: the private fields of one are touched
//! only where it was guarded to have one reference, that of the stack slot which holds it. Two slots then
//! hold two iterators, and the state has one name for what a slot holds. A store into such a field
//! waits for the next exit, whose snapshot lists it.

use super::forward::{Forward, confused};
use super::state::Place;
use traces::{Abort, Alias, Field, Imm, Inst, Op, Value};

impl Forward<'_> {
    /// A load or a store.
    pub(super) fn heap_op(&mut self, inst: &Inst, args: &[Value]) -> Result<Option<Value>, Abort> {
        match (inst.op, inst.imm, args) {
            (Op::LoadField, Imm::Field(field), &[obj]) => {
                if let Some(value) = self.field_of_box(obj, field)? {
                    return Ok(Some(value));
                }
                self.load(inst, args, Place::Field(obj, field)).map(Some)
            }
            (Op::LoadItem, _, &[items, index]) if self.in_tuple(items).is_some() => {
                self.item_of_tuple(inst, items, index).map(Some)
            }
            (Op::LoadItem, _, &[items, index]) => {
                let in_tuple = matches!(
                    self.def(items),
                    Some(Inst {
                        op: Op::FieldAddr,
                        imm: Imm::Field(Field::TupleItems),
                        ..
                    })
                );
                let place = if in_tuple {
                    Place::TupleItem(items, index)
                } else {
                    Place::Item(items, index)
                };
                self.load(inst, args, place).map(Some)
            }
            (Op::StoreField, Imm::Field(field), &[obj, value]) => {
                self.store_field(inst, obj, field, value)?;
                Ok(None)
            }
            (op, ..) => Err(confused(op, "names no memory")),
        }
    }

    /// What an immutable field of an object holds.
    pub(super) fn field_value(&mut self, obj: Value, field: Field) -> Result<Value, Abort> {
        let place = Place::Field(obj, field);
        if let Some(&value) = self.state.heap.get(&place) {
            return Ok(self.known(value));
        }
        let value = self.emit(Op::LoadField, &[obj], Imm::Field(field), None)?;
        self.state.heap.insert(place, value);
        Ok(value)
    }

    pub(super) fn load(
        &mut self,
        inst: &Inst,
        args: &[Value],
        place: Place,
    ) -> Result<Value, Abort> {
        if let Some(&value) = self.state.heap.get(&place) {
            return Ok(self.known(value));
        }
        let value = self.emit(inst.op, args, inst.imm, None)?;
        self.state.heap.insert(place, value);
        Ok(value)
    }

    fn store_field(
        &mut self,
        inst: &Inst,
        obj: Value,
        field: Field,
        value: Value,
    ) -> Result<(), Abort> {
        let place = Place::Field(obj, field);
        if self
            .state
            .heap
            .get(&place)
            .is_some_and(|&v| self.known(v) == value)
        {
            return Ok(());
        }
        if field.alias() == Alias::Private {
            // Nobody but the interpreter can look: exits store it.
            if !self.state.late.contains(&(obj, field)) {
                self.state.late.push((obj, field));
            }
        } else {
            self.push(Op::StoreField, &[obj, value], inst.imm, None)?;
        }
        // An iterator that the frame alone can reach has one reference, and one name.
        let private = field.alias() == Alias::Private;
        let may_change = |other: Value| match private {
            true => other == obj,
            false => !self.are_different(obj, other),
        };
        let changed: Vec<Place> = self
            .state
            .heap
            .keys()
            .copied()
            .filter(|place| match *place {
                Place::Field(other, f) => f == field && may_change(other),
                Place::Item(..) | Place::Attr(..) | Place::Values(..) => false,
                Place::TupleItem(..) | Place::Word(..) | Place::Memory(..) => false,
            })
            .collect();
        for place in changed {
            self.state.heap.remove(&place);
        }
        self.state.heap.insert(place, value);
        Ok(())
    }

    /// Emits the deferred store into a field, if there is one.
    pub(super) fn flush_field(&mut self, obj: Value, field: Field) -> Result<(), Abort> {
        let Some(at) = self.state.late.iter().position(|&l| l == (obj, field)) else {
            return Ok(());
        };
        self.state.late.remove(at);
        if let Some(&value) = self.state.heap.get(&Place::Field(obj, field)) {
            let value = self.known(value);
            self.push(Op::StoreField, &[obj, value], Imm::Field(field), None)?;
        }
        Ok(())
    }

    /// Whether two values are certainly different objects.
    fn are_different(&self, a: Value, b: Value) -> bool {
        match (self.as_obj(a), self.as_obj(b)) {
            (Some(a), Some(b)) => a != b,
            _ => false,
        }
    }

    /// What memory of `from` is known to hold is known of `to` too, the same object.
    pub(super) fn copy_heap_facts(&mut self, from: Value, to: Value) {
        let facts: Vec<(Field, Value)> = self
            .state
            .heap
            .iter()
            .filter_map(|(place, &value)| match *place {
                Place::Field(obj, field) if obj == from => Some((field, value)),
                _ => None,
            })
            .collect();
        for (field, value) in facts {
            self.state
                .heap
                .entry(Place::Field(to, field))
                .or_insert(value);
        }
    }
}

/// Whether a place keeps what it holds as long as its object lives.
pub(super) fn is_immutable(place: Place) -> bool {
    match place {
        Place::Field(_, field) => field.alias() == Alias::Immutable,
        Place::TupleItem(..) => true,
        Place::Item(..) | Place::Attr(..) | Place::Values(..) => false,
        Place::Word(..) | Place::Memory(..) => false,
    }
}
