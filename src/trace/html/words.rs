//! Figures and texts for people.

use askama::filters::{Escaper, Html};

/// A time in microseconds.
pub(super) fn time(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..100_000 => format!("{:.1} ms", us as f64 / 1e3),
        100_000..1_000_000 => format!("{:.0} ms", us as f64 / 1e3),
        _ => format!("{:.2} s", us as f64 / 1e6),
    }
}

/// A count in full, its thousands apart.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count in few characters.
pub(super) fn brief(n: u64) -> String {
    let x = n as f64;
    match n {
        0..10_000 => count(n),
        10_000..1_000_000 => format!("{:.0}k", x / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1}M", x / 1e6),
        _ => format!("{:.1}G", x / 1e9),
    }
}

/// A count of things by name: `1 version`, `3 versions`.
pub(super) fn of(n: usize, one: &str, many: &str) -> String {
    let word = if n == 1 { one } else { many };
    format!("{} {word}", count(n as u64))
}

/// A size in bytes.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{} B", count(bytes)),
        10_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// A part of a whole, in percent; a dash where there is no whole.
pub(super) fn share(part: u64, whole: u64) -> String {
    match (part, whole) {
        (_, 0) => "–".to_string(),
        (0, _) => "0%".to_string(),
        _ => format!("{:.1}%", 100.0 * part as f64 / whole as f64),
    }
}

/// A part of a whole as the width of a bar, in percent.
pub(super) fn width(part: f64, whole: f64) -> String {
    let share = if whole > 0.0 { part / whole } else { 0.0 };
    format!("{:.2}", 100.0 * share.clamp(0.0, 1.0))
}

/// A text as HTML, where what stands between backticks is code.
pub(super) fn html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 16);
    let escaped = |html: &mut String, part: &str| {
        // Writing to a string does not fail.
        let _ = Html.write_escaped_str(html, part);
    };
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('`')
        && let Some((code, after)) = behind.split_once('`')
    {
        escaped(&mut html, before);
        html.push_str("<code>");
        escaped(&mut html, code);
        html.push_str("</code>");
        rest = after;
    }
    escaped(&mut html, rest);
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(
            [0, 999, 1_500, 250_000, 2_345_678].map(time),
            ["0 µs", "999 µs", "1.5 ms", "250 ms", "2.35 s"]
        );
        assert_eq!([7, 1234, 1_000_000].map(count), ["7", "1,234", "1,000,000"]);
        assert_eq!(
            [9999, 12_345, 2_500_000].map(brief),
            ["9,999", "12k", "2.5M"]
        );
        assert_eq!(share(1, 3), "33.3%");
        assert_eq!(share(0, 0), "–");
        assert_eq!(width(3.0, 2.0), "100.00");
    }

    #[test]
    fn what_stands_between_backticks_is_code() {
        assert_eq!(html("`a < b` & `c"), "<code>a &#60; b</code> &#38; `c");
    }
}
