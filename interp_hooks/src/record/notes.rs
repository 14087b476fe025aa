//! What slows a trace down, noted where the recorder meets it.

use super::Recorder;
use crate::cpython::{bytecode, function};
use crate::engine;
use crate::py::Object;
use traces::{Helper, Remark};

/// How many operations a reason names at most.
const MOST_NAMES: usize = 6;

/// A remark about a bytecode.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// The address of the code object.
    pub code: u64,
    /// The offset of the bytecode.
    pub at: u32,
    /// The remark.
    pub remark: Remark,
    /// What was met.
    pub detail: String,
}

impl Recorder {
    /// Notes what is the matter with the bytecode that is being recorded, where nothing was said of it.
    pub(super) fn note(&mut self, remark: Remark, detail: impl Into<String>) {
        let at = self.last.unwrap_or(self.start);
        let code = self.code as u64;
        let detail = detail.into();
        self.last_note.clone_from(&detail);
        if !self.notes.iter().any(|n| (n.code, n.at) == (code, at)) {
            self.notes.push(Note {
                code,
                at,
                remark,
                detail,
            });
        }
    }

    /// Notes an operation through the interpreter's protocol, on the top `n` operands; `extra` says which, where the helper does
    /// several.
    pub(super) fn note_operation(&mut self, helper: Helper, extra: i64, n: usize) {
        let types: Vec<String> = (0..n)
            .rev()
            .filter_map(|k| self.concrete(k).ok())
            .map(|o| match o.is_null() {
                true => "nothing".to_string(),
                false => o.type_object().type_name(),
            })
            .collect();
        self.note(Remark::Operation, operation(helper, extra, &types));
    }

    /// Notes a call through the interpreter.
    pub(super) fn note_call(&mut self, callable: Object) {
        self.note(Remark::Call, format!("`{}`", callable.callable_title()));
    }

    /// Notes why a function in Python is called through the interpreter, where that is known.
    pub(super) fn note_refusal(&mut self, callee: Object) {
        let code = function::signature(callee).map(|s| s.code.0 as usize);
        let why = engine::get()
            .zip(code)
            .and_then(|(e, code)| e.not_inlined.borrow().get(&code).cloned());
        if let Some(why) = why {
            let name = callee.callable_title();
            self.note(Remark::NotInlined, format!("`{name}`: {why}"));
        }
    }

    /// What goes through the interpreter, in a few words.
    pub fn residual_names(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for note in &self.notes {
            let name = match note.remark {
                Remark::NotInlined => note.detail.split(':').next().unwrap_or(""),
                _ => &note.detail,
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let more = names.len() > MOST_NAMES;
        names.truncate(MOST_NAMES);
        if more {
            names.push("...");
        }
        names.join(", ")
    }
}

/// An instance of a type, in words.
pub(super) fn one(ty: &str) -> String {
    let article = match ty.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']) {
        true => "an",
        false => "a",
    };
    format!("{article} {ty}")
}

/// An operation on operands of these types, as a program would write it.
fn operation(helper: Helper, extra: i64, types: &[String]) -> String {
    let op = usize::try_from(extra).unwrap_or(usize::MAX);
    match (helper, types) {
        (Helper::PyBinary, [a, b]) => format!("`{a} {} {b}`", bytecode::binary(op)),
        (Helper::PyCompare, [a, b]) => format!("`{a} {} {b}`", bytecode::comparison(op & 15)),
        (Helper::PyContains, [item, of]) => format!("`{item} in {of}`"),
        (Helper::PyGetItem, [of, key]) => format!("`{of}[{key}]`"),
        (Helper::PySetItem, [value, of, key]) => format!("`{of}[{key}] = {value}`"),
        (Helper::PySetItem, [key, value]) => format!("`dict[{key}] = {value}`"),
        (Helper::PyDelItem, [of, key]) => format!("`del {of}[{key}]`"),
        (Helper::PySetAttr, [value, of]) => format!("an attribute of {of} = {value}"),
        (Helper::PyGetSlice, [of, start, stop]) => format!("`{of}[{start}:{stop}]`"),
        (Helper::PyTruth, [of]) => format!("the truth of {}", one(of)),
        (Helper::PyGetIter, [of]) => format!("an iterator over {}", one(of)),
        (Helper::PyIterNext, [of]) => format!("the next item of {}", one(of)),
        (Helper::PySetAdd, [item]) => format!("`set.add({item})`"),
        (Helper::PyListExtend, [more]) => format!("`[..., *{more}]`"),
        (_, []) => helper.name().to_string(),
        _ => format!("{} of {}", helper.name(), types.join(", ")),
    }
}
