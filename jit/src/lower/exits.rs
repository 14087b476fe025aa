//! Guards' exits, and the records of foreign calls.
//!
//! An exit stores what its snapshot needs behind the activation and gives its index.
//! All guards of a snapshot that are one op share one exit: what a snapshot lists exists before the
//! first guard that carries it, and a report can tell the ops apart.

use super::{Boxed, Def, Lower, TRUSTED, malformed};
use crate::code::refused;
use crate::exit::{Exit, Repr, Source, VALUES};
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, condcodes::IntCC, types};
use cranelift_frontend::FunctionBuilder;
use std::collections::HashMap;
use traces::{Abort, Field, Imm, Inst, Known, ObjId, Op, SnapId, Type, Value};

/// A word of a record: the value of the trace, and what it was when the record was made.
pub(super) struct Word {
    value: Value,
    def: Def,
}

/// An exit whose code is still to be emitted.
struct Pending {
    block: Block,
    words: Vec<Word>,
    /// The fields to write: object, field, value.
    fields: Vec<(Def, Field, Def)>,
}

/// The exits of a trace so far.
pub(super) struct Exits {
    pub(super) exits: Vec<Exit>,
    pub(super) durings: Vec<Exit>,
    pub(super) buf_len: usize,
    pending: Vec<Pending>,
    by_snap: HashMap<(SnapId, Op), Block>,
    ret: Block,
}

impl Exits {
    pub(super) fn new(b: &mut FunctionBuilder) -> Exits {
        let ret = b.create_block();
        b.set_cold_block(ret);
        b.append_block_param(ret, types::I32);
        Exits {
            exits: Vec::new(),
            durings: Vec::new(),
            buf_len: 0,
            pending: Vec::new(),
            by_snap: HashMap::new(),
            ret,
        }
    }
}

impl<'a> Lower<'a> {
    /// The block that leaves by the snapshot of an instruction.
    pub(super) fn exit(&mut self, at: usize, inst: &Inst) -> Result<Block, Abort> {
        let snap = inst.snap.ok_or_else(|| malformed(inst))?;
        if let Some(&block) = self.exits.by_snap.get(&(snap, inst.op)) {
            return Ok(block);
        }
        let (exit, words) = self.record(at, snap, u16::MAX)?;
        let block = self.cold_block();
        self.exits.exits.push(exit);
        let snapshot = self.trace.snaps.get(snap.0 as usize);
        let mut fields = Vec::new();
        for &(object, field, value) in snapshot.map_or(&[][..], |s| &s.fields) {
            fields.push((self.def(object)?, field, self.def(value)?));
        }
        self.exits.pending.push(Pending {
            block,
            words,
            fields,
        });
        self.exits.by_snap.insert((snap, inst.op), block);
        Ok(block)
    }

    /// The index of the record of a foreign call, and the words to store before it.
    pub(super) fn during_record(
        &mut self,
        at: usize,
        snap: SnapId,
    ) -> Result<(usize, Vec<Word>), Abort> {
        let (exit, words) = self.record(at, snap, self.trace.nlocals)?;
        let same = |e: &Exit| {
            (e.resume, e.code, e.pc, e.depth, &e.slots)
                == (exit.resume, exit.code, exit.pc, exit.depth, &exit.slots)
        };
        let index = match self.exits.durings.iter().position(same) {
            Some(index) => index,
            None => {
                self.exits.durings.push(exit);
                self.exits.durings.len() - 1
            }
        };
        Ok((index, words))
    }

    /// A snapshot as the frame rebuilder reads it, its slots below `end`, and what its words hold.
    fn record(&mut self, at: usize, snap: SnapId, end: u16) -> Result<(Exit, Vec<Word>), Abort> {
        let trace = self.trace;
        let snapshot = trace
            .snaps
            .get(snap.0 as usize)
            .ok_or_else(|| refused("an unknown snapshot"))?;
        let [frame] = snapshot.frames.as_slice() else {
            return Err(refused("a snapshot of more than one frame"));
        };
        let mut words = Vec::new();
        let mut sources: HashMap<Value, Source> = HashMap::new();
        let mut slots = Vec::with_capacity(frame.slots.len());
        for &(slot, value) in frame.slots.iter().filter(|(slot, _)| *slot < end) {
            let source = match sources.get(&value) {
                Some(&source) => source,
                None => self.source(value, &mut words)?,
            };
            sources.insert(value, source);
            slots.push((slot, source));
        }
        self.exits.buf_len = self.exits.buf_len.max(words.len());
        let exit = Exit {
            inst: at as u32,
            resume: snapshot.resume,
            code: frame.code,
            pc: frame.pc,
            depth: frame.depth,
            slots,
        };
        Ok((exit, words))
    }

    /// Where the rebuilder finds an object; adds a word where it needs one.
    fn source(&self, value: Value, words: &mut Vec<Word>) -> Result<Source, Abort> {
        if self.trace.types.get(value.0 as usize) != Some(&Type::Obj) {
            return Err(refused("a snapshot lists a value that is no object"));
        }
        let (value, repr) = match self.def(value)? {
            Def::Obj(id) => return Ok(Source::Const(id)),
            Def::Box(Boxed { op, inner, ctype }) => (inner, repr_of(op, ctype)?),
            _ => (value, Repr::Obj),
        };
        let word = self.def(value)?;
        let imm = match word {
            Def::Int(n) => Some(n as u64),
            Def::Float(x) => Some(x.to_bits()),
            Def::Bool(x) => Some(u64::from(x)),
            _ => None,
        };
        if let Some(bits) = imm {
            return Ok(Source::Imm(bits, repr));
        }
        let index =
            u16::try_from(words.len()).map_err(|_| refused("a snapshot of too many values"))?;
        words.push(Word { value, def: word });
        Ok(Source::Buf(index, repr))
    }

    /// Stores the words of a record into the buffer.
    pub(super) fn store_words(&mut self, words: &[Word]) -> Result<(), Abort> {
        for (i, word) in (VALUES..).zip(words) {
            let value = match word.def {
                Def::Native(x) if self.b.func.dfg.value_type(x) == types::I8 => {
                    self.b.ins().uextend(types::I64, x)
                }
                Def::Native(x) => x,
                _ => return Err(refused("a box of an object")),
            };
            self.store(value, self.act, 8 * i as i32);
        }
        Ok(())
    }

    /// From here on the floats among the words are read from where they were stored. No register
    /// keeps a float across a call, and the register allocator would spill and reload one that
    /// goes round the loop twice.
    pub(super) fn reload_floats(&mut self, words: &[Word]) {
        for (i, word) in (VALUES..).zip(words) {
            if matches!(word.def, Def::Native(x) if self.b.func.dfg.value_type(x) == types::F64) {
                let value = self.load(types::F64, self.act, 8 * i as i32);
                if let Some(def) = self.defs.get_mut(word.value.0 as usize) {
                    *def = Def::Native(value);
                }
            }
        }
    }

    /// Emits the exits behind the hot code.
    pub(super) fn emit_exits(&mut self) -> Result<(), Abort> {
        let ret = self.exits.ret;
        for (index, pending) in std::mem::take(&mut self.exits.pending)
            .into_iter()
            .enumerate()
        {
            self.b.switch_to_block(pending.block);
            for (object, field, value) in pending.fields {
                let (object, value) = (self.native_def(object)?, self.native_def(value)?);
                self.store(value, object, self.field_offset(field));
            }
            self.store_words(&pending.words)?;
            let index = self.b.ins().iconst(types::I32, index as i64);
            self.b.ins().jump(ret, &[BlockArg::Value(index)]);
        }
        self.b.switch_to_block(ret);
        let index = self.b.block_params(ret)[0];
        self.b.ins().return_(&[index]);
        Ok(())
    }

    pub(super) fn guard(&mut self, at: usize, inst: &Inst) -> Result<(), Abort> {
        match (inst.op, inst.imm) {
            (Op::GuardTrue, _) => {
                let exit = self.exit(at, inst)?;
                let cond = self.arg(inst, 0, Type::Bool)?;
                self.branch_unless(cond, exit);
            }
            (Op::GuardFalse, _) => {
                let exit = self.exit(at, inst)?;
                let cond = self.arg(inst, 0, Type::Bool)?;
                self.branch(cond, exit);
            }
            (Op::GuardIs, Imm::Obj(id)) => {
                let exit = self.exit(at, inst)?;
                let object = self.arg(inst, 0, Type::Obj)?;
                let addr = self.obj_addr(id)?;
                let differs = self.b.ins().icmp(IntCC::NotEqual, object, addr);
                self.branch(differs, exit);
            }
            (Op::GuardType, Imm::Obj(id)) => self.guard_type(at, inst, id)?,
            _ => return Err(malformed(inst)),
        }
        Ok(())
    }

    fn guard_type(&mut self, at: usize, inst: &Inst, ty: ObjId) -> Result<(), Abort> {
        let value = *inst.args.first().ok_or_else(|| malformed(inst))?;
        if let Def::Box(boxed) = self.def(value)? {
            // The optimiser removes these; a trace that was not optimised has them.
            let known = self.obj_const(ty)?.known;
            return if known.is_some() && known == boxed_type(boxed.op) {
                Ok(())
            } else {
                Err(refused("a guard on the type of a box"))
            };
        }
        let exit = self.exit(at, inst)?;
        let object = self.arg(inst, 0, Type::Obj)?;
        let not_null = self
            .not_null
            .get(value.0 as usize)
            .copied()
            .unwrap_or(false);
        if !not_null {
            self.branch_unless(object, exit);
        }
        let expected = self.obj_addr(ty)?;
        let actual = self
            .b
            .ins()
            .load(types::I64, TRUSTED, object, self.target.object_type);
        let differs = self.b.ins().icmp(IntCC::NotEqual, actual, expected);
        self.branch(differs, exit);
        self.is_not_null(value);
        Ok(())
    }

    pub(super) fn is_not_null(&mut self, value: Value) {
        if let Some(known) = self.not_null.get_mut(value.0 as usize) {
            *known = true;
        }
    }
}

fn repr_of(op: Op, ctype: Option<ObjId>) -> Result<Repr, Abort> {
    Ok(match (op, ctype) {
        (Op::BoxInt, _) => Repr::Int,
        (Op::BoxUint, _) => Repr::Uint,
        (Op::BoxFloat, _) => Repr::Float,
        (Op::BoxBool, _) => Repr::Bool,
        (Op::BoxCData, Some(id)) => Repr::CData(id),
        _ => return Err(refused("a malformed box")),
    })
}

/// The type of the object that a box stands for.
fn boxed_type(op: Op) -> Option<Known> {
    match op {
        Op::BoxInt | Op::BoxUint => Some(Known::Int),
        Op::BoxFloat => Some(Known::Float),
        Op::BoxBool => Some(Known::Bool),
        Op::BoxCData => Some(Known::CData),
        _ => None,
    }
}
