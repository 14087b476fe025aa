use std::process::ExitCode;

use hardwire::cli::{self, Request};
use hardwire::{doctor, host, run, trace};
use nix::sys::signal::{SigHandler, Signal, signal};

/// What `python` and most commands answer to a wrong command line.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    end_quietly_with_the_reader();
    let outcome = match cli::parse(std::env::args_os()) {
        Request::Program { program, words } => run::replace_this_process(&program, &words),
        Request::Demo => host::prepare().and_then(|host| benches::demo::main(&host)),
        Request::Bench(options) => {
            host::prepare().and_then(|host| benches::run::main(&host, &host::pair, &options))
        }
        Request::Doctor => doctor::main(),
        Request::Trace(command) => trace::main(&command),
        Request::Usage { text, wrong } => {
            return if wrong {
                eprint!("{text}");
                ExitCode::from(USAGE)
            } else {
                print!("{text}");
                ExitCode::SUCCESS
            };
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("hardwire: {error:#}");
            ExitCode::from(USAGE)
        }
    }
}

/// Rust ignores SIGPIPE. Here, and in the program that is run, it is as the shell left it: `hardwire bench | head` ends
/// without a word.
fn end_quietly_with_the_reader() {
    // SAFETY: the default action runs no code of ours; nothing else was started yet.
    let _ = unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) };
}
