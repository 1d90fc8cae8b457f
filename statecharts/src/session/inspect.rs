//! Looking into a session without changing it, for tools.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::Session;
use crate::chart::ModelKind;
use crate::ecmascript::natives::Current;
use crate::model::{Fault, Host, Model};
use crate::null_model::NullModel;
use crate::worker::ScopeData;
use crate::{Failure, Worker};

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// It cannot be parsed, or it threw.
    #[error("`{expression}`: {problem}")]
    Expression {
        /// The expression.
        expression: String,
        /// What the data model said.
        problem: String,
    },
    /// The data of the session cannot be read, or the expression hit a limit.
    #[error(transparent)]
    Session(#[from] Failure),
}

impl Session {
    /// The value of an expression in the data model of the session; `None` is undefined.
    ///
    /// It is evaluated over a copy of the data: whatever it assigns is gone afterwards. `_event` is undefined. The data of a session that
    /// has ended are there only if [its worker keeps them](Worker::keep_ended_data).
    ///
    /// # Errors
    /// When the expression cannot be parsed, throws, or hits a limit.
    pub fn evaluate(
        &mut self,
        worker: &mut Worker,
        expression: &str,
        now_millis: i64,
    ) -> Result<Option<Value>, EvaluateError> {
        let host = Rc::new(Host::default());
        host.now_millis.set(now_millis);
        host.active.replace(self.configuration.clone());
        let outcome = match self.chart.model {
            ModelKind::Null => NullModel { chart: &self.chart, host: &host }.evaluate(expression),
            ModelKind::EcmaScript => {
                worker.write(&self.chart, &mut self.data)?;
                let mut copy =
                    self.data.text().map(|text| ScopeData::from_text(text.into())).unwrap_or_default();
                let current = Current { host, meta: self.record.meta() };
                let outcome =
                    worker.with_model(&self.chart, &mut copy, current, |model| model.evaluate(expression));
                worker.release(&mut copy);
                outcome?
            }
        };
        outcome.map_err(|fault| match fault {
            Fault::Raise { message: problem, .. } => {
                EvaluateError::Expression { expression: expression.to_owned(), problem }
            }
            Fault::Fatal(failure) => EvaluateError::Session(*failure),
        })
    }

    /// Every variable of the session by its name, as `JSON.stringify` would write it: a variable without value is null,
    /// functions are left out. A variable that JSON cannot hold, such as a cycle, is a text that says so. Empty with the null data model.
    ///
    /// # Errors
    /// When the data cannot be read.
    pub fn data(
        &mut self,
        worker: &mut Worker,
        now_millis: i64,
    ) -> Result<Map<String, Value>, EvaluateError> {
        if matches!(self.chart.model, ModelKind::Null) {
            return Ok(Map::new());
        }
        match self.evaluate(worker, DATA, now_millis)? {
            Some(Value::Object(data)) => Ok(data),
            _ => Ok(Map::new()),
        }
    }
}

/// Own properties of the scope; a variable without value must not be missing, and one that cannot be written hides no other.
const DATA: &str = "Object.fromEntries(Object.keys(_data).map((name) => {
  try {
    const text = JSON.stringify(_data[name]);
    return [name, text === undefined ? (_data[name] === undefined ? null : undefined) : JSON.parse(text)];
  } catch (error) { return [name, '(no JSON: ' + String(error && error.message) + ')']; }
}))";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::trial::Trial;
    use crate::{Limits, Start, Worker};

    const BODY: &str = "<datamodel><data id='coins' expr='2'/><data id='unset'/><data id='when' expr='new Date(0)'/></datamodel>
        <state id='a'><transition event='end' target='z'/></state><final id='z'><onentry><assign location='coins' expr='9'/></onentry></final>";

    #[test]
    fn an_expression_sees_the_data_and_the_configuration() {
        let mut trial = Trial::of(BODY);
        let mut value = |expression| trial.session.evaluate(&mut trial.worker, expression, 5).unwrap();
        assert_eq!(value("coins * 3"), Some(json!(6)));
        assert_eq!(value("In('a')"), Some(json!(true)));
        assert_eq!(value("Date.now()"), Some(json!(5)));
        assert_eq!(value("unset"), None);
    }

    #[test]
    fn an_expression_changes_nothing() {
        let mut trial = Trial::of(BODY);
        trial.session.evaluate(&mut trial.worker, "coins = 7", 0).unwrap();
        assert_eq!(trial.session.evaluate(&mut trial.worker, "coins", 0).unwrap(), Some(json!(2)));
        assert!(trial.last().effects.is_empty());
    }

    #[test]
    fn an_expression_that_fails_says_why() {
        let mut trial = Trial::of(BODY);
        let mut problem =
            |expression| trial.session.evaluate(&mut trial.worker, expression, 0).unwrap_err().to_string();
        assert!(problem("coins +").starts_with("`coins +`: "), "{}", problem("coins +"));
        assert!(problem("1) + (2").contains("1) + (2"));
        assert!(problem("nothing.at.all").contains("ReferenceError"));
        assert!(problem("(function() { for (;;); })()").contains("took longer"));
    }

    #[test]
    fn data_have_every_variable() {
        let mut trial = Trial::of(BODY);
        let data = trial.session.data(&mut trial.worker, 0).unwrap();
        assert_eq!(
            Value::Object(data),
            json!({ "coins": 2, "unset": null, "when": "1970-01-01T00:00:00.000Z" })
        );
    }

    #[test]
    fn a_variable_that_is_no_json_hides_no_other() {
        let mut trial = Trial::of(
            "<script>var n = 1, cycle = {}; cycle.of = cycle; var big = {b: 1n}; function f() {}</script><state id='s'/>",
        );
        let data = trial.session.data(&mut trial.worker, 0).unwrap();
        assert_eq!(data.get("n"), Some(&json!(1)));
        assert!(!data.contains_key("f"));
        for name in ["cycle", "big"] {
            let text = data.get(name).and_then(Value::as_str).unwrap();
            assert!(text.starts_with("(no JSON: "), "{text}");
        }
    }

    #[test]
    fn a_worker_can_keep_the_data_of_sessions_that_have_ended() {
        let mut trial = Trial::of(BODY);
        trial.send("end");
        assert!(trial.session.data(&mut trial.worker, 0).unwrap().is_empty());

        let mut worker = Worker::new(Limits::default()).unwrap();
        worker.keep_ended_data();
        let chart = std::sync::Arc::clone(trial.session.chart());
        let (mut session, _) = crate::Session::start(chart, &mut worker, Start::default());
        session.step(&mut worker, crate::Event::external("end", Value::Null), 0);
        assert!(!session.is_running());
        assert_eq!(session.data(&mut worker, 0).unwrap().get("coins"), Some(&json!(9)));
        assert_eq!(worker.live_sessions(), 0);
    }

    #[test]
    fn the_null_data_model_knows_the_configuration() {
        let text = "<scxml xmlns='http://www.w3.org/2005/07/scxml' version='1.0' datamodel='null'><state id='a'/></scxml>";
        let chart = crate::trial::load(text).unwrap();
        let mut worker = Worker::new(Limits::default()).unwrap();
        let (mut session, _) = crate::Session::start(chart, &mut worker, Start::default());
        assert_eq!(session.evaluate(&mut worker, "In('a')", 0).unwrap(), Some(json!(true)));
        assert!(session.evaluate(&mut worker, "1 + 1", 0).is_err());
        assert!(session.data(&mut worker, 0).unwrap().is_empty());
    }
}
