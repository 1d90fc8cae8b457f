//! Expressions of a chart: constants are folded, the rest is checked by the script engine before any session runs it.

use serde_json::Value;

use super::Loader;
use crate::BrokenExpressions;
use crate::chart::{Expression, ExpressionIx, ExpressionKind, ModelKind, Text};
use crate::ecmascript::declarations::{check_brackets, declarations};
use crate::ecmascript::syntax::{Refused, Syntax};
use crate::ecmascript::wrap::wrap;
use crate::null_model;
use crate::xml::{Attribute, Place, to_u32};

/// Where in the source, in characters, and why.
struct SyntaxError {
    index: usize,
    message: String,
}

fn check(syntax: &Syntax, kind: &ExpressionKind, source: &str, is_sloppy: bool) -> Result<(), SyntaxError> {
    syntax.check(&wrap(kind, source, is_sloppy)).map_err(|Refused { stack, mut message }| {
        let index = stack.and_then(|stack| index_in(kind, source, &stack)).unwrap_or(0);
        let end = source.chars().count();
        if index >= end && message.starts_with("unexpected token") {
            // The token belongs to the function around the source, which nobody has written.
            "it ends where something more is expected".clone_into(&mut message);
        }
        SyntaxError { index: index.min(end.saturating_sub(1)), message }
    })
}

/// Character of the source that a stack `… :line:column` points at, or one behind its end.
fn index_in(kind: &ExpressionKind, source: &str, stack: &str) -> Option<usize> {
    let first = stack.lines().next()?.trim_end_matches(')');
    let mut numbers = first.rsplit(':');
    let column: usize = numbers.next()?.trim().parse().ok()?;
    let line: usize = numbers.next()?.parse().ok()?;
    // The source begins in line 2, or behind the location that it is assigned to.
    let first_line = match kind {
        ExpressionKind::Assign { location } => 3 + location.split('\n').count(),
        _ => 2,
    };
    let before = line.checked_sub(first_line)?;
    let start: usize = source.split('\n').take(before).map(|line| line.chars().count() + 1).sum();
    // The engine counts columns in bytes.
    let line = source.split('\n').nth(before).unwrap_or_default();
    let bytes = column.saturating_sub(1);
    let inside = line.char_indices().take_while(|(at, _)| *at < bytes).count();
    Some(start + inside + bytes.saturating_sub(line.len()))
}

/// The value of a constant that needs no script engine.
fn literal(source: &str) -> Option<Value> {
    match source {
        "true" => return Some(Value::Bool(true)),
        "false" => return Some(Value::Bool(false)),
        "null" => return Some(Value::Null),
        _ => {}
    }
    if let Some(text) = unquote(source) {
        return Some(Value::String(text.to_owned()));
    }
    let digits = source.strip_prefix('-').unwrap_or(source);
    let is_plain = !digits.is_empty()
        && digits.len() <= 15
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'))
        && source != "-0";
    is_plain.then(|| source.parse::<i64>().ok().map(Value::from)).flatten()
}

/// The text of a quoted constant without escapes.
pub(crate) fn unquote(source: &str) -> Option<&str> {
    let quote = source.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
    let inner = source.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains([quote, '\\', '\n', '\r'])).then_some(inner)
}

/// Whether a text is an identifier.
pub(crate) fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || matches!(first, '_' | '$'))
        && characters.all(|next| next.is_alphanumeric() || matches!(next, '_' | '$'))
}

/// Whether a text where the Recommendation has a literal can only be an expression as ORS writes it: `_data.target`, or
/// quoted text with something beside it (decision D-083). No event, target or time is written so.
pub(crate) fn is_ors_expression(text: &str) -> bool {
    const OBJECTS: &[&str] = &["_data.", "_event.", "_genesys."];
    OBJECTS.iter().any(|object| text.starts_with(object))
        || (unquote(text).is_none() && text.contains(['\'', '"']))
}

/// What a bare name in a verb stands for: the variable, else the property of `system`, else the word itself where any word will do
/// (decision D-083).
pub(super) fn tolerant(name: &str, is_word: bool) -> String {
    let otherwise =
        if is_word { format!("typeof {name}==='undefined'?'{name}':{name}") } else { name.to_owned() };
    format!(
        "typeof {name}==='undefined'&&typeof system==='object'&&system!==null&&'{name}'in system?system.{name}:{otherwise}"
    )
}

impl Loader<'_> {
    /// An expression from an attribute.
    pub(super) fn expression(&mut self, kind: ExpressionKind, attribute: &Attribute) -> ExpressionIx {
        self.expression_at(kind, &attribute.value, attribute.place)
    }

    /// `location = attribute`.
    pub(super) fn assignment(&mut self, location: &Attribute, value: &Attribute) -> ExpressionIx {
        let before = self.expressions.len();
        // The location is checked on its own first, so that a mistake in it is found where it stands.
        self.expression(ExpressionKind::Location, location);
        let broken = match self.expressions.pop().map(|checked| checked.kind) {
            Some(broken @ ExpressionKind::Broken { .. }) => Some(broken),
            _ => None,
        };
        self.expressions.truncate(before);
        let kind = broken.unwrap_or_else(|| ExpressionKind::Assign { location: location.value.clone() });
        self.expression(kind, value)
    }

    /// An expression with its place.
    pub(super) fn expression_at(&mut self, kind: ExpressionKind, source: &str, place: Place) -> ExpressionIx {
        // Charts end expressions with a semicolon as if they were statements.
        let text = match kind {
            ExpressionKind::Script { .. } => source,
            _ => source.trim_end_matches(|last: char| last == ';' || last.is_whitespace()),
        };
        let mut expression = Expression {
            kind,
            source: text.to_owned(),
            file: place.file,
            line: self.files.line(place),
            element: self.element,
            is_sloppy: false,
        };
        match self.model {
            ModelKind::Null => self.check_null(&mut expression, place),
            ModelKind::EcmaScript => self.check_script(&mut expression, place),
        }
        self.expressions.push(expression);
        to_u32(self.expressions.len() - 1)
    }

    fn check_null(&mut self, expression: &mut Expression, place: Place) {
        let problem = match &expression.kind {
            ExpressionKind::Condition => null_model::check(&expression.source).err(),
            ExpressionKind::Value => {
                let value =
                    literal(expression.source.trim()).unwrap_or_else(|| expression.source.clone().into());
                expression.kind = ExpressionKind::Literal(value);
                None
            }
            _ => Some("the null data model has no data; use datamodel=\"ecmascript\"".to_owned()),
        };
        if let Some(message) = problem {
            self.broken(expression, place, 0, message);
        }
    }

    fn check_script(&mut self, expression: &mut Expression, place: Place) {
        if matches!(expression.kind, ExpressionKind::Broken { .. }) {
            return;
        }
        let mut declared = None;
        if let ExpressionKind::Script { .. } = expression.kind {
            match declarations(&expression.source) {
                Ok(mut found) => {
                    self.functions.append(&mut found.texts);
                    expression.source = std::mem::take(&mut found.written);
                    declared = Some(found);
                }
                Err(error) => return self.broken(expression, place, error.index, error.message),
            }
        } else {
            if expression.kind == ExpressionKind::Value
                && let Some(value) = literal(expression.source.trim())
            {
                expression.kind = ExpressionKind::Literal(value);
                return;
            }
            if let Err(error) = check_brackets(&expression.source) {
                return self.broken(expression, place, error.index, error.message);
            }
        }
        if self.syntax.is_none() {
            match Syntax::new() {
                Ok(syntax) => self.syntax = Some(syntax),
                Err(error) => {
                    self.files.error(place, format!("the script engine cannot be set up: {error}"));
                    return;
                }
            }
        }
        let Some(syntax) = &self.syntax else { return };
        if let Err(strict) = check(syntax, &expression.kind, &expression.source, false) {
            if check(syntax, &expression.kind, &expression.source, true).is_err() {
                return self.broken(expression, place, strict.index, strict.message);
            }
            expression.is_sloppy = true;
            let place = self.files.inside(place, strict.index);
            self.files.warning(
                place,
                format!(
                    "only the old sloppy mode accepts this ({}); an undeclared name would be lost here instead of raising error.execution",
                    strict.message
                ),
            );
        }
        let Some(declared) = declared else { return };
        expression.source = declared.body;
        expression.kind = ExpressionKind::Script { names: declared.names, functions: declared.functions };
        if let Err(error) = check(syntax, &expression.kind, &expression.source, expression.is_sloppy) {
            self.broken(
                expression,
                place,
                0,
                format!("its declarations cannot be taken out: {}", error.message),
            );
        }
    }

    fn broken(&mut self, expression: &mut Expression, place: Place, index: usize, message: String) {
        let found = self.files.inside(place, index);
        let what = match expression.kind {
            ExpressionKind::Script { .. } => "script",
            ExpressionKind::Condition => "condition",
            ExpressionKind::Location => "location",
            _ => "expression",
        };
        let text = format!("this {what} is not valid: {message}");
        match self.broken {
            BrokenExpressions::Refuse => self.files.error(found, text),
            BrokenExpressions::Defer => self.files.warning(found, text),
        }
        expression.kind = ExpressionKind::Broken { message };
    }

    /// A value that is a literal in SCXML 1.0 and an expression in ORS: text in quotes is evaluated (decision D-083).
    pub(super) fn literal_or_quoted(&mut self, attribute: &Attribute) -> Text {
        let value = attribute.value.trim();
        if let Some(text) = unquote(value) {
            return Text::Literal(text.to_owned());
        }
        let is_quoted = |quote: char| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
        if is_quoted('\'') || is_quoted('"') {
            return Text::Expression(self.expression(ExpressionKind::Value, attribute));
        }
        Text::Literal(value.to_owned())
    }

    /// One of two attributes: `name` (literal, or quoted as in ORS) and `nameexpr`.
    pub(super) fn text_of(
        &mut self,
        element: &crate::xml::Element,
        literals: &[&str],
        expression: &str,
    ) -> Option<Text> {
        let given = literals.iter().find_map(|name| element.attribute(name));
        let evaluated = element.attribute(expression);
        if let (Some(given), Some(evaluated)) = (given, evaluated) {
            self.files
                .error(evaluated.place, format!("`{}` and `{expression}` exclude each other", given.name));
        }
        match (given, evaluated) {
            (Some(attribute), _) if is_ors_expression(attribute.value.trim()) => {
                Some(Text::Expression(self.expression(ExpressionKind::Value, attribute)))
            }
            (Some(attribute), _) => Some(self.literal_or_quoted(attribute)),
            (None, Some(attribute)) => {
                Some(Text::Expression(self.expression(ExpressionKind::Value, attribute)))
            }
            (None, None) => None,
        }
    }
}
