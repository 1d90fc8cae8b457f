//! The engine as its callers see it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use routing::{Explanation, Method, WaitingTime};
use serde_json::{Map, Value, json};
use statecharts::{Event, basic_http};
use store::TimelineRow;
use tokio::sync::{broadcast, mpsc};
use vocabulary::{CallbackId, QueueName, ServiceName, SessionId, Timestamp};

use crate::abandonment::AbandonmentView;
use crate::admission;
use crate::api::{
    AgentChange, AgentCommand, AgentError, AgentMessage, AgentState, CallbackView, CancelRequest, Lookup,
    QueueListing, SessionError, SessionResponse, StartRequest,
};
use crate::cancelling;
use crate::explaining::{self, Why};
use crate::finding;
use crate::matching;
use crate::node::Node;
use crate::pausing;
use crate::refusal::Refusal;
use crate::scheduled_starts::{self, ScheduleError, ScheduledStart};
use crate::session::order::SessionSource;
use crate::session::{Incoming, TellError};
use crate::simulator::Simulator;
use crate::starting;
use crate::urs_stat;

/// How long a request to a session waits for its answer, in real time.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The engine. Cheap to clone; every clone is the same engine.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(crate) node: Arc<Node>,
}

impl Engine {
    pub(crate) const fn of(node: Arc<Node>) -> Self {
        Self { node }
    }

    /// Starts or schedules a callback; the answer is the body of the reply (guide: start).
    ///
    /// # Errors
    /// [`Refusal`]; nothing is stored then.
    pub async fn start_callback(&self, request: StartRequest) -> Result<Map<String, Value>, Refusal> {
        self.node.check_accepting()?;
        let _busy = self.node.clock.activity().begin();
        admission::start(&self.node, request).await
    }

    /// Cancels a callback (guide: cancel).
    ///
    /// # Errors
    /// [`Refusal`] when there is no such callback, or it can no longer be cancelled.
    pub async fn cancel_callback(&self, request: CancelRequest) -> Result<(), Refusal> {
        let _busy = self.node.clock.activity().begin();
        cancelling::cancel(&self.node, &request).await
    }

    /// A callback by id; `service` of the path, if there is one, must be its service.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn callback(&self, service: Option<&str>, id: &str) -> Result<CallbackView, Refusal> {
        finding::by_id(&self.node, service, id).await
    }

    /// The service of a callback, `None` when there is no such callback. Whoever decides who may see it has to know.
    ///
    /// # Errors
    /// [`Refusal::Failed`] when the store cannot be read.
    pub async fn service_of(&self, id: &str) -> Result<Option<ServiceName>, Refusal> {
        Ok(self.node.store.callback(CallbackId::new(id)).await?.map(|row| row.service))
    }

    /// Callbacks by properties (guide: query by properties).
    ///
    /// # Errors
    /// [`Refusal`] when there is nothing to look for, or no lookup by a property.
    pub async fn find_callbacks(&self, lookup: Lookup) -> Result<Vec<CallbackView>, Refusal> {
        finding::by_properties(&self.node, lookup).await
    }

    /// Callbacks by service, in the order of service names (guide: query by queues).
    ///
    /// # Errors
    /// [`Refusal::RangeTooWide`].
    pub async fn list_callbacks(
        &self,
        listing: QueueListing,
    ) -> Result<Vec<(String, Vec<CallbackView>)>, Refusal> {
        finding::by_service(&self.node, listing).await
    }

    /// The timeline of a callback, the oldest line first.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn timeline(&self, id: &str) -> Result<Vec<TimelineRow>, Refusal> {
        let id = CallbackId::new(id);
        if self.node.store.callback(id.clone()).await?.is_none() {
            return Err(Refusal::NotFound { id });
        }
        Ok(self.node.store.timeline(id).await?)
    }

    /// Why a callback has not been dialled yet, in a sentence with the numbers behind it; or what has become of it.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn why(&self, id: &str) -> Result<Why, Refusal> {
        explaining::why(&self.node, id).await
    }

    /// What an interaction can expect in a virtual queue or a group of queues, with the inputs of the estimate
    /// (guide: `lvq`). `call`: a waiting interaction, `None` for one that would enter now. `None` comes back when the
    /// queue has had no activity.
    ///
    /// # Errors
    /// [`Refusal::Failed`] when the router does not answer.
    pub async fn expected_wait(
        &self,
        queue: &str,
        call: Option<&str>,
        method: Method,
    ) -> Result<Option<(WaitingTime, Explanation)>, Refusal> {
        explaining::expected_wait(&self.node, queue, call, method).await
    }

    /// What customers found who answered, for each callback service.
    #[must_use]
    pub fn abandonment(&self) -> BTreeMap<String, AbandonmentView> {
        self.node.abandonment_views()
    }

    /// What newcomers can expect in these virtual queues, or in all that have been used; `{}` for a queue without activity.
    ///
    /// # Errors
    /// [`Refusal::Failed`] when the router does not answer.
    pub async fn expected_waits(
        &self,
        queues: Option<Vec<String>>,
        method: Method,
    ) -> Result<Map<String, Value>, Refusal> {
        let queues = queues.map(|names| names.into_iter().map(QueueName::new).collect());
        urs_stat::all(&self.node, queues, method).await
    }

    /// Whether a service is one that is read with GET (guide: `urs-stat`).
    #[must_use]
    pub fn is_read_service(&self, service: &str) -> bool {
        matches!(self.node.configuration.builtin_service(service), Some((_, "urs-stat")))
    }

    /// Calls a generic service: `match-interaction`, `request-access`, `urs-stat`.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn call_service(
        &self,
        service: &str,
        parameters: Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let _busy = self.node.clock.activity().begin();
        match self.node.configuration.builtin_service(service) {
            Some((_, "match-interaction")) => matching::match_interaction(&self.node, parameters).await,
            Some((found, "urs-stat")) => urs_stat::ask(&self.node, found, &parameters).await,
            Some((found, "request-access")) => matching::request_access(&self.node, found, parameters).await,
            Some((found, kind)) => Err(Refusal::Configuration {
                text: format!("Service {service}: built-in services of kind {kind} are not supported"),
                service: found.name().clone(),
            }),
            None => Err(admission::callback_service(&self.node, service).err().unwrap_or_else(|| {
                Refusal::BadParameter {
                    text: format!("Service {service} is started at /service/callback/{service}"),
                }
            })),
        }
    }

    /// A message to the session of a service instance: `connect`, `check-queue-position`, any other name that is not one
    /// of the platform's own. Whoever knows the id may send it, so it must not pass for an event of the platform
    /// or for the reply of a plugin (decision D-115).
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn message(
        &self,
        id: &str,
        name: &str,
        fields: Map<String, Value>,
    ) -> Result<SessionResponse, SessionError> {
        if is_reserved(name) {
            return Err(SessionError::Reserved(name.to_owned()));
        }
        let row = self.node.store.callback(CallbackId::new(id)).await.map_err(failed)?;
        let row = row.ok_or_else(|| SessionError::Unknown(id.to_owned()))?;
        let session = row.session.ok_or_else(|| SessionError::Ended(id.to_owned()))?;
        if name == "ping" && self.node.sessions.is_running(&session) {
            return Ok(SessionResponse { status: 200, body: json!({}) });
        }
        self.session_request(session.as_str(), name, Value::Object(fields)).await
    }

    /// Starts a session on a chart: a shipped name, a file of the charts folder, or an allowed URL.
    ///
    /// # Errors
    /// [`SessionError::Refused`] when the chart cannot be used.
    pub async fn start_session(
        &self,
        src: &str,
        parameters: Map<String, Value>,
    ) -> Result<SessionId, SessionError> {
        let _busy = self.node.clock.activity().begin();
        let session = self.node.chance.session_id();
        let source = SessionSource::Reference(src.to_owned());
        starting::start_plain(&self.node, session.clone(), source, parameters, (None, None, 0), Vec::new())
            .await
            .map_err(SessionError::Refused)?;
        Ok(session)
    }

    /// Starts a session at a later time; the start is durable when this returns. A time that is over starts it at once.
    ///
    /// # Errors
    /// [`SessionError::Refused`] when the chart cannot be used, [`SessionError::Busy`] when too many starts wait.
    pub async fn start_session_at(
        &self,
        src: &str,
        parameters: Map<String, Value>,
        due: Timestamp,
    ) -> Result<SessionId, SessionError> {
        if due <= self.node.clock.now() {
            return self.start_session(src, parameters).await;
        }
        let _busy = self.node.clock.activity().begin();
        // A chart of our own that cannot be used is told now rather than at the time of the start.
        if !src.starts_with("http://") && !src.starts_with("https://") {
            self.node.charts.named(src).map_err(|error| SessionError::Refused(error.to_string()))?;
        }
        let session = self.node.chance.session_id();
        let source = SessionSource::Reference(src.to_owned());
        let start = ScheduledStart { due, source, parameters, effect: None, depth: 0 };
        match self.node.scheduled_starts.put(&self.node, session.clone(), start).await {
            Ok(()) => Ok(session),
            Err(ScheduleError::Full) => Err(SessionError::Busy(session.to_string())),
            Err(ScheduleError::Store(error)) => Err(failed(error)),
        }
    }

    /// An event for a session; returns when its step is durable.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn session_event(&self, session: &str, name: &str, data: Value) -> Result<(), SessionError> {
        self.deliver(session, Event::external(name, data)).await
    }

    /// A request to the BasicHTTP address of a session; returns when its step is durable (scxml: C.2).
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn session_message(
        &self,
        session: &str,
        request: &basic_http::Request,
    ) -> Result<(), SessionError> {
        self.deliver(session, basic_http::decode(request)).await
    }

    async fn deliver(&self, session: &str, event: Event) -> Result<(), SessionError> {
        let id = SessionId::new(session);
        let incoming = vec![Incoming::Event(event)];
        match self.node.sessions.tell_and_wait(&id, incoming) {
            Ok(waiting) => match waiting.await {
                Ok(Ok(_delivered)) => Ok(()),
                Ok(Err(error)) => Err(failed(error)),
                Err(_ended) => Err(SessionError::Ended(session.to_owned())),
            },
            Err(error) => Err(self.not_told(session, error).await),
        }
    }

    /// A request to a session; waits for its answer.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn session_request(
        &self,
        session: &str,
        name: &str,
        data: Value,
    ) -> Result<SessionResponse, SessionError> {
        let id = SessionId::new(session);
        let request = format!("request:{}", self.node.chance.key());
        let event = Event { sendid: Some(request), ..Event::external(name, data) };
        let waiting = match self.node.sessions.request(&id, event) {
            Ok(waiting) => waiting,
            Err(error) => return Err(self.not_told(session, error).await),
        };
        match tokio::time::timeout(REQUEST_TIMEOUT, waiting).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(_ended)) => Err(SessionError::Ended(session.to_owned())),
            Err(_elapsed) => Err(SessionError::NoAnswer(session.to_owned())),
        }
    }

    async fn not_told(&self, session: &str, error: TellError) -> SessionError {
        let name = session.to_owned();
        if error == TellError::Full {
            return SessionError::Busy(name);
        }
        match self.node.store.session(SessionId::new(session)).await {
            Ok(Some(_ended)) => SessionError::Ended(name),
            Ok(None) => SessionError::Unknown(name),
            Err(error) => failed(error),
        }
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn terminate_session(&self, session: &str) -> Result<(), SessionError> {
        if scheduled_starts::give_up(&self.node, &SessionId::new(session)).await {
            return Ok(());
        }
        match self.node.sessions.tell_and_wait(&SessionId::new(session), vec![Incoming::Terminate]) {
            Ok(waiting) => match waiting.await {
                Ok(Err(error)) => Err(failed(error)),
                Ok(Ok(_)) | Err(_) => Ok(()),
            },
            Err(error) => Err(self.not_told(session, error).await),
        }
    }

    /// The stored snapshot of a running session: active states and data. The secrets of reply URLs are hidden.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn query_session(&self, session: &str) -> Result<Value, SessionError> {
        let row = self.node.store.session(SessionId::new(session)).await.map_err(failed)?;
        let row = row.ok_or_else(|| SessionError::Unknown(session.to_owned()))?;
        if row.ended_at.is_some() {
            return Err(SessionError::Ended(session.to_owned()));
        }
        let mut shown: Value =
            serde_json::from_str(&row.snapshot).map_err(|error| SessionError::Failed(error.to_string()))?;
        hide_secrets(&mut shown, &row.reply_key);
        Ok(shown)
    }

    /// Whether `key` is the secret of the reply URLs of this session.
    pub async fn is_reply_key(&self, session: &str, key: &str) -> bool {
        match self.node.store.session(SessionId::new(session)).await {
            Ok(Some(row)) => same(row.reply_key.as_bytes(), key.as_bytes()),
            _ => false,
        }
    }

    /// All agents, by id.
    #[must_use]
    pub fn agents(&self) -> Vec<AgentState> {
        self.node.desk.list()
    }

    /// One agent.
    ///
    /// # Errors
    /// [`AgentError::Unknown`].
    pub fn agent(&self, agent: &str) -> Result<AgentState, AgentError> {
        self.node.desk.find(agent).ok_or_else(|| AgentError::Unknown(agent.to_owned()))
    }

    /// Adds an agent, or changes what is given of one. Takes effect at once, also for those who wait; a new number or
    /// place at the next login.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn put_agent(&self, agent: &str, change: AgentChange) -> Result<AgentState, AgentError> {
        self.node.desk.put(&self.node, agent, change).await?;
        self.agent(agent)
    }

    /// Removes an agent. One that the configuration names is there again after a restart.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn remove_agent(&self, agent: &str) -> Result<(), AgentError> {
        self.node.desk.remove(&self.node, agent).await
    }

    /// The socket of an agent is gone; who opens no other one within 45 s is logged out.
    pub fn agent_socket_gone(&self, agent: &str) {
        self.node.desk.socket_gone(&self.node, agent);
    }

    /// What an agent does.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn agent_command(&self, agent: &str, command: AgentCommand) -> Result<AgentState, AgentError> {
        self.node.desk.command(&self.node, agent, command).await?;
        self.agent(agent)
    }

    /// Messages of an agent: those kept with a number above `after`, then new ones. Without `after` only new ones.
    ///
    /// # Errors
    /// [`AgentError::Unknown`].
    pub fn agent_messages(
        &self,
        agent: &str,
        after: Option<u64>,
    ) -> Result<mpsc::Receiver<AgentMessage>, AgentError> {
        self.node.desk.messages(agent, after)
    }

    /// Pushes for a device: those kept, then new ones.
    #[must_use]
    pub fn device_messages(&self, device: &str) -> mpsc::Receiver<Value> {
        self.node.devices.read(device)
    }

    /// Changes a transaction list while the node runs; a change of a pause list is told to the callbacks it concerns.
    ///
    /// # Errors
    /// [`Refusal`] when the callbacks cannot be read.
    pub async fn set_list_value(
        &self,
        list: &str,
        section: &str,
        key: &str,
        value: &str,
    ) -> Result<(), Refusal> {
        let _busy = self.node.clock.activity().begin();
        pausing::set(&self.node, list, section, key, value).await
    }

    /// Text of a chart or file below `service_template/callback`: shipped, or in the charts folder.
    #[must_use]
    pub fn document(&self, path: &str) -> Option<Vec<u8>> {
        self.node.charts.document(path)
    }

    /// Whether new requests are taken.
    ///
    /// # Errors
    /// Why not: draining, or the store does not answer.
    pub async fn is_ready(&self) -> Result<(), String> {
        self.node.check_accepting().map_err(|refusal| refusal.to_string())?;
        self.node.store.meta("clock".to_owned()).await.map(|_clock| ()).map_err(|error| error.to_string())
    }

    /// Metrics in the `OpenMetrics` text form.
    pub async fn metrics(&self) -> String {
        self.node.metrics.text()
    }

    /// Engine time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.node.clock.now()
    }

    /// Every line of every timeline as it is written. A slow reader misses lines and is told how many.
    #[must_use]
    pub fn feed(&self) -> broadcast::Receiver<TimelineRow> {
        self.node.feed.subscribe()
    }

    /// The controls of the simulated switch; `None` with a real one.
    #[must_use]
    pub fn simulator(&self) -> Option<Simulator> {
        let switch = self.node.simulated.get()?;
        Some(Simulator::new(Arc::clone(&self.node), Arc::clone(switch)))
    }

    /// How many sessions run.
    #[must_use]
    pub fn sessions_running(&self) -> usize {
        self.node.sessions.len()
    }

    /// Returns when nothing is under way; time does not pass meanwhile with a manual clock.
    ///
    /// # Cancel safety
    /// Safe: it only observes.
    pub async fn rest(&self) {
        self.node.clock.activity().rest().await;
    }

    /// Stops accepting, lets what is under way come to rest for at most `limit`, and stores the time.
    pub async fn drain(&self, limit: Duration) {
        self.node.stop_accepting();
        if tokio::time::timeout(limit, self.rest()).await.is_err() {
            tracing::warn!("Not everything came to rest in time; it goes on at the next start.");
        }
        if let Err(error) = self.node.store_time().await {
            tracing::error!(%error, "The time could not be stored.");
        }
    }
}

/// Whether a name is not for clients. Events of the platform have a dot; a name that is the first part of one would be
/// taken by a transition for all of them (`error` by `error.*`).
fn is_reserved(name: &str) -> bool {
    const FIRST_PARTS: [&str; 10] = [
        "error",
        "done",
        "callback",
        "dialog",
        "gms",
        "interaction",
        "plugin",
        "queue",
        "session",
        "statistic",
    ];
    name.contains('.') || name == "*" || FIRST_PARTS.contains(&name)
}

fn failed(error: store::Error) -> SessionError {
    SessionError::Failed(error.to_string())
}

/// Compares without telling by its duration where the difference is.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

/// What stands in place of a secret.
const HIDDEN: &str = "***";

/// Hides the secret of the session wherever it stands, and those of other sessions in reply URLs and parameters.
fn hide_secrets(value: &mut Value, secret: &str) {
    match value {
        Value::String(text) => {
            if !secret.is_empty() && text.contains(secret) {
                *text = text.replace(secret, HIDDEN);
            }
            if let Some(start) =
                ["?key=", "&key="].iter().find_map(|mark| Some(text.find(mark)? + mark.len()))
            {
                let end =
                    text.get(start..).and_then(|rest| rest.find('&')).map_or(text.len(), |at| start + at);
                text.replace_range(start..end, HIDDEN);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide_secrets(item, secret)),
        Value::Object(fields) => {
            for (name, field) in fields {
                if name == "_reply_key" && field.is_string() {
                    *field = Value::String(HIDDEN.to_owned());
                } else {
                    hide_secrets(field, secret);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
