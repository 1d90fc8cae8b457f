//! A whole node for tests: charts, the store in memory, the simulated switch, a clock that stands still until it is
//! moved; everything in one thread. Tests see what is inside.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use store::{CallbackRow, FaultHook, MemoryStore, Store as _, TimelineRow};
use telephony::DialsInMemory;
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;
use vocabulary::{CallbackId, SessionId, Timestamp};

use crate::api::{AgentCommand, StartRequest};
use crate::configuration::Configuration;
use crate::egress::{Egress, EgressError, EgressFuture, EgressReply, EgressRequest};
use crate::engine::Engine;
use crate::node::Node;
use crate::start::Settings;

/// Two agents with manual phones, not ready; a switch whose calls never end by themselves.
const FLOOR: &str = r#"
[server]
clock = "manual"

[callback]
_enable_in_queue_checking = false

[agents.7001]
groups = ["Support"]
login = "not_ready"

[agents.7002]
groups = ["Support"]
login = "not_ready"

[switch]
kind = "simulated"
seed = 1
setup_time = 0.5
answers_after = 3
detection_time = 2
file_length = 5
alerting_after = 0.2
jitter = 0
talk_time = 0
agents = "manual"
"#;

/// A callback service, immediate, customer first.
pub(crate) const SERVICE: &str = r#"
[service.now]
_type = "ors"
_service = "callback"
_media_type = "voice"
_call_direction = "USERTERMINATED"
_wait_for_agent = false
_wait_for_user_confirm = false
_userterminated_first_connect_party = "CUSTOMER"
_route_point = "8000@SIP_Switch"
_urs_virtual_queue = "VQ"
_target = "Support@StatServer.GA"
_default_country = "US"
"#;

/// The customer of these tests.
pub(crate) const CUSTOMER: &str = "+12025550123";

/// Runs a test in one thread whose real time stands still, too.
pub(crate) fn check(test: impl Future<Output = ()>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

/// Nobody is reached; whoever asks waits for this long before.
#[derive(Debug)]
struct Nobody(Duration);

impl Egress for Nobody {
    fn send(&self, request: EgressRequest) -> EgressFuture {
        let wait = self.0;
        Box::pin(async move {
            tokio::time::sleep(wait).await;
            Err::<EgressReply, _>(EgressError::Timeout { url: request.url })
        })
    }
}

/// The node.
pub(crate) struct TestNode {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<MemoryStore>,
    configuration: Arc<Configuration>,
    feed: Receiver<TimelineRow>,
    lives: u64,
    /// Goes last: charts are read from it.
    charts: TempDir,
}

impl TestNode {
    /// A node with further sections of the configuration, and charts by file name.
    pub(crate) async fn start(sections: &str, charts: &[(&str, &str)]) -> Self {
        Self::start_with(sections, charts, MemoryStore::new()).await
    }

    /// The same on a store whose commits may fail.
    pub(crate) async fn start_failing(sections: &str, charts: &[(&str, &str)], faults: FaultHook) -> Self {
        Self::start_with(sections, charts, MemoryStore::new().with_faults(faults)).await
    }

    async fn start_with(sections: &str, charts: &[(&str, &str)], store: MemoryStore) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in charts {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let mut loaded = Configuration::parse(&format!("{FLOOR}\n{sections}"), "test.toml").unwrap();
        loaded.configuration.server.charts = folder.path().to_owned();
        let configuration = Arc::new(loaded.configuration);
        let store = Arc::new(store);
        let engine = live(&configuration, &store, 1).await;
        let feed = engine.feed();
        engine.rest().await;
        Self { engine, store, configuration, feed, lives: 1, charts: folder }
    }

    /// `kill -9`, and a new process on the same disk.
    pub(crate) async fn restart(&mut self) {
        self.store.crash();
        self.lives += 1;
        self.store = Arc::new(MemoryStore::on(self.store.disk()));
        self.engine = live(&self.configuration, &self.store, self.lives).await;
        self.feed = self.engine.feed();
        self.engine.rest().await;
    }

    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.engine.node
    }

    /// Folder of the charts.
    pub(crate) fn charts(&self) -> std::path::PathBuf {
        self.charts.path().to_owned()
    }

    /// Lets time pass; everything that falls due happens.
    pub(crate) async fn advance(&self, seconds: f64) {
        self.engine.rest().await;
        self.engine.simulator().unwrap().advance(Duration::from_secs_f64(seconds)).await.unwrap();
    }

    /// Starts a callback to [`CUSTOMER`].
    pub(crate) async fn callback(&self, service: &str) -> CallbackId {
        self.callback_with(service, Map::new()).await
    }

    /// Starts a callback to [`CUSTOMER`] with further keys.
    pub(crate) async fn callback_with(
        &self,
        service: &str,
        mut parameters: Map<String, Value>,
    ) -> CallbackId {
        parameters.insert("_customer_number".to_owned(), Value::from(CUSTOMER));
        let request = StartRequest { service: service.to_owned(), parameters, headers: Vec::new() };
        let reply = self.engine.start_callback(request).await.unwrap();
        self.engine.rest().await;
        CallbackId::new(reply["_id"].as_str().unwrap())
    }

    /// The record of a callback.
    pub(crate) async fn record(&self, id: &CallbackId) -> CallbackRow {
        self.store.callback(id.clone()).await.unwrap().unwrap()
    }

    /// State of the callback, with its reason once it is completed.
    pub(crate) async fn state(&self, id: &CallbackId) -> String {
        let record = self.record(id).await;
        match record.reason {
            Some(reason) => format!("{}/{}", record.state, reason.as_str()),
            None => record.state.to_string(),
        }
    }

    /// Starts a session on a chart.
    pub(crate) async fn session(&self, chart: &str) -> SessionId {
        let session = self.engine.start_session(chart, Map::new()).await.unwrap();
        self.engine.rest().await;
        session
    }

    /// An agent does something at the desk.
    pub(crate) async fn agent(&self, agent: &str, command: AgentCommand) {
        self.engine.agent_command(agent, command).await.unwrap();
        self.engine.rest().await;
    }

    /// Names of the timeline's lines since the last look, `KIND NAME` each, of one session or of all.
    pub(crate) fn told(&mut self, session: Option<&SessionId>) -> Vec<String> {
        let mut lines = Vec::new();
        while let Ok(line) = self.feed.try_recv() {
            if session.is_none_or(|session| line.session.as_ref() == Some(session)) {
                lines.push(format!("{} {}", line.kind, line.name));
            }
        }
        lines
    }

    /// Places in queues, as the store knows them.
    pub(crate) async fn store_entries(&self) -> usize {
        self.store.queue_entries().await.unwrap().len()
    }

    /// Effects that are not done.
    pub(crate) async fn store_effects(&self) -> usize {
        self.store.open_effects().await.unwrap().len()
    }

    /// Places in a queue, as the router knows them.
    pub(crate) async fn routed(&self, queue: &str) -> usize {
        let question = crate::queueing::AskExpectedWait {
            queue: vocabulary::QueueName::new(queue),
            entry: None,
            method: routing::Method::Urs,
        };
        let answer = self.node().queues.get().unwrap().send(question).await.unwrap();
        answer.map_or(0, |(wait, _explanation)| wait.calls)
    }

    /// The calls that the switch holds.
    pub(crate) fn calls(&self) -> Vec<Value> {
        self.engine.simulator().unwrap().calls().as_array().cloned().unwrap_or_default()
    }
}

async fn live(configuration: &Arc<Configuration>, store: &Arc<MemoryStore>, life: u64) -> Engine {
    let settings = Settings {
        configuration: Arc::clone(configuration),
        store: Arc::clone(store) as Arc<dyn store::Store>,
        egress: Arc::new(Nobody(Duration::from_secs(3))),
        dial_log: Box::new(DialsInMemory::default()),
        now: Timestamp::parse("2031-05-06T09:00:00Z").unwrap(),
        base_url: "http://127.0.0.1:8080/genesys".to_owned(),
        arbiters: 0,
        // Ids must differ from those of the lives before.
        seed: Some(life),
    };
    Engine::start(settings).await.unwrap()
}
