//! Foreign calls and helper calls in machine code.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the objects live as long as the test"
)]

mod fake;

use fake::{
    DEAD, Machine, NOW, OTHER, Object, int, int_value, left, log, look, object, refcount, take_log,
};
use jit::Activation;
use std::sync::atomic::Ordering;
use traces::CType;

/// A trace that passes what the object in slot 0 holds and leaves with the result in slot 0.
fn one_call(declaration: &str, field: &str, convert: &str, back: &str, boxing: &str) -> String {
    format!(
        r#"trace "t" locals 1 depth 0 {{
        objs @code
        func @f = {declaration}
        %0 = load_slot #0
        %1 = load_field %0, @{field}
        {convert}
        %3 = ccall %2, @f -> s0
        {back}
        %5 = {boxing} %4
        check -> s1
        jump
        snaps
          s0: during @code pc 4 depth 0 []
          s1: at @code pc 8 depth 0 [0=%5]
        }}"#
    )
}

fn call_i64(declaration: &str, f: usize, x: i64) -> i64 {
    let text = one_call(
        declaration,
        "RangeIter.start",
        "%9 = int 0\n %2 = iadd %1, %9",
        "%9 = int 0\n %4 = iadd %3, %9",
        "box_int",
    );
    let text = text.replacen("%9 = int 0\n %4", "%4", 1);
    let mut m = Machine::new(&text, &[("f", f)]).leave_at_first_check();
    assert_eq!(m.set(0, object(OTHER, &[x as u64])).run().pc, 8);
    *m.act.values().last().unwrap() as i64
}

macro_rules! identity {
    ($name:ident $ty:ty) => {
        extern "C" fn $name(x: $ty) -> $ty {
            std::hint::black_box(x)
        }
    };
}
identity!(id_i8 i8);
identity!(id_u8 u8);
identity!(id_i16 i16);
identity!(id_u16 u16);
identity!(id_i32 i32);
identity!(id_u32 u32);
identity!(id_i64 i64);
identity!(id_u64 u64);
identity!(id_ptr *const u8);
identity!(id_f32 f32);
identity!(id_f64 f64);
identity!(id_bool bool);

const EDGES: &[i64] = &[
    0,
    1,
    -1,
    127,
    128,
    -128,
    -129,
    255,
    256,
    32767,
    32768,
    -32768,
    65535,
    65536,
    i32::MAX as i64,
    i32::MIN as i64,
    0xFFFF_FFFF,
    i64::MAX,
    i64::MIN,
];

type Conversion = fn(i64) -> i64;

#[test]
fn every_integer_type_passes_and_returns() {
    let cases: [(CType, usize, Conversion); 8] = [
        (CType::I8, id_i8 as *const () as usize, |x| x as i8 as i64),
        (CType::U8, id_u8 as *const () as usize, |x| x as u8 as i64),
        (CType::I16, id_i16 as *const () as usize, |x| {
            x as i16 as i64
        }),
        (CType::U16, id_u16 as *const () as usize, |x| {
            x as u16 as i64
        }),
        (CType::I32, id_i32 as *const () as usize, |x| {
            x as i32 as i64
        }),
        (CType::U32, id_u32 as *const () as usize, |x| {
            x as u32 as i64
        }),
        (CType::I64, id_i64 as *const () as usize, |x| x),
        (CType::U64, id_u64 as *const () as usize, |x| x),
    ];
    for (ty, f, reference) in cases {
        for &x in EDGES {
            assert_eq!(
                call_i64(&format!("{0}({0})", ty.name()), f, x),
                reference(x),
                "{ty:?} {x}"
            );
        }
    }
}

extern "C" fn see_32(x: u32) -> u32 {
    std::hint::black_box(x)
}
extern "C" fn dirty(x: u64) -> u64 {
    0xDEAD_BEEF_5A5A_A500 & !0xFF | x & 0xFF
}

#[test]
fn narrow_arguments_are_extended_and_narrow_results_are_not_trusted() {
    // The callee sees 32 bits of the register of a narrow argument.
    let see = see_32 as *const () as usize;
    assert_eq!(call_i64("uint32(int8)", see, 0x1FF), 0xFFFF_FFFF);
    assert_eq!(call_i64("uint32(uint8)", see, 0x1FF), 0xFF);
    assert_eq!(call_i64("uint32(int16)", see, 0x7_8000), 0xFFFF_8000);
    assert_eq!(call_i64("uint32(uint16)", see, 0x7_8000), 0x8000);
    let dirty = dirty as *const () as usize;
    assert_eq!(call_i64("int8(uint64)", dirty, 0x80), -128);
    assert_eq!(call_i64("uint8(uint64)", dirty, 0x80), 128);
    assert_eq!(
        call_i64("int16(uint64)", dirty, 0x80),
        0xA580_u16 as i16 as i64
    );
    assert_eq!(call_i64("uint16(uint64)", dirty, 0x80), 0xA580);
    assert_eq!(call_i64("int32(uint64)", dirty, 0x80), 0x5A5A_A580);
    assert_eq!(call_i64("uint32(uint64)", dirty, 0x80), 0x5A5A_A580);
}

#[test]
fn truth_values_pass_and_return() {
    let convert = "%9 = int 0\n %2 = ine %1, %9";
    let text = |d: &str| one_call(d, "RangeIter.start", convert, "%4 = btoi %3", "box_int");
    let mut m = Machine::new(
        &text("_Bool(_Bool)"),
        &[("f", id_bool as *const () as usize)],
    )
    .leave_at_first_check();
    for x in [0, 1, 256] {
        assert_eq!(
            m.set(0, object(OTHER, &[x])).run(),
            left(8, &[(0, if x == 0 { "int 0" } else { "int 1" })])
        );
    }
    let mut m = Machine::new(
        &text("uint32(_Bool)").replace("%4 = btoi %3", "%10 = int 0\n %4 = iadd %3, %10"),
        &[("f", see_32 as *const () as usize)],
    );
    m.leaves = true;
    assert_eq!(
        m.set(0, object(OTHER, &[512])).run(),
        left(8, &[(0, "int 1")])
    );
    // Only the low byte counts.
    let text = one_call(
        "_Bool(uint64)",
        "RangeIter.start",
        "%9 = int 0\n %2 = iadd %1, %9",
        "%4 = btoi %3",
        "box_int",
    );
    let mut m = Machine::new(&text, &[("f", dirty as *const () as usize)]).leave_at_first_check();
    assert_eq!(
        m.set(0, object(OTHER, &[0])).run(),
        left(8, &[(0, "int 0")])
    );
    assert_eq!(
        m.set(0, object(OTHER, &[1])).run(),
        left(8, &[(0, "int 1")])
    );
}

#[test]
fn floats_pass_and_return() {
    let convert = "%2 = fneg %1";
    let back = "%4 = fneg %3";
    for x in [
        0.0,
        -0.0,
        1.5,
        1e300,
        0.1,
        f64::INFINITY,
        f64::MIN_POSITIVE,
        f64::NAN,
    ] {
        let run = |d: &str, f: usize| {
            let mut m = Machine::new(
                &one_call(d, "Float.value", convert, back, "box_float"),
                &[("f", f)],
            )
            .leave_at_first_check();
            m.set(0, object(OTHER, &[f64::to_bits(x)])).run();
            f64::from_bits(*m.act.values().last().unwrap())
        };
        let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
        assert!(
            same(run("double(double)", id_f64 as *const () as usize), x),
            "{x}"
        );
        assert!(
            same(
                run("float(float)", id_f32 as *const () as usize),
                f64::from(x as f32)
            ),
            "{x}"
        );
    }
}

#[test]
fn pointers_and_addresses_in_values() {
    let text = r#"trace "t" locals 2 depth 0 {
        objs @code @char_p
        func @f = ptr(ptr) indirect
        %0 = load_slot #0
        %1 = load_field %0, @CData.data
        %2 = load_slot #1
        %3 = load_field %2, @CData.data
        %4 = ccall %3, %1, @f -> s0
        %5 = box_cdata %4, @char_p
        check -> s1
        jump
        snaps
          s0: during @code pc 4 depth 0 []
          s1: at @code pc 8 depth 0 [0=%5]
        }"#;
    let mut m = Machine::new(text, &[("char_p", 1)]).leave_at_first_check();
    m.set(0, object(OTHER, &[0, 0x1234_5678_9ABC_DEF0]))
        .set(1, object(OTHER, &[0, id_ptr as *const () as u64]));
    assert_eq!(m.run(), left(8, &[(0, "cdata 1 0x123456789abcdef0")]));
}

#[allow(clippy::too_many_arguments)]
extern "C" fn mixed(
    a: i8,
    b: f64,
    c: u16,
    d: f32,
    e: i64,
    f: f64,
    g: u64,
    h: f32,
    i: i32,
    j: f64,
    k: u8,
    l: f64,
    m: i16,
    n: f64,
    o: *const u8,
    p: f32,
    q: bool,
    r: f64,
    s: i8,
    t: f32,
) -> f64 {
    let ints = format!("{a} {c} {e} {g} {i} {k} {m} {:#x} {q} {s}", o as usize);
    log(format!("{ints} | {b} {d} {f} {h} {j} {l} {n} {p} {r} {t}"));
    b + r
}

#[test]
fn twenty_mixed_arguments() {
    let params = "int8, double, uint16, float, int64, double, uint64, float, int32, double, uint8, double, int16, double, ptr, float, _Bool, double, int8, float";
    let mut ops = String::new();
    let (mut ints, mut floats) = (
        [-1, 65535, i64::MIN, -2, -3, 254, -4, 0xABC0, 1, -5].into_iter(),
        0,
    );
    for (i, ty) in params.split(", ").enumerate() {
        ops += &match ty {
            "double" | "float" => {
                floats += 1;
                format!("%{i} = float {floats}.5\n")
            }
            "ptr" => format!("%{i} = ptr {}\n", ints.next().unwrap()),
            "_Bool" => format!("%{i} = truth {}\n", ints.next().unwrap() == 1),
            _ => format!("%{i} = int {}\n", ints.next().unwrap()),
        };
    }
    let args: Vec<String> = (0..20).map(|i| format!("%{i}")).collect();
    let text = format!(
        r#"trace "t" locals 1 depth 0 {{
        objs @code
        func @f = double({params})
        {ops}
        %20 = ccall {}, @f -> s0
        %21 = box_float %20
        check -> s1
        jump
        snaps
          s0: during @code pc 4 depth 0 []
          s1: at @code pc 8 depth 0 [0=%21]
        }}"#,
        args.join(", ")
    );
    take_log();
    let mut m = Machine::new(&text, &[("f", mixed as *const () as usize)]).leave_at_first_check();
    assert_eq!(m.run(), left(8, &[(0, "float 11.0")]));
    assert_eq!(
        take_log(),
        [
            "-1 65535 -9223372036854775808 18446744073709551614 -3 254 -4 0xabc0 true -5 | 1.5 2.5 3.5 4.5 5.5 6.5 7.5 8.5 9.5 10.5"
        ]
    );
}

extern "C" fn callee() {
    look("callee");
}

/// A trace that calls a function of the address in the cdata in slot 0.
fn call_of_address(flags: &str) -> String {
    format!(
        r#"trace "t" locals 1 depth 0 {{
        objs @code
        func @f = void(ptr) {flags}
        %0 = load_slot #0
        %1 = load_field %0, @CData.data
        ccall %1, @f -> s0
        check -> s1
        jump
        snaps
          s0: during @code pc 4 depth 0 []
          s1: at @code pc 8 depth 0 []
        }}"#
    )
}

/// What a call without the GIL finds; takes the GIL away where it is told to.
extern "C" fn without_gil(steals: u64) {
    let (act, _) = NOW.with_borrow(|now| *now);
    let handoff = unsafe { &mut (*(act as *mut Activation)).handoff };
    let current = unsafe { *handoff.current };
    log(format!(
        "current {}, inside {}",
        if current.is_null() { "none" } else { "thread" },
        handoff.inside
    ));
    handoff.stolen |= steals;
}

#[test]
fn what_stands_around_a_call_is_in_order() {
    let trace = |flags| {
        format!(
            r#"trace "t" locals 1 depth 0 {{
            objs @code
            func @f = void() {flags}
            ccall @f -> s0
            check -> s1
            jump
            snaps
              s0: during @code pc 4 depth 0 []
              s1: at @code pc 8 depth 0 []
            }}"#
        )
    };
    for (flags, expected) in [
        ("", vec!["callee pc 4 during 4 {}"]),
        (
            "gil",
            vec![
                "release 1",
                "callee pc 4 during 4 {}",
                "come back 1, inside 0",
            ],
        ),
    ] {
        take_log();
        Machine::new(&trace(flags), &[("f", callee as *const () as usize)])
            .leave_at_first_check()
            .run();
        assert_eq!(take_log(), expected);
    }
}

#[test]
fn a_call_that_is_not_plain_only_says_that_it_needs_no_gil() {
    let text = call_of_address("gil");
    for (steals, expected) in [
        (0, vec!["current none, inside 1"]),
        (1, vec!["current none, inside 1", "come back 1, inside 0"]),
    ] {
        take_log();
        let m = Machine::new(&text, &[("f", without_gil as *const () as usize)]);
        let mut m = m.leave_at_first_check();
        m.compiled.sites[0].plain.store(0, Ordering::Relaxed);
        m.set(0, object(OTHER, &[0, steals])).run();
        assert_eq!(take_log(), expected);
        assert_eq!(*m.current, m.thread.as_mut_ptr().cast());
        let handoff = unsafe { (*m.act.activation()).handoff };
        assert_eq!((handoff.inside, handoff.stolen), (0, 0));
    }
}

extern "C" fn sets_errno(errno: *mut i32) {
    log(format!("errno {}", unsafe { *errno }));
    unsafe { *errno += 100 };
}

#[test]
fn errno_is_restored_before_and_saved_behind() {
    for (flags, seen, after) in [("", 7, [107, 5]), ("errno", 5, [105, 105])] {
        let text = call_of_address(flags);
        take_log();
        let mut m =
            Machine::new(&text, &[("f", sets_errno as *const () as usize)]).leave_at_first_check();
        let errno = &raw mut m.errno[0] as u64;
        m.set(0, object(OTHER, &[0, errno])).run();
        assert_eq!(take_log(), [format!("errno {seen}")]);
        assert_eq!(*m.errno, after);
    }
}

#[test]
fn the_callee_can_see_the_frame_as_it_stands() {
    let text = r#"trace "t" locals 3 depth 0 {
        objs @code @None @fn
        func @f = void()
        %0 = load_slot #0
        %1 = load_field %0, @RangeIter.start
        %2 = box_int %1
        %3 = obj @None
        ccall @f -> s0
        %4 = itof %1
        %5 = box_float %4
        ccall @f -> s1
        %6 = int 5
        %7 = box_int %6
        %8 = obj @fn
        %9 = call_py %8, %7, @call, #3 -> s2
        ccall @f -> s1
        drop_slot #3
        check -> s3
        jump
        snaps
          s0: during @code pc 4 depth 0 [0=%2 1=%3]
          s1: during @code pc 10 depth 1 [0=%5 1=%2 2=%0]
          s2: raise 2 @code pc 20 depth 2 [3=%8 4=%7]
          s3: at @code pc 30 depth 0 []
        }"#;
    take_log();
    let function = object(OTHER, &[]);
    let mut m = Machine::new(
        text,
        &[
            ("f", callee as *const () as usize),
            ("fn", function as usize),
        ],
    )
    .leave_at_first_check();
    let o = object(OTHER, &[17]);
    let this = format!(
        "{{0: \"float 17.0\", 1: \"int 17\", 2: \"obj {:#x}\"}}",
        o as usize
    );
    assert_eq!(m.set(0, o).run().pc, 30);
    let log = take_log();
    let second = format!("callee pc 10 during 10 {this}");
    assert_eq!(
        log[0],
        r#"callee pc 4 during 4 {0: "int 17", 1: "const 1"}"#
    );
    assert_eq!(log[1], second);
    assert_eq!(
        log[2], "call pc 20",
        "no foreign call runs while a helper does"
    );
    assert!(log.contains(&second));
    assert_eq!(log.last().unwrap(), "dealloc pc 28");
    assert_eq!(m.compiled.durings.len(), 2, "equal records are one");
}

fn py(op: &str, snaps: &str) -> String {
    format!(
        r#"trace "t" locals 2 depth 0 {{
        objs @code @fn @NULL
        %0 = load_slot #0
        %1 = obj @fn
        %2 = obj @NULL
        %3 = int -7
        %4 = box_int %3
        {op}
        check -> s1
        jump
        snaps
          s0: raise 3 @code pc 20 depth 3 [2=%1 3=%0 4=%4]
          {snaps}
        }}"#
    )
}

#[test]
fn call_py_consumes_new_references_and_its_slot_owns_the_result() {
    let function = object(OTHER, &[]);
    let text = py(
        "%5 = call_py %1, %2, %0, %4, %0, @call, #2 -> s0",
        "s1: at @code pc 30 depth 1 []",
    );
    let mut m = Machine::new(&text, &[("fn", function as usize)]).leave_at_first_check();
    let dead = || DEAD.with_borrow(Vec::len);
    let n = int(100);
    assert_eq!(m.set(0, n).run(), left(30, &[]));
    let result = *m.slot(2) as *mut Object;
    assert_eq!((int_value(result), refcount(result)), (193, 1));
    assert_eq!((refcount(n), refcount(function), dead()), (1, 1, 1));
    // Raising: nothing is stored, nothing is lost.
    *m.slot(2) = 1;
    let n = int(3);
    let expected = [
        (2, "const 1".to_string()),
        (3, format!("obj {:#x}", n as usize)),
        (4, "int -7".to_string()),
    ];
    assert_eq!(
        m.set(0, n).run(),
        left(20, &expected.each_ref().map(|(s, t)| (*s, t.as_str())))
    );
    assert_eq!(
        (refcount(n), refcount(function), dead(), *m.slot(2)),
        (1, 1, 2, 1)
    );
}

#[test]
fn the_leading_integer_goes_as_the_extra_argument() {
    let text = py(
        "%6 = int 1000\n %5 = call_py %6, %0, %0, @binary, #2 -> s0",
        "s1: at @code pc 30 depth 1 []",
    );
    let mut m = Machine::new(&text, &[("fn", 8)]).leave_at_first_check();
    m.set(0, int(5)).run();
    assert_eq!(int_value(*m.slot(2) as *const Object), 1005);
}

#[test]
fn call_py_bool_gives_a_truth_value_or_leaves() {
    let text = py(
        "%5 = call_py_bool %0, @truth -> s0\n %6 = box_bool %5",
        "s1: at @code pc 30 depth 0 [0=%6]",
    );
    let mut m = Machine::new(&text, &[("fn", 8)]).leave_at_first_check();
    assert_eq!(m.set(0, int(0)).run(), left(30, &[(0, "bool 0")]));
    assert_eq!(m.set(0, int(1)).run(), left(30, &[(0, "bool 1")]));
    let n = int(-1);
    assert_eq!(m.set(0, n).run().pc, 20);
    assert_eq!(refcount(n), 1);
}

#[test]
fn pure_helpers_and_boxes_as_their_arguments() {
    let text = r#"trace "t" locals 2 depth 0 {
        objs @code
        %0 = load_slot #0
        %1 = float 7.5
        %2 = float -2.0
        %3 = call %1, %2, @float_mod
        %4 = int 3
        %5 = int 40
        %6 = call %4, %5, @int_pow_fits
        %7 = box_float %3
        %8 = box_bool %6
        %9 = box_int %4
        call %0, %9, @cell_set
        check -> s0
        jump
        snaps
          s0: at @code pc 4 depth 0 [0=%7 1=%8]
        }"#;
    let mut m = Machine::new(text, &[]).leave_at_first_check();
    let old = int(1);
    let cell = object(OTHER, &[old as u64]);
    assert_eq!(
        m.set(0, cell).run(),
        left(4, &[(0, "float 1.5"), (1, "bool 0")])
    );
    let new = unsafe { (*cell).words[0] } as *mut Object;
    assert_eq!((int_value(new), refcount(new), refcount(old)), (3, 1, 0));
}
