//! Locals, constants and the operand stack.

use super::Recorder;
use crate::cpython::decode::Instr;
use crate::cpython::instance;
use crate::py::{Kind, Object};
use crate::{adapters, engine};
use std::mem::offset_of;
use traces::{Abort, CType, Death, Field, Helper, Imm, Known, Op, Reason, Value};

/// Where an object says its type.
const OBJECT_TYPE: i32 = offset_of!(pyo3_ffi::PyObject, ob_type) as i32;

/// What becomes of the object that a store replaces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Old {
    /// It may die: no Python code runs.
    Quiet,
    /// It lives on.
    Shared,
    /// It may die, and Python code may run.
    Noticed,
}

impl Recorder {
    /// The value of a local.
    pub(super) fn local(&mut self, k: u32) -> Result<Value, Abort> {
        let slot = self.locals.get(k as usize).copied();
        match slot {
            Some(Some(v)) => Ok(v),
            Some(None) => {
                let v = self
                    .b
                    .emit(Op::LoadSlot, &[], Imm::Slot(self.b.local_slot(k)))?;
                self.locals[k as usize] = Some(v);
                Ok(v)
            }
            None => Err(Abort::new(Reason::Confused, "a local beyond the frame")),
        }
    }

    pub(super) fn load_fast(&mut self, k: u32) -> Result<(), Abort> {
        let v = self.local(k)?;
        self.b.push(v);
        Ok(())
    }

    /// What a variable holds (or NULL) waits on the operand stack while a comprehension uses it for its own.
    pub(super) fn load_fast_and_clear(&mut self, i: &Instr) -> Result<(), Abort> {
        let v = self.local(i.oparg)?;
        if self.slot_object(self.b.local_slot(i.oparg)).is_null() {
            let null = self.known(Known::Null);
            self.b.guard_is(v, null);
            let null = self.null()?;
            self.b.push(null);
            return Ok(());
        }
        // An exit resumes in front of the bytecode: nothing is pushed before all is guarded.
        let quiet = self.guard_old(i.oparg)?;
        self.b.push(v);
        self.delete_local(i.oparg, quiet, i.next)
    }

    /// Whether a value is NULL.
    fn is_null(&self, v: Value) -> bool {
        let def = self
            .b
            .trace
            .insts
            .iter()
            .rev()
            .find(|i| i.result == Some(v));
        def.is_some_and(|def| match def.imm {
            Imm::Obj(id) => self.b.trace.obj(id).known == Some(Known::Null),
            _ => false,
        })
    }

    pub(super) fn load_fast_check(&mut self, k: u32) -> Result<(), Abort> {
        let o = self.slot_object(self.b.local_slot(k));
        if o.is_null() {
            return Err(Reason::Raised.into());
        }
        let v = self.local(k)?;
        let ty = self.type_of(o);
        self.b.guard_type(v, ty);
        self.b.push(v);
        Ok(())
    }

    /// Whether no Python code runs when the object that local `k` holds dies; guards it.
    fn old_dies_quietly(&mut self, k: u32) -> Result<bool, Abort> {
        let old = self.slot_object(self.b.local_slot(k));
        let v = self.local(k)?;
        self.dies_quietly(v, old)
    }

    /// Whether no Python code runs when an object (or NULL) dies; guards it.
    pub(super) fn dies_quietly(&mut self, v: Value, o: Object) -> Result<bool, Abort> {
        if o.is_null() {
            let null = self.known(Known::Null);
            self.b.guard_is(v, null);
            return Ok(true);
        }
        if o.is_exactly(Known::Tuple) {
            return self.tuple_dies_quietly(v, o);
        }
        if o.death() == Death::Noticed {
            return self.instance_dies_quietly(v, o);
        }
        let ty = self.type_of(o);
        self.b.guard_type(v, ty);
        if o.is_cdata() {
            let (first, none) = (self.b.load_field(v, Field::CDataWeak)?, self.b.int(0)?);
            let alone = self.b.op(Op::IEq, &[first, none])?;
            self.b.guard(alone, true);
        }
        if o.is_exactly(Known::CDataOwn) {
            self.kept_dies_quietly(v, o)?;
        }
        Ok(true)
    }

    /// Whether nobody can notice when a tuple dies; guards it.
    fn tuple_dies_quietly(&mut self, v: Value, o: Object) -> Result<bool, Abort> {
        // SAFETY: a live object.
        if self.is_tuple(v) || self.is_virtual(v) || unsafe { !instance::quiet_tuple(o.0) } {
            return Ok(false);
        }
        let is_quiet = self.b.call(Helper::QuietTuple, &[v])?;
        self.b.guard(is_quiet, true);
        Ok(true)
    }

    /// Whether nobody can notice when an instance of a class in Python dies; guards it.
    fn instance_dies_quietly(&mut self, v: Value, o: Object) -> Result<bool, Abort> {
        let class = o.type_object();
        let Some(weak) = instance::is_quiet(o) else {
            return Ok(false);
        };
        self.guard_class(v, o);
        let id = self.constant(class, &class.type_name());
        let (class, weak) = (self.b.obj(id)?, self.b.int(weak)?);
        let is_quiet = self.b.call(Helper::QuietInstance, &[v, class, weak])?;
        self.b.guard(is_quiet, true);
        Ok(true)
    }

    /// Guards that no Python code runs when a struct dies with the owning pointer that keeps it: others may have
    /// taken weak references to it, or it may have an allocator of its own.
    fn kept_dies_quietly(&mut self, v: Value, o: Object) -> Result<(), Abort> {
        let ctype = self.constant(adapters::ctype_of(o), "ctype");
        let of = self.b.load_field(v, Field::CDataType)?;
        self.b.guard_is(of, ctype);
        if adapters::kept_struct(o).is_none() {
            return Ok(());
        }
        let kept = self.b.load_field(v, Field::CDataLength)?;
        let kept = self.b.op(Op::IToP, &[kept])?;
        let class = crate::py::known_address(Known::CDataOwn) as i64;
        let weak = engine::field_offset(Field::CDataWeak);
        for (at, expected) in [(OBJECT_TYPE, class), (weak, 0)] {
            let place = Imm::Place(CType::I64, at);
            let held = self.b.emit(Op::Load, &[kept], place)?;
            let expected = self.b.int(expected)?;
            let same = self.b.op(Op::IEq, &[held, expected])?;
            self.b.guard(same, true);
        }
        Ok(())
    }

    /// Local `k` is another one from here on, or none.
    pub(super) fn forget_local(&mut self, k: u32) {
        if let Some(local) = self.locals.get_mut(k as usize) {
            *local = None;
        }
    }

    /// Gives owners to the borrowed entries below the top `operands` before a call, numbers a box: a
    /// callee that gets at the frame may give a local another object.
    pub(super) fn secure(&mut self, operands: usize) -> Result<(), Abort> {
        let len = self.b.stack.len();
        for i in 0..len.saturating_sub(operands) {
            let e = self.b.stack[i];
            let one_object = self.is_buffer(e.value) || self.is_tuple(e.value);
            let needs_none = self.is_virtual(e.value) && !one_object;
            if e.owned || needs_none {
                continue;
            }
            let object = self.concrete(len - 1 - i)?;
            if let Some(boxed) = self.unbox_plain(e.value, object)? {
                self.b.stack[i].value = boxed;
            } else {
                let slot = self.b.stack_slot(i);
                self.b.effect(Op::InitSlot, &[e.value], Imm::Slot(slot));
                self.b.stack[i].owned = true;
            }
            self.b.stack_changed();
        }
        Ok(())
    }

    /// As `secure`, of the operands that lie in frames that wait for a call: those of an operator.
    pub(super) fn secure_waiting(&mut self) {
        self.b.own_waiting(|trace, value| {
            let def = trace.insts.iter().rev().find(|i| i.result == Some(value));
            let op = def.map(|i| i.op);
            op.is_some_and(|op| op != Op::BoxBuffer && (op.is_box() || op.is_const()))
        });
    }

    /// Gives a home to stack entries that are borrowed from local `k`, which is about to change.
    pub(super) fn rescue(&mut self, k: u32) {
        let Some(Some(held)) = self.locals.get(k as usize).copied() else {
            return;
        };
        if self.is_virtual(held) {
            return;
        }
        for i in 0..self.b.stack.len() {
            let e = self.b.stack[i];
            let has_it = !self.all_items(e.value, |item| item != held) && self.is_tuple(e.value);
            if !e.owned && (e.value == held || has_it || self.is_buffer(e.value)) {
                let slot = self.b.stack_slot(i);
                self.b.effect(Op::InitSlot, &[e.value], Imm::Slot(slot));
                self.b.stack[i].owned = true;
                self.b.stack_changed();
            }
        }
    }

    /// Whether a value is the box of a buffer, which needs its cdata alive.
    pub(super) fn is_buffer(&self, v: Value) -> bool {
        self.defined_by(v) == Some(Op::BoxBuffer)
    }

    /// The op that a value is the result of.
    pub(super) fn defined_by(&self, v: Value) -> Option<Op> {
        let insts = &self.b.trace.insts;
        let def = insts.iter().rev().find(|i| i.result == Some(v));
        def.map(|i| i.op)
    }

    /// The helper that made the object of a value.
    pub(super) fn defined_by_helper(&self, v: Value) -> Option<traces::Helper> {
        let insts = &self.b.trace.insts;
        match insts.iter().rev().find(|i| i.result == Some(v))?.imm {
            Imm::HelperSlot(helper, _) => Some(helper),
            _ => None,
        }
    }

    /// Whether a value is the box of an unsigned integer.
    pub(super) fn is_unsigned(&self, v: Value) -> bool {
        self.defined_by(v) == Some(Op::BoxUint)
    }

    /// Whether a value is a box, which may be another object each time that it is needed.
    pub(super) fn is_box(&self, v: Value) -> bool {
        self.defined_by(v)
            .is_some_and(|op| op.is_box() && op != Op::BoxTuple)
    }

    /// Whether a value is a box or a constant, or a tuple of such: it needs no owner.
    pub(super) fn is_virtual(&self, v: Value) -> bool {
        match self.defined_by(v) {
            Some(Op::BoxTuple) => self.all_items(v, |item| self.is_virtual(item)),
            op => op.is_some_and(|op| op.is_box() || op.is_const()),
        }
    }

    /// The stores of a bytecode, and the local that it loads behind them, if it does. All guards
    /// come before the first store: an exit resumes in front of the whole bytecode.
    pub(super) fn store_fast(
        &mut self,
        locals: &[u32],
        load: Option<u32>,
        next: u32,
    ) -> Result<(), Abort> {
        let mut quiet = Vec::with_capacity(locals.len());
        for &k in locals {
            quiet.push(self.old_dies_quietly(k)?);
        }
        // Two locals may hold one object.
        let owners = quiet.iter().filter(|quiet| !**quiet).count();
        let mut noticed = false;
        for (&k, &quiet) in locals.iter().zip(&quiet) {
            noticed |= !quiet && !self.old_may_be_shared(k, owners)?;
        }
        // What runs when one dies may write to the others.
        let mut deaths = Vec::with_capacity(locals.len());
        for (&k, quiet) in locals.iter().zip(quiet) {
            deaths.push(if noticed {
                Old::Noticed
            } else if quiet {
                Old::Quiet
            } else if self.old_is_shared(k, owners)? {
                Old::Shared
            } else {
                Old::Noticed
            });
        }
        noticed |= deaths.contains(&Old::Noticed);
        for (&k, &old) in locals.iter().zip(&deaths) {
            match old {
                _ if noticed => self.store_and_drop(k)?,
                Old::Quiet => self.store_checked(k)?,
                Old::Shared => self.store_and_release(k)?,
                Old::Noticed => self.store_and_drop(k)?,
            }
        }
        if let Some(k) = load {
            self.load_fast(k)?;
        }
        if noticed {
            self.b.begin(next);
            self.b.check();
        }
        Ok(())
    }

    /// Whether the object that local `k` holds has other owners than the locals that a bytecode stores into; guards
    /// it. (Where the guard failed that a recording begins at, the object dies.)
    fn old_is_shared(&mut self, k: u32, stores: usize) -> Result<bool, Abort> {
        let old = self.slot_object(self.b.local_slot(k));
        let v = self.local(k)?;
        self.is_shared(v, old, stores)
    }

    /// Whether an object has more than so many owners; guards it.
    pub(super) fn is_shared(&mut self, v: Value, o: Object, owners: usize) -> Result<bool, Abort> {
        if !self.may_be_shared(v, o, owners) {
            return Ok(false);
        }
        self.b.guard_shared(v, owners as i64);
        Ok(true)
    }

    fn old_may_be_shared(&mut self, k: u32, stores: usize) -> Result<bool, Abort> {
        let old = self.slot_object(self.b.local_slot(k));
        let v = self.local(k)?;
        Ok(self.may_be_shared(v, old, stores))
    }

    /// Whether an object has more than so many owners now, without those entries of the operand stack that own nothing in the
    /// trace.
    fn may_be_shared(&self, v: Value, o: Object, owners: usize) -> bool {
        let again = self.is_branch() && self.last == Some(self.start);
        let entries = self.b.stack.iter().enumerate();
        let lent =
            entries.filter(|(i, e)| !e.owned && self.slot_object(self.b.stack_slot(*i)).0 == o.0);
        let lent = lent.count() as isize;
        !(again || o.is_null() || self.is_virtual(v) || self.is_tuple(v))
            && o.refcount() - lent > owners as isize
    }

    /// A store over an object that has another owner.
    fn store_and_release(&mut self, k: u32) -> Result<(), Abort> {
        self.b.peek(0)?;
        let source = self.b.slot_below_top(0);
        let e = self.b.pop()?;
        self.rescue(k);
        if !e.owned {
            self.b.effect(Op::InitSlot, &[e.value], Imm::Slot(source));
        }
        self.b
            .effect(Op::SwapSlots, &[], Imm::Slots(self.b.local_slot(k), source));
        self.b.effect(Op::ReleaseSlot, &[], Imm::Slot(source));
        self.locals[k as usize] = Some(e.value);
        Ok(())
    }

    /// A store over an object whose finaliser may run Python code, which sees the new value.
    fn store_and_drop(&mut self, k: u32) -> Result<(), Abort> {
        self.b.peek(0)?;
        let source = self.b.slot_below_top(0);
        let e = self.b.pop()?;
        self.rescue(k);
        self.shelter();
        if e.owned {
            self.b
                .effect(Op::SwapSlots, &[], Imm::Slots(self.b.local_slot(k), source));
            self.b.effect(Op::DropSlot, &[], Imm::Slot(source));
        } else if self.is_null(e.value) {
            self.b
                .effect(Op::DropSlot, &[], Imm::Slot(self.b.local_slot(k)));
        } else {
            self.b
                .effect(Op::ReplaceSlot, &[e.value], Imm::Slot(self.b.local_slot(k)));
        }
        self.locals[k as usize] = Some(e.value);
        Ok(())
    }

    fn store_checked(&mut self, k: u32) -> Result<(), Abort> {
        self.b.peek(0)?;
        let source = self.b.slot_below_top(0);
        let e = self.b.pop()?;
        self.rescue(k);
        if e.owned {
            self.b
                .effect(Op::MoveSlot, &[], Imm::Slots(self.b.local_slot(k), source));
        } else if self.is_null(e.value) {
            self.b
                .effect(Op::ClearSlot, &[], Imm::Slot(self.b.local_slot(k)));
        } else {
            self.b
                .effect(Op::StoreSlot, &[e.value], Imm::Slot(self.b.local_slot(k)));
        }
        self.locals[k as usize] = Some(e.value);
        Ok(())
    }

    pub(super) fn load_const(&mut self, n: u32) -> Result<(), Abort> {
        let o = Object(self.co_const(n)?);
        let v = self.constant_value(o, "const")?;
        self.b.push(v);
        Ok(())
    }

    /// A value for a constant object: a constant of the code object, or what a watched dict holds.
    pub(super) fn constant_value(&mut self, o: Object, name: &str) -> Result<Value, Abort> {
        if let Some(number) = self.constant_number(o)? {
            return Ok(number);
        }
        self.hold.push(o.0);
        let id = self.borrowed_constant(o, name);
        self.b.obj(id)
    }

    /// A value for an item of a constant tuple, which keeps it alive.
    pub(super) fn item_of_constant(&mut self, o: Object) -> Result<Value, Abort> {
        if let Some(number) = self.constant_number(o)? {
            return Ok(number);
        }
        let id = self.borrowed_constant(o, "item");
        self.b.obj(id)
    }

    /// A constant number, as a box of its payload, so that arithmetic on it folds.
    fn constant_number(&mut self, o: Object) -> Result<Option<Value>, Abort> {
        Ok(match o.kind() {
            Kind::Int(n) => {
                let n = self.b.int(n)?;
                Some(self.b.op(Op::BoxInt, &[n])?)
            }
            // A NaN is found in a container by its identity.
            Kind::Float(x) if !x.is_nan() => {
                let x = self.b.float(x)?;
                Some(self.b.op(Op::BoxFloat, &[x])?)
            }
            _ => None,
        })
    }

    pub(super) fn pop_top(&mut self, next: u32) -> Result<(), Abort> {
        let slot = self.b.slot_below_top(0);
        if self.b.pop()?.owned {
            self.shelter();
            self.b.effect(Op::DropSlot, &[], Imm::Slot(slot));
            self.b.begin(next);
            self.b.check();
        }
        Ok(())
    }

    /// Pops an entry that owns nothing, or a plain object.
    pub(super) fn pop_dead(&mut self) -> Result<(), Abort> {
        let o = self.concrete(0)?;
        let plain = o.is_plain() && !o.is_cdata();
        let slot = self.b.slot_below_top(0);
        let e = self.b.pop()?;
        match (e.owned, plain) {
            (false, _) => Ok(()),
            // Its type was guarded when it was looked at.
            (true, true) => {
                self.b.effect(Op::ClearSlot, &[], Imm::Slot(slot));
                Ok(())
            }
            (true, false) => Err(Abort::new(
                Reason::Operand,
                "an operand that owns an object",
            )),
        }
    }

    pub(super) fn copy(&mut self, n: u32) -> Result<(), Abort> {
        let e = self.b.peek(n as usize - 1)?;
        if e.owned {
            // The copy may outlive the entry that owns the object.
            let slot = self.b.next_slot();
            self.b.effect(Op::InitSlot, &[e.value], Imm::Slot(slot));
            self.b.push_owned(e.value);
        } else {
            self.b.push(e.value);
        }
        Ok(())
    }

    pub(super) fn swap(&mut self, n: u32) -> Result<(), Abort> {
        let (a, b) = (self.b.peek(0)?, self.b.peek(n as usize - 1)?);
        if a.owned || b.owned {
            let slots = (
                self.b.slot_below_top(0),
                self.b.slot_below_top(n as usize - 1),
            );
            self.b
                .effect(Op::SwapSlots, &[], Imm::Slots(slots.0, slots.1));
        }
        let len = self.b.stack.len();
        self.b.stack.swap(len - 1, len - n as usize);
        self.b.stack_changed();
        Ok(())
    }
}
