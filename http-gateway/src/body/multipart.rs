//! Multipart forms, read from a body that is complete and bounded.
//!
//! More tolerant than browsers need, because the guide's printed requests must be readable: line ends without
//! carriage return, a body that holds nothing but the closing boundary, and a form whose last boundary has no dashes
//! behind it.

use serde_json::{Map, Value};

use super::BodyError;

/// Most parts of a form.
const PARTS_MAX: usize = 1000;

/// The fields of a form; a later part of the same name replaces an earlier one.
pub(super) fn fields(content_type: &str, body: &[u8]) -> Result<Map<String, Value>, BodyError> {
    let boundary = parameter(content_type, "boundary")
        .filter(|boundary| !boundary.is_empty())
        .ok_or_else(|| malformed("the content type names no boundary"))?;
    let mut fields = Map::new();
    for part in parts(&boundary, body)? {
        let (name, value) = field(part)?;
        fields.insert(name, value);
    }
    Ok(fields)
}

fn malformed(problem: impl Into<String>) -> BodyError {
    BodyError::Malformed { form: "a multipart form", problem: problem.into() }
}

/// Cuts a body into what stands between its boundaries.
fn parts<'b>(boundary: &str, body: &'b [u8]) -> Result<Vec<&'b [u8]>, BodyError> {
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut start: Option<usize> = None;
    let mut from = 0;
    while let Some(at) = find_delimiter(body, delimiter.as_bytes(), from) {
        if let Some(start) = start {
            parts.push(trim_line_end(body.get(start..at).unwrap_or_default()));
        }
        let after = at + delimiter.len();
        let rest = body.get(after..).unwrap_or_default();
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        // The guide's scheduled request ends so, and its length proves that nothing is missing. Every part is whole; a form that
        // is cut inside of one stays refused.
        if !parts.is_empty() && rest.iter().all(u8::is_ascii_whitespace) {
            return Ok(parts);
        }
        if parts.len() >= PARTS_MAX {
            return Err(malformed(format!("more than {PARTS_MAX} parts")));
        }
        let line = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or_else(|| malformed("it ends in a boundary line"))?;
        from = after + line + 1;
        start = Some(from);
    }
    if start.is_none() && body.iter().all(u8::is_ascii_whitespace) {
        return Ok(parts);
    }
    Err(malformed("the closing boundary is missing"))
}

/// Place of the next delimiter that begins a line and is the whole of the boundary.
fn find_delimiter(body: &[u8], delimiter: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = body.get(at..)?;
        at += rest.windows(delimiter.len()).position(|window| window == delimiter)?;
        let begins_line = at == 0 || body.get(at - 1) == Some(&b'\n');
        let after = body.get(at + delimiter.len()..).unwrap_or_default();
        let ends_well = after.is_empty()
            || after.starts_with(b"--")
            || after.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r')) == Some(&b'\n');
        if begins_line && ends_well {
            return Some(at);
        }
        at += 1;
    }
}

fn trim_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

/// Name and value of a part.
fn field(part: &[u8]) -> Result<(String, Value), BodyError> {
    let text =
        std::str::from_utf8(part).map_err(|error| malformed(format!("a part is no UTF-8 text: {error}")))?;
    let (head, value) =
        split_head(text).ok_or_else(|| malformed("a part has no empty line after its headers"))?;
    let disposition = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"))
        .map(|(_, value)| value)
        .ok_or_else(|| malformed("a part has no Content-Disposition"))?;
    let name = parameter(disposition, "name").ok_or_else(|| malformed("a part has no name"))?;
    Ok((name, Value::String(value.to_owned())))
}

fn split_head(text: &str) -> Option<(&str, &str)> {
    let crlf = text.find("\r\n\r\n").map(|at| (at, at + 4));
    let lf = text.find("\n\n").map(|at| (at, at + 2));
    // Whichever is first ends the headers; a value may contain the other.
    let (end, start) = match (crlf, lf) {
        (Some(crlf), Some(lf)) => crlf.min(lf),
        (one, other) => one.or(other)?,
    };
    Some((text.get(..end)?, text.get(start..)?))
}

/// A parameter of a header value, `…; name=value; name="value"`.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, next) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => match after.split_once(';') {
                Some((value, next)) => (value.trim().to_owned(), next),
                None => (after.trim().to_owned(), ""),
            },
        };
        if name.trim().trim_start_matches(';').trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = next;
    }
}

/// The text up to the closing quote, and what follows.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests;
