//! What people at the terminal read.

use std::io::{Write as _, stderr, stdout};

/// Writes a line to standard output. A reader that has gone away is no reason to stop.
pub(crate) fn say(line: &str) {
    let _reader_is_gone = writeln!(stdout().lock(), "{line}").is_err();
}

/// Writes a line about the input to standard error, as it is: it begins with its place.
pub(crate) fn explain(line: &str) {
    let _reader_is_gone = writeln!(stderr().lock(), "{line}").is_err();
}

/// Writes a line to standard error.
pub(crate) fn complain(line: &str) {
    let _reader_is_gone = writeln!(stderr().lock(), "ringback: {line}").is_err();
}
