//! Calls: foreign functions, and helpers.

use super::heap::{BASE, Datum, Kind, ObjRef};
use super::{Eval, Flow, Reply, helpers};
use crate::helper::HelperEffect;
use crate::op::Op;
use crate::trace::{FrameState, Imm, Inst};
use crate::{CType, FuncId, Helper, Passed};

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
            (Op::CallNew, Imm::HelperSlot(helper, slot)) => self.made(inst, helper, slot, args),
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
        let args = self.passed(args.get(first..).unwrap_or(&[]), &decl.params)?;
        let frame = match decl.flags.leaf {
            true => String::new(),
            false => format!(" {}", self.frame_during(inst)?),
        };
        let function = self.world.functions.get_mut(&decl.name);
        let function = function.ok_or_else(|| format!("this world has no @{}", decl.name))?;
        let types = [decl.ret].into_iter().chain(decl.second);
        let memory = &mut self.world.heap.memory;
        let results = function(memory, &args).into_iter().zip(types);
        let results: Vec<Datum> = results.map(|(result, ty)| narrow(result, ty)).collect();
        self.world.calls += u64::from(!decl.flags.leaf);
        if decl.flags.errno {
            self.world.errno = self.world.errno.wrapping_add(1);
        }
        let shown = |all: &[Datum]| all.iter().map(|&d| show(d)).collect::<Vec<_>>().join(", ");
        let mut line = format!("{}({})", decl.name, shown(&args));
        if !results.is_empty() {
            line += &format!(" = {}", shown(&results));
        }
        self.world.log.push(format!("{line}{frame}"));
        if let (Some(value), Some(&second)) = (inst.result, results.get(1)) {
            self.seconds.insert(value, second);
        }
        match inst.result {
            None => Ok(Flow::Next),
            Some(_) => self.result(inst, results.first().copied()),
        }
    }

    /// The arguments as the function finds them.
    fn passed(&self, args: &[Datum], params: &[Passed]) -> Result<Vec<Datum>, String> {
        let mut all = Vec::new();
        for (&arg, &passed) in args.iter().zip(params) {
            match (passed, arg) {
                (Passed::Scalar(ty), arg) => all.push(narrow(arg, ty)),
                (Passed::Block(bytes), Datum::Ptr(base)) => {
                    for word in (0..u64::from(bytes)).step_by(8) {
                        let (at, left) = (base.wrapping_add(word), u64::from(bytes) - word);
                        let bits = self.world.heap.memory.bits(at, left)?;
                        all.push(Datum::Int(bits as i64));
                    }
                }
                (_, arg) => all.push(arg),
            }
        }
        Ok(all)
    }

    /// The second eightbyte of a result.
    pub(super) fn second(&mut self, inst: &Inst) -> Result<Flow, String> {
        let call = inst.args.first().ok_or("has no operand")?;
        let second = self.seconds.get(call).copied();
        self.result(inst, Some(second.ok_or("there is no second eightbyte")?))
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
            (_, Helper::StrItem, &[Datum::Obj(text), Datum::Int(index)]) => {
                let Kind::Str(text) = &self.world.heap.get(text)?.kind else {
                    return Err("is no str".to_string());
                };
                let found = usize::try_from(index).ok();
                let found = found.and_then(|index| text.chars().nth(index));
                let found = found.ok_or("the str has no such character")?;
                self.result(inst, Some(Datum::Int(u32::from(found).into())))
            }
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
            (_, Helper::MemMove, &[Datum::Ptr(to), Datum::Ptr(from), Datum::Int(n)]) => {
                let mut bytes = Vec::new();
                let memory = &mut self.world.heap.memory;
                for i in 0..n as u64 {
                    bytes.push(memory.peek(from.wrapping_add(i), CType::U8)?);
                }
                for (i, byte) in (0..).zip(bytes) {
                    memory.poke(to.wrapping_add(i), CType::U8, byte);
                }
                Ok(Flow::Next)
            }
            (_, Helper::ErrOccurred, []) => self.result(inst, Some(Datum::Bool(false))),
            _ => Err(format!("the evaluator does not know @{}", helper.name())),
        }
    }

    /// A helper that makes an object.
    fn made(
        &mut self,
        inst: &Inst,
        helper: Helper,
        slot: u16,
        args: &[Datum],
    ) -> Result<Flow, String> {
        let kind = match (helper, args) {
            (Helper::CDataNew, &[Datum::Obj(ctype), Datum::Int(bytes)]) => Kind::CStruct {
                ctype,
                bytes: bytes as u64,
            },
            (Helper::CDataSlice, &[Datum::Obj(ctype), Datum::Ptr(ptr), _]) => {
                Kind::CData { ctype, ptr }
            }
            (Helper::RangeIterNew, &[Datum::Int(start), Datum::Int(step), Datum::Int(len)]) => {
                Kind::RangeIter { start, step, len }
            }
            (Helper::ListIterNew, &[Datum::Obj(seq)]) => Kind::ListIter { seq, index: 0 },
            (Helper::TupleIterNew, &[Datum::Obj(seq)]) => Kind::TupleIter { seq, index: 0 },
            _ => return Err(format!("the evaluator does not know @{}", helper.name())),
        };
        if let Kind::ListIter { seq, .. } | Kind::TupleIter { seq, .. } = kind {
            self.world.heap.get(seq)?;
        }
        let object = self.world.heap.alloc(kind);
        self.world.heap.incref(object);
        let old = self.operand_of(inst, slot);
        self.put(slot, object);
        self.drop_object(old)?;
        self.result(inst, Some(Datum::Obj(object)))
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
        // Python code that looks at the frame finds its locals in memory.
        let locals: Vec<String> = (0..self.trace.nlocals)
            .map(|slot| world.heap.show(world.slot(slot)))
            .collect();
        let f = world.helpers.get_mut(helper.name());
        let f = f.ok_or_else(|| format!("this world has no @{}", helper.name()))?;
        let reply = f(&mut world.heap, extra, &objects)?;
        let text = match reply {
            Reply::Obj(object) => world.heap.show(object),
            Reply::Bool(truth) => truth.to_string(),
            Reply::Raised => "raised".to_string(),
        };
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
        let snap = inst.snap.and_then(|id| self.trace.snaps.get(id.0 as usize));
        let owned = snap
            .and_then(|snap| snap.frames.last())
            .is_some_and(|frame| {
                self.trace.operands(frame).any(|known| known == slot)
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
        Datum::Ptr(p) if p >= BASE => "the memory of an object".to_string(),
        Datum::Ptr(p) => format!("ptr {p}"),
        Datum::Obj(_) => "an object".to_string(),
    }
}
