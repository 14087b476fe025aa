//! Guards: one that is proved goes, one that stays is remembered for what it proves.

use super::forward::{Forward, confused};
use super::state::{Key, TypeFact};
use traces::{Abort, Death, Imm, Inst, Known, ObjId, Op, Value};

impl Forward<'_> {
    /// A guard.
    pub(super) fn guard_op(&mut self, inst: &Inst, args: &[Value]) -> Result<(), Abort> {
        match (inst.op, inst.imm, args) {
            (Op::GuardTrue, _, &[cond]) => self.guard_truth(inst, cond, true),
            (Op::GuardFalse, _, &[cond]) => self.guard_truth(inst, cond, false),
            (Op::GuardType, Imm::Obj(id), &[obj]) => self.guard_type(inst, obj, id),
            (Op::GuardIs, Imm::Obj(id), &[obj]) => self.guard_is(inst, obj, id),
            (Op::GuardShared, _, &[obj]) => {
                if self.as_known(obj) == Some(Known::Null) {
                    self.fails(inst, "the variable is not bound");
                    return Ok(());
                }
                // Where it is plain, `release_slot` lets it die.
                let plain = self
                    .type_of(obj)
                    .is_some_and(|ty| ty.death() == Death::Plain);
                if plain && !self.type_of(obj).is_some_and(TypeFact::is_cdata) {
                    return Ok(());
                }
                if self.def(obj).is_some_and(|inst| inst.op.is_box()) {
                    self.fails(inst, "it is an object of its own");
                    return Ok(());
                }
                self.keep(inst, Op::GuardShared, obj, inst.imm)
            }
            (Op::GuardKept, Imm::Slot(slot), _) => self.guard_kept(inst, slot),
            (Op::Check, ..) => {
                self.forget_c_memory();
                if !self.state.checked {
                    let snap = self.snapshot(inst)?;
                    self.push(Op::Check, &[], Imm::None, Some(snap))?;
                    self.state.checked = true;
                    self.state.polled = true;
                    self.state.was_short();
                }
                Ok(())
            }
            (op, ..) => Err(confused(op, "is not a guard")),
        }
    }

    /// A guard that stays.
    fn keep(&mut self, inst: &Inst, op: Op, arg: Value, imm: Imm) -> Result<(), Abort> {
        let snap = self.snapshot(inst)?;
        self.push(op, &[arg], imm, Some(snap)).map(|_| ())
    }

    /// A guard that can never hold.
    fn fails(&mut self, inst: &Inst, what: &str) {
        let pc = inst
            .snap
            .and_then(|id| self.naive.snaps.get(id.0 as usize))
            .and_then(|snap| snap.frames.last())
            .map_or(0, |frame| frame.pc);
        self.never(format!("`{}` at offset {pc}: {what}", inst.op.mnemonic()));
    }

    /// Leaves unless `cond` is `truth`.
    pub(super) fn guard_truth(
        &mut self,
        inst: &Inst,
        cond: Value,
        truth: bool,
    ) -> Result<(), Abort> {
        let cond = self.known(cond);
        if let Some(value) = self.as_truth(cond) {
            if value != truth {
                self.fails(inst, "the condition is a constant");
            }
            return Ok(());
        }
        if let Some(inner) = self.operand(cond, Op::BNot) {
            return self.guard_truth(inst, inner, !truth);
        }
        if truth
            && self.is_fresh(cond)
            && let Some(&[a, b]) = self.operands(cond, Op::Same).as_deref()
            && let Some((obj, id)) = self
                .as_obj(b)
                .map(|id| (a, id))
                .or_else(|| self.as_obj(a).map(|id| (b, id)))
        {
            return self.guard_is(inst, obj, id);
        }
        let op = if truth { Op::GuardTrue } else { Op::GuardFalse };
        self.keep(inst, op, cond, Imm::None)?;
        self.learn(cond, truth)
    }

    /// From here on `cond` is `truth`.
    pub(super) fn learn(&mut self, cond: Value, truth: bool) -> Result<(), Abort> {
        let constant = self.truth(truth)?;
        self.state.equal.insert(cond, constant);
        let Some(inst) = self.def(cond) else {
            return Ok(());
        };
        let op = inst.op;
        let args: Vec<Value> = inst.args.iter().map(|&v| self.known(v)).collect();
        if truth {
            self.learn_quiet(cond);
        }
        match (op, args.as_slice(), truth) {
            (Op::BNot, &[inner], _) => self.learn(inner, !truth),
            (Op::BAnd, &[a, b], true) | (Op::BOr, &[a, b], false) => {
                self.learn(a, truth)?;
                self.learn(b, truth)
            }
            (_, &[a, b], _) => match inverse_of(op) {
                Some(inverse) => {
                    let constant = self.truth(!truth)?;
                    let key = Key::new(inverse, &[a, b], Imm::None);
                    if let Some(value) = self.state.pure.insert(key, constant) {
                        self.state.equal.insert(value, constant);
                    }
                    self.learn_order(if truth { op } else { inverse }, a, b)
                }
                None if truth => self.learn_order(op, a, b),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    // ---- comparisons across the header of the loop ----

    /// The comparisons of integers that guards proved so far.
    pub(super) fn proved_orders(&self) -> Vec<(Op, Value, Value)> {
        let proved = |inst: &Inst| {
            let &[a, b] = inst.args.as_slice() else {
                return None;
            };
            let unsigned = matches!(inst.op, Op::IUlt | Op::IUle);
            let op = match self.as_truth(self.known(inst.result?))? {
                true => Some(inst.op).filter(|&op| unsigned || inverse_of(op).is_some()),
                false => inverse_of(inst.op),
            };
            Some((op?, a, b))
        };
        self.out.insts.iter().filter_map(proved).collect()
    }

    /// Whether a comparison is known to hold.
    pub(super) fn is_order(&self, op: Op, a: Value, b: Value) -> bool {
        let found = self.state.pure.get(&Key::new(op, &[a, b], Imm::None));
        found.is_some_and(|&value| self.as_truth(self.known(value)) == Some(true))
    }

    /// A comparison holds from here on.
    pub(super) fn assume_order(&mut self, op: Op, a: Value, b: Value) -> Result<(), Abort> {
        for (op, truth) in [(Some(op), true), (inverse_of(op), false)] {
            let constant = self.truth(truth)?;
            if let Some(op) = op {
                let key = Key::new(op, &[a, b], Imm::None);
                self.state.pure.insert(key, constant);
            }
        }
        self.learn_order(op, a, b)
    }

    fn guard_type(&mut self, inst: &Inst, obj: Value, id: ObjId) -> Result<(), Abort> {
        let wanted = TypeFact::of_const(&self.out, id);
        match self.type_of(obj) {
            Some(ty) if ty == wanted => Ok(()),
            Some(_) => {
                self.fails(inst, "the object has another type");
                Ok(())
            }
            None if self.as_known(obj) == Some(Known::Null) => {
                self.fails(inst, "the variable is not bound");
                Ok(())
            }
            None => {
                self.keep(inst, Op::GuardType, obj, inst.imm)?;
                self.state.types.insert(obj, wanted);
                Ok(())
            }
        }
    }

    fn guard_is(&mut self, inst: &Inst, obj: Value, id: ObjId) -> Result<(), Abort> {
        match self.is_object(obj, id)? {
            Identity::Certain(true) => Ok(()),
            Identity::Certain(false) => {
                self.fails(inst, "it is another object");
                Ok(())
            }
            Identity::When(cond, truth) => self.guard_truth(inst, cond, truth),
            Identity::Unknown => {
                self.keep(inst, Op::GuardIs, obj, Imm::Obj(id))?;
                self.learn_identity(obj, id)
            }
        }
    }

    /// From here on `value` is the constant object.
    fn learn_identity(&mut self, value: Value, id: ObjId) -> Result<(), Abort> {
        let constant = self.obj(id)?;
        if self.def(value).is_some_and(|inst| inst.op.is_box()) {
            // The number in a box says more than the object's name.
            return Ok(());
        }
        if let Some(&ty) = self.state.types.get(&value) {
            self.state.types.entry(constant).or_insert(ty);
        }
        self.copy_heap_facts(value, constant);
        self.state.equal.insert(value, constant);
        Ok(())
    }

    /// Whether a value is the constant object.
    pub(super) fn is_object(&mut self, value: Value, id: ObjId) -> Result<Identity, Abort> {
        if let Some(other) = self.as_obj(value) {
            return Ok(Identity::Certain(other == id));
        }
        let meaning = self.meaning(id);
        if let Some(truth) = self.operand(value, Op::BoxBool) {
            return Ok(match meaning {
                Some(Known::True) => Identity::When(truth, true),
                Some(Known::False) => Identity::When(truth, false),
                Some(_) => Identity::Certain(false),
                None => Identity::Unknown,
            });
        }
        let Some(ty) = self.type_of(value) else {
            return Ok(Identity::Unknown);
        };
        if self.is_instance(value) {
            return Ok(Identity::Certain(false));
        }
        Ok(match meaning.and_then(known_type) {
            _ if meaning == Some(Known::Null) => Identity::Certain(false),
            Some(other) if ty != TypeFact::Known(other) => Identity::Certain(false),
            Some(Known::NoneType) => Identity::Certain(true),
            _ => Identity::Unknown,
        })
    }

    /// The exact type of an object, where known.
    pub(super) fn type_of(&self, value: Value) -> Option<TypeFact> {
        let value = self.known(value);
        let inst = self.def(value)?;
        if inst.op == Op::BoxInstance {
            return self.class_of_instance(value).map(TypeFact::Other);
        }
        let of_def = match inst.op {
            Op::BoxInt | Op::BoxUint => Some(Known::Int),
            Op::BoxFloat => Some(Known::Float),
            Op::BoxBool => Some(Known::Bool),
            Op::BoxCData | Op::BoxCInt | Op::BoxCFloat => Some(Known::CData),
            Op::BoxStruct => Some(Known::CDataOwn),
            Op::BoxChar => Some(Known::Bytes),
            Op::BoxUChar => Some(Known::Str),
            Op::BoxBuffer => Some(Known::CBuffer),
            Op::BoxTuple => Some(Known::Tuple),
            Op::BoxListIter => Some(Known::ListIter),
            Op::BoxTupleIter => Some(Known::TupleIter),
            Op::CallNew => match inst.imm {
                Imm::HelperSlot(helper, _) => helper.makes(),
                _ => None,
            },
            Op::ConstObj => self.as_known(value).and_then(known_type),
            _ => None,
        };
        of_def
            .map(TypeFact::Known)
            .or_else(|| self.state.types.get(&value).copied())
    }

    /// Whether two objects are one.
    pub(super) fn same(&mut self, a: Value, b: Value) -> Result<Option<Value>, Abort> {
        if a == b {
            return self.truth(true).map(Some);
        }
        if self.is_instance(a) || self.is_instance(b) {
            // Nobody else has got it.
            return self.truth(false).map(Some);
        }
        let (value, id) = match (self.as_obj(a), self.as_obj(b)) {
            (Some(id), _) => (b, id),
            (_, Some(id)) => (a, id),
            (None, None) => return self.same_unknown(a, b),
        };
        match self.is_object(value, id)? {
            Identity::Certain(same) => self.truth(same).map(Some),
            Identity::When(cond, true) => Ok(Some(cond)),
            Identity::When(cond, false) => self.pure(Op::BNot, &[cond], Imm::None).map(Some),
            Identity::Unknown => Ok(None),
        }
    }

    fn same_unknown(&mut self, a: Value, b: Value) -> Result<Option<Value>, Abort> {
        if let (Some(x), Some(y)) = (self.operand(a, Op::BoxBool), self.operand(b, Op::BoxBool)) {
            let differ = self.pure(Op::BXor, &[x, y], Imm::None)?;
            return self.pure(Op::BNot, &[differ], Imm::None).map(Some);
        }
        match (self.type_of(a), self.type_of(b)) {
            (Some(x), Some(y)) if x != y => self.truth(false).map(Some),
            _ => Ok(None),
        }
    }

    /// The payload of an object constant that is a box by another name.
    pub(super) fn payload_of_const(&mut self, value: Value) -> Result<Option<Value>, Abort> {
        match self.as_known(value) {
            Some(Known::True) => self.truth(true).map(Some),
            Some(Known::False) => self.truth(false).map(Some),
            _ => Ok(None),
        }
    }
}

/// Whether a value is a certain object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Identity {
    /// It is, or is not.
    Certain(bool),
    /// It is when the condition has this truth.
    When(Value, bool),
    /// Only running it tells.
    Unknown,
}

/// The type of a known object that is not a type.
fn known_type(known: Known) -> Option<Known> {
    match known {
        Known::None => Some(Known::NoneType),
        Known::True | Known::False => Some(Known::Bool),
        _ => None,
    }
}

/// The comparison of the same operands that holds where this one does not. Not of floats: a NaN
/// makes both fail.
fn inverse_of(op: Op) -> Option<Op> {
    Some(match op {
        Op::IEq => Op::INe,
        Op::INe => Op::IEq,
        Op::ILt => Op::IGe,
        Op::IGe => Op::ILt,
        Op::ILe => Op::IGt,
        Op::IGt => Op::ILe,
        _ => return None,
    })
}
