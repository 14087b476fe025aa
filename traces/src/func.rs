//! Foreign functions: C types of parameters and results, and what stands around a call.

use crate::op::Type;

macro_rules! ctypes {
    ($( $(#[$doc:meta])* $name:ident $text:literal $bytes:literal $ty:ident $signed:literal; )*) => {
        /// A scalar C type, as an argument or a result.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum CType { $( $(#[$doc])* $name, )* }
        impl CType {
            /// Every type, in table order.
            pub const ALL: &'static [CType] = &[$(CType::$name),*];
            /// The name in the text format.
            pub fn name(self) -> &'static str { match self { $(CType::$name => $text,)* } }
            /// `sizeof`, in bytes (0 for void).
            pub fn bytes(self) -> u8 { match self { $(CType::$name => $bytes,)* } }
            /// The type of the value that stands for it in a trace.
            pub fn ty(self) -> Type { match self { $(CType::$name => Type::$ty,)* } }
            /// Whether it is a signed integer.
            pub fn signed(self) -> bool { match self { $(CType::$name => $signed,)* } }
        }
    };
}

// Columns: variant, text, bytes, type of the value in a trace, signed integer.
// A narrow integer argument is cut to its width and extended by its own signedness; a narrow
// result is extended likewise (the upper bits of the register are not to be relied on:
// System V AMD64 ABI leaves them unspecified).
ctypes! {
    /// No result.
    Void "void" 0 I64 false;
    /// `_Bool`; the trace's value is a truth value.
    Bool "_Bool" 1 Bool false;
    /// `int8_t`, `signed char`.
    I8 "int8" 1 I64 true;
    /// `uint8_t`, `unsigned char`.
    U8 "uint8" 1 I64 false;
    /// `int16_t`.
    I16 "int16" 2 I64 true;
    /// `uint16_t`.
    U16 "uint16" 2 I64 false;
    /// `int32_t`, `int`.
    I32 "int32" 4 I64 true;
    /// `uint32_t`, `unsigned int`.
    U32 "uint32" 4 I64 false;
    /// `int64_t`, `long`.
    I64 "int64" 8 I64 true;
    /// `uint64_t`, `size_t`.
    U64 "uint64" 8 I64 false;
    /// `float`; the trace's value is the double that equals it.
    F32 "float" 4 F64 false;
    /// `double`.
    F64 "double" 8 F64 false;
    /// Any pointer.
    Ptr "ptr" 8 Ptr false;
}

impl CType {
    /// The type of this name.
    pub fn from_name(name: &str) -> Option<CType> {
        CType::ALL.iter().copied().find(|t| t.name() == name)
    }
}

/// What stands around a foreign call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct FuncFlags {
    /// The GIL is released around the call. Without it the callee may still call Python
    /// (`ctypes.PyDLL`), so either way any Python state may have changed behind it.
    pub gil: bool,
    /// cffi's errno discipline: restored before, saved behind.
    pub errno: bool,
    /// The function may be variadic, whatever its declaration says: it is told how many vector registers
    /// its arguments use (System V AMD64 ABI, 3.5.7).
    pub vectors: bool,
    /// The function is declared as variadic: it is told even where its arguments use none.
    pub variadic: bool,
    /// Promised to neither block nor call back: no Python state changes behind it, but C memory may.
    pub leaf: bool,
    /// Expected to be short, so that the GIL is kept, which nobody can take then without that the `check` behind the
    /// call leaves: what is known of Python state in front of the call is known again behind that check.
    pub short: bool,
}

/// How an argument is passed (System V AMD64 ABI, 3.2.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Passed {
    /// A scalar, or an eightbyte of a struct that has a register of its own (`I64`, or `F64` where its class
    /// is SSE): in the next register of its class, or on the stack where none is left.
    Scalar(CType),
    /// A word on the stack, even where registers are left: an eightbyte of a struct that as a whole does not
    /// fit in what is left of them. The trace's value is an `i64`.
    Word,
    /// So many bytes of memory, copied to the stack: a struct of class MEMORY. The trace's value is
    /// their address.
    Block(u32),
}

impl Passed {
    /// The type of the value that stands for the argument in a trace.
    pub fn ty(self) -> Type {
        match self {
            Passed::Scalar(ty) => ty.ty(),
            Passed::Word => Type::I64,
            Passed::Block(_) => Type::Ptr,
        }
    }

    /// How many eightbytes of the stack it takes, where it takes any whatever registers are left.
    pub fn words(self) -> usize {
        match self {
            Passed::Scalar(_) => 0,
            Passed::Word => 1,
            Passed::Block(bytes) => bytes.div_ceil(8) as usize,
        }
    }
}

/// A foreign function that a trace calls.
///
/// A struct that the function returns in memory is nothing of its own here: the address of that memory is the
/// first argument, a pointer, and the function gives it back.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FuncDecl {
    /// The name in the text format, after `@`.
    pub name: String,
    /// The address; `None` where the call's first argument is the address. In text: `0` unless
    /// the trace is bound to a process.
    pub addr: Option<u64>,
    /// By what the runtime knows how its calls turn out: its address; where that varies, a number for the place of the call.
    /// 0 unless the trace is bound to a process.
    pub known_as: u64,
    /// The parameters.
    pub params: Vec<Passed>,
    /// The result; of a struct in two registers the first eightbyte.
    pub ret: CType,
    /// The second eightbyte, which the op `second` gives: `I64`, or `F64` where its class is SSE.
    pub second: Option<CType>,
    /// What stands around the call.
    pub flags: FuncFlags,
}
