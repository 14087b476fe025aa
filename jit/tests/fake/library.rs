//! The foreign functions of `traces::eval::library`, as machine code.

use super::running::{called, called_leaf};
use super::scene::in_region;
use traces::eval::library::touched;

/// What traces of tests call.
pub const LIBRARY: &[(&str, *const ())] = &[
    ("add", add as *const ()),
    ("scale", scale as *const ()),
    ("tick", tick as *const ()),
    ("square", square as *const ()),
    ("half", half as *const ()),
    ("not8", not8 as *const ()),
    ("umax", umax as *const ()),
    ("odd", odd as *const ()),
    ("touch", touch as *const ()),
    ("pair", pair as *const ()),
    ("sum3", sum3 as *const ()),
    ("mix", mix as *const ()),
];

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
