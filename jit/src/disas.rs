//! Machine code as text.

use crate::code::{isa, refused};
use traces::Abort;

/// An instruction of machine code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Where it begins, from the start of the code.
    pub offset: u32,
    /// How many bytes it has.
    pub bytes: usize,
    /// The instruction. Jumps, and what lies at a distance from it, are named by their address.
    pub text: String,
}

/// The instructions of machine code for this machine, which lies at the given address. A byte that begins none is a `.byte`:
/// constants lie behind the code.
///
/// # Errors
/// [`Reason::Codegen`](traces::Reason::Codegen) where the machine is not supported.
pub fn disassemble(bytes: &[u8], address: u64) -> Result<Vec<Row>, Abort> {
    let capstone = isa()?.to_capstone().map_err(|e| refused(e.to_string()))?;
    let mut rows = Vec::new();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let found = capstone
            .disasm_all(rest, address.wrapping_add(at as u64))
            .map_err(|e| refused(e.to_string()))?;
        for inst in found.iter() {
            rows.push(Row {
                offset: inst.address().wrapping_sub(address) as u32,
                bytes: inst.bytes().len(),
                text: match inst.op_str() {
                    Some(operands) if !operands.is_empty() => {
                        format!("{} {operands}", inst.mnemonic().unwrap_or("?"))
                    }
                    _ => inst.mnemonic().unwrap_or("?").to_string(),
                },
            });
            at += inst.bytes().len();
        }
        // It stops at what it does not know.
        if let Some(byte) = bytes.get(at) {
            rows.push(Row {
                offset: at as u32,
                bytes: 1,
                text: format!(".byte {byte:#04x}"),
            });
            at += 1;
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_in_one_row() {
        // movl $5, %eax; jmp to the beginning; a byte that begins no instruction; ret
        let code = [0xb8, 5, 0, 0, 0, 0xeb, 0xf9, 0x06, 0xc3];
        let rows = disassemble(&code, 0x1000).unwrap();
        let shown: Vec<_> = rows
            .iter()
            .map(|row| format!("{:x} {} {}", row.offset, row.bytes, row.text))
            .collect();
        assert_eq!(
            shown,
            [
                "0 5 movl $5, %eax",
                "5 2 jmp 0x1000",
                "7 1 .byte 0x06",
                "8 1 retq",
            ]
        );
    }
}
