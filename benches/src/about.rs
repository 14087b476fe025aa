//! When, where and how a run was measured.

use std::fs;
use std::thread;

use jiff::{Timestamp, Unit};
use serde::{Deserialize, Serialize};

use crate::host::Host;

/// What a run has to say of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// When it began, by RFC 3339.
    pub date: String,
    /// The version of Hardwire.
    pub hardwire: String,
    /// The interpreter, in words.
    pub interpreter: String,
    /// The machine.
    pub machine: Machine,
    /// How much was measured.
    pub effort: Effort,
}

/// What it runs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's model, as the system calls it.
    pub processor: String,
    /// How many of its cores the process may use.
    pub cores: usize,
}

/// How much is measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effort {
    /// Whether for a first look.
    pub quick: bool,
    /// How often each loop is timed, where that was asked for.
    pub repeats: Option<u32>,
    /// The names that were asked for; empty for all.
    pub only: Vec<String>,
}

impl About {
    /// Something that says where it stands.
    #[cfg(test)]
    pub(crate) fn for_tests() -> About {
        About {
            date: "2026-01-02T03:04:05Z".to_string(),
            hardwire: "1".to_string(),
            interpreter: "CPython".to_string(),
            machine: Machine {
                processor: "a processor".to_string(),
                cores: 2,
            },
            effort: Effort {
                quick: true,
                repeats: None,
                only: Vec::new(),
            },
        }
    }

    /// A run that begins now.
    pub fn now(host: &Host, effort: Effort) -> About {
        let now = Timestamp::now();
        About {
            date: now.round(Unit::Second).unwrap_or(now).to_string(),
            hardwire: env!("CARGO_PKG_VERSION").to_string(),
            interpreter: host.title.clone(),
            machine: Machine::this(),
            effort,
        }
    }
}

impl Machine {
    /// The one this process runs on.
    fn this() -> Machine {
        let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Machine {
            processor: model(&processors).unwrap_or("unknown").to_string(),
            cores: thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

fn model(processors: &str) -> Option<&str> {
    processors.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == "model name").then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_has_a_name() {
        let said = "processor\t: 0\nmodel\t\t: 1\nmodel name\t: A: B\nmodel name\t: C\n";
        assert_eq!(model(said), Some("A: B"));
        assert_eq!(model(""), None);
    }
}
