//! Entering native code, and rebuilding the interpreter's frame when it leaves.

use crate::cpython::{Base, frame, pairs};
use crate::engine::{Engine, Run};
use crate::hook::TOOL;
use crate::loops::{Version, Wanted};
use crate::py::Object;
use crate::resume::{self, Calls, Frames};
use crate::{errno, handoff, helpers, raiser, sample};
use jit::target::MAX_WATCHES;
use jit::{Activation, ActivationBuf, Exit, Handoff, Repr, Source, values_of};
use pyo3_ffi as ffi;
use smallvec::SmallVec;
use std::rc::Rc;
use traces::{Op, Resume};

/// How many native runs a thread may have inside one another. A run that calls Python takes C stack,
/// which calls from Python to Python do not: a deep recursion must not run out of it.
const MAX_NESTED: usize = 40;

/// Whether the thread may start another native run.
pub fn may_nest(e: &Engine, thread: *mut ffi::PyThreadState) -> bool {
    let (runs, resumed) = (e.runs.borrow(), e.resumed.borrow());
    let own = runs.iter().map(|r| r.thread).chain(resumed.iter().copied());
    own.filter(|&of| of == thread).count() < MAX_NESTED
}

/// Whether the thread may have so many calls under way as the version may, and nobody else watches what it calls.
pub fn may_call(e: &Engine, version: &Version, thread: *mut ffi::PyThreadState) -> bool {
    // SAFETY: the thread state is the current one; the version holds, so its objects are alive.
    unsafe {
        let watched = |code| frame::watched_by_others(e.table, code, TOOL);
        let room = version.calls == 0 || version.calls <= *frame::recursion(e.table, thread);
        room && !version.callees().any(watched)
    }
}

/// Whether the slots hold what the version's preamble guards.
pub fn fits(e: &Engine, version: &Version, f: *mut u8) -> bool {
    // Functions with different globals can share a code object.
    // SAFETY: the frame is alive.
    let namespaces = unsafe { [frame::globals(e.table, f), frame::builtins(e.table, f)] };
    if version.namespaces != namespaces {
        return false;
    }
    version.wants.iter().all(|&(slot, want)| {
        // SAFETY: the frame is alive and stopped; the slots are those of its own code.
        let o = unsafe {
            match version.trace.global(slot) {
                Some(g) => {
                    let of = |id| version.trace.obj(id).addr as *mut ffi::PyObject;
                    helpers::global_get(of(g.dict), of(g.key))
                }
                None => *frame::slot(e.table, f, usize::from(slot)),
            }
        };
        match want {
            Wanted::Object(p) => o as usize == p,
            Wanted::Source(n, t) => {
                let source = pairs::source(Object(o), n);
                source.is_some_and(|o| !o.is_null() && o.type_object().0 as usize == t)
            }
            // SAFETY: not NULL: a live object.
            Wanted::Type(t) => !o.is_null() && unsafe { ffi::Py_TYPE(o) } as usize == t,
        }
    })
}

/// Runs a version on a frame until it leaves; afterwards the frame says where the interpreter
/// goes on, once the calls that were left in the middle have run to their ends.
///
/// # Safety
/// `f` is the thread's current frame, stopped in the JUMP callback of the version's loop, with
/// the GIL held.
pub unsafe fn run<'a>(
    e: &Engine,
    version: &'a Rc<Version>,
    thread: *mut ffi::PyThreadState,
    f: *mut u8,
) -> Ended<'a> {
    // SAFETY: the thread state is the current one.
    let mut activation = unsafe { activation(e, thread, f) };
    let bytes = e.target.borrow().inlined_bytes(&version.trace);
    // SAFETY: the thread state is the current one; the memory is given back last.
    let frames = unsafe { Frames::new(e.table, thread, bytes) };
    activation.inlined = frames.start();
    let buf = ActivationBuf::new(activation, version.compiled.buf_len);
    let run = Run {
        thread,
        activation: buf.activation(),
        version: Rc::clone(version),
    };
    let held = Held::of(version);
    e.runs.borrow_mut().push(run);
    // Nested events are suppressed while a callback runs; native code is no callback to the
    // functions that it calls.
    // SAFETY: the caller's promise.
    let depth = unsafe { frame::stacktop(e.table, f) };
    // SAFETY: the caller's promise; the code was compiled for this frame's code object.
    let n = unsafe {
        let tracing = frame::tracing(e.table, thread);
        let was = *tracing;
        *tracing = 0;
        // As that of a frame that runs: the collector, which walks the frames of generators, would find slots of the operand
        // stack that own nothing any more.
        frame::set_stacktop(e.table, f, -1);
        let sites = &version.compiled.sites;
        handoff::begins(buf.activation(), sites, thread);
        let ran = sample::runs(thread, version.number, None);
        let n = (version.compiled.entry)(buf.activation());
        if let Some(before) = ran {
            sample::runs(thread, before, ran);
        }
        handoff::ended(buf.activation(), sites);
        *tracing = was;
        n
    };
    // Not the last one: other threads enter and leave while this one is inside a foreign call.
    e.runs
        .borrow_mut()
        .retain(|r| r.activation != buf.activation());
    count_exit(version, n as usize);
    // SAFETY: nobody else uses the record any more; the spare iterator is the run's.
    let (iterations, shortfall, observed, owed) = unsafe {
        let owed = handoff::take_owed(buf.activation());
        let ended = &*buf.activation();
        ffi::Py_XDECREF(ended.spare.cast());
        (ended.iterations, ended.shortfall, ended.observed != 0, owed)
    };
    let mut calls = None;
    if let Some(exit) = version.compiled.exits.get(n as usize) {
        // SAFETY: the exit and the buffer belong to this run.
        unsafe {
            let memory = (&frames, buf.values());
            rebuild(e, version, exit, f, memory, observed);
            if exit.frames.len() > 1 {
                let behind = version.behind_calls.get(n as usize);
                let behind = behind.map_or(&[][..], Vec::as_slice);
                let place = (thread, f);
                let left = Calls::of(e, version, exit, behind, place, frames.start());
                match observed {
                    // They have been made already.
                    true => left.stand(e),
                    false => left.make(e),
                }
                calls = Some(left);
            }
        }
    }
    if version.compiled.exits.get(n as usize).is_none() {
        // SAFETY: the caller's promise. An exit says how deep the stack is once the frame is rebuilt: what dies before that may
        // have the collector run.
        unsafe { frame::set_stacktop(e.table, f, depth) };
    }
    // Where the call would have let go of it, before anything else goes on.
    drop(owed);
    Ended {
        iterations,
        shortfall,
        exit: n as usize,
        calls,
        frames,
        held,
    }
}

/// Counts an exit, but for those that are made for a sample.
fn count_exit(version: &Version, n: usize) {
    if sample::is_asked() {
        let exit = version.compiled.exits.get(n);
        let inst = exit.and_then(|exit| version.trace.insts.get(exit.inst as usize));
        if inst.is_some_and(|inst| inst.op == Op::Check) {
            version.sampled.set(version.sampled.get() + 1);
            return;
        }
    }
    if let Some(taken) = version.taken.borrow_mut().get_mut(n) {
        *taken += 1;
    }
}

/// How a run ended.
pub struct Ended<'a> {
    /// How often the header of the peeled loop was passed.
    pub iterations: u64,
    /// How much less has been saved than so many turns on the root path would have, in ns.
    pub shortfall: i64,
    /// The exit that it took.
    pub exit: usize,
    /// The calls that were left in the middle.
    calls: Option<Calls>,
    frames: Frames,
    held: Held<'a>,
}

impl Ended<'_> {
    /// The frames of the calls that were left in the middle, outermost first.
    pub fn calls(&self) -> Vec<*mut u8> {
        self.calls.as_ref().map_or(Vec::new(), Calls::frames)
    }

    /// Runs the calls that were left in the middle to their ends.
    ///
    /// # Safety
    /// The frame that was run on is the thread's current one, and the GIL is held.
    pub unsafe fn finish(self, e: &Engine) {
        if let Some(calls) = self.calls {
            // SAFETY: the caller's promise.
            unsafe { calls.finish(e) };
        }
        drop(self.frames);
        drop(self.held);
    }
}

/// References that a run holds.
struct Held<'a>(&'a Version);

impl Held<'_> {
    fn of(version: &Version) -> Held<'_> {
        let held = Held(version);
        for o in held.objects() {
            // SAFETY: the version holds, so its objects are alive.
            unsafe { ffi::Py_INCREF(o) };
        }
        held
    }

    fn objects(&self) -> impl Iterator<Item = *mut ffi::PyObject> {
        let tree = &self.0.tree;
        tree.hold
            .iter()
            .copied()
            .chain(tree.weak.iter().map(|w| w.1))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        for o in self.objects() {
            // SAFETY: taken in `of`; the GIL is held, and the frame is whole again.
            unsafe { ffi::Py_DECREF(o) };
        }
    }
}

/// The record of a run that is about to start on this frame.
///
/// # Safety
/// `f` is the current frame of the thread, which is the current one.
unsafe fn activation(e: &Engine, thread: *mut ffi::PyThreadState, f: *mut u8) -> Activation {
    let places = errno::places();
    let mut activation = Activation {
        frame: f,
        thread: thread.cast(),
        during: 0,
        iterations: 0,
        shortfall: 0,
        observed: 0,
        spare: std::ptr::null_mut(),
        errno: places.map_or(std::ptr::null_mut(), |p| p.errno),
        saved_errno: places.map_or(std::ptr::null_mut(), |p| p.saved),
        inlined: std::ptr::null_mut(),
        handoff: Handoff::new(std::ptr::null_mut()),
        owed: std::ptr::null_mut(),
        watched: [std::ptr::null(); MAX_WATCHES],
        expected: [0; MAX_WATCHES],
    };
    let places = activation.watched.iter_mut().zip(&mut activation.expected);
    for (watch, (watched, expected)) in e.table.watches().iter().zip(places) {
        let (base, offset) = (watch.place)(e.table);
        // SAFETY: the caller's promise; the table was proved, and the words are aligned.
        unsafe {
            let start = match base {
                Base::Thread => thread.cast(),
                Base::Frame => f,
                Base::Interpreter => frame::interp(e.table, thread),
            };
            let mut place = start.offset(offset as isize).cast_const();
            if base == Base::Frame {
                // A frame keeps its object once it has one: what tells that somebody got it is its count then.
                let object = place.cast::<*const u8>().read();
                if !object.is_null() {
                    place = object.offset(e.table.object_refcnt as isize);
                }
            }
            *watched = place;
            *expected = match (watch.zero, watch.bytes) {
                (true, _) => 0,
                (false, 8) => place.cast::<u64>().read_volatile(),
                (false, _) => u64::from(place.cast::<u32>().read_volatile()),
            };
        }
    }
    activation
}

/// Has the runs leave whose traces took something for granted that does not hold any more.
pub fn leave_fallen(e: &Engine) {
    let Ok(runs) = e.runs.try_borrow() else {
        return;
    };
    for run in runs.iter().filter(|run| !run.version.tree.holds()) {
        leave(run);
    }
}

/// Has the runs of a code object leave.
pub fn leave_code(e: &Engine, code: *mut ffi::PyObject) {
    let Ok(runs) = e.runs.try_borrow() else {
        return;
    };
    runs.iter()
        .filter(|r| r.version.code == code || r.version.callees().any(|callee| callee == code))
        .for_each(leave);
}

/// Has all runs leave.
pub fn leave_all(e: &Engine) {
    let Ok(runs) = e.runs.try_borrow() else {
        return;
    };
    runs.iter().for_each(leave);
}

fn leave(run: &Run) {
    // SAFETY: the activation lives as long as its run is listed; the GIL is held, so native code
    // does not read the word while it is written, except where it polls it.
    unsafe { Activation::leave(run.activation) };
}

/// The objects for the slots of an exit: new references, one object for one source. Where the frames were observed,
/// without those that somebody saw: they lie there already.
///
/// # Safety
/// The buffer holds the values of this exit.
unsafe fn objects(
    e: &Engine,
    version: &Version,
    exit: &Exit,
    (buf, observed): (&[u64], bool),
) -> SmallVec<[(u16, *mut ffi::PyObject); 16]> {
    let mut made = Made {
        e,
        version,
        exit,
        buf,
        objects: SmallVec::new(),
    };
    // What was brought up to date during the call may have been written to since.
    let lies_there = |slot| observed && version.trace.is_seen(slot);
    let slots = exit.slots.iter().filter(|(slot, _)| !lies_there(*slot));
    // SAFETY: the caller's promise.
    slots
        .map(|&(slot, source)| (slot, unsafe { made.object(source) }))
        .collect()
}

/// The objects of an exit that were made so far: one for each source.
struct Made<'a> {
    e: &'a Engine,
    version: &'a Version,
    exit: &'a Exit,
    buf: &'a [u64],
    objects: SmallVec<[(Source, *mut ffi::PyObject); 16]>,
}

impl Made<'_> {
    /// A new reference to the object of a source.
    ///
    /// # Safety
    /// The buffer holds the values of the exit.
    unsafe fn object(&mut self, source: Source) -> *mut ffi::PyObject {
        if let Some(&(_, o)) = self.objects.iter().find(|m| m.0 == source) {
            // SAFETY: made before, and whoever it was made for has a reference.
            unsafe { ffi::Py_XINCREF(o) };
            return o;
        }
        let word = |n: usize| self.buf.get(n).copied().unwrap_or(0);
        let (words, repr) = match source {
            Source::Const(id) => {
                let o = self.version.trace.obj(id).addr as *mut ffi::PyObject;
                // SAFETY: a constant that the version keeps alive, or NULL.
                unsafe { ffi::Py_XINCREF(o) };
                return o;
            }
            Source::Tuple(n) => {
                // SAFETY: the caller's promise.
                let o = unsafe { self.tuple(usize::from(n)) };
                self.objects.push((source, o));
                return o;
            }
            Source::Buf(n, Repr::Instance(id)) => {
                let words = self.buf.get(usize::from(n)..).unwrap_or_default();
                let shape = self.version.compiled.shapes.get(usize::from(id.0));
                // SAFETY: the caller's promise: the exit has put as many words there as the shape has numbers.
                let o = shape.map_or(std::ptr::null_mut(), |shape| unsafe {
                    helpers::new_instance(std::ptr::from_ref(shape), words.as_ptr())
                });
                self.objects.push((source, o));
                return o;
            }
            Source::Buf(n, repr) => {
                let n = usize::from(n);
                ([word(n), word(n + 1), word(n + 2)], repr)
            }
            Source::Imm(word, repr) => ([word, 0, 0], repr),
        };
        // SAFETY: the words hold what their representation says.
        let o = unsafe { object(self.e, self.version, words, repr) };
        self.objects.push((source, o));
        o
    }

    /// A new tuple.
    ///
    /// # Safety
    /// The buffer holds the values of the exit.
    unsafe fn tuple(&mut self, n: usize) -> *mut ffi::PyObject {
        let exit = self.exit;
        let items = exit.tuples.get(n).into_iter().flatten();
        // SAFETY: the caller's promise; the references move into the tuple.
        unsafe {
            let items: Vec<_> = items.map(|&item| self.object(item)).collect();
            helpers::build_tuple(items.as_ptr(), items.len(), 0)
        }
    }
}

/// The object of a value that lies in one word, or in more where it is a struct, a buffer or an iterator.
unsafe fn object(
    e: &Engine,
    version: &Version,
    [x, second, third]: [u64; 3],
    repr: Repr,
) -> *mut ffi::PyObject {
    use helpers as h;
    let constant = |id| version.trace.obj(id).addr as *mut ffi::PyObject;
    // SAFETY: the caller's promise.
    unsafe {
        match repr {
            Repr::Obj => {
                let o = x as *mut ffi::PyObject;
                ffi::Py_XINCREF(o);
                o
            }
            Repr::Int => h::new_int(x as i64),
            Repr::Uint => h::new_uint(x),
            Repr::Float => h::new_float(f64::from_bits(x)),
            Repr::Bool => {
                let t = e.target.borrow();
                let o = (if x != 0 { t.true_addr } else { t.false_addr }) as *mut ffi::PyObject;
                ffi::Py_INCREF(o);
                o
            }
            Repr::CData(id) => h::new_cdata(x, constant(id)),
            Repr::CInt(id) => h::new_cint(x as i64, constant(id)),
            Repr::CFloat(id) => h::new_cfloat(f64::from_bits(x), constant(id)),
            Repr::Struct(id) => h::new_struct(x, second, constant(id)),
            Repr::Char => h::new_char(x as i64),
            Repr::UChar => h::new_uchar(x as i64),
            Repr::Buffer => h::new_buffer(x as *mut ffi::PyObject, second as i64),
            Repr::Range => h::new_range(x as i64, second as i64, third as i64),
            Repr::Iter(id) => h::new_iter(x as i64, constant(id)),
            Repr::Instance(_) => std::ptr::null_mut(),
            Repr::Attr(id) => h::new_attr(x as *mut ffi::PyObject, constant(id)),
        }
    }
}

/// Writes locals, operand stack, stack pointer and instruction pointer.
///
/// # Safety
/// The exit was taken by the version on this frame, and the buffer holds its values.
unsafe fn rebuild(
    e: &Engine,
    version: &Version,
    exit: &Exit,
    f: *mut u8,
    (frames, buf): (&Frames, &[u64]),
    observed: bool,
) {
    // An exception that a helper raised must survive the allocations here.
    let raised = match exit.resume {
        // SAFETY: the GIL is held.
        Resume::Raise(_) => unsafe { ffi::PyErr_GetRaisedException() },
        _ => std::ptr::null_mut(),
    };
    let nlocals = version.trace.nlocals;
    let mut drops: SmallVec<[*mut ffi::PyObject; 16]> = SmallVec::new();
    // SAFETY: see the function's own promise; slots are written while their new values are owned,
    // old objects are dropped when the frame is whole again.
    unsafe {
        let made = objects(e, version, exit, (buf, observed));
        for (slot, o) in made {
            if let Some(g) = version.trace.global(slot) {
                let of = |id| version.trace.obj(id).addr as *mut ffi::PyObject;
                helpers::global_set(of(g.dict), of(g.key), o);
                drops.push(o);
                continue;
            }
            if let Some(offset) = e.target.borrow().inlined_offset(&version.trace, slot) {
                let at = frames.start().offset(offset as isize).cast();
                if version.trace.is_inlined_local(slot) {
                    drops.push(*at);
                }
                *at = o;
                continue;
            }
            let at = frame::slot(e.table, f, usize::from(slot));
            if slot < nlocals {
                drops.push(*at);
            }
            *at = o;
        }
        for &slot in &exit.drops {
            let inlined = e.target.borrow().inlined_offset(&version.trace, slot);
            let at = match inlined {
                Some(offset) => frames.start().offset(offset as isize).cast(),
                None => frame::slot(e.table, f, usize::from(slot)),
            };
            drops.push(*at);
        }
        let outer = exit.outer();
        if let (Resume::Raise(n), 1) = (exit.resume, exit.frames.len()) {
            let top = nlocals + outer.depth;
            let operands = top.saturating_sub(n)..top;
            let mut old: Vec<*mut ffi::PyObject> = Vec::new();
            for s in operands.clone() {
                old.push(*frame::slot(e.table, f, usize::from(s)));
            }
            raiser::place(e, f, outer.pc, operands, raised);
            drops.extend(old);
        } else if !raised.is_null() {
            ffi::PyErr_SetRaisedException(raised);
        }
        frame::set_stacktop(e.table, f, i32::from(nlocals + outer.depth));
        let code = version.trace.obj(outer.code).addr as *mut ffi::PyObject;
        frame::set_instr(e.table, f, code, outer.pc);
        for o in drops {
            ffi::Py_XDECREF(o);
        }
    }
}

/// Brings the frames of native runs that are inside a foreign call up to date, for somebody who is
/// about to look at them. `thread` NULL: of all threads.
pub fn observe(e: &Engine, thread: *mut ffi::PyThreadState) {
    let Ok(runs) = e.runs.try_borrow().map(|r| r.clone()) else {
        return;
    };
    for run in runs {
        if !thread.is_null() && run.thread != thread {
            continue;
        }
        // SAFETY: the activation lives on the stack of a thread that is inside the native run.
        let a = unsafe { *run.activation };
        leave(&run);
        let durings = &run.version.compiled.durings;
        let Some(record) = a.call_under_way().and_then(|n| durings.get(n)) else {
            continue;
        };
        if a.observed != 0 {
            continue;
        }
        // SAFETY: as above; native code does not use the word.
        unsafe { (&raw mut (*run.activation).observed).write(1) };
        // SAFETY: the buffer holds the values of this call; locals hold plain objects or NULL.
        unsafe {
            let buf = values_of(run.activation, run.version.compiled.buf_len);
            let made = objects(e, &run.version, record, (buf, false));
            for (slot, o) in made {
                let trace = &run.version.trace;
                let at = match e.target.borrow().inlined_offset(trace, slot) {
                    _ if !trace.is_seen(slot) => {
                        ffi::Py_XDECREF(o);
                        continue;
                    }
                    Some(offset) => a.inlined.offset(offset as isize).cast(),
                    None => frame::slot(e.table, a.frame, usize::from(slot)),
                };
                // Native code may still hold the old (plain) object: it is let go by nobody
                // before the run ends, since the trace's own values are unboxed.
                let old: *mut ffi::PyObject = std::mem::replace(&mut *at, o);
                if trace.inlined_at(slot).is_none() {
                    ffi::Py_XDECREF(old);
                }
            }
            if record.frames.len() > 1 {
                let behind = resume::behind(e, &run.version.trace, record);
                let place = (run.thread, a.frame);
                let calls = Calls::of(e, &run.version, record, &behind, place, a.inlined);
                calls.make(e);
                calls.link(e);
            }
        }
    }
}
