//! The events of an error: the one of the Recommendation, and before it the one that charts for ORS wait for.

use serde_json::{Map, Value};

use super::Interpreter;
use crate::chart::{ExpressionIx, ExpressionKind};
use crate::model::Detail;
use crate::{Event, EventKind};

/// Platform events whose name ends with the state that was active (ors: 11).
const WITH_STATE: &[&str] = &["error.send.targettypeinvalid", "error.send.targetunavailable"];

/// The name of the platform event of a fault whose platform event was raised where it came up.
pub(super) const ALREADY_TOLD: &str = "told";

impl Interpreter<'_> {
    //= decision: D-086 error.execution and error.communication are raised beside the ORS error events
    /// What a fault raises; only charts for ORS are told twice, because a transition for `error` takes either.
    pub(super) fn platform_errors(
        &self,
        name: &str,
        message: String,
        expression: Option<ExpressionIx>,
        sendid: Option<String>,
        detail: Option<&Detail>,
    ) -> Vec<Event> {
        let place = match (expression, detail.and_then(|detail| detail.place)) {
            (Some(expression), _) => {
                let expression = self.chart.expression(expression);
                Some((expression.element, expression.file, expression.line))
            }
            (None, place) => place,
        };
        let is_told = !self.chart.head.is_ors || detail.is_some_and(|detail| detail.event == ALREADY_TOLD);
        let ors = (!is_told).then(|| self.ors_name(&message, expression, detail));
        let mut data = Map::new();
        data.insert("message".to_owned(), Value::String(message));
        if let Some((element, file, line)) = place {
            let document = self.chart.files.get(usize::from(file)).cloned();
            data.insert("document".to_owned(), document.map_or(Value::Null, Value::String));
            data.insert("element".to_owned(), Value::from(element));
            data.insert("linenumber".to_owned(), Value::from(line));
        }
        if let Some(target) = detail.and_then(|detail| detail.target.clone()) {
            data.insert("target".to_owned(), Value::String(target));
        }
        let event = |name: String| Event {
            name,
            kind: EventKind::Platform,
            data: Some(Value::Object(data.clone())),
            sendid: sendid.clone(),
            ..Event::default()
        };
        ors.into_iter().chain([name.to_owned()]).map(event).collect()
    }

    /// The name that ORS has for a fault (ors: 11): what is wrong, then the kind of the script's error.
    fn ors_name(&self, message: &str, expression: Option<ExpressionIx>, detail: Option<&Detail>) -> String {
        let of_kind = |group: &str| {
            let kind = message.split(':').next().filter(|kind| kind.ends_with("Error"));
            format!("error.{group}.{}", kind.unwrap_or("failed"))
        };
        let Some(expression) = expression else {
            let event = detail.map_or("", |detail| detail.event);
            return match event {
                "" => of_kind("script"),
                _ if WITH_STATE.contains(&event) => format!("{event}.{}", self.innermost_state()),
                _ => event.to_owned(),
            };
        };
        let expression = self.chart.expression(expression);
        match &expression.kind {
            ExpressionKind::Condition => of_kind("illegalcond"),
            ExpressionKind::Assign { .. } => "error.illegalassign".to_owned(),
            ExpressionKind::Location => of_kind("illegalloc"),
            ExpressionKind::Script { .. } => of_kind("script"),
            ExpressionKind::Value | ExpressionKind::Literal(_) | ExpressionKind::Broken { .. } => {
                of_kind(if expression.element == "data" { "illegaldata" } else { "illegalvalue" })
            }
        }
    }

    /// Id of the active state that comes last in the document.
    fn innermost_state(&self) -> String {
        let last = self.host.active.borrow().iter().last();
        last.map_or_else(String::new, |state| self.chart.state(state).id.to_string())
    }
}
