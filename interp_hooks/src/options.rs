//! The options, in one table: words of `-X hardwire=...`, of the environment variable `HARDWIRE`
//! and keyword arguments of `hardwire.enable()`.

/// The options in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// The words.
    pub words: String,
    /// Print the report at exit.
    pub report: bool,
    /// How many times a loop's back edge is taken before the loop is recorded.
    pub threshold: u32,
    /// Compile every loop that can be compiled, even where no gain is expected.
    pub all: bool,
    /// A folder for a dump.
    pub dump: Option<String>,
    /// Write the names of machine code to where `perf report` looks for them.
    pub perf: bool,
    /// A folder for the machine code, for `perf inject --jit`.
    pub jitdump: Option<String>,
    /// Have debuggers know machine code.
    pub gdb: bool,
}

impl Options {
    /// Whether somebody wants to know the lines that machine code belongs to.
    pub fn wants_lines(&self) -> bool {
        self.jitdump.is_some() || self.gdb
    }

    /// Whether somebody outside the process is told of machine code.
    pub fn has_tools(&self) -> bool {
        self.perf || self.jitdump.is_some() || self.gdb
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            words: String::new(),
            report: false,
            threshold: 500,
            all: false,
            dump: None,
            perf: false,
            jitdump: None,
            gdb: false,
        }
    }
}

/// How an option takes its value.
enum Takes {
    Flag(fn(&mut Options)),
    Number(fn(&mut Options, u32)),
    Text(fn(&mut Options, String)),
}

struct Row {
    word: &'static str,
    help: &'static str,
    takes: Takes,
}

const TABLE: &[Row] = &[
    Row {
        word: "report",
        help: "print a report at exit",
        takes: Takes::Flag(|o| o.report = true),
    },
    Row {
        word: "threshold",
        help: "iterations before a loop is compiled (default 500)",
        takes: Takes::Number(|o, n| o.threshold = n.max(1)),
    },
    Row {
        word: "all",
        help: "compile loops even where no gain is expected",
        takes: Takes::Flag(|o| o.all = true),
    },
    Row {
        word: "dump",
        help: "write what becomes of every loop to this folder, for `hardwire trace`",
        takes: Takes::Text(|o, s| o.dump = Some(s)),
    },
    Row {
        word: "perf",
        help: "name machine code for perf, in /tmp/perf-PID.map",
        takes: Takes::Flag(|o| o.perf = true),
    },
    Row {
        word: "jitdump",
        help: "write machine code to this folder, for perf inject --jit",
        takes: Takes::Text(|o, s| o.jitdump = Some(s)),
    },
    Row {
        word: "gdb",
        help: "have gdb name machine code and unwind through it",
        takes: Takes::Flag(|o| o.gdb = true),
    },
];

/// The options and what they do, for messages.
pub fn known_words() -> String {
    TABLE
        .iter()
        .map(|r| format!("{} ({})", r.word, r.help))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Reads `report,threshold=50,dump=DIR`. The words `1`, `on` and the empty text mean the defaults.
///
/// # Errors
/// A text that names the word that is not known, or the value that is wrong.
pub fn parse(text: &str) -> Result<Options, String> {
    let mut options = Options {
        words: text.to_string(),
        ..Options::default()
    };
    for word in text.split(',').map(str::trim) {
        if matches!(word, "" | "1" | "on" | "True") {
            continue;
        }
        let (name, value) = match word.split_once('=') {
            Some((n, v)) => (n.trim(), Some(v.trim())),
            None => (word, None),
        };
        let Some(row) = TABLE.iter().find(|r| r.word == name) else {
            return Err(format!("unknown option `{name}`; known: {}", known_words()));
        };
        match (&row.takes, value) {
            (Takes::Flag(set), None) => set(&mut options),
            (Takes::Flag(_), Some(v)) => {
                return Err(format!("option `{name}` takes no value (got `{v}`)"));
            }
            (Takes::Number(set), Some(v)) => match v.parse::<u32>() {
                Ok(n) => set(&mut options, n),
                Err(_) => return Err(format!("option `{name}` takes a whole number (got `{v}`)")),
            },
            (Takes::Text(set), Some(v)) if !v.is_empty() => set(&mut options, v.to_string()),
            (_, _) => return Err(format!("option `{name}` needs a value: `{name}=...`")),
        }
    }
    Ok(options)
}
