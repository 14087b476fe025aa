//! Snapshots: where the op table wants them, of values that exist.

use crate::op::{Effect, Op, Type};
use crate::trace::{FrameState, Inst, Resume, Trace};

/// Checks the snapshot of an instruction. `defined` tells for each value whether it exists.
pub(super) fn check(trace: &Trace, inst: &Inst, defined: &[bool]) -> Result<(), String> {
    let snap = match (inst.snap, inst.op.has_snapshot()) {
        (None, false) => return Ok(()),
        (None, true) => return Err("it carries a snapshot".into()),
        (Some(_), false) => return Err("it carries no snapshot".into()),
        (Some(id), true) => trace.snaps.get(id.0 as usize),
    };
    let snap = snap.ok_or("its snapshot is in the trace's table")?;
    let allowed = match (inst.op, snap.resume) {
        (Op::CCall, resume) => resume == Resume::During,
        (Op::Branch | Op::Leave, resume) => resume == Resume::At,
        (Op::CallPy | Op::CallPyBool | Op::CallNew, resume) => matches!(resume, Resume::Raise(_)),
        (_, Resume::Raise(_)) => inst.op.effect() == Effect::Guard,
        (_, resume) => resume == Resume::At,
    };
    if !allowed {
        return Err(format!(
            "its snapshot goes on as the op does, not by {:?}",
            snap.resume
        ));
    }
    let Some(inner) = snap.frames.last() else {
        return Err("its snapshot has a frame".into());
    };
    let mut caller = None;
    for frame in &snap.frames {
        let inlined = trace.inlined_at(frame.slot).filter(|_| frame.slot != 0);
        if inlined.map(|inlined| inlined.caller) != caller {
            return Err("each frame of its snapshot is called by the one before".into());
        }
        caller = Some(frame.slot);
    }
    if let Resume::Raise(operands) = snap.resume
        && operands > inner.depth
    {
        return Err("its snapshot has the operands that it replaces".into());
    }
    for frame in &snap.frames {
        let own = |slot: u16| match trace.inlined_of(slot) {
            Some(inlined) => inlined.slot == frame.slot && frame.slot != 0,
            None => frame.slot == 0,
        };
        let known = |slot| {
            own(slot) && trace.is_local(slot) || trace.operands(frame).any(|known| known == slot)
        };
        if let Some((slot, _)) = frame.slots.iter().find(|&&(slot, _)| !known(slot)) {
            return Err(format!("slot {slot} of its snapshot is one of the frame's"));
        }
    }
    for &(object, field, value) in &snap.fields {
        for (v, ty) in [(object, Type::Obj), (value, field.ty())] {
            if defined.get(v.0 as usize) != Some(&true)
                || trace.types.get(v.0 as usize) != Some(&ty)
            {
                let ty = ty.name();
                return Err(format!("{v}, in its snapshot, is a {ty} defined before"));
            }
        }
    }
    snap.frames
        .iter()
        .try_for_each(|f| frame(trace, f, defined))
}

fn frame(trace: &Trace, frame: &FrameState, defined: &[bool]) -> Result<(), String> {
    if frame.code.0 as usize >= trace.objs.len() {
        return Err("its snapshot names a code object of the trace's table".into());
    }
    if !frame.slots.is_sorted_by(|a, b| a.0 < b.0) {
        return Err("its snapshot lists slots in ascending order".into());
    }
    for &(slot, value) in &frame.slots {
        if defined.get(value.0 as usize) != Some(&true) {
            return Err(format!(
                "{value}, in slot {slot} of its snapshot, is defined before"
            ));
        }
        if trace.types.get(value.0 as usize) != Some(&Type::Obj) {
            return Err(format!(
                "{value}, in slot {slot} of its snapshot, is an object"
            ));
        }
    }
    Ok(())
}
