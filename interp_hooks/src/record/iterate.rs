//! `for`: range, list and tuple iterators.

use super::{Pending, Recorder};
use crate::cpython::decode::Instr;
use crate::engine;
use crate::py::{Kind, Object};
use traces::{Abort, Field, Helper, Imm, Known, Op, Reason, Value};

/// The fields of an iterator over a sequence of objects.
struct Sequence {
    iter: Known,
    seq: Known,
    index: Field,
    source: Field,
}

const LIST: Sequence = Sequence {
    iter: Known::ListIter,
    seq: Known::List,
    index: Field::ListIterIndex,
    source: Field::ListIterSeq,
};
const TUPLE: Sequence = Sequence {
    iter: Known::TupleIter,
    seq: Known::Tuple,
    index: Field::TupleIterIndex,
    source: Field::TupleIterSeq,
};

impl Recorder {
    pub(super) fn for_iter(&mut self, i: &Instr) -> Result<(), Abort> {
        let it = self.concrete(0)?;
        let v = self.b.peek(0)?.value;
        if it.is_exactly(Known::RangeIter) {
            return self.next_of_range(it, v);
        }
        if it.is_exactly(Known::ListIter) {
            return self.next_of_sequence(&LIST, it, v);
        }
        if it.is_exactly(Known::TupleIter) {
            return self.next_of_sequence(&TUPLE, it, v);
        }
        self.next_of_any(it, v, i)
    }

    /// The next item of any other iterator, through its protocol. At its end the interpreter goes
    /// on behind the loop, where it drops the iterator and what stands for the end.
    fn next_of_any(&mut self, it: Object, v: Value, i: &Instr) -> Result<(), Abort> {
        let end = i
            .target
            .ok_or_else(|| Abort::new(Reason::Confused, "a loop without an end"))?;
        self.residual_names
            .push(format!("next of a {}", it.type_object().type_name()));
        let slot = self.b.next_slot();
        let item = self.call_into(Helper::PyIterNext, &[v], 1, slot)?;
        self.b.push_owned(item);
        self.b.begin(end);
        let exhausted = engine::get().map(|e| Object(e.exhausted.as_ptr()));
        let exhausted = exhausted.ok_or(Reason::Confused)?;
        let exhausted = self.borrowed_constant(exhausted, "exhausted");
        let exhausted = self.b.obj(exhausted)?;
        let ended = self.b.op(Op::Same, &[item, exhausted])?;
        self.b.guard(ended, false);
        self.b.begin(i.next);
        self.b.check();
        self.pending = Pending::Result { next: i.next };
        Ok(())
    }

    /// The iterator's own state is private to the trace while nobody else can reach it.
    fn guard_iterator(&mut self, it: Object, v: Value, ty: Known) -> Result<(), Abort> {
        if it.refcount() != 1 {
            return Err(Abort::new(
                Reason::Operand,
                "an iterator that others can reach too",
            ));
        }
        let ty = self.known(ty);
        self.b.guard_type(v, ty);
        let n = self.b.load_field(v, Field::IterRefCount)?;
        let one = self.b.int(1)?;
        let alone = self.b.op(Op::IEq, &[n, one])?;
        self.b.guard(alone, true);
        Ok(())
    }

    fn next_of_range(&mut self, it: Object, v: Value) -> Result<(), Abort> {
        if it.range_iterator_len() <= 0 {
            return Err(Reason::LeftLoop.into());
        }
        self.guard_iterator(it, v, Known::RangeIter)?;
        let len = self.b.load_field(v, Field::RangeIterLen)?;
        let zero = self.b.int(0)?;
        let more = self.b.op(Op::IGt, &[len, zero])?;
        self.b.guard(more, true);
        let start = self.b.load_field(v, Field::RangeIterStart)?;
        let step = self.b.load_field(v, Field::RangeIterStep)?;
        // A step that is a constant saves a register; a loop has hardly ever two.
        let constant = self.b.int(it.range_iterator_step())?;
        let same = self.b.op(Op::IEq, &[step, constant])?;
        self.b.guard(same, true);
        let next = self.b.op(Op::IAdd, &[start, constant])?;
        let one = self.b.int(1)?;
        let left = self.b.op(Op::ISub, &[len, one])?;
        self.b.effect(
            Op::StoreField,
            &[v, next],
            Imm::Field(Field::RangeIterStart),
        );
        self.b
            .effect(Op::StoreField, &[v, left], Imm::Field(Field::RangeIterLen));
        let item = self.b.op(Op::BoxInt, &[start])?;
        self.b.push(item);
        Ok(())
    }

    fn next_of_sequence(&mut self, s: &Sequence, it: Object, v: Value) -> Result<(), Abort> {
        let Some(item) = it.sequence_iterator_next() else {
            return Err(Reason::LeftLoop.into());
        };
        self.guard_iterator(it, v, s.iter)?;
        let seq = self.b.load_field(v, s.source)?;
        let ty = self.known(s.seq);
        self.b.guard_type(seq, ty);
        let index = self.b.load_field(v, s.index)?;
        let (size, items) = match s.seq {
            Known::List => (
                self.b.load_field(seq, Field::ListSize)?,
                self.b.load_field(seq, Field::ListItems)?,
            ),
            _ => (
                self.b.load_field(seq, Field::TupleSize)?,
                self.b
                    .emit(Op::FieldAddr, &[seq], Imm::Field(Field::TupleItems))?,
            ),
        };
        let inside = self.b.op(Op::IUlt, &[index, size])?;
        self.b.guard(inside, true);
        let value = self.b.op(Op::LoadItem, &[items, index])?;
        // All that can leave comes before the iterator moves on.
        let unboxed = self.unbox_plain(value, item)?;
        let one = self.b.int(1)?;
        let next = self.b.op(Op::IAdd, &[index, one])?;
        self.b
            .effect(Op::StoreField, &[v, next], Imm::Field(s.index));
        match unboxed {
            Some(boxed) => self.b.push(boxed),
            None => {
                let slot = self.b.next_slot();
                self.b.effect(Op::InitSlot, &[value], Imm::Slot(slot));
                self.b.push_owned(value);
            }
        }
        Ok(())
    }

    /// For a number, a truth value or None: guards and a value that needs no owner.
    pub(super) fn unbox_plain(&mut self, v: Value, o: Object) -> Result<Option<Value>, Abort> {
        let (ty, unbox, rebox) = match o.kind() {
            Kind::Int(_) => (Known::Int, Op::UnboxInt, Op::BoxInt),
            Kind::Uint(_) => (Known::Int, Op::UnboxUint, Op::BoxUint),
            // A NaN equals nothing but is found in a container by its identity: it stays an object.
            Kind::Float(x) if x.is_nan() => return Ok(None),
            Kind::Float(_) => (Known::Float, Op::UnboxFloat, Op::BoxFloat),
            Kind::Bool(_) => (Known::Bool, Op::UnboxBool, Op::BoxBool),
            Kind::None => {
                let none = self.known(Known::None);
                self.b.guard_is(v, none);
                return Ok(Some(self.b.obj(none)?));
            }
            _ => return Ok(None),
        };
        let ty = self.known(ty);
        self.b.guard_type(v, ty);
        let x = self.b.op(unbox, &[v])?;
        if unbox == Op::UnboxFloat {
            let number = self.b.op(Op::FEq, &[x, x])?;
            self.b.guard(number, true);
        }
        Ok(Some(self.b.op(rebox, &[x])?))
    }
}
