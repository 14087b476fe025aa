//! What is aimed at, row by row.

use serde::Serialize;

use super::shapes::{Shape, Work};
use crate::binding::{Binding, Library};
use crate::text;

/// Where the GIL is kept: at most this many times what it costs in C.
const KEPT: f64 = 1.5;
/// Where it is released: a call costs at most this many ns more than releasing and taking it.
const RELEASED: f64 = 3.0;
/// What a loop does beside the call costs at most this many times what it costs in C.
const BESIDE: f64 = 2.0;

/// What is measured in the same run and decides a row's target.
#[derive(Debug, Clone, Copy)]
pub struct Floor {
    /// The shape in C, ns.
    pub c: f64,
    /// The shape's base in C, ns; the shape itself where it has none.
    pub base: f64,
    /// Releasing and taking the GIL, ns.
    pub save_restore: f64,
}

/// The limits of a row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Target {
    /// On: at most so many ns.
    pub at_most_ns: f64,
    /// Off over on: at least so much.
    pub speed_up: f64,
}

impl Target {
    /// The limits of a shape through a binding.
    pub fn of(shape: Shape, binding: Binding, floor: Floor) -> Target {
        let (count, arguments) = match shape.work {
            Work::Calls { count, arguments } => (count, arguments),
            // The interpreter takes a hundred times as long as C: what is asked of C says it all.
            Work::Memory { tenths } => {
                return Target {
                    at_most_ns: f64::from(tenths) / 10.0 * floor.c,
                    speed_up: 1.0,
                };
            }
        };
        let own = shape.library == Library::Own;
        let calls = if binding.releases_gil() {
            let inside = if own { 0.0 } else { floor.base };
            f64::from(count) * (floor.save_restore + RELEASED) + inside
        } else {
            KEPT * floor.base
        };
        Target {
            at_most_ns: calls + BESIDE * (floor.c - floor.base).max(0.0),
            // What a library of the system does takes its time in any case.
            speed_up: if own && arguments >= 2 { 4.0 } else { 2.0 },
        }
    }

    /// Which limit the times go beyond, if any.
    pub fn missed(&self, off: f64, on: f64) -> Option<String> {
        if on > self.at_most_ns {
            Some(format!("over {} ns", text::time(self.at_most_ns)))
        } else if off / on < self.speed_up {
            Some(format!("under {:.0}x", self.speed_up))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::micro::shapes::shape;

    fn target(name: &str, binding: Binding) -> Target {
        let floor = Floor {
            c: 4.0,
            base: if name == "numeric" { 3.0 } else { 4.0 },
            save_restore: 30.0,
        };
        Target::of(shape(name).unwrap(), binding, floor)
    }

    #[test]
    fn a_kept_gil_is_measured_by_c_and_a_released_one_by_its_price() {
        assert_eq!(target("int2", Binding::Pydll).at_most_ns, 6.0);
        assert_eq!(target("int2", Binding::Cdll).at_most_ns, 33.0);
        assert_eq!(
            target("numeric", Binding::Pydll).at_most_ns,
            1.5 * 3.0 + 2.0
        );
        assert_eq!(target("numeric", Binding::CffiApi).at_most_ns, 35.0);
    }

    #[test]
    fn what_a_library_of_the_system_does_counts_and_so_does_each_call() {
        assert_eq!(target("crc32", Binding::Cdll).at_most_ns, 33.0 + 4.0);
        assert_eq!(target("sqlite", Binding::Cdll).at_most_ns, 3.0 * 33.0 + 4.0);
        assert_eq!(target("sqlite", Binding::Pydll).at_most_ns, 6.0);
        assert_eq!(target("crc32", Binding::Cdll).speed_up, 2.0);
    }

    #[test]
    fn memory_is_measured_by_c_whatever_the_binding() {
        let target = target("write_double", Binding::CffiAbi);
        assert_eq!(target.at_most_ns, 8.0);
        assert_eq!(target.missed(9.0, 7.0), None);
        assert_eq!(target.missed(9.0, 8.5).unwrap(), "over 8.00 ns");
    }

    #[test]
    fn the_limit_that_is_missed_is_named() {
        let target = target("int2", Binding::Cdll);
        assert_eq!(target.missed(400.0, 32.0), None);
        assert_eq!(target.missed(400.0, 34.0).unwrap(), "over 33.0 ns");
        assert_eq!(target.missed(100.0, 32.0).unwrap(), "under 4x");
    }
}
