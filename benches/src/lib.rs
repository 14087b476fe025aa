//! The microbenchmark suite.
