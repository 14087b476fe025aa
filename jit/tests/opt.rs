//! The optimiser, text in, text out. The files `opt/*.txt` hold cases:
//!
//! ```text
//! == what the pass must do, or must not do
//! trace "..." ... { as recorded }
//! -- gives
//! trace "..." ... { as optimised }     (or `refused: ...`; rewritten with BLESS=1)
//! ```
//!
//! A line `; restarts: s1 s2` in front of a trace names the branches that the preamble has too. Where a title begins
//! with `mixed:`, variables may change their types.
//!
//! Each file of the optimiser has one here, with cases of both kinds: what it must do, and what
//! it must not do ("stays").

use jit::Types;
use std::fs;
use std::path::{Path, PathBuf};
use traces::SnapId;
use traces::parse::parse;

/// What the optimiser makes of a text.
fn optimised(text: &str, types: Types) -> String {
    let trace = parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let restarts = text.lines().find_map(|l| l.strip_prefix("; restarts: "));
    let restarts = restarts.into_iter().flat_map(str::split_whitespace);
    let restarts = restarts.map(|s| SnapId(s.trim_start_matches('s').parse().unwrap()));
    match jit::optimise_with(&trace, types, &restarts.collect()) {
        Ok(trace) => trace.to_string(),
        Err(abort) => format!("refused: {abort}\n"),
    }
}

/// The text of a file with what its cases give now.
fn blessed(text: &str) -> String {
    let mut parts = text.split("\n== ");
    let mut out = parts.next().unwrap_or_default().trim_end().to_string() + "\n";
    for case in parts {
        let (title, rest) = case.split_once('\n').unwrap_or((case, ""));
        let input = rest.split("-- gives").next().unwrap_or_default().trim_end();
        let types = match title.starts_with("mixed:") {
            true => Types::Mixed,
            false => Types::Settled,
        };
        let gives = optimised(input, types);
        out += &format!("\n== {title}\n{input}\n-- gives\n{gives}");
    }
    out
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/opt");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

#[test]
fn cases_give_what_the_files_say() {
    let mut stale = Vec::new();
    for path in files() {
        let text = fs::read_to_string(&path).unwrap();
        let now = blessed(&text);
        if now == text {
            continue;
        }
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, now).unwrap();
        } else {
            let line = (text.lines().zip(now.lines())).position(|(a, b)| a != b);
            stale.push(format!(
                "{}, line {}:\n{now}",
                path.display(),
                line.unwrap_or(0) + 1
            ));
        }
    }
    assert!(
        stale.is_empty(),
        "BLESS=1 accepts these results:\n{}",
        stale.join("\n")
    );
}

#[test]
fn every_file_of_the_optimiser_has_its_cases() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/opt");
    let cases: Vec<String> = files()
        .iter()
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    for entry in fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if !matches!(&*name, "mod" | "state") {
            assert!(cases.contains(&name.into_owned()), "{}", path.display());
        }
    }
}
