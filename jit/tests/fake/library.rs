//! The foreign functions that traces of tests call, as machine code and as the evaluator's.

use super::running::{called, called_leaf};
use super::scene::in_region;
use traces::CType;
use traces::eval::{Datum, Memory};

pub type Closure = fn(&[Datum]) -> Option<Datum>;

/// What traces of tests call: name, machine code, meaning.
pub const LIBRARY: &[(&str, *const (), Closure)] = &[
    ("add", add as *const (), |a| match *a {
        [Datum::Int(x), Datum::Int(y)] => {
            Some(Datum::Int((x as i32).wrapping_add(y as i32).into()))
        }
        _ => None,
    }),
    ("scale", scale as *const (), |a| match *a {
        [Datum::Float(x), Datum::Float(y)] => Some(Datum::Float(x * y)),
        _ => None,
    }),
    ("tick", tick as *const (), |_| None),
    ("square", square as *const (), |a| match *a {
        [Datum::Float(x)] => Some(Datum::Float(x * x)),
        _ => None,
    }),
    ("half", half as *const (), |a| match *a {
        [Datum::Float(x)] => Some(Datum::Float(x / 2.0)),
        _ => None,
    }),
    ("not8", not8 as *const (), |a| match *a {
        [Datum::Int(x)] => Some(Datum::Int(!x)),
        _ => None,
    }),
    ("umax", umax as *const (), |a| match *a {
        [Datum::Int(x), Datum::Int(y)] => Some(Datum::Int((x as u64).max(y as u64) as i64)),
        _ => None,
    }),
    ("odd", odd as *const (), |a| match *a {
        [Datum::Int(x)] => Some(Datum::Bool(x & 1 == 1)),
        _ => None,
    }),
];

pub type OnMemory = fn(&mut Memory, &[Datum]) -> Vec<Datum>;

/// Functions that read and write memory, or give two eightbytes.
pub const ON_MEMORY: &[(&str, *const (), OnMemory)] = &[
    ("touch", touch as *const (), |memory, a| {
        let &[Datum::Ptr(p)] = a else { return vec![] };
        let Ok(old) = memory.peek(p, CType::I64) else {
            return vec![];
        };
        if let Datum::Int(n) = old {
            memory.poke(p, CType::I64, Datum::Int(touched(n)));
        }
        vec![old]
    }),
    ("pair", pair as *const (), |_, a| match *a {
        [Datum::Int(x), Datum::Float(y)] => vec![Datum::Int(!x), Datum::Float(-y)],
        _ => vec![],
    }),
    ("sum3", sum3 as *const (), |_, a| match *a {
        [Datum::Int(x), Datum::Int(y), Datum::Int(z)] => {
            vec![Datum::Int(x.wrapping_add(y).wrapping_add(z))]
        }
        _ => vec![],
    }),
    ("mix", mix as *const (), |_, a| match *a {
        [Datum::Float(x), Datum::Int(n)] => vec![Datum::Float(x), Datum::Int(n.wrapping_add(1))],
        _ => vec![],
    }),
];

pub fn touched(n: i64) -> i64 {
    n.wrapping_mul(3).wrapping_add(1)
}

extern "C" fn touch(p: *mut i64) -> i64 {
    let old = unsafe { p.read_unaligned() };
    let place = if in_region(p as u64) {
        format!("ptr {}", p as u64)
    } else {
        "the memory of an object".to_string()
    };
    called(format!("touch({place}) = {old}"));
    unsafe { p.write_unaligned(touched(old)) };
    old
}

#[repr(C)]
struct Pair(i64, f64);

extern "C" fn pair(x: i64, y: f64) -> Pair {
    called(format!("pair({x}, {y:?}) = {}, {:?}", !x, -y));
    Pair(!x, -y)
}

#[repr(C)]
struct Three(i64, i64, i64);

extern "C" fn sum3(three: Three) -> i64 {
    let Three(x, y, z) = three;
    let sum = x.wrapping_add(y).wrapping_add(z);
    called(format!("sum3({x}, {y}, {z}) = {sum}"));
    sum
}

#[repr(C)]
struct Mixed(f64, i64);

/// A struct in two registers, by its eightbytes.
extern "C" fn mix(mixed: Mixed) -> Mixed {
    let Mixed(x, n) = mixed;
    let more = n.wrapping_add(1);
    called(format!("mix({x:?}, {n}) = {x:?}, {more}"));
    Mixed(x, more)
}

extern "C" fn add(x: i32, y: i32) -> i32 {
    let result = x.wrapping_add(y);
    called(format!("add({x}, {y}) = {result}"));
    result
}
extern "C" fn scale(x: f64, y: f64) -> f64 {
    called(format!("scale({x:?}, {y:?}) = {:?}", x * y));
    x * y
}
/// Is a leaf in all traces.
extern "C" fn square(x: f64) -> f64 {
    called_leaf(format!("square({x:?}) = {:?}", x * x));
    x * x
}
extern "C" fn tick() {
    called("tick()".to_string());
}
extern "C" fn half(x: f32) -> f32 {
    let (wide, result) = (f64::from(x), f64::from(x / 2.0));
    called(format!("half({wide:?}) = {result:?}"));
    x / 2.0
}
extern "C" fn not8(x: u8) -> u8 {
    called(format!("not8({x}) = {}", !x));
    !x
}
extern "C" fn umax(x: u64, y: u64) -> u64 {
    let result = x.max(y);
    called(format!(
        "umax({}, {}) = {}",
        x as i64, y as i64, result as i64
    ));
    result
}
extern "C" fn odd(x: i64) -> bool {
    called(format!("odd({x}) = {}", x & 1 == 1));
    x & 1 == 1
}
