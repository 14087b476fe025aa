//! `hardwire trace`: what a dump of a process tells.

pub mod html;

use anyhow::Result;
use clap::Subcommand;

/// What is asked for.
#[derive(Subcommand, Debug)]
pub enum TraceCommand {
    /// Write a page that shows the dump: its loops, where time went, sources, traces and machine code. It is one file.
    Html(html::Arguments),
}

/// Does it.
///
/// # Errors
/// The dump cannot be read, or what is made of it cannot be written.
pub fn main(command: &TraceCommand) -> Result<bool> {
    match command {
        TraceCommand::Html(arguments) => html::main(arguments),
    }
}
