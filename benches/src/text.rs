//! How figures and tables look on a terminal.

use std::time::Duration;

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, TableComponent};
use indicatif::{ProgressBar, ProgressStyle};

/// Nanoseconds, as exact as is of use.
pub fn ns(value: f64) -> String {
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

/// A progress bar on stderr; on a terminal only, and gone when it is dropped.
pub fn progress(steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_three_digits() {
        assert_eq!([ns(2.184), ns(47.75), ns(788.7)], ["2.18", "47.8", "789"]);
        assert_eq!([times(1.46), times(16.4)], ["1.5x", "16x"]);
    }
}
