//! Guards and their exits, boxes, slots and reference counts in machine code.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the objects live as long as the test"
)]

mod fake;

use fake::{
    FLOAT, IMMORTAL, INT, Machine, OTHER, Object, dead, int, int_value, left, object, refcount,
    take_log,
};

#[test]
fn guard_type_leaves_for_another_type_and_for_null() {
    let text = r#"trace "t" locals 1 depth 0 {
        objs @code @int
        %0 = load_slot #0
        guard_type %0, @int -> s0
        check -> s1
        jump
        snaps
          s0: at @code pc 4 depth 1 [1=%0]
          s1: at @code pc 8 depth 0 []
        }"#;
    let mut m = Machine::new(text, &[]).leave_at_first_check();
    let other = object(OTHER, &[]);
    assert_eq!(m.set(0, int(5)).run(), left(8, &[]));
    assert_eq!(
        m.set(0, other).run(),
        left(4, &[(1, &format!("obj {:#x}", other as usize))])
    );
    assert_eq!(
        m.set(0, std::ptr::null_mut()).run(),
        left(4, &[(1, "obj 0x0")])
    );
}

#[test]
fn guard_is_compares_identity() {
    let null = r#"trace "t" locals 1 depth 0 {
        objs @code @NULL @thing
        %0 = load_slot #0
        guard_is %0, @NULL -> s0
        check -> s1
        jump
        snaps
          s0: at @code pc 4 depth 0 []
          s1: at @code pc 8 depth 0 []
        }"#;
    let (thing, other) = (object(OTHER, &[]), object(OTHER, &[]));
    let names = [("thing", thing as usize)];
    let mut m = Machine::new(null, &names).leave_at_first_check();
    assert_eq!(m.run().pc, 8);
    assert_eq!(m.set(0, thing).run().pc, 4);
    let mut m =
        Machine::new(&null.replace("%0, @NULL", "%0, @thing"), &names).leave_at_first_check();
    assert_eq!(m.set(0, thing).run().pc, 8);
    assert_eq!(m.set(0, other).run().pc, 4);
    assert_eq!(m.set(0, std::ptr::null_mut()).run().pc, 4);
}

#[test]
fn guards_on_truth_values() {
    for (op, leaves_when) in [("guard_true", false), ("guard_false", true)] {
        for cond in ["%2 = ilt %1, %9", "%3 = load_slot #1\n %2 = unbox_bool %3"] {
            let text = format!(
                r#"trace "t" locals 2 depth 0 {{
                objs @code
                %9 = int 10
                %0 = load_slot #0
                %1 = load_field %0, @RangeIter.start
                {cond}
                {op} %2 -> s0
                check -> s1
                jump
                snaps
                  s0: at @code pc 4 depth 0 []
                  s1: at @code pc 8 depth 0 []
                }}"#
            );
            let mut m = Machine::new(&text, &[]).leave_at_first_check();
            for truth in [false, true] {
                m.set(0, object(OTHER, &[if truth { 3 } else { 30 }]));
                *m.slot(1) = if truth { 0x7_0000 } else { 0x7_1000 };
                assert_eq!(
                    m.run().pc,
                    if truth == leaves_when { 4 } else { 8 },
                    "{op} {truth}"
                );
            }
        }
    }
}

#[test]
fn every_box_is_described_in_the_exit_and_nothing_is_allocated() {
    let text = r#"trace "t" locals 9 depth 0 {
        objs @code @None @char_p @NULL
        %0 = load_slot #0
        %1 = load_field %0, @RangeIter.start
        %2 = load_field %0, @RangeIter.step
        %3 = float -0.5
        %4 = load_field %0, @CData.data
        %5 = ine %1, %2
        %6 = box_int %1
        %7 = box_uint %1
        %8 = box_float %3
        %9 = box_bool %5
        %10 = box_cdata %4, @char_p
        %11 = obj @None
        %12 = obj @NULL
        %13 = itof %1
        %14 = box_float %13
        check -> s0
        jump
        snaps
          s0: at @code pc 2 depth 2 [0=%6 1=%7 2=%8 3=%9 4=%10 5=%11 6=%12 7=%0 8=%6 9=%14 10=%9]
        }"#;
    let mut m = Machine::new(text, &[("char_p", 0x9999)]).leave_at_first_check();
    let o = object(OTHER, &[-3_i64 as u64, 0x1234]);
    let this = format!("obj {:#x}", o as usize);
    assert_eq!(
        m.set(0, o).run(),
        left(
            2,
            &[
                (0, "int -3"),
                (1, "uint 18446744073709551613"),
                (2, "float -0.5"),
                (3, "bool 1"),
                (4, "cdata 2 0x1234"),
                (5, "const 1"),
                (6, "const 3"),
                (7, &this),
                (8, "int -3"),
                (9, "float -3.0"),
                (10, "bool 1"),
            ]
        )
    );
    let exit = &m.compiled.exits[0];
    assert_eq!(
        exit.slots[0].1, exit.slots[8].1,
        "one value, one word: the two slots hold one object"
    );
    assert_eq!(
        m.compiled.buf_len, 6,
        "six values, and constants need no word"
    );
    assert_eq!(refcount(o), 1);
}

fn unboxing(op: &str, boxing: &str) -> Machine {
    let text = format!(
        r#"trace "t" locals 1 depth 0 {{
        objs @code
        %0 = load_slot #0
        %1 = {op} %0 -> s0
        %2 = {boxing} %1
        check -> s1
        jump
        snaps
          s0: at @code pc 4 depth 0 []
          s1: at @code pc 8 depth 0 [0=%2]
        }}"#
    );
    Machine::new(&text, &[]).leave_at_first_check()
}

#[test]
fn unboxing_ints() {
    let edges = [
        0,
        1,
        -1,
        7,
        (1 << 30) - 1,
        -(1 << 30) + 1,
        1 << 30,
        -(1 << 30),
        i128::from(i64::MAX),
        i128::from(i64::MIN),
    ];
    let beyond = [
        1 << 63,
        -(1 << 63) - 1,
        (1 << 64) - 1,
        1 << 64,
        -(1 << 80),
        1 << 80,
    ];
    let mut signed = unboxing("unbox_int", "box_int");
    let mut unsigned = unboxing("unbox_uint", "box_uint");
    for n in edges.into_iter().chain(beyond) {
        let expected = i64::try_from(n).map(|n| format!("int {n}"));
        let expected = expected.map_or(left(4, &[]), |text| left(8, &[(0, &text)]));
        assert_eq!(signed.set(0, int(n)).run(), expected, "{n}");
        let expected = u64::try_from(n).map(|n| format!("uint {n}"));
        let expected = expected.map_or(left(4, &[]), |text| left(8, &[(0, &text)]));
        assert_eq!(unsigned.set(0, int(n)).run(), expected, "{n}");
    }
}

#[test]
fn unboxing_a_box_gives_what_is_in_it() {
    let text = r#"trace "t" locals 1 depth 0 {
        objs @code @int
        %0 = load_slot #0
        %1 = load_field %0, @RangeIter.start
        %2 = box_int %1
        guard_type %2, @int -> s0
        %3 = unbox_int %2 -> s0
        %4 = unbox_uint %2 -> s0
        %5 = iadd %3, %4
        %6 = box_int %5
        check -> s1
        jump
        snaps
          s0: at @code pc 4 depth 0 []
          s1: at @code pc 8 depth 0 [0=%6]
        }"#;
    let mut m = Machine::new(text, &[]).leave_at_first_check();
    assert_eq!(
        m.set(0, object(OTHER, &[21])).run(),
        left(8, &[(0, "int 42")])
    );
    assert_eq!(
        m.set(0, object(OTHER, &[-21_i64 as u64])).run(),
        left(4, &[])
    );
}

fn slots(body: &str) -> Machine {
    let text = format!(
        r#"trace "t" locals 2 depth 0 {{
        objs @code @NULL @None @thing @char_p
        {body}
        check -> s0
        jump
        snaps
          s0: at @code pc 8 depth 0 []
        }}"#
    );
    let thing = object(OTHER, &[]);
    Machine::new(&text, &[("thing", thing as usize), ("char_p", 0x8888)]).leave_at_first_check()
}

#[test]
fn store_slot_takes_a_reference_and_drops_the_old_one() {
    let mut m = slots("%0 = load_slot #0\n store_slot %0, #1");
    let (a, b) = (object(OTHER, &[]), object(OTHER, &[]));
    m.set(0, a).set(1, std::ptr::null_mut()).run();
    assert_eq!((refcount(a), *m.slot(1)), (2, a as u64));
    unsafe { (*b).refcount = 2 };
    m.set(1, b).run();
    assert_eq!((refcount(a), refcount(b), dead(b)), (3, 1, false));
    m.set(1, b).run();
    assert_eq!((refcount(a), refcount(b), dead(b)), (4, 0, true));
    // The very object that the slot holds.
    m.set(1, a).run();
    assert_eq!((refcount(a), dead(a)), (4, false));
}

#[test]
fn immortal_objects_are_not_counted() {
    let mut m = slots("%0 = load_slot #0\n store_slot %0, #1");
    for count in [IMMORTAL, 0x8000_0001] {
        let (a, b) = (object(OTHER, &[]), object(OTHER, &[]));
        unsafe {
            (*a).refcount = IMMORTAL;
            (*b).refcount = count;
        }
        m.set(0, a).set(1, b).run();
        assert_eq!((refcount(a), refcount(b)), (IMMORTAL, count));
    }
    let mut m = slots("clear_slot #1");
    let b = object(OTHER, &[]);
    unsafe { (*b).refcount = IMMORTAL };
    m.set(1, b).run();
    assert_eq!((refcount(b), *m.slot(1)), (IMMORTAL, 0));
}

type Test = fn(*mut Object);

#[test]
fn stored_boxes_become_objects() {
    let cases: [(&str, Test); 4] = [
        ("%0 = int -9\n %1 = box_int %0", |o| {
            assert_eq!((int_value(o), refcount(o)), (-9, 1))
        }),
        ("%0 = int -1\n %1 = box_uint %0", |o| {
            assert_eq!(int_value(o), (1 << 64) - 1)
        }),
        ("%0 = float 2.5\n %1 = box_float %0", |o| unsafe {
            assert_eq!(((*o).ty, (*o).words[0]), (FLOAT, 2.5_f64.to_bits()))
        }),
        ("%0 = ptr 4660\n %1 = box_cdata %0, @char_p", |o| unsafe {
            assert_eq!((&(*o).words)[..2], [0x8888, 0x1234])
        }),
    ];
    for (body, test) in cases {
        let mut m = slots(&format!("{body}\n store_slot %1, #0\n init_slot %1, #2"));
        let old = int(3);
        m.set(0, old).run();
        test(*m.slot(0) as *mut Object);
        test(*m.slot(2) as *mut Object);
        assert!(dead(old));
    }
    let mut m = slots(
        "%0 = truth true\n %1 = box_bool %0\n store_slot %1, #0\n %2 = obj @None\n store_slot %2, #1\n %3 = obj @NULL\n init_slot %3, #2",
    );
    *m.slot(2) = 1;
    m.run();
    assert_eq!(
        (*m.slot(0), *m.slot(1), *m.slot(2)),
        (0x7_0000, 0x7_2000, 0)
    );
}

#[test]
fn moving_clearing_dropping() {
    let mut m = slots("move_slot #1, #3");
    let (a, b) = (object(OTHER, &[]), object(OTHER, &[]));
    m.set(1, a).set(3, b).run();
    assert_eq!((refcount(b), dead(a), *m.slot(1)), (1, true, b as u64));

    let mut m = slots("clear_slot #0\n clear_slot #3\n drop_slot #1");
    let (a, b, c) = (object(OTHER, &[]), object(OTHER, &[]), object(OTHER, &[]));
    take_log();
    m.set(0, a).set(3, b).set(1, c).run();
    assert!(dead(a) && dead(b) && dead(c));
    assert_eq!((*m.slot(0), *m.slot(1)), (0, 0));
    // Only the last may run a finaliser: the frame stands at the bytecode before the check's.
    assert_eq!(take_log()[2], "dealloc pc 6");
    m.set(0, std::ptr::null_mut())
        .set(3, std::ptr::null_mut())
        .run();
    assert!(take_log().is_empty());
}

#[test]
fn replace_slot_places_the_frame_before_a_finaliser_runs() {
    let mut m = slots("%0 = obj @thing\n replace_slot %0, #0");
    let old = object(INT, &[]);
    take_log();
    m.set(0, old).run();
    assert!(dead(old));
    assert_eq!(take_log(), ["dealloc pc 6"]);
    let new = *m.slot(0) as *mut Object;
    assert_eq!(
        (refcount(new), m.frame[1]),
        (2, (fake::CODE + fake::CODE_BYTES + 6) as u64)
    );
}

#[test]
fn fields_items_and_addresses() {
    let mut m = Machine::new(
        r#"trace "t" locals 3 depth 0 {
        objs @code @thing
        %0 = load_slot #0
        %1 = load_field %0, @List.items
        %2 = load_field %0, @List.size
        %3 = load_item %1, %2
        %4 = field_addr %0, @Tuple.items
        %5 = load %4, ptr, 8
        %6 = ptoi %5
        %7 = int 1
        %8 = load_item %4, %7
        %9 = obj @thing
        %10 = same %8, %9
        store_field %0, %6, @RangeIter.step
        %11 = box_bool %10
        %12 = box_int %6
        %13 = itop %6
        %14 = same %3, %9
        %15 = box_bool %14
        check -> s0
        jump
        snaps
          s0: at @code pc 8 depth 0 [0=%11 1=%12 2=%3 3=%15]
        }"#,
        &[("thing", 0x4444)],
    )
    .leave_at_first_check();
    let items: [u64; 3] = [1, 2, 3];
    let o = object(OTHER, &[items.as_ptr() as u64, 2, 10, 0x4444]);
    assert_eq!(
        m.set(0, o).run(),
        left(
            8,
            &[
                (0, "bool 1"),
                (1, "int 17476"),
                (2, "obj 0x3"),
                (3, "bool 0")
            ]
        )
    );
    assert_eq!(unsafe { (*o).words[1] }, 0x4444);
}
