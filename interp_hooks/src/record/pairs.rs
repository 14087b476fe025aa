//! `for i, x in enumerate(...)`, `for a, b in zip(...)`, `for x in reversed(...)`, over lists, tuples and ranges.
//!
//! FOR_ITER and the UNPACK_SEQUENCE behind it are one here: the tuple between the two is made by nobody. The fields of
//! the iterators are memory like any other, which is written in each iteration. The tuple that `enumerate` and `zip`
//! give again and again holds the items of the iteration before: it is left alone where these are plain, so nobody
//! can tell; else it is given the new ones, as long as the old ones do not die with that.

use super::Recorder;
use crate::cpython::decode::Instr;
use crate::cpython::{Opcode, pairs};
use crate::py::{Kind, Object};
use traces::{Abort, CType, Field, Helper, Imm, Known, Op, Value};

/// How many iterators `zip` takes at most.
const MAX_SOURCES: usize = 6;

/// An iterator over a list, a tuple or a range that has another item.
#[derive(Clone, Copy)]
enum Source {
    Range {
        step: i64,
    },
    /// Of a list or a tuple, in which direction, and the item.
    Sequence {
        of: Known,
        step: i64,
        item: Object,
    },
}

/// What an iterator gives, and what its fields hold behind that: address, offset, number.
struct Given {
    item: Value,
    /// Whether the item needs an owner.
    is_object: bool,
    stores: Vec<(Value, i32, Value)>,
}

/// Whether nobody can tell when an object dies.
fn is_plain(o: Object) -> bool {
    o.is_plain() && !o.is_cdata()
}

impl Source {
    /// What an iterator that nobody else has is about to give.
    fn of(it: Object) -> Option<Source> {
        if it.is_null() || it.refcount() != 1 {
            return None;
        }
        if it.is_exactly(Known::RangeIter) {
            let step = it.range_iterator_step();
            return (it.range_iterator_len() > 0).then_some(Source::Range { step });
        }
        for (iter, of) in [
            (Known::ListIter, Known::List),
            (Known::TupleIter, Known::Tuple),
        ] {
            if it.is_exactly(iter) {
                let item = it.sequence_iterator_next()?;
                return Some(Source::Sequence { of, step: 1, item });
            }
        }
        let of = match pairs::kind(it)? {
            pairs::Kind::ReversedList => Known::List,
            pairs::Kind::Reversed => Known::Tuple,
            _ => return None,
        };
        let (at, seq) = (pairs::number(it), pairs::held(it, pairs::SOURCE));
        if seq.is_null() || !seq.is_exactly(of) {
            return None;
        }
        let size = match of {
            Known::List => seq.field_i64(Field::ListSize),
            _ => seq.field_i64(Field::TupleSize),
        };
        (0..size).contains(&at).then(|| Source::Sequence {
            of,
            step: -1,
            item: seq.sequence_item(at as isize),
        })
    }

    /// Whether what it gives dies unnoticed.
    fn is_plain(self) -> bool {
        match self {
            Source::Range { .. } => true,
            Source::Sequence { item, .. } => is_plain(item),
        }
    }
}

impl Recorder {
    /// The next item of a `reversed`; says whether it did.
    pub(super) fn next_of_reversed(&mut self, it: Object, v: Value) -> Result<bool, Abort> {
        let reversed = [pairs::Kind::ReversedList, pairs::Kind::Reversed];
        if !pairs::kind(it).is_some_and(|kind| reversed.contains(&kind)) {
            return Ok(false);
        }
        let Some(source) = Source::of(it) else {
            return Ok(false);
        };
        let given = self.next_of_source(source, it, v)?;
        self.move_on(&given);
        self.push_given(&given);
        Ok(true)
    }

    /// The items of the tuple that `enumerate` or `zip` gives, where it is taken apart at once; says whether it did.
    pub(super) fn next_of_pair(&mut self, it: Object, v: Value, i: &Instr) -> Result<bool, Abort> {
        let Some(kind) = pairs::kind(it).filter(|_| it.refcount() == 1) else {
            return Ok(false);
        };
        let held = pairs::held(it, pairs::SOURCE);
        let iterators = match kind {
            pairs::Kind::Enumerate => Some(vec![held]),
            pairs::Kind::Zip => held.tuple_items(),
            _ => None,
        };
        let iterators = iterators.filter(|all| (1..=MAX_SOURCES).contains(&all.len()));
        let numbers = usize::from(kind == pairs::Kind::Enumerate);
        let unpack = self.decoded.at(i.next).cloned();
        let (Some(iterators), Some(unpack)) = (iterators, unpack) else {
            return Ok(false);
        };
        let n = numbers + iterators.len();
        if (unpack.opcode, unpack.oparg as usize) != (Opcode::UNPACK_SEQUENCE, n) {
            return Ok(false);
        }
        let sources: Option<Vec<Source>> = iterators.iter().map(|&it| Source::of(it)).collect();
        let result = pairs::held(it, pairs::RESULT);
        let olds = result.tuple_items().filter(|olds| olds.len() == n);
        let (Some(sources), Some(olds)) = (sources, olds) else {
            return Ok(false);
        };
        let objects = sources.iter().filter(|source| !source.is_plain()).count();
        let both = sources.iter().zip(olds.iter().skip(numbers));
        let replaceable = both.clone().all(|(source, old)| match source.is_plain() {
            true => is_plain(*old),
            false => old.refcount() > objects as isize,
        });
        if result.refcount() != 1 || !replaceable {
            return Ok(false);
        }
        let olds: Vec<Object> = olds.iter().skip(numbers).copied().collect();
        let base = self.iterator_base(it, v)?;
        let values = self.sources_of(kind, base, iterators.len())?;
        let number = match kind {
            pairs::Kind::Enumerate => Some(self.next_number(base)?),
            _ => None,
        };
        let kept = self.kept_result(base, (numbers, objects), &sources, &olds)?;
        let mut all = Vec::with_capacity(n);
        all.extend(number);
        for ((&source, &it), &v) in sources.iter().zip(&iterators).zip(&values) {
            all.push(self.next_of_source(source, it, v)?);
        }
        // All that can leave lies in front of this.
        for given in &all {
            self.move_on(given);
        }
        for (k, result) in kept {
            if let Some(given) = all.get(k) {
                let at = self.b.int(k as i64)?;
                let set = Imm::Helper(Helper::PairSet);
                self.b.effect(Op::Call, &[result, at, given.item], set);
            }
        }
        for given in all.iter().rev() {
            self.push_given(given);
        }
        self.b.begin(unpack.next);
        self.passed_over = Some(unpack.offset);
        Ok(true)
    }

    /// The address of the fields of an iterator that nobody else has.
    fn iterator_base(&mut self, it: Object, v: Value) -> Result<Value, Abort> {
        let ty = self.type_of(it);
        self.b.guard_type(v, ty);
        self.guard_alone(v)?;
        self.b
            .emit(Op::FieldAddr, &[v], Imm::Field(Field::InstanceSlots))
    }

    fn guard_alone(&mut self, v: Value) -> Result<(), Abort> {
        let n = self.b.load_field(v, Field::IterRefCount)?;
        let one = self.b.int(1)?;
        let alone = self.b.op(Op::IEq, &[n, one])?;
        self.b.guard(alone, true);
        Ok(())
    }

    /// The object that lies so many bytes behind an address.
    fn object_at(&mut self, base: Value, offset: i32) -> Result<Value, Abort> {
        let n = self.b.int(i64::from(offset / 8))?;
        self.b.op(Op::LoadItem, &[base, n])
    }

    fn number_at(&mut self, base: Value, offset: i32) -> Result<Value, Abort> {
        self.b
            .emit(Op::Load, &[base], Imm::Place(CType::I64, offset))
    }

    /// The iterators that `enumerate` or `zip` takes its items from.
    fn sources_of(
        &mut self,
        kind: pairs::Kind,
        base: Value,
        n: usize,
    ) -> Result<Vec<Value>, Abort> {
        let held = self.object_at(base, pairs::SOURCE)?;
        if kind == pairs::Kind::Enumerate {
            return Ok(vec![held]);
        }
        let ty = self.known(Known::Tuple);
        self.b.guard_type(held, ty);
        let size = self.b.load_field(held, Field::TupleSize)?;
        let wanted = self.b.int(n as i64)?;
        let same = self.b.op(Op::IEq, &[size, wanted])?;
        self.b.guard(same, true);
        let items = Imm::Field(Field::TupleItems);
        let array = self.b.emit(Op::FieldAddr, &[held], items)?;
        let mut all = Vec::with_capacity(n);
        for k in 0..n {
            let k = self.b.int(k as i64)?;
            all.push(self.b.op(Op::LoadItem, &[array, k])?);
        }
        Ok(all)
    }

    /// The number of an item; leaves where the next one is kept as a Python int.
    fn next_number(&mut self, base: Value) -> Result<Given, Abort> {
        let number = self.number_at(base, pairs::NUMBER)?;
        let last = self.b.int(i64::MAX)?;
        let fits = self.b.op(Op::ILt, &[number, last])?;
        self.b.guard(fits, true);
        let one = self.b.int(1)?;
        let next = self.b.op(Op::IAdd, &[number, one])?;
        Ok(Given {
            item: self.b.op(Op::BoxInt, &[number])?,
            is_object: false,
            stores: vec![(base, pairs::NUMBER, next)],
        })
    }

    /// Guards that the tuple which is given again and again can be left alone, or given new items; gives it for each
    /// of these, with its index.
    fn kept_result(
        &mut self,
        base: Value,
        (numbers, objects): (usize, usize),
        sources: &[Source],
        olds: &[Object],
    ) -> Result<Vec<(usize, Value)>, Abort> {
        let result = self.object_at(base, pairs::RESULT)?;
        let ty = self.known(Known::Tuple);
        self.b.guard_type(result, ty);
        self.guard_alone(result)?;
        // Its items change, as those of no other tuple.
        let slots = Imm::Field(Field::InstanceSlots);
        let array = self.b.emit(Op::FieldAddr, &[result], slots)?;
        let mut kept = Vec::new();
        for (k, (source, &old)) in (numbers..).zip(sources.iter().zip(olds)) {
            let held = self.object_at(array, self.table.tuple_items + 8 * k as i32)?;
            match source.is_plain() {
                true if matches!(old.kind(), Kind::None) => {
                    let none = self.known(Known::None);
                    self.b.guard_is(held, none);
                }
                true => {
                    let ty = self.type_of(old);
                    self.b.guard_type(held, ty);
                }
                false => {
                    self.b.guard_shared(held, objects as i64);
                    kept.push((k, result));
                }
            }
        }
        Ok(kept)
    }

    /// What an iterator gives.
    fn next_of_source(&mut self, source: Source, it: Object, v: Value) -> Result<Given, Abort> {
        let base = self.iterator_base(it, v)?;
        let table = self.table;
        let (of, step, item) = match source {
            Source::Range { step } => return self.next_number_of_range(base, step),
            Source::Sequence { of, step, item } => (of, step, item),
        };
        let seq = self.object_at(base, table.list_iter_seq)?;
        let ty = self.known(of);
        self.b.guard_type(seq, ty);
        let index = self.number_at(base, table.list_iter_index)?;
        let (size, array) = self.items_of_sequence(of, seq)?;
        let inside = self.b.op(Op::IUlt, &[index, size])?;
        self.b.guard(inside, true);
        let loaded = self.b.op(Op::LoadItem, &[array, index])?;
        let boxed = self.unbox_plain(loaded, item)?;
        if boxed.is_none() && is_plain(item) {
            let ty = self.type_of(item);
            self.b.guard_type(loaded, ty);
        }
        let by = self.b.int(step)?;
        let next = self.b.op(Op::IAdd, &[index, by])?;
        Ok(Given {
            item: boxed.unwrap_or(loaded),
            is_object: boxed.is_none(),
            stores: vec![(base, table.list_iter_index, next)],
        })
    }

    fn next_number_of_range(&mut self, base: Value, step: i64) -> Result<Given, Abort> {
        let table = self.table;
        let len = self.number_at(base, table.range_iter_len)?;
        let zero = self.b.int(0)?;
        let more = self.b.op(Op::IGt, &[len, zero])?;
        self.b.guard(more, true);
        let start = self.number_at(base, table.range_iter_start)?;
        let mut by = self.number_at(base, table.range_iter_step)?;
        if step.abs() == 1 {
            let constant = self.b.int(step)?;
            let same = self.b.op(Op::IEq, &[by, constant])?;
            self.b.guard(same, true);
            by = constant;
        }
        let one = self.b.int(1)?;
        let next = self.b.op(Op::IAdd, &[start, by])?;
        let left = self.b.op(Op::ISub, &[len, one])?;
        Ok(Given {
            item: self.b.op(Op::BoxInt, &[start])?,
            is_object: false,
            stores: vec![
                (base, table.range_iter_start, next),
                (base, table.range_iter_len, left),
            ],
        })
    }

    /// Writes the fields of an iterator.
    fn move_on(&mut self, given: &Given) {
        for &(base, offset, number) in &given.stores {
            let place = Imm::Place(CType::I64, offset);
            self.b.effect(Op::Store, &[base, number], place);
        }
    }

    fn push_given(&mut self, given: &Given) {
        if !given.is_object {
            return self.b.push(given.item);
        }
        let slot = self.b.next_slot();
        self.b.effect(Op::InitSlot, &[given.item], Imm::Slot(slot));
        self.b.push_owned(given.item);
    }
}
