//! Foreign functions as traces see them: signatures, and the conversions of arguments and results
//! to the letter of each binding, as emitters of IR.
//!
//! Nothing here knows Python: an adapter describes the callee and classifies the operands.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod cast;
mod cdata;
mod cffi;
mod ctypes;
mod emit;
mod memory;
mod signature;
pub mod sysv;

pub use cast::{emit_cast, emit_number};
pub use cdata::{CDataKind, PointerType};
pub use emit::{
    Arg, Called, EmitError, KnownObjs, Operand, OperandKind, address, emit_call, guard_cdata,
};
pub use memory::{Converted, Item, accepts, convert, read, write};
pub use signature::{Binding, Param, Ret, Signature};
