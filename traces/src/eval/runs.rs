//! Runs as text: what the comments behind a trace say about running it.
//!
//! ```text
//! trace "..." ... { ... }
//! ;; run: what this run is about
//! ; slot 0 = int 5          (see `scene`)
//! ;; gives
//! ; leaves at 10, depth 1   (the report of the run)
//! ```

use super::{Fault, Outcome, World, scene};
use crate::Trace;

/// A run that a text describes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Run<'a> {
    /// What it is about.
    pub title: &'a str,
    /// What it starts with, as it stands in the text.
    pub world: &'a str,
    /// What it gives, as it stands in the text; `None` where that is not said.
    pub gives: Option<&'a str>,
}

/// What stands in front of the first run of a text, and its runs.
pub fn split(text: &str) -> (&str, Vec<Run<'_>>) {
    let mut parts = text.split("\n;; run:");
    let head = parts.next().unwrap_or_default();
    let runs = parts.map(|part| {
        let (title, rest) = part.split_once('\n').unwrap_or((part, ""));
        match rest.split_once(";; gives\n") {
            Some((world, gives)) => Run {
                title,
                world,
                gives: Some(comment_of(gives)),
            },
            None => Run {
                title,
                world: rest,
                gives: None,
            },
        }
    });
    (head, runs.collect())
}

/// The comment that a text begins with: it ends at the first line that is none, or has two marks.
fn comment_of(text: &str) -> &str {
    let lines = text.split_inclusive('\n');
    let own = lines.take_while(|line| line.starts_with(';') && !line.starts_with(";;"));
    text.get(..own.map(str::len).sum()).unwrap_or(text)
}

/// Lines without the marks of a comment.
pub fn uncomment(lines: &str) -> String {
    let lines = lines.lines().map(|l| l.trim_start_matches(';').trim());
    lines.map(|l| format!("{l}\n")).collect()
}

/// Lines as a comment.
pub fn comment(lines: &str) -> String {
    lines.lines().map(|l| format!("; {l}\n")).collect()
}

/// Runs a trace in a world whose text was read, until it leaves or its jumps have been taken `max_iterations` times; with what is
/// to be said about it.
///
/// # Errors
/// See [`run`](super::run).
pub fn report(
    trace: &Trace,
    world: &mut World,
    max_iterations: u64,
) -> Result<(Outcome, String), Fault> {
    scene::hold_constants(world, trace);
    let outcome = super::run(trace, world, max_iterations)?;
    let report = scene::report(world, trace, &outcome);
    Ok((outcome, report))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_where_its_comment_does() {
        let text = "head\n\n;; run: one\n; slot 0 = int 5\n;; gives\n; leaves at 10\n; #0 = int 5\n\n\
                    ;; run: two\n; slot 0 = NULL\n;; gives\n; leaves at 12\n;; another trace\ntrace";
        let (head, runs) = split(text);
        assert_eq!(head, "head\n");
        let [one, two] = runs.as_slice() else {
            panic!("{runs:#?}")
        };
        assert_eq!((one.title, one.world), (" one", "; slot 0 = int 5\n"));
        assert_eq!(one.gives, Some("; leaves at 10\n; #0 = int 5\n"));
        assert_eq!(two.gives, Some("; leaves at 12\n"));
        assert_eq!(uncomment("; a\n;b\n"), "a\nb\n");
        assert_eq!(comment("a\nb\n"), "; a\n; b\n");
    }
}
