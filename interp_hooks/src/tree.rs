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
use crate::record::{Recorded, Recorder};
use crate::{inside, resume};
use jit::{Exit, Types};
use pyo3_ffi as ffi;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use traces::{Abort, Op, Reason, Resume, SnapId, Trace};

/// How often a guard fails before a branch is recorded there. Where loops are hot sooner, so are guards.
const HOT_EXIT: u32 = 32;
/// How many branches a tree may have.
const MAX_BRANCHES: usize = 32;
/// How many instructions of the naive trace a tree may have: what the code generator compiles in about 20 ms.
const MAX_SIZE: usize = 8000;
/// How often a branch is tried.
const MAX_ATTEMPTS: u32 = 6;

/// After how many exits a tree is compiled again, by the microseconds that it took the last time: about what the
/// exits cost meanwhile.
const US_PER_EXIT: u64 = 4;

/// Whether a tree grows where it was left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Growth {
    /// It does not: something else was the matter than a guard, or it is given up, or the tree is large.
    Never,
    /// Where it happens more often.
    Later,
    /// A branch is to be recorded at this guard, by its naive instruction.
    Now(u32),
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
    /// The references that the constants need.
    keep: Vec<Strong>,
    /// Objects to hold while a run is inside: the flag falls before their owner lets them go.
    pub hold: Vec<*mut ffi::PyObject>,
    /// Objects that may have died since they were recorded, each with a weak reference to it. A run
    /// holds them.
    pub weak: Vec<(Strong, *mut ffi::PyObject)>,
    /// What an iteration saves, in ns; see [`loops::saved`].
    saved: u64,
    /// Whether variables may change their types from one iteration to the next.
    mixed: bool,
    /// Whether it has as many branches, or as many instructions, as it may have.
    is_full: bool,
    /// The branches that the preamble has too.
    restarts: HashSet<SnapId>,
    /// By the index of their naive instruction.
    guards: RefCell<HashMap<u32, Guard>>,
}

impl Tree {
    /// A tree that has not been recorded yet.
    pub fn new(mixed: bool) -> Tree {
        Tree {
            mixed,
            ..Tree::default()
        }
    }

    /// The tree with what a recording adds to it.
    ///
    /// # Errors
    /// An assumption fell meanwhile.
    fn with(mut self, recorder: Recorder) -> Result<Tree, Abort> {
        let saved = loops::saved(recorder.foreign, recorder.bytecodes);
        let Recorded {
            trace,
            assumptions,
            keep,
            mut hold,
            weak,
        } = recorder.into_trace();
        if self.naive.insts.is_empty() {
            self.saved = saved;
        }
        let branches = trace.insts.iter().filter(|i| i.op == Op::Branch);
        self.is_full = branches.count() >= MAX_BRANCHES || trace.insts.len() >= MAX_SIZE;
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

    /// Counts an exit of the machine code, where loops are hot after so many turns. `may_compile` is asked when it
    /// would grow.
    pub fn failed(
        &self,
        version: &Version,
        exit: &Exit,
        hot: u32,
        may_compile: impl FnOnce() -> bool,
    ) -> Growth {
        let Some(origin) = growable(version, exit) else {
            return Growth::Never;
        };
        // This is done at each exit.
        let snap = self.naive.insts.get(origin as usize).and_then(|i| i.snap);
        if self.is_full || snap.is_some_and(|snap| self.restarts.contains(&snap)) {
            return Growth::Never;
        }
        let mut guards = self.guards.borrow_mut();
        let guard = guards.entry(origin).or_default();
        if guard.given_up {
            return Growth::Never;
        }
        guard.failed += 1;
        // Never the first time: what is done once ends once. And what it took to compile the tree has to come back.
        let mut patience = (2 * hot).min(HOT_EXIT);
        if patience == HOT_EXIT {
            patience = patience.max((version.compile_us / US_PER_EXIT) as u32);
        }
        if guard.failed < patience << guard.attempts {
            return Growth::Later;
        }
        if !may_compile() {
            guard.failed = 0;
            return Growth::Never;
        }
        self.branch_of(origin)
            .map_or(Growth::Now(origin), Growth::Restart)
    }

    /// The snapshot of a guard, where it has a branch.
    fn branch_of(&self, guard: u32) -> Option<SnapId> {
        let snap = self.naive.insts.get(guard as usize)?.snap?;
        self.naive.branches().contains_key(&snap).then_some(snap)
    }

    /// The preamble has to do without a branch.
    pub fn forgo(&self, branch: SnapId) {
        let insts = self.naive.insts.iter().enumerate();
        let mut guards = self.guards.borrow_mut();
        for (at, _) in insts.filter(|(_, inst)| inst.snap == Some(branch)) {
            guards.entry(at as u32).or_default().given_up = true;
        }
    }

    /// A recording that was to begin at a guard came to nothing.
    pub fn give_up(&self, guard: u32, why: &Abort) {
        let mut guards = self.guards.borrow_mut();
        let guard = guards.entry(guard).or_default();
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

/// Compiles a tree with what a recording adds to it.
///
/// # Errors
/// Why the loop, or the branch, is left to the interpreter.
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
    let mut tree = version.tree.clone();
    tree.restarts.insert(branch);
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

fn build(e: &Engine, tree: Tree, place: Place) -> Result<Version, Abort> {
    let types = match tree.mixed {
        true => Types::Mixed,
        false => Types::Settled,
    };
    let (compiled, compile_us) = e.budget.charge(|| {
        let trace = jit::optimise_with(&tree.naive, types, &tree.restarts)?;
        let target = e.target.borrow();
        let want_text = e.options.borrow().dump.is_some();
        let compiled = jit::compile(&trace, &target, want_text)?;
        Ok::<_, Abort>((trace, compiled))
    });
    let (trace, compiled) = compiled?;
    if !tree.holds() {
        let what = "an assumption fell while the loop was compiled";
        return Err(Abort::new(Reason::Confused, what));
    }
    if let Some(folder) = &e.options.borrow().dump {
        crate::dump::write(folder, &tree.naive, &trace, &compiled);
    }
    Ok(Version {
        behind_calls: resume::behind_calls(&compiled, &trace),
        standing: inside::standing(e, &compiled, &trace),
        calls: resume::deepest(&trace),
        exit_names: loops::exit_names(&compiled.exits, &trace, &place.decoded, place.code),
        taken: RefCell::new(vec![0; compiled.exits.len()]),
        wants: loops::wants(&trace),
        compile_us,
        saved: tree.saved,
        balance: Cell::new(0),
        compiled,
        trace,
        tree,
        code: place.code,
        namespaces: place.namespaces,
    })
}
