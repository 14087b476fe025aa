//! The peers, the ways from a loop to C through them, and what it takes to run each.

use std::process::Command;

use crate::host::Host;
use crate::process;

/// Something else that runs loops around foreign calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// PyPy, `pypy3` on PATH.
    Pypy,
    /// LuaJIT, `luajit` on PATH.
    Luajit,
    /// Numba, installed for the interpreter that was chosen.
    Numba,
    /// Cython, likewise.
    Cython,
    /// nanobind, likewise.
    Nanobind,
}

impl Peer {
    /// Every peer.
    pub const ALL: &'static [Peer] = &[
        Peer::Pypy,
        Peer::Luajit,
        Peer::Numba,
        Peer::Cython,
        Peer::Nanobind,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Peer::Pypy => "pypy",
            Peer::Luajit => "luajit",
            Peer::Numba => "numba",
            Peer::Cython => "cython",
            Peer::Nanobind => "nanobind",
        }
    }

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Peer::Pypy => "PyPy",
            Peer::Luajit => "LuaJIT",
            Peer::Numba => "Numba",
            Peer::Cython => "Cython",
            Peer::Nanobind => "nanobind",
        }
    }

    /// Whether it compiles while the loop runs, and is slower before.
    pub fn warms_up(self) -> bool {
        matches!(self, Peer::Pypy | Peer::Luajit)
    }

    /// How its program is started: PyPy, LuaJIT, or the interpreter that a package is installed for.
    pub fn command(self, host: &Host) -> Command {
        match self {
            Peer::Pypy => Command::new("pypy3"),
            Peer::Luajit => Command::new("luajit"),
            Peer::Numba | Peer::Cython | Peer::Nanobind => {
                let mut command = Command::new(&host.chosen);
                command.env_remove("HARDWIRE");
                command
            }
        }
    }

    /// Its name and version.
    ///
    /// # Errors
    /// It is not installed: why it is left out, and how to get it.
    pub fn version(self, host: &Host) -> Result<String, String> {
        let name = self.name();
        let package = format!("import {}; print({0}.__version__)", self.module());
        let (arguments, missing) = match self {
            Peer::Pypy => (
                [
                    "-c",
                    "import sys; print('.'.join(map(str, sys.pypy_version_info[:3])))",
                ]
                .map(str::to_string),
                "no pypy3 on PATH that runs (Debian and Ubuntu: pypy3 and pypy3-dev)".to_string(),
            ),
            Peer::Luajit => (
                ["-e", "print((jit.version:gsub('LuaJIT ', '')))"].map(str::to_string),
                "no luajit on PATH that runs (Debian and Ubuntu: luajit)".to_string(),
            ),
            Peer::Numba | Peer::Cython | Peer::Nanobind => (
                ["-c".to_string(), package],
                format!(
                    "{} cannot import it (to get it: `{0} -m pip install {name}`, in an environment of yours)",
                    host.chosen.display()
                ),
            ),
        };
        match process::run(self.command(host).args(arguments)) {
            Ok(said) => Ok(format!("{} {}", self.title(), said.stdout.trim())),
            Err(_) => Err(format!("{} was left out: {missing}", self.title())),
        }
    }

    /// What a program in Python imports.
    fn module(self) -> &'static str {
        match self {
            Peer::Cython => "Cython",
            other => other.name(),
        }
    }
}

/// A way from a loop to C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// Its name in a stored run.
    pub name: &'static str,
    /// What heads its column.
    pub title: &'static str,
    /// The peer.
    pub peer: Peer,
    /// How the loop is run.
    pub how: How,
}

/// How a loop is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// By `measure.py`, as with CPython.
    Python {
        /// The name of the binding in `bindings.py`.
        binding: &'static str,
        /// The file of a shape's folder.
        file: &'static str,
    },
    /// The same with cffi's API-mode module of the shape.
    Api,
    /// The same with a compiled module, which has the shapes of [`PLAIN`].
    Extension {
        /// Its source in the folder `peers`.
        source: &'static str,
    },
    /// By `measure.lua`.
    Lua,
}

impl How {
    /// The file of a shape's folder that is written for it.
    pub fn file(self) -> &'static str {
        match self {
            How::Python { file, .. } => file,
            How::Api | How::Extension { .. } => "with_cffi.py",
            How::Lua => "with_luajit.lua",
        }
    }
}

/// Shapes that call with plain values only: what compiled modules wrap.
pub const PLAIN: &[&str] = &[
    "void", "int2", "double3", "mixed6", "ten", "bytes", "uint64", "numeric",
];

/// Every way, in the order of the columns.
pub const WAYS: &[Way] = &[
    Way {
        name: "pypy-cffi-abi",
        title: "PyPy cffi ABI",
        peer: Peer::Pypy,
        how: How::Python {
            binding: "cffi-abi",
            file: "with_cffi.py",
        },
    },
    Way {
        name: "pypy-cffi-api",
        title: "PyPy cffi API",
        peer: Peer::Pypy,
        how: How::Api,
    },
    Way {
        name: "pypy-ctypes",
        title: "PyPy ctypes",
        peer: Peer::Pypy,
        how: How::Python {
            binding: "cdll",
            file: "with_ctypes.py",
        },
    },
    Way {
        name: "luajit",
        title: "LuaJIT",
        peer: Peer::Luajit,
        how: How::Lua,
    },
    Way {
        name: "numba",
        title: "Numba",
        peer: Peer::Numba,
        how: How::Python {
            binding: "numba",
            file: "with_numba.py",
        },
    },
    Way {
        name: "cython",
        title: "Cython",
        peer: Peer::Cython,
        how: How::Extension {
            source: "functions.pyx",
        },
    },
    Way {
        name: "nanobind",
        title: "nanobind",
        peer: Peer::Nanobind,
        how: How::Extension {
            source: "functions.cpp",
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::{Path, PathBuf};

    #[test]
    fn what_compiled_modules_run_needs_no_ffi() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        for source in ["functions.pyx", "functions.cpp"] {
            let source = std::fs::read_to_string(folder.join("peers").join(source)).unwrap();
            for name in PLAIN {
                assert!(source.contains(&format!("{name}/shape.h")), "{name}");
                let file = folder.join("shapes").join(name).join("with_cffi.py");
                let text = std::fs::read_to_string(file).unwrap();
                assert!(text.contains("from binding import lib\n"), "{name}: {text}");
            }
        }
    }

    #[test]
    fn what_is_not_installed_is_left_out_with_the_way_to_get_it() {
        let host = Host {
            python: PathBuf::new(),
            chosen: PathBuf::from("/no/such/python"),
            title: String::new(),
            on: Box::new(|_| Command::new("python")),
            sources: PathBuf::new(),
            build: PathBuf::new(),
        };
        let why = Peer::Numba.version(&host).unwrap_err();
        assert!(
            why.contains("/no/such/python -m pip install numba"),
            "{why}"
        );
    }
}
