//! Operands of foreign calls that are lent instead of owned.
//!
//! What an argument points to must live as long as the call, during which others may run. So the recorder has a slot of the
//! operand stack own it, and lets go of it behind the call: two writes to the count of references, one behind the other, in each
//! iteration. Of a call that is expected to be short, those who let others run take the reference instead: whatever the call's
//! snapshot lists is kept alive by them until the run ends (`Exit::kept`). Whoever kept the object alive in front of the
//! call does so behind it, or the check there leaves.

use super::forward::changes_nothing;
use std::collections::HashMap;
use traces::{Imm, Inst, Op, SnapId, Trace, Value};

/// An operand that need not be owned, and the instructions about it.
struct Lent {
    slot: u16,
    value: Value,
    /// Where it is taken, and let go of.
    taken: usize,
    cleared: usize,
    /// The guard in front of that that somebody else has it.
    kept: Option<usize>,
}

/// The trace whose short calls are lent their operands.
pub(super) fn lend(mut trace: Trace) -> Trace {
    let calls: Vec<usize> = (0..trace.insts.len())
        .filter(|&at| trace.insts[at].op == Op::CCall && trace.is_short(&trace.insts[at]))
        .collect();
    let mut gone = vec![false; trace.insts.len()];
    for call in calls {
        for lent in lent_to(&trace, call) {
            if list(&mut trace, &lent, call) {
                for at in [Some(lent.taken), lent.kept, Some(lent.cleared)] {
                    at.into_iter().for_each(|at| gone[at] = true);
                }
            }
        }
    }
    let mut gone = gone.into_iter();
    trace.insts.retain(|_| !gone.next().unwrap_or(false));
    trace
}

/// The operands of a call that are owned around it only.
fn lent_to(trace: &Trace, call: usize) -> Vec<Lent> {
    let mut all = Vec::new();
    let mut kept: HashMap<u16, usize> = HashMap::new();
    for (at, inst) in trace.insts.iter().enumerate().skip(call + 1) {
        match (inst.op, inst.imm) {
            (Op::GuardKept, Imm::Slot(slot)) => {
                kept.insert(slot, at);
            }
            (Op::ClearSlot, Imm::Slot(slot)) if !trace.is_local(slot) => {
                if let Some((taken, value)) = taken(trace, call, slot) {
                    all.push(Lent {
                        slot,
                        value,
                        taken,
                        cleared: at,
                        kept: kept.get(&slot).copied(),
                    });
                }
            }
            (Op::Check | Op::LoadSlot, _) => break,
            (op, _) if changes_nothing(op) => {}
            _ => break,
        }
    }
    all
}

/// Where the slot was given what it owns, and that: in front of the call, with nothing in between that changes anything else.
fn taken(trace: &Trace, call: usize, slot: u16) -> Option<(usize, Value)> {
    let before = trace.insts.iter().enumerate().take(call).rev();
    for (at, inst) in before {
        match (inst.op, inst.imm) {
            (Op::InitSlot, Imm::Slot(of)) if of == slot => {
                let value = *inst.args.first()?;
                let def = trace.insts.iter().find(|def| def.result == Some(value))?;
                let is_loaded = matches!(
                    def.op,
                    Op::LoadSlot | Op::LoadAttr | Op::LoadField | Op::LoadItem
                );
                return is_loaded.then_some((at, value));
            }
            (Op::InitSlot, _) => {}
            (Op::LoadSlot, Imm::Slot(of)) if of == slot => return None,
            (Op::Check, _) => return None,
            (op, _) if changes_nothing(op) => {}
            _ => return None,
        }
    }
    None
}

/// Has the snapshots between the instructions about an operand list it. False, and nothing is changed, where one of them
/// is not of these instructions alone, or that of the call has no place for it.
fn list(trace: &mut Trace, lent: &Lent, call: usize) -> bool {
    let region = lent.taken + 1..=lent.cleared;
    let is_inside = |at: usize| region.contains(&at);
    let mut snaps: HashMap<SnapId, bool> = HashMap::new();
    for (at, inst) in trace.insts.iter().enumerate() {
        if let Some(snap) = inst.snap {
            let alone = snaps.entry(snap).or_insert(true);
            *alone &= is_inside(at) && inst.op != Op::Branch;
        }
    }
    let during = trace.insts[call].snap;
    let during = during.and_then(|snap| trace.snaps.get(snap.0 as usize));
    let mut frames = during.iter().flat_map(|snap| &snap.frames);
    if !frames.any(|frame| trace.operands(frame).any(|slot| slot == lent.slot)) {
        return false;
    }
    let of = |inst: &Inst| inst.snap;
    let inside = trace.insts[region.clone()].iter().filter_map(of);
    let inside: Vec<SnapId> = inside.collect();
    if !inside.iter().all(|snap| snaps.get(snap) == Some(&true)) {
        return false;
    }
    for id in inside {
        let Some(mut snap) = trace.snaps.get(id.0 as usize).cloned() else {
            return false;
        };
        snap.drops.retain(|&slot| slot != lent.slot);
        let covers = |frame: &traces::FrameState| trace.operands(frame).any(|s| s == lent.slot);
        let covering = snap.frames.iter().position(covers);
        if let Some(frame) = covering.and_then(|n| snap.frames.get_mut(n))
            && let Err(at) = frame.slots.binary_search_by_key(&lent.slot, |s| s.0)
        {
            frame.slots.insert(at, (lent.slot, lent.value));
        }
        if let Some(place) = trace.snaps.get_mut(id.0 as usize) {
            *place = snap;
        }
    }
    true
}
