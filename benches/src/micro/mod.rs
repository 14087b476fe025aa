//! The microbenchmark suite: loops around foreign calls and over C memory, each a shape of work, through each binding,
//! with Hardwire off and on, and in C.

pub(crate) mod bench;
mod rows;
pub(crate) mod shapes;
mod target;

use anyhow::{Result, bail};

use crate::binding::Binding;
use crate::host::Host;
use crate::row::Row;
use crate::text;
use crate::timing::Measured;
use bench::Bench;
use shapes::{SHAPES, Shape, shape};
use target::{Floor, Target};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Iterations of a loop that is timed.
    pub iterations: u32,
    /// How often; the best time counts.
    pub repeats: u32,
}

impl Effort {
    /// What figures are published with.
    pub const FULL: Effort = Effort {
        iterations: 50_000,
        repeats: 25,
    };
    /// For a first look.
    pub const QUICK: Effort = Effort {
        iterations: 20_000,
        repeats: 5,
    };
}

/// What was measured.
#[derive(Debug)]
pub struct Results {
    /// Releasing and taking the GIL, ns.
    pub save_restore_ns: f64,
    /// The rows.
    pub rows: Vec<Row>,
    /// Bindings and shapes that could not be measured, and why.
    pub left_out: Vec<String>,
}

/// The names of all shapes.
pub fn names() -> impl Iterator<Item = &'static str> {
    SHAPES.iter().map(|shape| shape.name)
}

/// The shapes of these names, or all; those that are names of bindings do not matter.
///
/// # Errors
/// As [`measure`].
pub(crate) fn shapes_named(names: &[String]) -> Result<Vec<Shape>> {
    let is_shape = |name: &&String| shape(name).is_some();
    let names: Vec<_> = names.iter().filter(is_shape).cloned().collect();
    Ok(select(&names)?
        .into_iter()
        .map(|(shape, _)| shape)
        .collect())
}

/// Measures the shapes and bindings of these names, or all.
///
/// # Errors
/// A shape is not measured through any of the bindings, or something in C cannot be built.
pub fn measure(host: &Host, effort: Effort, names: &[String]) -> Result<Results> {
    let cells = select(names)?;
    let bench = Bench::prepare(host, effort, &cells)?;
    let mut results = Results {
        save_restore_ns: bench.save_restore()?,
        rows: Vec::new(),
        left_out: Vec::new(),
    };
    let progress = text::progress(cells.iter().map(|(_, bindings)| bindings.len()).sum());
    for (shape, bindings) in cells {
        if let Some(why) = bench.shape_left_out(shape) {
            results.leave_out(why);
            continue;
        }
        let before = bench.c(shape)?;
        let mut times = Vec::new();
        for binding in bindings {
            if let Some(why) = bench.binding_left_out(shape, binding) {
                results.leave_out(why);
                continue;
            }
            let through = shape.title_of(binding);
            progress.set_message(format!("{} through {through}", shape.title));
            times.push((binding, off_and_on(&bench, shape, binding)));
            progress.inc(1);
        }
        // C is timed on both sides: the machine may change its speed in between.
        let c = before.and(bench.c(shape)?);
        let target = Target::of(shape, floor(&bench, shape, &c)?);
        let rows = times.into_iter();
        results.rows.extend(
            rows.map(|(binding, times)| rows::row(shape, binding, &c, times, target.clone())),
        );
    }
    progress.finish_and_clear();
    Ok(results)
}

/// A shape with Hardwire off, and on in front of it and behind it, for the same reason.
fn off_and_on(
    bench: &Bench,
    shape: Shape,
    binding: Binding,
) -> (Result<Measured>, Result<Measured>) {
    let half = bench.counts().halved();
    let before = bench.python(shape, binding, true, half);
    let off = bench.python(shape, binding, false, bench.counts());
    let on = before.and_then(|one| Ok(one.and(bench.python(shape, binding, true, half)?)));
    (off, on)
}

impl Results {
    /// Notes what could not be measured, once.
    fn leave_out(&mut self, why: String) {
        if !self.left_out.contains(&why) {
            self.left_out.push(why);
        }
    }
}

fn floor(bench: &Bench, own: Shape, c: &Measured) -> Result<Floor> {
    let base = match own.base.and_then(shape) {
        Some(base) => bench.c(base)?.ns.min,
        None => c.ns.min,
    };
    Ok(Floor { c: c.ns.min, base })
}

/// The shapes that the names mean, each with the bindings that it has of those they mean; all, where none is named.
fn select(names: &[String]) -> Result<Vec<(Shape, Vec<Binding>)>> {
    let (mut shapes, mut bindings) = (Vec::new(), Vec::new());
    for name in names {
        if let Some(shape) = shape(name) {
            shapes.push(shape);
        } else if let Some(&binding) = Binding::ALL.iter().find(|b| b.name() == name) {
            bindings.push(binding);
        }
    }
    if shapes.is_empty() {
        shapes = SHAPES.to_vec();
    }
    if bindings.is_empty() {
        bindings = Binding::ALL.to_vec();
    }
    let cells: Vec<_> = shapes
        .into_iter()
        .map(|shape| {
            let own = shape.bindings().iter().copied();
            let chosen: Vec<_> = own.filter(|binding| bindings.contains(binding)).collect();
            (shape, chosen)
        })
        .filter(|(_, bindings)| !bindings.is_empty())
        .collect();
    if cells.is_empty() {
        bail!(
            "--only {}: not measured through this binding",
            names.join(" --only ")
        );
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Part;

    /// How many bindings each shape is measured through that the names mean.
    fn selected(names: &[&str]) -> Result<Vec<usize>> {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let cells = select(&names)?;
        Ok(cells.iter().map(|(_, bindings)| bindings.len()).collect())
    }

    #[test]
    fn names_select_shapes_and_bindings() {
        assert_eq!(selected(&[]).unwrap().len(), SHAPES.len());
        assert_eq!(selected(&["int2", "void"]).unwrap(), [4, 4]);
        assert_eq!(selected(&["int2", "pydll"]).unwrap(), [1]);
        assert_eq!(selected(&["cdll"]).unwrap(), vec![1; SHAPES.len()]);
    }

    #[test]
    fn a_shape_is_measured_through_the_bindings_it_has() {
        assert_eq!(selected(&["sum_int32"]).unwrap(), [3]);
        let calls = SHAPES.iter().filter(|s| s.part() != Part::Memory).count();
        assert_eq!(selected(&["pydll"]).unwrap(), vec![1; calls]);
        let error = selected(&["sum_int32", "pydll"]).unwrap_err().to_string();
        assert!(error.contains("sum_int32 --only pydll"), "{error}");
    }
}
