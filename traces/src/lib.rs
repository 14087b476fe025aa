//! The trace IR of Hardwire.
//!
//! A *trace* is one iteration of a hot loop, as CPython executed it, written
//! down as straight-line code. This crate holds everything that can be said
//! about traces without a Python and without a code generator: the op table
//! ([`op`]), the fields of objects that traces read and write ([`field`]), the
//! helper functions that they call ([`helper`]), the reasons for giving up
//! ([`reason`]), the remarks about what slows a trace down ([`remark`]), snapshots, the builder, the text format (printer and parser
//! are exact inverses), the verifier and the reference evaluator.
//!
//! # The model
//!
//! * The interpreter's frame is the owner of objects. A frame is an array of
//!   *slots*: the locals (and cells), then the operand stack. An `obj` value in
//!   a trace is either a constant (kept alive by the trace), a *box* (a pure op
//!   that stands for an object which need not exist), or borrowed from the slot
//!   that owns it. So a trace holds no references of its own.
//! * The recorder writes the naive trace: locals are loaded from and stored to
//!   their slots at every bytecode, the operand stack is kept in values and
//!   listed in snapshots. The optimiser defers the stores and completes the
//!   snapshots with them.
//! * An op that can leave the trace carries a [`Snapshot`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod builder;
pub mod bytecodes;
pub mod dump;
pub mod eval;
pub mod field;
pub mod func;
pub mod helper;
pub mod op;
pub mod parse;
pub mod print;
pub mod reason;
pub mod remark;
pub mod shape;
pub mod trace;
pub mod verify;

pub use builder::{Builder, StackEntry};
pub use bytecodes::{BytecodeAt, bytecodes};
pub use field::{Alias, Field};
pub use func::{CType, FuncDecl, FuncFlags, Passed};
pub use helper::Helper;
pub use op::{Effect, ImmKind, Op, Type};
pub use reason::{Abort, Reason};
pub use remark::Remark;
pub use shape::{Attr, Kept, Shape, ShapeId};
pub use trace::{
    Death, FrameState, FuncId, GlobalSlot, Imm, Inlined, Inst, Known, ObjConst, ObjId, Protocol,
    Resume, SnapId, Snapshot, Trace, Value,
};
pub use verify::{Stage, VerifyError, verify};
