//! How a program writes the operators that bytecodes name by numbers.

/// `NB_*`, Include/opcode.h.
const BINARY: [&str; 26] = [
    "+", "&", "//", "<<", "@", "*", "%", "|", "**", ">>", "-", "/", "^", "+=", "&=", "//=", "<<=",
    "@=", "*=", "%=", "|=", "**=", ">>=", "-=", "/=", "^=",
];
/// `Py_LT` to `Py_GE`, Include/object.h.
const COMPARISONS: [&str; 6] = ["<", "<=", "==", "!=", ">", ">="];

/// A binary operator.
pub fn binary(n: usize) -> &'static str {
    BINARY.get(n).copied().unwrap_or("?")
}

/// A comparison.
pub fn comparison(n: usize) -> &'static str {
    COMPARISONS.get(n).copied().unwrap_or("?")
}
