//! `hardwire doctor`: which interpreter is used, whether Hardwire can run on it, what is on and what is off, and why.

use std::io::Write;

use anyhow::{Context, Result};

use crate::python::{Candidate, Search};
use crate::runtime::Runtime;
use crate::{layout, run};

/// Prints what was found; whether Hardwire can run.
///
/// # Errors
/// There is no supported interpreter, or it cannot be started.
pub fn main() -> Result<bool> {
    let search = Search::from_environment();
    let interpreter = search.first()?;
    println!("hardwire {}", env!("CARGO_PKG_VERSION"));
    println!("interpreter: {interpreter}");
    println!("looked at, the first that can be used is used:");
    for candidate in search.all() {
        println!("  {}", described(&candidate));
    }
    println!("module: {}", layout::module()?.display());
    match benches::native::compiler() {
        Ok(compiler) => println!(
            "C compiler, for `demo` and `bench`: {}",
            compiler.get_program().display()
        ),
        Err(error) => println!("C compiler, for `demo` and `bench`: {error:#}"),
    }
    if let Some(words) = std::env::var_os("HARDWIRE") {
        println!(
            "HARDWIRE={} is set: options for every program",
            words.display()
        );
    }
    // The interpreter writes to the same stream.
    std::io::stdout().flush().context("cannot write")?;
    let runtime = Runtime::prepare()?;
    let status = run::command(&interpreter.path, &runtime, "0")
        .args(["-m", "hardwire"])
        .status()
        .with_context(|| format!("cannot start {}", interpreter.path.display()))?;
    Ok(status.success())
}

fn described(candidate: &Candidate) -> String {
    let verdict = match &candidate.verdict {
        Ok(found) => format!("CPython {}", found.version_text()),
        Err(why) => why.clone(),
    };
    format!(
        "{}: {}: {verdict}",
        candidate.origin,
        candidate.path.display()
    )
}
