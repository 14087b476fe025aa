//! Exits: what native code hands over when it leaves, and how to rebuild the frame from it.

use crate::site::{Handoff, RECORD};
use crate::target::MAX_WATCHES;
use std::cell::Cell;
use std::ptr::NonNull;
use traces::{FrameState, ObjId, Resume, ShapeId};

/// The record of one run of native code on one frame. Native code reads the pointers and writes `during`, `iterations`,
/// `shortfall`, `spare`, `Handoff::inside` and the values behind the record; whoever rebuilds the frame reads them.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Activation {
    /// The interpreter's frame.
    pub frame: *mut u8,
    /// The thread state.
    pub thread: *mut u8,
    /// While a foreign call runs that has the GIL for certain: 1 + the index of its record in `Compiled::durings`. Of those
    /// that have not, `Handoff::inside` tells; the runtime writes it here too as soon as others may run. While a helper or a
    /// finaliser may run Python: 0. Set to 0 before entry, and of no meaning in between.
    pub during: u64,
    /// How often the loop's header was passed.
    pub iterations: u64,
    /// How much less has been saved than so many turns on the root path would have; see [`Request`](crate::Request).
    pub shortfall: i64,
    /// Not zero once the frame's slots were brought up to date during a foreign call. Native code does not look at it.
    pub observed: u64,
    /// An iterator over a range that a loop in the trace has come to the end of, which the next one is given; or NULL.
    /// Whoever ends the run owns it.
    pub spare: *mut u8,
    /// The thread's `errno`, and where cffi keeps it between calls; of no meaning to a trace that
    /// does not call through cffi.
    pub errno: *mut i32,
    /// See `errno`.
    pub saved_errno: *mut i32,
    /// The memory of the frames of calls that are part of the trace.
    pub inlined: *mut u8,
    /// What is about the GIL.
    pub handoff: Handoff,
    /// For the runtime's use: what was kept alive during calls.
    pub owed: *mut u8,
    /// The words that `check` polls, as many as `Target::watches` has widths.
    pub watched: [*const u8; MAX_WATCHES],
    /// What they must hold (zero-extended).
    pub expected: [u64; MAX_WATCHES],
}

impl Activation {
    /// What the first watched word never holds.
    const NEVER: u64 = u64::MAX;

    /// Has the next `check` leave, and all that follow.
    ///
    /// # Safety
    /// The activation lives.
    pub unsafe fn leave(activation: *mut Activation) {
        // SAFETY: the caller's promise; native code may read the word at any time.
        unsafe { (&raw mut (*activation).expected[0]).write_volatile(Activation::NEVER) };
    }

    /// The record in `Compiled::durings` of the foreign call that is under way.
    pub fn call_under_way(&self) -> Option<usize> {
        let record = match self.handoff.inside {
            0 => self.during,
            inside => inside & RECORD,
        };
        usize::try_from(record).ok()?.checked_sub(1)
    }
}

/// An activation in memory, with the values of its exit (or of the call that runs) behind it.
#[derive(Debug)]
pub struct ActivationBuf {
    start: NonNull<u64>,
    length: usize,
    values: usize,
}

/// The least length of an activation in memory, in words: that of most of them.
const SMALL: usize = 64;

thread_local! {
    /// The memory of the activation that ended last: loops are entered again and again.
    static SPARE: Cell<Option<Box<[u64]>>> = const { Cell::new(None) };
}

/// The length of an activation, in words: where its values begin.
pub(crate) const VALUES: usize = size_of::<Activation>() / size_of::<u64>();

impl ActivationBuf {
    /// An activation for code whose [`buf_len`](crate::Compiled::buf_len) is `values`.
    pub fn new(activation: Activation, values: usize) -> ActivationBuf {
        let words = VALUES + values;
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        let memory = spare.filter(|spare| spare.len() >= words);
        let memory = memory.unwrap_or_else(|| vec![0u64; words.max(SMALL)].into_boxed_slice());
        let length = memory.len();
        let start = NonNull::from(Box::leak(memory)).cast::<u64>();
        let buf = ActivationBuf {
            start,
            length,
            values,
        };
        // SAFETY: the allocation begins with room for an activation, aligned to 8 bytes.
        unsafe { buf.activation().write(activation) };
        buf
    }

    /// The record, which native code and observers reach through this pointer only.
    pub fn activation(&self) -> *mut Activation {
        self.start.as_ptr().cast()
    }

    /// The values.
    pub fn values(&self) -> &[u64] {
        // SAFETY: the allocation has this many words behind the record; native code writes them
        // only while `entry` runs, and no reference to them is held then by its caller.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().add(VALUES), self.values) }
    }
}

impl Drop for ActivationBuf {
    fn drop(&mut self) {
        let words = std::ptr::slice_from_raw_parts_mut(self.start.as_ptr(), self.length);
        // SAFETY: the allocation that `new` leaked, with its length.
        let memory = unsafe { Box::from_raw(words) };
        // A thread that ends has no use for it.
        let _ = SPARE.try_with(|spare| spare.set(Some(memory)));
    }
}

/// The values behind an activation that somebody else owns.
///
/// # Safety
/// The activation belongs to a living [`ActivationBuf`] of at least `len` values, and the thread
/// that runs it is inside a call.
pub unsafe fn values_of<'a>(activation: *const Activation, len: usize) -> &'a [u64] {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(activation.cast::<u64>().add(VALUES), len) }
}

/// What an instance of a class in Python is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InstanceShape {
    /// The address of the class.
    pub class: u64,
    /// The addresses of the names of its attributes and what they hold, in the order in which they are set.
    pub attrs: Vec<(u64, InstanceAttr)>,
}

/// What an attribute of an instance holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InstanceAttr {
    /// The next number.
    Number(Repr),
    /// The object at this address.
    Const(u64),
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
    /// A signed 64-bit integer: a cffi cdata of this integer ctype.
    CInt(ObjId),
    /// The bits of a double: a cffi cdata of this floating-point ctype.
    CFloat(ObjId),
    /// The first word of a struct, the others behind it: an owning cffi cdata of this ctype.
    Struct(ObjId),
    /// A byte: a bytes of length 1.
    Char,
    /// A code point: a str of length 1.
    UChar,
    /// A cdata, the number of bytes behind it: a cffi buffer.
    Buffer,
    /// The next number, the step and the number of items left behind it: an iterator over a range.
    Range,
    /// The index of the next item: an iterator over this list or tuple.
    Iter(ObjId),
    /// The numbers in an instance of this shape, one behind the other (at least one word).
    Instance(ShapeId),
    /// An object: a bound method of it, of this function or name.
    Attr(ObjId),
}

/// Where the value of a slot comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// A constant (perhaps `@NULL`).
    Const(ObjId),
    /// A word of the buffer.
    Buf(u16, Repr),
    /// The box of a constant: what the buffer word would hold.
    Imm(u64, Repr),
    /// A tuple of [`Exit::tuples`], by its index.
    Tuple(u16),
}

/// A frame as an exit leaves it, see [`traces::FrameState`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExitFrame {
    /// The number of its first slot.
    pub slot: u16,
    /// The code object.
    pub code: ObjId,
    /// Byte offset of the bytecode.
    pub pc: u32,
    /// Depth of the operand stack.
    pub depth: u16,
}

impl ExitFrame {
    /// Of a record without frames, which no trace has.
    const NONE: ExitFrame = ExitFrame {
        slot: 0,
        code: ObjId(0),
        pc: 0,
        depth: 0,
    };

    pub(crate) fn of(frame: &FrameState) -> ExitFrame {
        ExitFrame {
            slot: frame.slot,
            code: frame.code,
            pc: frame.pc,
            depth: frame.depth,
        }
    }
}

/// An exit (or the record of a foreign call) as the frame rebuilder reads it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exit {
    /// The instruction of the trace that leaves, for reports.
    pub inst: u32,
    /// How to go on.
    pub resume: Resume,
    /// The frames, the loop's own first.
    pub frames: Vec<ExitFrame>,
    /// The slots to write; two slots with the same source hold one object. The record of a
    /// foreign call lists locals only: nobody but the exit behind it sees the operand stack.
    pub slots: Vec<(u16, Source)>,
    /// The items of the tuples among the sources. What two of them, or a slot, have of one source is one object; a
    /// tuple in a tuple has a lower index.
    pub tuples: Vec<Vec<Source>>,
    /// Slots above the top whose objects are dropped when the frame is whole.
    pub drops: Vec<u16>,
    /// Of the record of a foreign call: the values behind the activation that are objects which have to live until the run ends,
    /// where others run during the call.
    pub kept: Vec<u16>,
}

impl Exit {
    /// The loop's own frame.
    pub fn outer(&self) -> ExitFrame {
        self.frames.first().copied().unwrap_or(ExitFrame::NONE)
    }

    /// The frame that goes on.
    pub fn inner(&self) -> ExitFrame {
        self.frames.last().copied().unwrap_or(ExitFrame::NONE)
    }
}
