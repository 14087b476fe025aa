//! Peeling: the trace twice, first as the preamble, then as the body of the loop.
//!
//! What holds at the header of the loop must hold both behind the preamble and behind the body.
//! The peeler starts with the best case: everything is as the preamble left it. It walks over the
//! body under that assumption, compares what the walk leaves behind, weakens the assumption
//! where they differ, and walks again, until nothing differs. Each place (a slot of the frame, a
//! word of memory) goes through the states of [`header::Entry`], downwards only.
//!
//! The body may have several paths, each from a guard to the header. They are walked one behind the other, each
//! from what was known at its guard, and what holds at the header must hold behind each of them. The
//! preamble is the root path alone: its guards leave, but for those whose branches are asked for once more
//! ([`restart`]).
//!
//! | file | idea |
//! | --- | --- |
//! | [`before`] | what holds behind the preamble, place by place |
//! | [`header`] | what holds at the header: the label, the walk behind it |
//! | [`join`] | what holds at the header and again behind each path |

mod before;
mod header;
mod join;

use super::forward::{Forward, confused};
use super::range;
use super::restart;
use before::Before;
use header::Header;
use std::collections::HashSet;
use std::ops::Range;
use traces::{Abort, Op, Reason, SnapId, Trace};

/// More walks than a trace ever needs; each weakens something.
const MAX_ROUNDS: usize = 64;

/// What becomes of variables that end an iteration with another type than they began it with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Types {
    /// The trace is refused: in another iteration they may have settled.
    Settled,
    /// They lie in memory, and each iteration guards what it finds there: other types have paths of their own.
    Mixed,
}

/// A peeled trace: the preamble, `label`, the body, `jump`.
#[derive(Default)]
pub(super) struct Peeled {
    pub(super) trace: Trace,
    /// The intervals of the label's parameters, those of integers.
    pub(super) ranges: Vec<range::Range>,
}

/// The preamble, `label`, the body, `jump`; its further paths.
pub(super) fn peel(
    naive: &Trace,
    types: Types,
    restarts: &HashSet<SnapId>,
    virtual_instances: bool,
) -> Result<Peeled, Abort> {
    let paths = naive.paths();
    let mut jumps = naive.insts.iter().filter(|inst| inst.op == Op::Jump);
    let end = |path: &Range<usize>| naive.insts.get(path.end.saturating_sub(1)).map(|i| i.op);
    let root = match paths.first() {
        Some(root) if end(root) == Some(Op::Jump) && jumps.all(|jump| jump.args.is_empty()) => {
            root.clone()
        }
        _ => return Err(confused(Op::Jump, "is not the end of the trace")),
    };
    let mut f = Forward::new(naive);
    f.virtual_instances = virtual_instances;
    f.begin_copy(restarts.iter().copied());
    f.clear_inlined()?;
    f.walk(root)?;
    stable(&mut f)?;
    let preamble = f.end_copy();
    let mut before = Before::of(&mut f)?;
    let mut header = Header::best(&before, types);
    for _ in 0..MAX_ROUNDS {
        let entered = header.enter(&mut f, &before)?;
        let ends = header.walk(&mut f, &before, &paths)?;
        if before.unbox(&mut f, &ends)? {
            header = Header::best(&before, types);
            continue;
        }
        let (next, passed) = header.join(&mut f, &before, &entered, &ends)?;
        if next == header {
            stable(&mut f)?;
            header.close(&mut f, &ends, passed)?;
            restart::restarts(&mut f, preamble, &paths)?;
            return Ok(Peeled {
                trace: f.out,
                ranges: header.ranges(),
            });
        }
        header = next;
    }
    Err(Abort::new(Reason::Confused, "the peeler found no end"))
}

/// Refuses a walk that met a guard that can never hold.
fn stable(f: &mut Forward<'_>) -> Result<(), Abort> {
    match f.contradiction.take() {
        Some(what) => Err(Abort::new(Reason::TypeUnstable, what)),
        None => Ok(()),
    }
}
