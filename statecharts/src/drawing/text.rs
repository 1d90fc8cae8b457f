//! Texts of a drawing: what they say, how they are shortened, how wide they are.

use crate::outline::{Action, Outline, Transition};

/// Height of a line.
pub(super) const LINE_HEIGHT: f64 = 15.0;
/// Characters of a line in a box.
pub(super) const LINE_MAX: usize = 44;
/// Characters of a line in a box with other boxes in it.
pub(super) const WIDE_LINE_MAX: usize = 80;
/// How much wider bold text is.
pub(super) const BOLD: f64 = 1.12;
/// Characters of a line of a label.
const LABEL_MAX: usize = 34;
/// Lines of one kind in a box.
const LINES_MAX: usize = 6;

/// Width of a text in the font of the drawings, in pixels: a little more than most fonts need.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let ems: f64 = text
        .chars()
        .map(|character| match character {
            'i' | 'j' | 'l' | '.' | ',' | ';' | ':' | '\'' | '|' | '!' | ' ' | 'I' => 0.34,
            't' | 'f' | 'r' | '(' | ')' | '[' | ']' | '/' | '-' | '"' => 0.43,
            'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' | '→' | '↻' => 0.95,
            _ if character.is_uppercase() => 0.74,
            _ => 0.62,
        })
        .sum();
    ems * size
}

/// A text on one line with at most `max` characters.
pub(super) fn shorten(text: &str, max: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= max {
        return text;
    }
    let mut short: String = text.chars().take(max.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// A line in a box.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) text: String,
    /// All of it, when the line does not say all.
    pub(super) title: String,
    pub(super) class: &'static str,
    /// State that the line leads to.
    pub(super) link: Option<usize>,
    /// Number of the transition that the line stands for.
    pub(super) transition: Option<usize>,
}

impl Line {
    pub(super) fn new(class: &'static str, max: usize, text: &str) -> Self {
        Self { text: shorten(text, max), title: text.to_owned(), class, link: None, transition: None }
    }
}

/// Lines `word / action` for content, shortened to a few.
pub(super) fn handler<'a>(word: &str, max: usize, content: impl Iterator<Item = &'a Action>) -> Vec<Line> {
    let briefs: Vec<String> = content.map(brief).collect();
    let mut lines: Vec<Line> = briefs
        .iter()
        .take(LINES_MAX)
        .map(|brief| Line::new("action", max, &format!("{word} / {brief}")))
        .collect();
    if briefs.len() > LINES_MAX {
        let rest = briefs.get(LINES_MAX..).unwrap_or_default();
        let mut more = Line::new("action", max, &format!("{word} / … {} more", rest.len()));
        more.title = rest.join("\n");
        lines.push(more);
    }
    lines
}

/// What an action does; of branches what is in them.
fn brief(action: &Action) -> String {
    if action.is("if") || action.is("foreach") {
        let inside: Vec<String> = action
            .children
            .iter()
            .filter(|child| !child.is("else") && !child.is("elseif"))
            .map(brief)
            .collect();
        return format!("{}: {}", action.brief(), inside.join("; "));
    }
    action.brief()
}

/// Events of a transition: `a, b`; nothing for one without event.
fn events(transition: &Transition) -> String {
    transition.events.join(", ")
}

/// `event [condition] / actions`, complete.
pub(super) fn whole(transition: &Transition) -> String {
    let mut parts = vec![events(transition)];
    parts.extend(transition.condition.iter().map(|condition| format!("[{}]", condition.one_line())));
    if !transition.content.is_empty() {
        parts.push(format!("/ {}", actions(transition)));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

fn actions(transition: &Transition) -> String {
    transition.content.iter().map(brief).collect::<Vec<_>>().join("; ")
}

/// The lines of a label: events, condition, actions, each shortened.
pub(super) fn label(transition: &Transition) -> Vec<(String, &'static str)> {
    let mut lines = Vec::new();
    if !transition.events.is_empty() {
        // Of many events each has its line, as far as there is room.
        let mut current = String::new();
        for event in &transition.events {
            if !current.is_empty() && current.len() + event.len() + 2 > LABEL_MAX {
                lines.push((shorten(&current, LABEL_MAX), "event"));
                current.clear();
            }
            if !current.is_empty() {
                current.push_str(", ");
            }
            current.push_str(event);
        }
        lines.push((shorten(&current, LABEL_MAX), "event"));
    }
    if let Some(condition) = &transition.condition {
        lines.push((shorten(&format!("[{}]", condition.one_line()), LABEL_MAX), "condition"));
    }
    if !transition.content.is_empty() {
        lines.push((shorten(&format!("/ {}", actions(transition)), LABEL_MAX), "action"));
    }
    lines
}

/// Id of a state as people read it.
pub(super) fn name(outline: &Outline, state: usize) -> String {
    match outline.states.get(state) {
        Some(found) if state > 0 => found.id.to_string(),
        _ => outline.name.clone().unwrap_or_default(),
    }
}

/// Ids of the targets of a transition.
pub(super) fn targets(outline: &Outline, transition: &Transition) -> String {
    transition.targets.iter().map(|target| name(outline, *target)).collect::<Vec<_>>().join(" ")
}
