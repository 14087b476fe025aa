//! Calls: what has to be in memory before them, and what is forgotten behind them.

use super::forward::{Forward, confused};
use super::state::Place;
use std::rc::Rc;
use traces::helper::HelperEffect;
use traces::{Abort, Alias, Field, Helper, Imm, Inst, Known, Op, Value};

impl Forward<'_> {
    /// A call.
    pub(super) fn call_op(&mut self, inst: &Inst, args: &[Value]) -> Result<Option<Value>, Abort> {
        match (inst.op, inst.imm) {
            (Op::CCall, Imm::Func(_)) if self.naive.is_leaf(inst) => {
                let snap = self.snapshot(inst)?;
                let result = self.push(Op::CCall, args, inst.imm, Some(snap))?;
                self.forget_c_memory();
                Ok(result)
            }
            // Whoever looks at the frame during a foreign call finds the deferred stores in the
            // call's snapshot; but nobody asks before he reads a module's variable.
            (Op::CCall, Imm::Func(_)) => {
                self.flush_globals()?;
                self.flush_instances()?;
                let snap = self.snapshot(inst)?;
                let result = self.push(Op::CCall, args, inst.imm, Some(snap))?;
                let globals = self.naive.globals.iter().map(|global| global.slot);
                let is_short = self.naive.is_short(inst);
                let forgotten = is_short.then(|| Rc::new(self.state.before_call(globals)));
                self.python_ran();
                self.state.forgotten = forgotten;
                Ok(result)
            }
            (Op::Call, Imm::Helper(helper)) => match helper.effect() {
                HelperEffect::Pure => self.pure(Op::Call, args, inst.imm).map(Some),
                _ => self.call_writer(inst, helper, args),
            },
            (Op::CallPy, Imm::HelperSlot(_, slot)) => {
                let result = self.call_python(inst, args)?;
                self.state.set_clean(slot, result);
                Ok(result)
            }
            (Op::CallNew, Imm::HelperSlot(helper, slot)) => {
                if helper == Helper::InstanceNew
                    && let Some(made) = self.instance_new(args, slot)?
                {
                    return Ok(Some(made));
                }
                // No Python code: the deferred stores stay deferred. What goes into a container and what a
                // variable holds is one object.
                let mut args = args.to_vec();
                for arg in &mut args {
                    *arg = self.shared_object(*arg)?;
                }
                let args = args.as_slice();
                let snap = self.snapshot(inst)?;
                let result = self.push(Op::CallNew, args, inst.imm, Some(snap))?;
                self.state.set_clean(slot, result);
                if let Some(made) = result {
                    self.note_no_weak_references(made)?;
                    self.note_iterator(helper, made, args)?;
                }
                Ok(result)
            }
            (Op::CallPyBool, Imm::Helper(_)) => self.call_python(inst, args),
            (op, _) => Err(confused(op, "has no callee")),
        }
    }

    /// What the fields of a new iterator hold, which the frame alone can reach.
    fn note_iterator(&mut self, helper: Helper, made: Value, args: &[Value]) -> Result<(), Abort> {
        let zero = self.int(0)?;
        if let (Some(field), &[sequence]) = (sequence_of(helper), args)
            && self
                .def(sequence)
                .is_some_and(|inst| inst.op == Op::ConstObj)
        {
            let place = Place::Field(made, field);
            self.state.heap.insert(place, sequence);
        }
        let fields: &[(Field, Value)] = match (helper, args) {
            (Helper::RangeIterNew, &[start, step, len]) => &[
                (Field::RangeIterStart, start),
                (Field::RangeIterStep, step),
                (Field::RangeIterLen, len),
            ],
            // A sequence that is no constant is loaded from the iterator, which keeps it alive from here on.
            (Helper::ListIterNew, _) => &[(Field::ListIterIndex, zero)],
            (Helper::TupleIterNew, _) => &[(Field::TupleIterIndex, zero)],
            _ => return Ok(()),
        };
        let one = self.int(1)?;
        for &(field, value) in fields.iter().chain(&[(Field::IterRefCount, one)]) {
            self.state.heap.insert(Place::Field(made, field), value);
        }
        Ok(())
    }

    /// A helper that changes Python state without running Python code.
    fn call_writer(
        &mut self,
        inst: &Inst,
        helper: Helper,
        args: &[Value],
    ) -> Result<Option<Value>, Abort> {
        if let (Helper::QuietInstance, Some(&of)) = (helper, args.first())
            && (self.is_instance(of) || self.as_known(of) == Some(Known::Null))
        {
            return self.truth(true).map(Some);
        }
        let mut args = args.to_vec();
        if helper == Helper::AttrNew {
            if self.instance_attr_new(&args)? {
                return Ok(None);
            }
            if let Some(first) = args.first_mut().filter(|first| self.is_instance(**first)) {
                *first = self.real_struct(*first)?;
            }
        }
        if helper.keeps_arguments() {
            // What is stored and what a local holds is one object.
            for arg in &mut args {
                *arg = self.shared_object(*arg)?;
            }
        }
        let args = args.as_slice();
        let result = self.push(Op::Call, args, inst.imm, None)?;
        if helper.effect() == HelperEffect::Memory {
            self.forget_c_memory();
            if let (Helper::PairSet, &[tuple, ..]) = (helper, args) {
                self.forget_items_of(tuple);
            }
            return Ok(result);
        }
        self.state.checked = false;
        match (helper, args) {
            (Helper::CellSet, &[cell, value]) => {
                self.state.heap.retain(|place, _| match place {
                    Place::Field(_, field) => *field != Field::CellRef,
                    Place::Item(..) | Place::Attr(..) | Place::Word(..) => false,
                    Place::Values(..) | Place::TupleItem(..) | Place::Memory(..) => true,
                });
                // The cell owns the object now. Of a box, what matters is the number in it, except of a struct
                // or a tuple, which others can reach from here on.
                if !self.is_made_once(value) {
                    let place = Place::Field(cell, Field::CellRef);
                    self.state.heap.insert(place, value);
                }
            }
            _ => self.forget_python_memory(),
        }
        Ok(result)
    }

    /// A call that may run any Python code, which may look at the frame.
    fn call_python(&mut self, inst: &Inst, args: &[Value]) -> Result<Option<Value>, Abort> {
        self.flush()?;
        let args = args
            .iter()
            .map(|&v| self.object_of(v))
            .collect::<Result<Vec<_>, _>>()?;
        let snap = self.snapshot(inst)?;
        let result = self.push(inst.op, &args, inst.imm, Some(snap))?;
        self.python_ran();
        Ok(result)
    }

    /// Forgets what Python code may have changed.
    pub(super) fn python_ran(&mut self) {
        self.state.forgotten = None;
        self.forget_python_memory();
        for global in &self.naive.globals {
            self.state.set_clean(global.slot, None);
        }
        self.state.types.retain(|_, ty| ty.is_stable());
        self.state.fresh.clear();
        self.state.shared.clear();
        self.state.checked = false;
    }

    fn forget_python_memory(&mut self) {
        self.state.heap.retain(|place, _| match place {
            Place::Field(_, field) => field.alias() != Alias::Python,
            Place::Item(..) | Place::Attr(..) | Place::Values(..) => false,
            Place::Word(..) | Place::Memory(..) => false,
            Place::TupleItem(..) => true,
        });
    }
}

/// Where an iterator over a sequence that a helper makes has its sequence.
fn sequence_of(helper: Helper) -> Option<Field> {
    match helper {
        Helper::ListIterNew => Some(Field::ListIterSeq),
        Helper::TupleIterNew => Some(Field::TupleIterSeq),
        _ => None,
    }
}
