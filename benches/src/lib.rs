//! What Hardwire is measured with: the demo, the microbenchmark suite, whole programs, and ordinary ones that
//! it must not harm. Each compares the same work with Hardwire off, on, and (where there is such a
//! thing) in C.
//!
//! The crate knows nothing of how an interpreter is found or Hardwire is started: a [`Host`] hands
//! it the commands.

pub mod about;
pub mod baseline;
pub mod binding;
pub mod crossover;
pub mod demo;
pub mod host;
pub mod micro;
pub mod native;
pub mod ordinary;
pub mod page;
pub mod peers;
pub mod plot;
pub mod process;
pub mod programs;
pub mod row;
pub mod run;
pub mod spread;
pub mod tables;
pub mod text;
pub mod timing;
pub mod verdict;

pub use host::Host;
