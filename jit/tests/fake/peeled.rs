//! What an optimised trace means: the trace as recorded, behind its own root path, whose guards have the branches that the
//! preamble has.

use std::collections::HashSet;
use traces::{Imm, Inst, Op, SnapId, Trace, Value};

/// The root path, a label, the trace, and the paths that restart. Guards in front of the label leave, but for those
/// whose branches the optimised trace has in its preamble too: one that can never come round is no part of it.
pub fn peeled(naive: &Trace, optimised: &Trace) -> Trace {
    let restarting = restarting(naive, optimised);
    let mut out = naive.clone();
    out.types.extend(naive.types.iter().copied());
    let values = naive.types.len() as u32;
    let snaps = naive.snaps.len() as u32;
    let copy = |v: Value| Value(v.0 + values);
    for snap in &naive.snaps {
        let mut snap = snap.clone();
        for frame in &mut snap.frames {
            for (_, value) in &mut frame.slots {
                *value = copy(*value);
            }
        }
        for (object, _, value) in &mut snap.fields {
            (*object, *value) = (copy(*object), copy(*value));
        }
        out.snaps.push(snap);
    }
    let copied = |inst: &Inst| Inst {
        args: inst.args.iter().map(|&v| copy(v)).collect(),
        snap: inst.snap.map(|snap| SnapId(snap.0 + snaps)),
        result: inst.result.map(copy),
        ..inst.clone()
    };
    let plain = |op: Op| Inst {
        op,
        args: Vec::new(),
        imm: Imm::None,
        snap: None,
        result: None,
        params: Vec::new(),
    };
    let root = naive.insts.iter().take_while(|inst| inst.op != Op::Jump);
    let mut insts: Vec<Inst> = root.map(copied).collect();
    insts.push(plain(Op::Label));
    insts.append(&mut out.insts);
    for path in naive.paths().into_iter().skip(1) {
        let path = &naive.insts[path];
        if path[0].snap.is_some_and(|snap| restarting.contains(&snap)) {
            insts.extend(path.iter().map(|inst| match inst.op {
                Op::Jump => plain(Op::Restart),
                _ => copied(inst),
            }));
        }
    }
    out.insts = insts;
    out
}

/// The naive snapshots of the branches that the preamble has.
fn restarting(naive: &Trace, optimised: &Trace) -> HashSet<SnapId> {
    let paths = optimised.paths().into_iter().skip(1);
    let paths = paths.map(|path| &optimised.insts[path]);
    // One that leaves for another loop does so from the body as from the preamble: the snapshots tell.
    let preamble = optimised.insts.iter().take_while(|i| i.op != Op::Label);
    let guards: HashSet<SnapId> = preamble.filter_map(|inst| inst.snap).collect();
    let mut known = guards;
    let mut found = HashSet::new();
    for path in paths {
        let Some(snap) = path[0].snap.filter(|snap| known.contains(snap)) else {
            continue;
        };
        known.extend(path.iter().filter_map(|inst| inst.snap));
        let origin = optimised.snaps[snap.0 as usize].origin;
        found.extend(naive.insts[origin as usize].snap);
    }
    found
}
