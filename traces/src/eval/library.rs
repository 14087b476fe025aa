//! Foreign functions and helpers for runs without a program: small, and each of another signature.
//!
//! | function | gives |
//! | --- | --- |
//! | `add(x, y)` | `x + y`, as 32 bits |
//! | `scale(x, y)` | `x * y`, of doubles |
//! | `square(x)`, `half(x)` | `x * x`, `x / 2` |
//! | `not8(x)` | `~x` |
//! | `umax(x, y)` | the greater one, unsigned |
//! | `odd(x)` | whether it is |
//! | `tick()` | nothing |
//! | `touch(p)` | the `int64_t` at an address, which is made 3 times as much and 1 |
//! | `pair(x, y)` | the struct of `~x` and `-y` |
//! | `sum3(x, y, z)` | the sum |
//! | `mix(x, n)` | the struct of `x` and `n + 1` |
//!
//! Of the helpers that may run Python code, `call` gives the sum of its arguments, `getitem` the first one, `truth`
//! whether it is not zero; a negative sum raises.

use super::{Datum, Heap, Kind, Memory, ObjRef, Reply, World};
use crate::{CType, Helper};

type Plain = fn(&[Datum]) -> Option<Datum>;
type OnMemory = fn(&mut Memory, &[Datum]) -> Vec<Datum>;

const PLAIN: &[(&str, Plain)] = &[
    ("add", |a| match *a {
        [Datum::Int(x), Datum::Int(y)] => {
            Some(Datum::Int((x as i32).wrapping_add(y as i32).into()))
        }
        _ => None,
    }),
    ("scale", |a| match *a {
        [Datum::Float(x), Datum::Float(y)] => Some(Datum::Float(x * y)),
        _ => None,
    }),
    ("tick", |_| None),
    ("square", |a| match *a {
        [Datum::Float(x)] => Some(Datum::Float(x * x)),
        _ => None,
    }),
    ("half", |a| match *a {
        [Datum::Float(x)] => Some(Datum::Float(x / 2.0)),
        _ => None,
    }),
    ("not8", |a| match *a {
        [Datum::Int(x)] => Some(Datum::Int(!x)),
        _ => None,
    }),
    ("umax", |a| match *a {
        [Datum::Int(x), Datum::Int(y)] => Some(Datum::Int((x as u64).max(y as u64) as i64)),
        _ => None,
    }),
    ("odd", |a| match *a {
        [Datum::Int(x)] => Some(Datum::Bool(x & 1 == 1)),
        _ => None,
    }),
];

const ON_MEMORY: &[(&str, OnMemory)] = &[
    ("touch", |memory, a| {
        let &[Datum::Ptr(p)] = a else { return vec![] };
        let Ok(old) = memory.peek(p, CType::I64) else {
            return vec![];
        };
        if let Datum::Int(n) = old {
            memory.poke(p, CType::I64, Datum::Int(touched(n)));
        }
        vec![old]
    }),
    ("pair", |_, a| match *a {
        [Datum::Int(x), Datum::Float(y)] => vec![Datum::Int(!x), Datum::Float(-y)],
        _ => vec![],
    }),
    ("sum3", |_, a| match *a {
        [Datum::Int(x), Datum::Int(y), Datum::Int(z)] => {
            vec![Datum::Int(x.wrapping_add(y).wrapping_add(z))]
        }
        _ => vec![],
    }),
    ("mix", |_, a| match *a {
        [Datum::Float(x), Datum::Int(n)] => vec![Datum::Float(x), Datum::Int(n.wrapping_add(1))],
        _ => vec![],
    }),
];

/// What `touch` makes of a number.
pub fn touched(n: i64) -> i64 {
    n.wrapping_mul(3).wrapping_add(1)
}

impl World {
    /// A world with an empty frame, and the functions of [`library`](self).
    pub fn with_library() -> World {
        let mut world = World::new();
        for &(name, f) in PLAIN {
            world.function(name, f);
        }
        for &(name, f) in ON_MEMORY {
            world.function_on_memory(name, f);
        }
        world.helper(Helper::PyCall, |heap, extra, args| {
            let sum = sum(heap, args, 1)? + i128::from(extra);
            touch_structs(heap, args)?;
            Ok(match sum < 0 {
                true => Reply::Raised,
                false => Reply::Obj(new_int(heap, sum)),
            })
        });
        world.helper(Helper::PyGetItem, |heap, _, args| match args {
            [first, ..] => {
                heap.incref(*first);
                Ok(Reply::Obj(*first))
            }
            [] => Err("no argument".to_string()),
        });
        world.helper(Helper::PyTruth, |heap, _, args| {
            let sum = sum(heap, args, 0)?;
            Ok(match sum < 0 {
                true => Reply::Raised,
                false => Reply::Bool(sum != 0),
            })
        });
        world
    }
}

fn new_int(heap: &mut Heap, n: i128) -> ObjRef {
    let object = heap.alloc(Kind::Int(n));
    heap.incref(object);
    object
}

/// Writes to the memory of structs that are passed.
fn touch_structs(heap: &mut Heap, args: &[ObjRef]) -> Result<(), String> {
    for &arg in args {
        if matches!(heap.get(arg)?.kind, Kind::CStruct { .. }) {
            let place = heap.address_of(arg);
            if let Datum::Int(n) = heap.memory.peek(place, CType::I64)? {
                heap.memory.poke(place, CType::I64, Datum::Int(touched(n)));
            }
        }
    }
    Ok(())
}

fn sum(heap: &Heap, args: &[ObjRef], from: usize) -> Result<i128, String> {
    let ints = args
        .iter()
        .skip(from)
        .map(|&arg| match heap.get(arg)?.kind {
            Kind::Int(n) => Ok(n),
            _ => Ok(0),
        });
    ints.sum()
}
