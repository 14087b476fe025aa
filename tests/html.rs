//! `hardwire trace html`: the page, in a browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::Command as Hardwire;
use serde_json::Value;
use tempfile::TempDir;
use traces::dump::{
    AbortNote, AbortRecord, Bytecode, CodeRecord, Counts, End, ExitRecord, FORMAT, GoneRecord,
    LoopCounts, LoopRecord, LoopState, MachineCode, Object, Origin, Place, Record, RemarkRecord,
    Seen, Start, TraceRecord, VersionCounts,
};
use traces::{Op, Trace};

/// Names of browsers that all take the same options.
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
/// An increment, four times, and a return.
const CODE: &str = "4883c0014883c0014883c0014883c001c3";
const SOURCE: &str = "\
def total(n, limit):
    i = acc = 0
    while i < limit:
        if i % 2 == 0:
            acc += i
        else:
            acc -= i  # </script><b>bold</b> & \"quoted\"
        i += 1
    return acc

def pairs(n):
    for i in range(n):
        yield i, i
";
/// A counter in slot 0 up to the limit in slot 1; slot 2 sums the even ones, and by a path of its own the odd ones.
const TRACE: &str = "trace \"app.py:3 total\" locals 3 depth 0 {
  objs @code @int
  check -> s0
  %0 = load_slot #0
  guard_type %0, @int -> s0
  %1 = unbox_int %0 -> s0
  %2 = load_slot #1
  guard_type %2, @int -> s0
  %3 = unbox_int %2 -> s0
  %4 = ilt %1, %3
  guard_true %4 -> s0
  %5 = load_slot #2
  guard_type %5, @int -> s5
  %6 = unbox_int %5 -> s5
  %7 = int 1
  %8 = iand %1, %7
  %9 = int 0
  %10 = ieq %8, %9
  guard_true %10 -> s1
  %11 = iadd_ovf %6, %1 -> s2
  %12 = box_int %11
  store_slot %12, #2
  %13 = iadd_ovf %1, %7 -> s4
  %14 = box_int %13
  store_slot %14, #0
  jump
  branch -> s1
  %18 = isub_ovf %6, %1 -> s3
  %19 = box_int %18
  store_slot %19, #2
  %20 = iadd_ovf %1, %7 -> s4
  %21 = box_int %20
  store_slot %21, #0
  jump
  snaps
    s0: at @code pc 10 depth 0 []
    s1: at @code pc 12 depth 0 []
    s2: at @code pc 14 depth 0 []
    s3: at @code pc 16 depth 0 []
    s4: at @code pc 18 depth 0 []
    s5: at @code pc 12 depth 0 []
}
";

fn code(id: u32, function: &str, first_line: u32, lines: &[(u32, u32, &str)]) -> Record {
    let bytecode = lines.iter().map(|&(at, line, op)| Bytecode {
        at,
        line,
        op: op.into(),
        arg: 1,
        means: String::new(),
    });
    Record::Code(CodeRecord {
        id,
        file: "/srv/work/app.py".into(),
        function: function.into(),
        first_line,
        bytecode: bytecode.collect(),
        source_from: 1,
        source: SOURCE.lines().map(str::to_string).collect(),
    })
}

fn version(id: u32, from: Option<u32>, optimised: &Trace) -> Record {
    let place = |at| Place { code: 1, at };
    let guards = optimised.insts.iter().enumerate();
    let guards = guards.filter(|(_, inst)| inst.op == Op::GuardTrue);
    let guards: Vec<u32> = guards.map(|(at, _)| at as u32).collect();
    let (first, odd) = (guards[0], guards[guards.len() - 1]);
    Record::Trace(Box::new(TraceRecord {
        id,
        of: 1,
        time_us: 20_000 * u64::from(id),
        origin: from.map_or(Origin::Hot, |_| Origin::Branches),
        from,
        bytecodes: 20,
        naive: TRACE.into(),
        optimised: optimised.to_string(),
        objects: vec![Object {
            name: "code".into(),
            address: 4096,
            code: Some(1),
        }],
        exits: vec![
            ExitRecord {
                inst: first - 1,
                op: "guard_type".into(),
                frames: vec![place(10)],
                ..ExitRecord::default()
            },
            ExitRecord {
                inst: first,
                op: "guard_true".into(),
                frames: vec![place(12)],
                ..ExitRecord::default()
            },
        ],
        remarks: vec![RemarkRecord {
            place: place(14),
            remark: "Call".into(),
            detail: "`tally`".into(),
        }],
        code: MachineCode {
            address: 0x7000,
            bytes: CODE.into(),
            marks: vec![(0, None), (4, Some(first)), (8, Some(odd))],
        },
        optimise_us: 700,
        generate_us: 1_300,
        saves_ns: 90,
        ..TraceRecord::default()
    }))
}

/// A process with three loops: one was compiled twice, one is left alone, one is counted.
fn records() -> Vec<Record> {
    let naive = traces::parse::parse(TRACE).expect("a trace");
    let optimised = jit::optimise(&naive).expect("it is optimised");
    let hot = |id, code, header, line| {
        Record::Loop(LoopRecord {
            id,
            code,
            header,
            end: header + 8,
            line,
        })
    };
    let total = [
        (2, 2, "STORE_FAST"),
        (10, 3, "COMPARE_OP"),
        (12, 4, "POP_JUMP_IF_FALSE"),
        (14, 5, "BINARY_OP"),
        (16, 7, "BINARY_OP"),
        (18, 8, "JUMP_BACKWARD"),
    ];
    let pairs = [(2, 12, "FOR_ITER"), (6, 13, "YIELD_VALUE")];
    let counts = |id, state, reason: &str, detail: &str| LoopCounts {
        id,
        state,
        reason: reason.into(),
        detail: detail.into(),
        ..LoopCounts::default()
    };
    let counted = |id, iterations, native_us, exits: Vec<(u32, u64)>| VersionCounts {
        id,
        entries: exits.iter().map(|e| e.1).sum(),
        iterations,
        native_us,
        exits,
        ..VersionCounts::default()
    };
    let seen = |code, at, of, us| Seen {
        place: Place { code, at },
        of,
        us,
    };
    vec![
        Record::Start(Start {
            format: FORMAT,
            hardwire: "0.1.0".into(),
            python: "3.13.0".into(),
            command: ["python", "-X", "hardwire", "app.py"]
                .map(String::from)
                .into(),
            folder: "/srv/work".into(),
            process: 4711,
            time: 1_764_000_000.0,
            ..Start::default()
        }),
        code(1, "total", 1, &total),
        code(2, "pairs", 11, &pairs),
        hot(1, 1, 10, 3),
        hot(2, 2, 2, 12),
        hot(3, 1, 2, 2),
        version(1, None, &optimised),
        Record::Gone(GoneRecord {
            id: 1,
            time_us: 40_000,
            why: "it has grown".into(),
        }),
        version(2, Some(1), &optimised),
        Record::Abort(AbortRecord {
            of: 2,
            time_us: 50_000,
            branch: None,
            file: "/srv/work/app.py".into(),
            line: 13,
            bytecode: "YIELD_VALUE".into(),
            reason: "Bytecode".into(),
            detail: "YIELD_VALUE".into(),
            notes: vec![AbortNote {
                file: "/srv/work/app.py".into(),
                line: 12,
                remark: "Operation".into(),
                detail: "`iter`".into(),
            }],
        }),
        Record::Counts(Counts {
            time_us: 1_000_000,
            compiler_us: 4_000,
            loops: vec![
                LoopCounts {
                    entries: 1_300,
                    iterations: 2_000_000,
                    ..counts(1, LoopState::Compiled, "", "")
                },
                counts(2, LoopState::LeftAlone, "Bytecode", "YIELD_VALUE"),
                counts(3, LoopState::Counting, "", ""),
            ],
            versions: vec![
                counted(1, 1_000, 0, vec![(1, 941)]),
                counted(2, 1_999_000, 600_000, vec![(0, 5), (1, 354)]),
            ],
            seen: vec![
                seen(1, 12, Some(1), 100_000),
                seen(2, 6, Some(2), 200_000),
                seen(1, 2, None, 1_000),
            ],
        }),
        Record::End(End { time_us: 1_000_000 }),
    ]
}

/// Writes the dump, and has the page made.
fn page() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let lines = records()
        .iter()
        .map(|r| serde_json::to_string(r).unwrap() + "\n")
        .collect::<String>();
    let dumps = folder.path().join("dumps");
    fs::create_dir(&dumps).unwrap();
    fs::write(dumps.join("4711.jsonl"), lines).unwrap();
    let page = folder.path().join("page.html");
    Hardwire::new(env!("CARGO_BIN_EXE_hardwire"))
        .args(["trace", "html"])
        .args([&dumps, &page])
        .assert()
        .success()
        .stdout(predicates::str::contains("3 loops"));
    (folder, page)
}

/// What a browser that cannot reach any network makes of the page, and of what a script asks it. `None` where there is no browser.
fn look(folder: &Path, page: &Path, dark: bool, script: &str) -> Option<Value> {
    let Some(browser) = browser() else {
        eprintln!(
            "skipped: no browser among {} on the PATH, nor named by HARDWIRE_BROWSER",
            BROWSERS.join(", ")
        );
        return None;
    };
    let text = fs::read_to_string(page).unwrap();
    let script = format!(
        "<script>addEventListener('load', async () => {{ const all = (s) => [...document.querySelectorAll(s)];
        const wait = (ms) => new Promise((done) => setTimeout(done, ms));
        const asked = await (async () => {{ {script} }})();
        document.body.dataset.asked = JSON.stringify(asked); }});</script></body>"
    );
    let asked = folder.join("asked.html");
    fs::write(&asked, text.replace("</body>", &script)).unwrap();
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
        ])
        .args([
            "--window-size=1200,900",
            "--virtual-time-budget=5000",
            "--host-resolver-rules=MAP * ~NOTFOUND",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .arg(format!(
            "--blink-settings=preferredColorScheme={}",
            u8::from(!dark)
        ))
        .arg("--dump-dom")
        .arg(format!("file://{}", asked.display()))
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("CONSOLE"))
        .collect();
    assert!(said.is_empty(), "{said:#?}");
    let document = String::from_utf8_lossy(&output.stdout);
    let answer = document
        .split_once("data-asked=\"")
        .and_then(|(_, rest)| rest.split_once('"'));
    let Some((answer, _)) = answer else {
        panic!("the browser gave no answer: {log}");
    };
    let answer = answer
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">");
    Some(serde_json::from_str(&answer.replace("&amp;", "&")).unwrap())
}

fn browser() -> Option<String> {
    let named = std::env::var("HARDWIRE_BROWSER").ok();
    let all = named.into_iter().chain(BROWSERS.map(String::from));
    all.into_iter().find(|name| {
        let version = Command::new(name).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    })
}

#[test]
fn the_loops_are_ranked_and_the_table_sorts_and_searches() {
    let (folder, page) = page();
    let script = "
        const shown = () => all('#ranked tbody tr').filter((r) => !r.hidden).map((r) => r.querySelector('a').textContent);
        const filter = (text) => { const f = document.querySelector('#filter'); f.value = text; f.dispatchEvent(new Event('input')); return shown(); };
        const ranked = shown();
        const byReason = filter('yield_value');
        const sections = all('details.loop').filter((d) => !d.hidden).length;
        const bySource = filter('acc -= i');
        const byNothing = filter('no such thing');
        filter('');
        const state = document.querySelector('#state');
        state.value = 'counting'; state.dispatchEvent(new Event('change'));
        const byState = shown();
        state.value = ''; state.dispatchEvent(new Event('change'));
        all('#ranked th button').find((b) => b.textContent === 'Loop').click();
        const sorted = all('#ranked th[aria-sort]').map((h) => h.textContent + ' ' + h.getAttribute('aria-sort'));
        return { ranked, byReason, sections, bySource, byNothing, byState, sorted, byName: shown(),
                 none: document.querySelector('#shown').textContent };";
    let Some(found) = look(folder.path(), &page, false, script) else {
        return;
    };
    assert_eq!(
        found["ranked"],
        serde_json::json!(["app.py:3", "app.py:12", "app.py:2"])
    );
    assert_eq!(found["byReason"], serde_json::json!(["app.py:12"]));
    assert_eq!(found["sections"], 1);
    assert_eq!(found["bySource"], serde_json::json!(["app.py:3"]));
    assert_eq!(found["byNothing"], serde_json::json!([]));
    assert_eq!(found["byState"], serde_json::json!(["app.py:2"]));
    assert_eq!(found["sorted"], serde_json::json!(["Loop ascending"]));
    assert_eq!(
        found["byName"],
        serde_json::json!(["app.py:2", "app.py:3", "app.py:12"])
    );
}

#[test]
fn folds_open_and_links_lead_into_them() {
    let (folder, page) = page();
    let script = "
        const loop = document.querySelector('details.loop[data-loop=\"1\"]');
        const line = document.getElementById('at-1-1-7').querySelector('details');
        line.open = true; await wait(50);
        const trace = document.getElementById('text-2-trace');
        const closed = trace.parentElement.open;
        document.querySelector('.version[open] .exits a[data-inst]').click(); await wait(50);
        return {
            line: line.querySelector('.fold').checkVisibility() && line.querySelector('.fold').textContent,
            marked: line.querySelectorAll('.ir .value').length,
            closed, opened: trace.parentElement.open, at: trace.querySelector('.at')?.textContent,
            machine: document.getElementById('text-2-machine').textContent,
            notes: [...loop.querySelectorAll('.source .note')].map((n) => n.textContent),
            interpreted: document.querySelector('[data-loop=\"2\"] .source').textContent,
            heat: document.getElementById('at-1-1-4').className,
            bold: loop.querySelectorAll('.source b b, .source code b').length,
            boxes: loop.querySelectorAll('.version[open] svg .box').length,
            out: [...loop.querySelectorAll('.version[open] svg text.out')].map((t) => t.textContent.trim()),
            lineage: [...loop.querySelectorAll('.versions tbody th')].map((t) => t.textContent),
        };";
    let Some(found) = look(folder.path(), &page, false, script) else {
        return;
    };
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_string();
    assert!(
        text("line").contains("BINARY_OP") && text("line").contains("isub_ovf"),
        "{found:#}"
    );
    assert!(found["marked"].as_u64() > Some(0), "{found:#}");
    assert_eq!(
        (&found["closed"], &found["opened"]),
        (&Value::Bool(false), &Value::Bool(true))
    );
    assert!(
        text("at").contains("guard_true") && text("at").contains("left ×354"),
        "{found:#}"
    );
    assert!(
        text("machine").contains("addq $1, %rax") && text("machine").contains("app.py:"),
        "{found:#}"
    );
    let notes = found["notes"].to_string();
    for note in [
        "×354 left: other branch",
        "×941 left: other branch, in versions that are gone",
        "on in branch 1",
        "tally is called through the interpreter",
    ] {
        assert!(notes.contains(note), "{note}: {notes}");
    }
    let interpreted = text("interpreted");
    for note in [
        "iter goes through the interpreter's own protocol",
        "recording given up: a bytecode that is not compiled yet (YIELD_VALUE)",
    ] {
        assert!(interpreted.contains(note), "{note}: {interpreted}");
    }
    assert!(
        text("heat").contains("heat-5") && text("heat").contains("has-code"),
        "{found:#}"
    );
    assert_eq!(found["bold"], 0, "the source is text");
    assert_eq!(found["boxes"], 3, "preamble, loop, a branch");
    assert!(
        found["out"]
            .to_string()
            .contains("×354 other branch, line 4"),
        "{found:#}"
    );
    assert_eq!(found["lineage"], serde_json::json!(["1", "└2"]));
}

#[test]
fn it_is_dark_where_that_is_wished() {
    let (folder, page) = page();
    let script = "
        const paper = () => getComputedStyle(document.body).backgroundColor;
        const first = paper();
        document.querySelector('#theme').click();
        return { first, then: paper() };";
    for dark in [true, false] {
        let Some(found) = look(folder.path(), &page, dark, script) else {
            return;
        };
        let (light, night) = ("rgb(255, 255, 255)", "rgb(21, 23, 26)");
        let expected = if dark { (night, light) } else { (light, night) };
        assert_eq!(
            (&found["first"], &found["then"]),
            (&expected.0.into(), &expected.1.into())
        );
    }
}

#[test]
fn it_needs_nothing_but_itself() {
    let (folder, page) = page();
    let text = fs::read_to_string(&page).unwrap();
    for outside in ["src=", "@import", "url(", "href=\"http", "fetch(", "//cdn"] {
        assert!(!text.contains(outside), "{outside}");
    }
    // What the program has in its source ends no script and begins no tag.
    assert_eq!(text.matches("</script>").count(), 1);
    let script = "return { loaded: performance.getEntriesByType('resource').map((r) => r.name).filter((n) => !n.startsWith('data:')),
                  wide: document.documentElement.scrollWidth <= innerWidth };";
    if let Some(found) = look(folder.path(), &page, false, script) {
        assert_eq!(found["loaded"], serde_json::json!([]));
        assert_eq!(
            found["wide"], true,
            "the page itself does not scroll sideways"
        );
    }
}

#[test]
fn mistakes_say_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let run = |dump: &Path, out: &str| {
        let mut command = Hardwire::new(env!("CARGO_BIN_EXE_hardwire"));
        command.args(["trace", "html"]).arg(dump).arg(out);
        command.assert().failure()
    };
    run(folder.path(), "out.html").stderr(predicates::str::contains("holds no dump"));
    let wrong = folder.path().join("wrong.jsonl");
    fs::write(&wrong, "{}\n").unwrap();
    run(&wrong, "out.html").stderr(predicates::str::contains("wrong.jsonl, line 1"));
    let (_folder, _) = page();
    let dumps = _folder.path().join("dumps");
    run(&dumps, "/no/such/folder/out.html").stderr(predicates::str::contains(
        "cannot write /no/such/folder/out.html",
    ));
}
