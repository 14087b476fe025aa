//! CPython 3.12.

pub mod table;
