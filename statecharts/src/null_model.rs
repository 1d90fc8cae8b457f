//! The null data model (scxml: B.1): no data, and conditions that only ask which states are active.

use serde_json::Value;

use crate::chart::{DataValue, ExpressionIx, ExpressionKind, Foreach, Inline};
use crate::model::{Fault, Host, Model};
use crate::{Chart, SharedStart};

/// A condition: `In('state')`, `In(state)`, `true` or `false`, with `!` before it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Condition<'a> {
    Constant(bool),
    In { state: &'a str, is_negated: bool },
}

/// Reads a condition.
///
/// # Errors
/// What it should look like.
pub(crate) fn parse(source: &str) -> Result<Condition<'_>, String> {
    let mut text = source.trim();
    let mut is_negated = false;
    while let Some(rest) = text.strip_prefix('!') {
        is_negated = !is_negated;
        text = rest.trim_start();
    }
    match text {
        "true" => return Ok(Condition::Constant(!is_negated)),
        "false" => return Ok(Condition::Constant(is_negated)),
        _ => {}
    }
    text.strip_prefix("In")
        .map(str::trim)
        .and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')'))
        .map(|state| state.trim().trim_matches(['\'', '"']))
        .filter(|state| !state.is_empty() && !state.contains(char::is_whitespace))
        .map(|state| Condition::In { state, is_negated })
        .ok_or_else(|| format!("the null data model knows only In('state'), not `{source}`"))
}

/// Checks a condition.
///
/// # Errors
/// As [`parse`].
pub(crate) fn check(source: &str) -> Result<(), String> {
    parse(source).map(|_| ())
}

/// The null data model of a running session.
pub(crate) struct NullModel<'a> {
    pub(crate) chart: &'a Chart,
    pub(crate) host: &'a Host,
}

impl NullModel<'_> {
    fn holds(&self, source: &str) -> Result<bool, Fault> {
        let condition = parse(source).map_err(Fault::execution)?;
        Ok(match condition {
            Condition::Constant(value) => value,
            Condition::In { state, is_negated } => {
                let active = self.host.active.borrow();
                let is_active = self.chart.ids.get(state).is_some_and(|state| active.contains(*state));
                is_active != is_negated
            }
        })
    }

    fn refuse<T>(&self) -> Result<T, Fault> {
        Err(Fault::execution("the null data model has no data"))
    }
}

impl Model for NullModel<'_> {
    fn condition(&mut self, expression: ExpressionIx) -> Result<bool, Fault> {
        self.holds(&self.chart.expression(expression).source)
    }

    fn value(&mut self, expression: ExpressionIx) -> Result<Option<Value>, Fault> {
        match &self.chart.expression(expression).kind {
            ExpressionKind::Literal(value) => Ok(Some(value.clone())),
            _ => self.refuse(),
        }
    }

    fn assign(&mut self, _expression: ExpressionIx) -> Result<(), Fault> {
        self.refuse()
    }

    fn assign_value(&mut self, _location: ExpressionIx, _value: &Value) -> Result<(), Fault> {
        self.refuse()
    }

    fn assign_inline(&mut self, _location: ExpressionIx, _value: &Inline) -> Result<(), Fault> {
        self.refuse()
    }

    fn assign_name(&mut self, _name: &str, _value: &Value) -> Result<(), Fault> {
        self.refuse()
    }

    fn assign_shared(&mut self, _name: &str, _shared: &SharedStart) -> Result<(), Fault> {
        self.refuse()
    }

    fn declare(&mut self, _name: &str) -> Result<(), Fault> {
        self.refuse()
    }

    fn initialise(&mut self, _name: &str, _value: &DataValue) -> Result<(), Fault> {
        self.refuse()
    }

    fn run(&mut self, _script: ExpressionIx) -> Result<(), Fault> {
        self.refuse()
    }

    fn open_iteration(&mut self, _foreach: &Foreach) -> Result<usize, Fault> {
        self.refuse()
    }

    fn iterate(&mut self, _foreach: &Foreach, _index: usize) -> Result<(), Fault> {
        self.refuse()
    }

    fn close_iteration(&mut self) {}

    fn event_changed(&mut self) {}

    fn evaluate(&mut self, source: &str) -> Result<Option<Value>, Fault> {
        self.holds(source).map(|holds| Some(Value::Bool(holds)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_is_the_only_predicate() {
        let state = "s1";
        assert_eq!(parse("In('s1')"), Ok(Condition::In { state, is_negated: false }));
        assert_eq!(parse(" ! In( s1 ) "), Ok(Condition::In { state, is_negated: true }));
        assert_eq!(parse("true"), Ok(Condition::Constant(true)));
        assert!(parse("1 < 2").is_err());
    }
}
