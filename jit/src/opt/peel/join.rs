//! The header that also holds behind the paths.

use super::before::{Before, Held, Spot};
use super::header::{End, Entered, Entry, Header, Number, Param, Truth};
use crate::opt::boxes::BoxParts;
use crate::opt::forward::{Forward, confused};
use crate::opt::range::Range;
use crate::opt::state::Place;
use std::collections::HashMap;
use traces::{Abort, Op, Reason, Type, Value};

impl Header {
    /// The header that also holds behind the paths, and what their jumps pass for its parameters, of each
    /// parameter in the order of the paths.
    pub(super) fn join(
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
                if slot
                    && both
                        .into_iter()
                        .flatten()
                        .any(|v| f.is_struct(v) || f.is_instance(v))
                {
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
}

/// Whether a slot's memory may lag behind on one way to the header though it is up to date on the
/// other: the object that it holds must then die unnoticed (a struct that a function gave is two words).
fn can_lag(end: &Held) -> bool {
    end.parts.is_some() && !end.seen
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
