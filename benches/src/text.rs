//! How figures and tables look on a terminal.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, TableComponent};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// A time in whatever unit, as exact as is of use.
pub fn time(value: f64) -> String {
    match value {
        v if v < 10.0 => format!("{v:.2}"),
        v if v < 100.0 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}

/// A ratio, such as `6.3x`.
pub fn times(value: f64) -> String {
    match value {
        v if v < 10.0 => format!("{v:.1}x"),
        v => format!("{v:.0}x"),
    }
}

/// A ratio near to 1, such as `1.08x`.
pub fn ratio(value: f64) -> String {
    format!("{}x", time(value))
}

/// A part of something, such as `+12%`.
pub fn percent_more(part: f64) -> String {
    format!("{:+.0}%", part * 100.0)
}

/// A figure as it is shown, or a dash where there is none.
pub fn figure(value: Option<f64>, show: fn(f64) -> String) -> String {
    value.map_or("-".to_string(), show)
}

/// `1 loop`, `2 loops`.
pub fn plural(count: u64, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// A table under its headings; all columns but the first `left` are aligned to the right.
pub fn table(
    headings: &[&str],
    left: usize,
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    let mut table = Table::new();
    table
        .load_preset(NOTHING)
        .set_style(TableComponent::HeaderLines, '-')
        .set_style(TableComponent::MiddleHeaderIntersections, '-')
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(headings);
    for row in rows {
        table.add_row(row.into_iter().enumerate().map(|(column, text)| {
            let alignment = if column < left {
                CellAlignment::Left
            } else {
                CellAlignment::Right
            };
            Cell::new(text).set_alignment(alignment)
        }));
    }
    table.trim_fmt()
}

/// A table as texts, for a terminal and for a page.
#[derive(Debug, Clone, Serialize)]
pub struct Grid {
    /// What heads the columns.
    pub headings: Vec<String>,
    /// How many columns from the left are words.
    pub left: usize,
    /// The rows, each with a text for each column.
    pub rows: Vec<Vec<String>>,
}

impl Grid {
    /// On a terminal.
    pub fn print(&self) {
        let headings: Vec<_> = self.headings.iter().map(String::as_str).collect();
        println!(
            "{}\n",
            table(&headings, self.left, self.rows.iter().cloned())
        );
    }
}

/// A progress bar on stderr; on a terminal only, and gone when it is dropped.
pub fn progress(steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Whether Python's text of a value and C's are the same value: a float has more than one text.
pub fn same_value(python: &str, c: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok().map(f64::to_bits);
    let integers = !python.contains(['.', 'e']) && !c.contains(['.', 'e']);
    python == c || (!integers && number(python).is_some() && number(python) == number(c))
}

/// Writes a file.
///
/// # Errors
/// It cannot be written.
pub fn write_file(path: &Path, contents: &[u8]) -> Result<()> {
    fs::write(path, contents).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_three_digits() {
        assert_eq!(
            [time(2.184), time(47.75), time(788.7)],
            ["2.18", "47.8", "789"]
        );
        assert_eq!([times(1.46), times(16.4)], ["1.5x", "16x"]);
    }

    #[test]
    fn values_are_compared_exactly() {
        assert!(same_value("0.1", "0.10000000000000001"));
        assert!(same_value("(1, 2)", "(1, 2)"));
        assert!(!same_value("0.1", "0.1000000000000001"));
        assert!(!same_value("9007199254740993", "9007199254740992"));
    }
}
