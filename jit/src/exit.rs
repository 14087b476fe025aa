//! Exits: what native code hands over when it leaves, and how to rebuild the frame from it.

use traces::{ObjId, Resume};

/// The record of one run of native code on one frame. Native code reads the pointers and writes
/// `during` and the buffer; whoever rebuilds the frame reads them.
#[repr(C)]
pub struct Activation {
    /// The interpreter's frame.
    pub frame: *mut u8,
    /// The thread state.
    pub thread: *mut u8,
    /// The interpreter state.
    pub interp: *mut u8,
    /// The values of the exit (or of the call that runs), `Compiled::buf_len` words that belong
    /// to this activation alone as long as the code runs; their content at entry is of no matter.
    pub buf: *mut u64,
    /// While a foreign call runs: 1 + the index of its record in `Compiled::durings`; while a
    /// helper or a finaliser may run Python: 0. Set to 0 before entry, and of no meaning behind it.
    pub during: u64,
}

/// How a word of the buffer becomes an object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Repr {
    /// The word is an object; a new reference is taken.
    Obj,
    /// A signed 64-bit integer.
    Int,
    /// An unsigned 64-bit integer.
    Uint,
    /// The bits of a double.
    Float,
    /// 0 or 1.
    Bool,
    /// An address: a cffi pointer cdata of this ctype.
    CData(ObjId),
}

/// Where the value of a slot comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// A constant (perhaps `@NULL`).
    Const(ObjId),
    /// A word of the buffer.
    Buf(u16, Repr),
}

/// An exit (or the record of a foreign call) as the frame rebuilder reads it. One frame: inlined
/// frames will make this a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exit {
    /// The instruction of the trace that leaves, for reports.
    pub inst: u32,
    /// How to go on.
    pub resume: Resume,
    /// The code object.
    pub code: ObjId,
    /// Byte offset of the bytecode.
    pub pc: u32,
    /// Depth of the operand stack.
    pub depth: u16,
    /// The slots to write; two slots with the same buffer word hold one object.
    pub slots: Vec<(u16, Source)>,
}
