//! Ownership, in the manner of regalloc2's checker: the trace is followed once from its start, and
//! its loop until nothing new turns up.
//!
//! The frame owns objects. A value of type `obj` is a constant or a box, or it is borrowed: from
//! the slot that holds the same object, or from the memory of another object. The checker knows at
//! each point which stack slots own something, which values each slot holds, and what is proved of
//! the object in it. It refuses
//!
//! * a reference that is lost, dropped twice, or both owned by its slot and listed in a snapshot;
//! * a value that is used when its owner may be gone;
//! * an unnoticed death (`store_slot`, `move_slot`, `clear_slot`, an exit that writes a local) of
//!   an object that the trace has not proved to be plain;
//! * a field or a number of an object that the trace has not proved to have it;
//! * an exit that resumes in front of an effect that has happened.

use super::Broken;
use super::fact::{Fact, Facts, is_immutable, type_of_field};
use super::frame::{Frame, Slot};
use crate::helper::HelperEffect;
use crate::op::{Effect, Op, Type};
use crate::trace::{FrameState, Imm, Inst, Known, ObjId, Resume, SnapId, Trace, Value};
use crate::{Alias, Helper};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// More rounds over a loop than it ever needs: each forgets something.
const MAX_ROUNDS: usize = 64;

/// Follows the references of a trace.
pub(super) fn check(trace: &Trace) -> Result<(), Broken> {
    let label = trace.insts.iter().position(|inst| inst.op == Op::Label);
    let mut walk = Walk::new(trace);
    walk.run(0..label.unwrap_or(trace.insts.len()))?;
    let Some(label) = label else {
        let entry = Frame::at_entry(trace);
        let mut ends = walk.ends.iter();
        return ends.try_for_each(|(end, now)| same_owners(*end, &entry, &now.frame));
    };
    let entry = Frame::at_entry(trace);
    let mut header = walk.now.clone();
    header.effects = Effects::default();
    for _ in 0..MAX_ROUNDS {
        walk.now = header.clone();
        walk.run(label..trace.insts.len())?;
        let mut next = header.clone();
        for (end, now) in walk.ends.drain(..) {
            if trace.insts.get(end).map(|inst| inst.op) == Some(Op::Restart) {
                same_owners(end, &entry, &now.frame)?;
                continue;
            }
            same_owners(end, &header.frame, &now.frame)?;
            next = next.meet(&now);
        }
        if next == header {
            return Ok(());
        }
        header = next;
    }
    Err((label, "what the slots hold at the header settles".into()))
}

/// All ways to the header leave the same stack slots with an object.
fn same_owners(at: usize, header: &Frame, end: &Frame) -> Result<(), Broken> {
    if let Some(slot) = end.left_behind() {
        return Err((
            at,
            format!("slot {slot}, a local of a call, is NULL at the header of the loop"),
        ));
    }
    match header.owned.symmetric_difference(&end.owned).next() {
        None => Ok(()),
        Some(slot) if header.owned.contains(slot) => Err((
            at,
            format!("slot {slot} owns an object at the header of the loop, and none here"),
        )),
        Some(slot) => Err((
            at,
            format!("slot {slot} owns an object here, and none at the header of the loop"),
        )),
    }
}

/// What holds at a point of the trace.
#[derive(Clone, PartialEq, Default)]
struct Now {
    frame: Frame,
    facts: Facts,
    /// Values that a guard proved to be a constant: the optimiser writes the constant for them.
    equal: BTreeMap<ObjId, BTreeSet<Value>>,
    /// Values whose object has so many other owners, until something may change that.
    shared: BTreeMap<Value, i64>,
    /// Values that live as long as nobody changes the memory that they were loaded from.
    in_memory: BTreeSet<Value>,
    /// Between a call that is expected to be short and the check behind it: what held in front of it, and holds again
    /// behind that check.
    forgotten: Option<Forgotten>,
    effects: Effects,
}

/// What a call that gives the GIL up forgets.
#[derive(Clone, PartialEq)]
struct Forgotten {
    in_memory: BTreeSet<Value>,
    globals: BTreeMap<u16, Slot>,
}

impl Now {
    fn meet(&self, other: &Now) -> Now {
        Now {
            frame: self.frame.meet(&other.frame),
            // Values of the body are defined anew before they are used; what is proved of the
            // preamble's holds for good.
            facts: self.facts.clone(),
            equal: self.equal.clone(),
            // Guarded or made in the bytecode that relies on it.
            shared: BTreeMap::new(),
            in_memory: self
                .in_memory
                .intersection(&other.in_memory)
                .copied()
                .collect(),
            forgotten: None,
            effects: self.effects.clone(),
        }
    }
}

impl Forgotten {
    /// A value is about to be defined again.
    fn forget(&mut self, value: Value) {
        self.in_memory.remove(&value);
        for slot in self.globals.values_mut() {
            slot.values.remove(&value);
        }
    }
}

/// Whether behind an op nothing may hold of objects that held in front of a call further up.
fn may_overtake(op: Op) -> bool {
    matches!(
        op.effect(),
        Effect::Store | Effect::Call | Effect::RunsPython
    )
}

/// One execution of a bytecode: the turn of the path, how many frames there are, the innermost code object and offset.
type Place = (u32, usize, ObjId, u32);

/// The bytecodes of this iteration that have had an effect.
#[derive(Clone, PartialEq, Default)]
struct Effects {
    latest: Option<Place>,
    done: BTreeSet<Place>,
}

struct Walk<'a> {
    trace: &'a Trace,
    /// For each value, the index of its instruction.
    defs: Vec<Option<usize>>,
    now: Now,
    /// The snapshots that have a branch, and what holds where it is taken.
    branches: HashMap<SnapId, Option<Now>>,
    /// The ends of paths that were passed, and what held there.
    ends: Vec<(usize, Now)>,
}

impl<'a> Walk<'a> {
    fn new(trace: &'a Trace) -> Walk<'a> {
        let mut defs = vec![None; trace.types.len()];
        for (value, at) in trace.definitions() {
            if let Some(def) = defs.get_mut(value.0 as usize) {
                *def = Some(at);
            }
        }
        let now = Now {
            frame: Frame::at_entry(trace),
            ..Now::default()
        };
        let branches = trace.branches().into_keys().map(|snap| (snap, None));
        Walk {
            trace,
            defs,
            now,
            branches: branches.collect(),
            ends: Vec::new(),
        }
    }

    fn run(&mut self, range: std::ops::Range<usize>) -> Result<(), Broken> {
        for at in range {
            let Some(inst) = self.trace.insts.get(at) else {
                continue;
            };
            match (inst.op, inst.snap) {
                (Op::Branch, Some(snap)) => {
                    if let Some(now) = self.branches.get(&snap).cloned().flatten() {
                        self.now = now;
                    }
                    continue;
                }
                (Op::Jump | Op::Restart, _) => {
                    self.step(inst).map_err(|rule| (at, rule))?;
                    self.ends.push((at, self.now.clone()));
                    continue;
                }
                (_, Some(snap)) => {
                    if let Some(branch) = self.branches.get_mut(&snap) {
                        *branch = Some(self.now.clone());
                    }
                }
                _ => {}
            }
            self.step(inst).map_err(|rule| (at, rule))?;
        }
        Ok(())
    }

    fn def(&self, value: Value) -> Option<&'a Inst> {
        let at = self.defs.get(value.0 as usize).copied().flatten()?;
        self.trace.insts.get(at)
    }

    fn is_obj(&self, value: Value) -> bool {
        self.trace.types.get(value.0 as usize) == Some(&Type::Obj)
    }

    /// Whether a value is a constant or a box: it needs no owner.
    fn is_free(&self, value: Value) -> bool {
        self.def(value)
            .is_some_and(|inst| inst.op.is_box() || inst.op == Op::ConstObj)
    }

    fn fact(&self, value: Value) -> Option<Fact> {
        let known = self.now.facts.get(self.trace, self.def(value), value);
        known.or_else(|| self.now.frame.fact_of(value))
    }

    fn learn(&mut self, value: Value, fact: Fact) {
        let def = self.def(value);
        self.now.facts.learn(def, value, fact);
        self.now.frame.learn(value, fact);
    }

    fn step(&mut self, inst: &Inst) -> Result<(), String> {
        for &value in &inst.args {
            self.alive(value)?;
        }
        self.precondition(inst)?;
        if let Some(result) = inst.result {
            self.now.facts.forget(result);
            self.now.frame.forget(result);
            for equal in self.now.equal.values_mut() {
                equal.remove(&result);
            }
            self.now.in_memory.remove(&result);
            if let Some(forgotten) = &mut self.now.forgotten {
                forgotten.forget(result);
            }
        }
        self.snapshot(inst)?;
        self.slots(inst)?;
        self.guards(inst);
        self.memory(inst);
        self.effect(inst);
        Ok(())
    }

    // ---- who keeps an object alive ----

    /// Somebody keeps the object of a value alive.
    fn alive(&self, value: Value) -> Result<(), String> {
        if let Some(def) = self.def(value)
            && (def.op == Op::BoxBuffer || def.op == Op::BoxTuple && !self.now.frame.holds(value))
        {
            return def.args.iter().try_for_each(|&inner| self.alive(inner));
        }
        if !self.is_obj(value)
            || self.is_free(value)
            || self.now.frame.holds(value)
            || self.now.in_memory.contains(&value)
            || self.in_buffer(value)
        {
            return Ok(());
        }
        Err(format!("{value} is used while something owns its object"))
    }

    /// Whether a slot holds a buffer, which keeps its cdata.
    fn in_buffer(&self, value: Value) -> bool {
        let keeps = |&held: &Value| {
            let def = self.def(held).filter(|def| def.op == Op::BoxBuffer);
            def.is_some_and(|def| def.args.contains(&value)) && self.now.frame.holds(held)
        };
        let mut held = self.now.frame.slots.values().flat_map(|slot| &slot.values);
        held.any(keeps)
    }

    /// Another object takes the place of one, which may have been loaded from there. Where that one is
    /// plain, one that is not was loaded from elsewhere.
    fn overwritten(&mut self, inst: &Inst, plain: bool) {
        let in_list = matches!(inst.op, Op::StoreItem | Op::SwapItem);
        let constant = |value: Option<&Value>| match self.def(*value?).map(|def| def.imm) {
            Some(Imm::Int(n)) => Some(n),
            _ => None,
        };
        let place = |inst: &Inst| (inst.args.first().copied(), constant(inst.args.get(1)));
        let (array, index) = place(inst);
        let stays = |&v: &Value| {
            let Some(load) = self.def(v) else { return true };
            let (other, at) = place(load);
            let apart = index.is_some() && at.is_some() && index != at;
            match load.op {
                Op::LoadItem if in_list && !(apart && other == array) => {}
                Op::LoadAttr if !in_list && !apart => {}
                _ => return true,
            }
            plain && self.fact(v).is_some_and(|fact| !fact.is_plain())
        };
        self.now.in_memory = self.now.in_memory.iter().copied().filter(stays).collect();
    }

    /// What an op loads from memory is kept alive by that memory.
    fn memory(&mut self, inst: &Inst) {
        let helper_writes = match (inst.op, inst.imm) {
            (Op::Call, Imm::Helper(helper)) => {
                helper.effect() == HelperEffect::Writes && helper != Helper::ErrOccurred
            }
            _ => false,
        };
        let calls = inst.op == Op::CCall && !self.trace.is_leaf(inst);
        match inst.op {
            Op::CCall if self.trace.is_short(inst) => {
                self.now.forgotten = Some(Forgotten {
                    in_memory: self.now.in_memory.clone(),
                    globals: self.now.frame.globals(),
                });
            }
            Op::Check => {
                if let Some(forgotten) = self.now.forgotten.take() {
                    self.now.in_memory.extend(forgotten.in_memory);
                    self.now.frame.learn_globals(forgotten.globals);
                }
            }
            op if may_overtake(op) => self.now.forgotten = None,
            _ => {}
        }
        if helper_writes || calls || inst.op.effect() == Effect::RunsPython {
            self.now.shared.clear();
        }
        if matches!(inst.op, Op::SwapItem | Op::SwapAttr) {
            self.now.shared.clear();
        }
        let container = match inst.imm {
            Imm::Helper(helper) | Imm::HelperSlot(helper, _) => helper.keeps_arguments(),
            _ => false,
        };
        let spares = matches!(inst.imm, Imm::Helper(helper) if helper.spares_arguments());
        let alive = |v: &Value| spares && self.now.in_memory.contains(v);
        let spared: Vec<Value> = inst.args.iter().copied().filter(alive).collect();
        if container {
            let kept = inst.args.iter().copied().filter(|&v| self.is_obj(v));
            let kept: Vec<Value> = kept.collect();
            kept.into_iter().for_each(|v| self.share(v, 1));
        }
        if helper_writes || calls || inst.op.effect() == Effect::RunsPython {
            let trace = self.trace;
            let stays = |v: &Value| self.def(*v).is_some_and(|def| is_immutable(trace, def));
            self.now.in_memory = self.now.in_memory.iter().copied().filter(stays).collect();
            if inst.op != Op::Call {
                self.now.frame.forget_globals();
            }
        }
        if inst.op == Op::CCall && self.trace.is_short(inst) {
            // Whoever lets others run during the call keeps these alive.
            let listed = self.objects_listed(inst);
            self.now.in_memory.extend(listed);
        }
        self.now.in_memory.extend(spared);
        if container {
            // Where it has taken them; else nothing has changed.
            let kept = inst.args.iter().copied().filter(|&v| self.is_obj(v));
            self.now.in_memory.extend(kept.collect::<Vec<_>>());
        }
        if let (Op::StoreItem | Op::StoreAttr, Some(&stored)) = (inst.op, inst.args.get(2)) {
            // Until the next store, which may be to the same place by another name.
            let is_load = |op| matches!(op, Op::LoadField | Op::LoadItem | Op::LoadAttr);
            let loaded = |v: &Value| self.def(*v).is_some_and(|def| is_load(def.op));
            self.now.in_memory = self.now.in_memory.iter().copied().filter(loaded).collect();
            self.now.in_memory.insert(stored);
        }
        if let (Op::LoadField | Op::LoadItem | Op::LoadAttr, Some(result)) = (inst.op, inst.result)
            && self.is_obj(result)
        {
            self.now.in_memory.insert(result);
        }
    }

    /// The objects that a snapshot lists, or that boxes hold which it lists.
    fn objects_listed(&self, inst: &Inst) -> Vec<Value> {
        let snap = inst.snap.and_then(|id| self.trace.snaps.get(id.0 as usize));
        let frames = snap.iter().flat_map(|snap| &snap.frames);
        let listed = frames.flat_map(|frame| &frame.slots).map(|slot| slot.1);
        let contents = |v: Value| match self.def(v).filter(|def| def.op.is_box()) {
            Some(def) => def.args.clone(),
            None => vec![v],
        };
        listed
            .flat_map(contents)
            .filter(|&v| self.is_obj(v))
            .collect()
    }

    // ---- snapshots ----

    /// A stack slot of a snapshot is either listed or owns its object; what an exit overwrites or
    /// leaves behind is no loss.
    fn snapshot(&mut self, inst: &Inst) -> Result<(), String> {
        let snap = inst.snap.and_then(|id| self.trace.snaps.get(id.0 as usize));
        let Some(snap) = snap else {
            return Ok(());
        };
        for frame in &snap.frames {
            for &(slot, value) in &frame.slots {
                self.alive(value)
                    .map_err(|rule| format!("{rule} (slot {slot} of its snapshot)"))?;
            }
        }
        for &(object, field, value) in &snap.fields {
            self.alive(object)?;
            self.alive(value)?;
            if field.alias() != Alias::Private {
                return Err(format!(
                    "its snapshot writes {}, which others can see",
                    field.name()
                ));
            }
        }
        self.stack(&snap.frames, &snap.drops)?;
        for frame in &snap.frames {
            self.locals(frame)?;
        }
        let inner = snap.frames.last();
        let inner = inner.map(|f| (snap.turn, snap.frames.len(), f.code, f.pc));
        self.now.effects.latest = inner;
        match inner {
            Some(place) if snap.resume == Resume::At && self.now.effects.done.contains(&place) => {
                Err(format!(
                    "its snapshot resumes behind the effects of the bytecode at {}, not in front",
                    place.3
                ))
            }
            _ => Ok(()),
        }
    }

    fn stack(&self, frames: &[FrameState], drops: &[u16]) -> Result<(), String> {
        if let Some(slot) = drops
            .iter()
            .find(|slot| !self.now.frame.owned.contains(slot))
        {
            return Err(format!(
                "slot {slot}, which its snapshot drops, owns an object"
            ));
        }
        let operands = |frame| self.trace.operands(frame).map(move |slot| (frame, slot));
        for (frame, slot) in frames.iter().flat_map(operands) {
            let listed = frame.slots.binary_search_by_key(&slot, |s| s.0).is_ok();
            match (listed, self.now.frame.owns(slot)) {
                (true, true) => {
                    return Err(format!(
                        "slot {slot} owns its object, so its snapshot does not list it"
                    ));
                }
                (false, false) => {
                    return Err(format!(
                        "slot {slot} owns nothing, so its snapshot lists it"
                    ));
                }
                _ => {}
            }
        }
        let mut owned = self.now.frame.owned.iter();
        let known = |slot| {
            frames
                .iter()
                .flat_map(operands)
                .any(|(_, known)| known == slot)
        };
        match owned.find(|&&slot| known(slot) == drops.contains(&slot)) {
            Some(slot) => Err(format!(
                "slot {slot} owns an object, so it lies below the top of its snapshot"
            )),
            None => Ok(()),
        }
    }

    fn locals(&self, frame: &FrameState) -> Result<(), String> {
        for &(slot, value) in &frame.slots {
            if !self.now.frame.is_local(slot) {
                continue;
            }
            // What a call is given lives as long as the call.
            if !self.is_free(value) && !self.trace.is_inlined_local(slot) {
                return Err(format!(
                    "the deferred value of slot {slot}, {value}, is a box or a constant"
                ));
            }
            // It dies late.
            self.dies(slot, Fact::is_plain, "plain")?;
        }
        Ok(())
    }

    /// The object in a slot's memory is proved to be NULL, or such that no Python code runs when it dies.
    fn dies_quietly(&self, slot: u16) -> Result<(), String> {
        // A run holds the constants of its trace.
        let def = |v| self.def(v);
        let iterates = |v| def(v).is_some_and(|made| made.iterates(def).is_some());
        if self.now.frame.values(slot).any(iterates) {
            return Ok(());
        }
        self.dies(slot, Fact::dies_quietly, "plain or quiet")
    }

    fn dies(&self, slot: u16, how: impl Fn(Fact) -> bool, name: &str) -> Result<(), String> {
        match self.now.frame.fact(slot) {
            Some(fact) if how(fact) => Ok(()),
            _ => Err(format!(
                "the object that slot {slot} held is proved to be {name}, or NULL"
            )),
        }
    }

    // ---- slots ----

    /// A slot owns the object of a value, by all its names.
    fn give(&mut self, slot: u16, value: Value) {
        let is_box = self.def(value).is_some_and(|def| def.op.is_box());
        let names = if is_box {
            BTreeSet::new()
        } else {
            self.now.frame.names_of(value)
        };
        self.now.frame.set(slot, Some(value), self.fact(value));
        for name in names {
            self.now.frame.add(slot, name);
        }
        if let Some((Op::ConstObj, Imm::Obj(id))) = self.def(value).map(|def| (def.op, def.imm)) {
            self.now.frame.learn_constant(value, id);
            for &name in self.now.equal.get(&id).into_iter().flatten() {
                self.now.frame.add(slot, name);
            }
        }
    }

    fn slots(&mut self, inst: &Inst) -> Result<(), String> {
        match (inst.op, inst.imm, inst.args.as_slice()) {
            (Op::LoadSlot, Imm::Slot(slot), _) => {
                self.owned(slot)?;
                if let Some(result) = inst.result {
                    self.now.frame.add(slot, result);
                    // It stays of its type, wherever it goes.
                    if let Some(fact @ Fact::Is(_)) = self.now.frame.fact(slot) {
                        self.now.facts.learn(self.def(result), result, fact);
                    }
                }
            }
            (Op::StoreSlot, Imm::Slot(slot), &[value]) => {
                self.local(slot)?;
                self.dies_quietly(slot)?;
                self.give(slot, value);
            }
            (Op::ReplaceSlot, Imm::Slot(slot), &[value]) => {
                self.owned(slot)?;
                self.give(slot, value);
            }
            (Op::InitSlot, Imm::Slot(slot), &[value]) => {
                if self.now.frame.owns(slot) {
                    return Err(format!("slot {slot} is one of the stack that owns nothing"));
                }
                self.give(slot, value);
            }
            (Op::MoveSlot, Imm::Slots(to, from), _) => {
                self.local(to)?;
                self.dies_quietly(to)?;
                if self.now.frame.is_local(from) {
                    return Err(format!("slot {from} is one of the stack"));
                }
                self.owned(from)?;
                let moved = self.now.frame.take(from);
                self.now.frame.put(to, moved);
            }
            (Op::SwapSlots, Imm::Slots(a, b), _) => self.swap(a, b)?,
            (Op::ClearSlot | Op::DropSlot, Imm::Slot(slot), _) => {
                self.owned(slot)?;
                if inst.op == Op::ClearSlot {
                    self.dies_quietly(slot)?;
                }
                self.now.frame.take(slot);
                if self.now.frame.is_local(slot) {
                    self.now.frame.set(slot, None, Some(Fact::Null));
                }
            }
            (Op::ReleaseSlot, Imm::Slot(slot), _) => {
                if self.now.frame.is_local(slot) {
                    return Err(format!("slot {slot} is one of the stack"));
                }
                self.owned(slot)?;
                let mut released = self.now.frame.take(slot);
                released
                    .values
                    .extend(self.shared_constant(released.constant));
                // A run holds the constants of its trace.
                let is_constant = |v: &Value| self.def(*v).is_some_and(|d| d.op == Op::ConstObj);
                let held = released.constant.is_some() || released.values.iter().any(is_constant);
                if !held && !released.values.iter().any(|v| self.is_shared(*v)) {
                    return Err(format!("the object of slot {slot} has another owner"));
                }
                for value in released.values {
                    if let Some(owners) = self.now.shared.get_mut(&value) {
                        *owners -= 1;
                    }
                }
            }
            (Op::StoreItem | Op::StoreAttr, _, &[.., old]) => match self.fact(old) {
                Some(fact) if fact.is_plain() => self.overwritten(inst, true),
                _ => return Err(format!("{old}, which it drops, is proved to be plain")),
            },
            (Op::SwapItem | Op::SwapAttr, Imm::Slot(slot), &[.., old]) => {
                if self.now.frame.is_local(slot) {
                    return Err(format!("slot {slot} is one of the stack"));
                }
                self.owned(slot)?;
                // What the slot held lives on in the container, as long as nobody changes that.
                let given = self.now.frame.take(slot);
                self.overwritten(inst, false);
                self.now.in_memory.extend(given.values);
                self.give(slot, old);
            }
            (Op::CallPy | Op::CallNew, Imm::HelperSlot(_, slot), _) => {
                if self.now.frame.is_local(slot) {
                    return Err(format!("slot {slot} is one of the stack"));
                }
                // What the slot owned is dropped: it is an operand, which the result replaces.
                let fact = match inst.imm {
                    Imm::HelperSlot(helper, _) => helper.makes().map(Fact::Is),
                    _ => None,
                };
                self.now.frame.set(slot, inst.result, fact);
            }
            _ => {}
        }
        Ok(())
    }

    /// What two slots own, or do not, changes places. A local always owns something, or NULL.
    fn swap(&mut self, a: u16, b: u16) -> Result<(), String> {
        let frame = &mut self.now.frame;
        if frame.is_local(a) != frame.is_local(b) {
            for slot in [a, b] {
                self.owned(slot)?;
            }
        }
        let frame = &mut self.now.frame;
        let owns = [frame.owns(a), frame.owns(b)];
        let (in_a, in_b) = (frame.take(a), frame.take(b));
        if owns[1] {
            frame.put(a, in_b);
        }
        if owns[0] {
            frame.put(b, in_a);
        }
        Ok(())
    }

    fn owned(&self, slot: u16) -> Result<(), String> {
        if self.now.frame.owns(slot) {
            Ok(())
        } else {
            Err(format!("slot {slot} owns an object"))
        }
    }

    fn local(&self, slot: u16) -> Result<(), String> {
        if self.now.frame.is_local(slot) {
            Ok(())
        } else {
            Err(format!("slot {slot} is a local's"))
        }
    }

    /// The object of a value, by all its names, has so many other owners.
    fn share(&mut self, value: Value, owners: i64) {
        let mut names = self.now.frame.names_of(value);
        if let Some((Op::ConstObj, Imm::Obj(id))) = self.def(value).map(|def| (def.op, def.imm)) {
            names.extend(self.now.equal.get(&id).into_iter().flatten());
        }
        names.insert(value);
        let shared = names.into_iter().map(|name| (name, owners));
        self.now.shared.extend(shared);
    }

    /// Whether the object of a value has another owner.
    fn is_shared(&self, value: Value) -> bool {
        self.now.shared.get(&value).is_some_and(|&n| n > 0)
    }

    /// The value of a constant by which its object is known to have another owner.
    fn shared_constant(&self, id: Option<ObjId>) -> Option<Value> {
        let is_it = |v: &&Value| {
            let def = self.def(**v);
            def.is_some_and(|def| def.op == Op::ConstObj && Some(def.imm) == id.map(Imm::Obj))
        };
        self.now.shared.keys().find(is_it).copied()
    }

    // ---- guards, and what ops rely on ----

    fn guards(&mut self, inst: &Inst) {
        if let (Op::GuardKept, Imm::Slot(slot)) = (inst.op, inst.imm) {
            self.now.frame.share(slot);
        }
        let &[value] = inst.args.as_slice() else {
            return;
        };
        match (inst.op, inst.imm) {
            (Op::GuardShared, Imm::Int(n)) => {
                self.share(value, n);
            }
            (Op::GuardType, Imm::Obj(id)) => {
                let fact = self.trace.obj(id).known.map_or(Fact::Other, Fact::Is);
                self.learn(value, fact);
            }
            (Op::GuardIs, Imm::Obj(id)) => {
                // One object by two names: what is proved of one holds of the other.
                self.now.equal.entry(id).or_default().insert(value);
                self.now.frame.learn_constant(value, id);
                let of_const = self.now.facts.of_const(self.trace, id);
                match (of_const, self.fact(value)) {
                    (Some(fact), _) => self.learn(value, fact),
                    (None, Some(fact)) => self.now.facts.learn_const(id, fact),
                    (None, None) => {}
                }
            }
            (Op::GuardTrue, _) => {
                let asked = self
                    .def(value)
                    .map(|def| (def.imm, def.args.first().copied()));
                if let Some((Imm::Helper(helper), Some(of))) = asked
                    && matches!(helper, Helper::QuietInstance | Helper::QuietTuple)
                {
                    self.learn(of, Fact::Plain);
                }
            }
            _ => {}
        }
    }

    /// The object has the field, or is a box of the number, that the op reads.
    fn precondition(&self, inst: &Inst) -> Result<(), String> {
        let wanted = match (inst.op, inst.imm) {
            (Op::UnboxInt | Op::UnboxUint | Op::UnboxBits, _) => Some(Known::Int),
            (Op::UnboxFloat, _) => Some(Known::Float),
            (Op::UnboxBool, _) => Some(Known::Bool),
            (Op::UnboxChar, _) => Some(Known::Bytes),
            (Op::UnboxUChar, _) => Some(Known::Str),
            (Op::LoadField | Op::StoreField | Op::FieldAddr, Imm::Field(field)) => {
                type_of_field(field)
            }
            _ => None,
        };
        let (Some(wanted), Some(&value)) = (wanted, inst.args.first()) else {
            return Ok(());
        };
        // The recorder has seen a constant, and its type never changes.
        let is_const = self.def(value).is_some_and(|def| def.op == Op::ConstObj);
        match self.fact(value) {
            Some(Fact::Is(ty)) if ty == wanted => Ok(()),
            None | Some(Fact::Other) if is_const => Ok(()),
            _ => Err(format!("{value} is proved to be a {}", wanted.name())),
        }
    }

    /// Remembers an effect of a bytecode that is not to be executed again.
    fn effect(&mut self, inst: &Inst) {
        let once = match (inst.op, inst.imm) {
            (Op::CCall | Op::CallPy | Op::CallNew | Op::ReplaceSlot, _) => true,
            (Op::StoreField | Op::Store | Op::StoreErrno, _) => true,
            (Op::StoreItem | Op::SwapItem | Op::StoreAttr | Op::SwapAttr, _) => true,
            (Op::DropSlot, Imm::Slot(slot)) => self.now.frame.is_local(slot),
            (Op::Call, Imm::Helper(helper)) => {
                matches!(
                    helper,
                    Helper::CellSet
                        | Helper::ListAppend
                        | Helper::ListPop
                        | Helper::MemMove
                        | Helper::PairSet
                )
            }
            _ => false,
        };
        if let (true, Some(place)) = (once, self.now.effects.latest) {
            self.now.effects.done.insert(place);
        }
    }
}
