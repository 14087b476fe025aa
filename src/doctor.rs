//! `hardwire doctor`: which interpreter is used, whether Hardwire can run on it, and why not.

use anyhow::{Context, Result};

use crate::python::Search;
use crate::run;
use crate::runtime::Runtime;

/// Prints what was found; whether Hardwire can run.
///
/// # Errors
/// There is no supported interpreter, or it cannot be started.
pub fn main() -> Result<bool> {
    let interpreter = Search::from_environment().first()?;
    println!("interpreter: {interpreter}");
    let runtime = Runtime::prepare()?;
    let status = run::command(&interpreter.path, &runtime, "0")
        .args(["-m", "hardwire"])
        .status()
        .with_context(|| format!("cannot start {}", interpreter.path.display()))?;
    Ok(status.success())
}
