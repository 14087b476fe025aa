//! Texts of a dump that others have written, without what would drive a terminal.

use super::Record;

/// Replaces the control characters in what a program has named.
pub(super) fn record(record: &mut Record) {
    match record {
        Record::Start(start) => {
            start.command.iter_mut().for_each(text);
            text(&mut start.folder);
            text(&mut start.options);
        }
        Record::Code(code) => {
            text(&mut code.file);
            text(&mut code.function);
            code.source.iter_mut().for_each(text);
            for bytecode in &mut code.bytecode {
                text(&mut bytecode.op);
                text(&mut bytecode.means);
            }
        }
        Record::Trace(trace) => {
            for remark in &mut trace.remarks {
                text(&mut remark.detail);
            }
        }
        Record::Abort(abort) => {
            text(&mut abort.file);
            text(&mut abort.detail);
            for note in &mut abort.notes {
                text(&mut note.file);
                text(&mut note.detail);
            }
        }
        Record::Gone(gone) => text(&mut gone.why),
        Record::Counts(counts) => {
            counts.loops.iter_mut().for_each(|l| text(&mut l.detail));
        }
        Record::Loop(_) | Record::End(_) => {}
    }
}

/// A tab is no more than space.
fn text(text: &mut String) {
    if text.contains(|c: char| c.is_control() && c != '\t') {
        let shown = |c: char| match c.is_control() && c != '\t' {
            true => '\u{fffd}',
            false => c,
        };
        *text = text.chars().map(shown).collect();
    }
}
