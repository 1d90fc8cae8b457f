//! `<send>` and `<invoke>` (scxml: 6).

use std::time::Duration;

use serde_json::Value;

use super::Interpreter;
use crate::chart::{Delay, InvokeElement, SendElement, StateIx};
use crate::duration::parse_duration;
use crate::inline;
use crate::model::Fault;
use crate::{
    Effect, EventKind, Failure, Invoke, InvokeSource, SCXML_PROCESSOR, SESSION_ADDRESS, Send, basic_http,
};

/// Length of the session ids that ORS charts use as targets.
const SESSION_ID_LENGTH: usize = 32;

/// What ORS calls a target that is not there.
const UNAVAILABLE: &str = "error.send.targetunavailable";

/// Where an event of the SCXML processor goes.
enum Destination {
    /// The session's own internal queue.
    Internal,
    /// The session itself.
    Itself,
    /// Another session.
    Other,
}

impl Interpreter<'_> {
    //= scxml: 6.2 <send>
    /// Sends; what goes wrong carries the id of the `<send>`, given or generated (scxml: 5.10.1 sendid).
    pub(super) fn send(&mut self, element: &SendElement) -> Result<(), Fault> {
        let sendid = match (&element.id, element.idlocation) {
            (Some(id), _) => Some(id.clone()),
            (None, Some(location)) => {
                let id = format!("send.{}", self.next_id());
                self.model.assign_value(location, &Value::String(id.clone()))?;
                Some(id)
            }
            (None, None) => None,
        };
        self.send_as(element, sendid.clone())
            .map_err(|fault| fault.of_send(sendid.as_deref(), element.file, element.line))
    }

    fn send_as(&mut self, element: &SendElement, sendid: Option<String>) -> Result<(), Fault> {
        let event = match &element.event {
            Some(event) => self.text(event)?,
            None => String::new(),
        };
        let target = match &element.target {
            Some(target) => Some(self.text(target)?).filter(|target| !target.is_empty()),
            None => None,
        };
        let kind = match &element.kind {
            Some(kind) => Some(self.text(kind)?).filter(|kind| !kind.is_empty()),
            None => None,
        };
        let delay = match &element.delay {
            Delay::Fixed(delay) => *delay,
            Delay::Expression(expression) => self.delay(*expression)?,
        };
        let data = self.payload(&element.payload)?;
        let is_content = element.payload.content.is_some();
        let data = data.unwrap_or(Value::Null);
        let mut send = Send { sendid, target, kind, event, data, is_content, delay };
        if !send.kind.as_deref().is_none_or(is_scxml_processor) {
            return self.send_by_processor(send);
        }
        let destination = self
            .destination(send.target.as_deref(), send.delay)
            .map_err(|fault| fault.of_target(send.target.as_deref()));
        match destination? {
            Destination::Internal => {
                let mut event = send.event(&self.record.id);
                event.kind = EventKind::Internal;
                (event.origin, event.origintype) = (None, None);
                self.raise(event)?;
            }
            Destination::Itself if send.delay == Duration::ZERO => {
                self.send_to_itself(send.event(&self.record.id))?;
            }
            Destination::Itself => {
                (send.target, send.kind) = (None, None);
                self.effect(Effect::Send(send))?;
            }
            Destination::Other => {
                send.kind = None;
                self.effect(Effect::Send(send))?;
            }
        }
        Ok(())
    }

    fn send_by_processor(&mut self, send: Send) -> Result<(), Fault> {
        let kind = send.kind.as_deref().unwrap_or_default();
        let Some(template) = self.record.ioprocessors.get(kind) else {
            let fault = Fault::execution(format!("events cannot be sent by `{kind}`"));
            return Err(fault.known_as("error.send.targettypeinvalid").of_target(send.target.as_deref()));
        };
        if basic_http::is_basic_http(kind) {
            //= scxml: C.2 a <send> without target is an error.communication
            let Some(target) = send.target.as_deref() else {
                return Err(Fault::communication("a <send> by BasicHTTP needs a target"));
            };
            if !(target.starts_with("http://") || target.starts_with("https://")) {
                let fault = Fault::execution(format!("`{target}` is no address of BasicHTTP"));
                return Err(fault.of_target(Some(target)));
            }
            // Like an event of the SCXML processor to the session itself, so that the order of the two is kept.
            if send.delay.is_zero() && basic_http::session_of(template, target) == Some(&*self.record.id) {
                let mut event = basic_http::looped(&send);
                event.origin = Some(template.replace("{session}", &self.record.id));
                return self.send_to_itself(event).map_err(Fault::from);
            }
        }
        self.effect(Effect::Send(send))?;
        Ok(())
    }

    fn delay(&mut self, expression: u32) -> Result<Duration, Fault> {
        let value = self.model.value(expression)?;
        let text = match &value {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(zero)) if zero.as_f64() == Some(0.0) => "0s".to_owned(),
            Some(other) => other.to_string(),
            None => "undefined".to_owned(),
        };
        parse_duration(&text).ok_or_else(|| {
            Fault::execution(format!("`{text}` is no time; write '1.5s' or '200ms'"))
                .known_as("error.illegalvalue.delay")
        })
    }

    //= scxml: C.1 SCXML Event I/O Processor
    fn destination(&self, target: Option<&str>, delay: Duration) -> Result<Destination, Fault> {
        let Some(target) = target else {
            return Ok(Destination::Itself);
        };
        let own = &*self.record.id;
        if matches!(target, "#_internal" | "_internal") {
            return Ok(Destination::Internal);
        }
        if target == own || target == "_sessionid" || target.strip_prefix(SESSION_ADDRESS) == Some(own) {
            return Ok(Destination::Itself);
        }
        if matches!(target, "#_parent" | "_parent") {
            return if self.record.parent.is_some() || self.record.invokeid.is_some() {
                Ok(Destination::Other)
            } else {
                Err(Fault::communication("this session was not invoked, it has no parent")
                    .known_as(UNAVAILABLE))
            };
        }
        if let Some(session) = target.strip_prefix(SESSION_ADDRESS) {
            return if session.is_empty() {
                Err(Fault::communication("the address names no session").known_as("error.send.nosuchsession"))
            } else {
                Ok(Destination::Other)
            };
        }
        if let Some(invokeid) = target.strip_prefix("#_") {
            // Of a delayed event it shows when it is due: the state may begin its invocations only after this step.
            let is_running = || self.record.invocations.iter().any(|running| running.id == invokeid);
            return if !delay.is_zero() || is_running() {
                Ok(Destination::Other)
            } else {
                Err(Fault::communication(format!("no invocation `{invokeid}` is running"))
                    .known_as(UNAVAILABLE))
            };
        }
        let is_session_id = target.len() == SESSION_ID_LENGTH
            && target.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if is_session_id {
            return Ok(Destination::Other);
        }
        Err(Fault::execution(format!("`{target}` is no target of an event")).known_as(UNAVAILABLE))
    }

    fn next_id(&mut self) -> u64 {
        let id = self.record.next_id;
        self.record.next_id += 1;
        id
    }

    //= scxml: 6.4 <invoke>, once the macrostep is complete and in document order
    pub(super) fn start_invocations(&mut self) -> Result<(), Failure> {
        if self.states_to_invoke.is_empty() {
            return Ok(());
        }
        let chart = self.chart;
        let states = self.states_to_invoke.to_vec();
        self.states_to_invoke.clear();
        for state in states {
            for (index, element) in (0u32..).zip(&chart.state(state).invokes) {
                let result = self.invoke(state, index, element);
                self.absorb(result)?;
            }
        }
        Ok(())
    }

    fn invoke(&mut self, state: StateIx, index: u32, element: &InvokeElement) -> Result<(), Fault> {
        let invokeid = match &element.id {
            Some(id) => id.clone(),
            None => format!("{}.{}", self.chart.state(state).id, self.next_id()),
        };
        if let Some(location) = element.idlocation {
            self.model.assign_value(location, &Value::String(invokeid.clone()))?;
        }
        let kind = match &element.kind {
            Some(kind) => Some(self.text(kind)?),
            None => None,
        };
        if let Some(kind) = kind.as_deref().filter(|kind| !is_chart(kind)) {
            return Err(Fault::execution(format!("only charts can be invoked, not `{kind}`")));
        }
        let source = match (&element.source, &element.payload.content) {
            (Some(source), _) => InvokeSource::Url(self.text(source)?),
            (None, Some(content)) => InvokeSource::Content(match self.content_value(content)? {
                Some(Value::String(text)) => text,
                Some(value) => inline::markup(&value).map_or_else(|| value.to_string(), str::to_owned),
                None => return Err(Fault::execution("the content of <invoke> is undefined")),
            }),
            (None, None) => return Err(Fault::execution("<invoke> names nothing to run")),
        };
        let parameters = self.named(&element.payload)?;
        self.effect(Effect::Invoke(Invoke {
            invokeid: invokeid.clone(),
            kind,
            source,
            parameters,
            autoforward: element.is_autoforward,
        }))?;
        self.remember_invocation(state, index, invokeid)?;
        Ok(())
    }

    /// Ends the children of a state that is left.
    pub(super) fn cancel_invocations(&mut self, state: StateIx) -> Result<(), Failure> {
        if self.record.invocations.is_empty() {
            return Ok(());
        }
        let (ended, kept) = std::mem::take(&mut self.record.invocations)
            .into_iter()
            .partition(|running| running.state == state);
        self.record.invocations = kept;
        let ended: Vec<crate::session::Invocation> = ended;
        for running in ended {
            self.effect(Effect::CancelInvoke { invokeid: running.id })?;
        }
        Ok(())
    }
}

fn is_scxml_processor(kind: &str) -> bool {
    kind == SCXML_PROCESSOR || matches!(kind, "scxml" | "SCXML")
}

/// Whether an invocation of this type is a chart (scxml: 6.4.2).
fn is_chart(kind: &str) -> bool {
    let kind = kind.trim_end_matches('/');
    matches!(kind, "" | "scxml" | "SCXML") || kind.ends_with("w3.org/TR/scxml") || is_scxml_processor(kind)
}
