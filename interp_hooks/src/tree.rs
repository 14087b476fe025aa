//! The tree of a loop: all that was recorded of it, and how it grows.
//!
//! The trunk is the root path; where a guard fails often, the interpreter's way from there back to the header
//! is recorded as a branch, and the whole tree is compiled anew as one function: values stay in registers
//! across guards, and what holds at the header is what holds behind every path. A tree stops growing when
//! it is large; a guard whose recording comes to nothing is left to the interpreter.

use crate::assume::{Assumptions, Flag};
use crate::cpython::decode::Decoded;
use crate::cpython::frame;
use crate::engine::Engine;
use crate::loops::{self, Version};
use crate::py::Strong;
use crate::record::{Note, Recorded, Recorder};
use crate::worth;
use crate::{budget, dump, handoff, inside, resume, tools};
use jit::{Compiled, Exit, Request, Types};
use pyo3_ffi as ffi;
use std::cell::{Cell, RefCell, RefMut};
use std::collections::HashSet;
use std::rc::Rc;
use traces::{Abort, Op, Reason, Resume, SnapId, Trace};

/// How often a guard fails before a branch is recorded there. Where loops are hot sooner, so are guards.
const HOT_EXIT: u32 = 32;
/// How many branches a tree may have.
const MAX_BRANCHES: usize = 32;
/// How many instructions of the naive trace a tree may have: what is compiled in about 20 ms.
const MAX_SIZE: usize = 5000;
/// How often a branch is tried.
const MAX_ATTEMPTS: u32 = 6;

/// What an exit costs, in microseconds, for the number of them after which a tree is compiled again: until native code is
/// entered again the interpreter does the rest of the iteration, or that of a loop around the loop.
const US_PER_EXIT: u64 = 1;
/// As `US_PER_EXIT`, where the interpreter calls C functions or reads and writes C memory on the way.
const US_PER_FOREIGN_EXIT: u64 = 4;
/// About how many branches are compiled together: a guard that has failed for one part in so many of the exits is
/// worth one.
const BRANCHES_AT_ONCE: u32 = 16;

/// Whether a tree grows where it was left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Growth {
    /// It does not: something else was the matter than a guard, or it is given up, or the tree is large.
    Never,
    /// Where it happens more often.
    Later,
    /// A branch is to be recorded at this guard, by its naive instruction.
    Now(u32),
    /// It would, but the compiler has taken its share of the run time.
    Starved,
    /// The branches that wait are to be compiled.
    Compile,
    /// The preamble is to have the branch of this snapshot too.
    Restart(SnapId),
}

/// The guard that failed, by its naive instruction. In front of the label it is the same place of the program: the
/// branch keeps the loop going where it would otherwise be left and entered anew.
fn growable(version: &Version, exit: &Exit) -> Option<u32> {
    let inst = version.trace.insts.get(exit.inst as usize)?;
    if exit.resume != Resume::At || matches!(inst.op, Op::Check | Op::Leave) {
        return None;
    }
    let snap = version.trace.snaps.get(inst.snap?.0 as usize)?;
    Some(snap.origin)
}

/// Whether a trace calls C functions or reads and writes C memory.
pub fn is_foreign(trace: &Trace) -> bool {
    let mut insts = trace.insts.iter();
    insts.any(|inst| matches!(inst.op, Op::CCall | Op::Load | Op::Store))
}

/// A guard of a tree.
#[derive(Clone, Copy, Default)]
struct Guard {
    /// How often it failed since the last recording.
    failed: u32,
    /// Recordings that came to nothing.
    attempts: u32,
    /// No branch is recorded here any more.
    given_up: bool,
}

/// What was recorded of a loop.
#[derive(Clone, Default)]
pub struct Tree {
    /// The naive trace: the root path and the branches.
    pub naive: Trace,
    /// Whether an assumption of one of the recordings fell; see `assume`.
    pub flags: Vec<Flag>,
    /// Whether it calls C functions or reads and writes C memory.
    pub is_foreign: bool,
    /// The snapshots of the guards that have branches.
    branches: Vec<SnapId>,
    /// The references that the constants need.
    keep: Vec<Strong>,
    /// Objects to hold while a run is inside: the flag falls before their owner lets them go.
    pub hold: Vec<*mut ffi::PyObject>,
    /// Objects that may have died since they were recorded, each with a weak reference to it. A run
    /// holds them.
    pub weak: Vec<(Strong, *mut ffi::PyObject)>,
    /// What an iteration on the root path consists of.
    root: worth::Counts,
    /// What slows it down.
    pub notes: Vec<Note>,
    /// How many bytecodes its recordings went through.
    pub bytecodes: u32,
    /// Whether variables may change their types from one iteration to the next.
    mixed: bool,
    /// Whether the loops in it are unrolled.
    pub unrolls: bool,
    /// Whether it has as many branches, or as many instructions, as it may have.
    is_full: bool,
    /// Whether each branch is compiled by itself: several at once came to nothing.
    singly: Cell<bool>,
    /// The branches that the preamble has too.
    restarts: HashSet<SnapId>,
    /// By the index of their naive instruction; as many as were needed.
    guards: RefCell<Vec<Guard>>,
}

impl Tree {
    /// A tree that has not been recorded yet.
    pub fn new(mixed: bool, unrolls: bool) -> Tree {
        Tree {
            mixed,
            unrolls,
            ..Tree::default()
        }
    }

    /// The tree with what a recording adds to it.
    ///
    /// # Errors
    /// An assumption fell meanwhile.
    fn with(mut self, recorder: Recorder) -> Result<Tree, Abort> {
        let bytecodes = recorder.bytecodes;
        let counts = worth::Counts {
            bytecodes,
            foreign: recorder.foreign,
        };
        let Recorded {
            trace,
            assumptions,
            keep,
            mut hold,
            weak,
            notes,
        } = recorder.into_trace();
        for note in notes {
            let same = |known: &Note| (known.code, known.at) == (note.code, note.at);
            if !self.notes.iter().any(same) {
                self.notes.push(note);
            }
        }
        self.bytecodes = self.bytecodes.saturating_add(bytecodes);
        if self.naive.insts.is_empty() {
            self.root = counts;
        }
        let branches = trace.insts.iter().filter(|i| i.op == Op::Branch);
        self.branches = branches.filter_map(|branch| branch.snap).collect();
        self.is_full = self.branches.len() >= MAX_BRANCHES || trace.insts.len() >= MAX_SIZE;
        self.is_foreign = is_foreign(&trace);
        self.naive = trace;
        self.keep.extend(keep);
        self.hold.append(&mut hold);
        self.hold.sort_unstable();
        self.hold.dedup();
        self.weak.extend(weak);
        let (flag, types) = Assumptions::finish(assumptions)?;
        self.flags.push(flag);
        self.keep.extend(types);
        Ok(self)
    }

    /// Whether no assumption fell.
    pub fn holds(&self) -> bool {
        !self.flags.iter().any(|flag| flag.get())
    }

    /// Whether variables may change their types from one iteration to the next.
    pub fn is_mixed(&self) -> bool {
        self.mixed
    }

    /// The snapshots of the branches that the preamble has too.
    pub fn restarted(&self) -> Vec<u32> {
        let mut all: Vec<u32> = self.restarts.iter().map(|snap| snap.0).collect();
        all.sort_unstable();
        all
    }

    /// Counts an exit of the machine code, where loops are hot after so many turns. `may_compile` is asked when it
    /// would grow.
    pub fn failed(
        &self,
        version: &Version,
        exit: &Exit,
        hot: u32,
        may_compile: impl Fn() -> bool,
    ) -> Growth {
        let Some(origin) = growable(version, exit) else {
            return Growth::Never;
        };
        // This is done at each exit.
        let snap = self.naive.insts.get(origin as usize).and_then(|i| i.snap);
        if self.is_full || snap.is_some_and(|snap| self.restarts.contains(&snap)) {
            return Growth::Never;
        }
        let mut guard = self.guard(origin);
        if guard.given_up {
            return Growth::Never;
        }
        let patience = patience(version, hot);
        let exits = version.exits.get().saturating_add(1);
        version.exits.set(exits);
        if let Some(pending) = version.pending.borrow().as_ref() {
            if exits >= patience {
                return match may_compile() {
                    true => Growth::Compile,
                    false => starved(version, patience),
                };
            }
            let waits = pending.branch_of(origin).is_some() && self.branch_of(origin).is_none();
            if waits || pending.is_full {
                return Growth::Later;
            }
        }
        guard.failed += 1;
        let branch = self.branch_of(origin);
        let enough = match branch {
            None if patience >= HOT_EXIT => HOT_EXIT.max(patience / BRANCHES_AT_ONCE),
            _ => patience,
        };
        if guard.failed < enough << guard.attempts {
            return Growth::Later;
        }
        match branch {
            None => Growth::Now(origin),
            Some(branch) if may_compile() => Growth::Restart(branch),
            Some(_) => {
                guard.failed = 0;
                starved(version, patience)
            }
        }
    }

    /// The state of a guard.
    fn guard(&self, at: u32) -> RefMut<'_, Guard> {
        RefMut::map(self.guards.borrow_mut(), |guards| {
            let at = at as usize;
            if guards.len() <= at {
                guards.resize(at + 1, Guard::default());
            }
            &mut guards[at]
        })
    }

    /// How many recordings at a guard came to nothing.
    pub fn attempts(&self, guard: usize) -> u32 {
        self.guards
            .borrow()
            .get(guard)
            .map_or(0, |guard| guard.attempts)
    }

    /// The snapshot of a guard, where it has a branch.
    fn branch_of(&self, guard: u32) -> Option<SnapId> {
        let snap = self.naive.insts.get(guard as usize)?.snap?;
        self.branches.contains(&snap).then_some(snap)
    }

    /// Each branch is to be compiled by itself from now on: one that waited came to nothing.
    pub fn grow_singly(&self) {
        self.singly.set(true);
    }

    /// The preamble has to do without a branch.
    pub fn forgo(&self, branch: SnapId) {
        let insts = self.naive.insts.iter().enumerate();
        for (at, _) in insts.filter(|(_, inst)| inst.snap == Some(branch)) {
            self.guard(at as u32).given_up = true;
        }
    }

    /// A recording that was to begin at a guard came to nothing.
    pub fn give_up(&self, guard: u32, why: &Abort) {
        let mut guard = self.guard(guard);
        guard.failed = 0;
        if why.reason == Reason::NotInlined {
            return;
        }
        guard.attempts += 1;
        // Another time it may go another way.
        let again = matches!(
            why.reason,
            Reason::LeftLoop | Reason::Raised | Reason::Confused | Reason::InnerLoop
        );
        guard.given_up = !again || guard.attempts >= MAX_ATTEMPTS;
    }
}

/// How often a version is left before its tree is compiled again: as long as the exits take together what the compiler
/// took the last time. Never the first time: what is done once ends once.
fn patience(version: &Version, hot: u32) -> u32 {
    let cost = match version.tree.is_foreign {
        true => US_PER_FOREIGN_EXIT,
        false => US_PER_EXIT,
    };
    match (2 * hot).min(HOT_EXIT) {
        HOT_EXIT => HOT_EXIT.max((version.compile_us / cost) as u32),
        soon => soon,
    }
}

/// The compiler has taken its share; it is asked again a good deal later, since to look at the clock takes time.
fn starved(version: &Version, patience: u32) -> Growth {
    version.exits.set(patience.saturating_sub(HOT_EXIT));
    Growth::Starved
}

/// The tree of a version with the branches that wait.
pub fn recorded(version: &Version) -> Tree {
    let pending = version.pending.borrow();
    pending.as_ref().unwrap_or(&version.tree).clone()
}

/// Adds a branch to a version: has it wait until the tree is compiled anew with all that were recorded meanwhile, or
/// compiles it where that is due.
///
/// # Errors
/// Why the branch is left to the interpreter.
pub fn add(
    e: &Engine,
    version: &Version,
    recorder: Recorder,
    hot: u32,
    may_compile: bool,
) -> Result<Option<Version>, Abort> {
    let tree = recorded(version).with(recorder)?;
    let patience = patience(version, hot);
    let is_due = tree.singly.get() || patience < HOT_EXIT || version.exits.get() >= patience;
    *version.pending.borrow_mut() = Some(tree);
    match is_due && may_compile {
        true => compile_pending(e, version),
        false => Ok(None),
    }
}

/// Compiles the branches that wait. Where they come to nothing together, each is recorded again by itself.
///
/// # Errors
/// Why a single branch is left to the interpreter.
pub fn compile_pending(e: &Engine, version: &Version) -> Result<Option<Version>, Abort> {
    let Some(mut tree) = version.pending.take() else {
        return Ok(None);
    };
    let added = tree
        .branches
        .len()
        .saturating_sub(version.tree.branches.len());
    // Guards have failed since.
    tree.guards = version.tree.guards.clone();
    match rebuild(e, version, tree) {
        Ok(version) => Ok(Some(version)),
        Err(why) if added < 2 => Err(why),
        Err(_) => {
            version.tree.grow_singly();
            Ok(None)
        }
    }
}

/// Compiles the tree of a loop's root path.
///
/// # Errors
/// Why the loop is left to the interpreter.
pub fn compile(e: &Engine, tree: Tree, recorder: Recorder) -> Result<Version, Abort> {
    let place = Place {
        code: recorder.code(),
        namespaces: recorder.namespaces(),
        decoded: recorder.decoded(),
    };
    build(e, tree.with(recorder)?, place)
}

/// Compiles the tree of a version anew, whose preamble has this branch too.
///
/// # Errors
/// Why it has to do without.
pub fn restart(e: &Engine, version: &Version, branch: SnapId) -> Result<Version, Abort> {
    let mut tree = recorded(version);
    tree.guards = version.tree.guards.clone();
    tree.restarts.insert(branch);
    rebuild(e, version, tree)
}

/// Compiles a tree that a version has grown into.
fn rebuild(e: &Engine, version: &Version, tree: Tree) -> Result<Version, Abort> {
    let decoded = frame::decoded(e.table, version.code).ok_or(Reason::Confused)?;
    let place = Place {
        code: version.code,
        namespaces: version.namespaces,
        decoded: Rc::new(decoded),
    };
    build(e, tree, place)
}

/// What a tree was recorded of.
struct Place {
    code: *mut ffi::PyObject,
    namespaces: [*mut ffi::PyObject; 2],
    decoded: Rc<Decoded>,
}

/// For each exit, what the iteration that takes it has saved by then, in ns, as each naive instruction.
fn saved_at(saved: &[i64], trace: &Trace, compiled: &Compiled) -> Vec<i64> {
    let of = |exit: &Exit| {
        let snap = trace.insts.get(exit.inst as usize)?.snap?;
        let origin = trace.snaps.get(snap.0 as usize)?.origin;
        saved.get(origin as usize).copied()
    };
    compiled
        .exits
        .iter()
        .map(|exit| of(exit).unwrap_or(0))
        .collect()
}

fn build(e: &Engine, tree: Tree, place: Place) -> Result<Version, Abort> {
    let types = match tree.mixed {
        true => Types::Mixed,
        false => Types::Settled,
    };
    let number = loops::next_number(&loops::LAST_VERSION);
    let name = tools::name(&tree.naive.name, number);
    let saved = worth::up_to(&tree.naive, tree.root);
    let iteration = worth::iteration(&tree.naive, &saved);
    let (compiled, compile_us) = e.budget.charge(|| {
        let (trace, optimise_us) =
            budget::timed(|| jit::optimise_with(&tree.naive, types, &tree.restarts));
        let trace = trace?;
        let target = e.target.borrow();
        let request = Request {
            asm: false,
            marks: dump::is_on(e) || e.options.borrow().wants_lines(),
            shortfalls: worth::shortfalls(&tree.naive, &saved, iteration),
            name: name.clone(),
            stays: e.options.borrow().perf,
        };
        let compiled = jit::compile(&trace, &target, &request)?;
        Ok::<_, Abort>((trace, compiled, optimise_us))
    });
    let (trace, compiled, optimise_us) = compiled?;
    handoff::expect(&compiled.sites, &e.registry);
    if !tree.holds() {
        let what = "an assumption fell while the loop was compiled";
        return Err(Abort::new(Reason::Confused, what));
    }
    Ok(Version {
        told: e.tools.tell(e, &name, &trace, &compiled),
        number,
        optimise_us,
        entries: Cell::default(),
        iterations: Cell::default(),
        sampled: Cell::default(),
        native_us: Cell::default(),
        called_us: Cell::default(),
        behind_calls: resume::behind_calls(&compiled, &trace),
        standing: inside::standing(e, &compiled, &trace),
        calls: resume::deepest(&trace),
        exit_names: loops::exit_names(&compiled.exits, &trace, &place.decoded, place.code),
        taken: RefCell::new(vec![0; compiled.exits.len()]),
        wants: loops::wants(&trace),
        compile_us,
        saved: iteration,
        saved_at: saved_at(&saved, &trace, &compiled),
        balance: Cell::new(0),
        settled: Cell::new(0),
        pending: RefCell::default(),
        is_starved: Cell::new(false),
        exits: Cell::new(0),
        compiled,
        trace,
        tree,
        code: place.code,
        namespaces: place.namespaces,
    })
}
