//! What the slots of the frame hold at a point of the trace.

use super::fact::Fact;
use crate::trace::{ObjId, Trace, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A slot.
#[derive(Clone, PartialEq, Default, Debug)]
pub(super) struct Slot {
    /// The values that are the object in the slot's memory.
    pub(super) values: BTreeSet<Value>,
    /// What is proved of the object in the slot's memory.
    pub(super) fact: Option<Fact>,
    /// The constant that the object in the slot's memory is proved to be.
    pub(super) constant: Option<ObjId>,
}

fn null() -> Slot {
    Slot {
        fact: Some(Fact::Null),
        ..Slot::default()
    }
}

/// The frame. A local's slot owns its object (or holds NULL) at all times; of the operand stack,
/// the slots in `owned` do.
#[derive(Clone, PartialEq, Default, Debug)]
pub(super) struct Frame {
    nlocals: u16,
    /// Module-level variables, which are treated as locals that others can write.
    globals: BTreeSet<u16>,
    /// The locals of calls that are part of the trace.
    inlined: BTreeSet<u16>,
    pub(super) owned: BTreeSet<u16>,
    pub(super) slots: BTreeMap<u16, Slot>,
}

impl Frame {
    /// The frame at the loop header: its operand stack owns what it holds.
    pub(super) fn at_entry(trace: &Trace) -> Frame {
        let end = trace.nlocals.saturating_add(trace.entry_depth);
        Frame {
            nlocals: trace.nlocals,
            globals: trace.globals.iter().map(|g| g.slot).collect(),
            inlined: trace.inlined_locals().collect(),
            owned: (trace.nlocals..end).collect(),
            slots: trace.inlined_locals().map(|slot| (slot, null())).collect(),
        }
    }

    /// Whether the slot is a local's or a variable's.
    pub(super) fn is_local(&self, slot: u16) -> bool {
        slot < self.nlocals || self.globals.contains(&slot) || self.inlined.contains(&slot)
    }

    /// A local of a call that is part of the trace that is not NULL.
    pub(super) fn left_behind(&self) -> Option<u16> {
        let mut inlined = self.inlined.iter().copied();
        inlined.find(|&slot| self.fact(slot) != Some(Fact::Null))
    }

    /// Others may have written the variables.
    pub(super) fn forget_globals(&mut self) {
        for slot in &self.globals {
            self.slots.remove(slot);
        }
    }

    /// What the variables hold, as far as known.
    pub(super) fn globals(&self) -> BTreeMap<u16, Slot> {
        let known = |slot| Some((slot, self.slots.get(&slot)?.clone()));
        self.globals.iter().copied().filter_map(known).collect()
    }

    /// The variables of which nothing is known hold this.
    pub(super) fn learn_globals(&mut self, globals: BTreeMap<u16, Slot>) {
        for (slot, content) in globals {
            self.slots.entry(slot).or_insert(content);
        }
    }

    /// Whether the slot owns an object (or holds NULL).
    pub(super) fn owns(&self, slot: u16) -> bool {
        self.is_local(slot) || self.owned.contains(&slot)
    }

    /// Whether a slot owns the object of a value.
    pub(super) fn holds(&self, value: Value) -> bool {
        self.slots
            .iter()
            .any(|(&n, slot)| self.owns(n) && slot.values.contains(&value))
    }

    /// The values that are the object of a value, as far as a slot holds it.
    pub(super) fn names_of(&self, value: Value) -> BTreeSet<Value> {
        let held = self.slots.values().map(|slot| &slot.values);
        let held = held.filter(|values| values.contains(&value));
        held.flatten().copied().collect()
    }

    /// The names of the object in a slot.
    pub(super) fn values(&self, slot: u16) -> impl Iterator<Item = Value> {
        let names = self.slots.get(&slot).map(|slot| &slot.values);
        names.into_iter().flatten().copied()
    }

    /// What is proved of the object in a slot.
    pub(super) fn fact(&self, slot: u16) -> Option<Fact> {
        self.slots.get(&slot).and_then(|s| s.fact)
    }

    /// The slot owns the object of a value from here on.
    pub(super) fn set(&mut self, slot: u16, value: Option<Value>, fact: Option<Fact>) {
        let values = value.into_iter().collect();
        let constant = None;
        self.put(
            slot,
            Slot {
                values,
                fact,
                constant,
            },
        );
    }

    /// The slot owns what another slot owned.
    pub(super) fn put(&mut self, slot: u16, content: Slot) {
        if !self.is_local(slot) {
            self.owned.insert(slot);
        }
        self.slots.insert(slot, content);
    }

    /// The slot owns nothing from here on; gives what it owned.
    pub(super) fn take(&mut self, slot: u16) -> Slot {
        self.owned.remove(&slot);
        self.slots.remove(&slot).unwrap_or_default()
    }

    /// A value is the object in a slot.
    pub(super) fn add(&mut self, slot: u16, value: Value) {
        self.slots.entry(slot).or_default().values.insert(value);
    }

    /// A value stands for no slot's object, since it is about to be defined again.
    pub(super) fn forget(&mut self, value: Value) {
        for slot in self.slots.values_mut() {
            slot.values.remove(&value);
        }
    }

    /// From here on this holds of a value, and so of the slots that hold it.
    pub(super) fn learn(&mut self, value: Value, fact: Fact) {
        for slot in self.slots.values_mut() {
            if slot.values.contains(&value) {
                slot.fact = Some(fact);
            }
        }
    }

    /// A value is proved to be a constant, and so is what the slots hold that have it.
    pub(super) fn learn_constant(&mut self, value: Value, id: ObjId) {
        for slot in self.slots.values_mut() {
            if slot.values.contains(&value) {
                slot.constant = Some(id);
            }
        }
    }

    /// Somebody else has a reference to the object in the slot's memory.
    pub(super) fn share(&mut self, slot: u16) {
        self.slots.entry(slot).or_default().fact = Some(Fact::Plain);
    }

    /// What is proved of the object that a value and a slot share.
    pub(super) fn fact_of(&self, value: Value) -> Option<Fact> {
        self.slots
            .values()
            .find(|slot| slot.values.contains(&value) && slot.fact.is_some())
            .and_then(|slot| slot.fact)
    }

    /// What holds in both frames, which own the same slots.
    pub(super) fn meet(&self, other: &Frame) -> Frame {
        let slots = self.slots.iter().filter_map(|(n, a)| {
            let b = other.slots.get(n)?;
            let values = a.values.intersection(&b.values).copied().collect();
            let fact = Fact::either(a.fact, b.fact);
            let constant = a.constant.filter(|_| a.constant == b.constant);
            let slot = Slot {
                values,
                fact,
                constant,
            };
            Some((*n, slot))
        });
        Frame {
            nlocals: self.nlocals,
            globals: self.globals.clone(),
            inlined: self.inlined.clone(),
            owned: self.owned.clone(),
            slots: slots.collect(),
        }
    }
}
