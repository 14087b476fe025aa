//! The optimiser and the code generator of Hardwire.
//!
//! `opt` turns a naive trace into a short one (a preamble and a peeled loop); `lower` turns a
//! trace into machine code through Cranelift. Neither knows a CPython: what depends on the
//! running interpreter reaches the code generator in a [`target::Target`].

#![warn(missing_docs)]

pub mod code;
pub mod debugger;
pub mod disas;
mod dwarf;
pub mod exit;
pub mod lower;
mod made_up;
pub mod opt;
pub mod region;
pub mod site;
mod stub;
pub mod target;
mod trampoline;

pub use code::{Compiled, Request, compile};
pub use disas::{Row, disassemble};
pub use exit::{
    Activation, ActivationBuf, Exit, ExitFrame, InstanceAttr, InstanceShape, Repr, Source,
    values_of,
};
pub use opt::{Types, optimise, optimise_with, passes};
pub use region::{Part, Region};
pub use site::{Handoff, Site};
pub use target::{Target, Values};
