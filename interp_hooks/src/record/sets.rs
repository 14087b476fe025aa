//! Sets, by keys that compare without running Python code (`cpython/keys.rs`).

use super::Recorder;
use super::dicts::KeyValue;
use crate::cpython::decode::Instr;
use crate::cpython::set::{self, Found};
use crate::py::{Kind, Object};
use traces::{Abort, Helper, Known, Op, Value};

/// What `set_find` and `set_take` give where the set has not got the key, and where it has.
const ABSENT: i64 = 1;
const HAS: i64 = 2;

/// A method of a set that a trace can do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SetMethod {
    /// `set.add`.
    Add,
    /// `set.discard`.
    Discard,
    /// `set.remove`, of a key that is there.
    Remove,
}

impl Recorder {
    /// `key in set`, whose truth is given; nothing was emitted where there is none.
    pub(super) fn set_contains(&mut self) -> Result<Option<Value>, Abort> {
        let set = self.concrete(0)?;
        if !set.is_exactly(Known::Set) || self.look_up_key(set, 1)? == Found::Unknown {
            return Ok(None);
        }
        let value = self.guarded_set(0)?;
        let found = match self.key_value(1)? {
            KeyValue::Int(key) => self.b.call(Helper::SetFindInt, &[value, key])?,
            KeyValue::Text(key) | KeyValue::Other(key) => {
                self.b.call(Helper::SetFind, &[value, key])?
            }
        };
        self.guard_told(found)?;
        let has = self.b.int(HAS)?;
        self.b.op(Op::IEq, &[found, has]).map(Some)
    }

    /// A call of a method with the key at the top; says whether it was emitted.
    pub(super) fn set_method(
        &mut self,
        method: SetMethod,
        (set, value): (Object, Value),
        i: &Instr,
    ) -> Result<bool, Abort> {
        let found = self.look_up_key(set, 0)?;
        let is_there = matches!(found, Found::Has(_));
        if found == Found::Unknown || method == SetMethod::Remove && !is_there {
            return Ok(false);
        }
        self.make_top(1);
        let ty = self.known(Known::Set);
        self.b.guard_type(value, ty);
        self.change_set(method, value)?;
        let none = self.known(Known::None);
        let none = self.b.obj(none)?;
        self.replace_operands(3, Some(none), i.next)?;
        Ok(true)
    }

    /// Changes a set by the key at the top, which stays there.
    fn change_set(&mut self, method: SetMethod, set: Value) -> Result<(), Abort> {
        let key = self.key_value(0)?;
        self.shelter_below(1);
        let (numbers, others) = match method {
            SetMethod::Add => (Helper::SetPutInt, Helper::SetPut),
            SetMethod::Discard | SetMethod::Remove => (Helper::SetTakeInt, Helper::SetTake),
        };
        let done = match key {
            KeyValue::Int(key) => self.b.call(numbers, &[set, key])?,
            KeyValue::Text(key) | KeyValue::Other(key) => self.b.call(others, &[set, key])?,
        };
        match method {
            SetMethod::Add => self.b.guard(done, true),
            SetMethod::Discard => self.guard_told(done)?,
            SetMethod::Remove => {
                // Where there was none it was not removed either: the interpreter raises.
                let has = self.b.int(HAS)?;
                let done = self.b.op(Op::IEq, &[done, has])?;
                self.b.guard(done, true);
            }
        }
        Ok(())
    }

    /// `SET_ADD`: the key at the top goes to a set further down, which a comprehension is building; says whether it was
    /// emitted.
    pub(super) fn set_add_directly(&mut self, i: &Instr) -> Result<bool, Abort> {
        let at = i.oparg as usize;
        let set = self.concrete(at)?;
        if !set.is_exactly(Known::Set) || self.look_up_key(set, 0)? == Found::Unknown {
            return Ok(false);
        }
        self.make_top(1);
        let value = self.guarded_set(at)?;
        self.change_set(SetMethod::Add, value)?;
        self.replace_operands(1, None, i.next)?;
        Ok(true)
    }

    /// A set of the top few keys; says whether it was emitted.
    pub(super) fn set_of(&mut self, i: &Instr) -> Result<bool, Abort> {
        let n = i.oparg as usize;
        let helper = match n {
            1 => Helper::Set1,
            2 => Helper::Set2,
            3 => Helper::Set3,
            _ => return Ok(false),
        };
        for at in 0..n {
            let is_number = matches!(self.concrete(at)?.kind(), Kind::Float(_) | Kind::Uint(_));
            if !is_number && self.key(at)?.is_none() {
                return Ok(false);
            }
        }
        self.make_top(n);
        for at in 0..n {
            if self.is_box(self.b.peek(at)?.value) {
                continue;
            }
            if let KeyValue::Other(key) = self.key_value(at)? {
                let is_quiet = self.b.call(Helper::KeyIsQuiet, &[key])?;
                self.b.guard(is_quiet, true);
            }
        }
        let mut args = Vec::with_capacity(n);
        let mut owned = false;
        for at in (0..n).rev() {
            let e = self.b.peek(at)?;
            self.own_twins(e.value, n);
            args.push(e.value);
            owned |= e.owned;
        }
        // The first one it has from here on, and equal ones it does not keep.
        let slot = self.b.slot_below_top(n - 1);
        self.make_new(helper, &args, n, slot)?;
        self.b.begin(i.next);
        if owned {
            self.b.check();
        }
        Ok(true)
    }

    /// Whether a set has the key so far below the top now.
    fn look_up_key(&self, set: Object, key: usize) -> Result<Found, Abort> {
        // SAFETY: an exact set; the recorder has the GIL.
        Ok(self.key(key)?.map_or(Found::Unknown, |key| unsafe {
            set::find(self.table, set.0, key)
        }))
    }

    /// The set so far below the top, of which it is guarded that it is one.
    fn guarded_set(&mut self, at: usize) -> Result<Value, Abort> {
        let value = self.b.peek(at)?.value;
        let ty = self.known(Known::Set);
        self.b.guard_type(value, ty);
        Ok(value)
    }

    /// Guards that a lookup could tell.
    fn guard_told(&mut self, found: Value) -> Result<(), Abort> {
        let absent = self.b.int(ABSENT)?;
        let told = self.b.op(Op::IGe, &[found, absent])?;
        self.b.guard(told, true);
        Ok(())
    }
}
