//! `ringback chart vocabulary`.

use crate::console;

/// Prints the vocabulary of charts, as JSON for programs or as Markdown for people.
pub(crate) fn run(json: bool) {
    let text = if json { format!("{:#}", engine::verbs::json()) } else { engine::verbs::markdown() };
    console::say(text.trim_end());
}
