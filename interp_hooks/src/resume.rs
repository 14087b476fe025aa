//! Calls that an exit has left in the middle: their frames are made, and run to their ends, innermost first.
//!
//! The frames lie on the thread's data stack, as the interpreter's own do, in memory that a run sets aside: a frame is
//! made by filling in its header. Each is handed to the evaluator by itself. What it gives goes to the
//! operand stack of its caller; what it raises is raised at the caller's bytecode.

use crate::cpython::{Opcode, VersionTable, decode::Decoded, frame, function};
use crate::engine::Engine;
use crate::loops::Version;
use crate::protocols::{self, Outcome};
use crate::py::Object;
use crate::raiser;
use jit::{Compiled, Exit, ExitFrame};
use pyo3_ffi as ffi;
use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use traces::{Protocol, Resume, Trace};

unsafe extern "C" {
    // Include/cpython/ceval.h
    fn _PyEval_EvalFrameDefault(
        thread: *mut ffi::PyThreadState,
        frame: *mut u8,
        throw: c_int,
    ) -> *mut ffi::PyObject;
    // Include/cpython/objimpl.h
    fn PyObject_GetArenaAllocator(arenas: *mut Arenas);
}

/// `PyObjectArenaAllocator`, Include/cpython/objimpl.h.
#[repr(C)]
struct Arenas {
    context: *mut c_void,
    alloc: Option<unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void>,
    free: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, usize)>,
}

impl Arenas {
    /// The allocator of the pieces of data stacks.
    fn get() -> Arenas {
        let mut arenas = Arenas {
            context: std::ptr::null_mut(),
            alloc: None,
            free: None,
        };
        // SAFETY: fills in the struct.
        unsafe { PyObject_GetArenaAllocator(&mut arenas) };
        arenas
    }
}

/// The least size of a piece of the data stack, as in CPython (`DATA_STACK_CHUNK_SIZE`).
const CHUNK: usize = 16 * 1024;

/// The header of a piece of the data stack (`_PyStackChunk`).
#[repr(C)]
struct Chunk {
    previous: *mut Chunk,
    size: usize,
    top: usize,
}

/// Memory on a thread's data stack, all zero at first.
pub struct Frames {
    table: &'static VersionTable,
    thread: *mut ffi::PyThreadState,
    start: *mut u8,
    /// What the thread's top was.
    top: *mut u8,
    /// Where there was no room, the piece that lies on top now.
    chunk: *mut Chunk,
}

impl Frames {
    /// Sets so many bytes aside.
    ///
    /// # Safety
    /// The thread is the current one; the memory is dropped before its caller's frame ends.
    pub unsafe fn new(
        table: &'static VersionTable,
        thread: *mut ffi::PyThreadState,
        bytes: usize,
    ) -> Frames {
        // SAFETY: the caller's promise.
        unsafe {
            let (place, limit) = frame::data_stack(table, thread);
            let top = *place;
            let mut frames = Frames {
                table,
                thread,
                start: top,
                top,
                chunk: std::ptr::null_mut(),
            };
            if bytes == 0 {
                return frames;
            }
            if top.is_null() || bytes >= (*limit as usize).saturating_sub(top as usize) {
                frames.add_chunk(bytes);
            }
            std::ptr::write_bytes(frames.start, 0, bytes);
            *place = frames.start.add(bytes);
            frames
        }
    }

    /// Adds a piece to the data stack, as CPython's `push_chunk` does.
    ///
    /// # Safety
    /// The thread is the current one.
    unsafe fn add_chunk(&mut self, bytes: usize) {
        // SAFETY: the caller's promise; the allocator is the one that gave the other pieces.
        unsafe {
            let header = size_of::<Chunk>();
            // One more word: the interpreter gives back a piece whose first frame goes.
            let size = (header + bytes + 8).next_multiple_of(CHUNK);
            let arenas = Arenas::get();
            let new = arenas
                .alloc
                .map_or(std::ptr::null_mut(), |alloc| alloc(arenas.context, size));
            if new.is_null() {
                ffi::Py_FatalError(c"hardwire: out of memory".as_ptr());
            }
            let new: *mut Chunk = new.cast();
            let chunk = frame::chunk(self.table, self.thread).cast::<*mut Chunk>();
            if !(*chunk).is_null() {
                let data = (*chunk).cast::<u8>().add(header);
                (**chunk).top = (self.top as usize - data as usize) / 8;
            }
            (*new).previous = *chunk;
            (*new).size = size;
            (*new).top = 0;
            *chunk = new;
            let (_, limit) = frame::data_stack(self.table, self.thread);
            *limit = new.cast::<u8>().add(size);
            self.start = new.cast::<u8>().add(header + 8);
            self.chunk = new;
        }
    }

    /// The first byte.
    pub fn start(&self) -> *mut u8 {
        self.start
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        // SAFETY: the promise of `new`: what was put on the stack since is gone.
        unsafe {
            let (top, limit) = frame::data_stack(self.table, self.thread);
            *top = self.top;
            if self.chunk.is_null() {
                return;
            }
            let previous = (*self.chunk).previous;
            *frame::chunk(self.table, self.thread).cast::<*mut Chunk>() = previous;
            *limit = match previous.is_null() {
                true => std::ptr::null_mut(),
                false => previous.cast::<u8>().add((*previous).size),
            };
            let arenas = Arenas::get();
            if let Some(free) = arenas.free {
                let size = (*self.chunk).size;
                free(arenas.context, self.chunk.cast(), size);
            }
        }
    }
}

/// For each exit, where its frames that wait for a call go on.
pub fn behind_calls(compiled: &Compiled, trace: &Trace) -> Vec<Vec<u32>> {
    let Some(e) = crate::engine::get() else {
        return Vec::new();
    };
    let mut known = HashMap::new();
    let exits = compiled.exits.iter();
    exits
        .map(|exit| behind_in(e, trace, exit, &mut known))
        .collect()
}

/// Where the frames of a record that wait for a call go on.
pub fn behind(e: &Engine, trace: &Trace, record: &Exit) -> Vec<u32> {
    behind_in(e, trace, record, &mut HashMap::new())
}

fn behind_in(
    e: &Engine,
    trace: &Trace,
    exit: &Exit,
    known: &mut HashMap<u64, Option<Decoded>>,
) -> Vec<u32> {
    let mut behind = |f: &ExitFrame| {
        let code = trace.obj(f.code).addr;
        let decoded = known.entry(code);
        let decoded = decoded.or_insert_with(|| frame::decoded(e.table, code as *mut _));
        let call = decoded.as_ref().and_then(|d| d.at(f.pc));
        call.map_or(f.pc, |call| call.next)
    };
    match exit.frames.split_last() {
        Some((_, waiting)) => waiting.iter().map(&mut behind).collect(),
        None => Vec::new(),
    }
}

/// How many calls may be under way at once.
pub fn deepest(trace: &Trace) -> i32 {
    let mut depths: Vec<(u16, i32)> = vec![(0, 0)];
    for f in &trace.inlined {
        let caller = depths.iter().find(|(slot, _)| *slot == f.caller);
        depths.push((f.slot, caller.map_or(1, |(_, depth)| depth + 1)));
    }
    depths.iter().map(|&(_, depth)| depth).max().unwrap_or(0)
}

/// A frame that is to run to its end.
struct Frame {
    at: *mut u8,
    code: *mut ffi::PyObject,
    pc: u32,
    /// Where it goes on behind the call that it waits for.
    behind: u32,
    /// The slots in use, locals included.
    slots: usize,
    /// What becomes of what it gives.
    protocol: Protocol,
}

/// Calls that an exit has left in the middle.
pub struct Calls {
    thread: *mut ffi::PyThreadState,
    /// The loop's own frame first.
    frames: Vec<Frame>,
    /// Whether the innermost one raises the pending exception.
    raises: bool,
}

impl Calls {
    /// The calls of a record, whose frames lie in this memory.
    ///
    /// # Safety
    /// The slots of all frames are as the record wants them, with the GIL held; an exception is pending where it raises.
    pub unsafe fn of(
        e: &Engine,
        version: &Version,
        record: &Exit,
        behind: &[u32],
        (thread, root): (*mut ffi::PyThreadState, *mut u8),
        memory: *mut u8,
    ) -> Calls {
        let mut frames: Vec<Frame> = Vec::new();
        for (n, f) in record.frames.iter().enumerate() {
            let inlined = version.trace.inlined_at(f.slot).filter(|_| f.slot != 0);
            let nlocals = inlined.map_or(version.trace.nlocals, |inlined| inlined.nlocals);
            let offset = e.target.borrow().inlined_frame(&version.trace, f.slot);
            frames.push(Frame {
                at: match inlined {
                    // SAFETY: within the memory that was set aside.
                    Some(_) => unsafe { memory.offset(offset as isize) },
                    None => root,
                },
                code: version.trace.obj(f.code).addr as *mut ffi::PyObject,
                pc: f.pc,
                behind: behind.get(n).copied().unwrap_or(f.pc),
                slots: usize::from(nlocals + f.depth),
                protocol: inlined.map_or(Protocol::Call, |inlined| inlined.protocol),
            });
        }
        Calls {
            thread,
            frames,
            raises: matches!(record.resume, Resume::Raise(_)),
        }
    }

    /// Makes the frames: from here on they are like the interpreter's own.
    ///
    /// # Safety
    /// See [`Calls::of`]; they have not been made yet.
    pub unsafe fn make(&self, e: &Engine) {
        for pair in self.frames.windows(2) {
            if let [caller, f] = pair {
                // SAFETY: the caller's promise.
                unsafe { make(e.table, f, caller.at) };
            }
        }
        // SAFETY: the caller's promise.
        unsafe { self.stand(e) };
    }

    /// Has the frames stand where they go on, or wait for their calls.
    ///
    /// # Safety
    /// See [`Calls::of`]; they have been made.
    pub unsafe fn stand(&self, e: &Engine) {
        // SAFETY: the caller's promise.
        unsafe {
            for pair in self.frames.windows(2) {
                if let [caller, f] = pair {
                    match f.protocol {
                        Protocol::Call => {
                            frame::set_in_call(
                                e.table,
                                caller.at,
                                caller.code,
                                caller.pc,
                                caller.behind,
                            );
                        }
                        _ => frame::set_instr(e.table, caller.at, caller.code, caller.pc),
                    }
                    frame::set_stacktop(e.table, f.at, f.slots as i32);
                    frame::set_next(e.table, f.at, f.code, f.pc);
                }
            }
        }
    }

    /// Puts the frames where somebody who walks from frame to frame finds them, while the innermost one waits for a
    /// foreign function.
    ///
    /// # Safety
    /// See [`Calls::of`]; they have been made.
    pub unsafe fn link(&self, e: &Engine) {
        let [root, .., inner] = self.frames.as_slice() else {
            return;
        };
        // SAFETY: the caller's promise; the list ends in NULL.
        unsafe {
            frame::set_instr(e.table, inner.at, inner.code, inner.pc);
            let mut f = frame::current(e.table, self.thread);
            if f == root.at {
                return frame::set_current(e.table, self.thread, inner.at);
            }
            while !f.is_null() && frame::previous(e.table, f) != root.at {
                f = frame::previous(e.table, f);
            }
            if !f.is_null() {
                frame::set_previous(e.table, f, inner.at);
            }
        }
    }

    /// The frames, without the loop's own, outermost first.
    pub fn frames(&self) -> Vec<*mut u8> {
        self.frames.iter().skip(1).map(|f| f.at).collect()
    }

    /// Runs the calls to their ends; the loop's own frame goes on behind its call, or raises there.
    ///
    /// # Safety
    /// The loop's own frame is the thread's current one, and the GIL is held.
    pub unsafe fn finish(mut self, e: &Engine) {
        let (t, thread) = (e.table, self.thread);
        e.resumed.borrow_mut().push(thread);
        let mut outcome = None;
        // SAFETY: the caller's promise; `of` has made the frames.
        unsafe {
            let tracing = frame::tracing(t, thread);
            let was = std::mem::replace(&mut *tracing, 0);
            if let Some(inner) = self.frames.last().filter(|_| self.raises) {
                frame::set_in_call(t, inner.at, inner.code, inner.pc, inner.pc + 2);
            }
            while self.frames.len() > 1 {
                let between = self.frames.len() as i32 - 2;
                let [.., caller, f] = self.frames.as_mut_slice() else {
                    break;
                };
                self.raises |= matches!(outcome, Some(Outcome::Raised));
                place(t, f, outcome.take());
                // The frames in between are not accounted for by the evaluator.
                frame::set_current(t, thread, caller.at);
                let (top, _) = frame::data_stack(t, thread);
                *top = f.at.add(frame::size(t, f.code));
                *frame::recursion(t, thread) -= between;
                let given = _PyEval_EvalFrameDefault(thread, f.at, self.raises.into());
                self.raises = false;
                outcome = Some(complete(t, caller, f.protocol, given));
                *frame::recursion(t, thread) += between;
                self.frames.pop();
            }
            if let ([own], Some(outcome)) = (self.frames.as_slice(), outcome) {
                frame::set_current(t, thread, own.at);
                go_on(e, own, outcome);
            }
            *tracing = was;
        }
        let mut resumed = e.resumed.borrow_mut();
        if let Some(n) = resumed.iter().rposition(|&of| of == thread) {
            resumed.remove(n);
        }
    }
}

/// Makes a frame of one whose function and slots are there.
///
/// # Safety
/// See [`Calls::of`].
unsafe fn make(t: &VersionTable, f: &Frame, caller: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe {
        let function = Object(*frame::function(t, f.at));
        ffi::Py_INCREF(f.code);
        let (globals, builtins) = (
            function::globals(t, function),
            function::builtins(t, function),
        );
        frame::make(t, f.at, caller, [f.code, globals.0, builtins.0]);
    }
}

/// Has a frame go on as its call has ended.
///
/// # Safety
/// See [`Calls::of`].
unsafe fn place(t: &VersionTable, f: &Frame, outcome: Option<Outcome>) {
    // SAFETY: the caller's promise.
    unsafe {
        let (more, pc) = match outcome {
            // It waits for none.
            None => return,
            Some(Outcome::Gives(o)) => (Some(o), f.behind),
            Some(Outcome::Again(o)) => (Some(o), f.pc),
            Some(Outcome::Nothing) => (None, f.behind),
            // It goes on where it stands.
            Some(Outcome::Raised) => return frame::set_stacktop(t, f.at, f.slots as i32),
        };
        if let Some(o) = more {
            *frame::slot(t, f.at, f.slots) = o;
        }
        frame::set_stacktop(t, f.at, (f.slots + usize::from(more.is_some())) as i32);
        frame::set_next(t, f.at, f.code, pc);
    }
}

/// Does what the caller's bytecode has to do yet with what a call gave.
///
/// # Safety
/// The caller's frame is the thread's current one; see [`Calls::of`].
unsafe fn complete(
    t: &VersionTable,
    f: &mut Frame,
    protocol: Protocol,
    given: *mut ffi::PyObject,
) -> Outcome {
    let plain = match given.is_null() {
        true => Outcome::Raised,
        false => Outcome::Gives(given),
    };
    if protocol == Protocol::Call {
        return plain;
    }
    let instr = frame::decoded(t, f.code).and_then(|d| d.at(f.pc).cloned());
    let Some(instr) = instr else {
        return plain;
    };
    let mut caller = protocols::Caller {
        at: f.at,
        slots: f.slots,
        instr,
    };
    // SAFETY: the caller's promise.
    let outcome = unsafe { protocols::complete(t, &mut caller, protocol, given) };
    f.slots = caller.slots;
    outcome
}

/// What the outermost call gave goes to the loop's own frame.
///
/// # Safety
/// See [`Calls::of`].
unsafe fn go_on(e: &Engine, own: &Frame, outcome: Outcome) {
    let t = e.table;
    // SAFETY: the caller's promise.
    unsafe {
        if !matches!(outcome, Outcome::Raised) {
            place(t, own, Some(outcome));
            let pc = match outcome {
                Outcome::Again(_) => own.pc,
                _ => own.behind,
            };
            return frame::set_instr(t, own.at, own.code, pc);
        }
        let raised = ffi::PyErr_GetRaisedException();
        let call = frame::decoded(t, own.code);
        let call = call.as_ref().and_then(|d| d.at(own.pc));
        let call = call.map(|call| (call.opcode, call.oparg as usize));
        let n = match call {
            Some((Opcode::CALL, n)) => n + 2,
            Some((Opcode::CALL_KW, n)) => n + 3,
            Some((Opcode::CALL_FUNCTION_EX, flags)) => 3 + (flags & 1),
            Some((Opcode::BINARY_OP | Opcode::COMPARE_OP, _)) => 2,
            Some((Opcode::BINARY_SUBSCR | Opcode::CONTAINS_OP | Opcode::STORE_ATTR, _)) => 2,
            Some((Opcode::STORE_SUBSCR, _)) => 3,
            _ => 1,
        };
        let slots = own.slots;
        for at in slots..slots + n {
            *frame::slot(t, own.at, at) = std::ptr::null_mut();
        }
        if matches!(call, Some((Opcode::CALL_KW, _))) {
            *frame::slot(t, own.at, slots + n - 1) = ffi::PyTuple_New(0);
        }
        let operands = slots as u16..(slots + n) as u16;
        raiser::place(e, own.at, own.pc, operands, raised);
        frame::set_stacktop(t, own.at, (slots + n) as i32);
        frame::set_instr(t, own.at, own.code, own.pc);
    }
}
