//! CPython 3.13.

pub mod table;
