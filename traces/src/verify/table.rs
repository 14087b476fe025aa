//! Each instruction is as its row of the op table says.

use super::{Broken, snapshot};
use crate::helper::HelperEffect;
use crate::op::{Args, ImmKind, Op, Type};
use crate::trace::{Imm, Inst, Known, Trace, Value};
use crate::{Alias, CType, FuncDecl, Passed, Shape};
use std::collections::HashMap;

/// Checks operands, immediates, results and snapshots of all instructions.
pub(super) fn check(trace: &Trace) -> Result<(), Broken> {
    let branches = trace.branches();
    let mut defined = Defined::of(trace);
    let mut at_exits = HashMap::new();
    for (at, inst) in trace.insts.iter().enumerate() {
        let snap = inst.snap.filter(|snap| branches.contains_key(snap));
        match (snap, inst.op) {
            (Some(snap), Op::Branch) => {
                if let Some(here) = at_exits.remove(&snap) {
                    defined.here = here;
                }
            }
            (Some(snap), _) => {
                at_exits.insert(snap, defined.here.clone());
            }
            _ => {}
        }
        let checked = immediate(trace, inst)
            .and_then(|()| operands(trace, inst, &defined.here))
            .and_then(|()| snapshot::check(trace, inst, &defined.here))
            .and_then(|()| results(trace, inst, &mut defined));
        checked.map_err(|rule| (at, rule))?;
    }
    Ok(())
}

/// Which values are defined: on the way to an instruction, and anywhere.
struct Defined {
    here: Vec<bool>,
    anywhere: Vec<bool>,
}

impl Defined {
    fn of(trace: &Trace) -> Defined {
        Defined {
            here: vec![false; trace.types.len()],
            anywhere: vec![false; trace.types.len()],
        }
    }

    fn define(&mut self, value: Value) -> Result<(), String> {
        let at = value.0 as usize;
        match (self.here.get_mut(at), self.anywhere.get_mut(at)) {
            (Some(here), Some(already @ false)) => {
                (*here, *already) = (true, true);
                Ok(())
            }
            _ => Err(format!("{value} is defined once")),
        }
    }
}

/// Whether all that the printer looks up is there.
pub(super) fn is_printable(trace: &Trace, inst: &Inst) -> bool {
    ids_exist(trace, inst.imm)
        && inst
            .params
            .iter()
            .all(|p| (p.0 as usize) < trace.types.len())
}

fn ids_exist(trace: &Trace, imm: Imm) -> bool {
    match imm {
        Imm::Obj(id) => (id.0 as usize) < trace.objs.len(),
        Imm::Func(id) => (id.0 as usize) < trace.funcs.len(),
        Imm::Shape(id) => trace.shape(id).is_some(),
        _ => true,
    }
}

fn kind(imm: Imm) -> ImmKind {
    match imm {
        Imm::None => ImmKind::None,
        Imm::Int(_) => ImmKind::Int,
        Imm::Float(_) => ImmKind::Float,
        Imm::Bool(_) => ImmKind::Bool,
        Imm::Obj(_) => ImmKind::Obj,
        Imm::Field(_) => ImmKind::Field,
        Imm::Slot(_) => ImmKind::Slot,
        Imm::Slots(..) => ImmKind::Slots,
        Imm::Func(_) => ImmKind::Func,
        Imm::Helper(_) => ImmKind::Helper,
        Imm::HelperSlot(..) => ImmKind::HelperSlot,
        Imm::Place(..) => ImmKind::Place,
        Imm::Shape(_) => ImmKind::Shape,
    }
}

fn immediate(trace: &Trace, inst: &Inst) -> Result<(), String> {
    let (expected, found) = (inst.op.imm(), kind(inst.imm));
    if expected != found {
        return Err(format!(
            "its immediate is a {expected:?} by the op table, not a {found:?}"
        ));
    }
    if !ids_exist(trace, inst.imm) {
        return Err("its immediate is in the trace's tables".into());
    }
    let kept = match (inst.op, inst.imm) {
        (Op::ISext | Op::IZext, Imm::Int(bits)) => matches!(bits, 8 | 16 | 32),
        (Op::LoadField, Imm::Field(field)) => field.bytes() > 0,
        (Op::BoxInstance, Imm::Shape(id)) => {
            trace.shape(id).map(Shape::numbers) == Some(inst.args.len())
        }
        (Op::FieldAddr, Imm::Field(field)) => field.bytes() == 0,
        (Op::StoreField, Imm::Field(field)) => {
            field.bytes() > 0 && field.ty() != Type::Obj && field.alias() != Alias::Immutable
        }
        (Op::GuardType, Imm::Obj(id)) => !matches!(
            trace.obj(id).known,
            Some(Known::Null | Known::None | Known::True | Known::False)
        ),
        (Op::Call, Imm::Helper(helper)) => {
            !matches!(helper.effect(), HelperEffect::Python | HelperEffect::New)
                && helper.ret() != Some(Type::Obj)
                && !helper.variadic()
        }
        (Op::CallPy, Imm::HelperSlot(helper, _)) => {
            helper.effect() == HelperEffect::Python && helper.ret() == Some(Type::Obj)
        }
        (Op::CallPyBool, Imm::Helper(helper)) => {
            helper.effect() == HelperEffect::Python && helper.ret() == Some(Type::Bool)
        }
        (Op::CallNew, Imm::HelperSlot(helper, _)) => helper.effect() == HelperEffect::New,
        (Op::Load | Op::Store | Op::Second | Op::UnboxCValue, Imm::Place(ty, _)) => {
            ty != CType::Void
        }
        (Op::CCall, Imm::Func(id)) => is_callable(trace.func(id)),
        _ => true,
    };
    if kept {
        Ok(())
    } else {
        Err("its immediate is one that the op allows".into())
    }
}

/// Whether a declaration is one that a call can have.
fn is_callable(func: &FuncDecl) -> bool {
    let is_word = |ty| matches!(ty, CType::I64 | CType::F64);
    func.params
        .iter()
        .all(|&p| p != Passed::Scalar(CType::Void))
        && func
            .second
            .is_none_or(|second| is_word(func.ret) && is_word(second))
}

/// The operand of `second` is a call that gives two eightbytes, the second of which it gives.
fn has_second(trace: &Trace, inst: &Inst) -> Result<(), String> {
    let call = |value: Value| trace.insts.iter().find(|def| def.result == Some(value));
    let func = inst.args.first().and_then(|&v| match call(v)?.imm {
        Imm::Func(id) => trace.funcs.get(id.0 as usize),
        _ => None,
    });
    match (func.and_then(|f| f.second), inst.imm, inst.args.len()) {
        (Some(second), Imm::Place(ty, 0), 1) if second == ty => Ok(()),
        _ => Err("its operand is a call that gives a second eightbyte of this type".into()),
    }
}

/// The types of the operands, where their number is fixed.
fn operand_types(trace: &Trace, inst: &Inst) -> Option<Vec<Type>> {
    match (inst.op.args(), inst.imm) {
        (Args::Fixed(types), _) => Some(types.to_vec()),
        (_, Imm::Field(field)) => Some(vec![Type::Obj, field.ty()]),
        (_, Imm::Place(ty, _)) if inst.op == Op::Store => Some(vec![Type::Ptr, ty.ty()]),
        (_, Imm::Func(id)) => {
            let func = trace.func(id);
            let address = func.addr.is_none().then_some(Type::Ptr);
            Some(
                address
                    .into_iter()
                    .chain(func.params.iter().map(|p| p.ty()))
                    .collect(),
            )
        }
        (_, Imm::Helper(helper) | Imm::HelperSlot(helper, _)) => {
            let mut types = helper.args().to_vec();
            if helper.variadic() {
                types.resize(types.len().max(inst.args.len()), Type::Obj);
            }
            Some(types)
        }
        _ => None,
    }
}

fn operands(trace: &Trace, inst: &Inst, defined: &[bool]) -> Result<(), String> {
    for &value in &inst.args {
        if defined.get(value.0 as usize) != Some(&true) {
            return Err(format!("{value} is defined before it is used"));
        }
    }
    if inst.op == Op::Second {
        return has_second(trace, inst);
    }
    if inst.op == Op::BoxTuple && inst.args.iter().any(|&v| trace.ty(v) != Type::Obj) {
        return Err("its operands are objects".into());
    }
    let Some(expected) = operand_types(trace, inst) else {
        return Ok(());
    };
    let found: Vec<Type> = inst.args.iter().map(|&v| trace.ty(v)).collect();
    if found == expected {
        return Ok(());
    }
    let names = |types: &[Type]| {
        types
            .iter()
            .map(|t| t.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    Err(format!(
        "its operands are ({}) by the op table, not ({})",
        names(&expected),
        names(&found)
    ))
}

fn results(trace: &Trace, inst: &Inst, defined: &mut Defined) -> Result<(), String> {
    if inst.op != Op::Label && !inst.params.is_empty() {
        return Err("only a label has parameters".into());
    }
    let ty = trace.result_type(inst.op, inst.imm);
    match (inst.result, ty) {
        (Some(value), Some(ty)) => {
            if trace.types.get(value.0 as usize) != Some(&ty) {
                return Err(format!("its result is of type {}", ty.name()));
            }
        }
        (None, None) => {}
        (Some(_), None) => return Err("it has no result".into()),
        (None, Some(_)) => return Err("it has a result".into()),
    }
    inst.result
        .iter()
        .chain(&inst.params)
        .try_for_each(|&v| defined.define(v))
}
