//! What native code is worth, in ns: what its bytecodes and calls would have taken the interpreter, less what it costs
//! to enter and leave it. The figures are the low end of what was measured.

use std::collections::HashMap;
use traces::{FrameState, Op, SnapId, Trace};

/// What entering and leaving native code costs: its share of the JUMP callback, the search for a version, and the frame
/// that an exit rebuilds. A version that leaves too soon to earn it back took the wrong way
/// through its loop.
const ENTRY_COST: i64 = 450;
/// What each frame costs on top that an exit in the middle of a call makes and hands to the interpreter.
const FRAME_COST: i64 = 200;
/// What a callback costs that finds no version.
pub const MISS_COST: i64 = 150;
/// What native code saves for each direct foreign call.
const PER_CALL: i64 = 100;
/// What it saves for each bytecode.
const PER_BYTECODE: i64 = 3;

/// What it costs to enter native code and to leave it by an exit of so many frames, in ns.
pub fn leaving(frames: usize) -> i64 {
    let calls = i64::try_from(frames.saturating_sub(1)).unwrap_or(i64::MAX);
    ENTRY_COST.saturating_add(FRAME_COST.saturating_mul(calls))
}

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

/// By the guard that they begin at, the paths to the header whose iterations save much less than one on the root path, or
/// more, and by how much, where each instruction of the naive trace has saved so much by then.
pub fn shortfalls(naive: &Trace, saved: &[i64], iteration: i64) -> HashMap<u32, i64> {
    let mut path = None;
    let mut all = HashMap::new();
    for (inst, saved) in naive.insts.iter().zip(saved) {
        match inst.op {
            Op::Branch => path = inst.snap,
            Op::Jump => {
                let shortfall = iteration.saturating_sub(*saved);
                if path.is_some() && shortfall.saturating_abs() > iteration / 4 {
                    let guards = (0..).zip(&naive.insts);
                    let guards = guards.filter(|(_, inst)| inst.snap == path);
                    all.extend(guards.map(|(at, _)| (at, shortfall)));
                }
            }
            _ => {}
        }
    }
    all
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
