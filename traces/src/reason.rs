//! Why a loop is not compiled: one table.

macro_rules! reasons {
    ($( $(#[$doc:meta])* $name:ident $text:literal; )*) => {
        /// The reason why a trace was given up. The text names it in reports.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Reason { $( $(#[$doc])* $name, )* }
        impl Reason {
            /// Every reason, in table order.
            pub const ALL: &'static [Reason] = &[$(Reason::$name),*];
            /// The name of the reason, for programs.
            pub fn name(self) -> &'static str { match self { $(Reason::$name => stringify!($name),)* } }
            /// The reason in words.
            pub fn text(self) -> &'static str { match self { $(Reason::$name => $text,)* } }
        }
    };
}

reasons! {
    /// A bytecode that the recorder does not handle.
    Bytecode "a bytecode that is not compiled yet";
    /// The loop contains another loop.
    InnerLoop "contains another loop, which is compiled by itself";
    /// The recorded iteration left the loop.
    LeftLoop "left the loop while it was recorded";
    /// An exception was raised while recording.
    Raised "raised an exception while it was recorded";
    /// Too many ops.
    TooLong "the trace is too long";
    /// The types at the end differ from those at the start.
    TypeUnstable "variables change their types from one iteration to the next";
    /// An operand that cannot be represented.
    Operand "an operand of a kind that is not compiled yet";
    /// A call that cannot be recorded.
    Callee "calls something that looks at its caller's variables";
    /// A call that was to become part of the trace: the loop is recorded again without.
    NotInlined "calls a function in Python that cannot be part of the trace";
    /// The interpreter's state is not what the recorder expects.
    Confused "the interpreter did not do what the recorder expected";
    /// Another tool watches.
    Watched "another tool (debugger, profiler, coverage) watches this code";
    /// Native code would not be faster.
    NoGain "native code would not be faster: the loop spends its time in calls to Python";
    /// The code generator refused.
    Codegen "the code generator refused the trace";
    /// The versions of this loop are used up.
    TooManyVersions "too many combinations of types";
    /// An object that the trace names died, again and again.
    Dies "an object that the loop uses is another one each time";
    /// The compiler has had its share.
    Budget "waits: compiling has taken its share of the run time";
    /// Exits as soon as it is entered, again and again.
    ExitsTooOften "leaves native code too often";
}

/// A recording or compilation that was given up. `detail` names the bytecode, the object or
/// the op, for the report.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}{}", .reason.text(), if .detail.is_empty() { String::new() } else { format!(" ({})", .detail) })]
pub struct Abort {
    /// Why.
    pub reason: Reason,
    /// What exactly; may be empty.
    pub detail: String,
}

impl Abort {
    /// An abort with its detail.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Abort {
        Abort {
            reason,
            detail: detail.into(),
        }
    }
}

impl From<Reason> for Abort {
    fn from(reason: Reason) -> Abort {
        Abort {
            reason,
            detail: String::new(),
        }
    }
}
