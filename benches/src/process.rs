//! Running a program to its end, with errors that say what it said.

use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// What a program that succeeded wrote.
#[derive(Debug)]
pub struct Said {
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// Runs a command without input. A failure is an error that holds the end of what it wrote.
///
/// # Errors
/// The program cannot be started, fails, or dies from a signal.
pub fn run(command: &mut Command) -> Result<Said> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {name}"))?;
    if !output.status.success() {
        bail!("{name}: {}\n{}", output.status, last_lines(&output));
    }
    Ok(Said {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Runs a command as [`run`] does; its process CPU time too, in ms. No other program may end meanwhile.
///
/// # Errors
/// As those of [`run`].
pub fn timed(command: &mut Command) -> Result<(Said, f64)> {
    let before = of_children()?;
    let said = run(command)?;
    Ok((said, of_children()? - before))
}

/// The CPU time of all children that ended, in ms.
fn of_children() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot read the CPU time")?;
    let total = usage.user_time() + usage.system_time();
    Ok(total.num_microseconds() as f64 / 1000.0)
}

/// The end of what a program wrote: a compiler's first lines say where, the last of a traceback what.
fn last_lines(output: &Output) -> String {
    const SHOWN: usize = 20;
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let text = String::from_utf8_lossy(&said);
    let lines: Vec<_> = text.trim().lines().collect();
    lines[lines.len().saturating_sub(SHOWN)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_the_program_said() {
        let error = run(Command::new("sh").args(["-c", "echo oh no >&2; exit 3"])).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("oh no") && text.contains('3'), "{text}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(&mut Command::new("/no/such/program")).unwrap_err();
        assert!(format!("{error:#}").contains("/no/such/program"));
    }
}
