//! Compiled traces and the memory of their code.
