//! Peeling: the trace twice, first as the preamble, then as the body of the loop.
//!
//! What holds at the header of the loop must hold both behind the preamble and behind the body.
//! The peeler starts with the best case: everything is as the preamble left it. It walks over the
//! body under that assumption, compares what the walk leaves behind, weakens the assumption
//! where they differ, and walks again, until nothing differs. Each place (a slot of the frame, a
//! word of memory) goes through the states of [`Entry`], downwards only.
//!
//! The body may have several paths, each from a guard to the header. They are walked one behind the other, each
//! from what was known at its guard, and what holds at the header must hold behind each of them. The
//! preamble is the root path alone: its guards leave.

use super::boxes::BoxParts;
use super::forward::{Forward, confused};
use super::heap::is_immutable;
use super::range::Range;
use super::state::{Key, Place, Slot, State, TypeFact};
use std::collections::{HashMap, HashSet};
use std::ops::Range as Indices;
use traces::{Abort, Field, Imm, Inst, Op, Reason, Trace, Type, Value};

/// More walks than a trace ever needs; each weakens something.
const MAX_ROUNDS: usize = 64;

/// What becomes of variables that end an iteration with another type than they began it with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Types {
    /// The trace is refused: in another iteration they may have settled.
    Settled,
    /// They lie in memory, and each iteration guards what it finds there: other types have paths of their own.
    Mixed,
}

/// A peeled trace: the preamble, `label`, the body, `jump`.
pub(super) struct Peeled {
    pub(super) trace: Trace,
    /// The intervals of the label's parameters, those of integers.
    pub(super) ranges: Vec<Range>,
}

/// The preamble, `label`, the body, `jump`; its further paths.
pub(super) fn peel(naive: &Trace, types: Types) -> Result<Peeled, Abort> {
    let paths = naive.paths();
    let jumps = naive.insts.iter().filter(|inst| inst.op == Op::Jump);
    let root = match (naive.insts.last(), paths.first()) {
        (Some(last), Some(root))
            if last.op == Op::Jump && jumps.clone().all(|jump| jump.args.is_empty()) =>
        {
            root.clone()
        }
        _ => return Err(confused(Op::Jump, "is not the end of the trace")),
    };
    let mut f = Forward::new(naive);
    f.begin_copy(false);
    f.clear_inlined()?;
    f.walk(root)?;
    stable(&mut f)?;
    let mut before = Before::of(&mut f)?;
    let mut header = Header::best(&before, types);
    for _ in 0..MAX_ROUNDS {
        let entered = header.enter(&mut f, &before)?;
        let ends = header.walk(&mut f, &before, &paths)?;
        if before.unbox(&mut f, &ends)? {
            header = Header::best(&before, types);
            continue;
        }
        let (next, passed) = header.join(&mut f, &before, &entered, &ends)?;
        if next == header {
            stable(&mut f)?;
            return header.close(f, &ends, passed);
        }
        header = next;
    }
    Err(Abort::new(Reason::Confused, "the peeler found no end"))
}

/// Refuses a walk that met a guard that can never hold.
fn stable(f: &mut Forward<'_>) -> Result<(), Abort> {
    match f.contradiction.take() {
        Some(what) => Err(Abort::new(Reason::TypeUnstable, what)),
        None => Ok(()),
    }
}

/// A place whose content the header may know.
#[derive(Clone, Copy, Debug)]
enum Spot {
    Slot(u16),
    /// A field of the iterator that this slot of the operand stack holds, whichever it is.
    Iterator(u16, Field),
    Heap(Place),
}

/// What a place holds behind the preamble.
struct Held {
    spot: Spot,
    value: Option<Value>,
    parts: Option<BoxParts>,
    dirty: bool,
    ty: Option<TypeFact>,
    /// Of a slot, the type that the preamble found there.
    began: Option<TypeFact>,
    /// Of a slot that holds an object that exists, the number in it as far as known: a box would do as well where
    /// another path leaves one there.
    number: Option<BoxParts>,
    /// The numbers in it, or the value itself.
    numbers: Vec<Value>,
    ranges: Vec<Range>,
}

/// What holds behind the preamble.
struct Before {
    state: State,
    mark: super::forward::Mark,
    held: Vec<Held>,
    /// Comparisons of integers that hold.
    truths: Vec<(Op, Value, Value)>,
}

impl Before {
    /// Makes a box of a number that lies in a slot as an object, where some path leaves a box there: then the header
    /// knows it as a number. Says whether there was one.
    fn unbox(&mut self, f: &mut Forward<'_>, ends: &[End]) -> Result<bool, Abort> {
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
                let slot_state = Slot {
                    value: Some(value),
                    dirty: true,
                    ..Slot::default()
                };
                f.state.set_slot(slot, slot_state);
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

    fn of(f: &mut Forward<'_>) -> Result<Before, Abort> {
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
fn held_field(f: &Forward<'_>, slot: u16, field: Field) -> Option<Place> {
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
    fn of(f: &mut Forward<'_>, spot: Spot) -> Result<Held, Abort> {
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
        Ok(Held {
            spot,
            value,
            parts,
            dirty: slot.dirty,
            ty: ty.filter(|ty| ty.is_stable()),
            began: None,
            number: None,
            numbers,
            ranges,
        })
    }
}

/// A number at the header.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Number {
    /// One that the preamble computed; it never changes.
    Invariant(Value),
    /// A parameter of the label, by index.
    Param(usize),
}

/// What the header knows of a place. From top to bottom.
#[derive(Clone, PartialEq, Debug)]
enum Entry {
    /// What the preamble left there: it never changes.
    Same,
    /// A number that changes.
    Number(Number),
    /// A box whose object is another one each time. Places with one `object` hold one object.
    Boxed {
        op: Op,
        imm: Imm,
        numbers: Vec<Number>,
        object: usize,
    },
    /// Nothing. A slot is in memory then.
    Unknown,
}

/// A parameter of the label.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Param {
    init: Value,
    range: Range,
}

/// A comparison of a parameter with a number that never changes.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Truth {
    op: Op,
    param: usize,
    other: Value,
    /// Whether the other number is the first operand.
    swapped: bool,
}

impl Truth {
    /// The operands, with the parameter at this value.
    fn args(self, param: Value) -> [Value; 2] {
        match self.swapped {
            true => [self.other, param],
            false => [param, self.other],
        }
    }
}

/// What holds at the end of a path, and the index of its jump.
struct End {
    state: State,
    /// In the order of `Before::held`.
    held: Vec<Held>,
    jump: usize,
}

impl End {
    fn known(&self, value: Value) -> Value {
        self.state.equal.get(&value).copied().unwrap_or(value)
    }
}

/// What holds at the header of the loop.
#[derive(Clone, PartialEq, Debug)]
struct Header {
    /// In the order of `Before::held`.
    entries: Vec<Entry>,
    /// Whether the memory of a slot or field lags behind, in the same order.
    dirty: Vec<bool>,
    /// The types of the objects in unknown slots, in the same order.
    types: Vec<Option<TypeFact>>,
    params: Vec<Param>,
    /// What holds of the parameters.
    truths: Vec<Truth>,
    /// Types that running Python code may change.
    unstable: HashMap<Value, TypeFact>,
    /// Whether variables must keep their types.
    settled: bool,
    /// Whether nothing came behind the last check on either way to the header. Then the body has
    /// a check of its own: a loop must poll in each iteration.
    checked: bool,
}

/// A place behind the label: its value, and the numbers in it.
#[derive(Clone, Default)]
struct Entered {
    value: Option<Value>,
    numbers: Vec<Value>,
}

impl Header {
    /// The best case: all is as the preamble left it.
    fn best(before: &Before, types: Types) -> Header {
        let changed =
            |held: &Held| types == Types::Mixed && held.began.is_some() && held.began != held.ty;
        let entry = |held: &Held| {
            if held.value.is_some() && !changed(held) {
                Entry::Same
            } else {
                Entry::Unknown
            }
        };
        let unstable = before.state.types.iter().filter(|(_, ty)| !ty.is_stable());
        Header {
            entries: before.held.iter().map(entry).collect(),
            dirty: before.held.iter().map(|held| held.dirty).collect(),
            // The guard at which other types branch off has to stay.
            types: before
                .held
                .iter()
                .map(|held| held.ty.filter(|_| !changed(held)))
                .collect(),
            params: Vec::new(),
            truths: Vec::new(),
            unstable: unstable.map(|(&v, &ty)| (v, ty)).collect(),
            settled: types == Types::Settled,
            checked: before.state.checked,
        }
    }

    /// Goes back to the end of the preamble and emits the label. The state is then what this
    /// header knows.
    fn enter(&self, f: &mut Forward<'_>, before: &Before) -> Result<Vec<Entered>, Abort> {
        f.rewind(before.mark);
        f.state = before.state.clone();
        self.flush_unknown(f, before)?;
        let inits: Vec<Value> = self.params.iter().map(|param| param.init).collect();
        let params = f.push_label(&inits);
        for (&value, param) in params.iter().zip(&self.params) {
            f.set_range(value, param.range);
        }
        for truth in &self.truths {
            if let Some(&param) = params.get(truth.param) {
                let [a, b] = truth.args(param);
                f.assume_order(truth.op, a, b)?;
            }
        }
        f.state.checked = self.checked;
        f.state.polled = false;
        let unstable = &self.unstable;
        f.state
            .types
            .retain(|v, ty| ty.is_stable() || unstable.contains_key(v));

        self.forget_iterators(f, before);
        let mut objects: Vec<Option<Value>> = vec![None; self.entries.len()];
        let mut entered = Vec::with_capacity(self.entries.len());
        for (i, (held, entry)) in before.held.iter().zip(&self.entries).enumerate() {
            let number = |n: Number| match n {
                Number::Invariant(value) => Some(value),
                Number::Param(n) => params.get(n).copied(),
            };
            let place = match *entry {
                Entry::Same => Entered {
                    value: held.value,
                    numbers: held.numbers.clone(),
                },
                Entry::Number(n) => Entered {
                    value: number(n),
                    numbers: number(n).into_iter().collect(),
                },
                Entry::Boxed {
                    op,
                    imm,
                    ref numbers,
                    object,
                } => {
                    let numbers: Option<Vec<Value>> = numbers.iter().map(|&n| number(n)).collect();
                    let numbers =
                        numbers.ok_or_else(|| confused(Op::Label, "lacks a parameter"))?;
                    let value = match objects.get(object).copied().flatten() {
                        Some(value) => value,
                        None => f.emit(op, &numbers, imm, None)?,
                    };
                    if let Some(entry) = objects.get_mut(object) {
                        *entry = Some(value);
                    }
                    Entered {
                        value: Some(value),
                        numbers,
                    }
                }
                Entry::Unknown => Entered::default(),
            };
            self.set(f, i, held.spot, place.value)?;
            entered.push(place);
        }
        Ok(entered)
    }

    /// Forgets what is known of iterators by the names that they have in front of the loop.
    fn forget_iterators(&self, f: &mut Forward<'_>, before: &Before) {
        for held in &before.held {
            let Spot::Iterator(slot, field) = held.spot else {
                continue;
            };
            let object = before.held.get(usize::from(slot)).and_then(|h| h.value);
            if let Some(object) = object {
                let place = Place::Field(object, field);
                f.state.heap.remove(&place);
                f.state.set_late(place, false);
            }
        }
    }

    fn set(
        &self,
        f: &mut Forward<'_>,
        i: usize,
        spot: Spot,
        value: Option<Value>,
    ) -> Result<(), Abort> {
        let spot = match (spot, value) {
            (Spot::Iterator(slot, field), Some(_)) => {
                // Another one than in front of the loop, perhaps: the slot knows.
                let object = f.load_slot(slot)?;
                Spot::Heap(Place::Field(object, field))
            }
            (Spot::Iterator(..), None) => return Ok(()),
            (spot, _) => spot,
        };
        match (spot, value) {
            (Spot::Slot(n), _) => {
                let dirty = value.is_some() && self.dirty.get(i) == Some(&true);
                let ty = if value.is_none() {
                    self.types.get(i).copied().flatten()
                } else {
                    None
                };
                let empty = false;
                f.state.set_slot(
                    n,
                    Slot {
                        value,
                        dirty,
                        ty,
                        empty,
                    },
                );
            }
            (Spot::Heap(place), Some(value)) => {
                f.state.heap.insert(place, value);
                f.state.set_late(place, self.dirty.get(i) == Some(&true));
            }
            (Spot::Heap(place), None) => {
                f.state.heap.remove(&place);
                f.state.set_late(place, false);
            }
            (Spot::Iterator(..), _) => {}
        }
        Ok(())
    }

    /// Emits the deferred stores into the slots and fields of which the header knows nothing.
    fn flush_unknown(&self, f: &mut Forward<'_>, before: &Before) -> Result<(), Abort> {
        let mut known = HashSet::new();
        for (held, entry) in before.held.iter().zip(&self.entries) {
            let place = match (held.spot, entry) {
                (Spot::Slot(n), Entry::Unknown) => {
                    f.flush_slot(n)?;
                    None
                }
                (_, Entry::Unknown) | (Spot::Slot(_), _) => None,
                (Spot::Heap(place), _) => Some(place),
                (Spot::Iterator(slot, field), _) => held_field(f, slot, field),
            };
            known.extend(place);
        }
        for (object, field) in f.state.late.clone() {
            if !known.contains(&Place::Field(object, field)) {
                f.flush_field(object, field)?;
            }
        }
        Ok(())
    }

    /// Walks over the paths, each up to its jump, which is passed nothing yet.
    fn walk(
        &self,
        f: &mut Forward<'_>,
        before: &Before,
        paths: &[Indices<usize>],
    ) -> Result<Vec<End>, Abort> {
        let naive = f.naive;
        f.begin_copy(true);
        let mut ends = Vec::with_capacity(paths.len());
        for path in paths {
            let mut path = path.clone();
            if let Some(branch) = naive.insts.get(path.start).filter(|i| i.op == Op::Branch) {
                if !f.begin_branch(branch)? {
                    continue;
                }
                path.start += 1;
            }
            f.walk(path)?;
            let held = before.held.iter().map(|held| Held::of(f, held.spot));
            let held = held.collect::<Result<Vec<_>, _>>()?;
            let state = f.state.clone();
            self.flush_unknown(f, before)?;
            let jump = f.out.insts.len();
            f.push(Op::Jump, &[], Imm::None, None)?;
            ends.push(End { state, held, jump });
        }
        Ok(ends)
    }

    /// The header that also holds behind the paths, and what their jumps pass for its parameters, of each
    /// parameter in the order of the paths.
    fn join(
        &self,
        f: &mut Forward<'_>,
        before: &Before,
        entered: &[Entered],
        ends: &[End],
    ) -> Result<(Header, Vec<Vec<Value>>), Abort> {
        let mut join = Join::default();
        let polls = |end: &End| end.state.checked && end.state.polled;
        let mut next = Header {
            entries: Vec::with_capacity(self.entries.len()),
            dirty: Vec::with_capacity(self.entries.len()),
            types: Vec::with_capacity(self.entries.len()),
            params: Vec::new(),
            truths: Vec::new(),
            unstable: self.unstable.clone(),
            settled: self.settled,
            checked: self.checked && ends.iter().all(polls),
        };
        next.unstable
            .retain(|v, ty| ends.iter().all(|end| end.state.types.get(v) == Some(ty)));
        let mut structs = vec![Vec::new(); ends.len()];
        for (i, held) in before.held.iter().enumerate() {
            let (Some(old), Some(start)) = (self.entries.get(i), entered.get(i)) else {
                return Err(confused(Op::Label, "lacks a place"));
            };
            let mut at_ends = Vec::with_capacity(ends.len());
            for end in ends {
                let held = end.held.get(i);
                at_ends.push((
                    end,
                    held.ok_or_else(|| confused(Op::Label, "lacks a place"))?,
                ));
            }
            let was_dirty = self.dirty.get(i) == Some(&true);
            let mut entry = join.place(f, self, held, old, start, &at_ends)?;
            let slot = matches!(held.spot, Spot::Slot(_));
            let lags = |(_, end): &(&End, &Held)| was_dirty != end.dirty && !can_lag(end);
            if slot && at_ends.iter().any(lags) {
                entry = Entry::Unknown;
            }
            // Who would own the sequence of another iterator?
            if let Spot::Iterator(slot, field) = held.spot
                && field.ty() == Type::Obj
                && next.entries.get(usize::from(slot)) != Some(&Entry::Same)
            {
                entry = Entry::Unknown;
            }
            for (structs, (_, end)) in structs.iter_mut().zip(&at_ends) {
                let both = [start.value, end.value];
                if slot && both.into_iter().flatten().any(|v| f.is_struct(v)) {
                    structs.push((i, both));
                }
            }
            let ty = self.types.get(i).copied().flatten();
            next.entries.push(entry);
            next.dirty
                .push(was_dirty || at_ends.iter().any(|(_, end)| end.dirty));
            next.types
                .push(ty.filter(|_| at_ends.iter().all(|(_, end)| ty == end.ty)));
        }
        let mut entries = Vec::new();
        while entries != next.entries {
            entries.clone_from(&next.entries);
            structs.iter().for_each(|s| next.keep_structs_one(s));
        }
        next.truths = self.join_truths(f, before, &join, ends);
        next.params = join.params.iter().map(|&(param, _)| param).collect();
        Ok((
            next,
            join.params.into_iter().map(|(_, ends)| ends).collect(),
        ))
    }

    /// A struct is one object, whatever slots hold it: slots that hold one on one way to the header and two on the
    /// other are in memory, and a slot that is in memory takes those that hold the same with it.
    fn keep_structs_one(&mut self, structs: &[(usize, [Option<Value>; 2])]) {
        let mut settled = false;
        while !settled {
            settled = true;
            for &(i, [start, end]) in structs {
                for &(j, [other_start, other_end]) in structs.iter().filter(|s| s.0 > i) {
                    let (one, still) = (start == other_start, end == other_end);
                    let unknown = [i, j].map(|n| self.entries.get(n) == Some(&Entry::Unknown));
                    if one != still && unknown != [true; 2]
                        || (one || still) && unknown[0] != unknown[1]
                    {
                        for n in [i, j] {
                            if let Some(entry) = self.entries.get_mut(n) {
                                *entry = Entry::Unknown;
                            }
                        }
                        settled = false;
                    }
                }
            }
        }
    }

    /// What holds of the parameters of a header under construction: what held in front of the
    /// loop and holds again behind each path, where this header assumed it of what it knew already.
    fn join_truths(
        &self,
        f: &mut Forward<'_>,
        before: &Before,
        join: &Join,
        ends: &[End],
    ) -> Vec<Truth> {
        let label = f.out.insts.iter().find(|inst| inst.op == Op::Label);
        let olds = label.map_or_else(Vec::new, |inst| inst.params.clone());
        let mut truths = Vec::new();
        for ((start, passed), &n) in &join.by_numbers {
            let Some((param, _)) = join.params.get(n) else {
                continue;
            };
            let old = olds.iter().position(|old| old == start);
            for &(op, a, b) in &before.truths {
                for (at, other, swapped) in [(a, b, false), (b, a, true)] {
                    let truth = |param| Truth {
                        op,
                        param,
                        other,
                        swapped,
                    };
                    let assumed = old.is_none_or(|old| self.truths.contains(&truth(old)));
                    if at == param.init && a != b && assumed {
                        truths.push((truth(n), passed.clone()));
                    }
                }
            }
        }
        for (i, end) in ends.iter().enumerate() {
            f.state = end.state.clone();
            truths.retain(|(truth, passed)| {
                passed.get(i).is_some_and(|&end| {
                    let [x, y] = truth.args(end);
                    f.is_order(truth.op, x, y)
                })
            });
        }
        let mut truths: Vec<Truth> = truths.into_iter().map(|(truth, _)| truth).collect();
        truths.sort_by_key(|t| (t.param, t.op as u8, t.other, t.swapped));
        truths
    }

    /// The ends of the paths.
    fn close(
        &self,
        mut f: Forward<'_>,
        ends: &[End],
        passed: Vec<Vec<Value>>,
    ) -> Result<Peeled, Abort> {
        for (i, end) in ends.iter().enumerate() {
            let args = passed.iter().filter_map(|ends| ends.get(i).copied());
            let jump = f.out.insts.get_mut(end.jump);
            let jump = jump.ok_or_else(|| confused(Op::Jump, "is gone"))?;
            jump.args = args.collect();
        }
        Ok(Peeled {
            trace: f.out,
            ranges: self.params.iter().map(|param| param.range).collect(),
        })
    }
}

/// Whether a slot's memory may lag behind on one way to the header though it is up to date on the
/// other: the object that it holds must then die unnoticed (a struct that a function gave is two words).
fn can_lag(end: &Held) -> bool {
    end.parts.is_some()
}

/// The parameters and objects of a header under construction. Two places share one when they
/// held one thing at the header and hold one behind each path.
#[derive(Default)]
struct Join {
    /// A parameter and what the jumps pass for it.
    params: Vec<(Param, Vec<Value>)>,
    by_numbers: HashMap<(Value, Vec<Value>), usize>,
    by_objects: HashMap<(Value, Vec<Value>), usize>,
}

impl Join {
    fn place(
        &mut self,
        f: &Forward<'_>,
        header: &Header,
        held: &Held,
        old: &Entry,
        start: &Entered,
        ends: &[(&End, &Held)],
    ) -> Result<Entry, Abort> {
        let end_values: Option<Vec<Value>> = ends.iter().map(|(_, held)| held.value).collect();
        let (Some(value), Some(end_values)) = (start.value, end_values) else {
            return Ok(Entry::Unknown);
        };
        let is_obj = f.out.types.get(value.0 as usize) == Some(&Type::Obj);
        // An object that the body proves to be a constant is another value by then, and its owner may be gone.
        let same = |(&(end, _), &end_value): (&(&End, &Held), &Value)| {
            end.known(value) == end_value && !(is_obj && end_value != value)
        };
        if *old == Entry::Same && ends.iter().zip(&end_values).all(same) {
            return Ok(Entry::Same);
        }
        if !is_obj {
            let number = self.number(header, held, old, start, ends, 0)?;
            return Ok(Entry::Number(number));
        }
        let end_parts: Option<Vec<&BoxParts>> =
            ends.iter().map(|(_, held)| held.parts.as_ref()).collect();
        let (Some(parts), Some(end_parts)) = (&held.parts, end_parts) else {
            return Ok(Entry::Unknown);
        };
        let op = parts.op;
        let mixed = |end: &BoxParts| {
            is_int(op) && end.op == Op::BoxFloat || op == Op::BoxFloat && is_int(end.op)
        };
        let is_variable = matches!(held.spot, Spot::Slot(_) | Spot::Heap(Place::Field(..)));
        if let [end] = *end_parts.as_slice()
            && is_variable
            && mixed(end)
            && header.settled
        {
            // Another iteration of the one path there is may settle; several paths have a type each.
            return Err(Abort::new(Reason::TypeUnstable, place_text(held.spot)));
        }
        let types = |numbers: &[Value]| -> Vec<Option<&Type>> {
            let ty = |n: &Value| f.out.types.get(n.0 as usize);
            numbers.iter().map(ty).collect()
        };
        let fits = |end: &&BoxParts| {
            op == end.op && parts.imm == end.imm && types(&start.numbers) == types(&end.numbers)
        };
        if !end_parts.iter().all(fits) {
            return Ok(Entry::Unknown);
        }
        let numbers = (0..start.numbers.len())
            .map(|n| self.number(header, held, old, start, ends, n))
            .collect::<Result<Vec<_>, _>>()?;
        let next = self.by_objects.len();
        let object = *self.by_objects.entry((value, end_values)).or_insert(next);
        Ok(Entry::Boxed {
            op,
            imm: parts.imm,
            numbers,
            object,
        })
    }

    /// Number `n` of a place: what it was at the header and is behind the paths.
    fn number(
        &mut self,
        header: &Header,
        held: &Held,
        old: &Entry,
        entered: &Entered,
        ended: &[(&End, &Held)],
        n: usize,
    ) -> Result<Number, Abort> {
        let ends: Option<Vec<Value>> = ended
            .iter()
            .map(|(_, held)| held.numbers.get(n).copied())
            .collect();
        let (Some(&start), Some(ends)) = (entered.numbers.get(n), ends) else {
            return Err(confused(Op::Label, "lacks a number"));
        };
        let old_number = match old {
            Entry::Number(number) => Some(number),
            Entry::Boxed { numbers, .. } => numbers.get(n),
            _ => None,
        };
        let old_param = match old_number {
            Some(&Number::Param(n)) => header.params.get(n),
            _ => None,
        };
        let stays =
            |((end, _), &value): (&(&End, &Held), &Value)| end.known(start) == end.known(value);
        if old_param.is_none() && ended.iter().zip(&ends).all(stays) {
            return Ok(Number::Invariant(start));
        }
        let range = |held: &Held| held.ranges.get(n).copied().unwrap_or(Range::FULL);
        let end_ranges = ended.iter().map(|(_, end)| range(end));
        let param = match old_param {
            Some(param) => Param {
                range: end_ranges.fold(param.range, Range::widen),
                ..*param
            },
            None => Param {
                init: held.numbers.get(n).copied().unwrap_or(start),
                range: end_ranges.fold(range(held), Range::hull),
            },
        };
        let next = self.params.len();
        let index = *self.by_numbers.entry((start, ends.clone())).or_insert(next);
        if index == next {
            self.params.push((param, ends));
        }
        Ok(Number::Param(index))
    }
}

fn is_int(op: Op) -> bool {
    matches!(op, Op::BoxInt | Op::BoxUint)
}

fn place_text(spot: Spot) -> String {
    match spot {
        Spot::Slot(n) => format!("the local in slot {n} is an int and a float by turns"),
        Spot::Heap(Place::Field(_, field)) => {
            format!("{} holds an int and a float by turns", field.name())
        }
        Spot::Iterator(_, field) => format!("{} holds an int and a float by turns", field.name()),
        Spot::Heap(_) => "an item is an int and a float by turns".to_string(),
    }
}
