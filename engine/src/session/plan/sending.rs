//! `<send>` and `<cancel>`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use statecharts::{Event, Failure, Send, basic_http};
use store::{TimerRow, Write};
use vocabulary::{EffectId, SessionId};

use super::Planner;
use crate::session::order::{Action, Post};

/// An event that is due later, as its timer row holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TimedEvent {
    /// The event.
    pub(crate) event: Event,
    /// For whom; `None` is the session that set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<SessionId>,
    /// The invocation that it is for, when none of that id was running yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) child: Option<String>,
    /// What is posted instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) post: Option<Post>,
}

impl Planner<'_> {
    pub(super) fn send(&mut self, id: &EffectId, send: Send) {
        // Whatever its kind, target and delay: what is sent to a session that sends again, or waits for a moment only, goes round as well.
        let (limit, per_second) = (self.limits.sent_events, self.limits.sent_events_rate);
        if !self.context.sends.take(self.now, limit, per_second) {
            return self.fail_session(Failure::SentEvents { limit, per_second });
        }
        if send.kind.as_deref().is_some_and(basic_http::is_basic_http) {
            return self.send_by_http(id, &send);
        }
        if !is_scxml(send.kind.as_deref()) {
            let reason = format!("events of type {} cannot be sent", send.kind.unwrap_or_default());
            return self.send_failed(send.sendid, "error.execution", &reason);
        }
        let mut child = None;
        let receiver = match send.target.as_deref() {
            None => None,
            Some(target) => match (self.receiver(target), invocation(target)) {
                (Some(session), _) => Some(session),
                (None, Some(invokeid)) if !send.delay.is_zero() => {
                    child = Some(invokeid.to_owned());
                    None
                }
                (None, _) => {
                    let reason = format!("`{target}` names no session");
                    return self.send_failed(send.sendid, "error.communication", &reason);
                }
            },
        };
        let receiver = receiver.filter(|session| session != self.session);
        let to_child = child.is_some() || receiver.is_some() && self.parent != receiver.as_ref();
        let event = Event {
            name: send.event,
            data: Some(send.data).filter(|data| !data.is_null()),
            sendid: send.sendid.clone(),
            origin: Some(format!("#_scxml_{}", self.session)),
            origintype: Some("http://www.w3.org/TR/scxml/#SCXMLEventProcessor".to_owned()),
            invokeid: if to_child {
                None
            } else {
                self.invokeid.filter(|_| receiver.is_some()).map(str::to_owned)
            },
            ..Event::default()
        };
        if send.delay.is_zero() {
            let session = receiver.unwrap_or_else(|| self.session.clone());
            return self.order(id.clone(), Action::Deliver { session, event });
        }
        self.set_timer(
            id,
            send.sendid,
            send.delay,
            &TimedEvent { event, session: receiver, child, post: None },
        );
    }

    /// By BasicHTTP: to sessions of this platform in the process (decision D-116), to everybody else as a request.
    fn send_by_http(&mut self, id: &EffectId, send: &Send) {
        let target = send.target.as_deref().unwrap_or_default();
        let timed = match basic_http::session_of(self.basic_http, target) {
            Some(session) => {
                let mut event = basic_http::looped(send);
                event.origin = Some(self.basic_http.replace("{session}", self.session.as_str()));
                let receiver = SessionId::new(session);
                TimedEvent {
                    event,
                    session: Some(receiver).filter(|to| to != self.session),
                    child: None,
                    post: None,
                }
            }
            None => {
                let request = basic_http::encode(send);
                let post = Post {
                    url: basic_http::url(target, &request),
                    content_type: request.content_type,
                    body: request.body,
                    sendid: send.sendid.clone(),
                };
                TimedEvent { event: Event::default(), session: None, child: None, post: Some(post) }
            }
        };
        if !send.delay.is_zero() {
            return self.set_timer(id, send.sendid.clone(), send.delay, &timed);
        }
        let action = match timed.post {
            Some(post) => Action::Post(post),
            None => Action::Deliver {
                session: timed.session.unwrap_or_else(|| self.session.clone()),
                event: timed.event,
            },
        };
        self.order(id.clone(), action);
    }

    fn set_timer(&mut self, id: &EffectId, sendid: Option<String>, delay: Duration, timed: &TimedEvent) {
        let limit = self.limits.pending_sends;
        if self.context.timers.len() >= limit {
            return self.fail_session(Failure::PendingSends { limit });
        }
        self.context.timers.insert(id.to_string(), sendid);
        self.plan.writes.push(Write::PutTimer(TimerRow {
            session: self.session.clone(),
            id: id.to_string(),
            due: self.now + delay,
            event: serde_json::to_string(timed).unwrap_or_default(),
        }));
    }

    pub(super) fn cancel_send(&mut self, sendid: &str) {
        let matching: Vec<String> = self
            .context
            .timers
            .iter()
            .filter(|(_, known)| known.as_deref() == Some(sendid))
            .map(|(id, _)| id.clone())
            .collect();
        self.tell_of_cancel(sendid, !matching.is_empty());
        for id in matching {
            self.forget_timer(&id);
        }
    }

    /// ORS answers a `<cancel>`, under two names when there was nothing to cancel (ors: 2); the Recommendation is silent.
    fn tell_of_cancel(&mut self, sendid: &str, is_cancelled: bool) {
        if !self.ors {
            return;
        }
        let names: &[&str] = match is_cancelled {
            true => &["cancel.successful"],
            false => &["error.notallowed", "error.cancel.notallowed"],
        };
        for name in names {
            self.raise(name, json!({ "sendid": sendid }));
        }
    }

    /// The timer has fired or was cancelled.
    pub(crate) fn forget_timer(&mut self, id: &str) {
        self.context.timers.remove(id);
        self.plan.writes.push(Write::DeleteTimer { session: self.session.clone(), id: id.to_owned() });
    }

    /// The session of an invocation that a delayed event is for; else what its sender is told.
    pub(crate) fn child_of(&self, invokeid: &str, sendid: Option<String>) -> Result<SessionId, Box<Event>> {
        self.context.children.get(invokeid).cloned().ok_or_else(|| {
            Box::new(Event {
                name: "error.communication".to_owned(),
                kind: statecharts::EventKind::Platform,
                data: Some(json!({ "reason": format!("no invocation `{invokeid}` is running") })),
                sendid,
                ..Event::default()
            })
        })
    }

    fn send_failed(&mut self, sendid: Option<String>, event: &str, reason: &str) {
        self.plan.raised.push(Event {
            name: event.to_owned(),
            kind: statecharts::EventKind::Platform,
            data: Some(json!({ "reason": reason })),
            sendid,
            ..Event::default()
        });
    }

    /// The session that a target names: `#_parent`, `#_scxml_ID`, `#_INVOKEID`, or the bare id.
    fn receiver(&self, target: &str) -> Option<SessionId> {
        match target.strip_prefix("#_") {
            Some("parent") => self.parent.cloned(),
            Some(name) => match name.strip_prefix("scxml_") {
                Some(id) => Some(SessionId::new(id)),
                None => self.context.children.get(name).cloned(),
            },
            None if target.is_empty() => None,
            None => Some(SessionId::new(target)),
        }
    }
}

/// The invocation that a target names.
fn invocation(target: &str) -> Option<&str> {
    let name = target.strip_prefix("#_")?;
    (name != "parent" && !name.starts_with("scxml_")).then_some(name)
}

fn is_scxml(kind: Option<&str>) -> bool {
    kind.is_none_or(|kind| kind.is_empty() || kind == "scxml" || kind.ends_with("SCXMLEventProcessor"))
}
