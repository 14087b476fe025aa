//! The ways from Python to C that are measured.

use serde::{Deserialize, Serialize};

/// A way from Python to a library in C.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binding {
    /// cffi, ABI mode.
    CffiAbi,
    /// cffi, API mode.
    CffiApi,
    /// `ctypes.CDLL`
    Cdll,
    /// `ctypes.PyDLL`
    Pydll,
    /// None: what is measured leaves C alone.
    Pure,
}

impl Binding {
    /// Every binding to C, in the order of a table.
    pub const ALL: &'static [Binding] = &[
        Binding::CffiAbi,
        Binding::CffiApi,
        Binding::Cdll,
        Binding::Pydll,
    ];

    /// Its name on the command line and in `harness/bindings.py`.
    pub fn name(self) -> &'static str {
        match self {
            Binding::CffiAbi => "cffi-abi",
            Binding::CffiApi => "cffi-api",
            Binding::Cdll => "cdll",
            Binding::Pydll => "pydll",
            Binding::Pure => "pure",
        }
    }

    /// What a row of a table calls it.
    pub fn title(self) -> &'static str {
        match self {
            Binding::CffiAbi => "cffi ABI",
            Binding::CffiApi => "cffi API",
            Binding::Cdll => "ctypes.CDLL",
            Binding::Pydll => "ctypes.PyDLL",
            Binding::Pure => "Python alone",
        }
    }

    /// The file of a folder that is written for it.
    pub fn file(self) -> &'static str {
        match self {
            Binding::CffiAbi | Binding::CffiApi => "with_cffi.py",
            Binding::Cdll | Binding::Pydll => "with_ctypes.py",
            Binding::Pure => "pure.py",
        }
    }
}

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Library {
    /// Functions of ours that do next to nothing, so that the way to them is what is measured.
    Own,
    /// One that the system may have, by the name it is opened with. What it does counts as well.
    System(&'static str),
}

impl Library {
    /// The system's library, if it is one.
    pub fn system(self) -> Option<&'static str> {
        match self {
            Library::Own => None,
            Library::System(name) => Some(name),
        }
    }
}
