//! What the demo and the benchmarks run on: the interpreter's private environment, with this build of Hardwire.

use anyhow::Result;

use crate::python::{Interpreter, Search};
use crate::runtime::Runtime;
use crate::{layout, run, venv};

/// Finds the interpreter and makes its private environment on first use.
///
/// # Errors
/// There is no supported interpreter, or no environment can be made.
pub fn prepare() -> Result<benches::Host> {
    let sources = layout::source("benches")?;
    let runtime = Runtime::prepare()?;
    let base = Search::from_environment().first()?;
    let own: Interpreter = venv::PROGRAMS.ensure(&base)?;
    let python = own.path.clone();
    let build = if cfg!(debug_assertions) {
        ", Hardwire built for development (figures count with `cargo run --release`)"
    } else {
        ""
    };
    Ok(benches::Host {
        title: format!("{base}{build}"),
        on: Box::new(move |words| run::command(&python, &runtime, words)),
        build: venv::PROGRAMS.build_dir(&own)?,
        python: own.path,
        sources,
    })
}
