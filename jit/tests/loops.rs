//! Loops in machine code: parameters, leaving through flag and watches, size and life of the code.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the objects live as long as the test"
)]

mod fake;

use fake::{Machine, OTHER, int, int_value, left, object, parse, refcount, target};
use jit::{Request, compile};
use std::cell::Cell;
use traces::{Abort, Reason};

thread_local! {
    static CALLS: Cell<i64> = const { Cell::new(0) };
    /// After how many calls which 32-bit word is set.
    static TRIGGER: Cell<(i64, usize)> = const { Cell::new((0, 0)) };
}

extern "C" fn add(x: i32, y: i32) -> i32 {
    CALLS.set(CALLS.get() + 1);
    let (after, word) = TRIGGER.get();
    if CALLS.get() == after {
        unsafe { *(word as *mut u32) = 9 };
    }
    x.wrapping_add(y)
}

/// `for i in r: t = add(t, i) + 2`, as the optimiser leaves it.
const LOOP: &str = r#"trace "loop" locals 3 depth 1 {
  objs @code @int @range_iterator
  func @add = int32(int32, int32)
  %0 = load_slot #3
  guard_type %0, @range_iterator -> s0
  %1 = load_slot #0
  guard_type %1, @int -> s0
  %2 = unbox_int %1 -> s0
  label %3: i64 = %2
  %17 = box_int %3
  %4 = load_field %0, @RangeIter.len
  %5 = int 0
  %6 = igt %4, %5
  guard_true %6 -> s1
  %7 = load_field %0, @RangeIter.start
  %8 = load_field %0, @RangeIter.step
  %9 = iadd %7, %8
  store_field %0, %9, @RangeIter.start
  %10 = int 1
  %11 = isub %4, %10
  store_field %0, %11, @RangeIter.len
  %12 = box_int %7
  %13 = isext %3, 32
  %14 = ieq %13, %3
  guard_true %14 -> s2
  %15 = isext %7, 32
  %16 = ieq %15, %7
  guard_true %16 -> s2
  %18 = ccall %3, %7, @add -> s3
  %19 = box_int %18
  check -> s4
  %20 = int 2
  %21 = iadd_ovf %18, %20 -> s4
  %22 = box_int %21
  jump %21
  snaps
    s0: at @code pc 10 depth 1 []
    s1: at @code pc 10 depth 1 [0=%17]
    s2: at @code pc 20 depth 1 [0=%17 1=%12]
    s3: during @code pc 30 depth 1 [0=%17 1=%12]
    s4: at @code pc 40 depth 2 [0=%17 1=%12 4=%19]
}
"#;

const RANGE_ITERATOR: usize = 0x6_0000;

/// The loop on `range(start, ..)` of this many items.
fn looping(start: i64, len: u64) -> Machine {
    let mut m = Machine::new(
        LOOP,
        &[
            ("add", add as *const () as usize),
            ("range_iterator", RANGE_ITERATOR),
        ],
    );
    m.set(3, object(RANGE_ITERATOR, &[start as u64, 1, len]))
        .set(0, int(5));
    CALLS.set(0);
    TRIGGER.set((0, 0));
    m
}

#[test]
fn a_loop_runs_to_its_end_with_unboxed_parameters() {
    let mut m = looping(10, 1000);
    let expected = 5 + (10..1010).sum::<i64>() + 2000;
    assert_eq!(m.run(), left(10, &[(0, &format!("int {expected}"))]));
    assert_eq!(CALLS.get(), 1000);
    let (iterator, t) = (
        *m.slot(3) as *const fake::Object,
        *m.slot(0) as *const fake::Object,
    );
    assert_eq!(
        unsafe { ((*iterator).words[0], (*iterator).words[2]) },
        (1010, 0)
    );
    assert_eq!(
        (refcount(iterator), refcount(t), int_value(t)),
        (1, 1, 5),
        "the frame's memory is not touched"
    );
}

#[test]
fn a_loop_may_end_before_it_begins() {
    let mut m = looping(0, 0);
    assert_eq!(m.run(), left(10, &[(0, "int 5")]));
    assert_eq!(m.set(3, object(OTHER, &[])).run(), left(10, &[]));
}

#[test]
fn a_guard_leaves_with_the_values_of_its_iteration() {
    let mut m = looping(i64::from(i32::MAX) - 1, 10);
    let t = 5_i32.wrapping_add(i32::MAX - 1) + 2;
    assert_eq!(
        m.run(),
        left(
            10 + 10,
            &[
                (0, &format!("int {}", t.wrapping_add(i32::MAX) + 2)),
                (1, "int 2147483648")
            ]
        )
    );
}

#[test]
fn check_leaves_behind_the_call_for_the_leave_word_and_for_each_watch() {
    for which in ["leave", "thread", "interp"] {
        let mut m = looping(0, 100);
        let word = match which {
            "leave" => m.leave_word(),
            "thread" => &raw mut m.thread[1] as usize,
            _ => &raw mut m.interp[1] as usize,
        };
        TRIGGER.set((3, word));
        let left = m.run();
        assert_eq!(
            (left.pc, left.slots[&1].as_str(), left.slots[&4].as_str()),
            (40, "int 2", "int 12"),
            "{which}"
        );
        assert_eq!(CALLS.get(), 3);
    }
}

#[test]
fn a_watch_compares_with_its_value_at_entry() {
    let mut m = looping(0, 3);
    m.interp[1] = 123;
    assert_eq!(m.run().pc, 10);
    let mut m = looping(0, 3);
    m.thread[1] = 1 << 40;
    assert_eq!(m.run().pc, 40);
}

const EMPTY: &str = r#"trace "empty" locals 1 depth 0 {
  objs @code
  check -> s0
  label
  check -> s1
  jump
  snaps
    s0: at @code pc 2 depth 0 []
    s1: at @code pc 4 depth 0 []
}
"#;

#[test]
fn a_loop_without_effects_still_sees_the_words_change() {
    for which in 0..3 {
        let mut m = Machine::new(EMPTY, &[]);
        let word = match which {
            0 => m.leave_word(),
            1 => &raw mut m.thread[1] as usize,
            _ => &raw mut m.interp[1] as usize,
        };
        let setter = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            unsafe { std::ptr::write_volatile(word as *mut u32, 1) };
        });
        assert_eq!(m.run().pc, 4);
        setter.join().unwrap();
    }
}

#[test]
fn a_trace_without_label_jumps_to_its_start() {
    let text = r#"trace "t" locals 1 depth 0 {
        objs @code @int
        %0 = load_slot #0
        guard_type %0, @int -> s0
        %1 = unbox_int %0 -> s0
        %2 = int 100
        %3 = ilt %1, %2
        guard_true %3 -> s0
        %4 = int 7
        %5 = iadd_ovf %1, %4 -> s0
        %6 = box_int %5
        store_slot %6, #0
        check -> s1
        jump
        snaps
          s0: at @code pc 2 depth 0 []
          s1: at @code pc 4 depth 0 []
        }"#;
    let mut m = Machine::new(text, &[]);
    let first = int(-1);
    assert_eq!(m.set(0, first).run().pc, 2);
    let last = *m.slot(0) as *const fake::Object;
    assert_eq!(
        (int_value(last), refcount(last), refcount(first)),
        (104, 1, 0)
    );
    assert_eq!(fake::DEAD.with_borrow(Vec::len), 15);
}

#[test]
fn label_parameters_of_every_type_may_change_places() {
    let text = r#"trace "t" locals 4 depth 0 {
        objs @code
        %0 = load_slot #0
        %1 = load_slot #1
        %2 = load_field %0, @RangeIter.start
        %3 = int 1
        %4 = int 4
        %5 = float 0.5
        %6 = float 2.0
        %7 = truth false
        label %10: obj = %0, %11: obj = %1, %12: i64 = %2, %13: f64 = %5, %14: f64 = %6, %15: bool = %7
        %16 = box_float %13
        %17 = box_bool %15
        %18 = ilt %12, %4
        guard_true %18 -> s0
        %19 = iadd %12, %3
        %20 = bnot %15
        check -> s0
        jump %11, %10, %19, %14, %13, %20
        snaps
          s0: at @code pc 2 depth 0 [0=%10 1=%11 2=%16 3=%17]
        }"#;
    let mut m = Machine::new(text, &[]);
    let (a, b) = (object(OTHER, &[1]), object(OTHER, &[]));
    let [a_text, b_text] = [a, b].map(|o| format!("obj {:#x}", o as usize));
    assert_eq!(
        m.set(0, a).set(1, b).run(),
        left(
            2,
            &[(0, &b_text), (1, &a_text), (2, "float 2.0"), (3, "bool 1")]
        )
    );
}

/// The instructions of the loop: from its header to the jump back.
fn hot_instructions(asm: &str) -> Vec<&str> {
    let number = |l: &str, from: &str| {
        let (_, hex) = l.split_once(from)?;
        u64::from_str_radix(hex.trim(), 16).ok()
    };
    let mut blocks: Vec<(u64, usize)> = Vec::new();
    let lines: Vec<&str> = asm.lines().collect();
    for (i, line) in lines.iter().enumerate() {
        if let Some(offset) = number(line, "; offset 0x") {
            blocks.push((offset, i));
        }
        let Some(to) = number(line, "jmp 0x") else {
            continue;
        };
        if let Some(&(_, header)) = blocks.iter().find(|(offset, _)| *offset == to) {
            return lines[header..=i]
                .iter()
                .copied()
                .filter(|l| !l.starts_with("block"))
                .collect();
        }
    }
    panic!("no jump back");
}

#[test]
fn the_typical_loop_is_short() {
    let m = looping(0, 1);
    let asm = m.compiled.asm.as_deref().unwrap();
    let hot = hot_instructions(asm);
    assert!(
        hot.len() <= 42,
        "{} instructions:\n{}\n\n{asm}",
        hot.len(),
        hot.join("\n")
    );
}

#[test]
fn malformed_traces_are_refused() {
    for (from, to, message) in [
        ("jump %21", "", "jump"),
        ("jump %21", "jump", "jump"),
        ("iadd_ovf %18, %20", "iadd_ovf %18, %12", "iadd_ovf"),
        ("guard_true %14", "guard_true %13", "guard_true"),
        ("[0=%17 1=%12]\n    s4", "[0=%17 1=%22]\n    s4", "value 22"),
        ("ccall %3, %7", "ccall %3", "ccall"),
        (
            "depth 2 [0=%17 1=%12 4=%19]",
            "depth 2 [] / @code pc 2 depth 0 []",
            "a call that is not in the table",
        ),
        ("check -> s4", "check -> s9", "unknown snapshot"),
        ("isext %3, 32", "isext %3, 31", "isext"),
    ] {
        assert!(LOOP.contains(from), "{from}");
        let text = LOOP.replacen(from, to, 1);
        let trace = parse(&text, &[("add", 1), ("range_iterator", 1)]);
        let abort = compile(&trace, &target(), &Request::default()).unwrap_err();
        assert!(
            abort.reason == Reason::Codegen && abort.detail.contains(message),
            "{abort}"
        );
    }
}

#[test]
fn names_without_address_are_refused() {
    let abort = |names: &[(&str, usize)]| -> Abort {
        compile(&parse(LOOP, names), &target(), &Request::default()).unwrap_err()
    };
    assert!(abort(&[("add", 1)]).detail.contains("@range_iterator"));
    assert!(abort(&[("range_iterator", 1)]).detail.contains("@add"));
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

fn executable_mappings() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines()
        .filter(|l| l.contains("r-xp") && l.ends_with(" 0 "))
        .count()
}

#[test]
fn code_goes_with_its_owner() {
    let trace = parse(EMPTY, &[]);
    let one = || compile(&trace, &target(), &Request::default()).unwrap();
    let mut kept: Vec<_> = (0..50).map(|_| one()).collect();
    let (bytes, mappings) = (resident_bytes(), executable_mappings());
    for _ in 0..2000 {
        kept.remove(0);
        kept.push(one());
    }
    // Tests that run at the same time have code of their own.
    assert!(
        executable_mappings() < mappings + 100,
        "{mappings} -> {}",
        executable_mappings()
    );
    assert!(
        resident_bytes() < bytes + (8 << 20),
        "{bytes} -> {}",
        resident_bytes()
    );
}
