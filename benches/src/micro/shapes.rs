//! The shapes of work, in one table. A shape's programs lie in the
//! folder `shapes/NAME`: the loop in C (`floor.c`), the same loop in Python (`with_cffi.py`, `with_ctypes.py`), what
//! both declare (`shape.h`, where there is anything), and the library's part where it is ours (`shape.c`).

use crate::binding::{Binding, Library};
use crate::row::Part;

/// A shape of work: a loop in C, and the same loop through each binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Its folder, and its name on the command line.
    pub name: &'static str,
    /// What a row of the table calls it.
    pub title: &'static str,
    /// What an iteration does.
    pub work: Work,
    /// What it calls.
    pub library: Library,
    /// The shape that this one adds something to, beside the call.
    pub base: Option<&'static str>,
}

/// What an iteration does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// It calls the library.
    Calls {
        /// How many arguments a call takes, where they differ the most.
        arguments: u32,
    },
    /// It reads and writes C memory, and leaves the library alone.
    Memory {
        /// How many tenths of C's time it may take.
        tenths: u32,
    },
    /// The library calls back into Python.
    CallsBack,
}

impl Shape {
    /// The table it stands in.
    pub fn part(self) -> Part {
        match self.work {
            Work::Calls { .. } => Part::Calls,
            Work::Memory { .. } => Part::Memory,
            Work::CallsBack => Part::Callbacks,
        }
    }

    /// The bindings it is measured through. Without a call, ctypes' two loaders are the same thing.
    pub fn bindings(self) -> &'static [Binding] {
        match self.work {
            Work::Calls { .. } | Work::CallsBack => Binding::ALL,
            Work::Memory { .. } => &[Binding::CffiAbi, Binding::CffiApi, Binding::Cdll],
        }
    }

    /// What its row calls a binding.
    pub fn title_of(self, binding: Binding) -> &'static str {
        self.part().title_of(binding)
    }
}

const fn call(name: &'static str, title: &'static str, arguments: u32) -> Shape {
    Shape {
        name,
        title,
        work: Work::Calls { arguments },
        library: Library::Own,
        base: None,
    }
}

const fn memory(name: &'static str, title: &'static str, tenths: u32) -> Shape {
    Shape {
        work: Work::Memory { tenths },
        ..call(name, title, 0)
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
    call("struct_double2", "struct {double, double}", 1),
    call("struct_mixed", "struct {int, double}", 1),
    Shape {
        base: Some("struct_double2"),
        ..call("struct_return", "struct as the result", 1)
    },
    Shape {
        base: Some("int2"),
        ..call("errno", "errno after the call", 1)
    },
    Shape {
        base: Some("double3"),
        ..call("numeric", "call and acc += i * 0.5", 3)
    },
    Shape {
        library: Library::System("libc.so.6"),
        ..call("snprintf", "snprintf(\"%d %s\")", 5)
    },
    Shape {
        library: Library::System("libz.so.1"),
        ..call("crc32", "zlib crc32, 64 bytes", 3)
    },
    Shape {
        work: Work::Calls { arguments: 2 },
        library: Library::System("libsqlite3.so.0"),
        ..call("sqlite", "sqlite3, a row", 2)
    },
    memory("sum_int32", "sum int32[]", 30),
    memory("write_double", "write double[]", 20),
    memory("struct_update", "struct array update", 20),
    memory("linked_list", "linked list walk", 12),
    memory("char_scan", "char scan", 15),
    memory("cast_pointer", "cast, p + i", 20),
    memory("memmove_buffer", "memmove + buffer", 20),
    memory("new_free", "allocate and free", 20),
    Shape {
        work: Work::CallsBack,
        library: Library::System("libc.so.6"),
        ..call("qsort", "qsort of 500, a number", 4)
    },
    Shape {
        work: Work::CallsBack,
        ..call("callback", "callback for each number", 1)
    },
];

/// The shape of this name.
pub fn shape(name: &str) -> Option<Shape> {
    SHAPES.iter().copied().find(|shape| shape.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::{Path, PathBuf};

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("shapes")
    }

    #[test]
    fn each_shape_has_its_folder_and_each_folder_its_shape() {
        let mut on_disk: Vec<_> = std::fs::read_dir(folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let mut in_table: Vec<_> = SHAPES.iter().map(|shape| shape.name).collect();
        on_disk.sort();
        in_table.sort();
        assert_eq!(on_disk, in_table);
    }

    #[test]
    fn each_shape_has_the_files_that_its_row_means() {
        for shape in SHAPES {
            let has = |file: &str| folder().join(shape.name).join(file).is_file();
            for file in ["floor.c", "with_cffi.py", "with_ctypes.py"] {
                assert!(has(file), "{}/{file}", shape.name);
            }
            let calls = shape.part() != Part::Memory;
            assert!(has("shape.h") || !calls, "{}/shape.h", shape.name);
            let own = calls && shape.library == Library::Own;
            assert_eq!(has("shape.c"), own, "{}/shape.c", shape.name);
        }
    }

    #[test]
    fn a_base_is_a_shape_without_a_base() {
        for base in SHAPES.iter().filter_map(|shape| shape.base) {
            assert_eq!(shape(base).unwrap().base, None);
        }
    }
}
