use std::process::ExitCode;

use hardwire::cli::{self, Measurement, Request};
use hardwire::{doctor, host, run};

/// What `python` and most commands answer to a wrong command line.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let outcome = match cli::parse(std::env::args_os()) {
        Request::Program { program, words } => run::replace_this_process(&program, &words),
        Request::Demo => host::prepare().and_then(|host| benches::demo::main(&host)),
        Request::Bench(what) => host::prepare().and_then(|host| match what {
            Measurement::Micro(options) => benches::micro::main(&host, &options),
            Measurement::Ordinary(options) => {
                benches::ordinary::main(&host, &host::pair()?, &options)
            }
        }),
        Request::Doctor => doctor::main(),
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
