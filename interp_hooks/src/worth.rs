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
/// What a call through the interpreter's protocols costs more than it does there, with the bytecodes around it; and where frames
/// of calls that are part of the trace have to stand meanwhile.
const PER_RESIDUAL: i64 = 19;
const PER_RESIDUAL_INSIDE: i64 = 37;

/// What it costs to enter native code and to leave it by an exit of so many frames, in ns.
pub fn leaving(frames: usize) -> i64 {
    let calls = i64::try_from(frames.saturating_sub(1)).unwrap_or(i64::MAX);
    ENTRY_COST.saturating_add(FRAME_COST.saturating_mul(calls))
}

/// What a recording found on the root path.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    /// Bytecodes.
    pub bytecodes: u32,
    /// Calls of C functions, and of what is done in their place.
    pub foreign: u32,
}

/// What it has saved by the time it comes to each instruction of a naive trace, from the header on, in ns.
pub fn up_to(naive: &Trace, root: Counts) -> Vec<i64> {
    let (steps, calls) = (steps(naive), calls(naive));
    let ends = end_of_root(naive);
    let of_root = steps.get(ends).copied().unwrap_or(0).max(1);
    // Not all bytecodes have a snapshot, and not all foreign calls are instructions.
    let direct = naive.insts.iter().take(ends);
    let direct = direct.filter(|inst| inst.op == Op::CCall).count() as i64;
    let others = (i64::from(root.foreign) - direct).max(0);
    let along = PER_BYTECODE * i64::from(root.bytecodes) + PER_CALL * others;
    let share = |step: u32| along.saturating_mul(step.into()) / i64::from(of_root);
    let saved = steps.iter().zip(&calls);
    saved.map(|(&step, calls)| share(step) + calls).collect()
}

/// What an iteration on the root path saves, by what it has saved up to each instruction.
pub fn iteration(naive: &Trace, saved: &[i64]) -> i64 {
    saved.get(end_of_root(naive)).copied().unwrap_or(0)
}

/// The instruction that ends the root path.
fn end_of_root(naive: &Trace) -> usize {
    let ends = naive.insts.iter().position(|inst| inst.op.ends_path());
    ends.unwrap_or(naive.insts.len().saturating_sub(1))
}

/// What the calls between the header and each instruction, on its path, save or cost.
fn calls(naive: &Trace) -> Vec<i64> {
    let mut all: Vec<i64> = Vec::with_capacity(naive.insts.len());
    let mut saved = 0i64;
    for inst in &naive.insts {
        match inst.op {
            Op::Branch => saved = guard(naive, &all, inst.snap).unwrap_or(0),
            Op::CCall => saved += PER_CALL,
            Op::CallPy | Op::CallPyBool => {
                let snap = inst.snap.and_then(|id| naive.snaps.get(id.0 as usize));
                saved -= match snap.map_or(1, |snap| snap.frames.len()) {
                    0 | 1 => PER_RESIDUAL,
                    _ => PER_RESIDUAL_INSIDE,
                };
            }
            _ => {}
        }
        all.push(saved);
    }
    all
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

/// What was known at the guard that has a branch.
fn guard<T: Copy>(naive: &Trace, known: &[T], snap: Option<SnapId>) -> Option<T> {
    let mut insts = naive.insts.iter().zip(known);
    let (_, &known) = insts.find(|(inst, _)| inst.snap == snap)?;
    Some(known)
}

fn is_same_place(a: &[FrameState], b: &[FrameState]) -> bool {
    let place = |f: &FrameState| (f.slot, f.pc);
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| place(a) == place(b))
}
