//! The classes of structs by value, on examples. `jit/tests/abi.rs` asks the C compiler about random ones.

use ffi_ops::sysv::{Class, Layout, Member, Shape, classify};
use traces::CType;

fn at(offset: u64, ty: CType) -> Member {
    Member {
        offset,
        shape: Shape::Scalar(ty),
    }
}

fn layout(size: u64, align: u64, fields: Vec<Member>) -> Layout {
    Layout {
        size,
        align,
        fields,
    }
}

fn classes(size: u64, align: u64, fields: Vec<Member>) -> Vec<Class> {
    classify(&layout(size, align, fields)).unwrap().classes
}

#[test]
fn eightbytes_have_the_class_of_what_lies_in_them() {
    use Class::{Integer, Sse};
    assert_eq!(classes(4, 4, vec![at(0, CType::F32)]), [Sse]);
    assert_eq!(
        classes(8, 4, vec![at(0, CType::F32), at(4, CType::I32)]),
        [Integer]
    );
    assert_eq!(
        classes(16, 8, vec![at(0, CType::F64), at(8, CType::U8)]),
        [Sse, Integer]
    );
    let floats = Shape::Array(Box::new(Shape::Scalar(CType::F32)), 4, 3);
    let floats = Member {
        offset: 0,
        shape: floats,
    };
    assert_eq!(classes(12, 4, vec![floats]), [Sse, Sse]);
    // A union.
    assert_eq!(
        classes(8, 8, vec![at(0, CType::F64), at(0, CType::I16)]),
        [Integer]
    );
    // Nested, and bit fields.
    let inner = Member {
        offset: 8,
        shape: Shape::Aggregate(layout(8, 8, vec![at(0, CType::F64)])),
    };
    let bits = Member {
        offset: 0,
        shape: Shape::Bits(40, 3),
    };
    assert_eq!(classes(16, 8, vec![bits, inner]), [Integer, Sse]);
}

#[test]
fn large_and_unaligned_ones_lie_in_memory() {
    let large = vec![at(0, CType::F64), at(8, CType::F64), at(16, CType::F64)];
    assert!(classes(24, 8, large).is_empty());
    // Packed.
    assert!(classes(9, 1, vec![at(0, CType::U8), at(1, CType::F64)]).is_empty());
    let packed = classes(9, 1, vec![at(0, CType::F64), at(8, CType::U8)]);
    assert_eq!(packed, [Class::Sse, Class::Integer]);
}

#[test]
fn what_the_rules_are_not_made_for_is_refused() {
    let other = |what: &str| Member {
        offset: 0,
        shape: Shape::Other(what.to_string()),
    };
    for (size, align, fields, message) in [
        (0, 1, vec![], "an empty struct"),
        (16, 16, vec![other("long double")], "an alignment of 16"),
        (8, 4, vec![other("float _Complex")], "float _Complex"),
        (257, 1, vec![], "257 bytes"),
        (16, 8, vec![at(0, CType::I64)], "an eightbyte of padding"),
        (8, 8, vec![at(16, CType::I64)], "behind the end"),
    ] {
        match classify(&layout(size, align, fields)) {
            Err(why) => assert!(why.contains(message), "{why}"),
            Ok(passed) => panic!("{message}: {passed:?}"),
        }
    }
}
