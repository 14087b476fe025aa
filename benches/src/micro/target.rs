//! What is aimed at, row by row.

use super::shapes::{Shape, Work};
use crate::binding::Library;
use crate::text;
use crate::verdict::Verdict;

/// A call of a short function costs at most this many times what it costs in C, whether the binding releases the GIL or not.
const CALL: f64 = 1.5;
/// What a loop does beside the call costs at most this many times what it costs in C.
const BESIDE: f64 = 2.0;

/// What is measured in the same run and decides a row's target.
#[derive(Debug, Clone, Copy)]
pub struct Floor {
    /// The shape in C, ns.
    pub c: f64,
    /// The shape's base in C, ns; the shape itself where it has none.
    pub base: f64,
}

/// What callbacks go through: it makes C wait for the interpreter, and Hardwire leaves it as it is.
const CALLBACKS: &str = "libffi, no limit yet";

/// The limits of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// On: at most so many ns.
    pub at_most_ns: f64,
    /// Off over on: at least so much.
    pub speed_up: f64,
}

impl Target {
    /// The limits of a shape.
    ///
    /// # Errors
    /// It has none: the verdict.
    pub fn of(shape: Shape, floor: Floor) -> Result<Target, Verdict> {
        let arguments = match shape.work {
            Work::CallsBack => return Err(Verdict::NoLimit(CALLBACKS.to_string())),
            Work::Calls { arguments } => arguments,
            // The interpreter takes a hundred times as long as C: what is asked of C says it all.
            Work::Memory { tenths } => {
                return Ok(Target {
                    at_most_ns: f64::from(tenths) / 10.0 * floor.c,
                    speed_up: 1.0,
                });
            }
        };
        let own = shape.library == Library::Own;
        Ok(Target {
            at_most_ns: CALL * floor.base + BESIDE * (floor.c - floor.base).max(0.0),
            // What a library of the system does takes its time in any case.
            speed_up: if own && arguments >= 2 { 4.0 } else { 2.0 },
        })
    }

    /// In words.
    pub fn text(&self) -> String {
        let at_most = format!("{} ns", text::time(self.at_most_ns));
        if self.speed_up > 1.0 {
            format!("{at_most}, off / {:.0}", self.speed_up)
        } else {
            at_most
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

    fn target(name: &str) -> Target {
        let base = if name == "numeric" { 3.0 } else { 4.0 };
        Target::of(shape(name).unwrap(), Floor { c: 4.0, base }).unwrap()
    }

    #[test]
    fn calls_are_measured_by_c() {
        assert_eq!(target("int2").at_most_ns, 6.0);
        assert_eq!(target("numeric").at_most_ns, 1.5 * 3.0 + 2.0);
        assert_eq!(target("crc32").at_most_ns, 6.0);
        assert_eq!(target("crc32").speed_up, 2.0);
    }

    #[test]
    fn memory_is_measured_by_c() {
        let target = target("write_double");
        assert_eq!(target.at_most_ns, 8.0);
        assert_eq!(target.missed(9.0, 7.0), None);
        assert_eq!(target.missed(9.0, 8.5).unwrap(), "over 8.00 ns");
    }

    #[test]
    fn callbacks_have_no_limit() {
        let floor = Floor { c: 4.0, base: 4.0 };
        let none = Target::of(shape("qsort").unwrap(), floor);
        assert!(matches!(none, Err(Verdict::NoLimit(_))));
    }

    #[test]
    fn the_limit_that_is_missed_is_named() {
        let target = target("int2");
        assert_eq!(target.missed(400.0, 5.9), None);
        assert_eq!(target.missed(400.0, 34.0).unwrap(), "over 6.00 ns");
        assert_eq!(target.missed(20.0, 5.9).unwrap(), "under 4x");
    }
}
