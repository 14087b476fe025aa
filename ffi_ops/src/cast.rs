//! `ffi.cast`, and `int()` and `float()` of a cdata (`do_cast`, `cdata_int`, `_cffi_backend.c`).

use crate::cdata::CDataKind;
use crate::cffi;
use crate::emit::{Arg, EmitError, OperandKind};
use traces::{Abort, CType, Imm, ObjId, Op, Value};

fn unsupported<T>(arg: &Arg<'_>) -> Result<T, EmitError> {
    Err(EmitError::Unsupported(format!(
        "a cast of {:?}",
        arg.op.kind
    )))
}

/// `ffi.cast` of an operand to a type of this kind; `ctype` is the type as a constant.
///
/// # Errors
/// `Unsupported` where the binding has to do it (or raise); nothing was emitted then.
pub fn emit_cast(mut arg: Arg<'_>, to: CDataKind, ctype: ObjId) -> Result<Value, EmitError> {
    match to {
        CDataKind::Pointer(_) => {
            let p = match arg.op.kind {
                OperandKind::CData {
                    what: CDataKind::Pointer(_),
                    ..
                } => arg.pointer()?,
                _ => {
                    let Some(bits) = bits(&mut arg)? else {
                        return unsupported(&arg);
                    };
                    arg.b.op(Op::IToP, &[bits])?
                }
            };
            Ok(arg.b.emit(Op::BoxCData, &[p], Imm::Obj(ctype))?)
        }
        CDataKind::Int(t) | CDataKind::Char(t) => {
            let v = match integer(&mut arg, t)? {
                Some(v) => v,
                None => return unsupported(&arg),
            };
            Ok(arg.b.emit(Op::BoxCInt, &[v], Imm::Obj(ctype))?)
        }
        CDataKind::Float(t) => {
            let Some(v) = double(&mut arg)? else {
                return unsupported(&arg);
            };
            let v = match t {
                CType::F32 => arg.b.op(Op::FRound, &[v])?,
                _ => v,
            };
            Ok(arg.b.emit(Op::BoxCFloat, &[v], Imm::Obj(ctype))?)
        }
        CDataKind::Struct(_) | CDataKind::Other => unsupported(&arg),
    }
}

/// The low 64 bits of a number (`_my_PyLong_AsUnsignedLongLong`, not strict), where it is one.
fn bits(arg: &mut Arg<'_>) -> Result<Option<Value>, Abort> {
    Ok(Some(match arg.op.kind {
        OperandKind::Int | OperandKind::BigUint | OperandKind::Bool => arg.int_by(Op::UnboxBits)?,
        OperandKind::Float => {
            let x = arg.double()?;
            arg.b.op(Op::FToI, &[x])?
        }
        OperandKind::CData {
            what: CDataKind::Int(_) | CDataKind::Char(_),
            ..
        } => cffi::cvalue(arg)?.0,
        OperandKind::CData {
            what: CDataKind::Float(_),
            ..
        } => {
            let (x, _) = cffi::cvalue(arg)?;
            arg.b.op(Op::FToI, &[x])?
        }
        _ => return Ok(None),
    }))
}

/// `cast_to_integer_or_char`: cut to the width of the type.
fn integer(arg: &mut Arg<'_>, t: CType) -> Result<Option<Value>, Abort> {
    let v = match arg.op.kind {
        OperandKind::CData {
            what: CDataKind::Pointer(_),
            ..
        } => {
            let p = arg.pointer()?;
            arg.b.op(Op::PToI, &[p])?
        }
        OperandKind::Bytes => cffi::character(arg, CType::U8)?,
        OperandKind::Str => cffi::character(arg, CType::U32)?,
        // The truth of a float is not that of its integer part.
        OperandKind::Float if t == CType::Bool => {
            let x = arg.double()?;
            return truth(arg, x).map(Some);
        }
        OperandKind::CData {
            what: CDataKind::Float(_),
            ..
        } if t == CType::Bool => {
            let (x, _) = cffi::cvalue(arg)?;
            return truth(arg, x).map(Some);
        }
        _ => match bits(arg)? {
            Some(v) => v,
            None => return Ok(None),
        },
    };
    if t == CType::Bool {
        let zero = arg.b.int(0)?;
        let truth = arg.b.op(Op::INe, &[v, zero])?;
        return arg.b.op(Op::BToI, &[truth]).map(Some);
    }
    let width = i64::from(t.bytes()) * 8;
    Ok(Some(match (width, t.signed()) {
        (64, _) => v,
        (_, true) => arg.b.emit(Op::ISext, &[v], Imm::Int(width))?,
        (_, false) => arg.b.emit(Op::IZext, &[v], Imm::Int(width))?,
    }))
}

fn truth(arg: &mut Arg<'_>, x: Value) -> Result<Value, Abort> {
    let zero = arg.b.float(0.0)?;
    let truth = arg.b.op(Op::FNe, &[x, zero])?;
    arg.b.op(Op::BToI, &[truth])
}

/// The double of a number, a character or a cdata of one.
fn double(arg: &mut Arg<'_>) -> Result<Option<Value>, Abort> {
    Ok(Some(match arg.op.kind {
        OperandKind::Int | OperandKind::BigUint | OperandKind::Bool | OperandKind::Float => {
            arg.double()?
        }
        OperandKind::CData {
            what: CDataKind::Float(_),
            ..
        } => cffi::cvalue(arg)?.0,
        OperandKind::CData {
            what: CDataKind::Int(_) | CDataKind::Char(_),
            ..
        } => {
            let (v, from) = cffi::cvalue(arg)?;
            let op = if from == CType::U64 {
                Op::UToF
            } else {
                Op::IToF
            };
            arg.b.op(op, &[v])?
        }
        OperandKind::Bytes => {
            let c = cffi::character(arg, CType::U8)?;
            arg.b.op(Op::IToF, &[c])?
        }
        OperandKind::Str => {
            let c = cffi::character(arg, CType::U32)?;
            arg.b.op(Op::IToF, &[c])?
        }
        _ => return Ok(None),
    }))
}

/// `int()` (or `float()`, where `float` is set) of a number or a cdata of one; gives the object.
///
/// # Errors
/// `Unsupported` where the interpreter has to do it (or raise); nothing was emitted then.
pub fn emit_number(mut arg: Arg<'_>, float: bool) -> Result<Value, EmitError> {
    let is_integer = matches!(
        arg.op.kind,
        OperandKind::CData {
            what: CDataKind::Int(_) | CDataKind::Char(_),
            ..
        }
    );
    let is_float = matches!(
        arg.op.kind,
        OperandKind::CData {
            what: CDataKind::Float(_),
            ..
        }
    );
    let number = matches!(
        arg.op.kind,
        OperandKind::Int | OperandKind::BigUint | OperandKind::Bool | OperandKind::Float
    );
    if float {
        // `float()` of an integer cdata is a TypeError.
        if !number && !is_float {
            return unsupported(&arg);
        }
        return match double(&mut arg)? {
            Some(x) => Ok(arg.b.op(Op::BoxFloat, &[x])?),
            None => unsupported(&arg),
        };
    }
    if is_integer {
        let (v, from) = cffi::cvalue(&mut arg)?;
        let big = from == CType::U64;
        return Ok(arg.b.op(if big { Op::BoxUint } else { Op::BoxInt }, &[v])?);
    }
    if !number && !is_float {
        return unsupported(&arg);
    }
    let big = arg.op.kind == OperandKind::BigUint;
    let v = match arg.op.kind {
        OperandKind::Int | OperandKind::BigUint | OperandKind::Bool => arg.int()?,
        _ => match bits(&mut arg)? {
            Some(v) => v,
            None => return unsupported(&arg),
        },
    };
    Ok(arg.b.op(if big { Op::BoxUint } else { Op::BoxInt }, &[v])?)
}
