//! The reference evaluator: what it refuses, and the helpers that only compute.

use traces::eval::{Datum, Kind, Reply, World, helpers, run, scene};
use traces::parse::parse;
use traces::{Helper, Stage, Trace, verify};

fn trace(body: &str) -> Trace {
    let text = format!(
        "trace \"t\" locals 2 depth 0 {{\n objs @code @int @list @fn @NULL\n func @f = int8(int8)\n{body}\n check -> s0\n jump\n snaps\n s0: at @code pc 2 depth 0 []\n s1: during @code pc 4 depth 0 []\n s2: raise 0 @code pc 6 depth 0 []\n}}"
    );
    parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

#[track_caller]
fn fault(scene_text: &str, body: &str, message: &str) {
    let mut world = World::new();
    scene::fill(&mut world, scene_text).unwrap();
    world.attention = Some(0);
    world.helper(Helper::PyCall, |_, _, _| Ok(Reply::Bool(true)));
    let fault = run(&trace(body), &mut world, 3).unwrap_err().to_string();
    assert!(fault.contains(message), "{fault}\ninstead of: {message}");
}

#[test]
fn what_no_trace_may_do() {
    let x = "%0 = load_slot #0";
    for (scene_text, body, message) in [
        (
            "slot 0 = float 1.0",
            "%1 = unbox_int %0 -> s0",
            "float 1.0 is of another type",
        ),
        ("slot 0 = NULL", "%1 = unbox_float %0", "NULL is no object"),
        (
            "slot 0 = int 5",
            "%1 = load_field %0, @List.size",
            "int 5 has no List.size",
        ),
        (
            "slot 0 = int 5",
            "clear_slot #0\n guard_type %0, @int -> s0",
            "int 5 is dead",
        ),
        (
            "slot 0 = list (int 7)",
            "%1 = load_field %0, @List.items\n %2 = int 1\n %3 = load_item %1, %2",
            "has no item 1",
        ),
        (
            "slot 0 = int 5",
            "%1 = int 64\n %2 = ishl %1, %1",
            "a shift by 64",
        ),
        (
            "slot 0 = int 5",
            "%1 = int 0\n %2 = ifloordiv %1, %1",
            "0 divided by 0",
        ),
        (
            "slot 0 = int 5",
            "%1 = int 0\n %2 = ccall %1, @f -> s1",
            "this world has no @f",
        ),
        (
            "slot 0 = int 5",
            "%1 = call_py %0, @call, #2 -> s2",
            "the helper gave no object",
        ),
        (
            "slot 0 = int 5",
            "%1 = call_py_bool %0, @truth -> s2",
            "this world has no @truth",
        ),
    ] {
        fault(scene_text, &format!("{x}\n{body}"), message);
    }
}

#[test]
fn a_fault_names_the_instruction() {
    let mut world = World::new();
    let error = run(
        &trace("%0 = load_slot #0\n%1 = unbox_float %0"),
        &mut world,
        1,
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "instruction 1, `%1 = unbox_float %0`: NULL is no object"
    );
}

#[test]
fn a_loop_without_end_is_bounded() {
    let mut world = World::new();
    let outcome = run(&trace(""), &mut world, 17).unwrap();
    assert_eq!((outcome.exit, outcome.iterations), (None, 17));
}

/// A path goes on where its guard leaves, and comes back to the header.
#[test]
fn a_branch_is_taken_where_its_guard_leaves() {
    let text = r#"trace "t" locals 1 depth 0 {
      objs @code
      %0 = int 0
      %1 = int 0
      %2 = int 1
      %3 = int 10
      label %4: i64 = %0, %5: i64 = %1
      %6 = isub %4, %2
      %7 = igt %4, %1
      guard_true %7 -> s0
      %8 = iadd_ovf %5, %2 -> s1
      jump %6, %8
      branch -> s0
      %9 = iadd %5, %3
      %10 = igt %9, %3
      guard_false %10 -> s2
      jump %3, %9
      branch -> s2
      %11 = ilt %9, %3
      %12 = box_int %9
      guard_true %11 -> s3
      jump %9, %9
      snaps
        s0: at @code pc 2 depth 0 []
        s1: at @code pc 4 depth 0 []
        s2: at @code pc 6 depth 0 []
        s3: at @code pc 8 depth 1 [1=%12]
    }"#;
    let trace = parse(text).unwrap();
    assert_eq!(verify(&trace, Stage::Optimised), Ok(()));
    let mut world = World::new();
    let outcome = run(&trace, &mut world, 100).unwrap();
    // Once through the first branch, ten times round, through both.
    assert_eq!((outcome.pc, outcome.iterations), (8, 11));
    assert_eq!(world.heap.get(world.slot(1)).unwrap().kind, Kind::Int(30));
    let outcome = run(&trace, &mut World::new(), 5).unwrap();
    assert_eq!((outcome.exit, outcome.iterations), (None, 5));
}

#[test]
fn results_of_foreign_functions_are_narrow() {
    let body = "%0 = int 300\n %1 = ccall %0, @f -> s1\n %2 = box_int %1\n store_slot %2, #0";
    let mut world = World::new();
    world.attention = Some(1);
    world.function("f", |args| match *args {
        [Datum::Int(44)] => Some(Datum::Int(200)),
        _ => None,
    });
    run(&trace(body), &mut world, 1).unwrap();
    assert_eq!(world.heap.get(world.slot(0)).unwrap().kind, Kind::Int(-56));
    assert_eq!(world.log, ["f(44) = -56 at 4 [NULL, NULL]"]);
}

#[test]
fn worlds_as_text() {
    for (text, message) in [
        ("slot x = int 1", "`slot x = int 1`: `x` is no such value"),
        ("slot 0 = thing", "`thing` is no kind of object"),
        ("slot 0 = int", "something is missing"),
        ("slot 0 = int 1 2", "`2` is too much"),
        ("put 0", "`put` begins no line"),
        ("obj a int 1", "`int` instead of `=`"),
    ] {
        let error = scene::fill(&mut World::new(), text).unwrap_err();
        assert!(error.contains(message), "{error}");
    }
}

/// As Python 3.13 computes them.
#[test]
fn floats_divide_as_in_python() {
    for (x, y, quotient, rest) in [
        (7.25, 2.0, 3.0, 1.25),
        (-7.25, 2.0, -4.0, 0.75),
        (7.25, -2.0, -4.0, -0.75),
        (-7.25, -2.0, 3.0, -1.25),
        (1.0, 0.1, 9.0, 0.09999999999999995),
        (-0.0, 3.0, -0.0, 0.0),
        (0.0, -3.0, -0.0, -0.0),
        (5.0, f64::INFINITY, 0.0, 5.0),
        (5.0, f64::NEG_INFINITY, -1.0, f64::NEG_INFINITY),
    ] {
        let found = (helpers::float_floordiv(x, y), helpers::float_mod(x, y));
        assert_eq!(
            found.0.to_bits(),
            f64::to_bits(quotient),
            "{x} // {y}: {found:?}"
        );
        assert_eq!(
            found.1.to_bits(),
            f64::to_bits(rest),
            "{x} % {y}: {found:?}"
        );
    }
}

#[test]
fn powers_of_integers() {
    for (x, y, power) in [
        (3, 4, Some(81)),
        (-2, 63, Some(i64::MIN)),
        (2, 63, None),
        (-1, i64::MAX, Some(-1)),
        (1, i64::MAX, Some(1)),
        (0, 0, Some(1)),
        (7, i64::MAX, None),
    ] {
        assert_eq!(helpers::int_pow(x, y), power, "{x} ** {y}");
    }
}
