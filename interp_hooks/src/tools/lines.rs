//! Which lines of the program machine code belongs to.

use crate::engine::Engine;
use crate::place::{self, Lines};
use jit::Compiled;
use jit::region::Line;
use pyo3_ffi as ffi;
use std::collections::HashMap;
use std::rc::Rc;
use traces::{BytecodeAt, Trace};

/// The lines of a trace's machine code.
pub(super) fn of(e: &Engine, trace: &Trace, compiled: &Compiled) -> Vec<Line> {
    let places = traces::bytecodes(trace);
    let mut codes = HashMap::new();
    let mut lines: Vec<Line> = Vec::new();
    for &(at, inst) in &compiled.marks {
        // What belongs to no instruction is a part of what lies in front of it.
        let Some(BytecodeAt { code, pc, .. }) = inst.and_then(|inst| *places.get(inst as usize)?)
        else {
            continue;
        };
        let (file, all) = codes.entry(code).or_insert_with(|| {
            let code = trace.obj(code).addr as *mut ffi::PyObject;
            let (file, ..) = place::of(e, code, 0);
            // Tools read texts that end in a zero.
            let file = match file.replace('\0', "?") {
                file if file.is_empty() => "?".to_string(),
                file => file,
            };
            (Rc::<str>::from(file), Lines::of(code))
        });
        let line = all.at(pc);
        let is_known = |last: &Line| last.line == line && Rc::ptr_eq(&last.file, file);
        if line > 0 && !lines.last().is_some_and(is_known) {
            lines.push(Line {
                // The first line has what comes in front of it too.
                at: if lines.is_empty() { 0 } else { at },
                file: Rc::clone(file),
                line,
            });
        }
    }
    lines
}
