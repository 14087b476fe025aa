//! Every arithmetic op in machine code against Rust, over edge values.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the objects live as long as the test"
)]

mod fake;

use fake::{Machine, object};

const INTS: &[i64] = &[
    i64::MIN,
    i64::MIN + 1,
    -(1 << 62),
    -(1 << 32),
    -65536,
    -1000,
    -129,
    -128,
    -8,
    -7,
    -3,
    -2,
    -1,
    0,
    1,
    2,
    3,
    7,
    8,
    127,
    128,
    255,
    256,
    1000,
    32767,
    32768,
    65535,
    65536,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
    1 << 32,
    3_037_000_500,
    1 << 62,
    i64::MAX - 1,
    i64::MAX,
];
const FLOATS: &[f64] = &[
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -2.5,
    1e-300,
    f64::MIN_POSITIVE,
    5e-324,
    f64::MAX,
    f64::MIN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    1e16,
    9_007_199_254_740_993.0,
];

/// A trace that applies `op` to what the objects in slots 0 and 1 (or the constants) hold, and
/// leaves with the result in slot 0, or at pc 0 where the op leaves.
fn trace(
    op: &str,
    field: &str,
    boxing: &str,
    operands: [Option<String>; 2],
    unary: bool,
) -> String {
    let [x, y] = operands;
    let load = |slot: usize, at: usize, constant: Option<String>| match constant {
        Some(c) => format!("%{} = {c}", at + 1),
        None => format!(
            "%{at} = load_slot #{slot}\n %{} = load_field %{at}, @{field}",
            at + 1
        ),
    };
    let snap = if op.ends_with("_ovf") { " -> s0" } else { "" };
    let (mnemonic, imm) = op
        .split_once(' ')
        .map_or((op, String::new()), |(m, i)| (m, format!(", {i}")));
    let args = if unary {
        format!("%1{imm}")
    } else {
        "%1, %3".to_string()
    };
    format!(
        r#"trace "t" locals 2 depth 0 {{
        objs @code
        {}
        {}
        %4 = {mnemonic} {args}{snap}
        %5 = {boxing} %4
        check -> s1
        jump
        snaps
          s0: at @code pc 0 depth 0 []
          s1: at @code pc 2 depth 0 [0=%5]
        }}"#,
        load(0, 0, x),
        load(1, 2, y),
    )
}

/// Runs with these operand bits: the result's bits, or none where the op leaves.
fn run(machine: &mut Machine, x: u64, y: u64) -> Option<u64> {
    machine.set(0, object(0, &[x])).set(1, object(0, &[y]));
    match machine.run().pc {
        0 => None,
        2 => Some(*machine.act.values().last().unwrap()),
        pc => panic!("pc {pc}"),
    }
}

fn machine(
    op: &str,
    field: &str,
    boxing: &str,
    operands: [Option<String>; 2],
    unary: bool,
) -> Machine {
    Machine::new(&trace(op, field, boxing, operands, unary), &[]).leave_at_first_check()
}

/// Checks an integer op for operands in memory and for each side constant.
fn ints(
    op: &str,
    boxing: &str,
    reference: impl Fn(i64, i64) -> Option<i64>,
    defined: impl Fn(i64, i64) -> bool,
) {
    let mut m = machine(op, "RangeIter.start", boxing, [None, None], false);
    for &x in INTS {
        for &y in INTS {
            if defined(x, y) {
                assert_eq!(
                    run(&mut m, x as u64, y as u64),
                    reference(x, y).map(|n| n as u64),
                    "{op} {x} {y}"
                );
            }
        }
    }
    for &c in INTS {
        let constant = Some(format!("int {c}"));
        // A constant divisor of 0, or a shift out of range, is never recorded.
        if INTS.iter().any(|&x| defined(x, c)) {
            let mut m = machine(
                op,
                "RangeIter.start",
                boxing,
                [None, constant.clone()],
                false,
            );
            for &x in INTS.iter().filter(|&&x| defined(x, c)) {
                assert_eq!(
                    run(&mut m, x as u64, 0),
                    reference(x, c).map(|n| n as u64),
                    "{op} {x} constant {c}"
                );
            }
        }
        let mut m = machine(op, "RangeIter.start", boxing, [constant, None], false);
        for &y in INTS.iter().filter(|&&y| defined(c, y)) {
            assert_eq!(
                run(&mut m, 0, y as u64),
                reference(c, y).map(|n| n as u64),
                "{op} constant {c} {y}"
            );
        }
    }
}

fn always(_: i64, _: i64) -> bool {
    true
}

fn shift(_: i64, y: i64) -> bool {
    (0..64).contains(&y)
}

fn divisible(x: i64, y: i64) -> bool {
    y != 0 && !(x == i64::MIN && y == -1)
}

fn floor_div(x: i64, y: i64) -> i64 {
    let q = i128::from(x) / i128::from(y);
    let r = i128::from(x) % i128::from(y);
    (q - i128::from(r != 0 && (r < 0) != (y < 0))) as i64
}

#[test]
fn wrapping_integers() {
    ints("iadd", "box_int", |x, y| Some(x.wrapping_add(y)), always);
    ints("isub", "box_int", |x, y| Some(x.wrapping_sub(y)), always);
    ints("imul", "box_int", |x, y| Some(x.wrapping_mul(y)), always);
    ints("iand", "box_int", |x, y| Some(x & y), always);
    ints("ior", "box_int", |x, y| Some(x | y), always);
    ints("ixor", "box_int", |x, y| Some(x ^ y), always);
}

#[test]
fn shifts() {
    ints("ishl", "box_int", |x, y| Some(x << y), shift);
    ints("ishr", "box_int", |x, y| Some(x >> y), shift);
    ints(
        "iushr",
        "box_int",
        |x, y| Some(((x as u64) >> y) as i64),
        shift,
    );
}

#[test]
fn overflow_leaves() {
    ints("iadd_ovf", "box_int", |x, y| x.checked_add(y), always);
    ints("isub_ovf", "box_int", |x, y| x.checked_sub(y), always);
    ints("imul_ovf", "box_int", |x, y| x.checked_mul(y), always);
}

#[test]
fn floor_division() {
    ints(
        "ifloordiv",
        "box_int",
        |x, y| Some(floor_div(x, y)),
        divisible,
    );
    ints(
        "imod",
        "box_int",
        |x, y| Some(x.wrapping_sub(floor_div(x, y).wrapping_mul(y))),
        divisible,
    );
}

#[test]
fn integer_comparisons() {
    ints("ieq", "box_bool", |x, y| Some((x == y).into()), always);
    ints("ine", "box_bool", |x, y| Some((x != y).into()), always);
    ints("ilt", "box_bool", |x, y| Some((x < y).into()), always);
    ints("ile", "box_bool", |x, y| Some((x <= y).into()), always);
    ints("igt", "box_bool", |x, y| Some((x > y).into()), always);
    ints("ige", "box_bool", |x, y| Some((x >= y).into()), always);
    ints(
        "iult",
        "box_bool",
        |x, y| Some(((x as u64) < y as u64).into()),
        always,
    );
    ints(
        "iule",
        "box_bool",
        |x, y| Some(((x as u64) <= y as u64).into()),
        always,
    );
}

fn unary(
    op: &str,
    field: &str,
    boxing: &str,
    inputs: impl IntoIterator<Item = u64>,
    reference: impl Fn(u64) -> u64,
) {
    let mut m = machine(op, field, boxing, [None, None], true);
    for x in inputs {
        assert_eq!(run(&mut m, x, 0), Some(reference(x)), "{op} {x:#x}");
    }
}

#[test]
fn extensions_and_conversions() {
    let ints = || INTS.iter().map(|&n| n as u64);
    unary("isext 8", "RangeIter.start", "box_int", ints(), |x| {
        x as i8 as u64
    });
    unary("isext 16", "RangeIter.start", "box_int", ints(), |x| {
        x as i16 as u64
    });
    unary("isext 32", "RangeIter.start", "box_int", ints(), |x| {
        x as i32 as u64
    });
    unary("izext 8", "RangeIter.start", "box_int", ints(), |x| {
        x as u8 as u64
    });
    unary("izext 16", "RangeIter.start", "box_int", ints(), |x| {
        x as u16 as u64
    });
    unary("izext 32", "RangeIter.start", "box_int", ints(), |x| {
        x as u32 as u64
    });
    unary("itof", "RangeIter.start", "box_float", ints(), |x| {
        (x as i64 as f64).to_bits()
    });
    unary("utof", "RangeIter.start", "box_float", ints(), |x| {
        (x as f64).to_bits()
    });
    unary(
        "fneg",
        "Float.value",
        "box_float",
        FLOATS.iter().map(|x| x.to_bits()),
        |x| x ^ 1 << 63,
    );
}

fn floats(op: &str, boxing: &str, reference: impl Fn(f64, f64) -> u64) {
    let same = |got: Option<u64>, expected: u64| {
        let nan = |bits| boxing == "box_float" && f64::from_bits(bits).is_nan();
        got == Some(expected) || got.is_some_and(nan) && nan(expected)
    };
    let mut m = machine(op, "Float.value", boxing, [None, None], false);
    for &x in FLOATS {
        let text = if x.is_nan() {
            format!("nan:{:x}", x.to_bits())
        } else {
            format!("{x:?}")
        };
        let mut constant = machine(
            op,
            "Float.value",
            boxing,
            [Some(format!("float {text}")), None],
            false,
        );
        for &y in FLOATS {
            assert!(
                same(run(&mut m, x.to_bits(), y.to_bits()), reference(x, y)),
                "{op} {x} {y}"
            );
            assert!(
                same(run(&mut constant, 0, y.to_bits()), reference(x, y)),
                "{op} constant {x} {y}"
            );
        }
    }
}

#[test]
fn float_arithmetic() {
    floats("fadd", "box_float", |x, y| (x + y).to_bits());
    floats("fsub", "box_float", |x, y| (x - y).to_bits());
    floats("fmul", "box_float", |x, y| (x * y).to_bits());
    floats("fdiv", "box_float", |x, y| (x / y).to_bits());
}

#[test]
fn float_comparisons() {
    floats("feq", "box_bool", |x, y| (x == y).into());
    floats("fne", "box_bool", |x, y| (x != y).into());
    floats("flt", "box_bool", |x, y| (x < y).into());
    floats("fle", "box_bool", |x, y| (x <= y).into());
    floats("fgt", "box_bool", |x, y| (x > y).into());
    floats("fge", "box_bool", |x, y| (x >= y).into());
}

type Truth = fn(bool, bool) -> bool;

#[test]
fn truth_values() {
    let cases: [(&str, Truth); 4] = [
        ("band", |x, y| x && y),
        ("bor", |x, y| x || y),
        ("bxor", |x, y| x != y),
        ("bnot", |x, _| !x),
    ];
    for (op, reference) in cases {
        let args = if op == "bnot" { "%4" } else { "%4, %5" };
        let text = format!(
            r#"trace "t" locals 2 depth 0 {{
            objs @code
            %0 = load_slot #0
            %1 = load_field %0, @RangeIter.start
            %2 = int 0
            %3 = load_field %0, @RangeIter.step
            %4 = ilt %1, %2
            %5 = ine %3, %2
            %6 = {op} {args}
            %7 = btoi %6
            %8 = box_bool %6
            %9 = box_int %7
            check -> s0
            jump
            snaps
              s0: at @code pc 2 depth 0 [0=%8 1=%9]
            }}"#
        );
        let mut m = Machine::new(&text, &[]).leave_at_first_check();
        for (x, y) in [(false, false), (false, true), (true, false), (true, true)] {
            m.set(0, object(0, &[-i64::from(x) as u64, y.into()]));
            let expected = u8::from(reference(x, y));
            let slots = [
                (0, format!("bool {expected}")),
                (1, format!("int {expected}")),
            ];
            assert_eq!(
                m.run(),
                fake::left(2, &slots.each_ref().map(|(s, t)| (*s, t.as_str()))),
                "{op} {x} {y}"
            );
        }
    }
}
