//! The text format: what people read, and that it reads back to the same trace.

use traces::parse::{parse, parse_file};
use traces::{CType, FuncDecl, FuncFlags, SnapId, Stage, Trace, verify};

const LOOP: &str = r#"trace "app.py:12 main" locals 3 depth 1 {
  objs @code @int @range_iterator @lib.add
  func @add = int32(int32, int32) gil errno vectors
  func @dyn = double(double) indirect errno leaf short
  global #9 = @code @lib.add
  %0 = load_slot #3
  guard_type %0, @range_iterator -> s0
  %1 = load_field %0, @RangeIter.start
  %2 = int -7
  %3 = iadd_ovf %1, %2 -> s0
  %4 = float -0.0
  %5 = float nan:7ff8000000000000
  %6 = float 1e300
  %7 = ccall %1, %3, @add -> s1
  %8 = box_int %7
  store_slot %8, #1
  %9 = obj @lib.add
  %10 = call_py %9, %8, @call, #4 -> s2
  move_slot #2, #4
  label %11: i64 = %3, %12: f64 = %4
  check -> s0
  jump %11, %12
  snaps
    s0: at @code pc 36 depth 1 [] %0@RangeIter.start=%1 %0@RangeIter.len=%3
    s1: during @code pc 40 depth 2 [1=%8 4=%0]
    s2: raise 2 @code pc 44 depth 3 [4=%9 5=%8] / @code pc 2 depth 0 []
}
"#;

#[test]
fn printing_what_was_parsed_gives_the_text() {
    assert_eq!(parse(LOOP).unwrap().to_string(), LOOP);
}

#[test]
fn parsing_what_was_printed_gives_the_trace() {
    let t = parse(LOOP).unwrap();
    assert_eq!(parse(&t.to_string()).unwrap(), t);
}

#[test]
fn paths_read_back() {
    let text = r#"trace "paths" locals 1 depth 0 {
  objs @code
  %0 = int 1
  label %1: i64 = %0
  %2 = iadd_ovf %1, %0 -> s0
  %3 = ilt %2, %0
  guard_true %3 -> s1
  jump %2
  branch -> s1
  jump %0
  branch -> s0
  check -> s2
  jump %1
  snaps
    s0: at @code pc 2 depth 0 []
    s1: at @code pc 4 depth 0 []
    s2: at @code pc 6 depth 0 []
}
"#;
    let trace = parse(text).unwrap();
    assert_eq!(trace.to_string(), text);
    assert_eq!(trace.paths(), [0..6, 6..8, 8..11]);
    let branches = trace.branches();
    let at = |snap| branches.get(&SnapId(snap)).copied();
    assert_eq!((at(0), at(1), at(2)), (Some(8), Some(6), None));
    let error = parse(&text.replacen("branch -> s1", "branch", 1));
    let error = error.map(|trace| verify(&trace, Stage::Optimised).unwrap_err());
    assert!(
        error
            .unwrap()
            .to_string()
            .contains("of one guard further up")
    );
}

#[test]
fn comments_and_several_traces() {
    let text = format!("; first\n{LOOP}\n; second\n{LOOP}");
    assert_eq!(parse_file(&text).unwrap().len(), 2);
}

#[test]
fn errors_name_the_place_and_what_was_expected() {
    for (from, to, message) in [
        (
            "iadd_ovf",
            "iadd_oops",
            "line 10, column 8: expected an op, found `iadd_oops`",
        ),
        (
            "@range_iterator -> s0",
            "@nothing -> s0",
            "line 7, column 18: expected a declared object, found `@nothing`",
        ),
        (
            "%8 = box_int",
            "box_int",
            "line 15, column 3: expected a value for the result of this op, found `box_int`",
        ),
        (
            "int32(int32",
            "int33(int32",
            "line 3, column 15: expected a C type, found `int33(int32,`",
        ),
    ] {
        let error = parse(&LOOP.replacen(from, to, 1)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn functions_of_one_name_are_told_apart() {
    let func = |addr, ret| FuncDecl {
        name: "function".to_string(),
        addr: Some(addr),
        known_as: 0,
        params: vec![],
        ret,
        second: None,
        flags: FuncFlags::default(),
    };
    let mut t = Trace::default();
    let ids: Vec<u32> = [
        func(1, CType::I32),
        func(2, CType::Void),
        func(2, CType::Void),
        func(1, CType::I32),
        func(3, CType::I32),
    ]
    .map(|f| t.add_func(f).0)
    .to_vec();
    assert_eq!(ids, [0, 1, 1, 0, 2]);
    let names: Vec<&str> = t.funcs.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["function", "function.2", "function.3"]);
    // A function pointer has no name at all.
    let nameless = |addr| FuncDecl {
        name: String::new(),
        ..func(addr, CType::Ptr)
    };
    assert_eq!(t.add_func(nameless(7)), t.add_func(nameless(7)));
    assert_eq!(t.funcs.last().map(|f| f.name.as_str()), Some("unnamed"));
    assert_eq!(t.funcs.len(), 4);
}

#[test]
fn functions_that_take_and_give_structs() {
    let text = |function: &str| {
        format!(
            "trace \"t\" locals 0 depth 0 {{\n  objs @code\n  func @f = {function}\n  jump\n}}\n"
        )
    };
    for function in [
        "{double, int64}(double, int64, word, block 24) gil",
        "void(block 1, word, word, float) indirect vectors",
    ] {
        let text = text(function);
        assert_eq!(parse(&text).unwrap().to_string(), text);
    }
    for (function, message) in [
        ("{double}()", "expected `,`, found `}()`"),
        ("void(block)", "expected a number of bytes, found `)`"),
        ("void(words)", "expected a C type, found `words)`"),
    ] {
        let error = parse(&text(function)).unwrap_err().to_string();
        assert!(error.ends_with(message), "{error}");
    }
}
