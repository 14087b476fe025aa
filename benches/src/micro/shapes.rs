//! The shapes of work, in one table, and the bindings they are measured through. A shape's programs lie in the
//! folder `shapes/NAME`: the library's part (`shape.h`, `shape.c`), the loop in C (`floor.c`), and in Python.

use serde::Serialize;

/// A shape of work: a loop around one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Its folder, and its name on the command line.
    pub name: &'static str,
    /// What a row of the table calls it.
    pub title: &'static str,
    /// How many arguments the call takes.
    pub arguments: u32,
    /// The shape that this one adds something to, beside the call.
    pub base: Option<&'static str>,
}

const fn call(name: &'static str, title: &'static str, arguments: u32) -> Shape {
    Shape {
        name,
        title,
        arguments,
        base: None,
    }
}

/// Every shape, in the order of the table.
pub const SHAPES: &[Shape] = &[
    call("void", "void(void)", 0),
    call("int2", "int(int, int)", 2),
    call("double3", "double(double x3)", 3),
    call("mixed6", "six mixed arguments", 6),
    call("ten", "ten arguments", 10),
    call("struct_pointer", "struct pointer", 1),
    call("bytes", "bytes to char*", 1),
    call("narrow", "bool, char, int8", 3),
    call("uint64", "unsigned 64-bit", 1),
    call("function_pointer", "function pointer", 2),
    Shape {
        base: Some("int2"),
        ..call("errno", "errno after the call", 1)
    },
    Shape {
        base: Some("double3"),
        ..call("numeric", "call and acc += i * 0.5", 3)
    },
];

/// The shape of this name.
pub fn shape(name: &str) -> Option<Shape> {
    SHAPES.iter().copied().find(|shape| shape.name == name)
}

/// A way from Python to a library in C.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
}

impl Binding {
    /// Every binding, in the order of the table.
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
        }
    }

    /// What a row of the table calls it.
    pub fn title(self) -> &'static str {
        match self {
            Binding::CffiAbi => "cffi ABI",
            Binding::CffiApi => "cffi API",
            Binding::Cdll => "ctypes.CDLL",
            Binding::Pydll => "ctypes.PyDLL",
        }
    }

    /// Whether it releases the GIL around each call.
    pub fn releases_gil(self) -> bool {
        self != Binding::Pydll
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn each_shape_has_its_folder_and_each_folder_its_shape() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("shapes");
        let mut on_disk: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let mut in_table: Vec<_> = SHAPES.iter().map(|shape| shape.name).collect();
        on_disk.sort();
        in_table.sort();
        assert_eq!(on_disk, in_table);
        for shape in SHAPES {
            for file in [
                "shape.h",
                "shape.c",
                "floor.c",
                "with_cffi.py",
                "with_ctypes.py",
            ] {
                assert!(
                    folder.join(shape.name).join(file).is_file(),
                    "{}/{file}",
                    shape.name
                );
            }
        }
    }

    #[test]
    fn a_base_is_a_shape_without_a_base() {
        for base in SHAPES.iter().filter_map(|shape| shape.base) {
            assert_eq!(shape(base).unwrap().base, None);
        }
    }
}
