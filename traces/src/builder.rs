//! The builder that the recorder and the emitters of foreign calls share: a trace under
//! construction together with the operand stack and the bytecode that is being recorded.

use crate::func::FuncDecl;
use crate::op::{Op, Type};
use crate::reason::{Abort, Reason};
use crate::trace::{
    FrameState, Imm, Inlined, Known, ObjId, Resume, SnapId, Snapshot, Trace, Value,
};
use crate::{Field, Helper};

/// An entry of the operand stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StackEntry {
    /// The value.
    pub value: Value,
    /// Whether the slot's memory owns the object (so that snapshots do not list it).
    pub owned: bool,
}

/// A frame of a trace under construction.
struct Frame {
    /// The number of its first slot; 0: the loop's own.
    slot: u16,
    /// Of a call that is part of the trace, the function.
    function: Option<StackEntry>,
    /// The slot of the lowest operand.
    base: u16,
    code: ObjId,
    pc: u32,
}

/// A trace under construction.
pub struct Builder {
    /// The trace so far.
    pub trace: Trace,
    /// The operand stack, bottom first.
    pub stack: Vec<StackEntry>,
    frame: Frame,
    /// The frames that wait for a call to return, outermost first, with their operands.
    waiting: Vec<(Frame, Vec<StackEntry>)>,
    turn: u32,
    snap: Option<SnapId>,
    max_insts: usize,
}

impl Builder {
    /// The code object of the frame that runs, and the byte offset of the bytecode in it.
    pub fn place(&self) -> (ObjId, u32) {
        (self.frame.code, self.frame.pc)
    }

    /// A builder for a loop of this code object whose header is at byte offset `pc`.
    /// `trace` holds the name, the number of locals and the entry depth; at most `max_insts`
    /// instructions are recorded.
    pub fn new(mut trace: Trace, code: ObjId, pc: u32, max_insts: usize) -> Builder {
        let mut stack = Vec::new();
        for i in 0..trace.entry_depth {
            let slot = trace.nlocals + i;
            if let Some(value) = trace.push(Op::LoadSlot, &[], Imm::Slot(slot), None) {
                stack.push(StackEntry { value, owned: true });
            }
        }
        Builder {
            frame: Frame {
                slot: 0,
                function: None,
                base: trace.nlocals,
                code,
                pc,
            },
            waiting: Vec::new(),
            trace,
            stack,
            turn: 0,
            snap: None,
            max_insts,
        }
    }

    /// A builder for a further path of a trace, from where the instruction at `guard` leaves, which is given a
    /// snapshot of its own. The stack slots that own an object are loaded again.
    ///
    /// # Errors
    /// The instruction does not leave in front of a bytecode of the loop's own frame.
    pub fn resume(mut trace: Trace, guard: usize, max_insts: usize) -> Result<Builder, Abort> {
        let odd = || Abort::new(Reason::Confused, "a guard without a way out");
        let inst = trace.insts.get(guard).ok_or_else(odd)?;
        let snap = inst.snap.and_then(|id| trace.snaps.get(id.0 as usize));
        let snap = snap.ok_or_else(odd)?.clone();
        if snap.resume != Resume::At || !snap.drops.is_empty() {
            return Err(odd());
        }
        let frames = snap.frames.clone();
        let turn = snap.turn;
        let snap = trace.add_snap(snap);
        if let Some(inst) = trace.insts.get_mut(guard) {
            inst.snap = Some(snap);
        }
        trace.push(Op::Branch, &[], Imm::None, Some(snap));
        let mut waiting = Vec::new();
        for state in &frames {
            waiting.push(Frame::resume(&mut trace, state)?);
        }
        let (frame, stack) = waiting.pop().ok_or_else(odd)?;
        Ok(Builder {
            max_insts: trace.insts.len() + max_insts,
            frame,
            waiting,
            trace,
            stack,
            turn,
            snap: None,
        })
    }

    /// The first slots of all frames, the loop's own first, and the bytecode offset in each.
    pub fn frames(&self) -> Vec<(u16, u32)> {
        let waiting = self.waiting.iter().map(|(frame, _)| frame);
        let all = waiting.chain([&self.frame]);
        all.map(|frame| (frame.slot, frame.pc)).collect()
    }

    /// The bytecode offset that snapshots name.
    pub fn pc(&self) -> u32 {
        self.frame.pc
    }

    /// Starts the next bytecode: from here on snapshots resume at `pc`.
    pub fn begin(&mut self, pc: u32) {
        self.frame.pc = pc;
        self.snap = None;
    }

    /// The path jumps back in another loop: its bytecodes come again.
    pub fn begin_turn(&mut self) {
        self.turn += 1;
        self.snap = None;
    }

    /// Pushes a value that its slot does not own.
    pub fn push(&mut self, value: Value) {
        self.snap = None;
        self.stack.push(StackEntry {
            value,
            owned: false,
        });
    }

    /// Pushes a value whose stack slot already owns the object.
    pub fn push_owned(&mut self, value: Value) {
        self.snap = None;
        self.stack.push(StackEntry { value, owned: true });
    }

    /// Pops an entry. An owned entry's object is still owned by its slot: move or clear it.
    pub fn pop(&mut self) -> Result<StackEntry, Abort> {
        self.snap = None;
        self.stack
            .pop()
            .ok_or_else(|| Abort::new(Reason::Confused, "operand stack underflow"))
    }

    /// The entry `n` below the top (0 is the top).
    pub fn peek(&self, n: usize) -> Result<StackEntry, Abort> {
        self.stack
            .len()
            .checked_sub(n + 1)
            .and_then(|i| self.stack.get(i).copied())
            .ok_or_else(|| Abort::new(Reason::Confused, "operand stack underflow"))
    }

    /// The slot of the stack entry `n` below the top; `slot_below_top(0)` is the top's.
    pub fn slot_below_top(&self, n: usize) -> u16 {
        self.frame.base + (self.stack.len() - 1 - n) as u16
    }

    /// The slot that the next push fills.
    pub fn next_slot(&self) -> u16 {
        self.stack_slot(self.stack.len())
    }

    /// The slot of operand `i`, counted from the lowest.
    pub fn stack_slot(&self, i: usize) -> u16 {
        self.frame.base + i as u16
    }

    /// The slot of local `k`.
    pub fn local_slot(&self, k: u32) -> u16 {
        match self.frame.slot {
            0 => k as u16,
            slot => slot + 1 + k as u16,
        }
    }

    /// How many calls that are part of the trace are under way.
    pub fn calls(&self) -> usize {
        self.waiting.len()
    }

    /// The first slot of the current frame; 0: the loop's own.
    pub fn frame_slot(&self) -> u16 {
        self.frame.slot
    }

    /// The callee's frame is the current one from here on: this one of the trace's table. The caller's operands are
    /// without those of the call.
    pub fn enter_call(&mut self, callee: Inlined, function: StackEntry) {
        self.snap = None;
        let frame = Frame {
            slot: callee.slot,
            function: Some(function),
            base: callee.stack(),
            code: callee.code,
            pc: 0,
        };
        self.turn += 1;
        let caller = std::mem::replace(&mut self.frame, frame);
        self.waiting.push((caller, std::mem::take(&mut self.stack)));
    }

    /// The caller's frame is the current one from here on; gives the function of the callee and the slot that
    /// holds it.
    ///
    /// # Errors
    /// No call is under way.
    pub fn leave_call(&mut self) -> Result<(StackEntry, u16), Abort> {
        self.snap = None;
        let odd = || Abort::new(Reason::Confused, "a return from the loop's own frame");
        let (caller, stack) = self.waiting.pop().ok_or_else(odd)?;
        self.stack = stack;
        let callee = std::mem::replace(&mut self.frame, caller);
        Ok((callee.function.ok_or_else(odd)?, callee.slot))
    }

    /// The slot that the next operand of the caller fills.
    ///
    /// # Errors
    /// No call is under way.
    pub fn result_slot(&self) -> Result<u16, Abort> {
        let odd = || Abort::new(Reason::Confused, "a return from the loop's own frame");
        let (caller, stack) = self.waiting.last().ok_or_else(odd)?;
        Ok(caller.base + stack.len() as u16)
    }

    /// Gives owners to operands of frames that wait for a call, but for those that need none.
    pub fn own_waiting(&mut self, needs_none: impl Fn(&Trace, Value) -> bool) {
        let mut owned = Vec::new();
        for (frame, stack) in &mut self.waiting {
            for (slot, e) in (frame.base..).zip(stack) {
                if !e.owned && !needs_none(&self.trace, e.value) {
                    e.owned = true;
                    owned.push((slot, e.value));
                }
            }
        }
        for (slot, value) in owned {
            self.snap = None;
            self.effect(Op::InitSlot, &[value], Imm::Slot(slot));
        }
    }

    /// The frames as they stand, outermost first.
    fn states(&self) -> Vec<FrameState> {
        let waiting = self.waiting.iter().map(|(frame, stack)| (frame, stack));
        let all = waiting.chain([(&self.frame, &self.stack)]);
        all.map(|(frame, stack)| frame.state(stack)).collect()
    }

    /// The snapshot that resumes at the current bytecode with the current stack.
    pub fn snapshot(&mut self) -> SnapId {
        if let Some(s) = self.snap {
            return s;
        }
        let s = self.snapshot_as(Resume::At);
        self.snap = Some(s);
        s
    }

    /// A snapshot of the current bytecode and stack with another way to go on.
    pub fn snapshot_as(&mut self, resume: Resume) -> SnapId {
        self.snapshot_dropping(resume, Vec::new())
    }

    /// As `snapshot_as`, of an exit that drops what these slots above the top own.
    pub fn snapshot_dropping(&mut self, resume: Resume, drops: Vec<u16>) -> SnapId {
        let frames = self.states();
        self.trace.add_snap(Snapshot {
            origin: 0,
            turn: self.turn,
            resume,
            frames,
            fields: Vec::new(),
            drops,
        })
    }

    /// Forgets the cached snapshot (after a change to `stack` by hand).
    pub fn stack_changed(&mut self) {
        self.snap = None;
    }

    /// Whether the trace has reached its bound.
    pub fn too_long(&self) -> bool {
        self.trace.insts.len() > self.max_insts
    }

    /// Emits an op with a result; one that can leave does so at the current snapshot.
    pub fn emit(&mut self, op: Op, args: &[Value], imm: Imm) -> Result<Value, Abort> {
        let snap = if op.has_snapshot() {
            Some(self.snapshot())
        } else {
            None
        };
        self.trace.emit(op, args, imm, snap)
    }

    /// Emits an op without immediate.
    pub fn op(&mut self, op: Op, args: &[Value]) -> Result<Value, Abort> {
        self.emit(op, args, Imm::None)
    }

    /// Emits an op without result; one that can leave does so at the current snapshot.
    pub fn effect(&mut self, op: Op, args: &[Value], imm: Imm) {
        let snap = if op.has_snapshot() {
            Some(self.snapshot())
        } else {
            None
        };
        self.trace.push(op, args, imm, snap);
    }

    /// An integer constant.
    pub fn int(&mut self, n: i64) -> Result<Value, Abort> {
        self.emit(Op::ConstInt, &[], Imm::Int(n))
    }

    /// A double constant.
    pub fn float(&mut self, x: f64) -> Result<Value, Abort> {
        self.emit(Op::ConstFloat, &[], Imm::Float(x))
    }

    /// An address constant.
    pub fn ptr(&mut self, p: u64) -> Result<Value, Abort> {
        self.emit(Op::ConstPtr, &[], Imm::Int(p as i64))
    }

    /// An object constant.
    pub fn obj(&mut self, id: ObjId) -> Result<Value, Abort> {
        self.emit(Op::ConstObj, &[], Imm::Obj(id))
    }

    /// Leaves unless `cond` is `expected`.
    pub fn guard(&mut self, cond: Value, expected: bool) {
        let op = if expected {
            Op::GuardTrue
        } else {
            Op::GuardFalse
        };
        self.effect(op, &[cond], Imm::None);
    }

    /// Ends the path at the header of another loop.
    pub fn leave(&mut self) {
        self.effect(Op::Leave, &[], Imm::None);
    }

    /// Leaves unless `v` has exactly this type.
    pub fn guard_type(&mut self, v: Value, ty: ObjId) {
        self.effect(Op::GuardType, &[v], Imm::Obj(ty));
    }

    /// Leaves unless an object has more references than so many.
    pub fn guard_shared(&mut self, v: Value, n: i64) {
        self.effect(Op::GuardShared, &[v], Imm::Int(n));
    }

    /// Leaves unless `v` is this object.
    pub fn guard_is(&mut self, v: Value, obj: ObjId) {
        self.effect(Op::GuardIs, &[v], Imm::Obj(obj));
    }

    /// Leaves where the interpreter, another tool or a fallen assumption asks for it.
    pub fn check(&mut self) {
        self.effect(Op::Check, &[], Imm::None);
    }

    /// Loads a field.
    pub fn load_field(&mut self, obj: Value, field: Field) -> Result<Value, Abort> {
        self.emit(Op::LoadField, &[obj], Imm::Field(field))
    }

    /// Calls a helper that gives a result and does not raise.
    pub fn call(&mut self, helper: Helper, args: &[Value]) -> Result<Value, Abort> {
        self.emit(Op::Call, args, Imm::Helper(helper))
    }

    /// Calls a foreign function whose result (if it has one) is the value.
    pub fn ccall(&mut self, decl: FuncDecl, args: &[Value]) -> Option<Value> {
        let func = self.trace.add_func(decl);
        let snap = self.snapshot_as(Resume::During);
        self.trace
            .push(Op::CCall, args, Imm::Func(func), Some(snap))
    }

    /// The constant of an object that the IR knows.
    pub fn known(&mut self, known: Known, addr: u64) -> ObjId {
        self.trace.known(known, addr)
    }

    /// The type of a value.
    pub fn ty(&self, v: Value) -> Type {
        self.trace.ty(v)
    }
}

impl Frame {
    /// A frame as a snapshot has it, with its operands; those that own an object are loaded again.
    fn resume(trace: &mut Trace, state: &FrameState) -> Result<(Frame, Vec<StackEntry>), Abort> {
        let mut entries = Vec::new();
        let operands: Vec<u16> = trace.operands(state).collect();
        for slot in operands {
            let listed = state.slots.iter().find(|(listed, _)| *listed == slot);
            entries.push(match listed {
                Some(&(_, value)) => StackEntry {
                    value,
                    owned: false,
                },
                None => StackEntry {
                    value: trace.emit(Op::LoadSlot, &[], Imm::Slot(slot), None)?,
                    owned: true,
                },
            });
        }
        let inlined = trace.inlined_at(state.slot).filter(|_| state.slot != 0);
        let frame = Frame {
            slot: state.slot,
            function: inlined.map(|_| entries.remove(0)),
            base: inlined.map_or(trace.nlocals, Inlined::stack),
            code: state.code,
            pc: state.pc,
        };
        Ok((frame, entries))
    }

    fn state(&self, stack: &[StackEntry]) -> FrameState {
        let function = self.function.map(|function| (self.slot, function));
        let operands = (self.base..).zip(stack.iter().copied());
        let slots = function.into_iter().chain(operands);
        let listed = slots.filter(|(_, e)| !e.owned);
        FrameState {
            slot: self.slot,
            code: self.code,
            pc: self.pc,
            depth: stack.len() as u16,
            slots: listed.map(|(slot, e)| (slot, e.value)).collect(),
        }
    }
}
