//! What a measurement comes to: right or wrong, and whether the target is met.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::text;
use crate::timing::Measured;

/// What a row comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "why")]
pub enum Verdict {
    /// The target is met.
    Met,
    /// It is missed: by which limit.
    Missed(String),
    /// There is no limit yet: what the work goes through instead.
    NoLimit(String),
    /// The loop ran in the interpreter: why.
    NotCompiled(String),
    /// The checksums differ: what they are.
    Wrong(String),
    /// The program failed: how.
    Failed(String),
}

impl Verdict {
    /// Whether the results are right, whatever the time.
    pub fn is_right(&self) -> bool {
        !matches!(self, Verdict::Wrong(_) | Verdict::Failed(_))
    }

    /// In the table.
    pub fn text(&self) -> &str {
        match self {
            Verdict::Met => "met",
            Verdict::Missed(limit) => limit,
            Verdict::NoLimit(way) => way,
            Verdict::NotCompiled(_) => "NOT COMPILED",
            Verdict::Wrong(_) => "WRONG",
            Verdict::Failed(_) => "FAILED",
        }
    }

    /// What there is to say beside the table.
    pub fn remark(&self) -> Option<String> {
        match self {
            Verdict::Met | Verdict::Missed(_) | Verdict::NoLimit(_) => None,
            Verdict::NotCompiled(why) => Some(format!("not compiled: {why}")),
            Verdict::Wrong(what) => Some(format!("WRONG: {what}")),
            Verdict::Failed(how) => Some(format!("FAILED: {how}")),
        }
    }
}

/// Both measurements, if off, on and C (where there is one) came to the same.
///
/// # Errors
/// What is wrong.
pub fn agreed(
    c: Option<&Measured>,
    off: Result<Measured>,
    on: Result<Measured>,
) -> Result<(Measured, Measured), Verdict> {
    let (off, on) = match (off, on) {
        (Ok(off), Ok(on)) => (off, on),
        (Err(error), _) => return Err(Verdict::Failed(format!("with Hardwire off: {error:#}"))),
        (_, Err(error)) => return Err(Verdict::Failed(format!("with Hardwire on: {error:#}"))),
    };
    if off.checksum != on.checksum {
        return Err(Verdict::Wrong(format!(
            "{} off, {} on",
            off.checksum, on.checksum
        )));
    }
    match c {
        Some(c) if !text::same_value(&on.checksum, &c.checksum) => Err(Verdict::Wrong(format!(
            "{} off and on, {} in C",
            on.checksum, c.checksum
        ))),
        _ => Ok((off, on)),
    }
}
