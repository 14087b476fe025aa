//! Tuples that need not exist, and slots that an exit drops: what the verifier and the evaluator make of them.

use traces::parse::parse;
use traces::{Stage, verify};

const TUPLE: &str = r#"trace "tuple" locals 2 depth 0 {
  objs @code @thing
  check -> s0
  %0 = load_slot #0
  guard_type %0, @thing -> s0
  %1 = box_tuple %0, %0
  init_slot %1, #2
  replace_slot %1, #1
  check -> s1
  drop_slot #0
  check -> s2
  %2 = load_field %1, @Tuple.size
  drop_slot #2
  check -> s3
  jump
  snaps
    s0: at @code pc 10 depth 0 []
    s1: at @code pc 12 depth 1 []
    s2: at @code pc 14 depth 1 []
    s3: at @code pc 16 depth 0 []
}
"#;

const DROPS: &str = r#"trace "drops" locals 1 depth 0 {
  objs @code @thing
  func @tick = void()
  check -> s0
  %0 = load_slot #0
  init_slot %0, #1
  init_slot %0, #2
  ccall @tick -> s1
  guard_kept #1 -> s2
  clear_slot #1
  guard_kept #2 -> s3
  clear_slot #2
  check -> s4
  jump
  snaps
    s0: at @code pc 10 depth 0 []
    s1: during @code pc 12 depth 2 []
    s2: at @code pc 14 depth 0 [] drops #1 #2
    s3: at @code pc 14 depth 0 [] drops #2
    s4: at @code pc 14 depth 0 []
}
"#;

#[track_caller]
fn refused(text: &str, from: &str, to: &str, message: &str) {
    assert!(text.contains(from), "{from}");
    let trace = parse(&text.replacen(from, to, 1)).unwrap();
    let error = verify(&trace, Stage::Naive).unwrap_err().to_string();
    assert!(error.contains(message), "{error}\ninstead of: {message}");
}

#[test]
fn a_tuple_keeps_its_items_where_a_slot_holds_it() {
    assert_eq!(verify(&parse(TUPLE).unwrap(), Stage::Naive), Ok(()));
    let dead = "%0 is used while something owns its object";
    refused(
        TUPLE,
        "  init_slot %1, #2\n  replace_slot %1, #1\n  check -> s1\n  drop_slot #0\n  check -> s2\n",
        "  drop_slot #0\n  init_slot %1, #2\n  check -> s2\n",
        dead,
    );
    refused(
        TUPLE,
        "%1 = box_tuple %0, %0",
        "%3 = int 1\n  %1 = box_tuple %0, %3",
        "its operands are objects",
    );
}

#[test]
fn an_exit_drops_what_lies_above_the_top() {
    let trace = parse(DROPS).unwrap();
    assert_eq!(verify(&trace, Stage::Naive), Ok(()));
    assert_eq!(
        trace.to_string(),
        parse(&trace.to_string()).unwrap().to_string()
    );
    refused(
        DROPS,
        "drops #1 #2",
        "drops #1",
        "slot 2 owns an object, so it lies below the top",
    );
    refused(
        DROPS,
        "drops #1 #2",
        "drops #1 #2 #3",
        "slot 3, which its snapshot drops, owns an object",
    );
    refused(
        DROPS,
        "guard_kept #1 -> s2\n  ",
        "",
        "the object that slot 1 held is proved to be plain or quiet, or NULL",
    );
}
