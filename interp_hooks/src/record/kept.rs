//! Operands of a foreign call that live on behind it: a reference is let go of, and nothing else happens.

use super::Recorder;
use crate::py::Object;
use traces::{Abort, Imm, Op, Resume, Value};

impl Recorder {
    /// The slots that own an operand of a foreign call, where all of these live on behind it: they have other owners.
    pub(super) fn kept_operands(
        &self,
        stack: usize,
        operands: &[(Value, Object)],
    ) -> Result<Option<Vec<u16>>, Abort> {
        let mut owners = Vec::new();
        for n in (0..stack).rev() {
            let e = self.b.peek(n)?;
            if !e.owned {
                continue;
            }
            let now = operands.iter().find(|(v, _)| *v == e.value).map(|o| o.1);
            let owns = |o: Object| operands.iter().filter(|other| other.1.0 == o.0).count();
            if n + 1 == stack || now.is_none_or(|o| o.refcount() <= owns(o) as isize) {
                return Ok(None);
            }
            owners.push(self.b.slot_below_top(n));
        }
        Ok((!owners.is_empty()).then_some(owners))
    }

    /// The result of a foreign call takes the place of the operands, and those that a slot owns are let go of. Where one
    /// has lost its other owners meanwhile the trace leaves, and its end, which may be noticed, comes behind that.
    pub(super) fn replace_kept(
        &mut self,
        stack: usize,
        result: Value,
        owners: Vec<u16>,
        next: u32,
    ) -> Result<(), Abort> {
        self.shelter_below(stack);
        for _ in 0..stack {
            self.b.pop()?;
        }
        self.b.push(result);
        self.b.begin(next);
        for (n, &slot) in owners.iter().enumerate() {
            let rest = owners.get(n..).unwrap_or_default().to_vec();
            let snap = self.b.snapshot_dropping(Resume::At, rest);
            let imm = Imm::Slot(slot);
            self.b.trace.push(Op::GuardKept, &[], imm, Some(snap));
            self.b.effect(Op::ClearSlot, &[], imm);
        }
        Ok(())
    }
}
