//! What the unit tests of several modules need.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Makes an executable script. Another process writes it: where this one did, a child that another test starts at that moment
/// would have it open too, and nobody could execute it until it closed it ("text file busy").
pub fn script(path: &Path, text: &str) {
    let mut writer = Command::new("sh")
        .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = writer.stdin.take().unwrap();
    pipe.write_all(text.as_bytes()).unwrap();
    drop(pipe);
    assert!(writer.wait().unwrap().success());
}
