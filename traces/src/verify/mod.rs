//! The verifier: whether a trace keeps the rules that everything behind it trusts.
//!
//! | file | rules |
//! | --- | --- |
//! | [`mod@self`] | the shape of a trace: each path ends in a `jump`, a `restart` or a `leave`, at most one `label` |
//! | `table` | each instruction is as its row of the op table says, values are defined once and before use |
//! | `snapshot` | snapshots are where the table wants them and list what exists |
//! | `owner` | each owned reference is consumed exactly once on every path; no dead object is used |
//! | `frame` | what the slots of the frame hold at a point of the trace, for `owner` |
//! | `fact` | what is proved about objects, for `owner` |
//!
//! It is a checker in the manner of the register allocator's of Cranelift: it knows nothing of how
//! a trace came to be, and follows what the trace itself says.

mod fact;
mod frame;
mod owner;
mod snapshot;
mod table;

use crate::op::{Effect, Op, Type};
use crate::trace::{Inst, Trace, Value};

/// Which rules a trace must keep besides those for all traces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// As recorded: no label, the jump goes to the start.
    Naive,
    /// As the optimiser left it: a label is allowed.
    Optimised,
}

/// A rule that a trace breaks.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("instruction {at}, `{text}`: {rule}")]
pub struct VerifyError {
    /// The index of the instruction in [`Trace::insts`].
    pub at: usize,
    /// The instruction in the text format (its mnemonic alone where it cannot be printed).
    pub text: String,
    /// What it should keep, and how it does not.
    pub rule: String,
}

/// Checks a trace.
///
/// # Errors
/// The first rule that the trace breaks, in the order of the table above.
pub fn verify(trace: &Trace, stage: Stage) -> Result<(), VerifyError> {
    let complain = |(at, rule): (usize, String)| VerifyError {
        at,
        text: text(trace, at),
        rule,
    };
    shape(trace, stage).map_err(complain)?;
    table::check(trace).map_err(complain)?;
    owner::check(trace).map_err(complain)
}

/// A broken rule: the index of the instruction, and the rule.
type Broken = (usize, String);

/// One instruction as text, whatever is wrong with it.
fn text(trace: &Trace, at: usize) -> String {
    match trace.insts.get(at) {
        None => String::new(),
        Some(inst) if table::is_printable(trace, inst) => trace.inst_text(inst),
        Some(inst) => inst.op.mnemonic().to_string(),
    }
}

/// Each path ends in a jump, a restart or a `leave` (the root path in a jump), and begins, but for the first, with a
/// branch; one label at most, whose parameters all ways to it agree on. A path that branches from in front of the
/// label never comes to it, and no other restarts.
fn shape(trace: &Trace, stage: Stage) -> Result<(), Broken> {
    let mut label: Option<&Inst> = None;
    let mut ended = false;
    // Whether each instruction so far comes with nothing known behind the label.
    let mut before = Vec::with_capacity(trace.insts.len());
    for (at, inst) in trace.insts.iter().enumerate() {
        match inst.op {
            Op::Branch if !ended => return Err((at, "a branch comes behind a jump".into())),
            Op::Branch => {
                let guard = is_of_one_exit(trace, at, inst)?;
                before.push(before.get(guard) == Some(&true));
                ended = false;
                continue;
            }
            _ if ended => return Err((at, "a branch comes behind a jump".into())),
            Op::Label if stage == Stage::Naive => {
                return Err((at, "a naive trace has no label".into()));
            }
            Op::Label if label.is_some() => return Err((at, "a trace has one label".into())),
            Op::Label if trace.insts.iter().take(at).any(|i| i.op == Op::Branch) => {
                return Err((at, "the label is on the root path".into()));
            }
            Op::Label => {
                label = Some(inst);
                same_types(trace, at, &inst.args, &inst.params)?;
                if inst.params.iter().any(|&p| is_obj(trace, p)) {
                    // Who would own it in the second iteration?
                    return Err((at, "a parameter of the loop is no object".into()));
                }
            }
            Op::Restart if stage == Stage::Naive => {
                return Err((at, "a naive trace jumps to its start".into()));
            }
            Op::Restart | Op::Leave if !trace.insts.iter().take(at).any(|i| i.op == Op::Branch) => {
                return Err((at, "the root path ends in a jump".into()));
            }
            Op::Restart if before.last() != Some(&true) => {
                return Err((
                    at,
                    "a path that restarts begins in front of the label".into(),
                ));
            }
            Op::Jump
                if stage == Stage::Optimised && before.last() == Some(&true) && label.is_some() =>
            {
                return Err((
                    at,
                    "a path from in front of the label does not jump to it".into(),
                ));
            }
            Op::Jump => {
                let params = label.map_or(&[][..], |label| label.params.as_slice());
                same_types(trace, at, &inst.args, params)?;
            }
            _ => {}
        }
        before.push(label.is_none() || before.last() == Some(&true) && inst.op != Op::Label);
        ended = inst.op.ends_path();
    }
    if ended {
        return Ok(());
    }
    let last = trace.insts.len().saturating_sub(1);
    Err((last, "a path ends in a jump".into()))
}

/// A branch has the snapshot of one op further up, which can leave by it: its index.
fn is_of_one_exit(trace: &Trace, at: usize, branch: &Inst) -> Result<usize, Broken> {
    let carries = |inst: &&Inst| inst.snap == branch.snap && inst.op != Op::Branch;
    let above = trace.insts.iter().enumerate().take(at);
    let exits = above.filter(|(_, inst)| carries(inst)).collect::<Vec<_>>();
    let can_branch =
        |op: Op| op != Op::Check && matches!(op.effect(), Effect::Guard | Effect::PureExit);
    let all = trace.insts.iter().filter(carries).count();
    let twice = trace.insts.iter().filter(|inst| inst.snap == branch.snap);
    match *exits.as_slice() {
        [(guard, exit)] if all == 1 && twice.count() == 2 && can_branch(exit.op) => Ok(guard),
        _ => Err((at, "a branch is of one guard further up".into())),
    }
}

fn is_obj(trace: &Trace, value: Value) -> bool {
    trace.types.get(value.0 as usize) == Some(&Type::Obj)
}

fn same_types(trace: &Trace, at: usize, args: &[Value], params: &[Value]) -> Result<(), Broken> {
    if args.len() != params.len() {
        let (args, params) = (args.len(), params.len());
        return Err((
            at,
            format!("the loop has {params} parameters, {args} are passed"),
        ));
    }
    for (n, (arg, param)) in args.iter().zip(params).enumerate() {
        let (arg, param) = (
            trace.types.get(arg.0 as usize),
            trace.types.get(param.0 as usize),
        );
        if arg.is_none() || arg != param {
            return Err((at, format!("parameter {n} is passed a value of its type")));
        }
    }
    Ok(())
}
