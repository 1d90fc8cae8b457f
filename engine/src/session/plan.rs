//! From the effects of a step to a transaction and to orders. Pure.
//!
//! Everything that an effect asks for is decided here, before anything is written: which rows change with the step,
//! and what is carried out once they are durable. An effect that cannot be understood raises an error event into the
//! session; it never fails the engine.

mod callback;
mod dialog;
mod functions;
mod hearing;
mod interaction;
mod queueing;
pub(crate) mod reserving;
mod sending;
mod sessions;
pub(crate) mod statistics;
mod values;

pub(crate) use callback::notification;
pub(crate) use sending::TimedEvent;

use std::time::Duration;

use serde_json::{Value, json};
use statecharts::{Effect, Event, EventKind, Failure, Limits, Log, Verb};
use store::{CallbackRow, TimelineRow, Write};
use vocabulary::{EffectId, SessionId, Timestamp};

use crate::session::context::Context;
use crate::session::order::{Action, Order};
use crate::verbs;

/// What a planned step reads and changes.
#[derive(Debug)]
pub(crate) struct Planner<'a> {
    /// The session.
    pub(crate) session: &'a SessionId,
    /// Session that started it.
    pub(crate) parent: Option<&'a SessionId>,
    /// Invocation of the parent that it is.
    pub(crate) invokeid: Option<&'a str>,
    /// Addresses of sessions by BasicHTTP, with `{session}` for the id.
    pub(crate) basic_http: &'a str,
    /// Whether its chart expects the events of ORS besides.
    pub(crate) ors: bool,
    /// Engine time of the step.
    pub(crate) now: Timestamp,
    /// Limit of a fetch when the chart does not say (guide: `_fetch_timeout`).
    pub(crate) fetch_timeout: Duration,
    /// What a session may use up.
    pub(crate) limits: &'a Limits,
    /// The record that the session owns.
    pub(crate) record: &'a mut Option<CallbackRow>,
    /// What the session holds.
    pub(crate) context: &'a mut Context,
    /// What comes out.
    pub(crate) plan: &'a mut Plan,
}

/// What a step writes and orders.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Rows, beside session and record.
    pub(crate) writes: Vec<Write>,
    /// Orders, carried out in this order after the commit.
    pub(crate) orders: Vec<Order>,
    /// Events that the session gets next, within the same transaction.
    pub(crate) raised: Vec<Event>,
    /// Lines of the timeline.
    pub(crate) timeline: Vec<TimelineRow>,
    /// Whether the record changed.
    pub(crate) record_changed: bool,
    /// What customers found who answered.
    pub(crate) answered: Vec<routing::AnsweredCallback>,
    /// Whether messages were put into the outbox.
    pub(crate) outbox: bool,
    /// The limit of the host that the session hit; it is over.
    pub(crate) failure: Option<Failure>,
}

impl Planner<'_> {
    /// The session is over, for the first reason that there is.
    fn fail_session(&mut self, failure: Failure) {
        self.plan.failure.get_or_insert(failure);
    }

    /// Plans the effects of one step.
    pub(crate) fn step(&mut self, number: u64, effects: Vec<Effect>) {
        for (index, effect) in effects.into_iter().enumerate() {
            if self.plan.failure.is_some() {
                return;
            }
            let id = EffectId {
                session: self.session.clone(),
                step: number,
                index: u32::try_from(index).unwrap_or(u32::MAX),
            };
            match effect {
                Effect::Send(send) => self.send(&id, send),
                Effect::CancelSend { sendid } => self.cancel_send(&sendid),
                Effect::Invoke(invoke) => self.invoke(id, invoke),
                Effect::CancelInvoke { invokeid } => self.cancel_invoke(id, &invokeid),
                Effect::Forward { invokeid, event } => self.forward(id, &invokeid, event),
                Effect::Verb(verb) => self.verb(id, &verb),
                Effect::Call(call) => self.call(id, &call),
                Effect::Log(log) => self.log(&log),
            }
        }
    }

    fn verb(&mut self, id: EffectId, verb: &Verb) {
        self.line("effect", &name_of(verb), shown(&id, verb));
        match (verb.module.as_str(), verb.element.as_str()) {
            (verbs::QUEUE, "submit") => self.submit(id, verb),
            (verbs::QUEUE, "update") => self.update_entry(id, verb),
            (verbs::QUEUE, "cancel") => self.cancel_entry(id, verb),
            (verbs::QUEUE, "query") => self.query_entry(id, verb),
            (verbs::QUEUE, "reserve") => self.reserve(id, verb),
            (verbs::QUEUE, "release") => self.release_agent(id, verb),
            (verbs::INTERACTION, "createcall") => self.create_call(id, verb),
            (verbs::INTERACTION, "redirect") => self.redirect(id, verb),
            (verbs::INTERACTION, "terminate") => self.terminate_call(id, verb),
            (verbs::INTERACTION, "associate") => self.associate(id, verb),
            (verbs::INTERACTION, "detach") => self.detach(id, verb),
            (verbs::INTERACTION, "attach") => self.attach(id, verb),
            (verbs::DIALOG, "playsound" | "play") => self.play(id, verb),
            (verbs::DIALOG, "playandcollect" | "collect") => self.collect(id, verb),
            (verbs::DIALOG, "stop") => self.stop_playing(id, verb),
            (verbs::SESSION, "start") => self.start_session(id, verb),
            (verbs::SESSION, "fetch") => self.fetch(id, verb),
            (verbs::SESSION, "terminate") => self.terminate_session(id, verb),
            (verbs::SESSION, "updatestart") => self.update_start(id, verb),
            (verbs::WEB_SERVICE | verbs::SESSION, "response") => self.respond(id, verb),
            (verbs::STATISTIC, "subscribe") => self.subscribe(&id, verb),
            (verbs::STATISTIC, "unsubscribe") => self.unsubscribe(&id, verb),
            (verbs::CALLBACK, "update") => self.update_record(verb),
            (verbs::CALLBACK, "notify") => self.notify(&id, verb),
            (verbs::CALLBACK, "report") => self.report(verb),
            (verbs::CALLBACK, "push") => self.push(&id, verb),
            _ => self.unsupported(&id, verb),
        }
    }

    /// What is known and not carried out fails as its own kind of error; what is not known at all is `error.unsupported`.
    fn unsupported(&mut self, id: &EffectId, verb: &Verb) {
        match verbs::failure_of(&verb.module, &verb.element) {
            Some((event, why)) => self.fail(id, event, "unsupported", why),
            None => {
                let data = json!({ "requestid": id.to_string(), "element": verb.element });
                self.raise(&format!("error.unsupported.{}", verb.element), data);
            }
        }
    }

    /// A line of the log, with the level that ORS has for it.
    fn log(&mut self, log: &Log) {
        let level = match log.level {
            Some(1) => Some("reporting"),
            Some(2) => Some("error"),
            Some(3) => Some("warning"),
            Some(4) => Some("debug"),
            _ => None,
        };
        let mut detail = json!({ "value": log.value });
        if let (Some(level), Value::Object(fields)) = (level, &mut detail) {
            fields.insert("level".to_owned(), json!(level));
        }
        match level {
            Some("error") => {
                tracing::warn!(session_id = %self.session, label = %log.label, "A chart logs an error.")
            }
            Some("warning") => {
                tracing::info!(session_id = %self.session, label = %log.label, "A chart logs a warning.")
            }
            _ => {}
        }
        self.line("log", &log.label, detail);
    }

    /// Gives an order, with an effect row when it has to survive a restart.
    pub(crate) fn order(&mut self, effect: EffectId, action: Action) {
        if let Action::Play { call, .. } | Action::CollectDigits { call, .. } = &action {
            self.note_treatment(call, &effect);
        }
        let order = Order { effect, action };
        if let Some(row) = order.row() {
            if row.id == order.effect {
                self.context.open.insert(row.id.clone());
            }
            self.plan.writes.push(Write::PutEffect(row));
        }
        self.plan.orders.push(order);
    }

    /// An event that the session gets next.
    fn raise(&mut self, name: &str, data: Value) {
        self.plan.raised.push(Event {
            name: name.to_owned(),
            kind: EventKind::Platform,
            data: Some(data),
            ..Event::default()
        });
    }

    /// The failure of a verb: `error.<name>` with the data of the ORS modules.
    fn fail(&mut self, id: &EffectId, event: &str, error: &str, description: &str) {
        self.raise(event, json!({ "requestid": id.to_string(), "error": error, "description": description }));
    }

    /// A line of the timeline.
    pub(crate) fn line(&mut self, kind: &str, name: &str, detail: Value) {
        self.plan.timeline.push(TimelineRow {
            callback: self.record.as_ref().map(|row| row.id.clone()),
            session: Some(self.session.clone()),
            at: self.now,
            kind: kind.to_owned(),
            name: name.to_owned(),
            detail,
        });
    }

    fn warn(&mut self, name: &str, problem: &str) {
        self.line("warning", name, json!({ "problem": problem }));
    }
}

/// `queue:submit`, as the timeline names a verb.
fn name_of(verb: &Verb) -> String {
    let module = verb.module.rsplit('/').next().unwrap_or(&verb.module);
    let prefix = if module == "interaction" { "ixn" } else { module };
    format!("{prefix}:{}", verb.element)
}

/// A verb as the timeline shows it; secrets of reply URLs stay out.
fn shown(id: &EffectId, verb: &Verb) -> Value {
    let mut params = values::fields(verb);
    params.remove("_reply_url");
    json!({ "effect": id.to_string(), "attributes": verb.attributes, "params": params })
}

#[cfg(test)]
mod router_tests;
#[cfg(test)]
mod tests;
