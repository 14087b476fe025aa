//! `hardwire trace html`: a dump as one page. It needs nothing but a browser, and no network.

mod graph;
mod head;
mod lines;
mod loops;
mod source;
mod versions;
mod words;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use askama::Template;
use clap::Args;
use traces::dump::{Dump, files};

use head::Head;
use loops::Loop;

/// What the page is made of.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The dump, or the folder of dumps whose latest is meant.
    dump: PathBuf,
    /// The page.
    #[arg(value_name = "OUT.html")]
    out: PathBuf,
}

#[derive(Template)]
#[template(path = "page.html", config = "src/trace/html/askama.toml")]
struct Page {
    style: &'static str,
    script: &'static str,
    head: Head,
    loops: Vec<Loop>,
}

/// Reads the dump and writes the page.
///
/// # Errors
/// The dump cannot be read, or the page cannot be written.
pub fn main(arguments: &Arguments) -> Result<bool> {
    let all = files(&arguments.dump)?;
    let Some(path) = all.first() else {
        anyhow::bail!("{} holds no dump", arguments.dump.display());
    };
    if all.len() > 1 {
        let (others, path) = (all.len() - 1, path.display());
        eprintln!("hardwire: {path}, the latest dump; the folder holds {others} more");
    }
    let dump = Dump::read(path)?;
    let text = page(&dump).with_context(|| format!("cannot make a page of {}", path.display()))?;
    let out = arguments.out.display();
    fs::write(&arguments.out, &text).with_context(|| format!("cannot write {out}"))?;
    let loops = words::of(dump.loops.len(), "loop", "loops");
    println!("{out}: {loops}, {}", words::size(text.len() as u64));
    Ok(true)
}

/// The page of a dump.
///
/// # Errors
/// None that a dump could cause: the template's own.
pub fn page(dump: &Dump) -> Result<String> {
    let loops = dump.hottest();
    let page = Page {
        style: include_str!("page.css"),
        script: include_str!("page.js"),
        head: head::of(dump, &loops),
        loops: loops::of(dump, &loops),
    };
    Ok(page.render()?)
}
