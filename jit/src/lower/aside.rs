//! Values that wait in memory, behind the activation and in front of what exits and records write.
//!
//! A call leaves few registers as they are. What was computed in front of the loop, and is used in it by nobody but exits
//! and records, would take them from what the loop computes with, or be moved around. And whoever lets others run during a
//! call that is expected to be short looks there for the objects that have to live as long.

use super::loops::Part;
use super::{Def, Lower, malformed};
use crate::code::refused;
use crate::exit::VALUES;
use cranelift_codegen::ir::{self, types};
use std::collections::{HashMap, HashSet};
use traces::{Abort, Effect, Inst, Op, SnapId, Trace, Type, Value};

/// The places of the values that may wait, by their numbers.
#[derive(Default)]
pub(super) struct Asides {
    places: HashMap<Value, u16>,
    /// Those in front of the label that only exits behind it need.
    exit_only: HashSet<Value>,
    /// What every path behind the label finds there.
    settled: HashSet<Value>,
    boxes: HashMap<Value, Vec<Value>>,
}

impl Asides {
    /// The places that a trace needs.
    pub(super) fn of(trace: &Trace) -> Result<Asides, Abort> {
        let boxes = trace.insts.iter().filter(|inst| inst.op.is_box());
        let boxes = boxes.filter_map(|inst| Some((inst.result?, inst.args.clone())));
        let mut asides = Asides {
            boxes: boxes.collect(),
            ..Asides::default()
        };
        let mut values = asides.exit_only(trace);
        asides.exit_only.extend(&values);
        for inst in trace.insts.iter().filter(|inst| trace.is_short(inst)) {
            values.extend(asides.kept(trace, inst));
        }
        for value in values {
            let place = u16::try_from(asides.places.len());
            let place = place.map_err(|_| refused("too many values that wait"))?;
            asides.places.entry(value).or_insert(place);
        }
        Ok(asides)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// These values, and what is in those that are boxes; in an order that does not depend on hashing.
    fn with_contents(&self, values: impl Iterator<Item = Value>) -> Vec<Value> {
        let mut all = Vec::new();
        let mut found = HashSet::new();
        let mut left: Vec<Value> = values.collect();
        while let Some(value) = left.pop() {
            if found.insert(value) {
                all.push(value);
                left.extend(self.boxes.get(&value).into_iter().flatten());
            }
        }
        all
    }

    /// What was computed in front of the label, and only exits behind it need, where there are calls behind it.
    fn exit_only(&self, trace: &Trace) -> Vec<Value> {
        let label = trace.insts.iter().position(|inst| inst.op == Op::Label);
        let (before, body) = trace.insts.split_at(label.unwrap_or(trace.insts.len()));
        let calls = |inst: &Inst| matches!(inst.op.effect(), Effect::Call | Effect::RunsPython);
        if !body.iter().any(calls) {
            return Vec::new();
        }
        let computing = body.iter().filter(|inst| !inst.op.is_box());
        let computing = computing.flat_map(|inst| &inst.args).copied();
        let used: HashSet<Value> = self.with_contents(computing).into_iter().collect();
        let listed = body.iter().filter_map(|inst| inst.snap);
        let listed = listed.flat_map(|snap| listed_by(trace, snap));
        let listed: HashSet<Value> = self.with_contents(listed).into_iter().collect();
        let waits = |value: &Value| {
            let word = matches!(
                trace.types.get(value.0 as usize),
                Some(Type::I64 | Type::Ptr | Type::Obj)
            );
            word && listed.contains(value) && !used.contains(value)
        };
        let results = before.iter().filter_map(|inst| inst.result);
        results.filter(waits).collect()
    }

    /// The objects that have to live as long as a call that is expected to be short: those that its snapshot lists.
    fn kept(&self, trace: &Trace, call: &Inst) -> Vec<Value> {
        let listed = call.snap.iter().flat_map(|&snap| listed_by(trace, snap));
        let is_object = |value: &Value| {
            trace.types.get(value.0 as usize) == Some(&Type::Obj) && !self.boxes.contains_key(value)
        };
        let mut kept = self.with_contents(listed);
        kept.retain(is_object);
        kept
    }
}

/// The values that a snapshot lists.
fn listed_by(trace: &Trace, snap: SnapId) -> impl Iterator<Item = Value> + '_ {
    let snap = trace.snaps.get(snap.0 as usize);
    snap.into_iter().flat_map(|snap| {
        let slots = snap.frames.iter().flat_map(|frame| &frame.slots);
        let fields = snap.fields.iter().flat_map(|&(of, _, value)| [of, value]);
        slots.map(|&(_, value)| value).chain(fields)
    })
}

impl Lower<'_> {
    /// At the label: what waits in memory is put there.
    pub(super) fn set_aside(&mut self, label: usize) -> Result<(), Abort> {
        let before = self.trace.insts.iter().take(label);
        for value in before.filter_map(|inst| inst.result) {
            let Some(&place) = self.asides.places.get(&value) else {
                continue;
            };
            let Def::Native(native) = self.def(value)? else {
                continue;
            };
            self.store(native, self.act, offset(place));
            self.asides.settled.insert(value);
            if self.asides.exit_only.contains(&value)
                && let Some(def) = self.defs.get_mut(value.0 as usize)
            {
                *def = Def::Aside(place, native);
            }
        }
        Ok(())
    }

    /// What waits there.
    pub(super) fn word_aside(&mut self, place: u16) -> ir::Value {
        self.load(types::I64, self.act, offset(place))
    }

    /// In front of a call that is expected to be short: the objects that have to live as long lie in memory. Their places.
    pub(super) fn keep_alive(&mut self, call: &Inst) -> Result<Vec<u16>, Abort> {
        let mut places = Vec::new();
        for value in self.asides.kept(self.trace, call) {
            let place = self.asides.places.get(&value);
            let place = *place.ok_or_else(|| malformed(call))?;
            match self.def(value)? {
                Def::Aside(..) => places.push(place),
                Def::Native(native) => {
                    let passed = self.part != Part::Before;
                    if !(passed && self.asides.settled.contains(&value)) {
                        self.store(native, self.act, offset(place));
                    }
                    places.push(place);
                }
                // The trace itself keeps constants alive.
                _ => {}
            }
        }
        Ok(places)
    }
}

/// The place of a value in an activation.
fn offset(place: u16) -> i32 {
    8 * (VALUES as i32 + i32::from(place))
}
