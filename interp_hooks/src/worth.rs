//! What native code is worth, in ns: what its bytecodes and calls would have taken the interpreter, less what it costs
//! to enter and leave it. The figures are the low end of what was measured.

use traces::{FrameState, Op, SnapId, Trace};

/// What entering and leaving native code costs: its share of the JUMP callback, the search for a version, and the frame
/// that an exit rebuilds. A version that leaves too soon to earn it back took the wrong way
/// through its loop.
pub const ENTRY_COST: i64 = 350;
/// What a callback costs that finds no version.
pub const MISS_COST: i64 = 150;
/// What native code saves for each direct foreign call.
const PER_CALL: i64 = 100;
/// What it saves for each bytecode.
const PER_BYTECODE: i64 = 2;

/// What an iteration in native code saves, by the number of its direct foreign calls and of its bytecodes.
pub fn iteration(calls: u32, bytecodes: u32) -> i64 {
    PER_CALL * i64::from(calls) + PER_BYTECODE * i64::from(bytecodes)
}

/// What it has saved by the time it comes to each instruction of a naive trace, from the header on, where an iteration
/// on the root path saves so much.
pub fn up_to(naive: &Trace, iteration: i64) -> Vec<i64> {
    let steps = steps(naive);
    let ends = naive.insts.iter().position(|inst| inst.op.ends_path());
    let root = ends.and_then(|end| steps.get(end)).copied().unwrap_or(0);
    let root = i64::from(root).max(1);
    let share = |&step: &u32| iteration.saturating_mul(step.into()) / root;
    steps.iter().map(share).collect()
}

/// How many bytecodes with a snapshot lie between the header and each instruction, on its path.
fn steps(naive: &Trace) -> Vec<u32> {
    let mut steps: Vec<u32> = Vec::with_capacity(naive.insts.len());
    let mut at: Option<&[FrameState]> = None;
    let mut step = 0;
    for inst in &naive.insts {
        let snap = inst.snap;
        let frames = snap.and_then(|snap| naive.snaps.get(snap.0 as usize));
        if inst.op == Op::Branch {
            step = guard(naive, &steps, snap).unwrap_or(0);
            at = frames.map(|snap| snap.frames.as_slice());
        } else if let Some(snap) = frames
            && !at.is_some_and(|at| is_same_place(at, &snap.frames))
        {
            step += 1;
            at = Some(&snap.frames);
        }
        steps.push(step);
    }
    steps
}

/// How far it is to the guard that has a branch.
fn guard(naive: &Trace, steps: &[u32], snap: Option<SnapId>) -> Option<u32> {
    let mut insts = naive.insts.iter().zip(steps);
    let (_, &step) = insts.find(|(inst, _)| inst.snap == snap)?;
    Some(step)
}

fn is_same_place(a: &[FrameState], b: &[FrameState]) -> bool {
    let place = |f: &FrameState| (f.slot, f.pc);
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| place(a) == place(b))
}
