//! What the preamble means: the trace as recorded, behind its own root path without branches.

use traces::{Imm, Inst, Op, SnapId, Trace, Value};

/// The root path, a label, the trace: guards in front of the label leave, as those of an optimised trace do.
pub fn peeled(naive: &Trace) -> Trace {
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
    let root = naive.insts.iter().take_while(|inst| inst.op != Op::Jump);
    let mut insts: Vec<Inst> = root
        .map(|inst| Inst {
            args: inst.args.iter().map(|&v| copy(v)).collect(),
            snap: inst.snap.map(|snap| SnapId(snap.0 + snaps)),
            result: inst.result.map(copy),
            ..inst.clone()
        })
        .collect();
    insts.push(Inst {
        op: Op::Label,
        args: Vec::new(),
        imm: Imm::None,
        snap: None,
        result: None,
        params: Vec::new(),
    });
    insts.append(&mut out.insts);
    out.insts = insts;
    out
}
