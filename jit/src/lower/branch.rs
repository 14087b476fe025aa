//! Further paths: what goes on where a guard fails.
//!
//! A path is lowered behind the one that it branches from, whose values it uses: what stood for them at the
//! guard is kept until then.

use super::errno::Errno;
use super::loops::{Counter, Inner, Part};
use super::{Def, Lower, malformed};
use cranelift_codegen::ir::Block;
use std::collections::HashMap;
use traces::{Abort, Inst, SnapId, Trace};

/// The further paths of a trace.
pub(super) struct Branches {
    /// By the snapshot of their guard; what is known where it fails, once the guard was met.
    points: HashMap<SnapId, Option<Point>>,
}

/// What stands for values, and what is known, where a guard fails.
struct Point {
    block: Block,
    defs: Vec<Def>,
    not_null: Vec<bool>,
    part: Part,
    inner: Option<Inner>,
    counter: Counter,
    python_ran: bool,
    errno: Errno,
}

impl Branches {
    pub(super) fn of(trace: &Trace) -> Branches {
        let snaps = trace.branches().into_keys();
        Branches {
            points: snaps.map(|snap| (snap, None)).collect(),
        }
    }
}

impl Lower<'_> {
    /// The block in which the path begins that a snapshot has; `None` where it has none.
    pub(super) fn branch_block(&mut self, snap: SnapId) -> Option<Block> {
        let known = self.branches.points.get(&snap)?.as_ref();
        if let Some(point) = known {
            let (block, errno) = (point.block, point.errno);
            return Some(self.errno_turn(block, errno));
        }
        let block = self.b.create_block();
        let point = Point {
            block,
            defs: self.defs.clone(),
            not_null: self.not_null.clone(),
            part: self.part,
            inner: self.inner,
            counter: self.counter,
            python_ran: self.python_ran,
            errno: self.errno,
        };
        self.branches.points.insert(snap, Some(point));
        Some(block)
    }

    /// Goes back to where a guard fails.
    pub(super) fn begin_branch(&mut self, at: usize, inst: &Inst) -> Result<(), Abort> {
        let point = inst
            .snap
            .and_then(|snap| self.branches.points.get_mut(&snap));
        let Some(point) = point.ok_or_else(|| malformed(inst))?.take() else {
            // No code was needed for the guard: it always holds, and nothing leads here.
            let path = self.trace.insts.iter().skip(at);
            self.done = at + path.take_while(|inst| !inst.op.ends_path()).count();
            return Ok(());
        };
        self.b.switch_to_block(point.block);
        self.defs = point.defs;
        self.not_null = point.not_null;
        self.part = point.part;
        self.inner = point.inner;
        self.counter = point.counter;
        self.python_ran = point.python_ran;
        self.errno = point.errno;
        // A slow path may lead here too.
        self.position = None;
        self.during = None;
        self.path = inst.snap;
        Ok(())
    }
}
