//! What slows a trace down, noted where the recorder meets it.

use super::Recorder;
use crate::cpython::function;
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
        if !self.notes.iter().any(|n| (n.code, n.at) == (code, at)) {
            let detail = detail.into();
            self.notes.push(Note {
                code,
                at,
                remark,
                detail,
            });
        }
    }

    /// Notes an operation through the interpreter's protocol, on the top `n` operands.
    pub(super) fn note_operation(&mut self, helper: Helper, n: usize) {
        let types: Vec<String> = (0..n)
            .rev()
            .filter_map(|k| self.concrete(k).ok())
            .map(|o| match o.is_null() {
                true => "nothing".to_string(),
                false => o.type_object().type_name(),
            })
            .collect();
        let of = if types.is_empty() { "" } else { " of " };
        self.note(
            Remark::Operation,
            format!("{}{of}{}", helper.name(), types.join(", ")),
        );
    }

    /// Notes a call through the interpreter.
    pub(super) fn note_call(&mut self, callable: Object) {
        self.note(Remark::Call, callable.callable_name());
    }

    /// Notes why a function in Python is called through the interpreter, where that is known.
    pub(super) fn note_refusal(&mut self, callee: Object) {
        let code = function::signature(callee).map(|s| s.code.0 as usize);
        let why = engine::get()
            .zip(code)
            .and_then(|(e, code)| e.not_inlined.borrow().get(&code).cloned());
        if let Some(why) = why {
            let name = callee.callable_name();
            self.note(Remark::NotInlined, format!("{name}: {why}"));
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
