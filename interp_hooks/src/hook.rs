//! The callbacks of `sys.monitoring`: counting back edges, observing bytecodes, entering native
//! code.

use crate::cpython::{frame, threads};
use crate::engine::{self, Engine, Recording};
use crate::loops::{self, Header, MAX_VERSIONS, State, Version};
use crate::py::{Object, Strong};
use crate::record::{Recorder, Step};
use crate::start;
use crate::tree::{self, Growth, Tree};
use crate::unroll;
use crate::worth;
use crate::{dump, handoff, run, sample};
use pyo3_ffi as ffi;
use std::ffi::{c_int, c_void};
use std::rc::Rc;
use traces::dump::Origin;
use traces::{Abort, Reason};

/// The tool id of an optimiser (PEP 669).
pub const TOOL: u32 = 5;
/// How many loops the report keeps, dead ones included.
const MAX_REPORTED: usize = 4096;
/// How many turns a loop waits for another look whether the compiler may work.
const CLOCK_EVERY: u32 = 100;
/// In which part of the turns that make it hot a loop is looked at for the first time.
const EARLY: u32 = 8;
/// How many entries lie between two looks whether other loops may wake.
const WAKE_EVERY: u64 = 256;
/// After how many attempts variables may change their types from one iteration to the next.
const MIXED_FROM: u32 = 2;
/// The answer that changes nothing.
const NONE: fn() -> *mut ffi::PyObject = || {
    // SAFETY: None is immortal in every supported version; the reference is counted all the same.
    unsafe { ffi::Py_NewRef(ffi::Py_None()) }
};

/// `JUMP`: (code, offset of the jump, offset of its target).
///
/// # Safety
/// Called by CPython with three arguments and the GIL held.
pub unsafe extern "C" fn on_jump(
    _module: *mut ffi::PyObject,
    args: *mut *mut ffi::PyObject,
    n: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    let Some(e) = engine::get() else {
        return NONE();
    };
    if n < 3 || !e.enabled.get() {
        return NONE();
    }
    // SAFETY: three arguments: a code object and two ints.
    let (code, from, to) = unsafe {
        (
            *args,
            ffi::PyLong_AsLong(*args.add(1)),
            ffi::PyLong_AsLong(*args.add(2)),
        )
    };
    // SAFETY: the current thread's frame, stopped in this callback.
    let (thread, f) = unsafe {
        let thread = ffi::PyThreadState_Get();
        (thread, frame::current(e.table, thread))
    };
    if to > from {
        return if recording_is_of(e, thread, f) {
            NONE()
        } else {
            disable(e)
        };
    }
    if recording_is_of(e, thread, f) {
        if !recording_closed(e) {
            return NONE();
        }
        finish(e);
    }
    let Some(header) = loops::header(e, code, to as u32) else {
        return disable(e);
    };
    let state = header.state.borrow().clone();
    match state {
        State::LeftAlone(_) => return disable(e),
        State::Counting => {
            if header.is_asleep(e) || !count(e, &header, code, thread, f) {
                return disable(e);
            }
        }
        State::Compiled => {
            if !header.is_asleep(e) {
                // SAFETY: as above.
                unsafe { enter(e, &header, code, thread, f) };
            }
            if header.is_asleep(e) {
                return disable(e);
            }
        }
    }
    NONE()
}

fn disable(e: &Engine) -> *mut ffi::PyObject {
    // SAFETY: kept alive by the engine.
    unsafe { ffi::Py_NewRef(e.monitoring.disable.as_ptr()) }
}

fn recording_is_of(e: &Engine, thread: *mut ffi::PyThreadState, f: *mut u8) -> bool {
    e.recording
        .try_borrow()
        .is_ok_and(|r| r.as_ref().is_some_and(|r| r.recorder.is_of(thread, f)))
}

fn recording_closed(e: &Engine) -> bool {
    e.recording
        .try_borrow()
        .is_ok_and(|r| r.as_ref().is_some_and(|r| r.closed))
}

/// Whether native code may run in this frame at all.
///
/// # Safety
/// `f` is the current frame of the thread, with the GIL held.
unsafe fn may_run(
    e: &Engine,
    code: *mut ffi::PyObject,
    thread: *mut ffi::PyThreadState,
    f: *mut u8,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let object = frame::frame_object(e.table, f);
        !frame::breaker_set(e.table, thread)
            && !frame::watched_by_others(e.table, code, TOOL)
            && !frame::evaluated_by_others(e.table, thread)
            && !frame::allocations_are_traced()
            // Nobody else holds the frame object, through which locals can be read and written.
            && (object.is_null() || ffi::Py_REFCNT(object) <= 1)
    }
}

/// Whether the compiler may work now, for a loop that has to do with C or not.
fn may_compile(e: &Engine, foreign: bool) -> bool {
    e.options.borrow().all || e.budget.allows(foreign)
}

/// Whether a loop may be recorded now; what it has to do with, its recording tells.
fn may_record(e: &Engine) -> bool {
    e.options.borrow().all || e.budget.allows_recording()
}

/// Counts a back edge; false where it need not be told of for a while.
fn count(
    e: &Engine,
    header: &Rc<Header>,
    code: *mut ffi::PyObject,
    thread: *mut ffi::PyThreadState,
    f: *mut u8,
) -> bool {
    let n = header.count.get() + 1;
    header.count.set(n);
    let hot = header.patience.get();
    let unrolls = header.unrolling.is_wanted();
    if n < hot && !unrolls {
        // SAFETY: the current frame.
        unsafe { unroll::look_around(e, header, hot, (code, f)) };
        // One that could not be recorded is not told of the rest of its turns either: in code that is made all the time
        // that takes longer than these themselves.
        return n != (hot / EARLY).max(1) || may_record(e) || !wait_for_compiler(e, header);
    }
    if !unrolls && unroll::waits(header, hot) {
        return true;
    }
    sample::revive();
    wake(e);
    if !may_record(e) {
        // A look at the clock takes longer than a turn of many a loop.
        header.count.set(n - n.min(CLOCK_EVERY));
        // To be told of a back edge does, too.
        return !wait_for_compiler(e, header);
    }
    begin_recording(e, header, (code, thread, f));
    true
}

/// Has a loop wait until it may be recorded; whether it sleeps until then.
fn wait_for_compiler(e: &Engine, header: &Rc<Header>) -> bool {
    *header.last_abort.borrow_mut() = Some(Reason::Budget.into());
    register(e, header);
    header.sleep(e, true)
}

/// Wakes the loops that wait for the compiler, where it may work again.
fn wake(e: &Engine) {
    if e.budget.wakes() {
        start::restart_events();
    }
}

/// The time has come for which the loops that sleep are watched.
pub extern "C" fn on_due(_: *mut c_void) -> c_int {
    if let Some(e) = engine::get()
        && e.enabled.get()
    {
        wake(e);
        // Where it was too early. Who cannot be watched for is woken by what else is entered.
        e.budget.watch();
    }
    0
}

/// Starts to record a loop.
fn begin_recording(
    e: &Engine,
    header: &Rc<Header>,
    (code, thread, f): (*mut ffi::PyObject, *mut ffi::PyThreadState, *mut u8),
) {
    let n = header.count.get();
    if e.recording.try_borrow().map_or(true, |r| r.is_some()) {
        // Another loop is being recorded. Look now and then whether it still is.
        if !n.is_multiple_of(64) && !n.is_power_of_two() {
            return;
        }
        abandon_dead_recording(e);
        if e.recording.try_borrow().map_or(true, |r| r.is_some()) {
            return;
        }
    }
    // SAFETY: the current frame, stopped in the callback.
    if unsafe { !may_run(e, code, thread, f) } {
        return;
    }
    let Some(decoded) = frame::decoded(e.table, code) else {
        return;
    };
    let (file, line, function) = &header.place;
    let name = format!("{file}:{line} {function}");
    // SAFETY: as above.
    let recorder = unsafe {
        Recorder::start(
            e.table,
            Rc::new(decoded),
            code,
            f,
            thread,
            header.target,
            name,
        )
    };
    let recorder = match (header.unrolling.is_wanted(), header.goes_around()) {
        (true, _) => recorder.unrolling(header.unrolling.way()),
        (false, true) => recorder.around(),
        (false, false) => recorder,
    };
    *e.recording.borrow_mut() = Some(Recording {
        recorder,
        code: keep(code),
        header: Rc::clone(header),
        branch: None,
        closed: false,
    });
    set_events(e, code, e.monitoring.instruction);
}

/// Gives up a recording whose frame is gone: an exception that leaves the frame, or the end of its
/// thread, is not among the events that we get.
fn abandon_dead_recording(e: &Engine) {
    let Ok(mut recording) = e.recording.try_borrow_mut() else {
        return;
    };
    // SAFETY: the GIL is held.
    let alive = |r: &Recording| unsafe { r.recorder.is_alive(&threads::all()) };
    let dead = recording.take_if(|r| !alive(r));
    drop(recording);
    if let Some(r) = dead {
        give_up(e, r, Reason::Raised.into());
    }
}

/// Ends a recording without a trace.
fn give_up(e: &Engine, r: Recording, why: Abort) {
    let Recording {
        recorder,
        code,
        header,
        branch,
        ..
    } = r;
    for code in [&code].into_iter().chain(&recorder.codes) {
        set_events(e, code.as_ptr(), 0);
    }
    e.budget.recorded(recorder.bytecodes);
    let way = recorder.way_so_far().map(<[u32]>::len);
    let on = branch.as_ref().map(|(version, guard)| (&**version, *guard));
    dump::aborted(e, &header, on, Some(recorder.place()), &why, Vec::new());
    // What it assumed is watched no more.
    drop(recorder);
    if let Some((version, guard)) = branch {
        version.tree.give_up(guard, &why);
        return;
    }
    match way {
        Some(bytecodes) => header.unrolling.failed(&why, bytecodes),
        None => header.give_up(why),
    }
    register(e, &header);
}

/// A branch that was recorded, or could not be, comes to nothing.
fn give_up_branch(e: &Engine, header: &Header, version: &Version, guard: u32, why: &Abort) {
    dump::aborted(e, header, Some((version, guard)), None, why, Vec::new());
    version.tree.give_up(guard, why);
}

/// Switches the INSTRUCTION events of a code object on or off.
fn set_events(e: &Engine, code: *mut ffi::PyObject, events: i64) {
    // SAFETY: the GIL is held; an error is cleared.
    unsafe {
        let (tool, events) = (
            ffi::PyLong_FromLong(TOOL.into()),
            ffi::PyLong_FromLongLong(events),
        );
        let f = e.monitoring.set_local_events.as_ptr();
        let null = std::ptr::null_mut::<ffi::PyObject>();
        let r = ffi::PyObject_CallFunctionObjArgs(f, tool, code, events, null);
        if r.is_null() {
            ffi::PyErr_Clear();
        }
        for o in [r, tool, events] {
            ffi::Py_XDECREF(o);
        }
    }
}

/// `INSTRUCTION`: (code, offset).
///
/// # Safety
/// Called by CPython with two arguments and the GIL held.
pub unsafe extern "C" fn on_instruction(
    _module: *mut ffi::PyObject,
    args: *mut *mut ffi::PyObject,
    n: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    let Some(e) = engine::get() else {
        return NONE();
    };
    if n < 2 {
        return NONE();
    }
    // SAFETY: two arguments; the current thread's frame.
    let (offset, thread, f) = unsafe {
        let thread = ffi::PyThreadState_Get();
        (
            ffi::PyLong_AsLong(*args.add(1)),
            thread,
            frame::current(e.table, thread),
        )
    };
    let mut reached = false;
    let called;
    let failed = {
        let Ok(mut recording) = e.recording.try_borrow_mut() else {
            return NONE();
        };
        let Some(r) = recording.as_mut() else {
            return NONE();
        };
        if !r.recorder.is_of(thread, f) || r.closed {
            return NONE();
        }
        let known = r.recorder.codes.len();
        let step = r.recorder.step(f, offset as u32);
        called = r
            .recorder
            .codes
            .get(known..)
            .map_or(Vec::new(), <[Strong]>::to_vec);
        match step {
            Ok(Step::More) => None,
            Ok(Step::Closed) => {
                r.closed = true;
                None
            }
            Ok(Step::AtHeader) => {
                reached = true;
                None
            }
            Err(why) => recording.take().map(|r| (r, why)),
        }
    };
    match failed {
        Some((r, why)) => give_up(e, r, why),
        None => called
            .iter()
            .for_each(|code| set_events(e, code.as_ptr(), e.monitoring.instruction)),
    }
    if reached {
        // The way to the header was no jump: nothing is entered from here.
        finish(e);
    }
    NONE()
}

fn register(e: &Engine, header: &Rc<Header>) {
    let mut all = e.headers.borrow_mut();
    if !header.is_listed.replace(true) {
        if all.len() >= MAX_REPORTED {
            // A program that makes code all the time: the report forgets what is gone.
            all.retain(|h| !h.is_dead.get());
        }
        all.push(Rc::clone(header));
        drop(all);
        dump::announce(e, header);
    }
}

/// The recorded iteration is whole: compile it.
fn finish(e: &Engine) {
    let Some(r) = e.recording.borrow_mut().take() else {
        return;
    };
    for code in [&r.code].into_iter().chain(&r.recorder.codes) {
        set_events(e, code.as_ptr(), 0);
    }
    e.budget.recorded(r.recorder.bytecodes);
    register(e, &r.header);
    if let Some((version, guard)) = r.branch {
        match tree::add(
            e,
            &version,
            r.recorder,
            r.header.patience.get(),
            may_compile(e, version.tree.is_foreign),
        ) {
            Ok(Some(grown)) => r.header.grown(e, &version, grown, Origin::Branches),
            Ok(None) => {}
            Err(why) => give_up_branch(e, &r.header, &version, guard, &why),
        }
        return;
    }
    r.header.count.set(0);
    let way = r.recorder.way_so_far().map(Rc::from);
    let unrolls = way.is_some();
    if way.is_some_and(|way| !r.header.unrolling.went(way)) {
        return;
    }
    if !may_compile(e, tree::is_foreign(r.recorder.trace())) {
        *r.header.last_abort.borrow_mut() = Some(Reason::Budget.into());
        r.header.sleep(e, false);
        return;
    }
    // Where variables do not settle, each combination of types has a path of its own.
    let mixed = r.header.unstable.get() >= MIXED_FROM;
    let is_wanted = gains(&r.recorder) || e.options.borrow().all;
    let notes = match is_wanted {
        true => Vec::new(),
        false => dump::notes_of(&r.recorder),
    };
    let compiled = match is_wanted {
        true => tree::compile(e, Tree::new(mixed, unrolls), r.recorder),
        false => Err(Abort::new(Reason::NoGain, r.recorder.residual_names())),
    };
    if unrolls {
        r.header.unrolling.compiled(compiled.is_ok());
    }
    match compiled {
        Ok(version) => {
            dump::compiled(e, &r.header, &version, Origin::Hot, None);
            r.header.versions.borrow_mut().push(Rc::new(version));
            *r.header.state.borrow_mut() = State::Compiled;
        }
        Err(why) => {
            dump::aborted(e, &r.header, None, None, &why, notes);
            // In other ways it may yet be compiled.
            if !unrolls {
                r.header.give_up(why);
            }
        }
    }
}

/// Whether native code may be faster: no more goes through the interpreter's protocols than is called directly.
fn gains(recorder: &Recorder) -> bool {
    recorder.residual <= recorder.foreign
}

/// Runs native code, from loop to loop where a path of one leads to another.
///
/// # Safety
/// `f` is the current frame, stopped in the JUMP callback of this loop.
unsafe fn enter(
    e: &Engine,
    header: &Rc<Header>,
    code: *mut ffi::PyObject,
    thread: *mut ffi::PyThreadState,
    f: *mut u8,
) {
    let mut header = Rc::clone(header);
    loop {
        // SAFETY: the caller's promise.
        if unsafe { !may_run(e, code, thread, f) } || !run::may_nest(e, thread) {
            return;
        }
        let Some(version) = version_for(e, &header, f) else {
            header.sweep();
            if header.is_left_alone() {
                return;
            }
            if header.versions.borrow().len() < MAX_VERSIONS {
                count(e, &header, code, thread, f);
            }
            header.missed(e.options.borrow().all);
            return;
        };
        if !run::may_call(e, &version, thread) || handoff::is_in_vain(&version.compiled.sites) {
            return;
        }
        // SAFETY: the caller's promise.
        let ended = unsafe { run::run(e, &version, thread, f) };
        let Some(exit) = version.compiled.exits.get(ended.exit) else {
            return;
        };
        let next = version.leads_to(exit);
        let hot = header.patience.get();
        let growth = version.tree.failed(&version, exit, hot, || {
            may_compile(e, version.tree.is_foreign)
        });
        // On the way to a neighbour it saves more than its iterations tell.
        let cost = match next {
            None => worth::leaving(exit.frames.len()),
            Some(_) => 0,
        };
        let saved = version.saved_by(ended.iterations, ended.exit);
        let saved = saved.saturating_sub(cost.saturating_add(ended.shortfall));
        e.budget.earn(saved);
        let stays = matches!(growth, Growth::Never);
        let run = (ended.iterations, saved);
        header.ran(&version, run, stays, e.options.borrow().all);
        match growth {
            Growth::Now(guard) => {
                let place = (code, thread, f);
                grow(e, &header, &version, guard, place, &ended.calls());
            }
            Growth::Restart(branch) => match tree::restart(e, &version, branch) {
                Ok(grown) => header.grown(e, &version, grown, Origin::Restart),
                Err(_) => version.tree.forgo(branch),
            },
            // A recording goes on from what waits.
            Growth::Compile if e.recording.try_borrow().is_ok_and(|r| r.is_none()) => {
                match tree::compile_pending(e, &version) {
                    Ok(Some(grown)) => header.grown(e, &version, grown, Origin::Branches),
                    Ok(None) => {}
                    Err(_) => version.tree.grow_singly(),
                }
            }
            Growth::Starved => version.is_starved.set(true),
            Growth::Never | Growth::Later | Growth::Compile => {}
        }
        // SAFETY: the caller's promise.
        unsafe { ended.finish(e) };
        // Not before: what a call in the middle has raised was pending.
        if header.entries.get().is_multiple_of(WAKE_EVERY) {
            sample::revive();
            dump::tick(e);
            wake(e);
        }
        let next = next.and_then(|target| loops::header(e, code, target));
        let is_compiled = |next: &Rc<Header>| {
            matches!(*next.state.borrow(), State::Compiled) && !next.is_asleep(e)
        };
        let Some(next) = next.filter(is_compiled) else {
            return;
        };
        header = next;
    }
}

/// The version of a loop that fits the frame.
fn version_for(e: &Engine, header: &Header, f: *mut u8) -> Option<Rc<Version>> {
    let versions = header.versions.borrow();
    let fits = |version: &&Rc<Version>| version.holds() && run::fits(e, version, f);
    versions.iter().find(fits).map(Rc::clone)
}

/// Records a branch at a guard, where native code has just left.
fn grow(
    e: &Engine,
    header: &Rc<Header>,
    version: &Rc<Version>,
    guard: u32,
    (code, thread, f): (*mut ffi::PyObject, *mut ffi::PyThreadState, *mut u8),
    calls: &[*mut u8],
) {
    // SAFETY: the current frame, stopped in the callback.
    if unsafe { !may_run(e, code, thread, f) }
        || !version.holds()
        || e.recording.try_borrow().map_or(true, |r| r.is_some())
    {
        return;
    }
    let Some(decoded) = frame::decoded(e.table, code) else {
        return;
    };
    // SAFETY: as above.
    let recorder = unsafe {
        Recorder::resume(
            e.table,
            Rc::new(decoded),
            (code, f, thread),
            header.target,
            &tree::recorded(version),
            (guard as usize, calls),
        )
    };
    match recorder {
        Ok(recorder) => {
            let codes = recorder.codes.iter().map(Strong::as_ptr);
            let codes: Vec<*mut ffi::PyObject> = codes.collect();
            *e.recording.borrow_mut() = Some(Recording {
                recorder,
                code: keep(code),
                header: Rc::clone(header),
                branch: Some((Rc::clone(version), guard)),
                closed: false,
            });
            for code in [code].into_iter().chain(codes) {
                set_events(e, code, e.monitoring.instruction);
            }
        }
        Err(why) => give_up_branch(e, header, version, guard, &why),
    }
}

/// `PyDict_EVENT_DEALLOCATED`, Include/cpython/dictobject.h.
const DEALLOCATED: c_int = 5;

/// A watched dict changes.
///
/// # Safety
/// Called by CPython; see `PyDict_WatchCallback`.
pub unsafe extern "C" fn on_dict(
    event: c_int,
    dict: *mut ffi::PyObject,
    key: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
) -> c_int {
    // PyDict_EVENT_ADDED, MODIFIED, DELETED name a key; CLONED, CLEARED, DEALLOCATED do not.
    // A key that is no exact str may equal any name.
    // SAFETY: a live object, or NULL for the events that name none.
    let key = if event <= 2 && unsafe { ffi::PyUnicode_CheckExact(key) } != 0 {
        key
    } else {
        std::ptr::null_mut()
    };
    if let Some(e) = engine::get()
        && e.registry
            .dict_changed(dict, key, value, event == DEALLOCATED)
    {
        run::leave_fallen(e);
    }
    0
}

/// A watched class changes.
///
/// # Safety
/// Called by CPython; see `PyType_WatchCallback`.
pub unsafe extern "C" fn on_type(ty: *mut ffi::PyObject) -> c_int {
    if let Some(e) = engine::get()
        && e.registry.type_changed(ty)
    {
        run::leave_fallen(e);
    }
    0
}

/// A function in Python is made, changes or goes.
///
/// # Safety
/// Called by CPython; see `PyFunction_WatchCallback`.
pub unsafe extern "C" fn on_function(
    event: c_int,
    function: *mut ffi::PyObject,
    _value: *mut ffi::PyObject,
) -> c_int {
    // PyFunction_EVENT_CREATE
    if event != 0
        && let Some(e) = engine::get()
        && e.registry.function_changes(function)
    {
        run::leave_fallen(e);
    }
    0
}

/// The object of a borrowed pointer, kept.
pub fn keep(o: *mut ffi::PyObject) -> Strong {
    Object(o).strong()
}
