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
    check("recording", trace, Stage::Naive)?;
    let makes = trace.insts.iter().any(makes_instance);
    let peeled = match peel::peel(trace, types, restarts, makes) {
        // Without them it may do.
        Err(_) if makes => peel::peel(trace, types, restarts, false)?,
        peeled => peeled?,
    };
    check("peeling", &peeled.trace, Stage::Optimised)?;
    let derived = induct::derive(peeled);
    check("induction", &derived, Stage::Optimised)?;
    let sunk = sink::sink(derived)?;
    check("sinking", &sunk, Stage::Optimised)?;
    let lent = lend::lend(sunk);
    check("lending", &lent, Stage::Optimised)?;
    let swept = dce::sweep(&lent)?;
    check("sweeping", &swept, Stage::Optimised)?;
    Ok(swept)
}

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
