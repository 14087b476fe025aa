//! `errno` around calls through cffi.
//!
//! cffi keeps the `errno` of its calls apart: it restores the C library's in front of each call and saves it behind
//! (c/misc_thread_common.h). Between two such calls nothing else may touch the C library's, so that it need not be
//! saved and restored: where it is live, it is what cffi's would be, which is out of date. Whatever might disturb it, or
//! look at cffi's, finds that brought up to date: exits, functions of the runtime, foreign calls without that discipline.

use super::Lower;
use crate::exit::Activation;
use cranelift_codegen::ir::{Block, InstBuilder, types};
use std::mem::offset_of;
use traces::{Effect, Imm, Inst, Op};

const REAL: usize = offset_of!(Activation, errno);
const SAVED: usize = offset_of!(Activation, saved_errno);

/// Where the `errno` of the last call through cffi is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Errno {
    /// Where cffi keeps it.
    Saved,
    /// In the C library's.
    Live,
}

/// A way to a block that begins with another one.
pub(super) struct Turn {
    pub(super) block: Block,
    pub(super) to: Block,
    pub(super) errno: Errno,
}

impl Lower<'_> {
    /// Has it be there from here on.
    pub(super) fn settle_errno(&mut self, errno: Errno) {
        if self.errno != errno {
            self.turn_errno(errno);
            self.errno = errno;
        }
    }

    /// What leads there, where nothing else is done in between.
    fn turn_errno(&mut self, errno: Errno) {
        match errno {
            Errno::Saved => self.copy_errno(REAL, SAVED),
            Errno::Live => self.copy_errno(SAVED, REAL),
        }
    }

    fn copy_errno(&mut self, from: usize, to: usize) {
        let from = self.load(types::I64, self.act, from as i32);
        let errno = self.load(types::I32, from, 0);
        let to = self.load(types::I64, self.act, to as i32);
        self.store(errno, to, 0);
    }

    /// Emits what may disturb it, in code that other code goes around.
    pub(super) fn sparing_errno<T>(&mut self, emit: impl FnOnce(&mut Self) -> T) -> T {
        let errno = self.errno;
        self.settle_errno(Errno::Saved);
        let result = emit(self);
        self.settle_errno(errno);
        result
    }

    /// Emits what keeps it as it is.
    pub(super) fn keeping_errno<T>(&mut self, emit: impl FnOnce(&mut Self) -> T) -> T {
        let errno = std::mem::replace(&mut self.errno, Errno::Saved);
        let result = emit(self);
        self.errno = errno;
        result
    }

    /// In front of an instruction that may disturb it.
    pub(super) fn errno_before(&mut self, inst: &Inst) {
        if self.disturbs_errno(inst) == Some(true) {
            self.settle_errno(Errno::Saved);
        }
    }

    /// Whether an instruction is a call that may disturb it, or one that gives it; `None` for what calls nothing.
    fn disturbs_errno(&self, inst: &Inst) -> Option<bool> {
        match (inst.op, inst.imm) {
            (Op::CCall, Imm::Func(id)) => {
                let decl = self.trace.funcs.get(id.0 as usize);
                Some(!decl.is_some_and(|decl| decl.flags.errno))
            }
            (op, _) => {
                let calls = matches!(op.effect(), Effect::Call | Effect::RunsPython);
                calls.then_some(true)
            }
        }
    }

    /// Where a loop has it whenever it comes to the label: where most iterations leave it.
    pub(super) fn errno_of_loop(&self, label: usize) -> Errno {
        let body = self.trace.insts.iter().skip(label);
        let root = body.take_while(|inst| !inst.op.ends_path());
        match root.filter_map(|inst| self.disturbs_errno(inst)).last() {
            Some(false) => Errno::Live,
            _ => Errno::Saved,
        }
    }

    /// Where to find it now.
    pub(super) fn errno_place(&mut self) -> cranelift_codegen::ir::Value {
        let place = match self.errno {
            Errno::Saved => SAVED,
            Errno::Live => REAL,
        };
        self.load(types::I64, self.act, place as i32)
    }

    /// The block to go to instead of one that begins with `errno` there.
    pub(super) fn errno_turn(&mut self, to: Block, errno: Errno) -> Block {
        if self.errno == errno {
            return to;
        }
        let block = self.cold_block();
        self.turns.push(Turn { block, to, errno });
        block
    }

    /// Emits these.
    pub(super) fn emit_errno_turns(&mut self) {
        for Turn { block, to, errno } in std::mem::take(&mut self.turns) {
            self.b.switch_to_block(block);
            self.turn_errno(errno);
            self.b.ins().jump(to, &[]);
        }
    }
}
