//! Values that only exits of a loop with calls need.
//!
//! A call leaves few registers as they are. What was computed in front of the loop, and is used in it by nobody but exits
//! and records, would take them from what the loop computes with, or be moved around: it waits in memory.

use super::{Def, Lower};
use cranelift_codegen::ir::{self, InstBuilder, StackSlot, StackSlotData, StackSlotKind, types};
use std::collections::{HashMap, HashSet};
use traces::{Abort, Effect, Inst, Value};

impl Lower<'_> {
    /// Sets aside what the body of the label needs for its exits only.
    pub(super) fn set_aside(&mut self, label: usize) -> Result<(), Abort> {
        let trace = self.trace;
        let (before, body) = trace.insts.split_at(label);
        let calls = |inst: &Inst| matches!(inst.op.effect(), Effect::Call | Effect::RunsPython);
        if !body.iter().any(calls) {
            return Ok(());
        }
        let boxes = trace.insts.iter().filter(|inst| inst.op.is_box());
        let boxes = boxes.filter_map(|inst| Some((inst.result?, inst.args.as_slice())));
        let boxes: HashMap<Value, &[Value]> = boxes.collect();
        let computing = body.iter().filter(|inst| !inst.op.is_box());
        let computing = computing.flat_map(|inst| &inst.args).copied();
        let used = with_contents(computing, &boxes);
        let snaps = body.iter().filter_map(|inst| inst.snap);
        let snaps = snaps.filter_map(|snap| trace.snaps.get(snap.0 as usize));
        let listed = snaps.flat_map(|snap| {
            let slots = snap.frames.iter().flat_map(|frame| &frame.slots);
            let fields = snap.fields.iter().flat_map(|&(of, _, value)| [of, value]);
            slots.map(|&(_, value)| value).chain(fields)
        });
        let listed = with_contents(listed, &boxes);
        for value in before.iter().filter_map(|inst| inst.result) {
            if listed.contains(&value) && !used.contains(&value) {
                self.wait_in_memory(value)?;
            }
        }
        Ok(())
    }

    /// From here on the value is read from memory wherever it is used.
    fn wait_in_memory(&mut self, value: Value) -> Result<(), Abort> {
        let Def::Native(native) = self.def(value)? else {
            return Ok(());
        };
        if self.b.func.dfg.value_type(native) != types::I64 {
            return Ok(());
        }
        let data = StackSlotData::new(StackSlotKind::ExplicitSlot, 8, 3);
        let slot = self.b.create_sized_stack_slot(data);
        let place = self.b.ins().stack_addr(types::I64, slot, 0);
        self.store(native, place, 0);
        if let Some(def) = self.defs.get_mut(value.0 as usize) {
            *def = Def::Aside(slot);
        }
        Ok(())
    }

    /// What waits there.
    pub(super) fn word_aside(&mut self, slot: StackSlot) -> ir::Value {
        let place = self.b.ins().stack_addr(types::I64, slot, 0);
        self.load(types::I64, place, 0)
    }
}

/// These values, and what is in those that are boxes.
fn with_contents(
    values: impl Iterator<Item = Value>,
    boxes: &HashMap<Value, &[Value]>,
) -> HashSet<Value> {
    let mut all = HashSet::new();
    let mut left: Vec<Value> = values.collect();
    while let Some(value) = left.pop() {
        if all.insert(value) {
            left.extend(boxes.get(&value).copied().into_iter().flatten());
        }
    }
    all
}
