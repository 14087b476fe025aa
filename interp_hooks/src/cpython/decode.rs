//! Decoding a code object's bytecode (as `co_code` shows it: no specialised or instrumented forms).

use super::{Opcode, VersionTable};

/// A bytecode with its prefixes.
#[derive(Clone, Debug)]
pub struct Instr {
    /// Byte offset of the first EXTENDED_ARG, or of the bytecode itself.
    pub offset: u32,
    /// The opcode.
    pub opcode: Opcode,
    /// CPython's name of it.
    pub name: &'static str,
    /// The argument, prefixes included.
    pub oparg: u32,
    /// The offset behind the bytecode and its inline cache.
    pub next: u32,
    /// Where it jumps to, if it jumps.
    pub target: Option<u32>,
}

/// The bytecode of a code object.
pub struct Decoded {
    instrs: Vec<Instr>,
    /// For each code unit (2 bytes), the index of the bytecode that it belongs to.
    units: Vec<u32>,
}

impl Decoded {
    /// Decodes.
    pub fn new(code: &[u8], table: &VersionTable) -> Decoded {
        let rows = table.by_number();
        let mut instrs = Vec::new();
        let mut units = vec![0; code.len() / 2];
        let (mut at, mut start, mut prefix) = (0usize, 0usize, 0u32);
        while let Some(&[op, arg]) = code.get(at..at + 2) {
            let (name, opcode, caches) = rows[usize::from(op)];
            let oparg = prefix << 8 | u32::from(arg);
            at += 2;
            if opcode == Opcode::EXTENDED_ARG {
                prefix = oparg;
                continue;
            }
            let next = at + 2 * usize::from(caches);
            let index = instrs.len() as u32;
            for unit in units.iter_mut().take(next / 2).skip(start / 2) {
                *unit = index;
            }
            let target = jump_target(opcode, oparg, next as u32);
            instrs.push(Instr {
                offset: start as u32,
                opcode,
                name,
                oparg,
                next: next as u32,
                target,
            });
            (at, start, prefix) = (next, next, 0);
        }
        Decoded { instrs, units }
    }

    /// All bytecodes.
    pub fn all(&self) -> &[Instr] {
        &self.instrs
    }

    /// The last jump back to the header of a loop.
    pub fn end_of_loop(&self, header: u32) -> u32 {
        let jumps = self.instrs.iter().filter(|i| i.target == Some(header));
        jumps.map(|i| i.offset).max().unwrap_or(header)
    }

    /// The headers of all loops, each with its last jump back.
    pub fn headers(&self) -> Vec<(u32, u32)> {
        let back = |i: &Instr| i.target.filter(|&target| target <= i.offset);
        let mut all: Vec<(u32, u32)> = Vec::new();
        for (header, last) in self
            .instrs
            .iter()
            .filter_map(|i| Some((back(i)?, i.offset)))
        {
            match all.iter_mut().find(|known| known.0 == header) {
                Some(known) => known.1 = known.1.max(last),
                None => all.push((header, last)),
            }
        }
        all
    }

    /// The numbers of the names that the loop with this header stores into, as far as its last
    /// jump back.
    pub fn names_stored(&self, header: u32) -> Vec<u32> {
        let end = self.end_of_loop(header);
        self.instrs
            .iter()
            .filter(|i| (header..end).contains(&i.offset))
            .filter(|i| matches!(i.opcode, Opcode::STORE_NAME | Opcode::STORE_GLOBAL))
            .map(|i| i.oparg)
            .collect()
    }

    /// Where the interpreter goes on when the iterator of a FOR_ITER is at its end: it drops the iterator and
    /// steps over the END_FOR (from 3.13 on, `pops`, also the POP_TOP) that the jump leads to.
    pub fn behind_loop(&self, for_iter: &Instr, pops: bool) -> Option<u32> {
        let end = self.at(for_iter.target?)?;
        if for_iter.opcode != Opcode::FOR_ITER || end.opcode != Opcode::END_FOR {
            return None;
        }
        if !pops {
            return Some(end.next);
        }
        let pop = self.at(end.next)?;
        (pop.opcode == Opcode::POP_TOP).then_some(pop.next)
    }

    /// Whether the first bytecode of a function that does something is at a byte offset, or the RESUME in front of it:
    /// not told of are those that copy its cells.
    pub fn starts_at(&self, offset: u32) -> bool {
        let before = self.instrs.iter().take_while(|i| i.offset < offset);
        let silent = |i: &Instr| matches!(i.opcode, Opcode::RESUME | Opcode::COPY_FREE_VARS);
        before.clone().all(silent) && self.at(offset).is_some_and(|i| i.offset == offset)
    }

    /// The bytecode that a byte offset belongs to.
    pub fn at(&self, offset: u32) -> Option<&Instr> {
        let i = self.units.get(offset as usize / 2)?;
        self.instrs.get(*i as usize)
    }
}

impl Instr {
    /// Whether the bytecode at `offset` may run behind this one, where this one does not raise.
    pub fn is_followed_by(&self, offset: u32) -> bool {
        let always_jumps = matches!(
            self.opcode,
            Opcode::JUMP_FORWARD | Opcode::JUMP_BACKWARD | Opcode::JUMP_BACKWARD_NO_INTERRUPT
        );
        self.target == Some(offset) || !always_jumps && self.next == offset
    }
}

/// All jumps are relative to the end of the bytecode and its cache.
fn jump_target(opcode: Opcode, oparg: u32, next: u32) -> Option<u32> {
    use Opcode::*;
    match opcode {
        JUMP_BACKWARD | JUMP_BACKWARD_NO_INTERRUPT => next.checked_sub(2 * oparg),
        JUMP_FORWARD | FOR_ITER | SEND | POP_JUMP_IF_TRUE | POP_JUMP_IF_FALSE
        | POP_JUMP_IF_NONE | POP_JUMP_IF_NOT_NONE => Some(next + 2 * oparg),
        _ => None,
    }
}
