//! The optimiser: a naive trace in, a short preamble and a peeled loop out.
//!
//! One forward walk does the work ([`forward`]): it copies the trace, op by op, into a new one,
//! under a [`state`] that knows what the frame's slots and the fields of objects hold and what
//! is known about each value. The walk runs twice over the same trace ([`peel`]): the first copy
//! is the preamble and starts with knowing nothing, the second is the body of the loop and
//! starts with what holds each time the loop comes round. What neither a side effect nor an exit
//! needs is swept out behind it ([`dce`]).
//!
//! | file | idea |
//! | --- | --- |
//! | [`forward`] | the walk, emission, common subexpressions |
//! | [`state`] | what is known at a point of the trace |
//! | [`slots`] | the frame: deferred stores, completed snapshots |
//! | [`calls`] | calls, and what they make forgotten |
//! | [`heap`] | fields of objects: repeated loads, loads behind stores |
//! | [`memory`] | C memory: likewise, within an iteration |
//! | [`facts`] | guards: what is proved already, and what they prove |
//! | [`boxes`] | boxing undone by unboxing |
//! | [`structs`] | structs in registers: objects and memory that need not exist |
//! | [`instances`] | instances of classes in Python that need not exist |
//! | [`fold`] | arithmetic on constants, identities |
//! | [`range`] | intervals of integers |
//! | [`peel`] | the loop: its parameters and what holds at its header |
//! | [`restart`] | branches of the preamble |
//! | [`induct`] | parameters of the loop that move in step |
//! | [`sink`] | iterators that a path makes and comes to the end of |
//! | [`lend`] | operands of foreign calls that nobody need own |
//! | [`dce`] | dead code, dead parameters, renumbering |

mod boxes;
mod calls;
mod dce;
mod facts;
mod fold;
mod forward;
mod heap;
mod induct;
mod instances;
mod items;
mod lend;
mod memory;
mod peel;
mod range;
mod restart;
mod sink;
mod slots;
mod state;
mod structs;
mod tuples;

use peel::Peeled;
pub use peel::Types;
use std::collections::HashSet;
use traces::{Abort, Helper, Imm, Inst, Reason, SnapId, Stage, Trace};

/// The optimised form of a naive trace: the preamble, `label`, the body, `jump`.
///
/// A trace whose second iteration cannot run under what its first one leaves behind (its
/// variables change their types) is refused with [`traces::Reason::TypeUnstable`].
pub fn optimise(trace: &Trace) -> Result<Trace, Abort> {
    optimise_with(trace, Types::Settled, &HashSet::new())
}

/// As [`optimise`], where variables that change their types may be allowed, and the preamble has the branches of
/// these (naive) snapshots too.
///
/// # Errors
/// As [`optimise`].
pub fn optimise_with(
    trace: &Trace,
    types: Types,
    restarts: &HashSet<SnapId>,
) -> Result<Trace, Abort> {
    passes(trace, types, restarts, |_, _| {})
}

/// As [`optimise_with`]; `seen` is handed the name of each pass and what it gave, one after the other.
///
/// # Errors
/// As [`optimise`]: the passes in front of the one that refuses have been handed over then.
pub fn passes(
    trace: &Trace,
    types: Types,
    restarts: &HashSet<SnapId>,
    mut seen: impl FnMut(&'static str, &Trace),
) -> Result<Trace, Abort> {
    check("recording", trace, Stage::Naive)?;
    let mut work = Work {
        naive: trace,
        types,
        restarts,
        done: Peeled::default(),
    };
    for &(name, pass) in PASSES {
        pass(&mut work)?;
        check(name, &work.done.trace, Stage::Optimised)?;
        seen(name, &work.done.trace);
    }
    Ok(work.done.trace)
}

/// A trace on its way through the passes.
struct Work<'a> {
    naive: &'a Trace,
    types: Types,
    restarts: &'a HashSet<SnapId>,
    /// What the last pass gave.
    done: Peeled,
}

impl Work<'_> {
    /// What the last pass gave, for the next one.
    fn take(&mut self) -> Trace {
        std::mem::take(&mut self.done.trace)
    }
}

type Pass = fn(&mut Work<'_>) -> Result<(), Abort>;

/// The passes, in their order.
const PASSES: &[(&str, Pass)] = &[
    ("peeling", |work| {
        let makes = work.naive.insts.iter().any(makes_instance);
        let peel = |virtual_instances| {
            peel::peel(work.naive, work.types, work.restarts, virtual_instances)
        };
        work.done = match peel(makes) {
            // Without them it may do.
            Err(_) if makes => peel(false)?,
            peeled => peeled?,
        };
        Ok(())
    }),
    ("induction", |work| {
        work.done.trace = induct::derive(std::mem::take(&mut work.done));
        Ok(())
    }),
    ("sinking", |work| {
        work.done.trace = sink::sink(work.take())?;
        Ok(())
    }),
    ("lending", |work| {
        work.done.trace = lend::lend(work.take());
        Ok(())
    }),
    ("sweeping", |work| {
        work.done.trace = dce::sweep(&work.done.trace)?;
        Ok(())
    }),
];

fn makes_instance(inst: &Inst) -> bool {
    matches!(inst.imm, Imm::HelperSlot(Helper::InstanceNew, _))
}

/// Verifies the trace that a pass gave, in debug builds: a mistake of ours costs a loop, never a
/// wrong result.
fn check(pass: &str, trace: &Trace, stage: Stage) -> Result<(), Abort> {
    if !cfg!(debug_assertions) {
        return Ok(());
    }
    traces::verify(trace, stage)
        .map_err(|error| Abort::new(Reason::Confused, format!("behind {pass}: {error}")))
}
