//! Branches of the preamble: where a guard in front of the label fails again and again, its path comes here a second
//! time, under what the preamble knows. The label knows more than holds behind it, so everything goes to memory and
//! the trace starts anew.

use super::forward::{Copied, Forward};
use std::ops::Range;
use traces::{Abort, Imm, Op};

/// Walks over the paths that branch from the preamble, and from one another.
pub(super) fn restarts(
    f: &mut Forward<'_>,
    preamble: Copied,
    paths: &[Range<usize>],
) -> Result<(), Abort> {
    let naive = f.naive;
    f.resume_copy(preamble);
    for path in paths {
        let Some(branch) = naive.insts.get(path.start).filter(|i| i.op == Op::Branch) else {
            continue;
        };
        let before = f.mark();
        if !f.begin_branch(branch)? {
            continue;
        }
        f.walk(path.start + 1..path.end)?;
        if !f.leaves(path)? {
            f.flush()?;
            for (object, field) in f.state.late.clone() {
                f.flush_field(object, field)?;
            }
            f.push(Op::Restart, &[], Imm::None, None)?;
        }
        if f.contradiction.take().is_some() {
            // Nothing comes this way from here: the guard leaves.
            f.rewind(before);
        }
    }
    Ok(())
}
