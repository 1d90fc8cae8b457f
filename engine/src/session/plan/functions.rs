//! Calls of the functions of `_genesys` (ors: 4).

use serde_json::{Map, Value, json};
use statecharts::Call;
use vocabulary::{EffectId, InteractionId};

use super::{Planner, values};
use crate::session::order::Action;

impl Planner<'_> {
    /// Plans a call. What cannot be done is a line of the timeline and an error event: a function gives nothing back.
    pub(super) fn call(&mut self, id: EffectId, call: &Call) {
        self.line("effect", &call.function, json!({ "effect": id.to_string(), "arguments": call.arguments }));
        let argument = |index: usize| call.arguments.get(index).filter(|value| !value.is_null());
        match call.function.as_str() {
            "_genesys.ixn.setuData" => match argument(0).and_then(Value::as_object) {
                Some(pairs) => self.attach_data(id, argument(1), pairs.clone()),
                None => self.call_failed(&call.function, "needs an object of keys and values"),
            },
            "_genesys.ixn.deleteuData" => {
                let Some(interaction) = self.interaction(argument(1)) else {
                    return self.call_failed(&call.function, "there is no such interaction");
                };
                let keys = match argument(0) {
                    Some(key) => key.as_str().map(str::to_owned).into_iter().collect(),
                    None => self.context.interactions.data_keys(interaction.as_str()),
                };
                let pairs: Map<String, Value> = keys.into_iter().map(|key| (key, Value::Null)).collect();
                self.attach_data(id, Some(&json!(interaction)), pairs);
            }
            "_genesys.queue.excludeAgents" => self.exclude(id, argument(0)),
            "_genesys.queue.reserveTarget" => self.reserve_target(id, &call.function, &call.arguments),
            _ => self.warn(&call.function, "changes nothing here"),
        }
    }

    /// The interaction that is named, or the first one.
    fn interaction(&self, named: Option<&Value>) -> Option<InteractionId> {
        let id = match named.and_then(Value::as_str) {
            Some("0") | None => self.context.interactions.first()?,
            Some(id) => id,
        };
        let id = InteractionId::new(id);
        self.context.calls.contains_key(&id).then_some(id)
    }

    fn attach_data(&mut self, id: EffectId, interaction: Option<&Value>, pairs: Map<String, Value>) {
        match self.interaction(interaction) {
            Some(call) => self.order(id, Action::Attach { call, pairs: Value::Object(pairs), silent: true }),
            None => self.call_failed("_genesys.ixn.setuData", "there is no such interaction"),
        }
    }

    pub(super) fn call_failed(&mut self, function: &str, problem: &str) {
        self.warn(function, problem);
        self.raise("error.execution", json!({ "message": format!("{function}: {problem}") }));
    }

    /// For this and later selections, until it is called again.
    fn exclude(&mut self, id: EffectId, agents: Option<&Value>) {
        let mut given = Map::new();
        given.insert("agents".to_owned(), agents.cloned().unwrap_or_default());
        self.context.excluded = values::list(&given, "agents");
        let waiting: Vec<String> = self.context.entries.keys().cloned().collect();
        for entry in waiting {
            self.exclude_from(id.clone(), &entry);
        }
    }
}
