//! What the demo and the benchmarks run on: the interpreter's private environment, with this build of Hardwire.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result};

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
        chosen: base.path,
        sources,
    })
}

/// Two environments alike but for Hardwire: in the one, this build lies where the wheel would put it.
///
/// # Errors
/// There is no supported interpreter, or no environment can be made.
pub fn pair() -> Result<benches::ordinary::Pair> {
    let runtime = Runtime::prepare()?;
    let base = Search::from_environment().first()?;
    let plain = venv::PLAIN.ensure(&base)?;
    let installed = venv::INSTALLED.ensure(&base)?;
    let packages = venv::INSTALLED.site_packages(&installed)?;
    let line = layout::source("interp_hooks/data/purelib/hardwire.pth")?;
    fs::copy(line, packages.join("hardwire.pth")).context("cannot install hardwire.pth")?;
    link(&runtime.root().join("hardwire"), &packages.join("hardwire"))?;
    Ok(benches::ordinary::Pair {
        plain: plain.path,
        installed: installed.path,
    })
}

fn link(from: &Path, to: &Path) -> Result<()> {
    if fs::read_link(to).is_ok_and(|present| present == from) {
        return Ok(());
    }
    let _ = fs::remove_file(to);
    symlink(from, to).with_context(|| format!("cannot link {} to {}", to.display(), from.display()))
}
