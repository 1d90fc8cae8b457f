//! The functions of the host that scripts can call.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rquickjs::function::Rest;
use rquickjs::{Array, Ctx, Exception, Function, Object, Value as JsValue};
use serde_json::{Map, Value, json};

use super::meter::Meter;
use super::values::to_json;
use crate::inline;
use crate::model::Host;
use crate::nesting;
use crate::session::Meta;
use crate::xml::{self, Element, Node};
use crate::{
    Call, Chart, Effect, Event, EventKind, Failure, FunctionKind, Limits, Log, SCXML_PROCESSOR,
    SESSION_ADDRESS,
};

/// What the functions see: the step that runs.
pub(crate) struct Bridge {
    pub(crate) chart: Arc<Chart>,
    limits: Limits,
    meter: Rc<Meter>,
    pub(crate) current: RefCell<Option<Current>>,
    /// Whether a script has asked for the current event.
    pub(crate) event_was_read: std::cell::Cell<bool>,
}

/// The step that runs.
#[derive(Clone)]
pub(crate) struct Current {
    pub(crate) host: Rc<Host>,
    pub(crate) meta: Meta,
}

impl Bridge {
    pub(crate) fn new(chart: Arc<Chart>, limits: &Limits, meter: &Rc<Meter>) -> Self {
        Self {
            chart,
            limits: limits.clone(),
            meter: Rc::clone(meter),
            current: RefCell::new(None),
            event_was_read: std::cell::Cell::new(false),
        }
    }

    pub(crate) fn host(&self) -> Option<Rc<Host>> {
        self.current.borrow().as_ref().map(|current| Rc::clone(&current.host))
    }

    /// What the surroundings of the session that runs answer.
    fn read(&self, path: &str, arguments: &[Value]) -> Result<Value, String> {
        let current = self.current.borrow();
        let current = current.as_ref().ok_or_else(|| format!("`{path}` is read outside of a step"))?;
        match &current.meta.surroundings {
            Some(surroundings) => surroundings.read(path, arguments, current.host.now_millis.get()),
            None => Err(format!("`{path}` cannot be read here: this host gives no surroundings")),
        }
    }

    fn push(&self, context: &Ctx<'_>, effect: Effect) -> rquickjs::Result<()> {
        match self.host() {
            Some(host) => refused(context, &host, host.add_effect(effect, &self.limits)),
            None => Ok(()),
        }
    }
}

/// Stops a script that hit a limit: it sees an error, and the step ends with the failure whatever the script does about it.
fn refused(context: &Ctx<'_>, host: &Host, outcome: Result<(), Failure>) -> rquickjs::Result<()> {
    outcome.map_err(|failure| {
        let error = Exception::throw_range(context, &failure.to_string());
        host.failure.borrow_mut().get_or_insert(failure);
        error
    })
}

/// The object of functions that the bootstrap script takes.
pub(crate) fn natives<'js>(context: &Ctx<'js>, bridge: &Rc<Bridge>) -> rquickjs::Result<Object<'js>> {
    let natives = Object::new(context.clone())?;
    clock(context, bridge, &natives)?;
    session(context, bridge, &natives)?;
    messages(context, bridge, &natives)?;
    let markup = |context: Ctx<'js>, text: String| -> rquickjs::Result<String> {
        match xml::parse(&text, 0) {
            Ok(root) => Ok(tree(&root, &text).to_string()),
            Err(error) => Err(Exception::throw_syntax(&context, &error.message)),
        }
    };
    natives.set("markup", Function::new(context.clone(), markup)?)?;
    Ok(natives)
}

fn clock<'js>(context: &Ctx<'js>, bridge: &Rc<Bridge>, natives: &Object<'js>) -> rquickjs::Result<()> {
    let of = Rc::clone(bridge);
    #[expect(clippy::cast_precision_loss, reason = "epoch milliseconds are far below 2^53")]
    let now = move || of.host().map_or(0.0, |host| host.now_millis.get() as f64);
    natives.set("now", Function::new(context.clone(), now)?)?;
    let of = Rc::clone(bridge);
    let work = move |context: Ctx<'js>, steps: f64| -> rquickjs::Result<()> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the conversion saturates"
        )]
        let steps = steps as u64;
        if of.meter.count_steps(steps) {
            return Err(Exception::throw_range(&context, "this takes too long"));
        }
        Ok(())
    };
    natives.set("work", Function::new(context.clone(), work)?)?;
    let of = Rc::clone(bridge);
    let random = move || of.host().map_or(0.5, |host| chance(&host));
    natives.set("random", Function::new(context.clone(), random)?)?;
    Ok(())
}

/// The next number of the session's generator (`SplitMix64`), in [0, 1).
fn chance(host: &Host) -> f64 {
    let state = host.chance.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
    host.chance.set(state);
    let mut mixed = state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^= mixed >> 31;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let numerator = (mixed >> 11) as f64;
    numerator / 9_007_199_254_740_992.0
}

fn session<'js>(context: &Ctx<'js>, bridge: &Rc<Bridge>, natives: &Object<'js>) -> rquickjs::Result<()> {
    let of = Rc::clone(bridge);
    let id = move || of.current.borrow().as_ref().map(|current| current.meta.id.to_string());
    natives.set("sessionid", Function::new(context.clone(), id)?)?;
    let of = Rc::clone(bridge);
    let name = move || of.chart.name().map(str::to_owned);
    natives.set("name", Function::new(context.clone(), name)?)?;
    let of = Rc::clone(bridge);
    let document = move || of.chart.file().to_owned();
    natives.set("document", Function::new(context.clone(), document)?)?;
    let of = Rc::clone(bridge);
    let processors = move || of.current.borrow().as_ref().map(|current| processors(&current.meta));
    natives.set("ioprocessors", Function::new(context.clone(), processors)?)?;
    let of = Rc::clone(bridge);
    let shared = move |context: Ctx<'js>, hash: String| -> rquickjs::Result<String> {
        let current = of.current.borrow();
        let held = current.as_ref().and_then(|current| {
            current.meta.shared.iter().find(|value| value.hash() == hash).map(|value| value.text().to_owned())
        });
        held.ok_or_else(|| Exception::throw_type(&context, &format!("shared value {hash} was not given")))
    };
    natives.set("shared", Function::new(context.clone(), shared)?)?;
    let of = Rc::clone(bridge);
    let is_active = move |state: String| {
        let index = of.chart.ids.get(&state).copied();
        let host = of.host();
        index.zip(host).is_some_and(|(index, host)| host.active.borrow().contains(index))
    };
    natives.set("isActive", Function::new(context.clone(), is_active)?)?;
    let of = Rc::clone(bridge);
    let states = move || {
        let host = of.host()?;
        let active: Vec<Value> =
            host.active.borrow().iter().map(|state| Value::from(&*of.chart.state(state).id)).collect();
        Some(Value::Array(active).to_string())
    };
    natives.set("states", Function::new(context.clone(), states)?)?;
    let of = Rc::clone(bridge);
    let event = move |context: Ctx<'js>| -> rquickjs::Result<JsValue<'js>> {
        of.event_was_read.set(true);
        match of.host() {
            Some(host) => match &*host.event.borrow() {
                Some(event) => event_object(&context, event),
                None => Ok(JsValue::new_undefined(context.clone())),
            },
            None => Ok(JsValue::new_undefined(context.clone())),
        }
    };
    natives.set("event", Function::new(context.clone(), event)?)?;
    let of = Rc::clone(bridge);
    let has_markup = move || {
        of.host().is_some_and(|host| {
            let event = host.event.borrow();
            event.as_ref().and_then(|event| event.data.as_ref()).is_some_and(inline::has_markup)
        })
    };
    natives.set("eventHasMarkup", Function::new(context.clone(), has_markup)?)?;
    Ok(())
}

//= scxml: 5.10.1 the internal structure of events
fn event_object<'js>(context: &Ctx<'js>, event: &Event) -> rquickjs::Result<JsValue<'js>> {
    let object = Object::new(context.clone())?;
    object.set("name", event.name.as_str())?;
    let kind = match event.kind {
        EventKind::Platform => "platform",
        EventKind::Internal => "internal",
        EventKind::External => "external",
    };
    object.set("type", kind)?;
    for (name, value) in [
        ("sendid", &event.sendid),
        ("origin", &event.origin),
        ("origintype", &event.origintype),
        ("invokeid", &event.invokeid),
        ("raw", &event.raw),
    ] {
        if let Some(value) = value {
            object.set(name, value.as_str())?;
        }
    }
    if let Some(data) = &event.data {
        object.set("data", super::values::to_script(context, data)?)?;
    }
    Ok(object.into_value())
}

//= scxml: 5.10 _ioprocessors, C.1 location of the SCXML processor
fn processors(meta: &Meta) -> String {
    let own = json!({"location": format!("{SESSION_ADDRESS}{}", meta.id)});
    let mut processors = Map::new();
    processors.insert(SCXML_PROCESSOR.to_owned(), own.clone());
    processors.insert("scxml".to_owned(), own);
    for (name, location) in &*meta.ioprocessors {
        let location = location.replace("{session}", &meta.id);
        processors.insert(name.clone(), json!({"location": location}));
    }
    Value::Object(processors).to_string()
}

fn messages<'js>(context: &Ctx<'js>, bridge: &Rc<Bridge>, natives: &Object<'js>) -> rquickjs::Result<()> {
    let of = Rc::clone(bridge);
    let log = move |context: Ctx<'js>, text: String| -> rquickjs::Result<()> {
        let [value, label, level] = match nesting::read(&text) {
            Ok(Value::Array(parts)) => <[Value; 3]>::try_from(parts).unwrap_or_default(),
            Ok(_) => <[Value; 3]>::default(),
            Err(error) => {
                return Err(Exception::throw_type(&context, &format!("this cannot be logged: {error}")));
            }
        };
        let log = Log { label: label.as_str().unwrap_or_default().to_owned(), value, level: level.as_i64() };
        of.push(&context, Effect::Log(log))
    };
    natives.set("log", Function::new(context.clone(), log)?)?;
    let of = Rc::clone(bridge);
    let raise = move |context: Ctx<'js>, name: String, data: Option<String>| -> rquickjs::Result<()> {
        let Some(host) = of.host() else { return Ok(()) };
        let data = data.map(|text| nesting::read(&text)).transpose();
        let data =
            data.map_err(|error| Exception::throw_type(&context, &format!("the data of an event: {error}")))?;
        let event = Event { name, kind: EventKind::Internal, data, ..Event::default() };
        refused(&context, &host, host.add_internal(event, &of.limits))
    };
    natives.set("raise", Function::new(context.clone(), raise)?)?;
    Ok(())
}

/// The registered functions, each as path, function and kind.
pub(crate) fn functions<'js>(context: &Ctx<'js>, bridge: &Rc<Bridge>) -> rquickjs::Result<Array<'js>> {
    let list = Array::new(context.clone())?;
    for (index, function) in bridge.chart.modules.functions.iter().enumerate() {
        let entry = Array::new(context.clone())?;
        entry.set(0, function.path)?;
        let (of, path) = (Rc::clone(bridge), function.path);
        if function.kind == FunctionKind::Effect {
            let call = move |context: Ctx<'js>, arguments: Rest<JsValue<'js>>| -> rquickjs::Result<()> {
                let arguments = json_of(&context, &arguments)?;
                of.push(&context, Effect::Call(Call { function: path.to_owned(), arguments }))
            };
            entry.set(1, Function::new(context.clone(), call)?)?;
        } else {
            let read =
                move |context: Ctx<'js>, arguments: Rest<JsValue<'js>>| -> rquickjs::Result<JsValue<'js>> {
                    let arguments = json_of(&context, &arguments)?;
                    match of.read(path, &arguments) {
                        Ok(value) => super::values::to_script(&context, &value),
                        Err(problem) => Err(Exception::throw_type(&context, &problem)),
                    }
                };
            entry.set(1, Function::new(context.clone(), read)?)?;
        }
        entry.set(2, function.kind == FunctionKind::Property)?;
        list.set(index, entry)?;
    }
    Ok(list)
}

/// Arguments as JSON; what JSON cannot hold is null.
fn json_of<'js>(context: &Ctx<'js>, arguments: &Rest<JsValue<'js>>) -> rquickjs::Result<Vec<Value>> {
    arguments.0.iter().map(|argument| Ok(to_json(context, argument)?.unwrap_or(Value::Null))).collect()
}

/// An element as the JSON that the script's document is made from.
fn tree(element: &Element, text: &str) -> Value {
    let attributes: Map<String, Value> = element
        .attributes
        .iter()
        .map(|attribute| (attribute.name.clone(), Value::from(attribute.value.as_str())))
        .collect();
    let children: Vec<Value> = element
        .children
        .iter()
        .map(|child| match child {
            Node::Element(child) => tree(child, text),
            Node::Text { text, .. } => Value::from(text.as_str()),
        })
        .collect();
    json!({
        "name": element.name,
        "attributes": attributes,
        "children": children,
        "text": text.get(element.outer.clone()).unwrap_or_default(),
    })
}
