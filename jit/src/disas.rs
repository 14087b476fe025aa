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
    /// The instruction.
    pub text: String,
}

/// The instructions of machine code for this machine, which lies at the given address.
///
/// # Errors
/// [`Reason::Codegen`](traces::Reason::Codegen) where the machine is not supported, or the bytes are no instructions.
pub fn disassemble(bytes: &[u8], address: u64) -> Result<Vec<Row>, Abort> {
    let capstone = isa()?.to_capstone().map_err(|e| refused(e.to_string()))?;
    let found = capstone
        .disasm_all(bytes, address)
        .map_err(|e| refused(e.to_string()))?;
    let rows = found.iter().map(|inst| Row {
        offset: inst.address().wrapping_sub(address) as u32,
        bytes: inst.bytes().len(),
        text: match inst.op_str() {
            Some(operands) if !operands.is_empty() => {
                format!("{} {operands}", inst.mnemonic().unwrap_or("?"))
            }
            _ => inst.mnemonic().unwrap_or("?").to_string(),
        },
    });
    Ok(rows.collect())
}
