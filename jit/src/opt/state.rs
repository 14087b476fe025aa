//! What is known at a point of the trace.

use super::range::Range;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use traces::{CType, Death, Field, Imm, Known, ObjId, Op, Trace, Value};

/// The exact type of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TypeFact {
    /// A type that the IR knows. No object changes from or to such a type.
    Known(Known),
    /// Another type. `__class__` may be assigned wherever Python code runs.
    Other(ObjId),
}

impl TypeFact {
    /// The fact that a guard on this type constant proves.
    pub(super) fn of_const(trace: &Trace, id: ObjId) -> TypeFact {
        match trace.objs.get(id.0 as usize).and_then(|o| o.known) {
            Some(known) => TypeFact::Known(known),
            None => TypeFact::Other(id),
        }
    }

    /// Whether objects keep this type whatever code runs.
    pub(super) fn is_stable(self) -> bool {
        matches!(self, TypeFact::Known(_))
    }

    /// Whether it is the type of a cffi cdata, which may have weak references.
    pub(super) fn is_cdata(self) -> bool {
        matches!(self, TypeFact::Known(Known::CData | Known::CDataOwn))
    }

    /// What the death of an object of this type means.
    pub(super) fn death(self) -> Death {
        match self {
            TypeFact::Known(known) => known.death(),
            TypeFact::Other(_) => Death::Noticed,
        }
    }
}

/// A slot of the frame.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Slot {
    /// What the slot should hold, where known.
    pub(super) value: Option<Value>,
    /// Whether memory does not hold it yet. Then the value is a box or a constant, and the
    /// object in memory is plain or NULL.
    pub(super) dirty: bool,
    /// The type of what a load would give, where `value` is unknown. Stable types only.
    pub(super) ty: Option<TypeFact>,
    /// Where memory lags behind, whether it holds NULL.
    pub(super) empty: bool,
}

/// A word of memory whose content can be known.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Place {
    /// A field of an object.
    Field(Value, Field),
    /// The address of the attributes of an instance.
    Values(Value),
    /// An attribute of an instance: address, index.
    Attr(Value, Value),
    /// An item of an object array: address, index.
    Item(Value, Value),
    /// An item of a tuple, which never changes.
    TupleItem(Value, Value),
    /// A word of the interpreter's own: its address.
    Word(Value),
    /// C memory: an address, the distance from it in bytes, the C type.
    Memory(Value, i32, CType),
}

impl Place {
    /// Whether it is memory of C, which anybody may write at any time.
    pub(super) fn is_c_memory(self) -> bool {
        matches!(self, Place::Memory(..))
    }

    /// An order that does not depend on hashing.
    pub(super) fn order(self) -> (u8, u32, u64) {
        match self {
            Place::Field(v, f) => (0, v.0, f as u64),
            Place::Item(p, i) => (1, p.0, u64::from(i.0)),
            Place::TupleItem(p, i) => (2, p.0, u64::from(i.0)),
            Place::Values(v) => (4, v.0, 0),
            Place::Word(v) => (6, v.0, 0),
            Place::Attr(p, i) => (5, p.0, u64::from(i.0)),
            Place::Memory(p, at, ty) => (3, p.0, (at as u32 as u64) << 8 | ty as u64),
        }
    }
}

/// What makes two pure ops equal.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Key {
    op: Op,
    args: Vec<Value>,
    imm: u64,
}

impl Key {
    /// The key of an op. Ops that give the same result in another spelling have one key.
    pub(super) fn new(op: Op, args: &[Value], imm: Imm) -> Key {
        let mut args = args.to_vec();
        let op = match op {
            Op::IGt => {
                args.reverse();
                Op::ILt
            }
            Op::IGe => {
                args.reverse();
                Op::ILe
            }
            other => other,
        };
        if is_commutative(op) {
            args.sort();
        }
        let imm = match imm {
            Imm::Int(n) => n as u64,
            Imm::Float(x) => x.to_bits(),
            Imm::Bool(b) => u64::from(b),
            Imm::Obj(id) => u64::from(id.0),
            Imm::Field(f) => f as u64,
            Imm::Helper(h) => h as u64,
            Imm::Shape(id) => u64::from(id.0),
            Imm::Place(ty, at) => u64::from(at as u32) << 8 | ty as u64,
            _ => 0,
        };
        Key { op, args, imm }
    }
}

/// Whether the operands may change places with the same result, bit for bit. (The payload of a
/// NaN depends on the order of a float addition's operands.)
pub(super) fn is_commutative(op: Op) -> bool {
    matches!(
        op,
        Op::IAdd
            | Op::IMul
            | Op::IAddOvf
            | Op::IMulOvf
            | Op::IAnd
            | Op::IOr
            | Op::IXor
            | Op::IEq
            | Op::INe
            | Op::FEq
            | Op::FNe
            | Op::BAnd
            | Op::BOr
            | Op::BXor
            | Op::Same
    )
}

/// What is known at a point of the trace. Values are those of the new trace.
#[derive(Clone, Default)]
pub(super) struct State {
    /// The frame.
    pub(super) slots: Vec<Slot>,
    /// Exact types of objects, as guards proved them.
    pub(super) types: HashMap<Value, TypeFact>,
    /// Values that a guard proved to equal a constant; structs that are settled, which equal an object.
    pub(super) equal: HashMap<Value, Value>,
    /// Boxes of instances in whose place others have come.
    pub(super) renamed: HashMap<Value, Value>,
    /// The boxes of numbers that attributes of such instances were set to, or read as.
    pub(super) boxed: HashMap<(Op, Value), Value>,
    /// Structs whose memory exists, and the object that stands for them; `None`: no slot has ever held it.
    pub(super) settled: HashMap<Value, Option<Value>>,
    /// Boxes of cffi cdata of which the trace has made the object that slots hold, and nobody has seen it.
    pub(super) fresh: HashSet<Value>,
    /// Intervals of integers.
    pub(super) ranges: HashMap<Value, Range>,
    /// Results of pure ops.
    pub(super) pure: HashMap<Key, Value>,
    /// What memory holds, or should hold.
    pub(super) heap: HashMap<Place, Value>,
    /// The fields of private objects whose memory does not hold it yet, in the order of the
    /// first store.
    pub(super) late: Vec<(Value, Field)>,
    /// Instances whose death nobody can notice, as long as nothing happens.
    pub(super) quiet: HashSet<Value>,
    /// Slots of calls that do not hold the last reference to their object.
    pub(super) shared: Vec<u16>,
    /// Between a call that is expected to be short and the check behind it: what was known in front of it.
    pub(super) forgotten: Option<Rc<Forgotten>>,
    /// Whether nothing that could make a `check` leave came behind the last one.
    pub(super) checked: bool,
    /// Whether there was a check on this way from the header of the loop.
    pub(super) polled: bool,
}

/// What is known in front of a call that is expected to be short, and forgotten behind it: the `check` that follows
/// leaves where anything of it does not hold any more.
pub(super) struct Forgotten {
    heap: Vec<(Place, Value)>,
    types: Vec<(Value, TypeFact)>,
    globals: Vec<(u16, Slot)>,
}

impl State {
    /// What a call may change that gives the GIL up.
    pub(super) fn before_call(&self, globals: impl Iterator<Item = u16>) -> Forgotten {
        let heap = self.heap.iter().map(|(&place, &value)| (place, value));
        let types = self.types.iter().map(|(&value, &ty)| (value, ty));
        let globals = globals.map(|slot| (slot, self.slot(slot)));
        Forgotten {
            heap: heap.filter(|(place, _)| !place.is_c_memory()).collect(),
            types: types.filter(|(_, ty)| !ty.is_stable()).collect(),
            globals: globals.filter(|(_, slot)| !slot.dirty).collect(),
        }
    }

    /// The call was short. What was learnt since is as true.
    pub(super) fn was_short(&mut self) {
        let Some(forgotten) = self.forgotten.take() else {
            return;
        };
        for &(place, value) in &forgotten.heap {
            self.heap.entry(place).or_insert(value);
        }
        for &(value, ty) in &forgotten.types {
            self.types.entry(value).or_insert(ty);
        }
        for &(slot, known) in &forgotten.globals {
            if self.slot(slot).value.is_none() {
                self.set_slot(slot, known);
            }
        }
    }

    /// The slot, as far as known.
    pub(super) fn slot(&self, slot: u16) -> Slot {
        self.slots
            .get(usize::from(slot))
            .copied()
            .unwrap_or_default()
    }

    /// Sets what is known about a slot.
    pub(super) fn set_slot(&mut self, slot: u16, state: Slot) {
        let i = usize::from(slot);
        if i >= self.slots.len() {
            self.slots.resize(i + 1, Slot::default());
        }
        if let Some(s) = self.slots.get_mut(i) {
            *s = state;
        }
    }

    /// Memory of the slot holds this value.
    pub(super) fn set_clean(&mut self, slot: u16, value: Option<Value>) {
        self.set_slot(
            slot,
            Slot {
                value,
                ..Slot::default()
            },
        );
    }

    /// Whether the memory of a place lags behind.
    pub(super) fn is_late(&self, place: Place) -> bool {
        matches!(place, Place::Field(object, field) if self.late.contains(&(object, field)))
    }

    /// Says whether the memory of a place lags behind.
    pub(super) fn set_late(&mut self, place: Place, late: bool) {
        let Place::Field(object, field) = place else {
            return;
        };
        self.late.retain(|&l| l != (object, field));
        if late {
            self.late.push((object, field));
        }
    }

    /// Forgets what is known about the slots from `start` on that are below `end`.
    pub(super) fn forget_slots(&mut self, start: u16, end: u16) {
        for slot in start..end.min(self.slots.len() as u16) {
            self.set_slot(slot, Slot::default());
        }
    }

    /// The dirty slots with their values, in ascending order.
    pub(super) fn dirty(&self) -> Vec<(u16, Value)> {
        let dirty =
            |(i, s): (usize, &Slot)| Some((u16::try_from(i).ok()?, s.value.filter(|_| s.dirty)?));
        self.slots.iter().enumerate().filter_map(dirty).collect()
    }
}
