//! The programs, in one table. A program's files lie in the folder `programs/NAME`: `pure.py` where it is Python
//! alone, otherwise as for a shape, its work in C (`floor.c`) and in Python (`with_cffi.py`, `with_ctypes.py`), what
//! both declare (`shape.h`), and the library's part where it is ours (`shape.c`). Where a program is held against a
//! plainer one with the same calls, that one is `base_with_cffi.py`, `base_with_ctypes.py`.

use crate::binding::{Binding, Library};

/// A program: a function `loop` that does `size` times its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program {
    /// Its folder, and its name on the command line.
    pub name: &'static str,
    /// What a row of the table calls it.
    pub title: &'static str,
    /// What is aimed at.
    pub aim: Aim,
    /// How it reaches C.
    pub bindings: &'static [Binding],
    /// What it calls.
    pub library: Library,
    /// How much work, when figures are published.
    pub size: u32,
    /// How much for a first look.
    pub quick: u32,
}

/// What a program is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// It may take so many tenths of the time in C.
    OfC(u32),
    /// It may take so many tenths of what the plainer program takes, with Hardwire on.
    OfBase {
        /// How many tenths.
        tenths: u32,
        /// What the plainer program is.
        base: &'static str,
    },
    /// It must be so many times faster than with Hardwire off.
    Faster(u32),
}

impl Aim {
    /// In the table.
    pub fn text(self) -> String {
        match self {
            Aim::OfC(tenths) => format!("{:.1}x C", f64::from(tenths) / 10.0),
            Aim::OfBase { tenths, base } => format!("{:.1}x {base}", f64::from(tenths) / 10.0),
            Aim::Faster(times) => format!("off / {times}"),
        }
    }
}

impl Program {
    /// Whether it leaves C alone, and has no counterpart in it.
    pub fn is_pure(self) -> bool {
        self.bindings == PURE
    }
}

const PURE: &[Binding] = &[Binding::Pure];
/// For C memory: calls do not matter.
const MEMORY: &[Binding] = &[Binding::CffiAbi];
/// For calls.
const CALLS: &[Binding] = &[Binding::CffiAbi, Binding::Cdll];

const fn pure(name: &'static str, title: &'static str, times: u32, sizes: (u32, u32)) -> Program {
    Program {
        name,
        title,
        aim: Aim::Faster(times),
        bindings: PURE,
        library: Library::Own,
        size: sizes.0,
        quick: sizes.1,
    }
}

const fn foreign(
    name: &'static str,
    title: &'static str,
    aim: Aim,
    bindings: &'static [Binding],
    sizes: (u32, u32),
) -> Program {
    Program {
        aim,
        bindings,
        ..pure(name, title, 1, sizes)
    }
}

/// Every program, in the order of the table.
pub const PROGRAMS: &[Program] = &[
    foreign(
        "nbody_structs",
        "n-body, struct array",
        Aim::OfC(18),
        MEMORY,
        (2_000, 200),
    ),
    foreign(
        "mandelbrot_struct",
        "mandelbrot, struct by value",
        Aim::OfC(30),
        MEMORY,
        (100, 20),
    ),
    foreign(
        "matrix_product",
        "matrix product, double **",
        Aim::OfC(20),
        MEMORY,
        (90, 20),
    ),
    Program {
        library: Library::System("libc.so.6"),
        ..foreign(
            "strtok",
            "tokens by strtok",
            Aim::OfC(15),
            CALLS,
            (6_000, 300),
        )
    },
    Program {
        library: Library::System("libm.so.6"),
        ..foreign(
            "libm",
            "four functions of libm",
            Aim::OfC(15),
            CALLS,
            (100_000, 5_000),
        )
    },
    foreign(
        "handle",
        "class around a handle",
        Aim::OfBase {
            tenths: 12,
            base: "bare",
        },
        CALLS,
        (200_000, 10_000),
    ),
    foreign(
        "matrix_rows",
        "matrix, loop in a loop",
        Aim::OfBase {
            tenths: 12,
            base: "one loop",
        },
        MEMORY,
        (10_000, 500),
    ),
    foreign(
        "branch",
        "call on each side of a branch",
        Aim::OfC(15),
        CALLS,
        (300_000, 10_000),
    ),
    pure("nbody", "n-body", 10, (20_000, 500)),
    pure("mandelbrot", "mandelbrot", 10, (200, 30)),
    pure("spectral_norm", "spectral norm", 10, (200, 30)),
    pure("fannkuch", "fannkuch", 3, (8, 6)),
    pure("tokenizer", "tokenizer", 2, (20_000, 500)),
    pure("sieve", "prime sieve", 5, (1_000_000, 50_000)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::{Path, PathBuf};

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("programs")
    }

    #[test]
    fn each_program_has_its_folder_and_each_folder_its_program() {
        let mut on_disk: Vec<_> = std::fs::read_dir(folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let mut in_table: Vec<_> = PROGRAMS.iter().map(|program| program.name).collect();
        on_disk.sort();
        in_table.sort();
        assert_eq!(on_disk, in_table);
    }

    #[test]
    fn each_program_has_the_files_that_its_row_means() {
        for program in PROGRAMS {
            let has = |file: &str| folder().join(program.name).join(file).is_file();
            let is_held_against_a_base = matches!(program.aim, Aim::OfBase { .. });
            for binding in program.bindings {
                let file = binding.file();
                assert!(has(file), "{}/{file}", program.name);
                let base = has(&format!("base_{file}"));
                assert_eq!(base, is_held_against_a_base, "{}/{file}", program.name);
            }
            assert_eq!(has("floor.c"), !program.is_pure(), "{}", program.name);
        }
    }
}
