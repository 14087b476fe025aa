//! Calls: foreign functions, and helpers.

use super::heap::{Datum, Kind, ObjRef};
use super::{Eval, Flow, Reply, helpers};
use crate::helper::HelperEffect;
use crate::op::Op;
use crate::trace::{FrameState, Imm, Inst};
use crate::{CType, FuncId, Helper};

impl Eval<'_> {
    /// Any call.
    pub(super) fn call_op(&mut self, inst: &Inst, args: &[Datum]) -> Result<Flow, String> {
        match (inst.op, inst.imm) {
            (Op::CCall, Imm::Func(id)) => self.foreign(inst, id, args),
            (Op::Call, Imm::Helper(helper)) => self.helper(inst, helper, args),
            (Op::CallPy, Imm::HelperSlot(helper, slot)) => {
                match self.python(inst, helper, args)? {
                    Reply::Obj(object) => {
                        let old = self.operand_of(inst, slot);
                        self.put(slot, object);
                        self.drop_object(old)?;
                        self.result(inst, Some(Datum::Obj(object)))
                    }
                    Reply::Raised => self.result(inst, None),
                    Reply::Bool(_) => Err("the helper gave no object".to_string()),
                }
            }
            (Op::CallPyBool, Imm::Helper(helper)) => match self.python(inst, helper, args)? {
                Reply::Bool(truth) => self.result(inst, Some(Datum::Bool(truth))),
                Reply::Raised => self.result(inst, None),
                Reply::Obj(_) => Err("the helper gave no truth value".to_string()),
            },
            _ => Err("names no callee".to_string()),
        }
    }

    // ---- foreign functions ----

    fn foreign(&mut self, inst: &Inst, id: FuncId, args: &[Datum]) -> Result<Flow, String> {
        let decl = self.function(id)?.clone();
        let first = usize::from(decl.addr.is_none());
        let args = args.get(first..).unwrap_or(&[]);
        let args: Vec<Datum> = args
            .iter()
            .zip(&decl.params)
            .map(|(&arg, &ty)| narrow(arg, ty))
            .collect();
        let frame = self.frame_during(inst)?;
        let function = self.world.functions.get_mut(&decl.name);
        let function = function.ok_or_else(|| format!("this world has no @{}", decl.name))?;
        let result = function(&args).map(|result| narrow(result, decl.ret));
        self.world.calls += 1;
        let shown: Vec<String> = args.iter().map(|&arg| show(arg)).collect();
        let mut line = format!("{}({})", decl.name, shown.join(", "));
        if let Some(result) = result {
            line += &format!(" = {}", show(result));
        }
        self.world.log.push(format!("{line} {frame}"));
        match (inst.result, result) {
            (None, _) => Ok(Flow::Next),
            (Some(_), result) => self.result(inst, result),
        }
    }

    /// The locals as somebody who looks at the frame during the call sees them.
    fn frame_during(&self, inst: &Inst) -> Result<String, String> {
        let frame = self.frame_of(inst).ok_or("has no snapshot")?;
        let slots: Result<Vec<String>, String> = (0..self.trace.nlocals)
            .map(|slot| {
                let listed = frame.slots.iter().find(|s| s.0 == slot);
                let object = match listed {
                    Some(&(_, value)) => self.object(value)?,
                    None => self.world.slot(slot),
                };
                Ok(self.world.heap.show(object))
            })
            .collect();
        Ok(format!("at {} [{}]", frame.pc, slots?.join(", ")))
    }

    /// The outermost frame of an instruction's snapshot.
    pub(super) fn frame_of(&self, inst: &Inst) -> Option<&FrameState> {
        let snap = self.trace.snaps.get(inst.snap?.0 as usize)?;
        snap.frames.first()
    }

    // ---- helpers ----

    fn helper(&mut self, inst: &Inst, helper: Helper, args: &[Datum]) -> Result<Flow, String> {
        match (helper.effect(), helper, args) {
            (HelperEffect::Pure, ..) => {
                let result = helpers::compute(helper, args)?;
                self.result(inst, Some(result))
            }
            (_, Helper::CellSet, &[Datum::Obj(cell), Datum::Obj(object)]) => {
                self.take(object)?;
                let Kind::Cell(content) = &mut self.world.heap.get_mut(cell)?.kind else {
                    return Err("is no cell".to_string());
                };
                let old = std::mem::replace(content, object);
                self.drop_object(old)?;
                Ok(Flow::Next)
            }
            (_, Helper::ErrOccurred, []) => self.result(inst, Some(Datum::Bool(false))),
            _ => Err(format!("the evaluator does not know @{}", helper.name())),
        }
    }

    /// A helper that may run Python code, which owns its arguments.
    fn python(&mut self, inst: &Inst, helper: Helper, args: &[Datum]) -> Result<Reply, String> {
        let (extra, objects) = match args {
            [Datum::Int(extra), objects @ ..] => (*extra, objects),
            objects => (0, objects),
        };
        let objects = objects
            .iter()
            .map(|&arg| match arg {
                Datum::Obj(object) => Ok(object),
                other => Err(format!("{other:?} is no object")),
            })
            .collect::<Result<Vec<ObjRef>, String>>()?;
        for &object in &objects {
            self.take(object)?;
        }
        let pc = self.frame_of(inst).map_or(0, |frame| frame.pc);
        let shown: Vec<String> = objects
            .iter()
            .map(|&object| self.world.heap.show(object))
            .collect();
        let world = &mut *self.world;
        let f = world.helpers.get_mut(helper.name());
        let f = f.ok_or_else(|| format!("this world has no @{}", helper.name()))?;
        let reply = f(&mut world.heap, extra, &objects)?;
        let text = match reply {
            Reply::Obj(object) => world.heap.show(object),
            Reply::Bool(truth) => truth.to_string(),
            Reply::Raised => "raised".to_string(),
        };
        // Python code that looks at the frame finds its locals in memory.
        let locals: Vec<String> = (0..self.trace.nlocals)
            .map(|slot| world.heap.show(world.slot(slot)))
            .collect();
        let (name, shown, locals) = (helper.name(), shown.join(", "), locals.join(", "));
        let line = format!("@{name}({shown}) = {text} at {pc} [{locals}]");
        world.log.push(line);
        objects
            .into_iter()
            .try_for_each(|object| self.drop_object(object))?;
        Ok(reply)
    }

    /// What the slot of a result owned: an operand, where its snapshot says so.
    fn operand_of(&self, inst: &Inst, slot: u16) -> ObjRef {
        let owned = self.frame_of(inst).is_some_and(|frame| {
            slot < self.trace.nlocals.saturating_add(frame.depth)
                && frame.slots.iter().all(|s| s.0 != slot)
        });
        if owned {
            self.world.slot(slot)
        } else {
            ObjRef::NULL
        }
    }
}

/// An argument or result as C sees it.
fn narrow(datum: Datum, ty: CType) -> Datum {
    match (datum, ty) {
        (Datum::Int(n), CType::I8) => Datum::Int((n as i8).into()),
        (Datum::Int(n), CType::U8) => Datum::Int((n as u8).into()),
        (Datum::Int(n), CType::I16) => Datum::Int((n as i16).into()),
        (Datum::Int(n), CType::U16) => Datum::Int((n as u16).into()),
        (Datum::Int(n), CType::I32) => Datum::Int((n as i32).into()),
        (Datum::Int(n), CType::U32) => Datum::Int((n as u32).into()),
        (Datum::Float(x), CType::F32) => Datum::Float((x as f32).into()),
        (other, _) => other,
    }
}

/// A number as text.
fn show(datum: Datum) -> String {
    match datum {
        Datum::Int(n) => n.to_string(),
        Datum::Float(x) => format!("{x:?}"),
        Datum::Bool(b) => b.to_string(),
        Datum::Ptr(p) => format!("ptr {p}"),
        Datum::Obj(_) => "an object".to_string(),
    }
}
