//! Peeling: the trace twice, first as the preamble, then as the body of the loop.
//!
//! What holds at the header of the loop must hold both behind the preamble and behind the body.
//! The peeler starts with the best case: everything is as the preamble left it. It walks over the
//! body under that assumption, compares what the walk leaves behind, weakens the assumption
//! where they differ, and walks again, until nothing differs. Each place (a slot of the frame, a
//! word of memory) goes through the states of [`Entry`], downwards only.

use super::forward::{Forward, confused};
use super::heap::is_immutable;
use super::range::Range;
use super::state::{Place, Slot, State, TypeFact};
use std::collections::HashMap;
use traces::{Abort, Imm, Op, Reason, Trace, Type, Value};

/// More walks than a trace ever needs; each weakens something.
const MAX_ROUNDS: usize = 64;

/// The preamble, `label`, the body, `jump`.
pub(super) fn peel(naive: &Trace) -> Result<Trace, Abort> {
    let body = match naive.insts.split_last() {
        Some((jump, body)) if jump.op == Op::Jump && jump.args.is_empty() => body,
        _ => return Err(confused(Op::Jump, "is not the end of the trace")),
    };
    let mut f = Forward::new(naive);
    f.walk(body)?;
    stable(&mut f)?;
    let before = Before::of(&mut f)?;
    let mut header = Header::best(&before);
    for _ in 0..MAX_ROUNDS {
        let entered = header.enter(&mut f, &before)?;
        f.walk(body)?;
        let (next, ends) = header.join(&mut f, &before, &entered)?;
        if next == header {
            stable(&mut f)?;
            return header.close(f, &before, &ends);
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

/// A box op, its immediate and the number in it.
type BoxParts = (Op, Imm, Value);

/// A place whose content the header may know.
#[derive(Clone, Copy, Debug)]
enum Spot {
    Slot(u16),
    Heap(Place),
}

/// What a place holds behind the preamble.
struct Held {
    spot: Spot,
    value: Option<Value>,
    parts: Option<BoxParts>,
    dirty: bool,
    ty: Option<TypeFact>,
    range: Range,
}

/// What holds behind the preamble.
struct Before {
    state: State,
    mark: super::forward::Mark,
    held: Vec<Held>,
}

impl Before {
    fn of(f: &mut Forward<'_>) -> Result<Before, Abort> {
        let nslots = f.naive.nlocals.saturating_add(f.naive.entry_depth);
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
        let spots = (0..nslots)
            .chain(globals)
            .map(Spot::Slot)
            .chain(places.into_iter().map(Spot::Heap));
        let held = spots
            .map(|spot| Held::of(f, spot))
            .collect::<Result<Vec<_>, _>>()?;
        f.state.forget_slots(nslots, first_global);
        Ok(Before {
            state: f.state.clone(),
            mark: f.mark(),
            held,
        })
    }
}

impl Held {
    /// What a place holds now.
    fn of(f: &mut Forward<'_>, spot: Spot) -> Result<Held, Abort> {
        let slot = match spot {
            Spot::Slot(n) => f.state.slot(n),
            Spot::Heap(place) => Slot {
                value: f.state.heap.get(&place).copied(),
                dirty: f.state.is_late(place),
                ty: None,
            },
        };
        let value = slot.value.map(|v| f.known(v));
        let is_obj = value.is_some_and(|v| f.out.types.get(v.0 as usize) == Some(&Type::Obj));
        let parts = match value {
            Some(v) if is_obj => f.as_box(v)?,
            _ => None,
        };
        let number = parts.map(|(_, _, number)| number).or(value);
        let range = number.map_or(Range::FULL, |n| f.range(n));
        let ty = slot
            .ty
            .or_else(|| value.filter(|_| is_obj).and_then(|v| f.type_of(v)));
        Ok(Held {
            spot,
            value,
            parts,
            dirty: slot.dirty,
            ty: ty.filter(|ty| ty.is_stable()),
            range,
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
#[derive(Clone, Copy, PartialEq, Debug)]
enum Entry {
    /// What the preamble left there: it never changes.
    Same,
    /// A number that changes.
    Number(Number),
    /// A box whose object is another one each time. Places with one `object` hold one object.
    Boxed {
        op: Op,
        imm: Imm,
        number: Number,
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
    /// Types that running Python code may change.
    unstable: HashMap<Value, TypeFact>,
    /// Whether nothing came behind the last check on either way to the header. Then the body has
    /// a check of its own: a loop must poll in each iteration.
    checked: bool,
}

/// A place behind the label: its value, and the number in it.
#[derive(Clone, Copy, Default)]
struct Entered {
    value: Option<Value>,
    number: Option<Value>,
}

impl Header {
    /// The best case: all is as the preamble left it.
    fn best(before: &Before) -> Header {
        let entry = |held: &Held| {
            if held.value.is_some() {
                Entry::Same
            } else {
                Entry::Unknown
            }
        };
        let unstable = before.state.types.iter().filter(|(_, ty)| !ty.is_stable());
        Header {
            entries: before.held.iter().map(entry).collect(),
            dirty: before.held.iter().map(|held| held.dirty).collect(),
            types: before.held.iter().map(|held| held.ty).collect(),
            params: Vec::new(),
            unstable: unstable.map(|(&v, &ty)| (v, ty)).collect(),
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
        f.state.checked = self.checked;
        let unstable = &self.unstable;
        f.state
            .types
            .retain(|v, ty| ty.is_stable() || unstable.contains_key(v));

        let mut objects: Vec<Option<Value>> = vec![None; self.entries.len()];
        let mut entered = Vec::with_capacity(self.entries.len());
        for (i, (held, &entry)) in before.held.iter().zip(&self.entries).enumerate() {
            let number = |n: Number| match n {
                Number::Invariant(value) => Some(value),
                Number::Param(n) => params.get(n).copied(),
            };
            let place = match entry {
                Entry::Same => Entered {
                    value: held.value,
                    number: held.parts.map(|(_, _, n)| n).or(held.value),
                },
                Entry::Number(n) => Entered {
                    value: number(n),
                    number: number(n),
                },
                Entry::Boxed {
                    op,
                    imm,
                    number: n,
                    object,
                } => {
                    let n = number(n).ok_or_else(|| confused(Op::Label, "lacks a parameter"))?;
                    let value = match objects.get(object).copied().flatten() {
                        Some(value) => value,
                        None => f.emit(op, &[n], imm, None)?,
                    };
                    if let Some(entry) = objects.get_mut(object) {
                        *entry = Some(value);
                    }
                    Entered {
                        value: Some(value),
                        number: Some(n),
                    }
                }
                Entry::Unknown => Entered::default(),
            };
            self.set(f, i, held.spot, place.value);
            entered.push(place);
        }
        Ok(entered)
    }

    fn set(&self, f: &mut Forward<'_>, i: usize, spot: Spot, value: Option<Value>) {
        match (spot, value) {
            (Spot::Slot(n), _) => {
                let dirty = value.is_some() && self.dirty.get(i) == Some(&true);
                let ty = if value.is_none() {
                    self.types.get(i).copied().flatten()
                } else {
                    None
                };
                f.state.set_slot(n, Slot { value, dirty, ty });
            }
            (Spot::Heap(place), Some(value)) => {
                f.state.heap.insert(place, value);
                f.state.set_late(place, self.dirty.get(i) == Some(&true));
            }
            (Spot::Heap(place), None) => {
                f.state.heap.remove(&place);
                f.state.set_late(place, false);
            }
        }
    }

    /// Emits the deferred stores into the slots and fields of which the header knows nothing.
    fn flush_unknown(&self, f: &mut Forward<'_>, before: &Before) -> Result<(), Abort> {
        for (held, entry) in before.held.iter().zip(&self.entries) {
            match (held.spot, entry) {
                (Spot::Slot(n), Entry::Unknown) => f.flush_slot(n)?,
                (Spot::Heap(Place::Field(object, field)), Entry::Unknown) => {
                    f.flush_field(object, field)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The header that also holds behind the body, and what the jump passes for its parameters.
    fn join(
        &self,
        f: &mut Forward<'_>,
        before: &Before,
        entered: &[Entered],
    ) -> Result<(Header, Vec<Value>), Abort> {
        let mut join = Join::default();
        let mut next = Header {
            entries: Vec::with_capacity(self.entries.len()),
            dirty: Vec::with_capacity(self.entries.len()),
            types: Vec::with_capacity(self.entries.len()),
            params: Vec::new(),
            unstable: self.unstable.clone(),
            checked: self.checked && f.state.checked && f.has_check_since(before.mark),
        };
        next.unstable
            .retain(|v, ty| f.state.types.get(v) == Some(ty));
        for (i, held) in before.held.iter().enumerate() {
            let (Some(&old), Some(&start)) = (self.entries.get(i), entered.get(i)) else {
                return Err(confused(Op::Label, "lacks a place"));
            };
            let end = Held::of(f, held.spot)?;
            let was_dirty = self.dirty.get(i) == Some(&true);
            let mut entry = join.place(f, self, held, old, start, &end)?;
            let slot = matches!(held.spot, Spot::Slot(_));
            if slot && was_dirty != end.dirty && !can_lag(&end) {
                entry = Entry::Unknown;
            }
            let ty = self.types.get(i).copied().flatten();
            next.entries.push(entry);
            next.dirty.push(was_dirty || end.dirty);
            next.types.push(ty.filter(|_| ty == end.ty));
        }
        next.params = join.params.iter().map(|&(param, _)| param).collect();
        Ok((next, join.params.iter().map(|&(_, end)| end).collect()))
    }

    /// The end of the body.
    fn close(&self, mut f: Forward<'_>, before: &Before, ends: &[Value]) -> Result<Trace, Abort> {
        self.flush_unknown(&mut f, before)?;
        f.push(Op::Jump, ends, Imm::None, None)?;
        Ok(f.out)
    }
}

/// Whether a slot's memory may lag behind on one way to the header though it is up to date on the
/// other: the object that it holds must then die unnoticed.
fn can_lag(end: &Held) -> bool {
    matches!(
        end.parts,
        Some((Op::BoxInt | Op::BoxUint | Op::BoxFloat | Op::BoxBool, ..))
    )
}

/// The parameters and objects of a header under construction. Two places share one when they
/// held one thing at the header and hold one behind the body.
#[derive(Default)]
struct Join {
    /// A parameter and what the jump passes for it.
    params: Vec<(Param, Value)>,
    by_numbers: HashMap<(Value, Value), usize>,
    by_objects: HashMap<(Value, Value), usize>,
}

impl Join {
    fn place(
        &mut self,
        f: &Forward<'_>,
        header: &Header,
        held: &Held,
        old: Entry,
        start: Entered,
        end: &Held,
    ) -> Result<Entry, Abort> {
        let (Some(value), Some(end_value)) = (start.value, end.value) else {
            return Ok(Entry::Unknown);
        };
        if old == Entry::Same && f.known(value) == end_value {
            return Ok(Entry::Same);
        }
        if f.out.types.get(value.0 as usize) != Some(&Type::Obj) {
            return Ok(Entry::Number(
                self.number(f, header, held, old, value, end_value),
            ));
        }
        let (Some((op, imm, _)), Some((end_op, end_imm, end_number))) = (held.parts, end.parts)
        else {
            return Ok(Entry::Unknown);
        };
        if is_int(op) && end_op == Op::BoxFloat || op == Op::BoxFloat && is_int(end_op) {
            return Err(Abort::new(Reason::TypeUnstable, place_text(held.spot)));
        }
        let Some(number) = start.number.filter(|_| op == end_op && imm == end_imm) else {
            return Ok(Entry::Unknown);
        };
        let number = self.number(f, header, held, old, number, end_number);
        let next = self.by_objects.len();
        let object = *self.by_objects.entry((value, end_value)).or_insert(next);
        Ok(Entry::Boxed {
            op,
            imm,
            number,
            object,
        })
    }

    /// A number that was `start` at the header and is `end` behind the body.
    fn number(
        &mut self,
        f: &Forward<'_>,
        header: &Header,
        held: &Held,
        old: Entry,
        start: Value,
        end: Value,
    ) -> Number {
        let old_param = match old {
            Entry::Number(Number::Param(n))
            | Entry::Boxed {
                number: Number::Param(n),
                ..
            } => header.params.get(n),
            _ => None,
        };
        if old_param.is_none() && f.known(start) == f.known(end) {
            return Number::Invariant(start);
        }
        let end_range = f.range(end);
        let param = match old_param {
            Some(param) => Param {
                range: param.range.widen(end_range),
                ..*param
            },
            None => {
                let init = held
                    .parts
                    .map(|(_, _, n)| n)
                    .or(held.value)
                    .unwrap_or(start);
                Param {
                    init,
                    range: held.range.hull(end_range),
                }
            }
        };
        let next = self.params.len();
        let index = *self.by_numbers.entry((start, end)).or_insert(next);
        if index == next {
            self.params.push((param, end));
        }
        Number::Param(index)
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
        Spot::Heap(_) => "an item is an int and a float by turns".to_string(),
    }
}
