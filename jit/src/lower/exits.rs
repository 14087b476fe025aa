//! Guards' exits, and the records of foreign calls.
//!
//! An exit stores what its snapshot needs behind the activation and gives its index.
//! All guards of a snapshot that are one op share one exit, in each part of the trace: what a snapshot
//! lists exists before the first guard that carries it, and a report can tell the ops apart.

use super::errno::Errno;
use super::loops::{Counter, Part};
use super::{Boxed, Def, Lower, TRUSTED, malformed};
use crate::code::refused;
use crate::exit::{Exit, ExitFrame, Repr, Source, VALUES};
use cranelift_codegen::ir::{self, Block, BlockArg, InstBuilder, condcodes::IntCC, types};
use cranelift_frontend::FunctionBuilder;
use std::collections::HashMap;
use traces::{Abort, Field, Imm, Inst, Known, ObjId, Op, SnapId, Type, Value};

/// A word of a record: the value of the trace, and what it was when the record was made.
pub(super) struct Word {
    pub(super) value: Value,
    pub(super) def: Def,
}

/// What a record is made of so far: its words, and where its values are found.
#[derive(Default)]
pub(super) struct Words {
    /// The index of the first word.
    first: u16,
    words: Vec<Word>,
    sources: HashMap<Value, Source>,
    pub(super) tuples: Vec<Vec<Source>>,
}

impl Words {
    /// Adds words, one behind the other; the index of the first.
    pub(super) fn add(&mut self, words: impl IntoIterator<Item = Word>) -> Result<u16, Abort> {
        let index = usize::from(self.first) + self.words.len();
        self.words.extend(words);
        u16::try_from(index).map_err(|_| refused("a snapshot of too many values"))
    }
}

/// An exit whose code is still to be emitted.
struct Pending {
    block: Block,
    words: Vec<Word>,
    /// The fields to write: object, field, value.
    fields: Vec<(Def, Field, Def)>,
    /// Behind the label, where a register counts iterations: that.
    counter: Counter,
    errno: Errno,
    rework: Option<Rework>,
}

/// What only one way to an exit allows: a value that need not live on for the sake of the exit.
#[derive(Clone, Copy)]
pub(super) enum Rework {
    /// The operand of an addition or subtraction, from the result and the other operand.
    Sum {
        operand: ir::Value,
        result: ir::Value,
        other: ir::Value,
        /// Whether the result is a sum, else a difference.
        added: bool,
    },
    /// A truth value that a guard found to be this.
    Truth(ir::Value, bool),
}

/// The exits of a trace so far.
pub(super) struct Exits {
    pub(super) exits: Vec<Exit>,
    pub(super) durings: Vec<Exit>,
    pub(super) buf_len: usize,
    /// Where the words of an exit or a record begin: behind the values that wait in memory.
    first: u16,
    pending: Vec<Pending>,
    by_snap: HashMap<(SnapId, Op, Part, Errno), Block>,
    ret: Block,
    /// Where exits behind the label go first.
    out_of_loop: Block,
}

impl Exits {
    pub(super) fn new(b: &mut FunctionBuilder) -> Exits {
        let [ret, out_of_loop] = [(); 2].map(|()| {
            let block = b.create_block();
            b.set_cold_block(block);
            b.append_block_param(block, types::I32);
            block
        });
        Exits {
            exits: Vec::new(),
            durings: Vec::new(),
            buf_len: 0,
            first: 0,
            pending: Vec::new(),
            by_snap: HashMap::new(),
            ret,
            out_of_loop,
        }
    }

    /// Sets so many words aside, in front of what exits and records write.
    pub(super) fn reserve(&mut self, words: usize) -> Result<(), Abort> {
        self.first = u16::try_from(words).map_err(|_| refused("too many values that wait"))?;
        self.buf_len = words;
        Ok(())
    }
}

impl<'a> Lower<'a> {
    /// The block that leaves by the snapshot of an instruction.
    pub(super) fn exit(&mut self, at: usize, inst: &Inst) -> Result<Block, Abort> {
        let snap = inst.snap.ok_or_else(|| malformed(inst))?;
        if let Some(block) = self.branch_block(snap) {
            return Ok(block);
        }
        let key = (snap, inst.op, self.part, self.errno);
        if let Some(&block) = self.exits.by_snap.get(&key) {
            return Ok(block);
        }
        let (exit, words) = self.record(at, snap, false)?;
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
            counter: self.counter,
            errno: self.errno,
            rework: None,
        });
        self.exits.by_snap.insert(key, block);
        Ok(block)
    }

    /// The block that leaves by the snapshot of an instruction, where nothing else leads to it.
    pub(super) fn exit_reworked(
        &mut self,
        at: usize,
        inst: &Inst,
        rework: Rework,
    ) -> Result<Block, Abort> {
        let snap = inst.snap.ok_or_else(|| malformed(inst))?;
        if let Some(block) = self.branch_block(snap) {
            return Ok(block);
        }
        let key = (snap, inst.op, self.part, self.errno);
        let shared = self.exits.by_snap.remove(&key);
        let block = self.exit(at, inst)?;
        self.exits.by_snap.remove(&key);
        let shared = shared.map(|shared| (key, shared));
        self.exits.by_snap.extend(shared);
        if let Some(pending) = self.exits.pending.last_mut() {
            pending.rework = Some(rework);
        }
        Ok(block)
    }

    /// The block that leaves where a guard finds a truth value to be this.
    fn exit_where(&mut self, at: usize, inst: &Inst, truth: bool) -> Result<Block, Abort> {
        let value = inst.args.first().map(|&v| self.def(v)).transpose()?;
        let frames = inst.snap.and_then(|s| self.trace.snaps.get(s.0 as usize));
        let slots = frames.iter().flat_map(|s| &s.frames).flat_map(|f| &f.slots);
        let lists = |native| {
            slots.clone().any(|&(_, v)| match self.def(v) {
                Ok(Def::Box(boxed)) => {
                    matches!(self.def(boxed.inner), Ok(Def::Native(x)) if x == native)
                }
                _ => false,
            })
        };
        match value {
            Some(Def::Native(native)) if lists(native) => {
                self.exit_reworked(at, inst, Rework::Truth(native, truth))
            }
            _ => self.exit(at, inst),
        }
    }

    /// The index of the record of a foreign call, and the words to store before it.
    pub(super) fn during_record(
        &mut self,
        at: usize,
        snap: SnapId,
        kept: Vec<u16>,
    ) -> Result<(usize, Vec<Word>), Abort> {
        let (exit, words) = self.record(at, snap, true)?;
        let exit = Exit { kept, ..exit };
        let same = |e: &Exit| {
            (e.resume, &e.frames) == (exit.resume, &exit.frames)
                && (&e.slots, &e.tuples, &e.kept) == (&exit.slots, &exit.tuples, &exit.kept)
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

    /// The floats that the record of a call would hold.
    pub(super) fn floats_listed(&mut self, at: usize, snap: SnapId) -> Result<Vec<Word>, Abort> {
        let (_, mut words) = self.record(at, snap, true)?;
        words.retain(|word| self.is_float(word));
        Ok(words)
    }

    fn is_float(&self, word: &Word) -> bool {
        matches!(word.def, Def::Native(x) if self.b.func.dfg.value_type(x) == types::F64)
    }

    /// A snapshot as the frame rebuilder reads it, where a call is under way without operand stacks, and what its
    /// words hold.
    fn record(
        &mut self,
        at: usize,
        snap: SnapId,
        during: bool,
    ) -> Result<(Exit, Vec<Word>), Abort> {
        let trace = self.trace;
        let snapshot = trace
            .snaps
            .get(snap.0 as usize)
            .ok_or_else(|| refused("an unknown snapshot"))?;
        let mut calls = snapshot.frames.iter().skip(1);
        if calls.any(|frame| frame.slot == 0 || trace.inlined_at(frame.slot).is_none()) {
            return Err(refused("a snapshot of a call that is not in the table"));
        }
        let mut words = Words {
            first: self.exits.first,
            ..Words::default()
        };
        let mut slots = Vec::new();
        let listed = snapshot.frames.iter().flat_map(|frame| &frame.slots);
        for &(slot, value) in listed.filter(|(slot, _)| !during || trace.is_seen(*slot)) {
            slots.push((slot, self.source_of(value, &mut words)?));
        }
        let Words { words, tuples, .. } = words;
        let end = usize::from(self.exits.first) + words.len();
        self.exits.buf_len = self.exits.buf_len.max(end);
        let exit = Exit {
            inst: at as u32,
            resume: snapshot.resume,
            frames: snapshot.frames.iter().map(ExitFrame::of).collect(),
            slots,
            tuples,
            drops: snapshot.drops.clone(),
            kept: Vec::new(),
        };
        Ok((exit, words))
    }

    /// As `source`, which it finds again.
    pub(super) fn source_of(&self, value: Value, words: &mut Words) -> Result<Source, Abort> {
        if let Some(&source) = words.sources.get(&value) {
            return Ok(source);
        }
        let source = self.source(value, words)?;
        words.sources.insert(value, source);
        Ok(source)
    }

    /// Where the rebuilder finds an object; adds a word where it needs one.
    fn source(&self, value: Value, words: &mut Words) -> Result<Source, Abort> {
        if self.trace.types.get(value.0 as usize) != Some(&Type::Obj) {
            return Err(refused("a snapshot lists a value that is no object"));
        }
        let (value, repr) = match self.def(value)? {
            Def::Obj(id) => return Ok(Source::Const(id)),
            Def::Box(
                boxed @ Boxed {
                    op:
                        Op::BoxStruct
                        | Op::BoxBuffer
                        | Op::BoxRange
                        | Op::BoxListIter
                        | Op::BoxTupleIter,
                    ..
                },
            ) => return self.wide_source(boxed, words),
            Def::Box(boxed) if boxed.op == Op::BoxTuple => {
                return self.tuple_source(boxed.inner, words);
            }
            Def::Box(boxed) if boxed.op == Op::BoxInstance => {
                return self.instance_source(boxed.inner, words);
            }
            Def::Box(Boxed {
                op, inner, ctype, ..
            }) => (inner, repr_of(op, ctype)?),
            _ => (value, Repr::Obj),
        };
        let word = self.def(value)?;
        // Two boxes of one number are two objects.
        if let (Def::Aside(place, _), Repr::Obj) = (word, repr) {
            return Ok(Source::Buf(place, repr));
        }
        let imm = match word {
            Def::Int(n) => Some(n as u64),
            Def::Float(x) => Some(x.to_bits()),
            Def::Bool(x) => Some(u64::from(x)),
            _ => None,
        };
        if let Some(bits) = imm {
            return Ok(Source::Imm(bits, repr));
        }
        let index = words.add([Word { value, def: word }])?;
        Ok(Source::Buf(index, repr))
    }

    /// The words of some values.
    pub(super) fn words_of(&self, values: &[Value]) -> Result<Vec<Word>, Abort> {
        let word = |&value| {
            let def = self.def(value)?;
            Ok(Word { value, def })
        };
        values.iter().map(word).collect()
    }

    /// What lies in as many words as it has, which are its own: two iterators that have come as far are two objects.
    fn wide_source(&self, boxed: Boxed, words: &mut Words) -> Result<Source, Abort> {
        let repr = match (boxed.op, boxed.ctype) {
            (Op::BoxListIter | Op::BoxTupleIter, Some(sequence)) => Repr::Iter(sequence),
            (_, Some(ctype)) => Repr::Struct(ctype),
            (Op::BoxRange, None) => Repr::Range,
            _ => Repr::Buffer,
        };
        let all = [Some(boxed.inner), boxed.second, boxed.third];
        let all: Vec<Value> = all.into_iter().flatten().collect();
        let index = words.add(self.words_of(&all)?)?;
        Ok(Source::Buf(index, repr))
    }

    /// Stores the words of a record into the buffer.
    pub(super) fn store_words(&mut self, words: &[Word]) -> Result<(), Abort> {
        for (i, word) in (VALUES + usize::from(self.exits.first)..).zip(words) {
            let value = match word.def {
                Def::Native(x) if self.b.func.dfg.value_type(x) == types::I8 => {
                    self.b.ins().uextend(types::I64, x)
                }
                Def::Native(x) => x,
                Def::Aside(place, _) => self.word_aside(place),
                Def::Int(n) => self.int(n),
                Def::Bool(x) => self.int(x.into()),
                Def::Float(x) => self.b.ins().f64const(x),
                Def::Obj(id) => self.obj_addr(id)?,
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
        for (i, word) in (VALUES + usize::from(self.exits.first)..).zip(words) {
            if self.is_float(word) {
                let value = self.load(types::F64, self.act, 8 * i as i32);
                if let Some(def) = self.defs.get_mut(word.value.0 as usize) {
                    *def = Def::Native(value);
                }
            }
        }
    }

    /// Emits the exits behind the hot code.
    pub(super) fn emit_exits(&mut self) -> Result<(), Abort> {
        self.emit_errno_turns();
        let (ret, out_of_loop) = (self.exits.ret, self.exits.out_of_loop);
        let mut in_loop = None;
        for (index, mut pending) in std::mem::take(&mut self.exits.pending)
            .into_iter()
            .enumerate()
        {
            self.b.switch_to_block(pending.block);
            let leaves = self.exits.exits.get(index).map(|exit| exit.inst);
            self.mark(leaves.unwrap_or(0) as usize);
            self.errno = pending.errno;
            if let Some(rework) = pending.rework {
                self.rework(rework, &mut pending);
            }
            for (object, field, value) in pending.fields {
                let (object, value) = (self.native_def(object)?, self.native_def(value)?);
                self.store(value, object, self.field_offset(field));
            }
            self.store_words(&pending.words)?;
            self.settle_errno(Errno::Saved);
            let index = self.b.ins().iconst(types::I32, index as i64);
            let index = BlockArg::Value(index);
            match pending.counter.param() {
                Some(counter) => {
                    in_loop = Some(pending.counter);
                    let counter = BlockArg::Value(counter);
                    self.b.ins().jump(out_of_loop, &[index, counter]);
                }
                None => {
                    self.b.ins().jump(ret, &[index]);
                }
            }
        }
        if let Some(kind) = in_loop {
            self.b.switch_to_block(out_of_loop);
            let counter = self.b.append_block_param(out_of_loop, types::I64);
            self.count_iterations(kind, counter);
            let index = self.b.block_params(out_of_loop)[0];
            self.b.ins().jump(ret, &[BlockArg::Value(index)]);
        }
        self.b.switch_to_block(ret);
        let index = self.b.block_params(ret)[0];
        self.b.ins().return_(&[index]);
        Ok(())
    }

    /// Puts what is computed again in the place of what was.
    fn rework(&mut self, rework: Rework, pending: &mut Pending) {
        let (old, new) = match rework {
            Rework::Sum {
                operand,
                result,
                other,
                added,
            } => {
                let again = if added {
                    self.b.ins().isub(result, other)
                } else {
                    self.b.ins().iadd(result, other)
                };
                (operand, Def::Native(again))
            }
            Rework::Truth(value, truth) => (value, Def::Int(truth.into())),
        };
        let words = pending.words.iter_mut().map(|word| &mut word.def);
        for def in words.chain(pending.fields.iter_mut().map(|(.., value)| value)) {
            if matches!(*def, Def::Native(x) if x == old) {
                *def = new;
            }
        }
    }

    pub(super) fn guard(&mut self, at: usize, inst: &Inst) -> Result<(), Abort> {
        match (inst.op, inst.imm) {
            (Op::GuardTrue, _) => {
                let exit = self.exit_where(at, inst, false)?;
                let cond = self.arg(inst, 0, Type::Bool)?;
                self.branch_unless(cond, exit);
            }
            (Op::GuardFalse, _) => {
                let exit = self.exit_where(at, inst, true)?;
                let cond = self.arg(inst, 0, Type::Bool)?;
                self.branch(cond, exit);
            }
            (Op::GuardKept, Imm::Slot(slot)) => {
                let exit = self.exit(at, inst)?;
                let object = self.load_slot(slot);
                let (some, next) = (self.b.create_block(), self.b.create_block());
                self.b.ins().brif(object, some, &[], next, &[]);
                self.b.switch_to_block(some);
                let refs = self.target.refcount;
                let refs = self.b.ins().load(types::I32, TRUSTED, object, refs);
                let last = self.icmp_const(IntCC::Equal, refs, 1);
                self.b.ins().brif(last, exit, &[], next, &[]);
                self.b.switch_to_block(next);
            }
            (Op::GuardIs, Imm::Obj(id)) => {
                let exit = self.exit(at, inst)?;
                let object = self.arg(inst, 0, Type::Obj)?;
                let addr = self.obj_addr(id)?;
                let differs = self.b.ins().icmp(IntCC::NotEqual, object, addr);
                self.branch(differs, exit);
            }
            (Op::GuardType, Imm::Obj(id)) => self.guard_type(at, inst, id)?,
            (Op::GuardShared, Imm::Int(n)) => {
                let exit = self.exit(at, inst)?;
                let value = *inst.args.first().ok_or_else(|| malformed(inst))?;
                let object = self.arg(inst, 0, Type::Obj)?;
                self.leave_where_null(value, object, exit);
                // An immortal's count is all ones.
                let count = self.load(types::I32, object, self.target.refcount);
                let shared = self.icmp_const(IntCC::UnsignedGreaterThan, count, n);
                self.branch_unless(shared, exit);
            }
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
        self.leave_where_null(value, object, exit);
        let expected = self.obj_addr(ty)?;
        let actual = self
            .b
            .ins()
            .load(types::I64, TRUSTED, object, self.target.object_type);
        let differs = self.b.ins().icmp(IntCC::NotEqual, actual, expected);
        self.branch(differs, exit);
        Ok(())
    }

    /// Leaves where an object is NULL, where that is not known.
    fn leave_where_null(&mut self, value: Value, object: ir::Value, exit: Block) {
        let not_null = self.not_null.get(value.0 as usize).copied();
        if !not_null.unwrap_or(false) {
            self.branch_unless(object, exit);
        }
        self.is_not_null(value);
    }

    pub(super) fn is_not_null(&mut self, value: Value) {
        if let Some(known) = self.not_null.get_mut(value.0 as usize) {
            *known = true;
        }
    }
}

pub(super) fn repr_of(op: Op, ctype: Option<ObjId>) -> Result<Repr, Abort> {
    Ok(match (op, ctype) {
        (Op::BoxInt, _) => Repr::Int,
        (Op::BoxUint, _) => Repr::Uint,
        (Op::BoxFloat, _) => Repr::Float,
        (Op::BoxBool, _) => Repr::Bool,
        (Op::BoxCData, Some(id)) => Repr::CData(id),
        (Op::BoxCInt, Some(id)) => Repr::CInt(id),
        (Op::BoxCFloat, Some(id)) => Repr::CFloat(id),
        (Op::BoxChar, _) => Repr::Char,
        (Op::BoxUChar, _) => Repr::UChar,
        (Op::BoxAttr, Some(id)) => Repr::Attr(id),
        _ => return Err(refused("a malformed box")),
    })
}

/// The type of the object that a box stands for.
fn boxed_type(op: Op) -> Option<Known> {
    match op {
        Op::BoxInt | Op::BoxUint => Some(Known::Int),
        Op::BoxFloat => Some(Known::Float),
        Op::BoxBool => Some(Known::Bool),
        Op::BoxCData | Op::BoxCInt | Op::BoxCFloat => Some(Known::CData),
        Op::BoxStruct => Some(Known::CDataOwn),
        Op::BoxChar => Some(Known::Bytes),
        Op::BoxUChar => Some(Known::Str),
        Op::BoxBuffer => Some(Known::CBuffer),
        Op::BoxTuple => Some(Known::Tuple),
        Op::BoxRange => Some(Known::RangeIter),
        Op::BoxListIter => Some(Known::ListIter),
        Op::BoxTupleIter => Some(Known::TupleIter),
        _ => None,
    }
}
