//! Code objects, as a dump shows them.

use crate::adapters::attr;
use crate::cpython::decode::Instr;
use crate::cpython::{bytecode, frame};
use crate::engine::Engine;
use crate::place::Lines;
use crate::py::{Kind, Object, Strong};
use pyo3_ffi as ffi;
use std::ffi::CStr;
use std::fs;
use traces::Known;
use traces::dump::{Bytecode, CodeRecord};

/// The longest text of a constant.
const LONGEST: usize = 60;
/// How long a file may be.
const MOST_BYTES: u64 = 16 << 20;
/// How many lines of a function are shown at most.
const MOST_LINES: usize = 5000;
/// What a code object says of itself.
pub fn describe(e: &Engine, code: *mut ffi::PyObject, id: u32) -> CodeRecord {
    let o = Object(code);
    let lines = Lines::of(code);
    let text = Text::of(code);
    let decoded = frame::decoded(e.table, code);
    let instrs = decoded.iter().flat_map(|decoded| decoded.all());
    let bytecode: Vec<Bytecode> = instrs
        .map(|i| Bytecode {
            at: i.offset,
            line: lines.at(i.offset),
            op: i.name.to_string(),
            arg: i.oparg,
            means: text.meaning(e, i),
        })
        .collect();
    let file = o.attr_text(c"co_filename");
    let first_line = number(code, c"co_firstlineno");
    let (source_from, source) = source(&file, first_line, &bytecode);
    CodeRecord {
        id,
        file,
        function: o.attr_text(c"co_qualname"),
        first_line,
        bytecode,
        source_from,
        source,
    }
}

/// A small number among the attributes of a code object.
pub fn number(code: *mut ffi::PyObject, name: &CStr) -> u32 {
    let kind = attr(code, name).map(|o| Object(o.as_ptr()).kind());
    match kind {
        Some(Kind::Int(n)) => u32::try_from(n).unwrap_or(0),
        _ => 0,
    }
}

/// The lines of a code object, the first one's number in front.
fn source(file: &str, first: u32, bytecode: &[Bytecode]) -> (u32, Vec<String>) {
    let lines = bytecode.iter().map(|b| b.line).filter(|&line| line > 0);
    let last = lines.clone().max().unwrap_or(first);
    let first = lines.min().unwrap_or(first).min(first).max(1);
    let wanted = (last.saturating_sub(first) as usize + 1).min(MOST_LINES);
    let Some(text) = text_of(file) else {
        return (first, Vec::new());
    };
    let all = text.lines().skip(first as usize - 1).take(wanted);
    (first, all.map(str::to_string).collect())
}

/// The text of a file; of `python -c` that of the command line.
fn text_of(file: &str) -> Option<String> {
    if file == "<string>" {
        let given = super::command();
        let at = given.iter().position(|word| word == "-c")?;
        return given.get(at + 1).cloned();
    }
    let path = super::folder().join(file);
    // Nobody waits for a pipe.
    let about = fs::metadata(&path).ok()?;
    if !about.is_file() || about.len() > MOST_BYTES {
        return None;
    }
    // Text in another encoding is shown as far as it is the same.
    let bytes = fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// What the arguments of bytecodes name.
struct Text {
    names: Vec<Object>,
    locals: Vec<Object>,
    consts: Vec<Object>,
    _keep: Vec<Strong>,
}

impl Text {
    fn of(code: *mut ffi::PyObject) -> Text {
        let mut keep = Vec::new();
        let mut items = |name: &CStr| {
            let tuple = attr(code, name);
            let items = tuple
                .as_ref()
                .and_then(|t| Object(t.as_ptr()).tuple_items());
            keep.extend(tuple);
            items.unwrap_or_default()
        };
        let names = items(c"co_names");
        let mut locals = items(c"co_varnames");
        // Cells that are parameters have no place of their own.
        let cells = items(c"co_cellvars");
        let cells: Vec<Object> = cells
            .into_iter()
            .filter(|c| !locals.iter().any(|l| l.text() == c.text()))
            .collect();
        locals.extend(cells);
        locals.extend(items(c"co_freevars"));
        Text {
            names,
            locals,
            consts: items(c"co_consts"),
            _keep: keep,
        }
    }

    /// What an argument means; empty where it is a mere number.
    fn meaning(&self, e: &Engine, i: &Instr) -> String {
        let name = |n: u32| text(&self.names, n);
        let local = |n: u32| text(&self.locals, n);
        let arg = i.oparg;
        if let Some(target) = i.target {
            return format!("to {target}");
        }
        match i.name {
            "LOAD_CONST" | "RETURN_CONST" | "KW_NAMES" => constant(self.consts.get(arg as usize)),
            "LOAD_GLOBAL" | "LOAD_ATTR" => name(arg >> 1),
            "LOAD_SUPER_ATTR" => name(arg >> 2),
            "BINARY_OP" => bytecode::binary(arg as usize).to_string(),
            "COMPARE_OP" => bytecode::comparison(e.table.compare(arg).0 as usize).to_string(),
            "LOAD_FAST_LOAD_FAST" | "STORE_FAST_STORE_FAST" | "STORE_FAST_LOAD_FAST" => {
                format!("{}, {}", local(arg >> 4), local(arg & 15))
            }
            op if op.contains("_FAST") || op.contains("_DEREF") || op.ends_with("_CELL") => {
                local(arg)
            }
            op if ["_NAME", "_GLOBAL", "_ATTR", "_FROM"]
                .iter()
                .any(|end| op.ends_with(end)) =>
            {
                name(arg)
            }
            _ => String::new(),
        }
    }
}

fn text(all: &[Object], n: u32) -> String {
    all.get(n as usize).map_or(String::new(), |o| o.text())
}

/// A constant, as `repr` gives it; of a code object the name.
fn constant(o: Option<&Object>) -> String {
    let Some(&o) = o else {
        return String::new();
    };
    if o.type_object().type_name() == "code" {
        return format!("<code {}>", o.attr_text(c"co_name"));
    }
    if !is_built_in(o) {
        // A program may put anything there.
        return format!("<{}>", o.type_object().type_name());
    }
    // SAFETY: numbers and texts, and tuples of them: their `repr` runs no code of the program.
    let text = unsafe { Strong::from_new(ffi::PyObject_Repr(o.0)) };
    let Some(text) = text else {
        // SAFETY: the GIL is held.
        unsafe { ffi::PyErr_Clear() };
        return String::new();
    };
    let text = Object(text.as_ptr()).text();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Whether an object is what the compiler makes constants of.
fn is_built_in(o: Object) -> bool {
    const SCALARS: [Known; 6] = [
        Known::Int,
        Known::Float,
        Known::Bool,
        Known::NoneType,
        Known::Str,
        Known::Bytes,
    ];
    match o.tuple_items() {
        Some(items) => items.into_iter().all(is_built_in),
        None => SCALARS.iter().any(|&ty| o.is_exactly(ty)),
    }
}
