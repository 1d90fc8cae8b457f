//! Target lists: targets that are tried one after the other, as the JSON array of the option `_target`.
//!
//! ```json
//! [{"target": "Gold@.GA", "timeout": "15", "clear": false,
//!   "stat_to_check": "StatAgentsAvailable", "stat_operator": "<", "stat_value": "1"},
//!  {"target": "Gold@.GA,Silver@.GA"}]
//! ```
//!
//! A target is waited for during its `timeout`; then the next one is added, or takes its place where the target
//! that is left says `clear`. A target whose condition holds when its turn comes is skipped at once; without a
//! condition it is skipped while nobody of it is at work. The last target is never skipped and waited for to the
//! end. A target without timeout is waited for to the end too: those behind it are reached only by skipping.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::reader::proposal;
use crate::statistics::{Statistic, StatisticUse};
use crate::{Comparison, TargetError, Targets};

/// Most targets of a list (guide: `_target`, from 8.5.114.09).
const STEPS_MAX: usize = 15;

/// Keys of an element.
const KEYS: [&str; 6] = ["target", "timeout", "clear", "stat_to_check", "stat_operator", "stat_value"];

/// What an entry waits for, in sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetList {
    text: Arc<str>,
    steps: Vec<TargetStep>,
}

/// One element of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetStep {
    /// The targets as written.
    pub text: Arc<str>,
    /// The targets; any of them will do.
    pub targets: Arc<Targets>,
    /// How long it is waited for before the next comes; `None`: to the end.
    pub timeout: Option<Duration>,
    /// Whether the targets so far are dropped when the next comes. Default `false`: the next is added.
    pub clear: bool,
    /// When it is skipped; `None`: while nobody is at work.
    pub skip: Option<SkipCondition>,
}

/// When an element is skipped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SkipCondition {
    /// Statistic of its targets.
    pub statistic: Statistic,
    /// `<` or `>`.
    pub comparison: Comparison,
    /// With what it is compared.
    pub value: f64,
}

/// A list cannot be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TargetListError {
    /// The text is no target and no list.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// More than 15 elements.
    #[error("the list has {count} targets; at most {STEPS_MAX} are tried")]
    TooMany {
        /// Elements.
        count: usize,
    },
    /// An element cannot be read.
    #[error("element {number} of the list of targets: {problem}")]
    Element {
        /// Which, from 1.
        number: usize,
        /// What is wrong and what was expected.
        problem: String,
    },
}

impl TargetList {
    /// Reads a list in JSON, or targets as one text, which is a list of one element.
    ///
    /// # Errors
    /// [`TargetListError`] names the element and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, TargetListError> {
        if !is_json(text) {
            let step = TargetStep::plain(text.trim()).map_err(TargetListError::Target)?;
            return Ok(Self { text: Arc::from(text), steps: vec![step] });
        }
        let elements: Vec<Value> = serde_json::from_str(text)
            .map_err(|error| TargetError::MalformedList { problem: error.to_string() })?;
        if elements.is_empty() {
            return Err(TargetError::Empty.into());
        }
        if elements.len() > STEPS_MAX {
            return Err(TargetListError::TooMany { count: elements.len() });
        }
        let steps = elements
            .iter()
            .zip(1..)
            .map(|(element, number)| {
                read_step(element).map_err(|problem| TargetListError::Element { number, problem })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { text: Arc::from(text), steps })
    }

    /// The list as it was written.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// What is legal but probably not meant, in sentences for the operator; see [`Targets::warnings`].
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.steps.iter().flat_map(|step| step.targets.warnings()).collect()
    }

    /// The elements in order; never empty, at most 15.
    #[must_use]
    pub fn steps(&self) -> &[TargetStep] {
        &self.steps
    }
}

impl TargetStep {
    fn plain(text: &str) -> Result<Self, TargetError> {
        let targets = Arc::new(Targets::parse(text)?);
        Ok(Self { text: Arc::from(text), targets, timeout: None, clear: false, skip: None })
    }
}

/// `[40]Gold@.GA` begins with a bracket as well: only a quote or brace after it means JSON.
fn is_json(text: &str) -> bool {
    let inner = text.trim_start().strip_prefix('[').map(str::trim_start);
    inner.is_some_and(|inner| inner.starts_with(['{', '"', ']']))
}

fn read_step(element: &Value) -> Result<TargetStep, String> {
    let object = match element {
        Value::String(text) => return TargetStep::plain(text.trim()).map_err(|error| error.to_string()),
        Value::Object(object) => object,
        other => return Err(format!("expected an object with `target`, found `{other}`")),
    };
    if let Some(key) = object.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(format!("there is no key `{key}`{}", proposal(key, KEYS.into_iter())));
    }
    let text = object.get("target").and_then(Value::as_str).ok_or("`target` is missing, or is no text")?;
    let step = TargetStep::plain(text.trim()).map_err(|error| format!("`target`: {error}"))?;
    Ok(TargetStep {
        timeout: read_number(object, "timeout")?
            .map(|seconds| {
                Duration::try_from_secs_f64(seconds).map_err(|error| format!("`timeout`: {error}"))
            })
            .transpose()?,
        clear: read_flag(object, "clear")?,
        skip: read_condition(object, &step.targets)?,
        ..step
    })
}

/// A number, also as text; missing, null and empty are none.
fn read_number(object: &Map<String, Value>, key: &str) -> Result<Option<f64>, String> {
    let number = match object.get(key) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(other) => other.as_f64(),
    };
    match number.filter(|number: &f64| number.is_finite()) {
        Some(number) => Ok(Some(number)),
        None => Err(format!("`{key}` is not a number")),
    }
}

fn read_flag(object: &Map<String, Value>, key: &str) -> Result<bool, String> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(Value::String(text)) if text == "true" => Ok(true),
        Some(Value::String(text)) if text == "false" || text.is_empty() => Ok(false),
        Some(other) => Err(format!("`{key}` is `{other}`: write true or false")),
    }
}

/// A condition of which a part is missing is none (the guide's own sample has one).
fn read_condition(object: &Map<String, Value>, targets: &Targets) -> Result<Option<SkipCondition>, String> {
    let text = |key| match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
        Some(other) => Err(format!("`{key}` is `{other}`: write a text")),
    };
    let (Some(name), Some(operator), Some(value)) =
        (text("stat_to_check")?, text("stat_operator")?, read_number(object, "stat_value")?)
    else {
        return Ok(None);
    };
    let comparison = match operator {
        "<" => Comparison::Less,
        ">" => Comparison::Greater,
        other => return Err(format!("`stat_operator` is `{other}`: write < or >")),
    };
    let mut found = None;
    for target in targets.iter() {
        let statistic = StatisticUse::of_target(target.kind(), target.skills().is_some())
            .find(name)
            .map_err(|error| format!("`stat_to_check`: {error}"))?;
        found = Some(SkipCondition { statistic, comparison, value });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::TargetList;

    fn problem(text: &str) -> String {
        TargetList::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_list_is_read_with_its_conditions() {
        let list = TargetList::parse(
            r#"[{"target":"Gold@.GA","timeout":"15","clear":true,"stat_to_check":"StatAgentsAvailable",
                 "stat_operator":"<","stat_value":"1"},{"target":"a@.A","timeout":10},"Silver@.GA"]"#,
        )
        .unwrap();
        let [first, second, last] = list.steps() else { panic!("{list:?}") };
        assert_eq!((first.timeout, first.clear), (Some(Duration::from_secs(15)), true));
        assert_eq!(first.skip.unwrap().value, 1.0);
        assert_eq!((second.timeout, second.clear, second.skip), (Some(Duration::from_secs(10)), false, None));
        assert_eq!(&*last.text, "Silver@.GA");
    }

    #[test]
    fn a_condition_without_value_is_none() {
        let text = r#"[{"target":"G@.GA","stat_to_check":"StatAgentsAvailable","stat_operator":"<"}]"#;
        assert_eq!(TargetList::parse(text).unwrap().steps()[0].skip, None);
    }

    #[test]
    fn a_weight_is_no_list() {
        assert_eq!(TargetList::parse("[40]Gold@.GA,[60]Silver@.GA").unwrap().steps().len(), 1);
    }

    #[test]
    fn mistakes_name_the_element_and_the_nearest_key() {
        for (text, expected) in [
            ("[]", "there is no target"),
            (
                r#"[{"target":"G@.GA"},{"target":"S@.GA","timout":5}]"#,
                "element 2 of the list of targets: there is no key `timout`; did you mean `timeout`?",
            ),
            (r#"[{"timeout":5}]"#, "`target` is missing"),
            (r#"[{"target":"G@.GA","timeout":"soon"}]"#, "`timeout` is not a number"),
            (r#"[{"target":"G@.GA","timeout":-1}]"#, "`timeout`"),
            (r#"[{"target":"G@.GA","clear":7}]"#, "write true or false"),
            (r#"[{"target":"G@.GA","stat_operator":1}]"#, "`stat_operator` is `1`: write a text"),
            (
                r#"[{"target":"G@.GA","stat_to_check":"StatAgentsAvailable","stat_operator":"=","stat_value":1}]"#,
                "write < or >",
            ),
            (
                r#"[{"target":"G@.GA","stat_to_check":"StatAgentsAvailible","stat_operator":"<","stat_value":1}]"#,
                "did you mean `StatAgentsAvailable`?",
            ),
            (
                r#"[{"target":"?:S>1@.GA","stat_to_check":"StatAgentsAvailable","stat_operator":"<","stat_value":1}]"#,
                "RStatAgentsReady",
            ),
            (r#"[{"target":"Gold"}]"#, "element 1"),
            ("Gold", "name@server.TYPE"),
        ] {
            assert!(problem(text).contains(expected), "{text}: {}", problem(text));
        }
        let many = format!("[{}]", vec![r#""a@.A""#; 16].join(","));
        assert!(problem(&many).contains("16 targets"));
    }
}
