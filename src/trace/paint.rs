//! Colours and columns. Text is made with colours; what prints it takes them out where nobody sees them.

use anstyle::{AnsiColor, Style};
use std::io::{IsTerminal, Write};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What the text is about.
pub const HEADING: Style = Style::new().bold();
/// What is of less interest.
pub const FAINT: Style = Style::new().dimmed();
/// Source lines.
pub const SOURCE: Style = AnsiColor::Cyan.on_default().bold();
/// What costs, or was taken away.
pub const BAD: Style = AnsiColor::Red.on_default();
/// What gains, or was added.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What is worth a look.
pub const NOTE: Style = AnsiColor::Yellow.on_default();

/// How wide output is that goes to no terminal.
const USUAL_WIDTH: usize = 160;
/// Narrower than this nothing is laid out.
const LEAST_WIDTH: usize = 60;

/// A text in a style.
pub fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Prints a text, in colour where somebody sees it.
///
/// # Errors
/// It cannot be written.
pub fn print(text: &str) -> std::io::Result<()> {
    let mut out = anstream::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// How many columns there are: as `COLUMNS` says, or the terminal.
pub fn columns() -> usize {
    let asked = std::env::var("COLUMNS").ok().and_then(|n| n.parse().ok());
    let seen = || match std::io::stdout().is_terminal() {
        true => terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)),
        false => None,
    };
    asked.or_else(seen).unwrap_or(USUAL_WIDTH).max(LEAST_WIDTH)
}

/// How many columns a text takes, whatever its colours.
pub fn width(text: &str) -> usize {
    anstream::adapter::strip_str(text).to_string().width()
}

/// A text that takes so many columns at least.
pub fn padded(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

/// A text that takes so many columns at most; one that is cut ends in `...`. It has no colours.
pub fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_string();
    }
    let (mut short, mut taken) = (String::new(), 3);
    for c in text.chars() {
        taken += c.width().unwrap_or(0);
        if taken > columns {
            break;
        }
        short.push(c);
    }
    short + "..."
}

/// A text in lines of so many columns at most, broken between words; the first begins with one indent, the others with
/// another. It has no colours.
pub fn wrapped(text: &str, columns: usize, first: &str, others: &str) -> String {
    let options = textwrap::Options::new(columns)
        .initial_indent(first)
        .subsequent_indent(others)
        .break_words(false);
    textwrap::fill(text, options) + "\n"
}

/// A number of times: `999`, `12.3k`, `4.56M`.
pub fn count(n: u64) -> String {
    let scaled = |unit: u64, name: &str| {
        let value = n as f64 / unit as f64;
        match value {
            v if v < 9.995 => format!("{v:.2}{name}"),
            v if v < 99.95 => format!("{v:.1}{name}"),
            v => format!("{v:.0}{name}"),
        }
    };
    match n {
        0..10_000 => n.to_string(),
        10_000..999_500 => scaled(1000, "k"),
        999_500..999_500_000 => scaled(1_000_000, "M"),
        _ => scaled(1_000_000_000, "G"),
    }
}

/// A time that is given in microseconds.
pub fn time(us: u64) -> String {
    let value = us as f64;
    match us {
        0 => "0".to_string(),
        1..1000 => format!("{us} us"),
        1000..10_000 => format!("{:.1} ms", value / 1e3),
        10_000..1_000_000 => format!("{:.0} ms", value / 1e3),
        1_000_000..10_000_000 => format!("{:.2} s", value / 1e6),
        _ => format!("{:.1} s", value / 1e6),
    }
}

/// A part of a whole, in per cent.
pub fn share(part: u64, whole: u64) -> String {
    match whole {
        0 => "-".to_string(),
        _ => format!("{:.0}%", 100.0 * part as f64 / whole as f64),
    }
}

/// Rows in columns, two spaces apart: the numbers of columns that are aligned to the right are given. A row that is
/// shorter than the others ends in a text that takes what there is.
pub fn table(rows: &[Vec<String>], right: &[usize]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |column: usize| {
        let whole = rows.iter().filter(|row| row.len() == columns);
        let widths = whole
            .filter_map(|row| row.get(column))
            .map(|text| width(text));
        widths.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(widest).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (n, text) in row.iter().enumerate() {
            let taken = widths.get(n).copied().unwrap_or(0);
            let is_last = n + 1 == row.len();
            let is_short = row.len() < columns;
            if n > 0 {
                line.push_str("  ");
            }
            match (right.contains(&n) && !(is_last && is_short), is_last) {
                (true, _) => {
                    line.push_str(&" ".repeat(taken.saturating_sub(width(text))));
                    line.push_str(text);
                }
                (false, true) => line.push_str(text),
                (false, false) => line.push_str(&padded(text, taken)),
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// As [`cut`], at the other end: of a path the last part tells most.
pub fn cut_front(text: &str, columns: usize) -> String {
    let reversed: String = text.chars().rev().collect();
    cut(&reversed, columns).chars().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_take_no_columns() {
        let text = paint(BAD, "seven x");
        assert_eq!(width(&text), 7);
        assert_eq!(width(&padded(&text, 9)), 9);
        assert_eq!(cut("abcdefgh", 6), "abc...");
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut_front("abcdefgh", 6), "...fgh");
    }

    #[test]
    fn long_lines_are_broken_between_words() {
        let text = wrapped("one two three four", 12, "  ", "    ");
        assert_eq!(text, "  one two\n    three\n    four\n");
    }

    #[test]
    fn numbers_are_short() {
        let counts = [
            0,
            9999,
            10_000,
            123_456,
            999_499,
            999_500,
            12_345_678,
            4_000_000_000,
        ];
        let short = counts.map(count);
        let expected = [
            "0", "9999", "10.0k", "123k", "999k", "1.00M", "12.3M", "4.00G",
        ];
        assert_eq!(short, expected);
        let times = [0, 999, 1234, 56_789, 1_234_567, 23_456_789].map(time);
        assert_eq!(
            times,
            ["0", "999 us", "1.2 ms", "57 ms", "1.23 s", "23.5 s"]
        );
        assert_eq!((share(1, 3), share(1, 0)), ("33%".into(), "-".into()));
    }

    #[test]
    fn columns_are_aligned_and_a_short_row_ends_in_a_text() {
        let row = |row: &[&str]| row.iter().map(|text| text.to_string()).collect::<Vec<_>>();
        let rows = [
            row(&["a", "number", "c"]),
            row(&["long", "1", "x"]),
            row(&["y", "a text that takes what there is"]),
        ];
        assert_eq!(
            table(&rows, &[1]),
            "a     number  c\nlong       1  x\ny     a text that takes what there is\n"
        );
    }
}
