//! C memory: bytes at addresses.

use super::heap::Datum;
use crate::CType;
use std::collections::BTreeMap;

/// C memory.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Memory {
    /// The bytes that exist, by address.
    pub bytes: BTreeMap<u64, u8>,
}

impl Memory {
    /// Puts a value of a C type at an address.
    pub fn poke(&mut self, address: u64, ty: CType, datum: Datum) {
        let bits = match (datum, ty) {
            (Datum::Float(x), CType::F32) => u64::from((x as f32).to_bits()),
            (Datum::Float(x), _) => x.to_bits(),
            (Datum::Int(n), _) => n as u64,
            (Datum::Ptr(p), _) => p,
            (Datum::Bool(b), _) => u64::from(b),
            (Datum::Obj(_), _) => return,
        };
        let bytes = bits.to_le_bytes();
        for (at, &byte) in (0..).zip(bytes.iter().take(usize::from(ty.bytes()))) {
            self.bytes.insert(address.wrapping_add(at), byte);
        }
    }

    /// What a value of a C type at an address is.
    ///
    /// # Errors
    /// Where nothing lies there.
    pub fn peek(&self, address: u64, ty: CType) -> Result<Datum, String> {
        let bits = self.bits(address, ty.bytes().into())?;
        Ok(match ty {
            CType::Bool => Datum::Bool(bits != 0),
            CType::F32 => Datum::Float(f32::from_bits(bits as u32).into()),
            CType::F64 => Datum::Float(f64::from_bits(bits)),
            CType::Ptr => Datum::Ptr(bits),
            CType::I8 => Datum::Int((bits as i8).into()),
            CType::I16 => Datum::Int((bits as i16).into()),
            CType::I32 => Datum::Int((bits as i32).into()),
            _ => Datum::Int(bits as i64),
        })
    }

    /// So many bytes (up to eight) at an address, as the low ones of a word.
    ///
    /// # Errors
    /// Where nothing lies there.
    pub fn bits(&self, address: u64, count: u64) -> Result<u64, String> {
        let mut word = 0;
        for at in 0..count.min(8) {
            let found = self.bytes.get(&address.wrapping_add(at));
            let byte = *found.ok_or_else(|| format!("nothing lies at {address:#x}"))?;
            word |= u64::from(byte) << (8 * at);
        }
        Ok(word)
    }

    /// The memory below an address, as text: a line for each piece.
    pub(super) fn show(&self, end: u64) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut next = None;
        for (&address, byte) in self.bytes.range(..end) {
            match lines.last_mut() {
                Some(line) if next == Some(address) => *line += &format!(" {byte:02x}"),
                _ => lines.push(format!("memory {address:#x} = {byte:02x}")),
            }
            next = address.checked_add(1);
        }
        lines
    }
}
