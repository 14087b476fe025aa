//! What many repeats of one measurement come to.

use serde::{Deserialize, Serialize};

/// Five figures of a sample, in the sample's unit. The least counts: whatever else runs on a machine only adds to it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The least.
    pub min: f64,
    /// A quarter of the sample lies below.
    pub q1: f64,
    /// Half of it does.
    pub median: f64,
    /// Three quarters do.
    pub q3: f64,
    /// The greatest.
    pub max: f64,
}

impl Spread {
    /// Of a sample; none, where it is empty.
    pub fn of(sample: &[f64]) -> Option<Spread> {
        let mut sorted = sample.to_vec();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        // Between two members, the nearer one: a figure is one that was measured.
        let at = |quarters: usize| sorted[(last * quarters + 2) / 4];
        Some(Spread {
            min: sorted[0],
            q1: at(1),
            median: at(2),
            q3: at(3),
            max: sorted[last],
        })
    }

    /// In another unit: so many of it are one of this.
    pub fn scaled(self, by: f64) -> Spread {
        Spread {
            min: self.min * by,
            q1: self.q1 * by,
            median: self.median * by,
            q3: self.q3 * by,
            max: self.max * by,
        }
    }

    /// How uncertain the least is, as a part of it: what a quarter of the sample stays under. Where many repeats come
    /// close to the least it is no accident.
    pub fn noise(self) -> f64 {
        self.q1 / self.min - 1.0
    }

    /// How far the upper quartile lies above the least, as a part of it.
    pub fn width(self) -> f64 {
        self.q3 / self.min - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_members_of_the_sample() {
        let spread = Spread::of(&[9.0, 2.0, 3.0, 4.0, 2.5]).unwrap();
        let figures = [spread.min, spread.q1, spread.median, spread.q3, spread.max];
        assert_eq!(figures, [2.0, 2.5, 3.0, 4.0, 9.0]);
        assert_eq!((spread.noise(), spread.width()), (0.25, 1.0));
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn one_repeat_has_no_spread() {
        let spread = Spread::of(&[3.0]).unwrap().scaled(2.0);
        assert_eq!((spread.min, spread.max, spread.noise()), (6.0, 6.0, 0.0));
    }
}
