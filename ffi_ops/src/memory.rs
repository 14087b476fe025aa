//! C memory as cffi reads and writes it: `p[i]`, `p.field`, global variables.

use crate::cdata::{CDataKind, PointerType};
use crate::cffi;
use crate::emit::{Arg, EmitError, OperandKind};
use traces::{Abort, Builder, CType, Helper, Imm, ObjId, Op, Value};

/// What lies at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Item {
    /// An integer, read as an int. Enums too.
    Int(CType),
    /// `_Bool`
    Bool,
    /// `float` or `double`
    Float(CType),
    /// A character: `char` as `U8`, `char16_t` as `U16`, `char32_t` as `U32`, `wchar_t` as `I32`.
    Char(CType),
    /// A pointer, read as a cdata of this ctype.
    Pointer(ObjId, PointerType),
    /// A struct, union or array of known length, read as a reference of this ctype into the memory.
    Inside {
        /// The ctype, as a constant.
        ctype: ObjId,
        /// Its size in bytes.
        bytes: i64,
    },
    /// A bit field in a unit of this C type.
    Bits {
        /// The unit.
        unit: CType,
        /// How far from its lowest bit.
        shift: u8,
        /// How many bits: 1 to 64.
        width: u8,
    },
}

/// Reads an item, `at` bytes behind an address; gives the object.
///
/// # Errors
/// Where the trace is too long.
pub fn read(b: &mut Builder, base: Value, at: i64, item: &Item) -> Result<Value, Abort> {
    let (base, at) = place(b, base, at)?;
    let load = |b: &mut Builder, t: CType| b.emit(Op::Load, &[base], Imm::Place(t, at));
    match *item {
        Item::Int(t) => {
            let v = load(b, t)?;
            b.op(boxed_int(t), &[v])
        }
        Item::Bool => {
            // cffi raises ValueError for a byte that is neither 0 nor 1.
            let v = load(b, CType::U8)?;
            cffi::guard_range(b, v, 0, 1)?;
            let zero = b.int(0)?;
            let v = b.op(Op::INe, &[v, zero])?;
            b.op(Op::BoxBool, &[v])
        }
        Item::Float(t) => {
            let v = load(b, t)?;
            b.op(Op::BoxFloat, &[v])
        }
        Item::Char(t) => {
            let v = load(b, t)?;
            cffi::boxed_char(b, t, v)
        }
        Item::Pointer(ctype, _) => {
            let v = load(b, CType::Ptr)?;
            b.emit(Op::BoxCData, &[v], Imm::Obj(ctype))
        }
        Item::Inside { ctype, .. } => {
            let distance = b.int(at.into())?;
            let p = b.op(Op::PAdd, &[base, distance])?;
            b.emit(Op::BoxCData, &[p], Imm::Obj(ctype))
        }
        Item::Bits { unit, shift, width } => {
            let v = load(b, unit)?;
            let v = extract(b, v, unit, shift, width)?;
            let big = width == 64 && !unit.signed();
            b.op(if big { Op::BoxUint } else { Op::BoxInt }, &[v])
        }
    }
}

/// `convert_to_object_bitfield`, `_cffi_backend.c`.
fn extract(b: &mut Builder, v: Value, unit: CType, shift: u8, width: u8) -> Result<Value, Abort> {
    // To the top, and down again with or without the sign.
    let up = b.int((64 - i64::from(width) - i64::from(shift)).max(0))?;
    let down = b.int(64 - i64::from(width))?;
    let v = b.op(Op::IShl, &[v, up])?;
    b.op(if unit.signed() { Op::IShr } else { Op::IUshr }, &[v, down])
}

fn boxed_int(t: CType) -> Op {
    if t == CType::U64 {
        Op::BoxUint
    } else {
        Op::BoxInt
    }
}

/// An address and a distance that an op can hold.
fn place(b: &mut Builder, base: Value, at: i64) -> Result<(Value, i32), Abort> {
    match i32::try_from(at) {
        Ok(at) => Ok((base, at)),
        Err(_) => {
            let distance = b.int(at)?;
            Ok((b.op(Op::PAdd, &[base, distance])?, 0))
        }
    }
}

/// Whether cffi converts an operand to this item without an error, as far as its type goes.
pub fn accepts(item: &Item, kind: OperandKind) -> bool {
    match *item {
        Item::Int(t) | Item::Float(t) => cffi::accepts_scalar(t, kind),
        Item::Bool => cffi::accepts_scalar(CType::Bool, kind),
        Item::Char(t) => cffi::accepts_char(t, kind),
        Item::Bits { .. } => matches!(kind, OperandKind::Int | OperandKind::Bool),
        Item::Pointer(_, to) => match kind {
            OperandKind::CData {
                what: CDataKind::Pointer(from),
                ..
            } => to.accepts(from),
            _ => false,
        },
        // The caller has seen that the ctypes are the same.
        Item::Inside { ctype, .. } => {
            matches!(kind, OperandKind::CData { ctype: from, .. } if from == ctype)
        }
    }
}

/// What has to be stored: all guards come before the store.
#[derive(Clone, Copy, Debug)]
pub enum Converted {
    /// A value of the item's C type.
    Value(Value),
    /// So many bytes from an address.
    Copy(Value),
}

/// Converts an operand to an item; what is out of range leaves.
///
/// # Errors
/// `Unsupported` where the binding has to do it (or raise); nothing was emitted then.
pub fn convert(mut arg: Arg<'_>, item: &Item) -> Result<Converted, EmitError> {
    if !accepts(item, arg.op.kind) {
        return Err(EmitError::Unsupported(format!(
            "a store of {:?}",
            arg.op.kind
        )));
    }
    Ok(Converted::Value(match *item {
        Item::Int(t) | Item::Float(t) => cffi::scalar(&mut arg, t)?,
        Item::Bool => cffi::scalar(&mut arg, CType::Bool)?,
        Item::Char(t) => cffi::character(&mut arg, t)?,
        Item::Pointer(..) => arg.pointer()?,
        Item::Bits { unit, width, .. } => {
            let v = arg.int()?;
            guard_bits(arg.b, v, unit, width)?;
            v
        }
        Item::Inside { .. } => return Ok(Converted::Copy(arg.pointer()?)),
    }))
}

/// `convert_from_object_bitfield`, `_cffi_backend.c`.
fn guard_bits(b: &mut Builder, v: Value, unit: CType, width: u8) -> Result<(), Abort> {
    let (low, high) = match (unit.signed(), width) {
        (true, 64) => return Ok(()),
        // `int x:1` takes 1 too.
        (true, 1) => (-1, 1),
        (true, _) => (-(1i64 << (width - 1)), (1i64 << (width - 1)) - 1),
        // All ones as a signed number is the upper bound there: nothing fits.
        (false, 64) => (0, -1),
        (false, 63) => (0, i64::MAX),
        (false, _) => (0, (1i64 << width) - 1),
    };
    cffi::guard_range(b, v, low, high)
}

/// Stores what was converted, `at` bytes behind an address.
///
/// # Errors
/// Where the trace is too long.
pub fn write(
    b: &mut Builder,
    base: Value,
    at: i64,
    item: &Item,
    converted: Converted,
) -> Result<(), Abort> {
    let (base, at) = place(b, base, at)?;
    let value = match converted {
        Converted::Value(value) => value,
        Converted::Copy(from) => {
            let Item::Inside { bytes, .. } = *item else {
                return Err(Abort::new(
                    traces::Reason::Confused,
                    "a copy of what is no struct",
                ));
            };
            let (distance, bytes) = (b.int(at.into())?, b.int(bytes)?);
            let to = b.op(Op::PAdd, &[base, distance])?;
            b.effect(Op::Call, &[to, from, bytes], Imm::Helper(Helper::MemMove));
            return Ok(());
        }
    };
    let (value, t) = match *item {
        Item::Int(t) | Item::Float(t) | Item::Char(t) => (value, t),
        Item::Bool => (value, CType::Bool),
        Item::Pointer(..) => (value, CType::Ptr),
        Item::Bits { unit, shift, width } => {
            let old = b.emit(Op::Load, &[base], Imm::Place(unit, at))?;
            (insert(b, old, value, shift, width)?, unit)
        }
        Item::Inside { .. } => {
            return Err(Abort::new(traces::Reason::Confused, "a struct as a number"));
        }
    };
    b.effect(Op::Store, &[base, value], Imm::Place(t, at));
    Ok(())
}

/// The unit of a bit field with another value in it.
fn insert(b: &mut Builder, old: Value, value: Value, shift: u8, width: u8) -> Result<Value, Abort> {
    let ones = u64::MAX >> (64 - u32::from(width));
    let mask = ones << shift;
    let (keep, mask, up) = (
        b.int(!mask as i64)?,
        b.int(mask as i64)?,
        b.int(shift.into())?,
    );
    let old = b.op(Op::IAnd, &[old, keep])?;
    let value = b.op(Op::IShl, &[value, up])?;
    let value = b.op(Op::IAnd, &[value, mask])?;
    b.op(Op::IOr, &[old, value])
}
