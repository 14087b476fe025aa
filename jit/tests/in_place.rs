//! Objects that are written over by what takes their place, and iterators that one loop leaves to the next.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the objects live as long as the test"
)]

mod fake;

use fake::{
    CDATA, CDATA_OWN, INT, Machine, OTHER, Object, RANGE_ITER, dead, int, object, parse, refcount,
    target,
};
use traces::Helper;

extern "C" fn range_iter_new(start: i64, step: i64, len: i64) -> *mut Object {
    object(RANGE_ITER, &[start as u64, step as u64, len as u64])
}

/// A trace of one pass, of a process where objects may be written over.
fn machine(text: &str) -> Machine {
    let trace = parse(text, &[("char_p", 0x8888)]);
    let mut target = target();
    target.writes_over = true;
    target.helpers[Helper::RangeIterNew as usize] = range_iter_new as *const () as usize;
    Machine::with(&trace, &target)
        .unwrap()
        .leave_at_first_check()
}

fn stores(body: &str) -> Machine {
    machine(&format!(
        r#"trace "t" locals 2 depth 0 {{
        objs @code @NULL @cdata @char_p
        {body}
        store_slot %1, #0
        check -> s0
        jump
        snaps
          s0: at @code pc 8 depth 0 []
        }}"#
    ))
}

#[test]
fn an_int_of_one_digit_takes_the_memory_of_one_that_dies() {
    for n in [257_i64, 1000, (1 << 30) - 1] {
        let mut m = stores(&format!("%0 = int {n}\n %1 = box_int %0"));
        for old in [-300, 300, 1 << 40] {
            let old = int(old);
            m.set(0, old).run();
            assert_eq!(*m.slot(0), old as u64);
            let words = unsafe { (*old).words };
            assert_eq!((words[0], words[1] as u32), (8, n as u32));
            assert_eq!((refcount(old), dead(old)), (1, false));
        }
    }
}

#[test]
fn an_int_that_is_shared_or_larger_is_an_object_of_its_own() {
    for n in [-6_i64, -1000, 0, 7, 256, 1 << 30, i64::MIN, i64::MAX] {
        let mut m = stores(&format!("%0 = int {n}\n %1 = box_int %0"));
        let old = int(300);
        m.set(0, old).run();
        assert!(*m.slot(0) != old as u64 && dead(old), "{n}");
    }
}

#[test]
fn what_somebody_else_has_or_is_of_another_type_stays() {
    let mut m = stores("%0 = int 1000\n %1 = box_int %0");
    let held = int(300);
    unsafe { (*held).refcount = 2 };
    m.set(0, held).run();
    let words = unsafe { (*held).words };
    assert_eq!((refcount(held), words[1] as u32), (1, 300));
    let other = object(OTHER, &[8, 300]);
    m.set(0, other).run();
    assert!(*m.slot(0) != other as u64 && dead(other));
    assert_eq!(unsafe { (*(*m.slot(0) as *const Object)).ty }, INT);
    m.set(0, std::ptr::null_mut()).run();
    assert_eq!(refcount(*m.slot(0) as *const Object), 1);
}

#[test]
fn a_cdata_takes_the_memory_of_one_of_its_ctype_without_weak_references() {
    let mut m = stores("%0 = ptr 4660\n %1 = box_cdata %0, @char_p");
    let old = object(CDATA, &[0x8888, 5, 0, 0]);
    m.set(0, old).run();
    assert_eq!(*m.slot(0), old as u64);
    assert_eq!(unsafe { (&(*old).words)[..2].to_vec() }, [0x8888, 0x1234]);
    for (ty, words) in [
        (CDATA, [0x9999, 5, 0, 0]),
        (CDATA, [0x8888, 5, 0, 0x7777]),
        (CDATA_OWN, [0x8888, 5, 0, 0]),
    ] {
        let old = object(ty, &words);
        m.set(0, old).run();
        assert!(*m.slot(0) != old as u64 && dead(old), "{words:?}");
    }
}

/// A loop ends and the next one begins: slot 1 is on the operand stack.
const LOOPS: &str = r#"trace "t" locals 1 depth 0 {
    objs @code @NULL
    clear_slot #1
    %0 = int 5
    %1 = int 2
    %2 = int 9
    %3 = call_new %0, %1, %2, @range_iter_new, #1 -> s0
    check -> s1
    jump
    snaps
      s0: raise 0 @code pc 4 depth 0 []
      s1: at @code pc 8 depth 1 []
    }"#;

#[test]
fn an_iterator_at_its_end_is_the_next_one() {
    let mut m = machine(LOOPS);
    let old = range_iter_new(1, 1, 0);
    m.set(1, old).run();
    assert_eq!(*m.slot(1), old as u64);
    assert_eq!(unsafe { (&(*old).words)[..3].to_vec() }, [5, 2, 9]);
    assert_eq!((refcount(old), dead(old)), (1, false));
    assert!(unsafe { (*m.act.activation()).spare.is_null() });
}

#[test]
fn an_iterator_that_others_have_or_another_object_is_dropped() {
    let mut m = machine(LOOPS);
    let held = range_iter_new(1, 1, 3);
    unsafe { (*held).refcount = 2 };
    m.set(1, held).run();
    assert!(*m.slot(1) != held as u64 && refcount(held) == 1);
    assert_eq!(unsafe { (*held).words[2] }, 3);
    let other = object(OTHER, &[]);
    m.set(1, other).run();
    assert!(*m.slot(1) != other as u64 && dead(other));
}

#[test]
fn a_second_iterator_is_not_kept() {
    let twice = LOOPS.replacen("clear_slot #1", "clear_slot #1\n clear_slot #2", 1);
    let mut m = machine(&twice);
    let (first, second) = (range_iter_new(1, 1, 0), range_iter_new(2, 1, 0));
    m.set(1, first).set(2, second).run();
    assert_eq!(*m.slot(1), first as u64);
    assert!(dead(second) && !dead(first));
}
