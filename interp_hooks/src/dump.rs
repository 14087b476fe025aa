//! The text of traces on disk: one file a trace, as recorded, as optimised, and
//! as machine code.

use jit::Compiled;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use traces::Trace;

static NEXT: AtomicU32 = AtomicU32::new(1);

/// Writes both traces to `FOLDER/NNN.trace`. A folder that cannot be written is no reason to stop
/// somebody's program.
pub fn write(folder: &str, naive: &Trace, optimised: &Trace, compiled: &Compiled) {
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = Path::new(folder).join(format!("{n:03}.trace"));
    let asm = compiled.asm.as_deref().unwrap_or_default();
    let text =
        format!("; as recorded\n{naive}\n; as optimised\n{optimised}\n; machine code\n{asm}");
    let _ = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, text));
}
