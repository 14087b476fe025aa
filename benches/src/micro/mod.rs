//! The microbenchmark suite: loops around foreign calls and over C memory, each a shape of work, through each binding,
//! with Hardwire off and on, and in C.

mod bench;
mod rows;
mod shapes;
mod target;

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde::Serialize;

use crate::binding::Binding;
use crate::host::Host;
use crate::text;
use crate::timing::Measured;
use bench::Bench;
use rows::{Results, Row};
use shapes::{SHAPES, Shape, shape};
use target::{Floor, Target};

/// How much is measured.
#[derive(Debug, Clone, Copy, Serialize)]
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

/// What to measure.
#[derive(Debug, Clone)]
pub struct Options {
    /// Names of shapes and of bindings; empty means all.
    pub only: Vec<String>,
    /// How much.
    pub effort: Effort,
    /// Where to write the results as JSON.
    pub json: Option<PathBuf>,
}

/// Measures, and prints the table; whether all results are right.
///
/// # Errors
/// A name is not known, or something in C cannot be built.
pub fn main(host: &Host, options: &Options) -> Result<bool> {
    let cells = select(&options.only)?;
    let bench = Bench::prepare(host, options.effort, &cells)?;
    let mut results = Results {
        interpreter: host.title.clone(),
        effort: options.effort,
        save_restore_ns: bench.save_restore()?,
        rows: Vec::new(),
        left_out: Vec::new(),
    };
    println!("{}\n", host.title);
    let progress = text::progress(cells.iter().map(|(_, bindings)| bindings.len()).sum());
    for (shape, bindings) in cells {
        if let Some(why) = bench.shape_left_out(shape) {
            results.leave_out(why);
            continue;
        }
        let c = bench.c(shape)?;
        let floor = floor(&bench, shape, &c)?;
        for binding in bindings {
            if let Some(why) = bench.binding_left_out(shape, binding) {
                results.leave_out(why);
                continue;
            }
            let through = shape.group().title_of(binding);
            progress.set_message(format!("{} through {through}", shape.title));
            let times = (
                bench.python(shape, binding, false),
                bench.python(shape, binding, true),
            );
            let target = Target::of(shape, floor);
            results
                .rows
                .push(Row::of(shape, binding, &c, times, target));
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    results.print();
    if let Some(path) = &options.json {
        results.write(path)?;
    }
    Ok(results.sound())
}

fn floor(bench: &Bench, own: Shape, c: &Measured) -> Result<Floor> {
    let base = match own.base.and_then(shape) {
        Some(base) => bench.c(base)?.ns,
        None => c.ns,
    };
    Ok(Floor { c: c.ns, base })
}

/// The shapes that the names mean, each with the bindings that it has of those they mean; all, where none is named.
fn select(names: &[String]) -> Result<Vec<(Shape, Vec<Binding>)>> {
    let (mut shapes, mut bindings) = (Vec::new(), Vec::new());
    for name in names {
        if let Some(shape) = shape(name) {
            shapes.push(shape);
        } else if let Some(&binding) = Binding::ALL.iter().find(|b| b.name() == name) {
            bindings.push(binding);
        } else {
            let known: Vec<_> = SHAPES
                .iter()
                .map(|shape| shape.name)
                .chain(Binding::ALL.iter().map(|binding| binding.name()))
                .collect();
            bail!(
                "--only {name}: there is no such shape or binding; known: {}",
                known.join(", ")
            );
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
            let own = shape.group().bindings().iter().copied();
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
    use shapes::Group;

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
        let error = selected(&["oops"]).unwrap_err().to_string();
        assert!(error.contains("oops") && error.contains("int2"), "{error}");
    }

    #[test]
    fn a_shape_is_measured_through_the_bindings_it_has() {
        assert_eq!(selected(&["sum_int32"]).unwrap(), [3]);
        let calls = SHAPES.iter().filter(|s| s.group() == Group::Calls).count();
        assert_eq!(selected(&["pydll"]).unwrap(), vec![1; calls]);
        let error = selected(&["sum_int32", "pydll"]).unwrap_err().to_string();
        assert!(error.contains("sum_int32 --only pydll"), "{error}");
    }
}
