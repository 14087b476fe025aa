//! The observing recorder: CPython executes one iteration of the loop, we are told of each
//! bytecode before it runs, read its operands from the frame and write down what it means.
//!
//! The recorder executes nothing, so it cannot get Python's semantics wrong while recording; it
//! emits the naive trace and leaves cleverness to the optimiser. A bytecode that it does not know
//! ends the recording with the reason.

mod arrays;
mod attributes;
mod bound;
mod builtins;
mod calls;
mod cdata;
mod classes;
mod containers;
mod dicts;
mod ffi_methods;
mod inline;
mod instances;
mod items;
mod iterate;
mod kept;
mod math;
mod methods;
mod names;
mod notes;
mod numbers;
mod operators;
mod pairs;
mod quiet_calls;
mod sets;
mod spread;
mod stack;
mod supers;
mod text;
mod tuples;

use crate::assume::Assumptions;
use crate::cpython::decode::{Decoded, Instr};
use crate::cpython::{Opcode, VersionTable, frame};
use crate::py::{self, Object, Strong};
use crate::tree::Tree;
use crate::unroll;
use inline::{Caller, Codes};
pub use notes::Note;
use pyo3_ffi as ffi;
use spread::Gathering;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use traces::{Abort, Builder, Helper, Known, ObjId, Reason, Trace, Value};

/// The bound on the naive trace, in instructions.
const MAX_INSTS: usize = 6000;

/// What the recorder says after a bytecode.
#[derive(PartialEq, Eq, Debug)]
pub enum Step {
    /// Go on.
    More,
    /// The back edge to the header was reached: the trace is whole.
    Closed,
    /// The header was reached from further up: the branch is whole.
    AtHeader,
}

/// What has to be looked at when the next bytecode is about to run.
enum Pending {
    Nothing,
    /// A helper's result lies in the stack slot at the top; the bytecode ends at this pc.
    Result {
        next: u32,
    },
    /// What the iterator of a FOR_ITER gave lies at the top, or what stands for its end: the bytecode that
    /// follows tells.
    Item {
        next: u32,
        end: u32,
        behind: u32,
        /// Whether no Python code ran.
        quiet: bool,
    },
    /// The address that a foreign function gave lies at the top; the bytecode ends at this pc.
    Address {
        next: u32,
    },
    /// A truth value came from a helper: the top of the stack stands for it.
    Jump {
        taken: u32,
        fallthrough: u32,
        truth: Value,
        jump_if: bool,
    },
}

/// The bytecodes that a recording goes through, by their offsets.
struct Way {
    so_far: Vec<u32>,
    /// Those that it has to go through.
    wanted: Option<Rc<[u32]>>,
}

/// A bytecode of a code object, which lives as long as the recording.
pub struct Place {
    /// The code object.
    pub code: *mut ffi::PyObject,
    /// The offset of the bytecode.
    pub at: u32,
    /// Its name.
    pub op: &'static str,
}

/// A finished recording.
pub struct Recorded {
    /// The naive trace.
    pub trace: Trace,
    /// What it takes for granted.
    pub assumptions: Assumptions,
    /// Objects that the trace keeps alive.
    pub keep: Vec<Strong>,
    /// Objects that a run of the trace keeps alive; between runs watched dicts do.
    pub hold: Vec<*mut ffi::PyObject>,
    /// Objects that may die between runs, each with a weak reference to it.
    pub weak: Vec<(Strong, *mut ffi::PyObject)>,
    /// What slows it down.
    pub notes: Vec<Note>,
}

/// A recording under way.
pub struct Recorder {
    /// The builder; public to the modules of the recorder only.
    b: Builder,
    table: &'static VersionTable,
    decoded: Rc<Decoded>,
    code: *mut ffi::PyObject,
    frame: *mut u8,
    thread: *mut ffi::PyThreadState,
    header: u32,
    /// Where the recording begins: at the header, or where a guard failed.
    start: u32,
    /// How often this recording has gone through each loop, its own where it took another turn, by its header.
    turns: HashMap<(usize, u32), u32>,
    /// Whether a branch may come to the header with objects where the root path has boxes.
    takes_objects: bool,
    /// Whether the path may lead out of the loop, and back to its header from further up.
    goes_around: bool,
    /// How many turns of another loop it may go through.
    max_turns: u32,
    /// Where loops that lie on it are unrolled.
    way: Option<Way>,
    /// Whether the path ends at the header of another loop.
    leaves: bool,
    last: Option<u32>,
    pending: Pending,
    /// The value that each local holds, where the trace has loaded or stored it.
    locals: Vec<Option<Value>>,
    /// What the trace takes for granted.
    pub assumptions: Assumptions,
    /// Objects that the constants of the trace keep alive.
    pub keep: Vec<Strong>,
    /// Objects that watched dicts keep alive: a run holds them while it is inside.
    pub hold: Vec<*mut ffi::PyObject>,
    /// Objects that may die, each with a weak reference to it.
    weak: Vec<(Strong, *mut ffi::PyObject)>,
    /// Objects of which the tree has such a reference already.
    known: Vec<*mut ffi::PyObject>,
    kwnames: Option<*mut ffi::PyObject>,
    /// Values that the memory of a container keeps alive, and whether nobody can notice their death.
    lent: HashMap<Value, bool>,
    /// Those of them whose memory nobody can have changed since.
    still_lent: HashSet<Value>,
    /// The call with `*` whose arguments are being gathered.
    gathering: Option<Gathering>,
    /// A bytecode that was recorded together with the one in front.
    passed_over: Option<u32>,
    /// Stack slots that hold a bound method where the interpreter's own stack has the function and
    /// its first argument apart.
    bound: Vec<u16>,
    /// Stack slots that hold a method apart from its first argument, where the interpreter has a bound method.
    apart: Vec<(u16, Object)>,
    /// The number behind the slots of the loop's own frame.
    first_free: u16,
    /// The module-level names that the loop stores into, each with its namespace.
    stored: Vec<(Object, Object)>,
    /// How many of them the loop itself stores into: no path of it takes these for constants.
    stored_by_loop: usize,
    /// The frames that wait for a call to return, the loop's own first.
    callers: Vec<Caller>,
    /// How many calls were under way where the recording began.
    calls_before: usize,
    /// Whether the first bytecode of a callee is to come.
    awaited: bool,
    /// The callees whose bytecodes are to be told of.
    pub codes: Codes,
    /// Bytecodes so far.
    pub bytecodes: u32,
    /// Direct foreign calls and residual calls so far.
    pub foreign: u32,
    /// Calls back into the interpreter's own protocols so far.
    pub residual: u32,
    /// What slows it down.
    pub notes: Vec<Note>,
    /// What was noted last, whether it was known or not.
    last_note: String,
}

impl Recorder {
    /// Starts a recording of the loop whose header is at `header` in the frame's code.
    ///
    /// # Safety
    /// `frame` is the thread's current frame, stopped in a JUMP callback, and the GIL is held.
    pub unsafe fn start(
        table: &'static VersionTable,
        decoded: Rc<Decoded>,
        code: *mut ffi::PyObject,
        frame: *mut u8,
        thread: *mut ffi::PyThreadState,
        header: u32,
        name: String,
    ) -> Recorder {
        // SAFETY: the caller's promise.
        let (nlocals, stacksize, depth) = unsafe {
            let nlocals = frame::code_nlocalsplus(table, code);
            let depth = frame::stacktop(table, frame) - nlocals as i32;
            (nlocals, frame::code_stacksize(table, code), depth)
        };
        let mut trace = Trace {
            name,
            nlocals: nlocals as u16,
            entry_depth: depth.max(0) as u16,
            ..Trace::default()
        };
        let code_id = trace.obj_const("code", code as u64);
        let stored = decoded.names_stored(header);
        let mut recorder = Recorder {
            b: Builder::new(trace, code_id, header, MAX_INSTS),
            table,
            decoded,
            code,
            frame,
            thread,
            header,
            start: header,
            turns: HashMap::new(),
            takes_objects: false,
            goes_around: false,
            max_turns: iterate::MAX_TURNS,
            way: None,
            leaves: false,
            last: None,
            pending: Pending::Nothing,
            locals: vec![None; nlocals as usize],
            assumptions: Assumptions::default(),
            keep: Vec::new(),
            hold: Vec::new(),
            weak: Vec::new(),
            known: Vec::new(),
            kwnames: None,
            lent: HashMap::new(),
            still_lent: HashSet::new(),
            gathering: None,
            passed_over: None,
            bound: Vec::new(),
            apart: Vec::new(),
            first_free: (nlocals + stacksize) as u16,
            stored: Vec::new(),
            stored_by_loop: 0,
            callers: Vec::new(),
            calls_before: 0,
            awaited: false,
            codes: Codes::new(),
            bytecodes: 0,
            foreign: 0,
            residual: 0,
            notes: Vec::new(),
            last_note: String::new(),
        };
        // SAFETY: the caller's promise.
        let globals = Object(unsafe { frame::globals(table, frame) });
        let names = stored.into_iter().map(|n| (globals, recorder.co_name(n)));
        recorder.stored = names.collect();
        recorder.stored_by_loop = recorder.stored.len();
        recorder
    }

    /// Starts a recording of a further path of a tree, from where the naive instruction at `guard` has left.
    ///
    /// # Errors
    /// There is no such way out.
    ///
    /// # Safety
    /// `frame` is the thread's current frame, stopped in a JUMP callback behind that exit, and the GIL is held.
    pub unsafe fn resume(
        table: &'static VersionTable,
        decoded: Rc<Decoded>,
        (code, frame, thread): (*mut ffi::PyObject, *mut u8, *mut ffi::PyThreadState),
        header: u32,
        tree: &Tree,
        (guard, calls): (usize, &[*mut u8]),
    ) -> Result<Recorder, Abort> {
        // SAFETY: the caller's promise.
        let mut recorder = unsafe {
            let name = tree.naive.name.clone();
            Recorder::start(table, decoded, code, frame, thread, header, name)
        };
        recorder.b = Builder::resume(tree.naive.clone(), guard, MAX_INSTS)?;
        recorder.start = recorder.b.pc();
        recorder.goes_around = true;
        if tree.unrolls {
            recorder.max_turns = unroll::MAX_TURNS;
        }
        recorder.takes_objects = tree.attempts(guard) >= iterate::TAKES_OBJECTS_FROM;
        // SAFETY: the caller's promise.
        unsafe { recorder.enter_again(calls)? };
        // What is known already needs no second reference.
        recorder.known = tree.weak.iter().map(|w| w.1).collect();
        Ok(recorder)
    }

    /// A recording of a loop whose turns are so few that its own path is rarely seen: it may lead around the loop.
    pub fn around(mut self) -> Recorder {
        self.goes_around = true;
        self
    }

    /// A recording of a loop together with the short ones in it, of an iteration that goes this way.
    pub fn unrolling(mut self, wanted: Option<Rc<[u32]>>) -> Recorder {
        self.max_turns = unroll::MAX_TURNS;
        let so_far = Vec::new();
        self.way = Some(Way { so_far, wanted });
        self
    }

    /// The offsets of its bytecodes, where it unrolls the loops in it.
    pub fn way_so_far(&self) -> Option<&[u32]> {
        self.way.as_ref().map(|way| way.so_far.as_slice())
    }

    /// Notes a bytecode on the way.
    fn keep_to_way(&mut self, offset: u32) -> Result<(), Abort> {
        let Some(Way { so_far, wanted }) = &mut self.way else {
            return Ok(());
        };
        let other = wanted
            .as_ref()
            .is_some_and(|way| way.get(so_far.len()) != Some(&offset));
        so_far.push(offset);
        match other || so_far.len() > unroll::MAX_WAY {
            true => Err(Reason::LeftLoop.into()),
            false => Ok(()),
        }
    }

    /// Whether this is a further path of a tree.
    fn is_branch(&self) -> bool {
        self.b
            .trace
            .insts
            .iter()
            .any(|i| i.op == traces::Op::Branch)
    }

    /// Whether the frame is still there: one that raised is gone without a word.
    ///
    /// # Safety
    /// `threads` are the interpreter's living thread states, and the GIL is held.
    pub unsafe fn is_alive(&self, threads: &[*mut ffi::PyThreadState]) -> bool {
        // SAFETY: the caller's promise.
        threads.contains(&self.thread)
            && unsafe {
                frame::is_on_stack(self.table, self.thread, self.root_frame())
                    && frame::code(self.table, self.root_frame()) == self.root_code()
            }
    }

    /// Whether an event of this thread and frame belongs to the recording.
    pub fn is_of(&self, thread: *mut ffi::PyThreadState, frame: *mut u8) -> bool {
        self.thread == thread && self.is_known_frame(frame)
    }

    /// What was recorded so far.
    pub fn trace(&self) -> &traces::Trace {
        &self.b.trace
    }

    /// The globals and the builtins of the frame.
    pub fn namespaces(&self) -> [*mut ffi::PyObject; 2] {
        // SAFETY: the frame is alive and stopped in a callback.
        unsafe {
            [
                frame::globals(self.table, self.frame),
                frame::builtins(self.table, self.frame),
            ]
        }
    }

    /// The bytecode of the code object.
    pub fn decoded(&self) -> Rc<Decoded> {
        Rc::clone(&self.decoded)
    }

    /// The bytecode that it came to.
    pub fn place(&self) -> Place {
        let at = self.last.unwrap_or(self.start);
        Place {
            code: self.code,
            at,
            op: self.decoded.at(at).map_or("", |i| i.name),
        }
    }

    /// The code object that is being recorded.
    pub fn code(&self) -> *mut ffi::PyObject {
        self.code
    }

    /// The naive trace, finished.
    pub fn into_trace(mut self) -> Recorded {
        match self.leaves {
            true => self.b.leave(),
            false => self.b.effect(traces::Op::Jump, &[], traces::Imm::None),
        }
        Recorded {
            trace: self.b.trace,
            assumptions: self.assumptions,
            keep: self.keep,
            hold: self.hold,
            weak: self.weak,
            notes: self.notes,
        }
    }

    /// The bytecode at `offset` is about to run in a frame of the recording.
    pub fn step(&mut self, f: *mut u8, offset: u32) -> Result<Step, Abort> {
        self.assumptions
            .still_holds()
            .and_then(|()| self.step_in(f, offset))
            .map_err(|why| self.refuse_callee(why))
    }

    fn step_in(&mut self, f: *mut u8, offset: u32) -> Result<Step, Abort> {
        self.arrive(f, offset)?;
        let decoded = Rc::clone(&self.decoded);
        let Some(instr) = decoded.at(offset) else {
            return Err(Abort::new(
                Reason::Confused,
                format!("no bytecode at {offset}"),
            ));
        };
        if self.last == Some(instr.offset) {
            // The second event of a bytecode with EXTENDED_ARG.
            return Ok(Step::More);
        }
        self.keep_to_way(instr.offset)?;
        let in_loop = self.callers.is_empty();
        let begins = self.bytecodes == 0 && self.last.is_none();
        if begins {
            if self.is_branch() {
                // What the entries of the stack are borrowed from was known to another recording.
                self.secure(0)?;
            }
            self.untold(&decoded, instr)?;
        }
        if begins && self.last.is_none() && instr.offset != self.start {
            let what = "the recording did not start where it should";
            return Err(Abort::new(Reason::Confused, what));
        }
        let arrived = in_loop && self.last.is_some() && instr.offset == self.header;
        // A handler, or the start of another activation that was given the same memory.
        let before = self.last.and_then(|last| decoded.at(last));
        let pops = self.table.callable_first();
        let follows = |before: &Instr| {
            before.is_followed_by(instr.offset)
                || decoded.behind_loop(before, pops) == Some(instr.offset)
        };
        if before.is_some_and(|before| !follows(before)) {
            return Err(Reason::Raised.into());
        }
        self.last = Some(instr.offset);
        self.keep_unseen()?;
        self.finish_pending(instr.offset)?;
        if arrived && !self.takes_another_turn()? {
            return self.close().map(|_| Step::AtHeader);
        }
        self.bytecodes += 1;
        if self.b.too_long() {
            return Err(Reason::TooLong.into());
        }
        let passed_over = self.passed_over.take() == Some(instr.offset);
        if passed_over || self.is_gathering(instr.offset) {
            return Ok(Step::More);
        }
        self.b.begin(instr.offset);
        if in_loop
            && instr.offset == self.header
            && self.b.trace.insts.len() == usize::from(self.b.trace.entry_depth)
        {
            self.b.check();
        }
        self.record(instr)
    }

    /// A recording that begins at an END_FOR, behind the exit where native code found an iterator at its end: CPython
    /// tells of no END_FOR, so the first event is that of the bytecode behind it.
    fn untold(&mut self, decoded: &Decoded, instr: &Instr) -> Result<(), Abort> {
        let first = decoded.at(self.start);
        let first = first.filter(|i| i.opcode == Opcode::END_FOR && i.next == instr.offset);
        let Some(first) = first else { return Ok(()) };
        self.last = Some(first.offset);
        self.bytecodes += 1;
        self.b.begin(first.offset);
        self.record(first).map(|_| ())
    }

    fn finish_pending(&mut self, offset: u32) -> Result<(), Abort> {
        match std::mem::replace(&mut self.pending, Pending::Nothing) {
            Pending::Nothing => Ok(()),
            Pending::Result { next } => {
                if offset != next {
                    return Err(Reason::Raised.into());
                }
                self.finish_result(next)
            }
            Pending::Address { next } => self.finish_address(next),
            Pending::Item {
                next,
                end,
                behind,
                quiet,
            } => self.finish_item(offset, (next, end, behind), quiet),
            Pending::Jump {
                taken,
                fallthrough,
                truth,
                jump_if,
            } => {
                if offset != taken && offset != fallthrough {
                    return Err(Reason::Raised.into());
                }
                self.b.guard(truth, (offset == taken) == jump_if);
                self.pop_dead()
            }
        }
    }

    fn record(&mut self, i: &Instr) -> Result<Step, Abort> {
        use Opcode::*;
        self.make_tuples(i)?;
        match i.opcode {
            NOP | RESUME | EXTENDED_ARG | CACHE => {}
            LOAD_FAST => self.load_fast(i.oparg)?,
            LOAD_FAST_CHECK => self.load_fast_check(i.oparg)?,
            LOAD_FAST_LOAD_FAST => {
                self.load_fast(i.oparg >> 4)?;
                self.load_fast(i.oparg & 15)?;
            }
            STORE_FAST => self.store_fast(&[i.oparg], None, i.next)?,
            STORE_FAST_STORE_FAST => {
                self.store_fast(&[i.oparg >> 4, i.oparg & 15], None, i.next)?;
            }
            STORE_FAST_LOAD_FAST => {
                self.store_fast(&[i.oparg >> 4], Some(i.oparg & 15), i.next)?;
            }
            LOAD_FAST_AND_CLEAR => self.load_fast_and_clear(i)?,
            LOAD_CONST => self.load_const(i.oparg)?,
            PUSH_NULL => {
                let null = self.null()?;
                self.b.push(null);
            }
            POP_TOP => self.pop_top(i.next)?,
            COPY => self.copy(i.oparg)?,
            SWAP => self.swap(i.oparg)?,
            LOAD_GLOBAL => self.load_global(i)?,
            LOAD_NAME => self.load_name(i)?,
            LOAD_DEREF => self.load_deref(i)?,
            STORE_NAME | STORE_GLOBAL => self.store_global(i)?,
            STORE_DEREF => self.store_deref(i.oparg)?,
            LOAD_ATTR => self.load_attr(i)?,
            BINARY_OP => self.binary_op(i)?,
            COMPARE_OP => self.compare_op(i)?,
            IS_OP => self.is_op(i)?,
            CONTAINS_OP => self.contains_op(i)?,
            UNARY_NEGATIVE => self.unary_negative(i)?,
            UNARY_INVERT => self.unary_invert(i)?,
            UNARY_NOT => self.unary_not()?,
            CALL_INTRINSIC_1 if i.oparg == 5 => self.unary_positive()?,
            TO_BOOL => self.truth_value(i)?,
            POP_JUMP_IF_TRUE => self.pop_jump(i, true)?,
            POP_JUMP_IF_FALSE => self.pop_jump(i, false)?,
            POP_JUMP_IF_NONE | POP_JUMP_IF_NOT_NONE => self.pop_jump_none()?,
            JUMP_FORWARD => {}
            JUMP_BACKWARD | JUMP_BACKWARD_NO_INTERRUPT => {
                let target = i.target.unwrap_or(0);
                if target == self.header && self.callers.is_empty() {
                    return match self.takes_another_turn()? {
                        true => Ok(Step::More),
                        false => self.close(),
                    };
                }
                return self.other_loop(i.offset, target);
            }
            GET_ITER => self.get_iter(i)?,
            FOR_ITER => self.for_iter(i)?,
            KW_NAMES => self.kw_names(i)?,
            CALL => self.call(i)?,
            CALL_KW => self.call_kw(i)?,
            CALL_FUNCTION_EX => self.call_ex(i)?,
            BINARY_SUBSCR if self.item_known(i)? => {}
            BINARY_SUBSCR => self.get_item(i)?,
            STORE_SUBSCR => self.set_item(i)?,
            STORE_ATTR => self.set_attr(i)?,
            DELETE_FAST => self.delete_fast(i)?,
            UNPACK_SEQUENCE if self.unpack_known(i)? => {}
            UNPACK_SEQUENCE => self.unpack(i)?,
            BUILD_TUPLE if self.build_tuple(i.oparg as usize, i)? => {}
            BUILD_LIST if self.gather(i)? => {}
            BUILD_TUPLE => self.build(Helper::PyBuildTuple, i.oparg, i)?,
            BUILD_LIST => self.build(Helper::PyBuildList, i.oparg, i)?,
            BUILD_SET if self.set_of(i)? => {}
            BUILD_SET => self.build(Helper::PyBuildSet, i.oparg, i)?,
            BUILD_MAP if self.gather_no_keywords(i)? => {}
            BUILD_MAP => self.build(Helper::PyBuildMap, 2 * i.oparg, i)?,
            BUILD_CONST_KEY_MAP => self.build_map_of_keys(i)?,
            BEFORE_WITH => self.before_with(i)?,
            BUILD_SLICE => self.build_slice(i)?,
            BUILD_STRING if self.quiet_join(i.oparg as usize, i)? => {}
            BUILD_STRING => self.build(Helper::PyBuildString, i.oparg, i)?,
            LIST_APPEND => self.list_append(i)?,
            LIST_EXTEND => self.list_extend(i)?,
            SET_ADD => self.set_add(i)?,
            MAP_ADD => self.map_add(i)?,
            DELETE_SUBSCR => self.delete_item(i)?,
            LOAD_SUPER_ATTR => self.load_super_attr(i)?,
            BINARY_SLICE if self.slice_known(i)? || self.slice_directly(i)? => {}
            BINARY_SLICE => self.residual(Helper::PyGetSlice, 0, 3, i.next)?,
            STORE_SLICE => self.set_slice(i)?,
            FORMAT_VALUE => self.format(i.oparg & 3, i.oparg & 4 != 0, i)?,
            FORMAT_SIMPLE => self.format(0, false, i)?,
            FORMAT_WITH_SPEC => self.format(0, true, i)?,
            CONVERT_VALUE => self.residual(Helper::PyConvert, i64::from(i.oparg), 1, i.next)?,
            RETURN_VALUE => self.return_value(None)?,
            RETURN_CONST => self.return_value(Some(i.oparg))?,
            END_FOR => self.end_for(i)?,
            _ => return Err(Abort::new(Reason::Bytecode, i.name)),
        }
        Ok(Step::More)
    }

    fn close(&mut self) -> Result<Step, Abort> {
        if self.b.stack.len() != usize::from(self.b.trace.entry_depth)
            || self.b.stack.iter().any(|e| !e.owned)
        {
            return Err(Abort::new(
                Reason::Confused,
                "the operand stack at the back edge",
            ));
        }
        Ok(Step::Closed)
    }

    // ---- what the modules share ----

    /// The object that lies `n` below the top of the real operand stack.
    fn concrete(&self, n: usize) -> Result<Object, Abort> {
        self.b.peek(n)?;
        let slot = self.b.slot_below_top(n);
        Ok(self.slot_object(slot))
    }

    /// The object in a slot of the real frame (perhaps NULL).
    fn slot_object(&self, slot: u16) -> Object {
        let first = self.b.local_slot(0);
        // SAFETY: the frame is alive and stopped before a bytecode; `slot` lies within it, since
        // the operand stack of the trace has the depth of the real one.
        Object(unsafe { *frame::slot(self.table, self.frame, usize::from(slot - first)) })
    }

    fn known(&mut self, k: Known) -> ObjId {
        self.b.known(k, py::known_address(k) as u64)
    }

    fn null(&mut self) -> Result<Value, Abort> {
        let id = self.known(Known::Null);
        self.b.obj(id)
    }

    /// The constant for an object that the code object or a watched dict keeps alive for as long as
    /// the trace may be entered; a run keeps it for itself.
    fn borrowed_constant(&mut self, o: Object, name: &str) -> ObjId {
        for k in [Known::None, Known::True, Known::False] {
            if py::known_address(k) == o.0 {
                return self.known(k);
            }
        }
        self.b.trace.obj_const(name, o.0 as u64)
    }

    /// The constant for an object without a known owner. The trace is not entered when it is gone;
    /// where nobody can tell, the trace keeps it alive.
    fn constant(&mut self, o: Object, name: &str) -> ObjId {
        let known = self.known.contains(&o.0) || self.weak.iter().any(|(_, known)| *known == o.0);
        if !known {
            match o.weak() {
                Some(weak) => self.weak.push((weak, o.0)),
                None => self.keep.push(o.strong()),
            }
        }
        self.borrowed_constant(o, name)
    }

    /// The constant for an object that a value stands for, which may be a constant already, whose owner
    /// is known.
    fn constant_of(&mut self, value: Value, o: Object, name: &str) -> ObjId {
        let insts = &self.b.trace.insts;
        let def = insts.iter().rev().find(|i| i.result == Some(value));
        if def.is_some_and(|i| i.op == traces::Op::ConstObj) {
            self.borrowed_constant(o, name)
        } else {
            self.constant(o, name)
        }
    }

    /// The type of an object as a constant.
    fn type_of(&mut self, o: Object) -> ObjId {
        let ty = o.type_object();
        for &k in Known::ALL {
            if py::is_type(k) && py::known_address(k) == ty.0 {
                return self.known(k);
            }
        }
        // Not kept alive (a class leads to its module, and so to this code): another class at the
        // same address would do as well, since nothing follows from such a type but that an
        // object is not NULL and no object of a known type.
        let name = ty.type_name();
        self.borrowed_constant(ty, &name)
    }

    fn co_const(&self, n: u32) -> Result<*mut ffi::PyObject, Abort> {
        // SAFETY: the code object is alive and `n` comes from its own bytecode.
        Ok(unsafe { frame::code_const(self.table, self.code, n as usize) })
    }

    fn co_name(&self, n: u32) -> Object {
        // SAFETY: as above.
        Object(unsafe { frame::code_name(self.table, self.code, n as usize) })
    }

    /// A constant value of the name table.
    fn name_const(&mut self, name: Object) -> Result<Value, Abort> {
        let text = name.text();
        let id = self.borrowed_constant(name, &format!("str.{text}"));
        self.b.obj(id)
    }
}
