//! Strings: compared and searched without the interpreter's protocols; slices of built-in sequences.

use super::Recorder;
use crate::cpython::decode::Instr;
use crate::py::{Kind, Object};
use traces::{Abort, Field, Helper, Known, Op, Value};

/// How many items of a constant are compared one by one.
const MAX_ITEMS: usize = 8;

impl Recorder {
    /// A comparison of two str; says whether it was emitted.
    pub(super) fn compare_text(&mut self, op: usize, i: &Instr) -> Result<bool, Abort> {
        let is_text = |o: Object| o.is_exactly(Known::Str);
        if !is_text(self.concrete(0)?) || !is_text(self.concrete(1)?) {
            return Ok(false);
        }
        // Py_LT, Py_LE, Py_EQ, Py_NE, Py_GT, Py_GE.
        const ORDER: [Op; 6] = [Op::ILt, Op::ILe, Op::IEq, Op::INe, Op::IGt, Op::IGe];
        let Some(&order) = ORDER.get(op) else {
            return Ok(false);
        };
        let (a, b) = (self.text_operand(1)?, self.text_operand(0)?);
        let r = match order {
            Op::IEq => self.b.call(Helper::StrEq, &[a, b])?,
            Op::INe => {
                let equal = self.b.call(Helper::StrEq, &[a, b])?;
                self.b.op(Op::BNot, &[equal])?
            }
            _ => {
                let (n, zero) = (self.b.call(Helper::StrCompare, &[a, b])?, self.b.int(0)?);
                self.b.op(order, &[n, zero])?
            }
        };
        let r = self.b.op(Op::BoxBool, &[r])?;
        self.replace_operands(2, Some(r), i.next)?;
        Ok(true)
    }

    fn text_operand(&mut self, n: usize) -> Result<Value, Abort> {
        let value = self.b.peek(n)?.value;
        let ty = self.known(Known::Str);
        self.b.guard_type(value, ty);
        Ok(value)
    }

    /// `item in container` of a str, a dict, or a constant tuple of integers or str; says whether it was emitted.
    pub(super) fn contains_directly(&mut self, i: &Instr) -> Result<bool, Abort> {
        // Stack: item, container.
        let (item, container) = (self.concrete(1)?, self.concrete(0)?);
        let found = if container.is_exactly(Known::Str) && item.is_exactly(Known::Str) {
            Some(self.text_contains(item, container)?)
        } else if container.is_exactly(Known::Tuple)
            && self.defined_by(self.b.peek(0)?.value) == Some(Op::ConstObj)
        {
            self.tuple_contains(item, container)?
        } else {
            match self.dict_contains()? {
                None => self.set_contains()?,
                found => found,
            }
        };
        let Some(mut found) = found else {
            return Ok(false);
        };
        if i.oparg != 0 {
            found = self.b.op(Op::BNot, &[found])?;
        }
        let found = self.b.op(Op::BoxBool, &[found])?;
        self.replace_operands(2, Some(found), i.next)?;
        Ok(true)
    }

    fn text_contains(&mut self, item: Object, container: Object) -> Result<Value, Abort> {
        let (part, text) = (self.text_operand(1)?, self.text_operand(0)?);
        let constant = self.defined_by(text) == Some(Op::ConstObj);
        let length = container.length().unwrap_or(0) as usize;
        if !constant || length > MAX_ITEMS || item.length() != Some(1) {
            return self.b.call(Helper::StrContains, &[text, part]);
        }
        let character = self.b.op(Op::UnboxUChar, &[part])?;
        let mut found = self.b.emit(Op::ConstBool, &[], traces::Imm::Bool(false))?;
        for known in container.text().chars() {
            let known = self.b.int(u32::from(known).into())?;
            let same = self.b.op(Op::IEq, &[character, known])?;
            found = self.b.op(Op::BOr, &[found, same])?;
        }
        Ok(found)
    }

    fn tuple_contains(&mut self, item: Object, tuple: Object) -> Result<Option<Value>, Abort> {
        let items = tuple.sequence_items(tuple.field_i64(Field::TupleSize) as usize);
        let items = items.filter(|items| (1..=MAX_ITEMS).contains(&items.len()));
        let Some(items) = items else {
            return Ok(None);
        };
        let is_int = |o: &Object| matches!(o.kind(), Kind::Int(_));
        let is_text = |o: &Object| o.is_exactly(Known::Str);
        let mut same = Vec::with_capacity(items.len());
        if is_int(&item) && items.iter().all(is_int) {
            let Some(number) = self.integer(1)? else {
                return Ok(None);
            };
            for item in items {
                if let Kind::Int(n) = item.kind() {
                    let n = self.b.int(n)?;
                    same.push(self.b.op(Op::IEq, &[number, n])?);
                }
            }
        } else if is_text(&item) && items.iter().all(is_text) {
            let text = self.text_operand(1)?;
            for item in items {
                let item = self.constant_value(item, "item")?;
                same.push(self.b.call(Helper::StrEq, &[text, item])?);
            }
        }
        let mut found = None;
        for same in same {
            found = Some(match found {
                Some(found) => self.b.op(Op::BOr, &[found, same])?,
                None => same,
            });
        }
        Ok(found)
    }

    /// `sequence[start:stop]` of a str, bytes, list or tuple; says whether it was emitted.
    pub(super) fn slice_directly(&mut self, i: &Instr) -> Result<bool, Abort> {
        // Stack: sequence, start, stop.
        let (sequence, e) = (self.concrete(2)?, self.b.peek(2)?);
        let helpers = [
            (Known::Str, Helper::StrSlice),
            (Known::Bytes, Helper::BytesSlice),
            (Known::List, Helper::ListSlice),
            (Known::Tuple, Helper::TupleSlice),
        ];
        let found = helpers.iter().find(|(ty, _)| sequence.is_exactly(*ty));
        let Some(&(ty, helper)) = found else {
            return Ok(false);
        };
        let is_bound = |o: Object| matches!(o.kind(), Kind::None | Kind::Int(_));
        // A temporary container that dies may run Python code.
        let dies = e.owned && !matches!(ty, Known::Str | Known::Bytes);
        let owned = self.b.peek(0)?.owned || self.b.peek(1)?.owned;
        if dies || owned || !is_bound(self.concrete(0)?) || !is_bound(self.concrete(1)?) {
            return Ok(false);
        }
        let ty = self.known(ty);
        self.b.guard_type(e.value, ty);
        let (start, stop) = (
            self.bound_of_slice(1, 0)?,
            self.bound_of_slice(0, i64::MAX)?,
        );
        let slot = self.b.slot_below_top(2);
        self.make_new(helper, &[e.value, start, stop], 3, slot)?;
        self.b.begin(i.next);
        Ok(true)
    }

    /// An end of a slice: an int, or what stands for None.
    fn bound_of_slice(&mut self, n: usize, open: i64) -> Result<Value, Abort> {
        if let Kind::None = self.concrete(n)?.kind() {
            let (v, none) = (self.b.peek(n)?.value, self.known(Known::None));
            self.b.guard_is(v, none);
            return self.b.int(open);
        }
        let bound = self.integer(n)?;
        bound.ok_or_else(|| self.unsupported("an end of a slice"))
    }
}
