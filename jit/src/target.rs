//! What the code generator must know of the running interpreter: offsets and addresses.

use serde::{Deserialize, Serialize};
use traces::{Field, Helper, Inlined, Trace};

/// How many words a check can poll besides `Activation::leave`.
pub const MAX_WATCHES: usize = 2;

/// A word that a check polls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Watch {
    /// Its width in bytes: 4 or 8.
    pub bytes: u8,
    /// Whether it must be zero; else it must be as `Activation::expected` says.
    pub zero: bool,
    /// Whether it changes only where a helper or a finaliser runs Python code.
    pub by_python: bool,
}

/// Addresses of runtime functions that ops (not helpers) need. An address of 0 is a function that
/// no trace needs: one that does is refused.
///
/// The `new_*` functions give a new reference and never NULL: a compiled trace has no way to go on
/// in the middle of a bytecode, so the runtime ends the process where there is no memory for a
/// number, as CPython does where it cannot report a `MemoryError`. They run no Python code.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Functions {
    /// `fn(i64) -> obj`: a new int.
    pub new_int: usize,
    /// `fn(u64) -> obj`: a new int.
    pub new_uint: usize,
    /// `fn(f64) -> obj`: a new float.
    pub new_float: usize,
    /// `fn(ptr, ctype: obj) -> obj`: a new cffi cdata that owns nothing.
    pub new_cdata: usize,
    /// `fn(i64, ctype: obj) -> obj`: a new cffi cdata of an integer ctype.
    pub new_cint: usize,
    /// `fn(f64, ctype: obj) -> obj`: a new cffi cdata of a floating-point ctype.
    pub new_cfloat: usize,
    /// `fn(first: u64, second: u64, ctype: obj) -> obj`: a new cffi cdata that owns a struct of up to two
    /// words.
    pub new_struct: usize,
    /// `fn(i64) -> obj`: the bytes of length 1 of a byte.
    pub new_char: usize,
    /// `fn(i64) -> obj`: the str of length 1 of a code point.
    pub new_uchar: usize,
    /// `fn(cdata: obj, bytes: i64) -> obj`: a cffi buffer.
    pub new_buffer: usize,
    /// `fn(start: i64, step: i64, len: i64) -> obj`: an iterator over a range.
    pub new_range: usize,
    /// `fn(index: i64, sequence: obj) -> obj`: an iterator over a list or tuple. Dumps that were written before there was one
    /// do not name it, nor do their traces need it.
    #[serde(default)]
    pub new_iter: usize,
    /// `fn(&InstanceShape, *const u64) -> obj`: an instance of a class in Python, of these words.
    pub new_instance: usize,
    /// `fn(obj, name: obj) -> obj`: a bound method.
    pub new_attr: usize,
    /// `fn(obj, out: *mut i64) -> i32`: 1 and the code point where a str has length 1, else 0.
    pub str_to_char: usize,
    /// `fn(obj, out: *mut i64) -> i32`: 1 and the value where an int fits in `i64`, else 0.
    pub int_to_i64: usize,
    /// `fn(obj, out: *mut u64) -> i32`: 1 and the value where an int fits in `u64`, else 0.
    pub int_to_u64: usize,
    /// `fn(obj, out: *mut u64) -> i32`: 1 and the low 64 bits where an int is in -2^63..2^64, else 0.
    pub int_to_bits: usize,
    /// `fn(place: *mut obj, x: *const f64) -> i32`: stores a new float in a place that owns a plain object or
    /// NULL, which it drops.
    pub set_float: usize,
    /// `fn(dict: obj, key: obj) -> obj`: the borrowed value of a module-level variable, or NULL.
    pub global_get: usize,
    /// `fn(dict: obj, key: obj, value: obj)`: stores into a module-level variable.
    pub global_set: usize,
    /// `fn(obj)`: `_Py_Dealloc`, for an object whose reference count has reached 0.
    pub dealloc: usize,
    /// `fn(activation, record, f, argv, argc, extra)`: calls a helper that may run Python code and gives what it gives
    /// (in the low half, where that is an `i32`), with the frames of the calls that are under way where whoever looks
    /// at frames finds them. The index is that of the record in [`Compiled::durings`](crate::Compiled::durings).
    pub call_inside: usize,
    /// `fn(activation, &Site)`: gives the GIL up in front of a plain call, and makes [`Handoff::stolen`](crate::Handoff)
    /// something else than 0.
    pub release: usize,
    /// `fn(activation, &Site)`: makes sure of the GIL behind a call, where [`Handoff::stolen`](crate::Handoff) was not 0.
    pub come_back: usize,
}

/// Where the attributes of an instance lie that has no dict yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Values {
    /// In an array, whose address is the word in the place of the dict (`Field::Dict`) plus 1; a dict's
    /// address is even.
    Tagged,
    /// Behind the instance: the offsets of a byte that says whether they do, and of the first one.
    Inline {
        /// The byte: not 0 where the attributes lie here.
        valid: i32,
        /// The first attribute.
        first: i32,
    },
}

/// The running interpreter as the code generator sees it.
///
/// A dump holds it, so that machine code can be made again from the text of a trace.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Target {
    /// Byte offset of each field from the object's address, indexed by `Field as usize`.
    #[serde(with = "table")]
    pub fields: [i32; Field::ALL.len()],
    /// Address of each helper, indexed by `Helper as usize`.
    #[serde(with = "table")]
    pub helpers: [usize; Helper::ALL.len()],
    /// Addresses of other runtime functions.
    pub functions: Functions,
    /// Offset of the slots (`localsplus`) in a frame.
    pub frame_slots: i32,
    /// Offset of the function in a frame.
    pub frame_function: i32,
    /// Offset of the instruction pointer in a frame.
    pub frame_instr: i32,
    /// Offset of the first bytecode in a code object.
    pub code_bytes: i32,
    /// Offset of the reference count in an object (32-bit, negative when immortal).
    pub refcount: i32,
    /// Offset of the type in an object.
    pub object_type: i32,
    /// Offset of `lv_tag` (size << 3 | sign: 0 positive, 1 zero, 2 negative) in an int.
    pub long_tag: i32,
    /// Offset of the first 30-bit digit in an int.
    pub long_digit: i32,
    /// Where the attributes of an instance of a class with a managed dict lie.
    pub values: Values,
    /// Address of `True` (for boxing).
    pub true_addr: usize,
    /// Address of `False`.
    pub false_addr: usize,
    /// Address of `None`.
    pub none_addr: usize,
    /// Address of the type `float`.
    pub float_addr: usize,
    /// Address of the type `int`.
    pub int_addr: usize,
    /// Whether an int, a cdata or an iterator over a range that nobody else has is written over by the one that takes its
    /// place.
    pub writes_over: bool,
    /// Address of the type of the iterators over ranges.
    pub range_iter_addr: usize,
    /// Offset of the pending exception in a thread state; `None` where only a call can tell.
    pub thread_exception: Option<i32>,
    /// The words that `check` polls through `Activation::watched`; at most [`MAX_WATCHES`].
    pub watches: Vec<Watch>,
}

impl Target {
    /// How many bytes the frame of a call takes.
    pub fn frame_bytes(&self, frame: &Inlined) -> i32 {
        self.frame_slots + 8 * i32::from(frame.nlocals + frame.stacksize)
    }

    /// Where the frame of a call lies behind [`Activation::inlined`](crate::Activation::inlined): callers lie below
    /// what they call.
    pub fn inlined_frame(&self, trace: &Trace, slot: u16) -> i32 {
        let below = trace.inlined.iter().take_while(|frame| frame.slot != slot);
        below.map(|frame| self.frame_bytes(frame)).sum()
    }

    /// How many bytes the frames of all calls take.
    pub fn inlined_bytes(&self, trace: &Trace) -> usize {
        let all = trace.inlined.iter().map(|frame| self.frame_bytes(frame));
        all.sum::<i32>() as usize
    }

    /// Where a slot of a call lies; `None` for other slots.
    pub fn inlined_offset(&self, trace: &Trace, slot: u16) -> Option<i32> {
        let frame = trace.inlined_of(slot)?;
        let start = self.inlined_frame(trace, frame.slot);
        Some(match slot.checked_sub(frame.locals()) {
            Some(n) => start + self.frame_slots + 8 * i32::from(n),
            None => start + self.frame_function,
        })
    }
}

/// Tables of a fixed length as lists: what is missing is zero, since it was not there when the list was written.
mod table {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer, const N: usize>(
        table: &[T; N],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        table.as_slice().serialize(to)
    }

    pub(super) fn deserialize<'a, T, D, const N: usize>(from: D) -> Result<[T; N], D::Error>
    where
        T: Deserialize<'a> + Default + Copy,
        D: Deserializer<'a>,
    {
        let mut table = [T::default(); N];
        let list = Vec::<T>::deserialize(from)?;
        table.iter_mut().zip(list).for_each(|(to, from)| *to = from);
        Ok(table)
    }
}
