//! Sinking: an iterator over a range, or over a list or tuple that is a constant, that a path makes, and comes to the end
//! of on the same path, need not exist. Its fields are known by then, so what is left of it is `call_new`, `clear_slot`, and
//! what exits in between say of it: they make one that has come as far. So a short loop that is unrolled costs no more than
//! its turns.
//!
//! A path that branches off in between knows nothing of its end: it begins with making the iterator.

use super::forward::confused;
use std::collections::HashMap;
use std::ops::Range;
use traces::{Abort, Field, Helper, Imm, Inst, ObjId, Op, SnapId, Snapshot, Trace, Value};

/// The trace without the iterators that need not exist.
pub(super) fn sink(trace: Trace) -> Result<Trace, Abort> {
    if !trace.insts.iter().any(|inst| maker(inst).is_some()) {
        return Ok(trace);
    }
    let paths = Paths::of(&trace);
    let sunk = candidates(&trace, &paths);
    let sunk: Vec<Iterator> = sunk
        .into_iter()
        .filter(|it| paths.allow(&trace, it))
        .collect();
    if sunk.is_empty() {
        return Ok(trace);
    }
    Rewrite::new(trace, &paths, sunk).run(&paths)
}

/// What an iterator goes over.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Range,
    /// A list, that is a constant.
    List(ObjId),
    /// As `List`, a tuple.
    Tuple(ObjId),
}

impl Kind {
    /// The op that stands for one, and the constant that it names.
    fn boxed(self) -> (Op, Imm) {
        match self {
            Kind::Range => (Op::BoxRange, Imm::None),
            Kind::List(list) => (Op::BoxListIter, Imm::Obj(list)),
            Kind::Tuple(tuple) => (Op::BoxTupleIter, Imm::Obj(tuple)),
        }
    }

    /// The operands of that op that change as it goes on, by their places.
    fn moving(self) -> &'static [(Field, usize)] {
        match self {
            Kind::Range => &[(Field::RangeIterStart, 0), (Field::RangeIterLen, 2)],
            Kind::List(_) => &[(Field::ListIterIndex, 0)],
            Kind::Tuple(_) => &[(Field::TupleIterIndex, 0)],
        }
    }
}

/// The helper that makes an iterator of these, and its slot.
fn maker(inst: &Inst) -> Option<(Helper, u16)> {
    match inst.imm {
        Imm::HelperSlot(
            helper @ (Helper::RangeIterNew | Helper::ListIterNew | Helper::TupleIterNew),
            slot,
        ) => Some((helper, slot)),
        _ => None,
    }
}

/// An iterator that a path makes and comes to the end of.
struct Iterator {
    kind: Kind,
    value: Value,
    slot: u16,
    /// What it starts with: the operands of the helper, and later of the op that stands for one.
    args: Vec<Value>,
    /// The indices of the instructions that make it and let go of it.
    made: usize,
    cleared: usize,
}

impl Iterator {
    fn exists_at(&self, at: usize) -> bool {
        self.made < at && at < self.cleared
    }

    /// What it has come to where a snapshot is taken.
    fn at(&self, snap: &Snapshot) -> Vec<Value> {
        let mut now = self.args.clone();
        for &(_, field, value) in snap.fields.iter().filter(|f| f.0 == self.value) {
            let moved = self.kind.moving().iter().find(|(known, _)| *known == field);
            if let Some(place) = moved.and_then(|(_, n)| now.get_mut(*n)) {
                *place = value;
            }
        }
        now
    }
}

/// The straight pieces of a trace: the preamble, the root path, the branches.
struct Paths {
    paths: Vec<Range<usize>>,
    /// For each path, that of the guard which it begins at.
    parents: Vec<Option<usize>>,
    /// The instructions that carry a snapshot, but for the `branch` that does.
    users: HashMap<SnapId, Vec<usize>>,
}

impl Paths {
    fn of(trace: &Trace) -> Paths {
        let mut paths: Vec<Range<usize>> = Vec::new();
        let mut users: HashMap<SnapId, Vec<usize>> = HashMap::new();
        let mut from = 0;
        for (at, inst) in trace.insts.iter().enumerate() {
            if let (Some(snap), true) = (inst.snap, inst.op != Op::Branch) {
                users.entry(snap).or_default().push(at);
            }
            if inst.op.ends_path() || inst.op == Op::Label {
                paths.push(from..at + 1);
                from = at + 1;
            }
        }
        paths.push(from..trace.insts.len());
        let mut all = Paths {
            paths,
            parents: Vec::new(),
            users,
        };
        let parent = |path: &Range<usize>| {
            let first = trace.insts.get(path.start)?;
            let branch = first.snap.filter(|_| first.op == Op::Branch)?;
            all.path_of(*all.users.get(&branch)?.first()?)
        };
        all.parents = all.paths.iter().map(parent).collect();
        all
    }

    fn path_of(&self, at: usize) -> Option<usize> {
        self.paths.iter().position(|path| path.contains(&at))
    }

    /// Whether a path begins, by itself or through those that it branches off from, where an iterator exists.
    fn is_behind(&self, trace: &Trace, path: usize, it: &Iterator) -> bool {
        let mut path = path;
        loop {
            let first = self.paths.get(path).and_then(|p| trace.insts.get(p.start));
            let Some(snap) = first.filter(|i| i.op == Op::Branch).and_then(|i| i.snap) else {
                return false;
            };
            let guards = self.users.get(&snap);
            if guards.is_some_and(|all| all.iter().any(|&at| it.exists_at(at))) {
                return true;
            }
            match self.parents.get(path).copied().flatten() {
                Some(parent) if parent != path => path = parent,
                _ => return false,
            }
        }
    }

    /// Whether nothing needs the iterator but snapshots that can make one of their own.
    fn allow(&self, trace: &Trace, it: &Iterator) -> bool {
        let mut path = None;
        for (at, inst) in trace.insts.iter().enumerate() {
            if self
                .paths
                .get(path.unwrap_or(0))
                .is_none_or(|p| !p.contains(&at))
                || path.is_none()
            {
                path = self.path_of(at);
            }
            let snap = inst.snap.and_then(|s| trace.snaps.get(s.0 as usize));
            let mut listed = snap.iter().flat_map(|s| &s.frames).flat_map(|f| &f.slots);
            let needed = inst.args.contains(&it.value) || listed.any(|&(_, v)| v == it.value);
            let lags = snap.is_some_and(|s| s.fields.iter().any(|&(o, ..)| o == it.value));
            let inside = it.exists_at(at);
            if (needed || lags && !inside)
                && !path.is_some_and(|path| self.is_behind(trace, path, it))
            {
                return false;
            }
            if let (true, Some(id), Some(snap)) = (inside, inst.snap, snap) {
                let shared = self.users.get(&id);
                let shared = shared.is_some_and(|all| all.iter().any(|&at| !it.exists_at(at)));
                if shared || !holds(trace, snap, it.slot) {
                    return false;
                }
            }
        }
        true
    }
}

/// Whether a snapshot has this operand, and does not list it.
fn holds(trace: &Trace, snap: &Snapshot, slot: u16) -> bool {
    snap.frames.iter().any(|frame| {
        let base = match trace.inlined_at(frame.slot) {
            Some(callee) if frame.slot != 0 => callee.stack(),
            _ => trace.nlocals,
        };
        (base..base.saturating_add(frame.depth)).contains(&slot)
            && frame.slots.iter().all(|&(listed, _)| listed != slot)
    })
}

/// Whether an instruction has to do with a slot.
fn touches(inst: &Inst, slot: u16) -> bool {
    match inst.imm {
        Imm::Slot(n) | Imm::HelperSlot(_, n) => n == slot,
        Imm::Slots(a, b) => a == slot || b == slot,
        _ => false,
    }
}

/// The iterators that are let go of on the path that makes them, whatever else needs them.
fn candidates(trace: &Trace, paths: &Paths) -> Vec<Iterator> {
    let mut all = Vec::new();
    for path in &paths.paths {
        for made in path.clone() {
            let Some(inst) = trace.insts.get(made) else {
                continue;
            };
            let (Some((helper, slot)), Some(value)) = (maker(inst), inst.result) else {
                continue;
            };
            let Some(kind) = kind_of(trace, helper, inst) else {
                continue;
            };
            let mut behind = trace.insts.iter().enumerate().take(path.end).skip(made + 1);
            let next = behind.find(|(_, inst)| touches(inst, slot));
            let cleared = next.filter(|(_, inst)| inst.op == Op::ClearSlot);
            if let Some((cleared, _)) = cleared {
                all.push(Iterator {
                    kind,
                    value,
                    slot,
                    args: inst.args.clone(),
                    made,
                    cleared,
                });
            }
        }
    }
    all
}

/// What an iterator goes over; `None` where it is neither a range nor a constant.
fn kind_of(trace: &Trace, helper: Helper, made: &Inst) -> Option<Kind> {
    let def = |v| trace.insts.iter().find(|inst| inst.result == Some(v));
    match helper {
        Helper::RangeIterNew => Some(Kind::Range),
        Helper::ListIterNew => made.iterates(def).map(Kind::List),
        _ => made.iterates(def).map(Kind::Tuple),
    }
}

struct Rewrite {
    /// The trace so far.
    new: Trace,
    sunk: Vec<Iterator>,
    /// What stands for an iterator at some point, by what it has come to.
    boxes: HashMap<(Value, Vec<Value>), Value>,
    /// What the snapshots that make iterators make.
    made: HashMap<SnapId, Vec<(usize, Value)>>,
    /// For each path, the iterators that it has made at its beginning, or another one that it branched off from.
    names: Vec<HashMap<Value, Value>>,
}

impl Rewrite {
    fn new(new: Trace, paths: &Paths, sunk: Vec<Iterator>) -> Rewrite {
        Rewrite {
            new,
            sunk,
            boxes: HashMap::new(),
            made: HashMap::new(),
            names: vec![HashMap::new(); paths.paths.len()],
        }
    }

    fn run(mut self, paths: &Paths) -> Result<Trace, Abort> {
        let old = std::mem::take(&mut self.new.insts);
        let gone = |at: usize| self.sunk.iter().any(|it| it.made == at || it.cleared == at);
        let gone: Vec<bool> = (0..old.len()).map(gone).collect();
        for (n, path) in paths.paths.iter().enumerate() {
            let parent = paths.parents.get(n).copied().flatten();
            let mut names = parent.and_then(|n| self.names.get(n).cloned());
            for at in path.clone() {
                let Some(inst) = old.get(at) else { continue };
                if gone.get(at) == Some(&true) {
                    self.begin(at)?;
                    continue;
                }
                self.snapshot(at, inst)?;
                let names = names.get_or_insert_default();
                self.copy(inst.clone(), names)?;
                if inst.op == Op::Branch {
                    self.make(inst, names)?;
                }
            }
            if let (Some(place), Some(names)) = (self.names.get_mut(n), names) {
                *place = names;
            }
        }
        Ok(self.new)
    }

    /// What an iterator over a sequence starts with, where it would be made.
    fn begin(&mut self, at: usize) -> Result<(), Abort> {
        let of_sequence = |it: &&mut Iterator| it.made == at && it.kind != Kind::Range;
        if let Some(it) = self.sunk.iter_mut().find(of_sequence) {
            it.args = vec![self.new.emit(Op::ConstInt, &[], Imm::Int(0), None)?];
        }
        Ok(())
    }

    /// Has a snapshot make the iterators that exist where it is taken.
    fn snapshot(&mut self, at: usize, inst: &Inst) -> Result<(), Abort> {
        let Some(id) = inst.snap.filter(|id| !self.made.contains_key(id)) else {
            return Ok(());
        };
        let there = 0..self.sunk.len();
        let exists = |&n: &usize| self.sunk.get(n).is_some_and(|it| it.exists_at(at));
        let there: Vec<usize> = there.filter(exists).collect();
        if there.is_empty() || inst.op == Op::Branch {
            return Ok(());
        }
        let snap = self.new.snaps.get(id.0 as usize).cloned();
        let mut snap = snap.ok_or_else(|| confused(inst.op, "has no snapshot"))?;
        let mut made = Vec::new();
        for n in there {
            let Some((kind, value, slot, now)) = self
                .sunk
                .get(n)
                .map(|it| (it.kind, it.value, it.slot, it.at(&snap)))
            else {
                continue;
            };
            let boxed = self.boxed(kind, value, now)?;
            snap.fields.retain(|&(object, ..)| object != value);
            let of = self.new.inlined_of(slot).map_or(0, |frame| frame.slot);
            let frame = snap.frames.iter_mut().find(|frame| frame.slot == of);
            let frame = frame.ok_or_else(|| confused(inst.op, "has no frame for an iterator"))?;
            frame.slots.push((slot, boxed));
            frame.slots.sort_by_key(|(slot, _)| *slot);
            made.push((n, boxed));
        }
        if let Some(place) = self.new.snaps.get_mut(id.0 as usize) {
            *place = snap;
        }
        self.made.insert(id, made);
        Ok(())
    }

    fn boxed(&mut self, kind: Kind, iterator: Value, now: Vec<Value>) -> Result<Value, Abort> {
        let key = (iterator, now);
        if let Some(&boxed) = self.boxes.get(&key) {
            return Ok(boxed);
        }
        let (op, imm) = kind.boxed();
        let boxed = self.new.emit(op, &key.1, imm, None)?;
        self.boxes.insert(key, boxed);
        Ok(boxed)
    }

    /// Copies an instruction on a path that knows some iterators by other names.
    fn copy(&mut self, mut inst: Inst, names: &HashMap<Value, Value>) -> Result<(), Abort> {
        let name = |value: &mut Value| {
            if let Some(&other) = names.get(value) {
                *value = other;
            }
        };
        if !names.is_empty() {
            inst.args.iter_mut().for_each(name);
            let snap = inst.snap.filter(|_| inst.op != Op::Branch);
            if let Some(snap) = snap.and_then(|s| self.new.snaps.get_mut(s.0 as usize)) {
                let slots = snap.frames.iter_mut().flat_map(|frame| &mut frame.slots);
                slots.for_each(|(_, value)| name(value));
                snap.fields.iter_mut().for_each(|(object, ..)| name(object));
            }
        }
        self.new.insts.push(inst);
        Ok(())
    }

    /// Makes the iterators that exist where a path branches off.
    fn make(&mut self, branch: &Inst, names: &mut HashMap<Value, Value>) -> Result<(), Abort> {
        let made = branch.snap.and_then(|id| self.made.get(&id).cloned());
        for (n, boxed) in made.into_iter().flatten() {
            let Some((value, slot)) = self.sunk.get(n).map(|it| (it.value, it.slot)) else {
                continue;
            };
            self.new.push(Op::InitSlot, &[boxed], Imm::Slot(slot), None);
            let object = self.new.emit(Op::LoadSlot, &[], Imm::Slot(slot), None)?;
            names.insert(value, object);
        }
        Ok(())
    }
}
