//! The `hardwire` command: everything that a user touches around the engine.
//!
//! The engine itself is the extension module built from `interp_hooks`; the command
//! never links it. It finds a supported CPython ([`python`]), lays the freshly built
//! module and its Python package out in a folder ([`runtime`]), and starts that
//! interpreter on the user's program ([`run`]). [`doctor`] is built on the same three, and
//! [`host`] hands them to the crate `benches`, which holds the demo and the measurements. [`trace`] needs no
//! interpreter: it reads what the engine wrote down, and traces in text.

pub mod cli;
pub mod doctor;
pub mod host;
pub mod layout;
pub mod python;
pub mod run;
pub mod runtime;
#[cfg(test)]
mod testing;
pub mod trace;
pub mod venv;
