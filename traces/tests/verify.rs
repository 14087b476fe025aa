//! The verifier: traces that it accepts, and one change at a time that it refuses.

use traces::parse::parse;
use traces::{Imm, SnapId, Stage, Trace, Type, Value, verify};

/// As a recorder writes it: an iterator on the stack, a residual call, a borrowed operand that is
/// rescued before its local changes, a foreign call, a number that becomes a local.
const NAIVE: &str = r#"trace "naive" locals 3 depth 1 {
  objs @code @int @range_iterator @NULL @fn @thing @str
  func @add = int32(int32, int32) gil
  %0 = load_slot #3
  check -> s0
  guard_type %0, @range_iterator -> s0
  %1 = load_field %0, @RangeIter.len
  %2 = int 0
  %3 = igt %1, %2
  guard_true %3 -> s0
  %4 = load_field %0, @RangeIter.start
  %5 = int 1
  %6 = isub %1, %5
  store_field %0, %6, @RangeIter.len
  %7 = box_int %4
  %8 = load_slot #0
  guard_type %8, @int -> s1
  store_slot %7, #0
  %9 = load_slot #1
  guard_type %9, @str -> s2
  init_slot %9, #4
  %10 = ccall %4, %5, @add -> s3
  %11 = box_int %10
  store_slot %11, #1
  check -> s4
  %12 = obj @fn
  %13 = call_py %12, %11, %9, @call, #5 -> s5
  drop_slot #4
  check -> s6
  %14 = load_slot #2
  move_slot #1, #5
  replace_slot %12, #2
  check -> s7
  jump
  snaps
    s0: at @code pc 10 depth 1 []
    s1: at @code pc 12 depth 2 [4=%7]
    s2: at @code pc 14 depth 1 []
    s3: during @code pc 16 depth 2 []
    s4: at @code pc 18 depth 2 []
    s5: raise 3 @code pc 20 depth 4 [5=%12 6=%11]
    s6: at @code pc 22 depth 3 [4=%11]
    s7: at @code pc 24 depth 1 []
}
"#;

/// As the optimiser leaves it: a peeled loop with a parameter and deferred stores.
const LOOP: &str = r#"trace "loop" locals 2 depth 1 {
  objs @code @int @range_iterator @list @fn
  %0 = load_slot #2
  guard_type %0, @range_iterator -> s0
  %1 = load_slot #0
  guard_type %1, @int -> s0
  %2 = unbox_int %1 -> s0
  label %3: i64 = %2
  %4 = box_int %3
  %5 = load_field %0, @RangeIter.start
  %6 = iadd_ovf %3, %5 -> s1
  store_field %0, %5, @RangeIter.start
  %7 = box_int %6
  check -> s2
  store_slot %7, #0
  %8 = obj @fn
  %9 = call_py %8, %7, @call, #3 -> s3
  drop_slot #3
  check -> s4
  jump %6
  snaps
    s0: at @code pc 10 depth 1 []
    s1: at @code pc 12 depth 1 [0=%4]
    s2: at @code pc 14 depth 1 [0=%7]
    s3: raise 2 @code pc 16 depth 3 [3=%8 4=%7]
    s4: at @code pc 18 depth 1 []
}
"#;

#[test]
fn well_formed_traces_pass() {
    for (text, stage) in [(NAIVE, Stage::Naive), (LOOP, Stage::Optimised)] {
        assert_eq!(verify(&parse(text).unwrap(), stage), Ok(()));
    }
}

/// A buffer outlives the local that held its cdata, and moves from one local to another.
const BUFFER: &str = r#"trace "buffer" locals 3 depth 0 {
  objs @code @cdata @fn
  check -> s0
  %0 = load_slot #0
  guard_type %0, @cdata -> s0
  %1 = int 8
  %2 = box_buffer %0, %1
  replace_slot %2, #1
  check -> s1
  drop_slot #0
  check -> s2
  %3 = load_slot #1
  replace_slot %3, #2
  check -> s3
  drop_slot #1
  check -> s4
  %4 = load_field %0, @CData.data
  %5 = obj @fn
  %6 = call_py %5, %2, @call, #3 -> s5
  drop_slot #3
  check -> s6
  jump
  snaps
    s0: at @code pc 10 depth 0 []
    s1: at @code pc 12 depth 0 []
    s2: at @code pc 14 depth 0 []
    s3: at @code pc 16 depth 0 []
    s4: at @code pc 18 depth 0 []
    s5: raise 2 @code pc 20 depth 2 [3=%5 4=%2]
    s6: at @code pc 22 depth 0 []
}
"#;

#[test]
fn a_buffer_keeps_its_cdata() {
    assert_eq!(verify(&parse(BUFFER).unwrap(), Stage::Naive), Ok(()));
    let message = "%0 is used while something owns its object";
    for (from, to) in [
        ("  replace_slot %3, #2\n  check -> s3\n", ""),
        ("replace_slot %3, #2", "replace_slot %0, #1"),
    ] {
        refused(BUFFER, Stage::Naive, from, to, message);
    }
}

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

#[test]
fn an_error_names_the_instruction_its_text_and_the_rule() {
    let text = LOOP.replacen("drop_slot #3", "", 1);
    let error = verify(&parse(&text).unwrap(), Stage::Optimised).unwrap_err();
    assert_eq!(
        error.to_string(),
        "instruction 15, `check -> s4`: slot 3 owns an object, so it lies below the top of its snapshot"
    );
}

#[test]
fn shape() {
    for (stage, from, to, message) in [
        (Stage::Naive, "check", "check", "a naive trace has no label"),
        (Stage::Optimised, "jump %6", "", "a path ends in a jump"),
        (
            Stage::Optimised,
            "check -> s2",
            "jump %6",
            "a branch comes behind a jump",
        ),
        (
            Stage::Optimised,
            "jump %6",
            "jump",
            "the loop has 1 parameters, 0 are passed",
        ),
        (
            Stage::Optimised,
            "jump %6",
            "jump %7",
            "parameter 0 is passed a value of its type",
        ),
        (
            Stage::Optimised,
            "check -> s2",
            "label",
            "a trace has one label",
        ),
        (
            Stage::Optimised,
            "label %3: i64",
            "label %3: f64",
            "parameter 0",
        ),
    ] {
        refused(LOOP, stage, from, to, message);
    }
    let object = r#"trace "t" locals 1 depth 0 {
  objs @code
  %0 = load_slot #0
  label %1: obj = %0
  jump %1
}"#;
    refused(object, Stage::Optimised, "jump", "jump", "no object");
}

#[test]
fn rows_of_the_op_table() {
    for (from, to, message) in [
        (
            "igt %1, %2",
            "igt %1",
            "its operands are (i64, i64) by the op table, not (i64)",
        ),
        ("igt %1, %2", "igt %1, %7", "%7 is defined before"),
        (
            "guard_true %3",
            "guard_true %1",
            "(bool) by the op table, not (i64)",
        ),
        ("ccall %4, %5", "ccall %4", "(i64, i64) by the op table"),
        (
            "call_py %12, %11, %9, ",
            "call_py ",
            "(obj) by the op table",
        ),
        ("@call, #5", "@truth, #5", "one that the op allows"),
        (
            "guard_type %0, @range_iterator",
            "guard_type %0, @NULL",
            "one that the op allows",
        ),
        (
            "store_field %0, %6, @RangeIter.len",
            "store_field %0, %6, @RangeIter.step",
            "allows",
        ),
        (
            "store_field %0, %6, @RangeIter.len",
            "store_field %0, %4, @Float.value",
            "allows",
        ),
        ("%10 = ccall", "%6 = ccall", "%6 is defined once"),
        ("check -> s0", "check", "it carries a snapshot"),
        (
            "init_slot %9, #4",
            "init_slot %9, #4 -> s1",
            "it carries no snapshot",
        ),
        (
            "check -> s0",
            "check -> s9",
            "its snapshot is in the trace's table",
        ),
    ] {
        refused(NAIVE, Stage::Naive, from, to, message);
    }
}

#[test]
fn what_the_text_format_cannot_say() {
    type Change = fn(&mut Trace);
    let cases: [(Change, &str); 6] = [
        (
            |t| t.insts[4].imm = Imm::None,
            "its immediate is a Int by the op table, not a None",
        ),
        (
            |t| t.insts[2].imm = Imm::Obj(traces::ObjId(99)),
            "is in the trace's tables",
        ),
        (|t| t.insts[0].result = None, "it has a result"),
        (|t| t.types[0] = Type::I64, "its result is of type obj"),
        (|t| t.insts[1].params.push(Value(20)), "only a label"),
        (
            |t| t.insts[1].snap = Some(SnapId(77)),
            "in the trace's table",
        ),
    ];
    for (change, message) in cases {
        let mut trace = parse(NAIVE).unwrap();
        change(&mut trace);
        let error = verify(&trace, Stage::Naive).unwrap_err().to_string();
        assert!(error.contains(message), "{error}\ninstead of: {message}");
    }
    let error = verify(&Trace::default(), Stage::Naive).unwrap_err();
    assert!(error.rule.contains("ends in a jump"));
}

#[test]
fn snapshots() {
    for (from, to, message) in [
        ("s5: raise 3", "s5: at", "not by At"),
        (
            "s5: raise 3",
            "s5: raise 5",
            "has the operands that it replaces",
        ),
        ("s3: during", "s3: at", "goes on as the op does"),
        ("s0: at", "s0: during", "goes on as the op does"),
        ("[5=%12 6=%11]", "[6=%11 5=%12]", "ascending"),
        ("[5=%12 6=%11]", "[5=%12 5=%12 6=%11]", "ascending"),
        (
            "[5=%12 6=%11]",
            "[5=%12 6=%11 7=%11]",
            "slot 7 of its snapshot is one of the frame's",
        ),
        (
            "[4=%7]",
            "[4=%11]",
            "%11, in slot 4 of its snapshot, is defined before",
        ),
        (
            "[4=%7]",
            "[4=%4]",
            "%4, in slot 4 of its snapshot, is an object",
        ),
    ] {
        refused(NAIVE, Stage::Naive, from, to, message);
    }
}

#[test]
fn references_are_neither_lost_nor_dropped_twice() {
    for (from, to, message) in [
        (
            "drop_slot #4\n",
            "",
            "slot 4 owns its object, so its snapshot does not list it",
        ),
        (
            "drop_slot #4",
            "drop_slot #4\n drop_slot #4",
            "slot 4 owns an object",
        ),
        (
            "init_slot %9, #4",
            "init_slot %9, #3",
            "slot 3 is one of the stack that owns nothing",
        ),
        (
            "init_slot %9, #4\n",
            "",
            "slot 4 owns nothing, so its snapshot lists it",
        ),
        (
            "s3: during @code pc 16 depth 2 []",
            "s3: during @code pc 16 depth 2 [4=%9]",
            "does not list",
        ),
        (
            "move_slot #1, #5",
            "move_slot #1, #4",
            "slot 4 owns an object",
        ),
        (
            "move_slot #1, #5",
            "move_slot #3, #5",
            "slot 3 is a local's",
        ),
        (
            "move_slot #1, #5",
            "move_slot #1, #2",
            "slot 2 is one of the stack",
        ),
        (
            "move_slot #1, #5",
            "clear_slot #1",
            "slot 5 owns an object, so it lies below the top",
        ),
        ("@call, #5", "@call, #2", "slot 2 is one of the stack"),
        (
            "store_slot %7, #0",
            "store_slot %7, #3",
            "slot 3 is a local's",
        ),
        (
            "%0 = load_slot #3",
            "%0 = load_slot #5",
            "slot 5 owns an object",
        ),
        (
            "check -> s7\n",
            "drop_slot #3\n",
            "slot 3 owns an object at the header of the loop, and none here",
        ),
        (
            "check -> s7\n",
            "init_slot %12, #4\n",
            "slot 4 owns an object here, and none at the header",
        ),
    ] {
        refused(NAIVE, Stage::Naive, from, to, message);
    }
    refused(
        LOOP,
        Stage::Optimised,
        "check -> s4\n",
        "drop_slot #2\n",
        "slot 2 owns an object at the header of the loop, and none here",
    );
}

#[test]
fn an_unnoticed_death_is_proved() {
    for (from, to, message) in [
        (
            "guard_type %8, @int -> s1\n",
            "",
            "the object that slot 0 held is proved to be plain",
        ),
        (
            "guard_type %8, @int",
            "guard_type %8, @thing",
            "the object that slot 0 held",
        ),
        (
            "replace_slot %12, #2",
            "store_slot %12, #2",
            "the object that slot 2 held",
        ),
        (
            "drop_slot #4",
            "drop_slot #4\n clear_slot #2",
            "the object that slot 2 held",
        ),
        (
            "move_slot #1, #5",
            "move_slot #2, #5",
            "the object that slot 2 held",
        ),
    ] {
        refused(NAIVE, Stage::Naive, from, to, message);
    }
    // An exit that writes a local drops what the local's memory held, and this is a list.
    let held = LOOP.replacen("guard_type %1, @int", "guard_type %1, @list", 1);
    let held = held.replacen("%2 = unbox_int %1 -> s0", "%2 = int 3", 1);
    refused(
        &held,
        Stage::Optimised,
        "",
        "",
        "the object that slot 0 held",
    );
}

#[test]
fn deferred_values_are_boxes_or_constants() {
    refused(
        LOOP,
        Stage::Optimised,
        "[0=%7]",
        "[0=%1]",
        "the deferred value of slot 0, %1, is a box or a constant",
    );
}

#[test]
fn no_dead_object_is_used() {
    // The string that slot 1 owned has no owner once the slot holds something else.
    refused(
        NAIVE,
        Stage::Naive,
        "%12 = obj @fn",
        "drop_slot #4\n %12 = obj @fn",
        "%9 is used while something owns its object",
    );
    // In the second iteration the local holds what the first one stored.
    refused(
        LOOP,
        Stage::Optimised,
        "%5 = load_field %0, @RangeIter.start",
        "%5 = unbox_int %1 -> s1",
        "%1 is used while something owns its object",
    );
    // An item of a list, borrowed from it across a call that may change the list.
    let item = r#"trace "t" locals 1 depth 0 {
  objs @code @list @fn @thing
  %0 = load_slot #0
  guard_type %0, @list -> s0
  %1 = load_field %0, @List.items
  %2 = int 0
  %3 = load_item %1, %2
  %4 = obj @fn
  %5 = call_py %4, @call, #1 -> s1
  drop_slot #1
  check -> s2
  guard_type %3, @thing -> s2
  jump
  snaps
    s0: at @code pc 10 depth 0 []
    s1: raise 1 @code pc 12 depth 1 [1=%4]
    s2: at @code pc 14 depth 0 []
}"#;
    refused(
        item,
        Stage::Naive,
        "",
        "",
        "%3 is used while something owns its object",
    );
}

#[test]
fn fields_and_numbers_are_of_objects_that_have_them() {
    for (from, to, message) in [
        (
            "guard_type %0, @range_iterator -> s0\n",
            "",
            "%0 is proved to be a range_iterator",
        ),
        (
            "guard_type %1, @int",
            "guard_type %1, @list",
            "%1 is proved to be a int",
        ),
    ] {
        refused(LOOP, Stage::Optimised, from, to, message);
    }
}

#[test]
fn no_effect_happens_twice() {
    for (from, to, message) in [
        (
            "s4: at @code pc 18",
            "s4: at @code pc 16",
            "resumes behind the effects of the bytecode at 16",
        ),
        (
            "s1: at @code pc 12",
            "s1: at @code pc 10",
            "resumes behind the effects of the bytecode at 10",
        ),
        (
            "s6: at @code pc 22",
            "s6: at @code pc 20",
            "resumes behind the effects of the bytecode at 20",
        ),
    ] {
        refused(NAIVE, Stage::Naive, from, to, message);
    }
}

#[test]
fn a_bytecode_comes_again_in_another_turn() {
    // The guards of the store at 18 are gone, so it counts as one of the bytecode at 16.
    let text = r#"trace "t" locals 1 depth 0 {
  objs @code @float @NULL
  %0 = load_slot #0
  guard_type %0, @float -> s0
  %1 = unbox_float %0
  %2 = box_float %1
  replace_slot %2, #0
  %3 = feq %1, %1
  guard_true %3 -> s1
  jump
  snaps
    s0: at @code pc 16 depth 0 []
    s1: at turn 1 @code pc 16 depth 0 []
}"#;
    let again = |text: &str| verify(&parse(text).unwrap(), Stage::Naive);
    assert_eq!(again(text), Ok(()));
    let message = again(&text.replace("turn 1 ", "")).unwrap_err().rule;
    assert!(message.contains("resumes behind the effects"), "{message}");
    assert_eq!(parse(text).unwrap().to_string().trim(), text);
}

#[test]
fn a_constant_with_other_owners_is_released_by_any_name() {
    let text = r#"trace "t" locals 1 depth 0 {
  objs @code @f
  %0 = load_slot #0
  guard_is %0, @f -> s0
  label
  check -> s1
  %1 = obj @f
  guard_shared %1, 1 -> s1
  init_slot %1, #1
  swap_slots #0, #1
  release_slot #1
  jump
  snaps
    s0: at @code pc 10 depth 0 []
    s1: at @code pc 12 depth 0 []
}"#;
    assert_eq!(verify(&parse(text).unwrap(), Stage::Optimised), Ok(()));
    refused(
        text,
        Stage::Optimised,
        "  guard_is %0, @f -> s0\n",
        "",
        "the object of slot 1 has another owner",
    );
}

#[test]
fn an_object_that_a_guard_names_keeps_its_other_names() {
    // The optimiser writes the constant for a value that a guard proved to be it: at the header
    // slot 1 holds %0, behind the body @NULL, which is %0.
    let text = r#"trace "t" locals 2 depth 0 {
  objs @code @NULL
  %0 = load_slot #0
  replace_slot %0, #1
  check -> s0
  label
  guard_is %0, @NULL -> s0
  clear_slot #1
  %1 = obj @NULL
  store_slot %1, #1
  check -> s0
  jump
  snaps
    s0: at @code pc 10 depth 0 []
}"#;
    assert_eq!(verify(&parse(text).unwrap(), Stage::Optimised), Ok(()));
    refused(
        text,
        Stage::Optimised,
        "guard_is %0, @NULL -> s0\n",
        "",
        "slot 1 held is proved",
    );
}

const PAIR: &str = r#"trace "t" locals 0 depth 0 {
  objs @code
  func @pair = {double, int64}(int64)
  func @one = double(int64)
  %0 = int 1
  %1 = ccall %0, @pair -> s0
  %2 = ccall %0, @one -> s0
  %3 = second %1, int64, 0
  check -> s1
  jump
  snaps
    s0: during @code pc 2 depth 0 []
    s1: at @code pc 4 depth 0 []
}
"#;

#[test]
fn second_eightbytes() {
    verify(&parse(PAIR).unwrap(), Stage::Naive).unwrap();
    for (from, to) in [
        ("second %1, int64", "second %2, int64"),
        ("second %1, int64", "second %0, int64"),
        ("second %1, int64", "second %1, double"),
        ("second %1, int64, 0", "second %1, int64, 8"),
    ] {
        let message = "a call that gives a second eightbyte of this type";
        refused(PAIR, Stage::Naive, from, to, message);
    }
    let message = "its immediate is one that the op allows";
    for to in ["{float, int64}", "{double, int32}", "{double, void}"] {
        refused(PAIR, Stage::Naive, "{double, int64}", to, message);
    }
}

const CALL: &str = r#"
trace "a call" locals 1 depth 0 {
  objs @code @int @f @f.code @NULL
  inlined #4 = @f.code locals 2 stack 1 in #0
  check -> s0
  %0 = load_slot #0
  guard_type %0, @int -> s0
  %1 = obj @f
  store_slot %0, #5
  %2 = unbox_int %0 -> s1
  %3 = int 1
  %4 = iadd_ovf %2, %3 -> s1
  %5 = box_int %4
  store_slot %5, #6
  drop_slot #5
  drop_slot #6
  store_slot %5, #0
  jump
  snaps
    s0: at @code pc 2 depth 0 []
    s1: at @code pc 4 depth 0 [] / #4 @f.code pc 2 depth 0 [4=%1]
}
"#;

#[test]
fn calls_that_are_part_of_a_trace() {
    let trace = parse(CALL).unwrap();
    verify(&trace, Stage::Naive).unwrap();
    assert_eq!(trace.to_string(), CALL.trim_start());
    for (from, to, message) in [
        ("  drop_slot #6\n", "", "slot 6, a local of a call, is NULL"),
        ("[4=%1]", "[]", "slot 4 owns nothing"),
        ("[4=%1]", "[4=%1 7=%1]", "slot 7 of its snapshot"),
        (
            " / #4 @f.code pc 2 depth 0 [4=%1]",
            " / #3 @f.code pc 2 depth 0 []",
            "called by the one before",
        ),
        ("store_slot %0, #5", "init_slot %0, #5", "owns nothing"),
        ("in #0", "in #9", "called by the one before"),
    ] {
        refused(CALL, Stage::Naive, from, to, message);
    }
}

/// What an attribute holds is used again behind a short call and the check that follows it.
const SHORT: &str = r#"trace "short" locals 1 depth 0 {
  objs @code @thing
  func @tick = void() gil short
  %0 = load_slot #0
  guard_type %0, @thing -> s0
  %1 = instance_values %0 -> s0
  %2 = int 0
  %3 = load_attr %1, %2
  guard_type %3, @thing -> s0
  ccall @tick -> s1
  check -> s2
  %4 = load_field %3, @Instance.dict
  jump
  snaps
    s0: at @code pc 2 depth 0 []
    s1: during @code pc 4 depth 0 []
    s2: at @code pc 6 depth 0 []
}
"#;

#[test]
fn what_lives_in_front_of_a_short_call_lives_behind_the_check_behind_it() {
    let trace = parse(SHORT).unwrap();
    verify(&trace, Stage::Naive).unwrap();
    let used = "  %4 = load_field %3, @Instance.dict\n";
    let owner = "%3 is used while something owns its object";
    for (from, to) in [
        ("gil short", "gil"),
        (
            &*format!("  check -> s2\n{used}"),
            &*format!("{used}  check -> s2\n"),
        ),
        ("-> s1\n", "-> s1\n  drop_slot #0\n"),
    ] {
        refused(SHORT, Stage::Naive, from, to, owner);
    }
    // What the call's snapshot lists is kept for it.
    let kept = SHORT
        .replace("pc 4 depth 0 []", "pc 4 depth 1 [1=%3]")
        .replace(
            &format!("  check -> s2\n{used}"),
            &format!("{used}  check -> s2\n"),
        );
    verify(&parse(&kept).unwrap(), Stage::Naive).unwrap();
}
