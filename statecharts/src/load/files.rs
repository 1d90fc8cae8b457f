//! The texts of a chart and what was found in them.

use crate::xml::{Place, raw_offset, to_u32};
use crate::{Diagnostic, Severity};

/// Findings after which no more are collected.
const DIAGNOSTICS_MAX: usize = 200;

/// Texts by number, and findings.
#[derive(Debug, Default)]
pub(crate) struct Files {
    files: Vec<(String, String)>,
    /// Offsets of the line ends of each text: every expression asks for its line.
    line_ends: Vec<Vec<u32>>,
    found: Vec<(Place, Diagnostic)>,
}

impl Files {
    pub(crate) fn add(&mut self, name: String, text: String) -> u16 {
        // A part that two states include has one text, but two sets of places.
        let ends = text.bytes().zip(0_u32..).filter(|(byte, _)| *byte == b'\n').map(|(_, offset)| offset);
        self.line_ends.push(ends.collect());
        self.files.push((name, text));
        u16::try_from(self.files.len() - 1).unwrap_or(u16::MAX)
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    pub(crate) fn name(&self, file: u16) -> &str {
        self.files.get(usize::from(file)).map_or("", |(name, _)| name)
    }

    pub(crate) fn text(&self, file: u16) -> &str {
        self.files.get(usize::from(file)).map_or("", |(_, text)| text)
    }

    pub(super) fn line(&self, place: Place) -> u32 {
        let ends = self.line_ends.get(usize::from(place.file)).map_or(&[][..], Vec::as_slice);
        to_u32(ends.partition_point(|end| *end < place.offset)) + 1
    }

    /// Line and column of a place, both from 1; columns count characters.
    pub(crate) fn line_and_column(&self, place: Place) -> (u32, u32) {
        let line = self.line(place);
        let ends = self.line_ends.get(usize::from(place.file)).map_or(&[][..], Vec::as_slice);
        let end_before = usize::try_from(line).unwrap_or_default().checked_sub(2).and_then(|at| ends.get(at));
        let start = end_before.map_or(0, |end| *end as usize + 1);
        let rest = self.text(place.file).get(start..).unwrap_or_default();
        let length = (place.offset as usize).saturating_sub(start);
        let column =
            rest.char_indices().take_while(|(at, character)| at + character.len_utf8() <= length).count();
        (line, to_u32(column) + 1)
    }

    /// The place of character `index` of a value that begins at `place`.
    pub(crate) fn inside(&self, place: Place, index: usize) -> Place {
        Place { file: place.file, offset: raw_offset(self.text(place.file), place.offset, index) }
    }

    pub(super) fn error(&mut self, place: Place, message: impl Into<String>) {
        self.push(Severity::Error, place, message.into());
    }

    pub(super) fn warning(&mut self, place: Place, message: impl Into<String>) {
        self.push(Severity::Warning, place, message.into());
    }

    fn push(&mut self, severity: Severity, place: Place, message: String) {
        if self.found.len() >= DIAGNOSTICS_MAX && severity == Severity::Warning {
            return;
        }
        let (line, column) = self.line_and_column(place);
        let diagnostic =
            Diagnostic { severity, file: self.name(place.file).to_owned(), line, column, message };
        self.found.push((place, diagnostic));
    }

    pub(super) fn has_errors(&self) -> bool {
        self.found.iter().any(|(_, diagnostic)| diagnostic.severity == Severity::Error)
    }

    /// Names and texts, and the findings in document order.
    pub(super) fn finish(mut self) -> (Vec<(String, String)>, Vec<Diagnostic>) {
        self.found.sort_by_key(|(place, _)| *place);
        let found = self.found.into_iter().map(|(_, diagnostic)| diagnostic).take(DIAGNOSTICS_MAX).collect();
        (self.files, found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_in_lines_and_characters() {
        let text = "<a>\n  é<b c='é' d='x'/>\n</a>";
        let mut files = Files::default();
        let file = files.add("a.scxml".to_owned(), text.to_owned());
        let of = |found: &str| {
            let offset = to_u32(text.find(found).unwrap());
            files.line_and_column(Place { file, offset })
        };
        assert_eq!([of("<a>"), of("<b"), of("d="), of("</a>")], [(1, 1), (2, 4), (2, 13), (3, 1)]);
        assert_eq!(files.line_and_column(Place { file, offset: 6 + 1 }), (2, 3), "inside of a character");
        assert_eq!(files.line_and_column(Place { file, offset: 10_000 }), (3, 5));
    }
}
