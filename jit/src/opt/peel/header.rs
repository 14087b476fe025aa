//! What holds at the header of the loop: the label that says it, and the walk over the paths behind it.

use super::Types;
use super::before::{Before, Held, Spot, held_field};
use crate::opt::forward::{Forward, confused};
use crate::opt::range::Range;
use crate::opt::state::{Place, Slot, State, TypeFact};
use std::collections::{HashMap, HashSet};
use std::ops::Range as Indices;
use traces::{Abort, Imm, Op, Value};

/// A number at the header.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Number {
    /// One that the preamble computed; it never changes.
    Invariant(Value),
    /// A parameter of the label, by index.
    Param(usize),
}

/// What the header knows of a place. From top to bottom.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Entry {
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
pub(super) struct Param {
    pub(super) init: Value,
    pub(super) range: Range,
}

/// A comparison of a parameter with a number that never changes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Truth {
    pub(super) op: Op,
    pub(super) param: usize,
    pub(super) other: Value,
    /// Whether the other number is the first operand.
    pub(super) swapped: bool,
}

impl Truth {
    /// The operands, with the parameter at this value.
    pub(super) fn args(self, param: Value) -> [Value; 2] {
        match self.swapped {
            true => [self.other, param],
            false => [param, self.other],
        }
    }
}

/// What holds at the end of a path, and the index of its jump.
pub(super) struct End {
    pub(super) state: State,
    /// In the order of `Before::held`.
    pub(super) held: Vec<Held>,
    pub(super) jump: usize,
}

impl End {
    pub(super) fn known(&self, value: Value) -> Value {
        self.state.equal.get(&value).copied().unwrap_or(value)
    }
}

/// What holds at the header of the loop.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Header {
    /// In the order of `Before::held`.
    pub(super) entries: Vec<Entry>,
    /// Whether the memory of a slot or field lags behind, in the same order.
    pub(super) dirty: Vec<bool>,
    /// The types of the objects in unknown slots, in the same order.
    pub(super) types: Vec<Option<TypeFact>>,
    pub(super) params: Vec<Param>,
    /// What holds of the parameters.
    pub(super) truths: Vec<Truth>,
    /// Types that running Python code may change.
    pub(super) unstable: HashMap<Value, TypeFact>,
    /// Whether variables must keep their types.
    pub(super) settled: bool,
    /// Whether nothing came behind the last check on either way to the header. Then the body has
    /// a check of its own: a loop must poll in each iteration.
    pub(super) checked: bool,
}

/// A place behind the label: its value, and the numbers in it.
#[derive(Clone, Default)]
pub(super) struct Entered {
    pub(super) value: Option<Value>,
    pub(super) numbers: Vec<Value>,
}

impl Header {
    /// The best case: all is as the preamble left it.
    pub(super) fn best(before: &Before, types: Types) -> Header {
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
    pub(super) fn enter(
        &self,
        f: &mut Forward<'_>,
        before: &Before,
    ) -> Result<Vec<Entered>, Abort> {
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
                let slot = Slot {
                    value,
                    dirty,
                    ty,
                    empty,
                };
                f.state.set_slot(n, slot);
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
    pub(super) fn walk(
        &self,
        f: &mut Forward<'_>,
        before: &Before,
        paths: &[Indices<usize>],
    ) -> Result<Vec<End>, Abort> {
        let naive = f.naive;
        f.begin_copy(naive.branches().into_keys());
        let mut ends = Vec::with_capacity(paths.len());
        for path in paths {
            let mut path = path.clone();
            if let Some(branch) = naive.insts.get(path.start).filter(|i| i.op == Op::Branch) {
                if !f.begin_branch(branch)? {
                    continue;
                }
                path.start += 1;
            }
            f.walk(path.clone())?;
            if f.leaves(&path)? {
                continue;
            }
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

    /// The ends of the paths.
    pub(super) fn close(
        &self,
        f: &mut Forward<'_>,
        ends: &[End],
        passed: Vec<Vec<Value>>,
    ) -> Result<(), Abort> {
        for (i, end) in ends.iter().enumerate() {
            let args = passed.iter().filter_map(|ends| ends.get(i).copied());
            let jump = f.out.insts.get_mut(end.jump);
            let jump = jump.ok_or_else(|| confused(Op::Jump, "is gone"))?;
            jump.args = args.collect();
        }
        Ok(())
    }

    /// The intervals of the parameters.
    pub(super) fn ranges(&self) -> Vec<Range> {
        self.params.iter().map(|param| param.range).collect()
    }
}
