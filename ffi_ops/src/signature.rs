//! Signatures.

use crate::cdata::PointerType;
use crate::sysv::ByValue;
use traces::{CType, FuncFlags, ObjId};

/// Which rules convert the arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binding {
    /// cffi, ABI and API mode.
    Cffi,
    /// ctypes with `argtypes`.
    Ctypes,
    /// ctypes without `argtypes`: the arguments say what they are.
    CtypesUntyped,
}

/// A parameter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Param {
    /// A number or truth value.
    Scalar(CType),
    /// A character type: its C type; cffi's as an unsigned integer (`wchar_t`: a signed one).
    Char(CType),
    /// A struct or union by value.
    Struct {
        /// The address of its ctype: no other is taken.
        ctype: u64,
        /// How it is passed.
        passed: ByValue,
    },
    /// A pointer.
    Pointer {
        /// The pointer type, where cffi knows one: cdata of fitting types are passed.
        cffi: Option<PointerType>,
        /// Whether the binding takes a `bytes` object (`char *` and the like).
        bytes: bool,
        /// Whether it takes None for NULL (ctypes).
        none: bool,
        /// Whether it takes an address as an int (`ctypes.c_void_p`).
        ints: bool,
        /// Whether it takes objects of ctypes, those that the adapter has found to fit.
        ctypes: bool,
    },
}

/// A result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ret {
    /// None.
    Void,
    /// A number or truth value.
    Scalar(CType),
    /// A character type, as an unsigned integer (`wchar_t`: a signed one).
    Char(CType),
    /// An address as an int, or None for NULL (`ctypes.c_void_p`). The value is the int; where the
    /// address is NULL, whoever has emitted the call puts None in its place.
    Address,
    /// A cffi pointer of this ctype.
    CData(ObjId),
    /// A struct by value, which a new cffi cdata owns.
    Struct {
        /// Its ctype, as a constant.
        ctype: ObjId,
        /// How it is passed.
        passed: ByValue,
    },
}

/// A foreign function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// Its name, for people.
    pub name: String,
    /// Whose rules hold.
    pub binding: Binding,
    /// The parameters (none for `CtypesUntyped`).
    pub params: Vec<Param>,
    /// The result.
    pub ret: Ret,
    /// The address where it never changes; else the call is given it as a value.
    pub addr: Option<u64>,
    /// See [`traces::FuncDecl::known_as`].
    pub known_as: u64,
    /// What stands around the call.
    pub flags: FuncFlags,
}
