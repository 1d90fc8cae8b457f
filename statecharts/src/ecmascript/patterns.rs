//! Names that a destructuring pattern declares.

/// The names of the pattern whose bracket stands at `start`; `None` when it is no pattern.
pub(super) fn pattern_names(source: &[char], start: usize) -> Option<Vec<String>> {
    let end = closing(source, start)?;
    let mut names = Vec::new();
    collect(source.get(start..=end)?, &mut names)?;
    Some(names)
}

/// Names of a pattern with its brackets.
fn collect(pattern: &[char], names: &mut Vec<String>) -> Option<()> {
    let is_object = pattern.first() == Some(&'{');
    for part in split(pattern.get(1..pattern.len().checked_sub(1)?)?, ',')? {
        let part = trim(part);
        if part.is_empty() {
            continue;
        }
        let rest = part.strip_prefix(&['.', '.', '.']);
        let mut target = rest.unwrap_or(part);
        if is_object && rest.is_none() {
            // `key: target`; without it the key is the name.
            let parts = split(target, ':')?;
            if parts.len() > 1 {
                target = target.get(parts.first()?.len() + 1..)?;
            }
        }
        let target = trim(split(target, '=')?.into_iter().next()?);
        match target.first()? {
            '{' | '[' => collect(target, names)?,
            _ if target.iter().all(|next| next.is_alphanumeric() || matches!(next, '_' | '$')) => {
                names.push(target.iter().collect());
            }
            _ => return None,
        }
    }
    Some(())
}

fn trim(text: &[char]) -> &[char] {
    let is_space = |character: &&char| character.is_whitespace();
    let start = text.iter().take_while(is_space).count();
    let end = text.len() - text.iter().skip(start).rev().take_while(is_space).count();
    text.get(start..end).unwrap_or_default()
}

/// Parts between separators that stand in no brackets and no string.
fn split(text: &[char], separator: char) -> Option<Vec<&[char]>> {
    let mut parts = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(character) = text.get(at) {
        match character {
            '{' | '[' | '(' | '"' | '\'' | '`' => at = closing(text, at)?,
            _ if *character == separator => {
                parts.push(text.get(from..at)?);
                from = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(text.get(from..)?);
    Some(parts)
}

/// Where the bracket or string that begins at `start` ends.
fn closing(text: &[char], start: usize) -> Option<usize> {
    let first = *text.get(start)?;
    let mut at = start + 1;
    loop {
        let character = *text.get(at)?;
        match (first, character) {
            ('"' | '\'' | '`', '\\') => at += 1,
            ('"' | '\'' | '`', _) if character == first => return Some(at),
            ('"' | '\'' | '`', _) => {}
            ('{', '}') | ('[', ']') | ('(', ')') => return Some(at),
            (_, '{' | '[' | '(' | '"' | '\'' | '`') => at = closing(text, at)?,
            _ => {}
        }
        at += 1;
    }
}
