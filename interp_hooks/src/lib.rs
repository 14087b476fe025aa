//! The extension module `hardwire._hardwire`: hooks into a stock CPython.

mod adapters;
mod assume;
mod budget;
mod cpython;
mod dump;
mod engine;
mod errno;
mod handoff;
mod helpers;
mod hook;
mod inside;
mod loops;
mod module;
mod monitor;
mod options;
mod place;
mod protocols;
mod py;
mod raiser;
mod record;
mod resume;
mod run;
mod sample;
mod start;
mod story;
mod symbol;
mod tls;
mod tools;
mod tree;
mod unroll;
mod worth;
mod wrapped;

pub use module::PyInit__hardwire;
