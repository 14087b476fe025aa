//! `hardwire trace`: what Hardwire did in a program, and what it makes of a trace.
//!
//! | file | idea |
//! | --- | --- |
//! | `list` | a line for each loop |
//! | `diff` | two runs of a program |
//! | `show` | a loop by its source lines |
//! | `why` | where time is lost |
//! | `html` | a dump as one page |
//! | `text` | traces in text: run, optimised, compiled |
//! | `dumps` | which dump and which loop are meant; where the time of a process went |
//! | `again` | what a dump holds as text, made again |
//! | `view` | a trace by its source lines |
//! | `native` | machine code beside the trace that it was made of |
//! | `paint` | colours and columns |
//!
//! Nothing here needs an interpreter.

mod again;
mod diff;
mod dumps;
pub mod html;
mod list;
mod native;
mod paint;
mod show;
mod text;
mod view;
mod why;

use anyhow::Result;
use clap::Subcommand;

/// What is asked for.
#[derive(Subcommand, Debug)]
pub enum TraceCommand {
    /// List the hot loops of a program, those first that took longest: what became of them, and why.
    List(list::List),
    /// Show a loop by its source lines: the traces, the machine code, the exits that were taken.
    Show(show::Show),
    /// Tell where time is lost, and what would help.
    Why(why::Why),
    /// Compare two runs of a program, loop by loop.
    Diff(diff::Diff),
    /// Write a page that shows the dump: its loops, where time went, sources, traces and machine code. It is one file.
    Html(html::Arguments),
    /// Run traces in text in the reference evaluator, without Python and without machine code.
    Run(text::Run),
    /// Optimise traces in text.
    Opt(text::Opt),
    /// Compile traces in text, for an interpreter whose offsets and addresses are made up.
    Asm(text::Asm),
}

/// Prints it; whether all is as it should be.
///
/// # Errors
/// Something cannot be read, or is not there.
pub fn main(command: &TraceCommand) -> Result<bool> {
    match command {
        TraceCommand::List(list) => list::list(list),
        TraceCommand::Show(show) => show::show(show),
        TraceCommand::Diff(diff) => diff::diff(diff),
        TraceCommand::Why(why) => why::why(why),
        TraceCommand::Html(arguments) => html::main(arguments),
        TraceCommand::Run(run) => text::run(run),
        TraceCommand::Opt(opt) => text::opt(opt),
        TraceCommand::Asm(asm) => text::asm(asm),
    }
}
