//! Which bytecode each instruction of a trace belongs to, as far as can be told: only snapshots name one.

use crate::Op;
use crate::trace::{Inst, ObjId, Trace, Value};
use std::collections::HashSet;
use std::ops::Range;

/// A bytecode of the innermost frame that an instruction belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BytecodeAt {
    /// The code object.
    pub code: ObjId,
    /// The byte offset.
    pub pc: u32,
    /// How many calls deep it lies in the trace.
    pub depth: usize,
}

/// The bytecode of each instruction. What has no snapshot belongs to that of the snapshot in front of it on its path where it uses
/// what was made or guarded there, else to that of the one behind.
pub fn bytecodes(trace: &Trace) -> Vec<Option<BytecodeAt>> {
    let mut all = vec![None; trace.insts.len()];
    for path in whole_paths(trace) {
        let mut parts: Vec<Range<usize>> = vec![path.clone()];
        // The loop knows nothing of the turn in front of it.
        if let Some(label) = path.clone().find(|&at| trace.insts[at].op == Op::Label) {
            parts = vec![path.start..label, label + 1..path.end];
        }
        for part in parts {
            straight(trace, part.clone(), &mut all[part]);
        }
    }
    all
}

/// As `bytecodes`, of instructions that follow one another.
fn straight(trace: &Trace, part: Range<usize>, all: &mut [Option<BytecodeAt>]) {
    let insts = &trace.insts[part];
    let mut current = None;
    let mut of_current: HashSet<Value> = HashSet::new();
    for (inst, place) in insts.iter().zip(all.iter_mut()) {
        if let Some(named) = named(trace, inst) {
            if current != Some(named) {
                of_current.clear();
            }
            current = Some(named);
            *place = current;
            // Behind a branch comes what the way that it takes leads to.
            let guarded = inst.args.iter().filter(|_| inst.op != Op::Branch);
            of_current.extend(guarded);
        } else if inst.args.iter().any(|arg| of_current.contains(arg)) {
            *place = current;
        }
        if place.is_some() {
            of_current.extend(inst.result);
        }
    }
    // What waits for the one behind; at the end for none.
    for forwards in [false, true] {
        let mut near = None;
        let mut fill = |place: &mut Option<BytecodeAt>| {
            *place = place.or(near);
            near = *place;
        };
        match forwards {
            false => all.iter_mut().rev().for_each(&mut fill),
            true => all.iter_mut().for_each(&mut fill),
        }
    }
}

/// The bytecode that an instruction's snapshot names.
fn named(trace: &Trace, inst: &Inst) -> Option<BytecodeAt> {
    let snap = trace.snaps.get(inst.snap?.0 as usize)?;
    let frame = snap.frames.last()?;
    Some(BytecodeAt {
        code: frame.code,
        pc: frame.pc,
        depth: snap.frames.len() - 1,
    })
}

/// The paths of a trace, as ranges of its instructions; also of one whose last path has no end.
pub fn whole_paths(trace: &Trace) -> Vec<Range<usize>> {
    let mut all = trace.paths();
    let end = all.last().map_or(0, |path| path.end);
    if end < trace.insts.len() {
        all.push(end..trace.insts.len());
    }
    all
}
