//! What holds behind the preamble, place by place.

use super::header::End;
use crate::opt::boxes::BoxParts;
use crate::opt::forward::{Forward, Mark};
use crate::opt::heap::is_immutable;
use crate::opt::range::Range;
use crate::opt::state::{Key, Place, Slot, State, TypeFact};
use traces::{Abort, Field, Imm, Inst, Op, Type, Value};

/// A place whose content the header may know.
#[derive(Clone, Copy, Debug)]
pub(super) enum Spot {
    Slot(u16),
    /// A field of the iterator that this slot of the operand stack holds, whichever it is.
    Iterator(u16, Field),
    Heap(Place),
}

/// What a place holds behind the preamble.
pub(super) struct Held {
    pub(super) spot: Spot,
    pub(super) value: Option<Value>,
    pub(super) parts: Option<BoxParts>,
    pub(super) dirty: bool,
    /// Whether Python code may have got at the object of a box, a cdata, and has a weak reference to it.
    pub(super) seen: bool,
    pub(super) ty: Option<TypeFact>,
    /// Of a slot, the type that the preamble found there.
    pub(super) began: Option<TypeFact>,
    /// Of a slot that holds an object that exists, the number in it as far as known: a box would do as well where
    /// another path leaves one there.
    pub(super) number: Option<BoxParts>,
    /// The numbers in it, or the value itself.
    pub(super) numbers: Vec<Value>,
    pub(super) ranges: Vec<Range>,
}

/// What holds behind the preamble.
pub(super) struct Before {
    pub(super) state: State,
    pub(super) mark: Mark,
    pub(super) held: Vec<Held>,
    /// Comparisons of integers that hold.
    pub(super) truths: Vec<(Op, Value, Value)>,
}

impl Before {
    /// Makes a box of a number that lies in a slot as an object, where some path leaves a box there: then the header
    /// knows it as a number. Says whether there was one.
    pub(super) fn unbox(&mut self, f: &mut Forward<'_>, ends: &[End]) -> Result<bool, Abort> {
        let wanted = |i: usize, held: &Held| {
            let number = held.number.as_ref()?;
            let fits = |end: &End| {
                let end = end.held.get(i)?;
                let boxed = end
                    .parts
                    .as_ref()
                    .is_some_and(|parts| parts.op == number.op);
                (boxed || end.value == held.value).then_some(boxed)
            };
            let fits: Option<Vec<bool>> = ends.iter().map(fits).collect();
            fits?.contains(&true).then(|| number.clone())
        };
        let all = self.held.iter().enumerate();
        let all: Vec<(usize, BoxParts)> = all
            .filter_map(|(i, held)| Some((i, wanted(i, held)?)))
            .collect();
        if all.is_empty() {
            return Ok(false);
        }
        f.rewind(self.mark);
        f.state = self.state.clone();
        for (i, parts) in all {
            let value = f.emit(parts.op, &parts.numbers, parts.imm, None)?;
            let Some(held) = self.held.get_mut(i) else {
                continue;
            };
            if let Spot::Slot(slot) = held.spot {
                let value = Slot {
                    value: Some(value),
                    dirty: true,
                    ..Slot::default()
                };
                f.state.set_slot(slot, value);
            }
            held.value = Some(value);
            held.dirty = true;
            held.ranges = parts.numbers.iter().map(|&n| f.range(n)).collect();
            held.numbers.clone_from(&parts.numbers);
            held.parts = Some(parts);
            held.number = None;
        }
        self.state = f.state.clone();
        self.mark = f.mark();
        Ok(true)
    }

    pub(super) fn of(f: &mut Forward<'_>) -> Result<Before, Abort> {
        let nslots = f.naive.nlocals.saturating_add(f.naive.entry_depth);
        f.forget_c_memory();
        f.state.fresh.clear();
        let mut places: Vec<Place> = f
            .state
            .heap
            .keys()
            .copied()
            .filter(|&p| !is_immutable(p))
            .collect();
        places.sort_by_key(|place| place.order());
        let globals: Vec<u16> = f.naive.globals.iter().map(|g| g.slot).collect();
        let first_global = globals.first().copied().unwrap_or(u16::MAX);
        let iterators = iterator_fields(f, nslots);
        let in_slot = |place: &Place| {
            let spots = iterators.iter();
            !spots
                .clone()
                .any(|&(slot, field)| held_field(f, slot, field) == Some(*place))
        };
        places.retain(in_slot);
        let iterators = iterators.into_iter();
        let spots = (0..nslots)
            .chain(globals)
            .map(Spot::Slot)
            .chain(iterators.map(|(slot, field)| Spot::Iterator(slot, field)))
            .chain(places.into_iter().map(Spot::Heap));
        let mut held = spots
            .map(|spot| Held::of(f, spot))
            .collect::<Result<Vec<_>, _>>()?;
        for held in &mut held {
            if let Spot::Slot(slot) = held.spot {
                held.began = began(f, slot);
                held.number = held.value.and_then(|value| number_in(f, value));
            }
        }
        f.state.forget_slots(nslots, first_global);
        f.clear_inlined()?;
        Ok(Before {
            state: f.state.clone(),
            mark: f.mark(),
            held,
            truths: f.proved_orders(),
        })
    }
}

/// The number in an object that exists, as a box of it.
fn number_in(f: &Forward<'_>, value: Value) -> Option<BoxParts> {
    let unboxed = |unbox: Op, boxed: Op| {
        let number = f.state.pure.get(&Key::new(unbox, &[value], Imm::None))?;
        Some(BoxParts {
            op: boxed,
            imm: Imm::None,
            numbers: vec![f.known(*number)],
        })
    };
    unboxed(Op::UnboxInt, Op::BoxInt).or_else(|| unboxed(Op::UnboxFloat, Op::BoxFloat))
}

/// The type that a slot had when the preamble first looked.
fn began(f: &Forward<'_>, slot: u16) -> Option<TypeFact> {
    let loads = |inst: &&Inst| inst.op == Op::LoadSlot && inst.imm == Imm::Slot(slot);
    let first = f.out.insts.iter().find(loads)?.result?;
    let known = f.state.types.get(&first).copied();
    known.or_else(|| f.type_of(f.known(first)))
}

/// The fields of iterators on the operand stack of which something is known, with their slots.
fn iterator_fields(f: &Forward<'_>, nslots: u16) -> Vec<(u16, Field)> {
    let mut fields = Vec::new();
    for slot in f.naive.nlocals..nslots {
        let known = |field: &&Field| {
            let place = held_field(f, slot, **field);
            place.is_some_and(|place| f.state.heap.contains_key(&place))
        };
        let of_slot = Field::ALL.iter().filter(|field| field.is_of_iterator());
        fields.extend(of_slot.filter(known).map(|&field| (slot, field)));
    }
    fields
}

/// The field of the object that a slot holds.
pub(super) fn held_field(f: &Forward<'_>, slot: u16, field: Field) -> Option<Place> {
    let object = f.state.slot(slot).value?;
    Some(Place::Field(f.known(object), field))
}

/// What is known of a word of memory.
fn in_memory(f: &Forward<'_>, place: Option<Place>) -> Slot {
    Slot {
        value: place.and_then(|place| f.state.heap.get(&place).copied()),
        dirty: place.is_some_and(|place| f.state.is_late(place)),
        ..Slot::default()
    }
}

impl Held {
    /// What a place holds now.
    pub(super) fn of(f: &mut Forward<'_>, spot: Spot) -> Result<Held, Abort> {
        let slot = match spot {
            Spot::Slot(n) => f.state.slot(n),
            Spot::Heap(place) => in_memory(f, Some(place)),
            Spot::Iterator(slot, field) => in_memory(f, held_field(f, slot, field)),
        };
        let value = slot.value.map(|v| f.known(v));
        let is_obj = value.is_some_and(|v| f.out.types.get(v.0 as usize) == Some(&Type::Obj));
        let parts = match value {
            Some(v) if is_obj => f.as_box(v)?,
            _ => None,
        };
        let numbers = match &parts {
            Some(parts) => parts.numbers.clone(),
            None => value.into_iter().collect(),
        };
        let ranges = numbers.iter().map(|&n| f.range(n)).collect();
        let ty = slot
            .ty
            .or_else(|| value.filter(|_| is_obj).and_then(|v| f.type_of(v)));
        let is_cdata = |v: Value| f.type_of(v).is_some_and(TypeFact::is_cdata);
        let seen =
            parts.is_some() && value.is_some_and(|v| is_cdata(v) && !f.has_no_weak_references(v));
        Ok(Held {
            spot,
            value,
            parts,
            dirty: slot.dirty,
            seen,
            ty: ty.filter(|ty| ty.is_stable()),
            began: None,
            number: None,
            numbers,
            ranges,
        })
    }
}
