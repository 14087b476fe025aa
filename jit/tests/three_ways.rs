//! One trace, three ways, one result: the reference evaluator on the trace as recorded, on the
//! optimised trace, and machine code. The traces and what they give are in `traces/*.trace`, in
//! the form of `traces::eval::runs`; `BLESS=1` rewrites what they give.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the objects live as long as the test"
)]

mod fake;

use fake::scene::{evaluate, execute};
use jit::Types;
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use traces::eval::runs::{comment, split, uncomment};
use traces::{SnapId, Stage, parse, verify};

fn check(path: &Path, text: &str) -> String {
    let (head, runs) = split(text);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    assert!(!runs.is_empty(), "{name} runs nothing");
    let naive = parse::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
    verify(&naive, Stage::Naive).unwrap_or_else(|e| panic!("{name}: {e}"));
    let optimised = |restarts: &HashSet<SnapId>| {
        jit::optimise_with(&naive, Types::Settled, restarts)
            .or_else(|_| jit::optimise_with(&naive, Types::Mixed, restarts))
            .unwrap_or_else(|e| panic!("{name}: {e}"))
    };
    let restarting = optimised(&naive.branches().into_keys().collect());
    let optimised = optimised(&HashSet::new());
    let mut blessed = head.to_string();
    for run in &runs {
        let world = uncomment(run.world);
        let raw = evaluate(&naive, &world);
        assert!(
            raw.starts_with("leaves") || raw.starts_with("raises"),
            "{name},{}: {}",
            run.title,
            raw.lines().next().unwrap_or_default()
        );
        // Guards in front of the label leave, but for those whose branches the preamble has too.
        let peeled = |optimised| evaluate(&fake::peeled::peeled(&naive, optimised), &world);
        let (restarted, peeled) = (peeled(&restarting), peeled(&optimised));
        for (raw, way, result) in [
            (&peeled, "the optimised trace", evaluate(&optimised, &world)),
            (
                &peeled,
                "machine code",
                execute(&optimised, &world).unwrap(),
            ),
            (
                &restarted,
                "the optimised trace that restarts",
                evaluate(&restarting, &world),
            ),
            (
                &restarted,
                "machine code that restarts",
                execute(&restarting, &world).unwrap(),
            ),
            (
                &raw,
                "machine code of the raw trace",
                execute(&naive, &world).unwrap(),
            ),
        ] {
            assert_eq!(
                *raw, result,
                "{name},{}: raw, then {way}\n{optimised}",
                run.title
            );
        }
        blessed += &format!(
            "\n;; run:{}\n{};; gives\n{}",
            run.title,
            run.world,
            comment(&raw)
        );
    }
    blessed
}

#[test]
fn every_trace_gives_one_result_three_ways() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    let mut stale = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let blessed = check(&path, &text);
        if blessed == text {
            continue;
        }
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, blessed).unwrap();
        } else {
            stale.push(format!("{}:\n{blessed}", path.display()));
        }
    }
    assert!(
        stale.is_empty(),
        "BLESS=1 accepts these results:\n{}",
        stale.join("\n")
    );
}
