//! Loops: counting, the compiled versions of a header, why a loop is left alone.

use crate::cpython::decode::Decoded;
use crate::cpython::{Opcode, frame, pairs};
use crate::dump;
use crate::engine::Engine;
use crate::inside::Standing;
use crate::place::Lines;
use crate::py::Strong;
use crate::tools::Told;
use crate::tree::Tree;
use crate::unroll::Unrolling;
use crate::worth;
use jit::Compiled;
use pyo3_ffi as ffi;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::{c_int, c_void};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use traces::dump::{AbortRecord, Origin};
use traces::{Abort, Field, Imm, Inst, Op, Trace, Value};

/// How many versions (by the types at entry) a header may have.
pub const MAX_VERSIONS: usize = 4;
/// How often a recording is tried, and how many versions may go because they lost time.
const MAX_ATTEMPTS: u32 = 3;
/// As `MAX_ATTEMPTS`, where something was not as the recorder took it for: of each variable that it took for a constant it
/// learns from the second fall that it is none, and there may be a few.
const MAX_SURPRISES: u32 = 10;
/// After how many attempts every other one may lead around the loop: out of it, and into it again.
const AROUND_FROM: u32 = 4;
/// How many versions of a loop may go because an object that they name died.
const MAX_DEATHS: u32 = 8;

/// After how many back edges a recording that left the loop is followed by another: numbers that no
/// usual length of a loop divides.
const PHASES: [u32; 9] = [2, 3, 5, 11, 23, 47, 97, 197, 397];

/// What must lie in a slot for a version to be worth entering.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// An object of exactly this type.
    Type(usize),
    /// This very object.
    Object(usize),
    /// An `enumerate` or `zip`, which was asked for before, whose iterator of this number is of exactly this type.
    Source(usize, usize),
}

/// What a version may lose before it goes, and what it may have in reserve, in ns.
const MAX_LOSS: i64 = 500_000;
/// A compiled version of a loop.
pub struct Version {
    /// What tools were told of the machine code, which goes behind it.
    pub told: Told,
    /// Its number, which no other version of any loop has.
    pub number: u32,
    /// The machine code and its exits.
    pub compiled: Compiled,
    /// What was recorded.
    pub tree: Tree,
    /// What the preamble guards first, for choosing among versions.
    pub wants: Vec<(u16, Wanted)>,
    /// The trace that was compiled (its constants' addresses rebuild frames).
    pub trace: Trace,
    /// What to call each exit in a report.
    pub exit_names: Vec<String>,
    /// For each exit, where its frames that wait for a call go on, outermost first.
    pub behind_calls: Vec<Vec<u32>>,
    /// For each record of a call, the callees' frames as they stand meanwhile.
    pub standing: Vec<Vec<Standing>>,
    /// How many calls may be under way at once.
    pub calls: i32,
    /// How often each exit was taken.
    pub taken: RefCell<Vec<u64>>,
    /// Recording to machine code, in microseconds.
    pub compile_us: u64,
    /// What the optimiser took of that.
    pub optimise_us: u64,
    /// How often it was entered, and how many iterations it made.
    pub entries: Cell<u64>,
    /// See `entries`.
    pub iterations: Cell<u64>,
    /// How often it was left for a sample, which is no exit of the program's.
    pub sampled: Cell<u64>,
    /// What it was seen to take, and the interpreter in calls of it, in microseconds; see [`crate::sample`].
    pub native_us: Cell<u64>,
    /// See `native_us`.
    pub called_us: Cell<u64>,
    /// What an iteration saves, in ns.
    pub saved: i64,
    /// For each exit, what the iteration that takes it has saved by then.
    pub saved_at: Vec<i64>,
    /// What it has saved less what entering and leaving it has cost, in ns: whether it is worth entering.
    pub balance: Cell<i64>,
    /// The same of the runs that ended where its tree does not grow any more.
    pub settled: Cell<i64>,
    /// Whether it would have grown, but for the share of the run time that the compiler may take.
    pub is_starved: Cell<bool>,
    /// Its tree with branches that wait to be compiled.
    pub pending: RefCell<Option<Tree>>,
    /// How often it was left where its tree may grow.
    pub exits: Cell<u32>,
    /// The code object that was recorded.
    pub code: *mut ffi::PyObject,
    /// The namespaces that it was recorded under: globals, builtins.
    pub namespaces: [*mut ffi::PyObject; 2],
}

impl Version {
    /// Whether it may still be entered: no assumption fell, and nothing that it names has died.
    pub fn holds(&self) -> bool {
        self.tree.holds() && self.is_alive()
    }

    /// Whether nothing that it names has died.
    fn is_alive(&self) -> bool {
        let is_there = |(weak, object): &(Strong, *mut ffi::PyObject)| {
            // SAFETY: a live weak reference; the result is borrowed and only compared.
            unsafe { ffi::PyWeakref_GetObject(weak.as_ptr()) == *object }
        };
        self.tree.weak.iter().all(is_there)
    }

    /// What a run has saved that passed the header so often and ended in this exit, in ns.
    pub fn saved_by(&self, iterations: u64, exit: usize) -> i64 {
        let iterations = i64::try_from(iterations).unwrap_or(i64::MAX);
        let last = self.saved_at.get(exit).copied().unwrap_or(0);
        iterations.saturating_mul(self.saved).saturating_add(last)
    }

    /// The code objects of the calls that are part of it.
    pub fn callees(&self) -> impl Iterator<Item = *mut ffi::PyObject> {
        let code = |f: &traces::Inlined| self.trace.obj(f.code).addr as *mut ffi::PyObject;
        self.trace.inlined.iter().map(code)
    }

    /// The header of the loop to which a path led that ends in this exit.
    pub fn leads_to(&self, exit: &jit::Exit) -> Option<u32> {
        let inst = self.trace.insts.get(exit.inst as usize)?;
        (inst.op == Op::Leave).then_some(exit.inner().pc)
    }

    /// The exits taken so far, each with its text.
    fn exits_taken(&self) -> Vec<(String, u64)> {
        let taken = self.taken.borrow();
        let exits = self.exit_names.iter().zip(taken.iter());
        exits
            .filter(|(_, n)| **n > 0)
            .map(|(name, &n)| (name.clone(), n))
            .collect()
    }
}

/// What to call the exits of a trace: the op that leaves, and the line where the interpreter goes on.
pub fn exit_names(
    exits: &[jit::Exit],
    trace: &Trace,
    decoded: &Decoded,
    code: *mut ffi::PyObject,
) -> Vec<String> {
    let lines = Lines::of(code);
    let name = |exit: &jit::Exit| {
        let pc = exit.outer().pc;
        let opcode = decoded.at(pc).map_or(Opcode::Unknown, |i| i.opcode);
        let op = exit_op(exit, trace, opcode);
        format!("{op} at line {}", lines.at(pc))
    };
    exits.iter().map(name).collect()
}

/// The op that leaves by an exit in front of a bytecode, or what stands for it where a `for` ends.
pub fn exit_op(exit: &jit::Exit, trace: &Trace, at: Opcode) -> &'static str {
    let op = trace.insts.get(exit.inst as usize).map(|inst| inst.op);
    match op {
        Some(Op::GuardTrue | Op::GuardFalse)
            if matches!(at, Opcode::FOR_ITER | Opcode::END_FOR) =>
        {
            "loop_end"
        }
        op => op.map_or("?", Op::mnemonic),
    }
}

/// The state of a loop.
#[derive(Clone)]
pub enum State {
    /// Not hot yet.
    Counting,
    /// Has at least one version.
    Compiled,
    /// Left to the interpreter for good.
    LeftAlone(Abort),
}

/// A loop header.
pub struct Header {
    /// Its number, which no other loop has.
    pub number: u32,
    /// Its code object, as long as that lives: see `is_dead`.
    pub code: *mut ffi::PyObject,
    /// The last offset in it, once somebody has asked.
    end: Cell<Option<u32>>,
    /// Whether it became hot, and the report knows it.
    pub is_listed: Cell<bool>,
    /// How long the interpreter was seen to run for it, in microseconds.
    pub interpreted_us: Cell<u64>,
    /// Byte offset of the first bytecode of the loop.
    pub target: u32,
    /// File, line and function, for people.
    pub place: (String, u32, String),
    /// Back edges taken since the last recording (or since a version was missing).
    pub count: Cell<u32>,
    /// The state.
    pub state: RefCell<State>,
    /// The versions.
    pub versions: RefCell<Vec<Rc<Version>>>,
    /// Why the last recording was given up.
    pub last_abort: RefCell<Option<Abort>>,
    /// The same as a record, with the place, for those who ask.
    pub last_place: RefCell<Option<AbortRecord>>,
    /// Recordings given up so far.
    pub attempts: Cell<u32>,
    /// How many of them because variables changed their types.
    pub unstable: Cell<u32>,
    /// Versions that went because they lost time.
    pub losses: Cell<u32>,
    /// Versions that went because an object that they name died.
    pub deaths: Cell<u32>,
    /// Native runs.
    pub entries: Cell<u64>,
    /// Iterations in native code.
    pub iterations: Cell<u64>,
    /// Whether the code object is gone.
    pub is_dead: Cell<bool>,
    /// Exits of versions that are gone, by their text.
    pub past_exits: RefCell<BTreeMap<String, u64>>,
    /// How many back edges wait before the next recording.
    pub patience: Cell<u32>,
    /// Whether it is recorded with the short loops in it, or in one around it.
    pub unrolling: Unrolling,
    /// The night that the loop sleeps or has slept, which is not entered then; see [`crate::budget`].
    pub sleeps: Cell<Option<u32>>,
}

impl Header {
    /// Whether the next recording may lead around the loop.
    pub fn goes_around(&self) -> bool {
        let attempts = self.attempts.get();
        attempts >= AROUND_FROM && attempts.is_multiple_of(2)
    }

    /// A recording was given up: try again later, or leave the loop alone.
    pub fn give_up(&self, why: Abort) {
        use traces::Reason::*;
        self.count.set(0);
        if why.reason == NotInlined {
            // The next recording, of the next iteration, calls it through the interpreter.
            self.count.set(self.patience.get());
            *self.last_abort.borrow_mut() = Some(why);
            return stop_watching();
        }
        *self.last_abort.borrow_mut() = Some(why.clone());
        // What lies around the loop says nothing about it.
        let around = self.goes_around() && matches!(why.reason, InnerLoop | TooLong);
        let attempts = self.attempts.get() + 1;
        self.attempts.set(attempts);
        let tries = match why.reason {
            TypeUnstable => {
                self.unstable.set(self.unstable.get() + 1);
                self.unstable.get()
            }
            _ => attempts,
        };
        // An iteration that left the loop says little about the others: a short loop may just have
        // been at its end, and is tried again at another place.
        let left = around || matches!(why.reason, LeftLoop | Raised);
        let patience = match PHASES.get(attempts as usize - 1) {
            Some(&phase) if left => phase,
            // It knows better at once.
            _ if why.reason == Confused => self.patience.get(),
            _ => self.patience.get().saturating_mul(4),
        };
        self.patience.set(patience);
        let most = match why.reason {
            _ if left => PHASES.len() as u32,
            Confused => MAX_SURPRISES,
            _ => MAX_ATTEMPTS,
        };
        let again = left || matches!(why.reason, TypeUnstable | Confused);
        if (!again || tries >= most) && self.versions.borrow().is_empty() {
            *self.state.borrow_mut() = State::LeftAlone(why);
        }
        stop_watching();
    }

    /// Has a loop that waits for the compiler sleep, unless it has a version for other types, or nobody could wake it; says
    /// whether it does.
    pub fn sleep(&self, e: &Engine, foreign: bool) -> bool {
        let is_bare = self.versions.borrow().is_empty();
        let night = is_bare.then(|| e.budget.sleep(foreign)).flatten();
        if night.is_some() {
            self.sleeps.set(night);
        }
        night.is_some()
    }

    /// Whether the loop waits for the compiler and is not entered meanwhile.
    pub fn is_asleep(&self, e: &Engine) -> bool {
        self.sleeps
            .get()
            .is_some_and(|night| e.budget.is_asleep(night))
    }

    /// No version fits what the variables hold: what it took to find out goes to the account of the worst.
    pub fn missed(&self, keep: bool) {
        let versions = self.versions.borrow();
        let worst = versions.iter().min_by_key(|v| v.balance.get()).cloned();
        drop(versions);
        if let Some(worst) = worst {
            self.judge(&worst, -worth::MISS_COST, true, keep);
        }
    }

    /// A version was entered and left after so many iterations of its peeled loop, which saved so much, in ns, by an exit that
    /// will stay one or not.
    pub fn ran(
        &self,
        version: &Rc<Version>,
        (iterations, saved): (u64, i64),
        stays: bool,
        keep: bool,
    ) {
        for entries in [&self.entries, &version.entries] {
            entries.set(entries.get() + 1);
        }
        for all in [&self.iterations, &version.iterations] {
            all.set(all.get() + iterations + 1);
        }
        self.judge(version, saved, stays, keep);
    }

    /// Whether a version stays, which has saved so much, in ns, or lost it. One that leaves again and again as soon as it
    /// is entered makes way for another recording, or, when that does not help, for the interpreter;
    /// unless it is to be kept.
    fn judge(&self, version: &Rc<Version>, saved: i64, stays: bool, keep: bool) {
        let balance = version.balance.get().saturating_add(saved);
        version.balance.set(balance.min(MAX_LOSS));
        if stays {
            let settled = version.settled.get().saturating_add(saved);
            version.settled.set(settled.min(MAX_LOSS));
        }
        // While a tree grows it leaves often: as much as it took to compile may be lost on top, since that is how long
        // each guard waits before it has a branch.
        let growing = i64::try_from(version.compile_us.saturating_mul(1000)).unwrap_or(i64::MAX);
        let only = self.versions.borrow().len() == 1;
        let starves = only && version.is_starved.get();
        let least = match starves || version.settled.get() < -MAX_LOSS {
            // It cannot grow now, or it is not for growing that it loses.
            true => -MAX_LOSS,
            false => -MAX_LOSS.saturating_add(growing),
        };
        if keep || balance > least {
            return;
        }
        if starves
            && version.is_starved.replace(false)
            && let Some(e) = crate::engine::get()
        {
            // It may yet come to something.
            version.balance.set(0);
            if let Some(night) = e.budget.sleep(version.tree.is_foreign) {
                self.sleeps.set(Some(night));
            }
            return;
        }
        self.forget("it lost time", |v| Rc::ptr_eq(v, version));
        self.unrolling.give_up();
        self.losses.set(self.losses.get() + 1);
        self.count.set(0);
        if !self.versions.borrow().is_empty() {
            return;
        }
        *self.state.borrow_mut() = if self.losses.get() < MAX_ATTEMPTS {
            State::Counting
        } else {
            State::LeftAlone(traces::Reason::ExitsTooOften.into())
        };
    }

    /// Forgets versions whose assumptions fell, or whose objects died. A loop whose objects die each time before the version
    /// has saved much is left alone: it would be recorded for ever.
    pub fn sweep(&self) {
        // A function that dies tells its watcher first: the assumption about it has fallen by then.
        let died = |v: &&Rc<Version>| !v.is_alive() && v.balance.get() < MAX_LOSS;
        let died = self.versions.borrow().iter().filter(died).count() as u32;
        self.deaths.set(self.deaths.get() + died);
        self.forget("what it took for granted changed", |v| !v.tree.holds());
        self.forget("an object that it names died", |v| !v.holds());
        if self.versions.borrow().is_empty() {
            self.unrolling.fell();
            self.count.set(0);
            *self.state.borrow_mut() = if self.deaths.get() < MAX_DEATHS {
                State::Counting
            } else {
                State::LeftAlone(traces::Reason::Dies.into())
            };
        }
    }

    /// The last offset in it.
    fn end(&self, e: &Engine) -> u32 {
        if self.end.get().is_none() && !self.is_dead.get() {
            let decoded = frame::decoded(e.table, self.code);
            // Behind the prefixes of the jump.
            let end = decoded.and_then(|d| Some(d.at(d.end_of_loop(self.target))?.next - 1));
            self.end.set(end);
        }
        self.end.get().unwrap_or(self.target)
    }

    /// Whether it is the interpreter's for good.
    pub fn is_left_alone(&self) -> bool {
        matches!(*self.state.borrow(), State::LeftAlone(_))
    }

    /// A version takes the place of the one that it grew from, where that is still there.
    pub fn grown(&self, e: &Engine, from: &Rc<Version>, version: Version, why: Origin) {
        if self.versions.borrow().iter().any(|v| Rc::ptr_eq(v, from)) {
            dump::compiled(e, self, &version, why, Some(from));
            self.forget("it has grown", |v| Rc::ptr_eq(v, from));
            // It will leave less often: half of what is owed is let off, not all, or it could grow for ever at a loss.
            let balance = from.balance.get();
            version.balance.set(balance.max(balance / 2));
            let settled = from.settled.get();
            version.settled.set(settled.max(settled / 2));
            self.versions.borrow_mut().push(Rc::new(version));
        }
    }

    /// Drops versions; what they did is kept for the report.
    pub fn forget(&self, why: &str, is_gone: impl Fn(&Rc<Version>) -> bool) {
        let gone: Vec<Rc<Version>> = {
            let mut versions = self.versions.borrow_mut();
            versions.extract_if(.., |v| is_gone(v)).collect()
        };
        if gone.is_empty() {
            return;
        }
        if let Some(e) = dump::engine() {
            gone.iter().for_each(|version| dump::gone(e, version, why));
        }
        let mut past = self.past_exits.borrow_mut();
        for (text, n) in gone.iter().flat_map(|v| v.exits_taken()) {
            *past.entry(text).or_default() += n;
        }
        drop((past, gone));
        stop_watching();
    }

    /// The exits taken so far, by their text.
    pub fn exits_taken(&self) -> BTreeMap<String, u64> {
        let mut all = self.past_exits.borrow().clone();
        for (text, n) in self.versions.borrow().iter().flat_map(|v| v.exits_taken()) {
            *all.entry(text).or_default() += n;
        }
        all
    }
}

/// Traces went: what none depends on any more need not be watched.
fn stop_watching() {
    if let Some(e) = crate::engine::get() {
        e.registry.sweep();
    }
}

/// The loops of one code object, kept in the code object's extra word.
#[derive(Default)]
struct CodeLoops {
    /// The last dump that it was in, and its number there.
    number: Cell<Option<(u32, u32)>>,
    headers: RefCell<Vec<Rc<Header>>>,
}

unsafe extern "C" {
    // CPython 3.12+, Include/cpython/code.h; not in the limited API.
    fn PyUnstable_Code_GetExtra(
        code: *mut ffi::PyObject,
        index: ffi::Py_ssize_t,
        extra: *mut *mut c_void,
    ) -> c_int;
    fn PyUnstable_Code_SetExtra(
        code: *mut ffi::PyObject,
        index: ffi::Py_ssize_t,
        extra: *mut c_void,
    ) -> c_int;
    fn PyUnstable_Eval_RequestCodeExtraIndex(
        free: unsafe extern "C" fn(*mut c_void),
    ) -> ffi::Py_ssize_t;
}

unsafe extern "C" fn free_loops(p: *mut c_void) {
    if !p.is_null() {
        // SAFETY: made by `Box::into_raw` below; the code object dies, and with it this word.
        let loops = unsafe { Box::from_raw(p.cast::<CodeLoops>()) };
        // The report still knows the loops; their machine code goes. What that lets go of may run Python code, which must not
        // find the code object.
        let headers = loops.headers.take();
        headers.iter().for_each(|header| header.is_dead.set(true));
        for header in headers {
            header.forget("its code object died", |_| true);
        }
    }
}

/// Asks for a word in every code object; `None` where none is left.
pub fn request_code_extra() -> Option<ffi::Py_ssize_t> {
    // SAFETY: the GIL is held; `free_loops` has the signature of `freefunc`.
    let i = unsafe { PyUnstable_Eval_RequestCodeExtraIndex(free_loops) };
    (i >= 0).then_some(i)
}

/// The loops of a code object that had a back edge; nothing where it had none.
fn known_loops(e: &Engine, code: *mut ffi::PyObject) -> Option<&'static CodeLoops> {
    let mut p = std::ptr::null_mut();
    // SAFETY: a live code object and our own index; the word is ours, and lives as long as the code object, which the
    // callers have.
    unsafe {
        if PyUnstable_Code_GetExtra(code, e.code_extra, &mut p) != 0 {
            ffi::PyErr_Clear();
            return None;
        }
        p.cast::<CodeLoops>().as_ref()
    }
}

/// The loops of a code object; the word for them is made on first use.
fn loops_of(e: &Engine, code: *mut ffi::PyObject) -> Option<&'static CodeLoops> {
    if let Some(known) = known_loops(e, code) {
        return Some(known);
    }
    let p = Box::into_raw(Box::new(CodeLoops::default())).cast();
    // SAFETY: as above.
    unsafe {
        if PyUnstable_Code_SetExtra(code, e.code_extra, p) != 0 {
            ffi::PyErr_Clear();
            free_loops(p);
            return None;
        }
    }
    known_loops(e, code)
}

/// The number of a code object in a dump; it is asked for once.
pub fn number_of(
    e: &Engine,
    (code, dump): (*mut ffi::PyObject, u32),
    ask: impl FnOnce() -> u32,
) -> u32 {
    let Some(loops) = loops_of(e, code) else {
        return ask();
    };
    match loops.number.get() {
        Some((of, number)) if of == dump => number,
        _ => {
            let number = ask();
            loops.number.set(Some((dump, number)));
            number
        }
    }
}

/// The innermost hot loop around a bytecode.
pub fn loop_at(e: &Engine, code: *mut ffi::PyObject, at: u32) -> Option<Rc<Header>> {
    let headers = known_loops(e, code)?.headers.try_borrow().ok()?;
    let around = |h: &&Rc<Header>| h.is_listed.get() && h.target <= at && at <= h.end(e);
    headers
        .iter()
        .filter(around)
        .max_by_key(|h| h.target)
        .cloned()
}

/// The version of a number, as long as it is there.
pub fn version_of(e: &Engine, number: u32) -> Option<Rc<Version>> {
    let headers = e.headers.try_borrow().ok()?;
    headers.iter().find_map(|header| {
        let versions = header.versions.try_borrow().ok()?;
        versions.iter().find(|v| v.number == number).cloned()
    })
}

/// A number that nothing else has.
pub fn next_number(last: &AtomicU32) -> u32 {
    last.fetch_add(1, Ordering::Relaxed) + 1
}

static LAST_LOOP: AtomicU32 = AtomicU32::new(0);
/// The number of the last version.
pub static LAST_VERSION: AtomicU32 = AtomicU32::new(0);

/// The header of a code object at a back edge's target; made on first use.
pub fn header(e: &Engine, code: *mut ffi::PyObject, target: u32) -> Option<Rc<Header>> {
    let loops = loops_of(e, code)?;
    let mut headers = loops.headers.try_borrow_mut().ok()?;
    if let Some(h) = headers.iter().find(|h| h.target == target) {
        return Some(Rc::clone(h));
    }
    let header = Rc::new(Header {
        number: next_number(&LAST_LOOP),
        code,
        end: Cell::default(),
        is_listed: Cell::default(),
        interpreted_us: Cell::default(),
        target,
        place: crate::place::of(e, code, target),
        count: Cell::new(0),
        state: RefCell::new(State::Counting),
        versions: RefCell::new(Vec::new()),
        last_abort: RefCell::new(None),
        last_place: RefCell::default(),
        attempts: Cell::new(0),
        unstable: Cell::new(0),
        losses: Cell::new(0),
        deaths: Cell::new(0),
        entries: Cell::new(0),
        iterations: Cell::new(0),
        is_dead: Cell::new(false),
        past_exits: RefCell::default(),
        patience: Cell::new(e.options.borrow().threshold),
        unrolling: Unrolling::default(),
        sleeps: Cell::default(),
    });
    headers.push(Rc::clone(&header));
    Some(header)
}

/// What the preamble of a trace guards about the slots at entry.
pub fn wants(trace: &Trace) -> Vec<(u16, Wanted)> {
    let defs = trace.definitions();
    let mut wants = Vec::new();
    for inst in trace.insts.iter().take_while(|i| i.op != Op::Label) {
        if matches!(
            inst.op.effect(),
            traces::Effect::Call | traces::Effect::RunsPython | traces::Effect::Store
        ) {
            break;
        }
        let def = |v: Option<&Value>| trace.insts.get(*defs.get(v?)?);
        let slot = |def: Option<&Inst>| match def.map(|def| (def.op, def.imm)) {
            Some((Op::LoadSlot, Imm::Slot(n))) => Some(n),
            _ => None,
        };
        let (Imm::Obj(id), guarded) = (inst.imm, def(inst.args.first())) else {
            continue;
        };
        let addr = trace.obj(id).addr as usize;
        // The object that an item of an object's fields, or of a tuple, is.
        let part = |item: Option<&Inst>| {
            let item = item.filter(|item| item.op == Op::LoadItem)?;
            let of = def(item.args.first()).filter(|of| of.op == Op::FieldAddr)?;
            match (of.imm, def(item.args.get(1)).map(|at| at.imm)) {
                (Imm::Field(field), Some(Imm::Int(at))) => Some((field, def(of.args.first()), at)),
                _ => None,
            }
        };
        let (items, n, one) = match part(guarded) {
            Some((Field::TupleItems, tuple, n)) => (part(tuple), n, false),
            other => (other, 0, true),
        };
        if let (Op::GuardType, Some((Field::InstanceSlots, of, at))) = (inst.op, items)
            && let (Some(slot), Ok(n)) = (slot(of), usize::try_from(n))
            && 8 * at == i64::from(pairs::SOURCE)
            && wants.iter().any(|&(known, wanted)| match wanted {
                Wanted::Type(ty) => known == slot && pairs::has_sources(ty, one),
                _ => false,
            })
        {
            wants.push((slot, Wanted::Source(n, addr)));
        }
        let Some(slot) = slot(guarded) else { continue };
        match inst.op {
            Op::GuardType => wants.push((slot, Wanted::Type(addr))),
            Op::GuardIs => wants.push((slot, Wanted::Object(addr))),
            _ => {}
        }
    }
    wants
}
