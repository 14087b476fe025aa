//! Foreign functions as traces see them: signatures, and the conversions of arguments and results
//! to the letter of each binding, as emitters of IR.
//!
//! Nothing here knows Python: an adapter describes the callee and classifies the operands.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod cffi;
mod ctypes;
mod emit;
mod signature;

pub use emit::{EmitError, KnownObjs, Operand, OperandKind, emit_call};
pub use signature::{Binding, Param, Ret, Signature};
