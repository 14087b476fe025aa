//! Leaving: the frame as the interpreter finds it.

use super::heap::ObjRef;
use super::{Eval, Outcome};
use crate::trace::{Resume, SnapId};

impl Eval<'_> {
    /// Leaves through a snapshot: writes the slots that it lists, drops what they held.
    pub(super) fn leave(&mut self, at: usize, id: SnapId) -> Result<Outcome, String> {
        let trace = self.trace;
        let snap = trace
            .snaps
            .get(id.0 as usize)
            .ok_or("an unknown snapshot")?;
        let (Some(outer), Some(inner)) = (snap.frames.first(), snap.frames.last()) else {
            return Err("a snapshot without a frame".to_string());
        };
        let mut drops = Vec::new();
        for &(slot, value) in snap.frames.iter().flat_map(|frame| &frame.slots) {
            let object = self.object(value)?;
            let old = self.replace(slot, object)?;
            if trace.is_local(slot) {
                drops.push(old);
            }
        }
        for &(object, field, value) in &snap.fields {
            let (object, value) = (self.object(object)?, self.datum(value)?);
            self.world.heap.store(object, field, value)?;
        }
        let top = trace.nlocals.saturating_add(outer.depth);
        if let Resume::Raise(operands) = snap.resume {
            let all: Vec<u16> = trace.operands(inner).collect();
            let kept = all.len().saturating_sub(operands.into());
            for &slot in all.iter().skip(kept) {
                drops.push(self.world.slot(slot));
                self.put(slot, ObjRef::NULL);
            }
        }
        for &slot in &snap.drops {
            drops.push(self.world.slot(slot));
            self.put(slot, ObjRef::NULL);
        }
        drops
            .into_iter()
            .try_for_each(|object| self.drop_object(object))?;
        if snap.frames.len() == 1 {
            self.world.frame.resize(usize::from(top), ObjRef::NULL);
        }
        Ok(Outcome {
            exit: Some(id),
            at,
            resume: Some(snap.resume),
            pc: inner.pc,
            depth: outer.depth,
            iterations: self.iterations,
        })
    }

    /// The bound on iterations was reached.
    pub(super) fn out_of_time(&self, at: usize) -> Outcome {
        Outcome {
            exit: None,
            at,
            resume: None,
            pc: 0,
            depth: self.trace.entry_depth,
            iterations: self.iterations,
        }
    }
}
