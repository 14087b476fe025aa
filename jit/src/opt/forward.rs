//! The forward walk: copies a naive trace into a new one under what is known.

use super::fold;
use super::state::{Key, Slot, State};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use traces::{
    Abort, Effect, Imm, Inst, Known, ObjId, Op, Reason, SnapId, Snapshot, Trace, Type, Value,
};

/// A walk over a naive trace. The other files of this folder add what they know to it.
pub(super) struct Forward<'a> {
    /// The naive trace.
    pub(super) naive: &'a Trace,
    /// The new trace.
    pub(super) out: Trace,
    /// What is known at the end of the new trace.
    pub(super) state: State,
    /// Whether instances of classes need not exist.
    pub(super) virtual_instances: bool,
    /// The first guard that can never hold. The walk goes on behind it, since it may be the
    /// fault of an assumption that the peeler is about to give up.
    pub(super) contradiction: Option<String>,
    /// For each value of the new trace, the index of its instruction.
    defs: Vec<usize>,
    /// For each value of the naive trace, its counterpart.
    map: Vec<Option<Value>>,
    /// The naive instruction of this step, by its index.
    at: usize,
    /// How many snapshots there were when this copy began: two copies share none, one may have a branch.
    first_snap: usize,
    /// The naive snapshots that have a branch in this copy.
    branching: HashSet<SnapId>,
    /// Where the walk met their guards, where it kept them.
    points: HashMap<SnapId, Point>,
}

/// A guard that is kept and has a branch: what is known where it fails, and its place in the new trace.
struct Point {
    state: State,
    at: usize,
}

/// A copy of the naive trace whose branches are not walked yet.
pub(super) struct Copied {
    map: Vec<Option<Value>>,
    branching: HashSet<SnapId>,
    points: HashMap<SnapId, Point>,
}

/// A point of the new trace to go back to.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    insts: usize,
    snaps: usize,
    values: usize,
}

impl<'a> Forward<'a> {
    /// A walk that knows nothing yet.
    pub(super) fn new(naive: &'a Trace) -> Forward<'a> {
        let out = Trace {
            name: naive.name.clone(),
            nlocals: naive.nlocals,
            entry_depth: naive.entry_depth,
            objs: naive.objs.clone(),
            funcs: naive.funcs.clone(),
            globals: naive.globals.clone(),
            inlined: naive.inlined.clone(),
            ..Trace::default()
        };
        let slots =
            vec![Slot::default(); usize::from(naive.nlocals) + usize::from(naive.entry_depth)];
        Forward {
            naive,
            out,
            state: State {
                slots,
                ..State::default()
            },
            virtual_instances: false,
            contradiction: None,
            defs: Vec::new(),
            map: vec![None; naive.types.len()],
            at: 0,
            first_snap: 0,
            branching: HashSet::new(),
            points: HashMap::new(),
        }
    }

    /// Begins another copy of the naive trace, of whose exits these have a branch.
    pub(super) fn begin_copy(&mut self, branching: impl IntoIterator<Item = SnapId>) {
        self.contradiction = None;
        self.map.fill(None);
        self.points.clear();
        self.first_snap = self.out.snaps.len();
        self.branching.clear();
        self.branching.extend(branching);
    }

    /// Ends a copy, whose branches are walked later.
    pub(super) fn end_copy(&mut self) -> Copied {
        Copied {
            map: self.map.clone(),
            branching: std::mem::take(&mut self.branching),
            points: std::mem::take(&mut self.points),
        }
    }

    /// Goes on with the branches of a copy.
    pub(super) fn resume_copy(&mut self, copy: Copied) {
        self.contradiction = None;
        self.first_snap = self.out.snaps.len();
        self.map = copy.map;
        self.branching = copy.branching;
        self.points = copy.points;
    }

    /// Walks over these instructions of the naive trace, up to the end of their path.
    pub(super) fn walk(&mut self, path: Range<usize>) -> Result<(), Abort> {
        let naive = self.naive;
        for (at, inst) in naive
            .insts
            .iter()
            .enumerate()
            .take(path.end)
            .skip(path.start)
        {
            if !inst.op.ends_path() {
                self.at = at;
                self.step(inst)?;
            }
        }
        Ok(())
    }

    /// Ends a path that leaves, where it does.
    pub(super) fn leaves(&mut self, path: &Range<usize>) -> Result<bool, Abort> {
        let at = path.end.saturating_sub(1);
        let naive = self.naive;
        let Some(inst) = naive.insts.get(at).filter(|inst| inst.op == Op::Leave) else {
            return Ok(false);
        };
        self.at = at;
        let snap = self.snapshot(inst)?;
        self.push(Op::Leave, &[], Imm::None, Some(snap))?;
        Ok(true)
    }

    /// Goes back to where a guard with a branch fails. False where no guard can: then there is no such path.
    pub(super) fn begin_branch(&mut self, branch: &Inst) -> Result<bool, Abort> {
        let point = branch.snap.and_then(|snap| self.points.remove(&snap));
        let Some(point) = point else {
            return Ok(false);
        };
        let guard = self.out.insts.get(point.at).cloned();
        let guard = guard.ok_or_else(|| confused(Op::Branch, "has no guard"))?;
        self.state = point.state;
        self.push(Op::Branch, &[], Imm::None, guard.snap)?;
        match (guard.op, guard.args.as_slice()) {
            (Op::GuardTrue, &[cond]) => self.learn(cond, false)?,
            (Op::GuardFalse, &[cond]) => self.learn(cond, true)?,
            _ => {}
        }
        Ok(true)
    }

    /// Remembers where a guard with a branch came to lie, where it was kept.
    fn note_point(&mut self, inst: &Inst, state: State, from: usize) {
        let Some(naive) = inst.snap else { return };
        let behind = self.out.insts.iter().enumerate().skip(from);
        let mut exits = behind
            .clone()
            .filter(|(_, i)| i.snap.is_some() && i.op != Op::Check);
        if let (Some((at, _)), None) = (exits.next(), exits.next()) {
            // What was known in front of it still holds where it fails.
            let mut between = behind.take_while(|&(n, _)| n < at);
            if between.all(|(_, inst)| changes_nothing(inst.op)) {
                self.points.insert(naive, Point { state, at });
            }
        }
    }

    /// Copies one instruction.
    fn step(&mut self, inst: &Inst) -> Result<(), Abort> {
        let branching = inst.snap.is_some_and(|snap| self.branching.contains(&snap));
        let point = branching.then(|| (self.state.clone(), self.out.insts.len()));
        self.copy(inst)?;
        if let Some((state, from)) = point {
            self.note_point(inst, state, from);
        }
        Ok(())
    }

    fn copy(&mut self, inst: &Inst) -> Result<(), Abort> {
        let mut args = inst
            .args
            .iter()
            .map(|&v| self.mapped(v))
            .collect::<Result<Vec<_>, _>>()?;
        self.real_args(inst, &mut args)?;
        self.own_lent(inst)?;
        let result = self.dispatch(inst, &args)?;
        self.note_taken(inst, &args);
        if matches!(
            inst.op.effect(),
            Effect::Store | Effect::Call | Effect::RunsPython
        ) {
            self.state.quiet.clear();
            if inst.op != Op::CCall {
                self.state.forgotten = None;
            }
        }
        match (inst.result, result) {
            (Some(naive), Some(value)) => match self.map.get_mut(naive.0 as usize) {
                Some(entry) => *entry = Some(value),
                None => return Err(confused(inst.op, "has a result out of range")),
            },
            (Some(_), None) => return Err(confused(inst.op, "lost its result")),
            (None, _) => {}
        }
        Ok(())
    }

    fn dispatch(&mut self, inst: &Inst, args: &[Value]) -> Result<Option<Value>, Abort> {
        match inst.op {
            Op::LoadSlot
            | Op::StoreSlot
            | Op::InitSlot
            | Op::ReplaceSlot
            | Op::MoveSlot
            | Op::SwapSlots
            | Op::ClearSlot
            | Op::ReleaseSlot
            | Op::DropSlot => self.slot_op(inst, args),
            Op::GuardTrue
            | Op::GuardFalse
            | Op::GuardType
            | Op::GuardIs
            | Op::GuardShared
            | Op::GuardKept
            | Op::Check => self.guard_op(inst, args).map(|()| None),
            Op::LoadField | Op::StoreField | Op::LoadItem => self.heap_op(inst, args),
            Op::InstanceValues
            | Op::LoadAttr
            | Op::LoadWord
            | Op::StoreItem
            | Op::StoreAttr
            | Op::SwapItem
            | Op::SwapAttr => self.item_op(inst, args),
            Op::Load | Op::Store | Op::LoadErrno | Op::StoreErrno => self.memory_op(inst, args),
            Op::CCall | Op::Call | Op::CallNew | Op::CallPy | Op::CallPyBool => {
                self.call_op(inst, args)
            }
            Op::UnboxInt
            | Op::UnboxUint
            | Op::UnboxBits
            | Op::UnboxFloat
            | Op::UnboxBool
            | Op::UnboxChar
            | Op::UnboxUChar => self.unbox(inst, args).map(Some),
            Op::UnboxCValue => self.unbox_cvalue(inst, args).map(Some),
            Op::Second => self.second(inst).map(Some),
            op if op.is_box() && !is_interned(op) => {
                // Two boxes of one number are two objects: no common subexpressions here.
                self.emit(inst.op, args, inst.imm, None).map(Some)
            }
            op if matches!(op.effect(), Effect::Pure) => self.pure(op, args, inst.imm).map(Some),
            op if matches!(op.effect(), Effect::PureExit) => self.pure_exit(inst, args).map(Some),
            op => Err(confused(op, "has no place in a naive trace")),
        }
    }

    /// The second eightbyte of what a call gave: of this very call, whatever its first one is known to be.
    fn second(&mut self, inst: &Inst) -> Result<Value, Abort> {
        let call = inst.args.first().and_then(|v| self.map.get(v.0 as usize));
        match call.copied().flatten() {
            Some(call) => self.pure(Op::Second, &[call], inst.imm),
            None => Err(confused(Op::Second, "has no call")),
        }
    }

    /// The counterpart of a naive value.
    pub(super) fn mapped(&self, naive: Value) -> Result<Value, Abort> {
        let value = self.map.get(naive.0 as usize).copied().flatten();
        let value = value
            .ok_or_else(|| Abort::new(Reason::Confused, "a value is used before its definition"))?;
        let value = self.latest(value);
        match self.settled(value)? {
            Some(object) => Ok(object),
            None => Ok(self.known(value)),
        }
    }

    /// The constant that a value was proved to equal, or the value itself.
    pub(super) fn known(&self, value: Value) -> Value {
        self.state.equal.get(&value).copied().unwrap_or(value)
    }

    // ---- emission ----

    /// Appends an op with a result.
    pub(super) fn emit(
        &mut self,
        op: Op,
        args: &[Value],
        imm: Imm,
        snap: Option<SnapId>,
    ) -> Result<Value, Abort> {
        self.push(op, args, imm, snap)?
            .ok_or_else(|| confused(op, "has no result"))
    }

    /// Appends an op.
    pub(super) fn push(
        &mut self,
        op: Op,
        args: &[Value],
        imm: Imm,
        snap: Option<SnapId>,
    ) -> Result<Option<Value>, Abort> {
        let at = self.out.insts.len();
        let result = self.out.push(op, args, imm, snap);
        if result.is_some() {
            self.defs.push(at);
        }
        if let Some(value) = result {
            self.note_range(value);
        }
        Ok(result)
    }

    /// Appends the label of the loop, whose parameters start with these values.
    pub(super) fn push_label(&mut self, inits: &[Value]) -> Vec<Value> {
        let at = self.out.insts.len();
        let types: Vec<Type> = inits
            .iter()
            .filter_map(|v| self.out.types.get(v.0 as usize).copied())
            .collect();
        let params: Vec<Value> = types.into_iter().map(|ty| self.out.new_value(ty)).collect();
        self.defs.extend(params.iter().map(|_| at));
        self.state.forgotten = None;
        self.out.insts.push(Inst {
            op: Op::Label,
            args: inits.to_vec(),
            imm: Imm::None,
            snap: None,
            result: None,
            params: params.clone(),
        });
        params
    }

    /// The value of a pure op: folded, found again, or emitted.
    pub(super) fn pure(&mut self, op: Op, args: &[Value], imm: Imm) -> Result<Value, Abort> {
        if let Some(value) = fold::fold(self, op, args, imm)? {
            return Ok(value);
        }
        let key = Key::new(op, args, imm);
        if let Some(&value) = self.state.pure.get(&key) {
            return Ok(self.known(value));
        }
        let value = self.emit(op, args, imm, None)?;
        self.state.pure.insert(key, value);
        Ok(value)
    }

    /// The value of an op that leaves where its result cannot be represented.
    fn pure_exit(&mut self, inst: &Inst, args: &[Value]) -> Result<Value, Abort> {
        if let Some(value) = fold::fold_overflow(self, inst.op, args)? {
            return Ok(value);
        }
        self.emit_exit(inst, args)
    }

    /// Finds an op that can leave again, or emits it with its snapshot.
    pub(super) fn emit_exit(&mut self, inst: &Inst, args: &[Value]) -> Result<Value, Abort> {
        let key = Key::new(inst.op, args, inst.imm);
        if let Some(&value) = self.state.pure.get(&key) {
            return Ok(self.known(value));
        }
        let snap = self.snapshot(inst)?;
        let value = self.emit(inst.op, args, inst.imm, Some(snap))?;
        self.state.pure.insert(key, value);
        Ok(value)
    }

    /// Adds a snapshot, or finds it again where it is the one added last in this copy.
    pub(super) fn add_snap(&mut self, mut snap: Snapshot) -> SnapId {
        snap.origin = self.at as u32;
        let of_copy = self.out.snaps.get(self.first_snap..);
        match of_copy.and_then(<[_]>::last) {
            Some(last) if *last == snap && last.origin == snap.origin => {
                SnapId(self.out.snaps.len() as u32 - 1)
            }
            _ => self.out.add_snap(snap),
        }
    }

    // ---- constants ----

    /// An integer constant.
    pub(super) fn int(&mut self, n: i64) -> Result<Value, Abort> {
        self.pure(Op::ConstInt, &[], Imm::Int(n))
    }

    /// A double constant.
    pub(super) fn float(&mut self, x: f64) -> Result<Value, Abort> {
        self.pure(Op::ConstFloat, &[], Imm::Float(x))
    }

    /// A truth constant.
    pub(super) fn truth(&mut self, b: bool) -> Result<Value, Abort> {
        self.pure(Op::ConstBool, &[], Imm::Bool(b))
    }

    /// An object constant.
    pub(super) fn obj(&mut self, id: ObjId) -> Result<Value, Abort> {
        self.pure(Op::ConstObj, &[], Imm::Obj(id))
    }

    // ---- what a value is ----

    /// The instruction that defines a value of the new trace.
    pub(super) fn def(&self, value: Value) -> Option<&Inst> {
        self.out.insts.get(*self.defs.get(value.0 as usize)?)
    }

    /// The index of the instruction that defines a value of the new trace.
    pub(super) fn def_place(&self, value: Value) -> Option<usize> {
        self.defs.get(value.0 as usize).copied()
    }

    /// Whether nothing has happened since a value was computed that may have let go of an object.
    pub(super) fn is_fresh(&self, value: Value) -> bool {
        let since = self.defs.get(value.0 as usize).map(|&at| at + 1);
        let since = since.and_then(|at| self.out.insts.get(at..));
        since.is_some_and(|insts| insts.iter().all(|inst| changes_nothing(inst.op)))
    }

    /// The operands of the op that defines a value, where it is this op.
    pub(super) fn operands(&self, value: Value, op: Op) -> Option<Vec<Value>> {
        let inst = self.def(value).filter(|inst| inst.op == op)?;
        Some(inst.args.iter().map(|&v| self.known(v)).collect())
    }

    /// The operand of the op that defines a value, where it is this op.
    pub(super) fn operand(&self, value: Value, op: Op) -> Option<Value> {
        let inst = self.def(value).filter(|inst| inst.op == op)?;
        inst.args.first().map(|&v| self.known(v))
    }

    /// The integer, where the value is a constant.
    pub(super) fn as_int(&self, value: Value) -> Option<i64> {
        match self.def(value) {
            Some(Inst {
                op: Op::ConstInt,
                imm: Imm::Int(n),
                ..
            }) => Some(*n),
            _ => None,
        }
    }

    /// The double, where the value is a constant.
    pub(super) fn as_float(&self, value: Value) -> Option<f64> {
        match self.def(value) {
            Some(Inst {
                op: Op::ConstFloat,
                imm: Imm::Float(x),
                ..
            }) => Some(*x),
            _ => None,
        }
    }

    /// The truth value, where the value is a constant.
    pub(super) fn as_truth(&self, value: Value) -> Option<bool> {
        match self.def(value) {
            Some(Inst {
                op: Op::ConstBool,
                imm: Imm::Bool(b),
                ..
            }) => Some(*b),
            _ => None,
        }
    }

    /// The object, where the value is a constant.
    pub(super) fn as_obj(&self, value: Value) -> Option<ObjId> {
        match self.def(value) {
            Some(Inst {
                op: Op::ConstObj,
                imm: Imm::Obj(id),
                ..
            }) => Some(*id),
            _ => None,
        }
    }

    /// The meaning of an object constant, where the IR knows it.
    pub(super) fn meaning(&self, id: ObjId) -> Option<Known> {
        self.out.objs.get(id.0 as usize).and_then(|o| o.known)
    }

    /// The meaning of an object, where the value is a constant that the IR knows.
    pub(super) fn as_known(&self, value: Value) -> Option<Known> {
        self.as_obj(value).and_then(|id| self.meaning(id))
    }

    // ---- going back ----

    /// The end of the new trace.
    pub(super) fn mark(&self) -> Mark {
        Mark {
            insts: self.out.insts.len(),
            snaps: self.out.snaps.len(),
            values: self.out.types.len(),
        }
    }

    /// Takes back everything that came behind the mark. The state is the caller's to restore.
    pub(super) fn rewind(&mut self, mark: Mark) {
        self.out.insts.truncate(mark.insts);
        self.out.snaps.truncate(mark.snaps);
        self.out.types.truncate(mark.values);
        self.defs.truncate(mark.values);
        self.points.retain(|_, point| point.at < mark.insts);
    }

    /// Notes a guard that can never hold.
    pub(super) fn never(&mut self, what: String) {
        self.contradiction.get_or_insert(what);
    }
}

/// Whether there is only one object for each value in a box.
pub(super) fn is_interned(op: Op) -> bool {
    matches!(op, Op::BoxBool | Op::BoxChar)
}

/// Whether an op stores nothing and lets go of nothing.
pub(super) fn changes_nothing(op: Op) -> bool {
    use Effect::{Guard, Load, LoadSlot, Pure, PureExit};
    matches!(op.effect(), Pure | PureExit | Guard | Load | LoadSlot)
}

/// An instruction that the recorder should not have written.
pub(super) fn confused(op: Op, what: &str) -> Abort {
    Abort::new(Reason::Confused, format!("`{}` {what}", op.mnemonic()))
}
