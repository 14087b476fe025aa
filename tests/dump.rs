//! `-X hardwire=dump=FOLDER`: what became of every loop, also of processes that were killed or forked.

use std::collections::HashSet;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;
use traces::dump::{Dump, LoopState, Origin, files, findings};
use traces::{SnapId, parse};

const PROGRAM: &str = "\
import ctypes, os, signal, sys
labs = ctypes.CDLL(None).labs
labs.argtypes, labs.restype = [ctypes.c_long], ctypes.c_long
strlen = ctypes.CDLL(None).strlen

def double(x):
    return 2 * x

def total(n):
    result = 0
    for i in range(n):
        if labs(i) % 1000 == 999:
            result -= 1
        else:
            result += double(i)
    return result

def lengths(n):
    result = 0
    for i in range(n):
        result += strlen('a text')
        result += strlen(b'bytes')
    return result

def keys(n):
    table = {}
    for i in range(n):
        table[frozenset((i, i))] = None
    return len(table)

def texts(n):
    result = 0
    for i in range(n):
        result += strlen('a text')
    return result

print(total(20000), lengths(3000), keys(3000), texts(3000))
";

fn run(folder: &Path, program: &str, options: &str) -> Output {
    std::fs::write(folder.join("program.py"), program).unwrap();
    Command::new(env!("CARGO_BIN_EXE_hardwire"))
        .current_dir(folder)
        .args(["--option", options, "program.py", "one"])
        .output()
        .unwrap()
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// The one dump of a run.
fn only(folder: &Path) -> Dump {
    let all = files(&folder.join("dump")).unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    Dump::read(&all[0]).unwrap()
}

fn found<'a>(dump: &'a Dump, name: &str) -> &'a traces::dump::LoopStory {
    let loops = dump.find(name);
    assert_eq!(loops.len(), 1, "{name}: {loops:#?}");
    loops[0]
}

#[test]
fn a_dump_tells_what_became_of_each_loop() {
    let folder = folder();
    let output = run(folder.path(), PROGRAM, "dump=dump,threshold=100");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.trim(), "399560020 18000 3000 3000", "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let dump = only(folder.path());
    assert!(dump.has_ended && !dump.is_cut);
    let command: Vec<&str> = dump.start.command.iter().map(String::as_str).collect();
    assert!(command.ends_with(&["program.py", "one"]), "{command:?}");
    assert_eq!(
        Path::new(&dump.start.folder),
        folder.path().canonicalize().unwrap()
    );

    let total = found(&dump, "total");
    assert_eq!(total.counts.state, LoopState::Compiled);
    assert_eq!(dump.lines(total), Some((11, 15)));
    assert!(
        dump.title(total).ends_with("program.py:11 total"),
        "{}",
        dump.title(total)
    );
    assert!(total.counts.iterations > 19_000, "{:?}", total.counts);
    let version = dump.principal(total).unwrap();
    let record = &version.record;
    assert!(record.code.bytes.len() > 100 && record.generate_us > 0);
    // The parts of the machine code belong to instructions of the trace.
    let trace = parse::parse(&record.optimised).unwrap();
    let marks = &record.code.marks;
    let known =
        |&(_, inst): &(u32, Option<u32>)| inst.is_none_or(|i| (i as usize) < trace.insts.len());
    assert!(marks.len() > 10 && marks.iter().all(known), "{marks:?}");
    assert!(marks.is_sorted_by_key(|mark| mark.0));
    let taken: u64 = version.exits().iter().map(|(_, n)| n).sum();
    assert_eq!(taken + version.counts.sampled, version.counts.entries);
    assert_eq!(dump.start.options, "dump=dump,threshold=100");
    let line = |exit: &traces::dump::ExitRecord| dump.line(exit.frames[0]);
    assert!(
        version
            .exits()
            .iter()
            .any(|(exit, _)| exit.op == "loop_end" && line(exit) == 11)
    );
    // What is inlined is named.
    let double = dump
        .codes
        .values()
        .find(|code| code.function == "double")
        .unwrap();
    assert!(record.objects.iter().any(|o| o.code == Some(double.id)));
    assert_eq!(dump.source(double.id, 7), Some("return 2 * x"));

    let lengths = found(&dump, "program.py:20");
    let advice = findings(&dump, &[lengths]);
    let argument = advice
        .iter()
        .find(|f| f.what.contains("`strlen` is given a str as argument 1"));
    let argument = argument.unwrap_or_else(|| panic!("{advice:#?}"));
    assert!(argument.help.contains("encode it once"), "{argument:?}");
    assert_eq!(dump.line(argument.place), 21);

    // What has a loop left alone is told with what would help.
    let texts = found(&dump, "texts");
    assert_eq!(texts.counts.state, LoopState::LeftAlone);
    let advice = findings(&dump, &[texts]);
    let argument = advice
        .iter()
        .find(|f| f.what.contains("`strlen` is given a str as argument 1"));
    let argument = argument.unwrap_or_else(|| panic!("{advice:#?}"));
    assert!(argument.help.contains("encode it once"), "{argument:?}");
    assert_eq!(dump.line(argument.place), 34);

    let keys = found(&dump, "keys");
    assert_eq!(keys.counts.state, LoopState::LeftAlone);
    assert_eq!(keys.counts.reason, "NoGain");
    assert_eq!(keys.aborts.last().unwrap().reason, "NoGain");
}

#[test]
fn a_trace_of_a_dump_is_optimised_to_what_it_was_in_the_process() {
    let folder = folder();
    run(folder.path(), PROGRAM, "dump=dump,threshold=100,all");
    let dump = only(folder.path());
    assert!(dump.versions.len() >= 3);
    for version in dump.versions.values().map(|v| &v.record) {
        let naive = parse::parse(&version.naive).unwrap();
        let types = match version.mixed {
            true => jit::Types::Mixed,
            false => jit::Types::Settled,
        };
        let restarts: HashSet<SnapId> = version.restarts.iter().map(|&n| SnapId(n)).collect();
        let again = jit::optimise_with(&naive, types, &restarts).unwrap();
        assert_eq!(again.to_string(), version.optimised);
    }
}

#[test]
fn a_process_that_is_killed_leaves_what_it_has_written() {
    let folder = folder();
    let program = format!("{PROGRAM}\nos.kill(os.getpid(), signal.SIGKILL)\n");
    run(folder.path(), &program, "dump=dump,threshold=100");
    let dump = only(folder.path());
    assert!(!dump.has_ended);
    let version = dump.principal(found(&dump, "total")).unwrap();
    assert!(!version.record.optimised.is_empty());
    // A last record that was cut off is none.
    let path = &files(&folder.path().join("dump")).unwrap()[0];
    let mut text = std::fs::read(path).unwrap();
    text.extend_from_slice(b"{\"record\":\"gone\",\"id\":");
    std::fs::write(path, text).unwrap();
    let cut = Dump::read(path).unwrap();
    assert!(cut.is_cut && cut.versions.len() == dump.versions.len());
}

#[test]
fn a_child_goes_on_in_a_dump_of_its_own() {
    let folder = folder();
    let program = format!(
        "{PROGRAM}
def squares(n):
    result = 0
    for i in range(n):
        result += i * i & 255
    return result

squares(2000)
if os.fork():
    os.wait()
else:
    print(squares(200000))
"
    );
    run(folder.path(), &program, "dump=dump,threshold=100");
    let mut dumps: Vec<Dump> = files(&folder.path().join("dump"))
        .unwrap()
        .iter()
        .map(|path| Dump::read(path).unwrap())
        .collect();
    assert_eq!(dumps.len(), 2);
    dumps.sort_by_key(|dump| dump.start.forked.is_some());
    let iterations = |dump: &Dump| found(dump, "squares").counts.iterations;
    assert!(dumps[1].start.forked.is_some() && dumps[1].has_ended);
    // What its parent did belongs to its past.
    assert!(iterations(&dumps[1]) > iterations(&dumps[0]) + 190_000);
}

#[test]
fn a_dump_may_begin_later() {
    let folder = folder();
    let program = format!(
        "{PROGRAM}
import hardwire
hardwire.dump('dump')
try:
    hardwire.dump('program.py')
except OSError as error:
    print(error)
hardwire.dump('dump')
total(1000)
"
    );
    let output = run(folder.path(), &program, "threshold=100");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("cannot write a dump to program.py: "),
        "{output:?}"
    );
    let all = files(&folder.path().join("dump")).unwrap();
    let dump = Dump::read(&all[0]).unwrap();
    let version = dump.principal(found(&dump, "total")).unwrap();
    assert_eq!(version.record.origin, Origin::Before);
    assert!(!version.record.code.bytes.is_empty());
}

#[test]
fn a_folder_that_cannot_be_written_stops_no_program() {
    let folder = folder();
    let output = run(folder.path(), PROGRAM, "dump=program.py");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{output:?}");
    let said: Vec<&str> = errors.lines().collect();
    assert!(
        said.len() == 1 && said[0].starts_with("hardwire: cannot write a dump to program.py: "),
        "{errors}"
    );
}

#[test]
fn a_program_may_close_what_it_does_not_know_and_go_elsewhere() {
    let folder = folder();
    let program = format!(
        "import os
os.closerange(3, 256)
mine = [open(f'mine{{n}}', 'w') for n in range(8)]
os.mkdir('elsewhere')
os.chdir('elsewhere')
{PROGRAM}
for file in mine:
    file.write('mine')
    file.close()
"
    );
    let output = run(folder.path(), &program, "dump=dump,threshold=100");
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
    for n in 0..8 {
        let text = std::fs::read_to_string(folder.path().join(format!("mine{n}"))).unwrap();
        assert_eq!(text, "mine");
    }
    let dump = only(folder.path());
    assert!(dump.has_ended);
    let total = found(&dump, "total");
    assert_eq!(total.counts.state, LoopState::Compiled);
    // Its source is found where it was started.
    assert_eq!(
        dump.source(total.record.code, 16),
        Some("for i in range(n):")
    );
}

#[test]
fn a_dump_that_ends_early_where_nobody_can_be_told_stops_no_program() {
    let folder = folder();
    let program = format!("import shutil\nshutil.rmtree('dump')\n{PROGRAM}");
    std::fs::write(folder.path().join("program.py"), program).unwrap();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_hardwire"))
        .current_dir(folder.path())
        .args(["--option", "dump=dump,threshold=100", "program.py"])
        .stderr(full.unwrap())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text.trim(), "399560020 18000 3000 3000");
}

/// A function in which the interpreter is seen: a loop that is left alone.
const SEEN: &str = "\
def slowly(n):
    table = {}
    for i in range(n):
        table[frozenset((i % 100, i % 7))] = None
    return len(table)
";

#[test]
fn each_dump_of_a_process_numbers_code_objects_for_itself() {
    let folder = folder();
    let program = format!(
        "{SEEN}
import hardwire, shutil
slowly(300000)
hardwire.dump('dump')
def first(n):
    return slowly(n)
first(300000)
"
    );
    let output = run(folder.path(), &program, "dump=other");
    assert!(output.status.success(), "{output:?}");
    let dump = only(folder.path());
    let slowly = found(&dump, "slowly");
    assert!(slowly.interpreted_us > 10_000, "{slowly:?}");
    let seen = dump
        .seen
        .iter()
        .filter(|seen| seen.of == Some(slowly.record.id));
    let codes: HashSet<u32> = seen.map(|seen| seen.place.code).collect();
    assert_eq!(codes, HashSet::from([slowly.record.code]));
}

#[test]
fn a_child_is_sampled_too() {
    let folder = folder();
    let program = format!(
        "{SEEN}
import os, sys, time
slowly(1000)
if os.fork():
    os.wait()
else:
    # Nobody watches right behind a fork, and the next loop that becomes hot has somebody begin.
    time.sleep(0.2)
    for i in range(2000):
        i * i
    slowly(700000)
"
    );
    run(folder.path(), &program, "dump=dump");
    let dumps = files(&folder.path().join("dump")).unwrap();
    let dumps = dumps.iter().map(|path| Dump::read(path).unwrap());
    let child = dumps.into_iter().find(|dump| dump.start.forked.is_some());
    let child = child.unwrap();
    let us = found(&child, "slowly").interpreted_us;
    assert!(us > 20_000, "{us}");
}
