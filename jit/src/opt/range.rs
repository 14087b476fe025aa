//! Intervals of signed integers: what cannot overflow needs no exit, what is certain no test.

use super::forward::Forward;
use traces::{Abort, CType, Field, Imm, Inst, Op, Type, Value};

/// The integers from `lo` to `hi`, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Range {
    pub(super) lo: i64,
    pub(super) hi: i64,
}

impl Range {
    /// Every integer.
    pub(super) const FULL: Range = Range {
        lo: i64::MIN,
        hi: i64::MAX,
    };
    /// 0 and above.
    pub(super) const NATURAL: Range = Range {
        lo: 0,
        hi: i64::MAX,
    };

    /// One integer.
    pub(super) fn one(n: i64) -> Range {
        Range { lo: n, hi: n }
    }

    /// Whether every integer of this interval lies in the other.
    pub(super) fn within(self, other: Range) -> bool {
        other.lo <= self.lo && self.hi <= other.hi
    }

    /// The smallest interval that holds both.
    pub(super) fn hull(self, other: Range) -> Range {
        Range {
            lo: self.lo.min(other.lo),
            hi: self.hi.max(other.hi),
        }
    }

    /// The integers of both, or `self` where there are none (code that never runs).
    pub(super) fn meet(self, other: Range) -> Range {
        let both = Range {
            lo: self.lo.max(other.lo),
            hi: self.hi.min(other.hi),
        };
        if both.lo <= both.hi { both } else { self }
    }

    /// An interval that holds both, which grows only a few times.
    pub(super) fn widen(self, other: Range) -> Range {
        let lo = match () {
            () if other.lo >= self.lo => self.lo,
            () if other.lo >= 0 => 0,
            () => i64::MIN,
        };
        Range {
            lo,
            hi: if other.hi <= self.hi {
                self.hi
            } else {
                i64::MAX
            },
        }
    }

    /// The integer, where there is only one.
    pub(super) fn single(self) -> Option<i64> {
        (self.lo == self.hi).then_some(self.lo)
    }

    /// The interval of these exact results, where they are all representable.
    fn exact(results: &[i128]) -> Option<Range> {
        let lo = i64::try_from(*results.iter().min()?).ok()?;
        let hi = i64::try_from(*results.iter().max()?).ok()?;
        Some(Range { lo, hi })
    }

    /// The sum, difference or product, where it cannot overflow.
    pub(super) fn arithmetic(op: Op, a: Range, b: Range) -> Option<Range> {
        let wide = |n: i64| i128::from(n);
        let (alo, ahi, blo, bhi) = (wide(a.lo), wide(a.hi), wide(b.lo), wide(b.hi));
        match op {
            Op::IAdd | Op::IAddOvf => Range::exact(&[alo + blo, ahi + bhi]),
            Op::ISub | Op::ISubOvf => Range::exact(&[alo - bhi, ahi - blo]),
            Op::IMul | Op::IMulOvf => Range::exact(&[alo * blo, alo * bhi, ahi * blo, ahi * bhi]),
            _ => None,
        }
    }

    /// Integers of this many bits.
    pub(super) fn of_bits(bits: i64, signed: bool) -> Range {
        match (bits, signed) {
            (1..=63, true) => Range {
                lo: -1 << (bits - 1),
                hi: (1 << (bits - 1)) - 1,
            },
            (1..=63, false) => Range {
                lo: 0,
                hi: ((1u64 << bits) - 1) as i64,
            },
            _ => Range::FULL,
        }
    }

    /// What a comparison of two intervals gives, where it is certain.
    pub(super) fn compare(op: Op, a: Range, b: Range) -> Option<bool> {
        let natural = a.lo >= 0 && b.lo >= 0;
        match op {
            Op::ILt if a.hi < b.lo => Some(true),
            Op::ILt if a.lo >= b.hi => Some(false),
            Op::ILe if a.hi <= b.lo => Some(true),
            Op::ILe if a.lo > b.hi => Some(false),
            Op::IEq if a.hi < b.lo || b.hi < a.lo => Some(false),
            Op::IGt => Range::compare(Op::ILt, b, a),
            Op::IGe => Range::compare(Op::ILe, b, a),
            Op::INe => Range::compare(Op::IEq, a, b).map(|equal| !equal),
            Op::IUlt if natural => Range::compare(Op::ILt, a, b),
            Op::IUle if natural => Range::compare(Op::ILe, a, b),
            _ => None,
        }
    }
}

/// How far behind a value its sums are looked for.
const NEAR: usize = 64;

impl Forward<'_> {
    /// The interval of an integer.
    pub(super) fn range(&self, value: Value) -> Range {
        if let Some(n) = self.as_int(value) {
            return Range::one(n);
        }
        self.state
            .ranges
            .get(&value)
            .copied()
            .unwrap_or(Range::FULL)
    }

    /// A value lies in an interval.
    pub(super) fn set_range(&mut self, value: Value, range: Range) {
        if range != Range::FULL {
            self.state.ranges.insert(value, range);
        }
    }

    /// Notes the interval of a new value.
    pub(super) fn note_range(&mut self, value: Value) {
        if self.out.types.get(value.0 as usize) != Some(&Type::I64) {
            return;
        }
        if let Some(range) = self.def(value).and_then(|inst| self.range_of(inst)) {
            self.set_range(value, range);
        }
    }

    fn range_of(&self, inst: &Inst) -> Option<Range> {
        let arg = |n: usize| inst.args.get(n).map_or(Range::FULL, |&v| self.range(v));
        match (inst.op, inst.imm) {
            (Op::IAdd | Op::ISub | Op::IMul, _) => Range::arithmetic(inst.op, arg(0), arg(1)),
            (Op::IAddOvf | Op::ISubOvf, _) => Some(clamped(inst.op, arg(0), arg(1))),
            (Op::IMulOvf, _) => Range::arithmetic(inst.op, arg(0), arg(1)),
            (Op::ISext, Imm::Int(bits)) => Some(Range::of_bits(bits, true)),
            (Op::IZext, Imm::Int(bits)) => Some(Range::of_bits(bits, false)),
            (Op::BToI, _) => Some(Range { lo: 0, hi: 1 }),
            (Op::IAnd, _) => match (arg(0), arg(1)) {
                (a, b) if a.lo >= 0 && b.lo >= 0 => Some(Range {
                    lo: 0,
                    hi: a.hi.min(b.hi),
                }),
                (a, _) if a.lo >= 0 => Some(Range { lo: 0, hi: a.hi }),
                (_, b) if b.lo >= 0 => Some(Range { lo: 0, hi: b.hi }),
                _ => None,
            },
            (Op::IMod, _) => arg(1)
                .single()
                .filter(|&n| n > 0)
                .map(|n| Range { lo: 0, hi: n - 1 }),
            (Op::IFloorDiv, _) => {
                let (a, n) = (arg(0), arg(1).single().filter(|&n| n > 0)?);
                Some(Range {
                    lo: a.lo.div_euclid(n),
                    hi: a.hi.div_euclid(n),
                })
            }
            (Op::IShr, _) => {
                let n = arg(1).single().filter(|n| (0..64).contains(n))?;
                Some(Range {
                    lo: arg(0).lo >> n,
                    hi: arg(0).hi >> n,
                })
            }
            (Op::IUshr, _) => {
                let n = arg(1).single().filter(|n| (1..64).contains(n))?;
                Some(Range::of_bits(64 - n, false))
            }
            (Op::LoadField, Imm::Field(field)) => is_count(field).then_some(Range::NATURAL),
            (Op::Load | Op::Second | Op::UnboxCValue, Imm::Place(ty, _)) => range_of_ctype(ty),
            (Op::LoadErrno, _) => Some(Range::of_bits(32, true)),
            (Op::UnboxChar, _) => Some(Range { lo: 0, hi: 255 }),
            (Op::UnboxUChar, _) => Some(Range {
                lo: 0,
                hi: 0x10_ffff,
            }),
            (Op::CCall, Imm::Func(id)) => self
                .out
                .funcs
                .get(id.0 as usize)
                .and_then(|f| range_of_ctype(f.ret)),
            _ => None,
        }
    }

    /// A comparison of integers holds from here on.
    pub(super) fn learn_order(&mut self, op: Op, a: Value, b: Value) -> Result<(), Abort> {
        let (ra, rb) = (self.range(a), self.range(b));
        let below = |r: Range| Range {
            lo: i64::MIN,
            hi: r.hi,
        };
        let above = |r: Range| Range {
            lo: r.lo,
            hi: i64::MAX,
        };
        let less = |r: Range| Range {
            lo: i64::MIN,
            hi: r.hi.saturating_sub(1),
        };
        let more = |r: Range| Range {
            lo: r.lo.saturating_add(1),
            hi: i64::MAX,
        };
        let (na, nb) = match op {
            Op::IEq => (ra.meet(rb), rb.meet(ra)),
            Op::INe => (without(ra, rb), without(rb, ra)),
            Op::ILt => (ra.meet(less(rb)), rb.meet(more(ra))),
            Op::ILe => (ra.meet(below(rb)), rb.meet(above(ra))),
            Op::IGt => (ra.meet(more(rb)), rb.meet(less(ra))),
            Op::IGe => (ra.meet(above(rb)), rb.meet(below(ra))),
            // Below a natural number without a sign: the idiom of index checks.
            Op::IUlt if rb.lo >= 0 => (ra.meet(less(rb)).meet(Range::NATURAL), rb),
            Op::IUle if rb.lo >= 0 => (ra.meet(below(rb)).meet(Range::NATURAL), rb),
            _ => return Ok(()),
        };
        self.learn_range(a, na)?;
        self.learn_range(b, nb)
    }

    fn learn_range(&mut self, value: Value, range: Range) -> Result<(), Abort> {
        if self.as_int(value).is_some() {
            return Ok(());
        }
        let was = self.range(value);
        self.set_range(value, range);
        if range != was {
            self.narrow_sums(value);
        }
        if let Some(n) = range.single() {
            let constant = self.int(n)?;
            self.state.equal.insert(value, constant);
        }
        Ok(())
    }

    /// The sums and differences that were computed of a value before that much was known of it: an iterator steps on in
    /// front of what its item is used for.
    fn narrow_sums(&mut self, value: Value) {
        let behind = self.def_place(value).map_or(0, |at| at + 1);
        let near = self.out.insts.iter().skip(behind).take(NEAR);
        let sums = near
            .filter(|inst| matches!(inst.op, Op::IAdd | Op::ISub) && inst.args.contains(&value));
        let sums: Vec<(Value, Range)> = sums
            .filter_map(|inst| Some((inst.result?, self.range_of(inst)?)))
            .collect();
        for (sum, range) in sums {
            let range = self.range(sum).meet(range);
            self.set_range(sum, range);
        }
    }
}

/// The interval of a sum or difference that did not overflow.
fn clamped(op: Op, a: Range, b: Range) -> Range {
    match op {
        Op::ISubOvf => Range {
            lo: a.lo.saturating_sub(b.hi),
            hi: a.hi.saturating_sub(b.lo),
        },
        _ => Range {
            lo: a.lo.saturating_add(b.lo),
            hi: a.hi.saturating_add(b.hi),
        },
    }
}

/// The interval without the single value of the other, where that is one of its ends.
fn without(range: Range, other: Range) -> Range {
    match other.single() {
        Some(n) if n == range.lo && range.lo < range.hi => Range { lo: n + 1, ..range },
        Some(n) if n == range.hi && range.lo < range.hi => Range { hi: n - 1, ..range },
        _ => range,
    }
}

/// The interval of the values of a narrow integer type.
fn range_of_ctype(ctype: CType) -> Option<Range> {
    match (ctype.ty(), ctype.bytes()) {
        (Type::I64, bytes @ 1..8) => Some(Range::of_bits(i64::from(bytes) * 8, ctype.signed())),
        _ => None,
    }
}

/// Whether a field counts something.
fn is_count(field: Field) -> bool {
    matches!(
        field,
        Field::RangeIterLen
            | Field::ListIterIndex
            | Field::ListSize
            | Field::TupleIterIndex
            | Field::TupleSize
            | Field::BytesSize
            | Field::CDataLength
            | Field::CBufferSize
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_that_may_overflow_has_no_interval() {
        let natural = Range::NATURAL;
        assert_eq!(Range::arithmetic(Op::IAddOvf, natural, Range::one(1)), None);
        let below = Range {
            lo: 0,
            hi: i64::MAX - 1,
        };
        let sum = Range::arithmetic(Op::IAddOvf, below, Range::one(1));
        assert_eq!(
            sum,
            Some(Range {
                lo: 1,
                hi: i64::MAX
            })
        );
        assert_eq!(Range::arithmetic(Op::ISub, Range::FULL, Range::FULL), None);
        let product = Range::arithmetic(Op::IMul, Range { lo: -3, hi: 2 }, Range { lo: -5, hi: 7 });
        assert_eq!(product, Some(Range { lo: -21, hi: 15 }));
        assert_eq!(
            Range::arithmetic(Op::IMulOvf, Range::one(i64::MIN), Range::one(-1)),
            None
        );
    }

    #[test]
    fn comparisons_that_are_certain() {
        let (low, high) = (Range { lo: -4, hi: 3 }, Range { lo: 3, hi: 9 });
        assert_eq!(Range::compare(Op::ILe, low, high), Some(true));
        assert_eq!(Range::compare(Op::ILt, low, high), None);
        assert_eq!(Range::compare(Op::IGt, low, high), Some(false));
        assert_eq!(Range::compare(Op::IEq, low, high), None);
        assert_eq!(Range::compare(Op::INe, low, Range::one(4)), Some(true));
        // -4 is a very large unsigned number.
        assert_eq!(Range::compare(Op::IUlt, low, Range::one(20)), None);
        assert_eq!(Range::compare(Op::IUlt, high, Range::one(20)), Some(true));
    }

    #[test]
    fn widths() {
        assert_eq!(Range::of_bits(8, true), Range { lo: -128, hi: 127 });
        assert_eq!(
            Range::of_bits(32, false),
            Range {
                lo: 0,
                hi: 4_294_967_295
            }
        );
        assert_eq!(Range::of_bits(63, false), Range::NATURAL);
        assert_eq!(Range::of_bits(64, true), Range::FULL);
    }

    #[test]
    fn widening_ends() {
        let mut range = Range { lo: 5, hi: 6 };
        let steps = [
            Range { lo: 4, hi: 6 },
            Range { lo: 3, hi: 9 },
            Range { lo: -1, hi: 9 },
        ];
        for step in steps {
            range = range.widen(step);
            assert!(step.within(range));
        }
        assert_eq!(range, Range::FULL);
    }
}
