//! The verifier on traces with several paths: what it accepts, and one change at a time that it refuses.

use traces::parse::parse;
use traces::{Stage, verify};

/// Changes a text in one place and expects this rule to be broken.
#[track_caller]
fn refused(text: &str, stage: Stage, from: &str, to: &str, message: &str) {
    assert!(text.contains(from), "{from}");
    let changed = text.replacen(from, to, 1);
    let trace = parse(&changed).unwrap_or_else(|e| panic!("{e}\n{changed}"));
    match verify(&trace, stage) {
        Ok(()) => panic!("accepted: {from} -> {to}"),
        Err(e) => assert!(
            e.to_string().contains(message),
            "{from} -> {to}\n{e}\ninstead of: {message}"
        ),
    }
}

/// A loop with a path around a call, and one on which the first path goes on: as recorded.
const TREE: &str = r#"trace "tree" locals 2 depth 1 {
  objs @code @int @float @range_iterator @fn
  %0 = load_slot #2
  check -> s0
  guard_type %0, @range_iterator -> s1
  %1 = load_slot #0
  guard_type %1, @int -> s2
  %2 = unbox_int %1 -> s3
  %3 = int 10
  %4 = ilt %2, %3
  guard_true %4 -> s4
  %5 = box_int %3
  store_slot %5, #0
  jump
  branch -> s4
  %6 = obj @fn
  %7 = call_py %6, %1, @call, #3 -> s5
  check -> s6
  guard_type %7, @int -> s7
  move_slot #0, #3
  jump
  branch -> s7
  %8 = load_slot #3
  drop_slot #3
  check -> s8
  jump
  snaps
    s0: at @code pc 10 depth 1 []
    s1: at @code pc 10 depth 1 []
    s2: at @code pc 12 depth 1 []
    s3: at @code pc 12 depth 1 []
    s4: at @code pc 14 depth 1 []
    s5: raise 2 @code pc 16 depth 3 [3=%6 4=%1]
    s6: at @code pc 18 depth 2 []
    s7: at @code pc 18 depth 2 []
    s8: at @code pc 20 depth 1 []
    s9: at @code pc 18 depth 2 []
}
"#;

/// As the optimiser leaves one: what the paths pass for the parameter.
const PATHS: &str = r#"trace "paths" locals 1 depth 0 {
  objs @code @int
  %0 = load_slot #0
  guard_type %0, @int -> s0
  %1 = unbox_int %0 -> s0
  label %2: i64 = %1
  %3 = box_int %2
  check -> s1
  %4 = int 7
  %5 = iadd_ovf %2, %4 -> s2
  %6 = ilt %5, %4
  guard_true %6 -> s3
  jump %5
  branch -> s3
  %7 = isub_ovf %5, %4 -> s4
  jump %7
  branch -> s2
  jump %4
  snaps
    s0: at @code pc 10 depth 0 []
    s1: at @code pc 10 depth 0 [0=%3]
    s2: at @code pc 10 depth 0 [0=%3]
    s3: at @code pc 12 depth 0 [0=%3]
    s4: at @code pc 14 depth 0 [0=%3]
}
"#;

#[test]
fn trees_of_paths_pass() {
    for (text, stage) in [(TREE, Stage::Naive), (PATHS, Stage::Optimised)] {
        let trace = parse(text).unwrap();
        assert_eq!(verify(&trace, stage), Ok(()));
        let paths: Vec<_> = trace.paths().into_iter().map(|path| path.len()).collect();
        assert_eq!(paths.iter().sum::<usize>(), trace.insts.len());
        assert_eq!((paths.len(), trace.branches().len()), (3, 2));
    }
}

#[test]
fn a_branch_is_of_one_guard_and_ends_in_a_jump() {
    let of_one = "a branch is of one guard further up";
    let behind = "a branch comes behind a jump";
    for (from, to, message) in [
        // No guard has the snapshot; one further down has; a check has; a call has.
        ("branch -> s4", "branch -> s8", of_one),
        ("branch -> s4", "branch -> s7", of_one),
        ("branch -> s4", "branch -> s0", of_one),
        ("branch -> s7", "branch -> s5", of_one),
        // Two of one guard; two guards of one branch.
        ("branch -> s7", "branch -> s4", of_one),
        ("%2 = unbox_int %1 -> s3", "%2 = unbox_int %1 -> s4", of_one),
        ("  jump\n  branch -> s4", "  branch -> s4", behind),
        ("  branch -> s4\n", "", behind),
        (
            "check -> s8\n  jump\n",
            "check -> s8\n",
            "a path ends in a jump",
        ),
    ] {
        refused(TREE, Stage::Naive, from, to, message);
    }
    for (from, to, message) in [
        (
            "branch -> s2\n  jump %4",
            "branch -> s2\n  jump",
            "0 are passed",
        ),
        (
            "branch -> s2\n  jump %4",
            "branch -> s2\n  jump %6",
            "of its type",
        ),
        // Guards in front of the label leave.
        (
            "guard_type %0, @int -> s0\n  %1 = unbox_int %0 -> s0",
            "guard_type %0, @int -> s2\n  %1 = unbox_int %0 -> s0",
            of_one,
        ),
        (
            "branch -> s2\n",
            "branch -> s2\n  label %9: i64 = %4\n",
            "a trace has one label",
        ),
    ] {
        refused(PATHS, Stage::Optimised, from, to, message);
    }
    // A path from in front of the label: it knows nothing of what is behind.
    let early = PATHS.replacen(
        "branch -> s2\n  jump %4",
        "branch -> s2\n  jump %4\n  branch -> s0\n  restart",
        1,
    );
    let early = early.replacen("%1 = unbox_int %0 -> s0", "%1 = unbox_int %0 -> s5", 1);
    let early = early.replacen(
        "pc 14 depth 0 [0=%3]\n",
        "pc 14 depth 0 [0=%3]\n    s5: at @code pc 10 depth 0 []\n",
        1,
    );
    assert_eq!(verify(&parse(&early).unwrap(), Stage::Optimised), Ok(()));
    for (from, to, message) in [
        ("  restart", "  jump %4", "does not jump to it"),
        (
            "branch -> s0\n  restart",
            "branch -> s0\n  leave -> s1",
            "defined before",
        ),
        (
            "branch -> s2\n  jump %4",
            "branch -> s2\n  restart",
            "begins in front of the label",
        ),
    ] {
        refused(&early, Stage::Optimised, from, to, message);
    }
}

#[test]
fn a_path_uses_what_was_computed_in_front_of_its_guard() {
    for (from, to, message) in [
        ("jump %7", "jump %5", ""),
        ("jump %4\n", "jump %5\n", "%5 is defined before it is used"),
        ("jump %4\n", "jump %7\n", "%7 is defined before it is used"),
        (
            "s4: at @code pc 14 depth 0 [0=%3]",
            "s4: at @code pc 14 depth 0 [0=%9]",
            "%9, in slot 0 of its snapshot, is defined before",
        ),
    ] {
        let text = PATHS.replacen("  jump %5\n", "  %9 = box_int %5\n  jump %5\n", 1);
        if message.is_empty() {
            assert_eq!(
                verify(
                    &parse(&text.replacen(from, to, 1)).unwrap(),
                    Stage::Optimised
                ),
                Ok(())
            );
            continue;
        }
        refused(&text, Stage::Optimised, from, to, message);
    }
    refused(
        PATHS,
        Stage::Optimised,
        "%7 = isub_ovf %5, %4 -> s4\n  jump %7",
        "%6 = ilt %4, %5\n  jump %5",
        "%6 is defined once",
    );
}

#[test]
fn a_path_owns_what_its_guard_left_it() {
    for (from, to, message) in [
        // What the guard would have proved.
        (
            "branch -> s4",
            "branch -> s2",
            "the object that slot 0 held is proved to be plain",
        ),
        (
            "  %8 = load_slot #3\n  drop_slot #3\n",
            "",
            "slot 3 owns an object, so it lies below the top of its snapshot",
        ),
        (
            "  %8 = load_slot #3\n  drop_slot #3\n  check -> s8\n",
            "",
            "slot 3 owns an object here, and none at the header of the loop",
        ),
        (
            "  move_slot #0, #3\n",
            "  drop_slot #2\n  move_slot #0, #3\n",
            "slot 2 owns an object at the header of the loop, and none here",
        ),
        (
            "drop_slot #3",
            "move_slot #1, #3",
            "the object that slot 1 held is proved to be plain",
        ),
        // It is the type that its guard has not found.
        (
            "%8 = load_slot #3",
            "%8 = unbox_int %7 -> s9",
            "%7 is proved to be a int",
        ),
        // The bytecode whose effect is done is not executed again.
        (
            "s6: at @code pc 18",
            "s6: at @code pc 16",
            "resumes behind the effects of the bytecode at 16",
        ),
    ] {
        refused(TREE, Stage::Naive, from, to, message);
    }
}
