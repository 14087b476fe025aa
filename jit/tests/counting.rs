//! How often a loop went round, whatever holds the number meanwhile, and when it polls.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the objects live as long as the test"
)]

mod fake;

use fake::{Machine, int, object, parse, target};
use jit::Request;
use std::collections::HashMap;

extern "C" fn nothing() {}

/// A loop over `%0`, a number, whose label, body and jump are these; leaves behind ten iterations.
fn run(label: &str, body: &str, jump: &str) -> (u32, u64) {
    let text = format!(
        r#"trace "t" locals 1 depth 0 {{
          objs @code
          func @nothing = void()
          %0 = load_slot #0
          %1 = load_field %0, @RangeIter.start
          %2 = int 1
          %3 = int 10
          %4 = iadd %1, %3
          %5 = isub %1, %3
          %6 = int -1
          %7 = int 3
          {label}
          {body}
          {jump}
          snaps
            s0: at @code pc 2 depth 0 []
            s1: during @code pc 4 depth 0 []
          }}"#
    );
    let mut m = Machine::new(&text, &[("nothing", nothing as *const () as usize)]);
    let pc = m.set(0, object(0x6_0000, &[100, 1, 7])).run().pc;
    (pc, unsafe { (*m.act.activation()).iterations })
}

#[test]
fn a_parameter_that_grows_or_falls_by_one_counts() {
    for (sum, end) in [
        ("iadd %10, %2", "%4"),
        ("iadd %2, %10", "%4"),
        ("isub %10, %6", "%4"),
        ("isub %10, %2", "%5"),
        ("iadd %10, %6", "%5"),
    ] {
        let body = format!("check -> s0\n%11 = ine %10, {end}\nguard_true %11 -> s0\n%12 = {sum}");
        assert_eq!(
            run("label %10: i64 = %1", &body, "jump %12"),
            (2, 11),
            "{sum}"
        );
    }
}

#[test]
fn other_loops_count_by_themselves() {
    let label = "label %10: i64 = %1";
    let calm = "check -> s0\n%13 = isub %10, %1\n%14 = int 30\n%11 = ine %13, %14\n\
        guard_true %11 -> s0\n%12 = iadd %10, %7";
    assert_eq!(run(label, calm, "jump %12"), (2, 11));
    let calls = format!("ccall @nothing -> s1\n{calm}");
    assert_eq!(run(label, &calls, "jump %12"), (2, 11));
}

#[test]
fn what_leaves_in_front_of_the_label_counts_nothing_though_the_body_leaves_likewise() {
    let label = "%9 = ieq %1, %3\nguard_false %9 -> s0\nlabel %10: i64 = %1";
    let body = "check -> s0\n%11 = ine %10, %4\nguard_false %11 -> s0\n%12 = iadd %10, %2";
    assert_eq!(run(label, body, "jump %12"), (2, 1));
    let label = label.replace("%1, %3", "%1, %1");
    assert_eq!(run(&label, body, "jump %12"), (2, 0));
}

/// `while True: n += 1`, which only a check leaves.
const FOREVER: &str = r#"trace "forever" locals 1 depth 0 {
  objs @code @int
  %0 = load_slot #0
  guard_type %0, @int -> s0
  %1 = unbox_int %0 -> s0
  %2 = int 1
  label %3: i64 = %1
  %4 = box_int %3
  check -> s1
  %5 = iadd_ovf %3, %2 -> s1
  jump %5
  snaps
    s0: at @code pc 2 depth 0 []
    s1: at @code pc 4 depth 0 [0=%4]
}
"#;

#[test]
fn a_calm_loop_sees_the_words_change() {
    for which in 0..3 {
        let mut m = Machine::new(FOREVER, &[]);
        let word = match which {
            0 => m.leave_word(),
            1 => &raw mut m.thread[1] as usize,
            _ => &raw mut m.interp[1] as usize,
        };
        let setter = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            unsafe { std::ptr::write_volatile(word as *mut u32, 1) };
        });
        let left = m.set(0, int(7)).run();
        setter.join().unwrap();
        let iterations = unsafe { (*m.act.activation()).iterations };
        assert_eq!(left.pc, 4);
        assert_eq!(left.slots[&0], format!("int {}", 7 + iterations - 1));
    }
}

#[test]
fn a_calm_loop_polls_every_few_iterations() {
    for start in [0i64, -3, 5, i64::MAX - 1000] {
        let mut m = Machine::new(FOREVER, &[]).leave_at_first_check();
        m.set(0, int(i128::from(start))).run();
        let iterations = unsafe { (*m.act.activation()).iterations };
        assert!((1..=256).contains(&iterations), "{iterations}");
    }
}

/// Every other iteration, or each of them, takes a path that steps as the root path does, goes elsewhere,
/// or calls; each is counted, and none goes on for ever without polling.
#[test]
fn paths_of_a_calm_loop_count_and_poll() {
    let nothing = ("nothing", nothing as *const () as usize);
    for (path, by) in [
        ("jump %5", 1),
        ("%8 = iadd_ovf %2, %3 -> s3\n jump %8", 1),
        ("%8 = int 3\n %9 = iadd_ovf %3, %8 -> s3\n jump %9", 3),
        ("%8 = int -5\n %9 = iadd_ovf %3, %8 -> s3\n jump %9", -5),
        ("ccall @nothing -> s4\n check -> s3\n jump %5", 1),
    ] {
        for mask in [0, 1] {
            let root = "%5 = iadd_ovf %3, %2 -> s1\n";
            let guard = format!(
                "{root} %10 = int {mask}\n %6 = iand %3, %10\n %11 = int {}\n %7 = ine %6, %11\n guard_true %7 -> s2\n",
                mask
            );
            let text = FOREVER
                .replacen(root, &guard, 1)
                .replacen(
                    "  jump %5\n",
                    &format!("  jump %5\n branch -> s2\n {path}\n"),
                    1,
                )
                .replacen(
                    "objs @code @int\n",
                    "objs @code @int\n func @nothing = void()\n",
                    1,
                )
                + "s2: at @code pc 6 depth 0 [0=%4]\n s3: at @code pc 8 depth 0 [0=%4]\n s4: during @code pc 8 depth 0 [0=%4]\n}\n";
            let text = text.replacen("}\ns2", "s2", 1);
            let mut m = Machine::new(&text, &[nothing]);
            let word = m.leave_word();
            let setter = std::thread::spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(10));
                unsafe { std::ptr::write_volatile(word as *mut u32, 1) };
            });
            let left = m.set(0, int(6)).run();
            setter.join().unwrap();
            let iterations = unsafe { (*m.act.activation()).iterations } as i64;
            let (mut n, mut turns) = (6, 1);
            let on_path = |n: i64| mask == 0 || n & 1 == 1;
            while turns < iterations {
                n += if on_path(n) { by } else { 1 };
                turns += 1;
            }
            let all = left.slots[&0] == format!("int {n}");
            assert!(
                all && [4, 8].contains(&left.pc),
                "{path} {mask}: {left:?} {n}"
            );
        }
    }
}

/// `while n < 30: n += 1`, whose odd turns take a path of their own.
const ODD_APART: &str = r#"trace "odd apart" locals 1 depth 0 {
  objs @code @int
  %0 = load_slot #0
  guard_type %0, @int -> s0
  %1 = unbox_int %0 -> s0
  %2 = int 1
  %3 = int 30
  %4 = int 0
  label %5: i64 = %1
  %6 = box_int %5
  check -> s1
  %7 = iand %5, %2
  %8 = ieq %7, %4
  guard_true %8 -> s2
  %9 = ilt %5, %3
  guard_true %9 -> s1
  %10 = iadd_ovf %5, %2 -> s1
  jump %10
  branch -> s2
  %11 = iadd_ovf %5, %2 -> s3
  jump %11
  snaps
    s0: at @code pc 2 depth 0 []
    s1: at @code pc 4 depth 0 [0=%6]
    s2: at @code pc 6 depth 0 [0=%6]
    s3: at @code pc 8 depth 0 [0=%6]
}
"#;

#[test]
fn a_path_that_saves_less_is_counted_apart() {
    for (shortfall, start) in [(7, 0), (-7, 0), (7, 30), (1 << 40, 5)] {
        let request = Request {
            shortfalls: HashMap::from([(0, shortfall)]),
            ..Request::default()
        };
        let mut m = Machine::asked(&parse(ODD_APART, &[]), &target(), request).unwrap();
        let left = m.set(0, int(start)).run();
        assert_eq!((left.pc, &*left.slots[&0]), (4, "int 30"));
        let ended = unsafe { *m.act.activation() };
        assert_eq!(ended.iterations, 31 - start as u64);
        assert_eq!(ended.shortfall, shortfall * ((30 - start as i64 + 1) / 2));
    }
    let mut m = Machine::new(ODD_APART, &[]);
    m.set(0, int(0)).run();
    assert_eq!(unsafe { (*m.act.activation()).shortfall }, 0);
}

/// Floats and numbers live across the slow path of unboxing, which is a call.
#[test]
fn the_slow_path_of_unboxing_keeps_every_value() {
    let n = 12;
    let mut text = String::from("trace \"t\" locals 2 depth 0 {\n objs @code @int\n");
    let mut slots = Vec::new();
    text += " %0 = load_slot #0\n %1 = load_field %0, @RangeIter.start\n %2 = itof %1\n";
    let mut value = 3;
    for i in 0..n {
        text += &format!(" %{value} = int {}\n", 1000 + i);
        text += &format!(" %{} = iadd %1, %{value}\n", value + 1);
        text += &format!(" %{} = itof %{}\n", value + 2, value + 1);
        text += &format!(" %{} = box_int %{}\n", value + 3, value + 1);
        text += &format!(" %{} = box_float %{}\n", value + 4, value + 2);
        slots.push((2 * i + 2, value + 3, format!("int {}", 1005 + i)));
        slots.push((2 * i + 3, value + 4, format!("float {}.0", 1005 + i)));
        value += 5;
    }
    let list: Vec<String> = slots.iter().map(|(s, v, _)| format!("{s}=%{v}")).collect();
    text += &format!(
        " %{value} = load_slot #1\n guard_type %{value}, @int -> s0\n \
         %{} = unbox_int %{value} -> s1\n %{} = box_int %{}\n check -> s2\n jump\n snaps\n \
         s0: at @code pc 2 depth 0 []\n s1: at @code pc 4 depth {} [{list}]\n \
         s2: at @code pc 6 depth {} [1=%{} {list}]\n}}\n",
        value + 1,
        value + 2,
        value + 1,
        2 * n,
        2 * n,
        value + 2,
        list = list.join(" "),
    );
    for (number, pc) in [(1i64 << 40, 6), (i64::MIN, 6), (-(1 << 62), 6), (3, 6)] {
        let mut m = Machine::new(&text, &[]).leave_at_first_check();
        let left = m
            .set(0, object(0x6_0000, &[5, 1, 7]))
            .set(1, int(i128::from(number)))
            .run();
        assert_eq!(left.pc, pc);
        assert_eq!(left.slots[&1], format!("int {number}"));
        for (slot, _, shown) in &slots {
            assert_eq!(&left.slots[&(*slot as u16)], shown);
        }
    }
}

/// `t += i` for each number from `first` to `end`, one by one; where the loop stops is one of several
/// comparisons. Gives how often it went round, the sum and the last number.
fn sum(first: i64, end: i64, compare: &str, step: &str) -> (u64, String, String) {
    let text = format!(
        r#"trace "t" locals 2 depth 0 {{
          objs @code @int
          %0 = load_slot #0
          guard_type %0, @int -> s0
          %1 = unbox_int %0 -> s0
          %2 = load_slot #1
          guard_type %2, @int -> s0
          %3 = unbox_int %2 -> s0
          %4 = int 1
          %5 = int 0
          label %6: i64 = %1, %7: i64 = %5
          %8 = box_int %6
          %9 = box_int %7
          check -> s1
          %10 = {compare}
          guard_true %10 -> s1
          %11 = iadd %7, %6
          %12 = {step} %6, %4
          jump %12, %11
          snaps
            s0: at @code pc 2 depth 0 []
            s1: at @code pc 4 depth 0 [0=%8 1=%9]
          }}"#
    );
    let mut m = Machine::new(&text, &[]);
    let [first, end] = [first, end].map(|n| int(i128::from(n)));
    let left = m.set(0, first).set(1, end).run();
    let iterations = unsafe { (*m.act.activation()).iterations };
    (iterations, left.slots[&1].clone(), left.slots[&0].clone())
}

#[test]
fn a_calm_loop_goes_exactly_to_its_end() {
    for len in [0, 1, 2, 255, 256, 257, 511, 512, 513, 5000] {
        for first in [0, -700, 3, i64::MAX - 5000, i64::MIN + 5000] {
            for (compare, step, sign) in [
                ("ine %6, %3", "iadd", 1),
                ("ine %3, %6", "iadd", 1),
                ("ilt %6, %3", "iadd", 1),
                ("igt %3, %6", "iadd", 1),
                ("ine %6, %3", "isub", -1),
                ("igt %6, %3", "isub", -1),
                ("ilt %3, %6", "isub", -1),
            ] {
                let end = first + sign * len;
                let total = (0..len).fold(0i64, |t, i| t.wrapping_add(first + sign * i));
                let expected = (len as u64 + 1, format!("int {total}"), format!("int {end}"));
                assert_eq!(sum(first, end, compare, step), expected, "{compare}");
            }
        }
    }
}

#[test]
fn a_calm_loop_behind_its_end_stops_at_once_or_goes_round() {
    let stops = (1, "int 0".to_string(), "int 9".to_string());
    assert_eq!(sum(9, 5, "ilt %6, %3", "iadd"), stops);
    let stops = (1, "int 0".to_string(), "int -9".to_string());
    assert_eq!(sum(-9, 5, "igt %6, %3", "isub"), stops);
    // From the largest number to the smallest.
    let (first, end) = (i64::MAX - 299, i64::MIN + 300);
    let (iterations, _, last) = sum(first, end, "ine %6, %3", "iadd");
    assert_eq!((iterations, last), (601, format!("int {end}")));
}

#[test]
fn a_calm_loop_without_a_counter_of_its_own_goes_far() {
    let label = "label %10: i64 = %1";
    let calm = "check -> s0\n%13 = isub %10, %1\n%14 = int 3000\n%11 = ine %13, %14\n\
        guard_true %11 -> s0\n%12 = iadd %10, %7";
    assert_eq!(run(label, calm, "jump %12"), (2, 1001));
}
