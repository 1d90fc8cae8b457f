//! Executable content (scxml: 4).

use serde_json::{Map, Value};

use super::Interpreter;
use super::platform_errors::ALREADY_TOLD;
use crate::chart::{
    AttributeValue, Block, Content, ContentValue, ExpressionIx, Foreach, LogElement, Payload,
    RequestLocation, Text, VerbElement, VerbNode,
};
use crate::model::Fault;
use crate::{Effect, Event, EventKind, Failure, Log, Verb, VerbChild, weight};

impl Interpreter<'_> {
    /// Executes a block; an error ends only the rest of it (scxml: 4.1 of the errors of executable content).
    pub(super) fn execute_block(&mut self, block: &Block) -> Result<(), Failure> {
        for content in block {
            let result = self.execute(content);
            if !self.absorb(result)? {
                break;
            }
        }
        Ok(())
    }

    /// A block inside another one: its error is the outer block's.
    fn execute_nested(&mut self, block: &Block) -> Result<(), Fault> {
        block.iter().try_for_each(|content| self.execute(content))
    }

    fn execute(&mut self, content: &Content) -> Result<(), Fault> {
        self.count_work(1)?;
        match content {
            Content::Raise { event, payload } => {
                let data = self.payload(payload)?;
                self.raise(Event {
                    name: event.clone(),
                    kind: EventKind::Internal,
                    data,
                    ..Event::default()
                })?;
                Ok(())
            }
            Content::If(branches) => self.branches(branches),
            Content::Foreach(foreach) => self.foreach(foreach),
            Content::Log(log) => self.log(log),
            Content::Assign(expression) => self.model.assign(*expression),
            Content::AssignInline { location, value } => self.model.assign_inline(*location, value),
            Content::Script(script) => self.model.run(*script),
            Content::Send(send) => self.send(send),
            Content::Cancel(id) => {
                let sendid = self.text(id)?;
                self.effect(Effect::CancelSend { sendid })?;
                Ok(())
            }
            Content::Verb(verb) => self.verb(verb),
            Content::Unsupported { element, file, line } => {
                let name = format!("error.unsupported.{element}");
                let document = self.chart.files.get(usize::from(*file)).cloned();
                self.raise(Event {
                    name,
                    kind: EventKind::Platform,
                    data: Some(
                        serde_json::json!({"element": element, "document": document, "linenumber": line}),
                    ),
                    ..Event::default()
                })?;
                //= decision: D-086 error.execution is raised beside the ORS error event
                Err(Fault::execution(format!("<{element}> is not supported")).known_as(ALREADY_TOLD))
            }
        }
    }

    fn branches(&mut self, branches: &[(Option<ExpressionIx>, Block)]) -> Result<(), Fault> {
        for (condition, block) in branches {
            let holds = match condition {
                None => true,
                // An error counts as false and the next branch is tried (scxml: 5.9.1).
                Some(condition) => match self.condition(*condition) {
                    Ok(holds) => holds,
                    Err(fault) => {
                        self.absorb(Err(fault))?;
                        false
                    }
                },
            };
            if holds {
                return self.execute_nested(block);
            }
        }
        Ok(())
    }

    fn foreach(&mut self, foreach: &Foreach) -> Result<(), Fault> {
        let length = self.model.open_iteration(foreach)?;
        let mut result = Ok(());
        for index in 0..length {
            result = self.model.iterate(foreach, index);
            if result.is_ok() {
                result = self.execute_nested(&foreach.body);
            }
            if result.is_err() {
                break;
            }
        }
        self.model.close_iteration();
        result
    }

    fn log(&mut self, log: &LogElement) -> Result<(), Fault> {
        let value = match log.value {
            Some(expression) => self.model.value(expression)?.unwrap_or(Value::Null),
            None => Value::Null,
        };
        let label = self.text(&log.label)?;
        let level = match &log.level {
            Some(Text::Literal(text)) => text.parse().ok(),
            Some(Text::Expression(expression)) => {
                self.model.value(*expression)?.and_then(|level| level.as_i64())
            }
            None => None,
        };
        self.effect(Effect::Log(Log { label, value, level }))?;
        Ok(())
    }

    /// A literal, or the text of a value.
    pub(super) fn text(&mut self, text: &Text) -> Result<String, Fault> {
        match text {
            Text::Literal(text) => Ok(text.clone()),
            Text::Expression(expression) => Ok(match self.model.value(*expression)? {
                Some(Value::String(text)) => text,
                Some(other) => other.to_string(),
                None => "undefined".to_owned(),
            }),
        }
    }

    /// The data of an event; `None` when nothing is given.
    pub(super) fn payload(&mut self, payload: &Payload) -> Result<Option<Value>, Fault> {
        if let Some(content) = &payload.content {
            return self.content_value(content);
        }
        if payload.named.is_empty() {
            return Ok(None);
        }
        self.named(payload).map(|named| Some(Value::Object(named)))
    }

    /// What `namelist` and `<param>` name; what is undefined is left out.
    pub(super) fn named(&mut self, payload: &Payload) -> Result<Map<String, Value>, Fault> {
        let mut named = Map::new();
        for (name, expression) in &payload.named {
            if let Some(value) = self.model.value(*expression)? {
                named.insert(name.clone(), value);
            }
        }
        Ok(named)
    }

    pub(super) fn content_value(&mut self, content: &ContentValue) -> Result<Option<Value>, Fault> {
        match content {
            ContentValue::Expression(expression) => self.model.value(*expression),
            ContentValue::Inline(inline) => {
                let value = self.model.inline(inline);
                self.host.take_value(weight::of_value(&value), self.limits)?;
                Ok(Some(value))
            }
        }
    }

    /// `<donedata>`: an error leaves out the parameter that it is in, or the content (scxml: 5.5, 5.7.1).
    pub(super) fn done_data(&mut self, payload: &Payload) -> Result<Option<Value>, Failure> {
        if payload.content.is_some() {
            return match self.payload(payload) {
                Ok(data) => Ok(data),
                Err(fault) => self.absorb(Err(fault)).map(|_| None),
            };
        }
        let mut named = Map::new();
        for (name, expression) in &payload.named {
            match self.model.value(*expression) {
                Ok(value) => named.extend(value.map(|value| (name.clone(), value))),
                Err(fault) => {
                    self.absorb(Err(fault))?;
                }
            }
        }
        Ok(Some(named).filter(|named| !named.is_empty()).map(Value::Object))
    }

    fn verb(&mut self, verb: &VerbElement) -> Result<(), Fault> {
        let attributes = self.attributes(&verb.node)?;
        let children = self.children(&verb.node)?;
        let mut params = Vec::with_capacity(verb.payload.named.len());
        for (name, expression) in &verb.payload.named {
            let value = self.model.value(*expression)?;
            params.push((name.clone(), value.unwrap_or(Value::Null)));
        }
        let content = match &verb.payload.content {
            Some(content) => self.content_value(content)?,
            None => None,
        };
        let index = self.host.effects.borrow().len();
        let request_id = format!("{}:{}:{index}", self.record.id, self.step);
        //= decision: D-085 request ids are written at once
        let value = Value::String(request_id.clone());
        for location in &verb.locations {
            match location {
                RequestLocation::Name(name) => self.model.assign_name(name, &value)?,
                RequestLocation::Place(expression) => self.model.assign_value(*expression, &value)?,
            }
        }
        self.effect(Effect::Verb(Verb {
            request_id,
            module: verb.module.to_owned(),
            element: verb.node.element.to_owned(),
            attributes,
            params,
            content,
            children,
        }))?;
        Ok(())
    }

    fn attributes(&mut self, node: &VerbNode) -> Result<Map<String, Value>, Fault> {
        let mut attributes = Map::new();
        for (name, value) in &node.attributes {
            let value = match value {
                AttributeValue::Literal(value) => Some(value.clone()),
                AttributeValue::Expression(expression) => self.model.value(*expression)?,
                AttributeValue::Boolean(expression) => self.model.value(*expression)?.map(boolean),
                AttributeValue::Integer(expression) => match self.model.value(*expression)? {
                    Some(value) => number(name, value)?,
                    None => None,
                },
            };
            if let Some(value) = value {
                attributes.insert((*name).to_owned(), value);
            }
        }
        Ok(attributes)
    }

    fn children(&mut self, node: &VerbNode) -> Result<Vec<VerbChild>, Fault> {
        node.children
            .iter()
            .map(|child| {
                Ok(VerbChild {
                    element: child.element.to_owned(),
                    attributes: self.attributes(child)?,
                    children: self.children(child)?,
                })
            })
            .collect()
    }
}

/// Text that says true or false is a boolean.
fn boolean(value: Value) -> Value {
    match value.as_str() {
        Some("true") => Value::Bool(true),
        Some("false") => Value::Bool(false),
        _ => value,
    }
}

fn no_number(name: &str, value: &Value) -> Fault {
    Fault::execution(format!("`{name}` needs a number, not {value}")).known_as("error.illegalvalue.number")
}

/// Text that is a number is a number; null is left out like undefined.
fn number(name: &str, value: Value) -> Result<Option<Value>, Fault> {
    match value {
        Value::Null => Ok(None),
        Value::Number(_) => Ok(Some(value)),
        Value::String(text) => match serde_json::from_str::<Value>(text.trim()) {
            Ok(number @ Value::Number(_)) => Ok(Some(number)),
            _ => Err(no_number(name, &Value::String(text))),
        },
        other => Err(no_number(name, &other)),
    }
}
