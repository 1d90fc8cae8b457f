//! What sessions send each other, and the children that they invoke.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::record::{Cause, Happening};
use super::{BASIC_HTTP_ADDRESS, MAIN_SESSION, Rehearsal};
use crate::{
    Effect, Event, EventKind, Invoke, InvokeSource, SESSION_ADDRESS, Send, Session, Snapshot, Source, Status,
    Step, basic_http, compile_with,
};

/// An event under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Delivery {
    /// When it is due, after the start.
    pub(super) due: Duration,
    content: Content,
}

/// What is under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Content {
    /// An event whose receiver is known.
    Known { to: String, event: Event },
    /// A delayed event. Who its target is shows when it is due; it dies with its sender and can be cancelled (scxml: 6.2).
    Delayed { from: String, send: Send },
}

impl Delivery {
    pub(super) fn receiver(&self) -> &str {
        match &self.content {
            Content::Known { to, .. } => to,
            Content::Delayed { from, send } => send.target.as_deref().unwrap_or(from),
        }
    }

    pub(super) fn name(&self) -> &str {
        match &self.content {
            Content::Known { event, .. } => &event.name,
            Content::Delayed { send, .. } => &send.event,
        }
    }

    fn is_delayed_from(&self, session: &str) -> bool {
        matches!(&self.content, Content::Delayed { from, .. } if from == session)
    }
}

impl Rehearsal {
    pub(super) fn push(&mut self, to: String, event: Event) {
        self.enqueue(Delivery { due: self.now, content: Content::Known { to, event } });
    }

    fn enqueue(&mut self, delivery: Delivery) {
        let place = self.deliveries.partition_point(|other| other.due <= delivery.due);
        self.deliveries.insert(place, delivery);
    }

    pub(super) fn deliver(&mut self, delivery: Delivery) {
        match delivery.content {
            Content::Known { to, event } => self.step(&to, event),
            Content::Delayed { from, send } => {
                if let Some((to, event)) = self.addressed(&from, send) {
                    self.step(&to, event);
                }
            }
        }
    }

    fn step(&mut self, id: &str, mut event: Event) {
        let now_millis = self.now_millis();
        if let Some(key) = &self.time_key {
            let data = event.data.get_or_insert_with(|| serde_json::json!({}));
            if let Some(data) = data.as_object_mut() {
                data.insert(key.clone(), now_millis.into());
            }
        }
        if self.world.is_some() {
            self.told.entry(id.to_owned()).or_default().push(event.clone());
        }
        self.rest(id);
        let Some(session) = self.sessions.get_mut(id).filter(|session| session.is_running()) else {
            return;
        };
        let step = session.step(&mut self.worker, event.clone(), now_millis);
        self.carry_out(id, Cause::Event(event), step);
    }

    /// What happens to a session between two steps.
    fn rest(&mut self, id: &str) {
        let Some(session) = self.sessions.get_mut(id).filter(|session| session.is_running()) else {
            return;
        };
        match self.between {
            super::Between::Nothing => {}
            super::Between::Hibernate => session.hibernate(&mut self.worker),
            super::Between::WriteAndRead => {
                let written = session
                    .snapshot(&mut self.worker)
                    .map_err(|failure| failure.to_string())
                    .and_then(|snapshot| serde_json::to_string(&snapshot).map_err(|error| error.to_string()));
                session.hibernate(&mut self.worker);
                let chart = std::sync::Arc::clone(session.chart());
                let read = written.and_then(|text| {
                    let snapshot: Snapshot =
                        serde_json::from_str(&text).map_err(|error| error.to_string())?;
                    Session::restore(chart, snapshot).map_err(|error| error.to_string())
                });
                match read {
                    Ok(read) => *session = read,
                    Err(reason) => {
                        self.sessions.remove(id);
                        self.record(id, Happening::Lost { reason });
                    }
                }
            }
        }
        self.surround(id);
    }

    /// Gives a session the surroundings that follow from what it was told.
    pub(super) fn surround(&mut self, id: &str) {
        if let (Some(world), Some(session)) = (&self.world, self.sessions.get_mut(id)) {
            session.surround(world.surroundings(self.told.get(id).map_or(&[], Vec::as_slice)));
        }
    }

    pub(super) fn carry_out(&mut self, id: &str, cause: Cause, step: Step) {
        self.record_step(id, cause, &step);
        for effect in step.effects {
            match effect {
                Effect::Send(send) => self.send_effect(id, send),
                Effect::CancelSend { sendid } => self.deliveries.retain(|delivery| match &delivery.content {
                    Content::Delayed { from, send } => {
                        from != id || send.sendid.as_deref() != Some(sendid.as_str())
                    }
                    Content::Known { .. } => true,
                }),
                Effect::Invoke(invoke) => self.invoke(id, invoke),
                Effect::CancelInvoke { invokeid } => {
                    if let Some(child) = self.child(id, &invokeid) {
                        self.cancel_session(&child);
                    }
                }
                Effect::Forward { invokeid, event } => {
                    if let Some(child) = self.child(id, &invokeid) {
                        self.push(child, event);
                    }
                }
                Effect::Log(_) | Effect::Verb(_) | Effect::Call(_) => {}
            }
        }
        if step.status != Status::Running {
            self.ended(id, step.status);
        }
    }

    fn ended(&mut self, id: &str, status: Status) {
        // Delayed events die with the session that sent them (scxml: 6.2).
        self.deliveries.retain(|delivery| !delivery.is_delayed_from(id));
        if id == MAIN_SESSION {
            return;
        }
        let Some(session) = self.sessions.remove(id) else { return };
        let data = match status {
            Status::Ended { data, .. } => data,
            Status::Failed { .. } => None,
            // Nobody is told of the end of what he ended himself (scxml: 6.4.3).
            Status::Cancelled | Status::Running => return,
        };
        if let (Some(parent), Some(invokeid)) = (session.parent(), session.invokeid()) {
            let event = Event {
                name: format!("done.invoke.{invokeid}"),
                data,
                invokeid: Some(invokeid.to_owned()),
                ..Event::default()
            };
            self.push(parent.to_owned(), event);
        }
    }

    pub(super) fn cancel_session(&mut self, id: &str) {
        self.rest(id);
        let now_millis = self.now_millis();
        let Some(session) = self.sessions.get_mut(id).filter(|session| session.is_running()) else {
            return;
        };
        let parent = session.parent().map(str::to_owned);
        let mut step = session.cancel(&mut self.worker, now_millis);
        // What a child says while it is cancelled is not delivered to its parent (scxml: 6.4.3).
        let is_for_parent = |target: &str| {
            matches!(target, "#_parent" | "_parent")
                || parent.is_some() && target.strip_prefix(SESSION_ADDRESS) == parent.as_deref()
        };
        step.effects.retain(|effect| {
            !matches!(effect, Effect::Send(send) if send.target.as_deref().is_some_and(is_for_parent))
        });
        self.carry_out(id, Cause::Cancel, step);
    }

    fn child(&self, parent: &str, invokeid: &str) -> Option<String> {
        self.sessions
            .values()
            .find(|session| session.parent() == Some(parent) && session.invokeid() == Some(invokeid))
            .map(|session| session.id().to_owned())
    }

    fn send_effect(&mut self, from: &str, send: Send) {
        if send.delay > Duration::ZERO {
            let due = self.now.saturating_add(send.delay);
            self.enqueue(Delivery { due, content: Content::Delayed { from: from.to_owned(), send } });
        } else if let Some((to, event)) = self.addressed(from, send) {
            self.push(to, event);
        }
    }

    /// The receiver of a `<send>`, and the event that it gets. The sender is told when there is none.
    fn addressed(&mut self, from: &str, send: Send) -> Option<(String, Event)> {
        if send.kind.is_some() {
            return self.addressed_by_http(from, send);
        }
        let mut event = send.event(from);
        let session = self.sessions.get(from);
        let to = match send.target.as_deref() {
            None => Some(from.to_owned()),
            Some("#_parent" | "_parent") => {
                event.invokeid = session.and_then(Session::invokeid).map(str::to_owned);
                session.and_then(Session::parent).map(str::to_owned)
            }
            Some(target) => match target.strip_prefix(SESSION_ADDRESS) {
                Some(session) => Some(session.to_owned()),
                None => match target.strip_prefix("#_") {
                    Some(invokeid) => self.child(from, invokeid),
                    None => Some(target.to_owned()),
                },
            },
        };
        match to.filter(|to| self.is_running_session(to)) {
            Some(to) => Some((to, event)),
            None => {
                self.not_delivered(from, send);
                None
            }
        }
    }

    /// By BasicHTTP only the sessions of the rehearsal are reached; what goes to others was recorded with the step.
    fn addressed_by_http(&mut self, from: &str, send: Send) -> Option<(String, Event)> {
        let target = send.target.as_deref().unwrap_or_default();
        let host = BASIC_HTTP_ADDRESS.split("{session}").next().unwrap_or_default();
        match basic_http::session_of(BASIC_HTTP_ADDRESS, target) {
            Some(to) if self.is_running_session(to) => {
                let mut event = basic_http::looped(&send);
                event.origin = Some(BASIC_HTTP_ADDRESS.replace("{session}", from));
                Some((to.to_owned(), event))
            }
            None if !target.starts_with(host) => None,
            _ => {
                self.not_delivered(from, send);
                None
            }
        }
    }

    fn is_running_session(&self, id: &str) -> bool {
        self.sessions.get(id).is_some_and(Session::is_running)
    }

    fn not_delivered(&mut self, from: &str, send: Send) {
        let reason = "no such session is running".to_owned();
        let target = send.target.unwrap_or_default();
        self.fail(from, send.sendid, None, &reason);
        self.record(from, Happening::NotDelivered { event: send.event, target, reason });
    }

    fn fail(&mut self, session: &str, sendid: Option<String>, invokeid: Option<String>, reason: &str) {
        let event = Event {
            name: "error.communication".to_owned(),
            kind: EventKind::Platform,
            data: Some(serde_json::json!({ "reason": reason })),
            sendid,
            invokeid,
            ..Event::default()
        };
        self.push(session.to_owned(), event);
    }

    fn invoke(&mut self, parent: &str, invoke: Invoke) {
        let main = self.sessions.get(parent).map(|session| session.chart().file().to_owned());
        let (file, text) = match invoke.source {
            InvokeSource::Content(text) => (format!("{}.scxml", invoke.invokeid), Ok(text)),
            InvokeSource::Url(url) => match self.parts.0.resolve(&url, main.as_deref().unwrap_or_default()) {
                Ok(part) => (part.file, Ok(part.text)),
                Err(reason) => (url, Err(reason)),
            },
        };
        let compiled = text.and_then(|text| {
            let source = Source { file: &file, text: &text };
            compile_with(source, &self.modules, &*self.parts.0, self.broken)
                .map_err(|error| error.to_string())
        });
        match compiled {
            Ok(compiled) => {
                let kin = (parent.to_owned(), invoke.invokeid);
                self.begin(compiled.chart, invoke.parameters, Some(kin));
            }
            Err(reason) => {
                let invokeid = invoke.invokeid;
                self.fail(parent, None, Some(invokeid.clone()), &reason);
                self.record(parent, Happening::NotInvoked { invokeid, reason });
            }
        }
    }
}
