//! The builder that the recorder and the emitters of foreign calls share: a trace under
//! construction together with the operand stack and the bytecode that is being recorded.

use crate::func::FuncDecl;
use crate::op::{Op, Type};
use crate::reason::{Abort, Reason};
use crate::trace::{FrameState, Imm, Known, ObjId, Resume, SnapId, Snapshot, Trace, Value};
use crate::{Field, Helper};

/// An entry of the operand stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StackEntry {
    /// The value.
    pub value: Value,
    /// Whether the slot's memory owns the object (so that snapshots do not list it).
    pub owned: bool,
}

/// A trace under construction.
pub struct Builder {
    /// The trace so far.
    pub trace: Trace,
    /// The operand stack, bottom first.
    pub stack: Vec<StackEntry>,
    code: ObjId,
    pc: u32,
    turn: u32,
    snap: Option<SnapId>,
    max_insts: usize,
}

impl Builder {
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
            trace,
            stack,
            code,
            pc,
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
        let (Resume::At, [frame]) = (snap.resume, snap.frames.as_slice()) else {
            return Err(odd());
        };
        let (code, pc, depth, slots) = (frame.code, frame.pc, frame.depth, frame.slots.clone());
        let turn = snap.turn;
        let snap = trace.add_snap(snap);
        if let Some(inst) = trace.insts.get_mut(guard) {
            inst.snap = Some(snap);
        }
        trace.push(Op::Branch, &[], Imm::None, Some(snap));
        let mut stack = Vec::new();
        for slot in trace.nlocals..trace.nlocals.saturating_add(depth) {
            let listed = slots.iter().find(|(listed, _)| *listed == slot);
            stack.push(match listed {
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
        Ok(Builder {
            max_insts: trace.insts.len() + max_insts,
            trace,
            stack,
            code,
            pc,
            turn,
            snap: None,
        })
    }

    /// The bytecode offset that snapshots name.
    pub fn pc(&self) -> u32 {
        self.pc
    }

    /// Starts the next bytecode: from here on snapshots resume at `pc`.
    pub fn begin(&mut self, pc: u32) {
        self.pc = pc;
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
        self.trace.nlocals + (self.stack.len() - 1 - n) as u16
    }

    /// The slot that the next push fills.
    pub fn next_slot(&self) -> u16 {
        self.trace.nlocals + self.stack.len() as u16
    }

    fn state(&self) -> FrameState {
        let slots = self
            .stack
            .iter()
            .enumerate()
            .filter(|(_, e)| !e.owned)
            .map(|(i, e)| (self.trace.nlocals + i as u16, e.value))
            .collect();
        FrameState {
            code: self.code,
            pc: self.pc,
            depth: self.stack.len() as u16,
            slots,
        }
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
        let frames = vec![self.state()];
        self.trace.add_snap(Snapshot {
            origin: 0,
            turn: self.turn,
            resume,
            frames,
            fields: Vec::new(),
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
