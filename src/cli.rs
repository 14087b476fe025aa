//! The command line. Hardwire's own options end where the program begins: whatever
//! follows a script, `-m MODULE` or `-c CODE` belongs to the program, as with `python`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use benches::peers::Peer;
use benches::run::{Options, Suite};
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::run::{Program, Source};
use crate::trace::TraceCommand;

#[derive(Parser)]
#[command(
    name = "hardwire",
    version,
    args_conflicts_with_subcommands = true,
    about = "Runs a Python program on the CPython you have, with its hot loops compiled.",
    override_usage = "hardwire [OPTIONS] SCRIPT [ARGS]...\n       hardwire [OPTIONS] -m MODULE [ARGS]...\n       \
                      hardwire [OPTIONS] -c CODE [ARGS]...\n       hardwire [OPTIONS] - [ARGS]...\n       \
                      hardwire demo | bench | doctor | trace",
    after_help = "SCRIPT, -m, -c and - mean what they mean to `python`; all that follows them goes to the program.\n\
                  A script called like a command needs a path: `hardwire ./doctor`.\n\n\
                  HARDWIRE_PYTHON names the interpreter to use. Without it, Hardwire takes the first CPython 3.13 or \
                  3.12 among: the active virtual environment, PATH, pyenv's folders."
)]
struct Cli {
    /// Print at exit, on stderr, what became of each hot loop.
    #[arg(long)]
    report: bool,
    /// Options of the engine, such as `threshold=50,dump=DIR`: the words that `-X hardwire=` takes.
    #[arg(long = "option", value_name = "WORDS")]
    options: Vec<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run small programs with Hardwire off and on, and their loops in C: a table.
    Demo,
    /// Measure loops around foreign calls and over C memory with Hardwire off, on, and in C.
    Bench(BenchArguments),
    /// Tell which interpreter is used, and check that Hardwire can run on it.
    Doctor,
    /// See what Hardwire did in a program (`-X hardwire=dump=FOLDER` writes it down), and what it makes of a trace.
    #[command(subcommand)]
    Trace(TraceCommand),
}

#[derive(Args)]
struct BenchArguments {
    /// Measure whole programs: loops in loops, branches, functions and classes, against C and with Hardwire off.
    #[arg(long)]
    programs: bool,
    /// Measure ordinary programs and the start-up: what Hardwire must not slow down.
    #[arg(long)]
    ordinary: bool,
    /// Measure how many calls it takes until Hardwire is ahead of plain Python, PyPy and a C extension, the start included.
    #[arg(long)]
    crossover: bool,
    /// Measure everything in one run, the loops too.
    #[arg(long)]
    all: bool,
    /// Only this shape of work, binding or program; may be given more than once.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// How often each loop is timed; the best time counts.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    repeats: Option<u32>,
    /// Few repeats, for a first look.
    #[arg(long)]
    quick: bool,
    /// Measure the loops through other ways to C too, where they are installed: PyPy, LuaJIT, Numba, Cython, nanobind.
    #[arg(long)]
    peers: bool,
    /// Only this one of them; may be given more than once.
    #[arg(long, value_name = "NAME", value_parser = peer)]
    peer: Vec<Peer>,
    /// Show the warm-up, what compiling takes, and the memory too.
    #[arg(long)]
    details: bool,
    /// Write the results to this file too, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write them as a page too, with the plot and everything that was measured.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Plot them too: the name ends in .svg or .png.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Compare with the run that `--json` wrote to this file; fail where something became slower than noise explains.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
}

impl BenchArguments {
    fn suites(&self) -> Vec<Suite> {
        let asked = [
            (self.programs, Suite::Programs),
            (self.ordinary, Suite::Ordinary),
            (self.crossover, Suite::Crossover),
        ];
        let loops = self.all || asked.iter().all(|(is_asked, _)| !is_asked);
        [(loops, Suite::Micro)]
            .into_iter()
            .chain(asked)
            .filter(|(is_asked, _)| *is_asked || self.all)
            .map(|(_, suite)| suite)
            .collect()
    }
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Request {
    /// Run a program.
    Program {
        /// The program and its arguments.
        program: Program,
        /// The engine's options, as `-X hardwire=` takes them.
        words: String,
    },
    /// `hardwire demo`
    Demo,
    /// `hardwire bench`
    Bench(Options),
    /// `hardwire doctor`
    Doctor,
    /// `hardwire trace`
    Trace(TraceCommand),
    /// Say `text` and end.
    Usage {
        /// The help, the version or what is wrong.
        text: String,
        /// Whether it was a mistake.
        wrong: bool,
    },
}

/// Reads a command line, the command's own name first.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Request {
    let (head, program) = split(arguments.into_iter().collect());
    let cli = match Cli::try_parse_from(&head) {
        Ok(cli) => cli,
        Err(error) => {
            return Request::Usage {
                text: error.render().to_string(),
                wrong: error.use_stderr(),
            };
        }
    };
    match (program, cli.command) {
        (Some(program), _) => Request::Program {
            program,
            words: words(cli.report, &cli.options),
        },
        (None, Some(Command::Demo)) => Request::Demo,
        (None, Some(Command::Bench(arguments))) => Request::Bench(options(arguments)),
        (None, Some(Command::Doctor)) => Request::Doctor,
        (None, Some(Command::Trace(command))) => Request::Trace(command),
        (None, None) => Request::Usage {
            text: Cli::command().render_help().to_string(),
            wrong: true,
        },
    }
}

fn peer(name: &str) -> Result<Peer, String> {
    let found = Peer::ALL.iter().find(|peer| peer.name() == name);
    found.copied().ok_or_else(|| {
        let known: Vec<_> = Peer::ALL.iter().map(|peer| peer.name()).collect();
        format!("there is no such peer; known: {}", known.join(", "))
    })
}

fn options(arguments: BenchArguments) -> Options {
    let all = arguments.peers && arguments.peer.is_empty();
    Options {
        suites: arguments.suites(),
        only: arguments.only,
        quick: arguments.quick,
        repeats: arguments.repeats,
        details: arguments.details,
        peers: if all {
            Peer::ALL.to_vec()
        } else {
            arguments.peer
        },
        json: arguments.json,
        html: arguments.html,
        plot: arguments.plot,
        baseline: arguments.baseline,
    }
}

fn words(report: bool, options: &[String]) -> String {
    let report = report.then_some("report");
    report
        .into_iter()
        .chain(options.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join(",")
}

/// Splits a command line into Hardwire's own part and the program, if there is one.
fn split(arguments: Vec<OsString>) -> (Vec<OsString>, Option<Program>) {
    let mut rest = arguments.into_iter();
    let mut head: Vec<OsString> = rest.next().into_iter().collect();
    while let Some(argument) = rest.next() {
        let source = match argument.as_bytes() {
            b"-" => Some(Source::Stdin),
            b"--option" => {
                head.push(argument);
                head.extend(rest.next());
                continue;
            }
            b"--" => rest.next().map(Source::Script),
            [b'-', kind @ (b'c' | b'm'), attached @ ..] => {
                let value = if attached.is_empty() {
                    rest.next()
                } else {
                    Some(OsString::from_vec(attached.to_vec()))
                };
                let Some(value) = value else {
                    // clap names the option that misses its value.
                    head.push(argument);
                    break;
                };
                Some(if *kind == b'c' {
                    Source::Code(value)
                } else {
                    Source::Module(value)
                })
            }
            [b'-', ..] => {
                head.push(argument);
                continue;
            }
            _ if is_command(&argument) => {
                head.push(argument);
                head.extend(rest);
                return (head, None);
            }
            _ => Some(Source::Script(argument)),
        };
        return (
            head,
            source.map(|source| Program {
                source,
                arguments: rest.collect(),
            }),
        );
    }
    (head, None)
}

fn is_command(word: &OsStr) -> bool {
    word == "help"
        || Cli::command()
            .get_subcommands()
            .any(|command| word == command.get_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Request {
        parse(
            std::iter::once("hardwire")
                .chain(line.split_whitespace())
                .map(OsString::from),
        )
    }

    fn program(line: &str) -> (Source, Vec<String>, String) {
        match asked(line) {
            Request::Program { program, words } => {
                let arguments = program
                    .arguments
                    .iter()
                    .map(|a| a.to_string_lossy().into_owned())
                    .collect();
                (program.source, arguments, words)
            }
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn what_follows_the_program_is_the_programs() {
        let (source, arguments, words) = program("--report x.py --report -m y --option z");
        assert_eq!(source, Source::Script("x.py".into()));
        assert_eq!(arguments, ["--report", "-m", "y", "--option", "z"]);
        assert_eq!(words, "report");
        let (source, arguments, _) = program("-m json.tool --help -c");
        assert_eq!(source, Source::Module("json.tool".into()));
        assert_eq!(arguments, ["--help", "-c"]);
        let (source, arguments, _) = program("-cpass -x -- y");
        assert_eq!(source, Source::Code("pass".into()));
        assert_eq!(arguments, ["-x", "--", "y"]);
        assert_eq!(program("- a").0, Source::Stdin);
    }

    #[test]
    fn options_are_joined_in_order() {
        let (_, _, words) = program("--option threshold=5 --option=dump=d --report x.py");
        assert_eq!(words, "report,threshold=5,dump=d");
    }

    #[test]
    fn a_path_is_a_script_whatever_its_name() {
        assert!(matches!(asked("doctor"), Request::Doctor));
        assert_eq!(program("./doctor").0, Source::Script("./doctor".into()));
        assert_eq!(program("doctor.py").0, Source::Script("doctor.py".into()));
        assert_eq!(program("-- doctor").0, Source::Script("doctor".into()));
    }

    #[test]
    fn parts_of_the_benchmarks_are_chosen() {
        let suites = |line: &str| match asked(line) {
            Request::Bench(options) => options.suites,
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!(suites("bench"), [Suite::Micro]);
        assert_eq!(suites("bench --programs"), [Suite::Programs]);
        assert_eq!(
            suites("bench --ordinary --programs"),
            [Suite::Programs, Suite::Ordinary]
        );
        assert_eq!(
            suites("bench --all"),
            [
                Suite::Micro,
                Suite::Programs,
                Suite::Ordinary,
                Suite::Crossover
            ]
        );
    }

    #[test]
    fn mistakes_are_usage() {
        for line in [
            "",
            "--report demo",
            "--no-such x.py",
            "-m",
            "-c",
            "--option",
            "doctor x",
        ] {
            assert!(
                matches!(asked(line), Request::Usage { wrong: true, .. }),
                "{line}"
            );
        }
        for line in ["--help", "--version", "-h", "doctor --help"] {
            assert!(
                matches!(asked(line), Request::Usage { wrong: false, .. }),
                "{line}"
            );
        }
    }
}
