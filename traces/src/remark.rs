//! What keeps a trace from being as fast as it could be: one table.
//!
//! A remark names a bytecode that the recorder could not do better. Its detail says what was met there.

macro_rules! remarks {
    ($( $(#[$doc:meta])* $name:ident $text:literal; )*) => {
        /// Why a bytecode is slower in a trace than what Hardwire is for.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Remark { $( $(#[$doc])* $name, )* }
        impl Remark {
            /// Every remark, in table order.
            pub const ALL: &'static [Remark] = &[$(Remark::$name),*];
            /// The name of the remark, for programs.
            pub fn name(self) -> &'static str { match self { $(Remark::$name => stringify!($name),)* } }
            /// What it says, behind the detail.
            pub fn text(self) -> &'static str { match self { $(Remark::$name => $text,)* } }
            /// The remark of this name.
            pub fn from_name(name: &str) -> Option<Remark> {
                Remark::ALL.iter().copied().find(|remark| remark.name() == name)
            }
        }
    };
}

remarks! {
    /// A foreign function whose argument the binding has to convert.
    Argument "which the binding converts at every call";
    /// A foreign function that only the binding can call.
    Signature "is a foreign function whose signature is left to the binding";
    /// A call that goes through CPython's protocol.
    Call "is called through the interpreter";
    /// A function in Python that is called through the interpreter instead of being a part of the trace.
    NotInlined "is no part of the trace";
    /// An operation that goes through CPython's protocol.
    Operation "goes through the interpreter's own protocol";
}
