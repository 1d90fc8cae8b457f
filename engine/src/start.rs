//! Putting the engine together.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix::prelude::*;
use routing::{AgentProfile, Command, Router};
use statecharts::basic_http;
use store::{Store, Write};
use telephony::{EventSink, RecordDials, SimulatedSwitch};
use tokio::sync::broadcast;
use vocabulary::Timestamp;

use crate::abandonment;
use crate::activity::Activity;
use crate::charts::Charts;
use crate::clock::Clock;
use crate::configuration::{ClockMode, Configuration};
use crate::desk::{self, AgentDesk};
use crate::dialling::{DialActor, SwitchTells};
use crate::disturbance::Disturbance;
use crate::egress::Egress;
use crate::engine::Engine;
use crate::lists::Lists;
use crate::metrics::Metrics;
use crate::node::Node;
use crate::queueing::{AskAverages, QueueActor};
use crate::refusal::Refusal;
use crate::restart;
use crate::scheduling;
use crate::session::{Sessions, Shard};
use crate::simulated::ClockedSwitch;

/// Lines of timelines that a slow watcher may be behind.
const FEED_CAPACITY: usize = 4_096;
/// Period of storing time and averages.
const KEEP_PERIOD: Duration = Duration::from_secs(60);
/// Name of the stored time.
const CLOCK: &str = "clock";
/// Name of the stored averages.
const AVERAGES: &str = "averages";

/// What an engine is made of.
pub struct Settings {
    /// The configuration.
    pub configuration: Arc<Configuration>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// The way out.
    pub egress: Arc<dyn Egress>,
    /// The simulated switch's own log of dials.
    pub dial_log: Box<dyn RecordDials>,
    /// Wall clock at the start; engine time begins here, or later if the store says so (decision D-118).
    pub now: Timestamp,
    /// Base URL of this node as charts and plugins see it, without trailing slash.
    pub base_url: String,
    /// Threads for sessions; 0 runs everything on the calling thread, as the simulation does.
    pub arbiters: usize,
    /// Seed of ids, codes and keys; `None` takes them from the operating system.
    pub seed: Option<u64>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("now", &self.now)
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store cannot be read.
    #[error("the store cannot be read: {0}")]
    Store(#[from] store::Error),
    /// A script engine cannot be set up.
    #[error("a script engine cannot be set up: {0}")]
    Scripts(String),
    /// A chart of a service has errors.
    #[error("service {service}: {problem}")]
    Chart {
        /// The service.
        service: String,
        /// Every error, with file, line and column.
        problem: String,
    },
}

impl Engine {
    /// Starts an engine: restores what is stored, then takes requests.
    ///
    /// Must be called within an actix system, or within a tokio `LocalSet` when `arbiters` is 0.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        Self::start_disturbed(settings, Disturbance::none()).await
    }

    /// Starts an engine that hears its switch over a disturbed line: for simulations.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start_disturbed(settings: Settings, line: Disturbance) -> Result<Self, StartError> {
        let Settings { configuration, store, egress, dial_log, now, base_url, arbiters, seed } = settings;
        let stored = store
            .meta(CLOCK.to_owned())
            .await?
            .and_then(|text| text.parse().ok())
            .map(Timestamp::from_millis);
        let start = stored.map_or(now, |stored| now.max(stored));
        let activity = Activity::default();
        let clock = match configuration.server.clock {
            ClockMode::Running { speed } => Clock::running(start, speed, activity.clone()),
            ClockMode::Manual => Clock::manual(start, activity.clone()),
        };
        let profiles: Vec<AgentProfile> =
            configuration.agents.values().map(|agent| agent.profile.clone()).collect();
        let node = Arc::new(Node {
            clock: clock.clone(),
            store,
            charts: Charts::new(Some(configuration.server.charts.clone())),
            shared_values: crate::shared_values::SharedValues::default(),
            sessions: Sessions::new(activity),
            scheduled_starts: crate::scheduled_starts::ScheduledStarts::default(),
            timers: crate::timers::Timers::default(),
            outbox: crate::outbox::Outbox::default(),
            devices: crate::devices::Devices::default(),
            desk: AgentDesk::new(profiles.clone()),
            lists: Lists::new(configuration.lists.all().clone()),
            under_way: crate::admission::UnderWay::default(),
            told: crate::admission::Told::default(),
            counts: crate::counts::Counts::default(),
            egress,
            metrics: Metrics::default(),
            feed: broadcast::channel(FEED_CAPACITY).0,
            ioprocessors: Arc::new(
                [basic_http::BASIC_HTTP_PROCESSOR, basic_http::BASIC_HTTP_SHORT]
                    .map(|kind| (kind.to_owned(), basic_http_of(&base_url)))
                    .into(),
            ),
            basic_http: basic_http_of(&base_url),
            platform: Arc::new(crate::surroundings::Platform {
                url: base_url.clone(),
                node: configuration.server.node.clone(),
            }),
            base_url,
            runtime: tokio::runtime::Handle::current(),
            queues: OnceLock::new(),
            dialling: OnceLock::new(),
            simulated: OnceLock::new(),
            accepting: AtomicBool::new(false),
            abandonment: abandonment::Guards::default(),
            waits: crate::urs_stat::WaitCache::default(),
            chance: crate::chance::Chance::new(seed),
            configuration,
        });
        check_charts(&node)?;
        if let Some(guards) = node.store.meta(abandonment::STORED.to_owned()).await? {
            node.abandonment.restore(&guards);
            node.show_all_abandonment();
        }
        start_actors(&node, profiles, dial_log, line, arbiters).await?;
        restart::restore(&node).await?;
        log_agents_in(&node);
        scheduling::start(&node);
        keep_time(&node);
        if !clock.is_manual() {
            let _driver = node.runtime.spawn(clock.run());
        }
        node.accepting.store(true, Ordering::Release);
        Ok(Self::of(node))
    }
}

/// Every chart that a service names is compiled before anything starts, so that an error is seen by who caused it.
fn check_charts(node: &Node) -> Result<(), StartError> {
    use crate::configuration::{ChartSource, ServiceKind};
    for service in node.configuration.services.values() {
        let source = match service.kind() {
            ServiceKind::Callback(source) | ServiceKind::Chart(source) => source,
            ServiceKind::BuiltIn(_) | ServiceKind::UnknownType => continue,
        };
        let name = service.name().to_string();
        let chart = match source {
            ChartSource::Shipped(chart) => node.charts.shipped(chart),
            ChartSource::File(file) => node.charts.file(&file.to_string_lossy()),
            // Fetched when its first session starts: the server may not be up yet.
            ChartSource::Url(_) => continue,
        };
        let chart =
            chart.map_err(|error| StartError::Chart { service: name.clone(), problem: error.to_string() })?;
        let parameters: Vec<&str> = chart.parameters().map(|parameter| parameter.id.as_str()).collect();
        let strangers = node.configuration.check_chart_parameters(&name, &parameters);
        if !strangers.is_empty() {
            let problem = strangers.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            return Err(StartError::Chart { service: name, problem });
        }
    }
    Ok(())
}

async fn start_actors(
    node: &Arc<Node>,
    profiles: Vec<AgentProfile>,
    dial_log: Box<dyn RecordDials>,
    line: Disturbance,
    arbiters: usize,
) -> Result<(), StartError> {
    let mut profiles = profiles;
    for kept in desk::kept_agents(node).await? {
        profiles.retain(|profile| profile.id != kept.id);
        node.desk.know(kept.clone());
        profiles.push(kept);
    }
    let mut router = Router::new(node.configuration.routing.router(node.chance.seed()));
    let groups = Command::ConfigureGroups(node.configuration.groups.clone());
    for command in [groups, Command::ConfigureAgents(profiles)] {
        let _nobody_waits = router.step(command, node.clock.now());
    }
    // Handling times are those of agents, whom the router has to know first.
    if let Some(averages) = node.store.meta(AVERAGES.to_owned()).await?
        && let Ok(averages) = serde_json::from_str(&averages)
    {
        router.restore_averages(averages);
    }
    let _set = node.queues.set(QueueActor::new(Arc::clone(node), router).start());
    let weak = Arc::downgrade(node);
    let sink = EventSink::new(move |event| {
        let Some(node) = weak.upgrade() else { return };
        let message = SwitchTells { event, busy: node.clock.activity().begin() };
        if let Some(dialling) = node.dialling.get()
            && dialling.try_send(message).is_err()
        {
            node.metrics.full_mailboxes.inc();
            tracing::error!("The dial actor's mailbox is full; an event of the switch was dropped.");
        }
    });
    let switch = &node.configuration.switch;
    let mut core =
        SimulatedSwitch::new(switch.seed.unwrap_or_else(|| node.chance.seed()), switch.simulated.clone());
    for agent in node.configuration.agents.values() {
        if let Some(behaviour) = agent.behaviour
            && let Err(error) = core.set_agent(&agent.profile.dn, behaviour, node.clock.now())
        {
            tracing::error!(agent = %agent.profile.id, %error, "An agent's phone cannot be set up.");
        }
    }
    let simulated =
        ClockedSwitch::new(node.clock.clone(), core, dial_log, line.into_sink(node.clock.clone(), sink));
    let actor = DialActor::new(Arc::clone(node), Arc::clone(&simulated) as Arc<dyn telephony::Switch>);
    let _set = node.simulated.set(simulated);
    let scripts = |failure: statecharts::Failure| StartError::Scripts(failure.to_string());
    if arbiters == 0 {
        let _set = node.dialling.set(actor.start());
        node.sessions.set_shards(vec![Shard::new(Arc::clone(node)).map_err(scripts)?.start()]);
        return Ok(());
    }
    // The dial actor waits for the disk: it has a thread of its own.
    let _set = node.dialling.set(DialActor::start_in_arbiter(&Arbiter::new().handle(), move |_ctx| actor));
    // A script engine stays on its thread: it is made there, and tried here first.
    Shard::new(Arc::clone(node)).map_err(scripts)?;
    let shards = (0..arbiters).map(|_| {
        let node = Arc::clone(node);
        #[expect(clippy::expect_used, reason = "the same set-up succeeded a moment ago on this thread")]
        Shard::start_in_arbiter(&Arbiter::new().handle(), move |_ctx| {
            Shard::new(node).expect("a script engine was set up before")
        })
    });
    node.sessions.set_shards(shards.collect());
    Ok(())
}

/// Agents that the configuration logs in. Those who come through the API log in again themselves.
fn log_agents_in(node: &Arc<Node>) {
    for (id, agent) in &node.configuration.agents {
        if agent.at_start != routing::AgentStatus::LoggedOut {
            AgentDesk::set_status(node, id.clone(), agent.at_start.clone());
        }
    }
}

/// Stores time and averages each minute.
fn keep_time(node: &Arc<Node>) {
    let weak = Arc::downgrade(node);
    node.clock.wake_at(node.clock.now() + KEEP_PERIOD, move || {
        let Some(node) = weak.upgrade() else { return };
        let inner = Arc::clone(&node);
        node.spawn(async move {
            if let Err(error) = inner.store_time().await {
                tracing::error!(%error, "The time could not be stored.");
            }
            keep_time(&inner);
        });
    });
}

impl Node {
    /// Stores the engine time, and the averages of the waiting time.
    pub(crate) async fn store_time(&self) -> Result<(), store::Error> {
        let mut writes =
            vec![Write::PutMeta { name: CLOCK.to_owned(), value: self.clock.now().as_millis().to_string() }];
        if let Some(queues) = self.queues.get()
            && let Ok(value) = queues.send(AskAverages).await
        {
            writes.push(Write::PutMeta { name: AVERAGES.to_owned(), value });
        }
        self.look_at_abandonment();
        let guards = self.abandonment.text();
        writes.push(Write::PutMeta { name: abandonment::STORED.to_owned(), value: guards });
        self.store.commit(writes).await
    }

    /// Whether new requests are taken.
    pub(crate) fn check_accepting(&self) -> Result<(), Refusal> {
        if self.accepting.load(Ordering::Acquire) {
            Ok(())
        } else {
            Err(Refusal::Unavailable { problem: "the node is starting or stopping".to_owned() })
        }
    }

    pub(crate) fn stop_accepting(&self) {
        self.accepting.store(false, Ordering::Release);
    }
}

/// Addresses of sessions by BasicHTTP, as the gateway has them.
fn basic_http_of(base_url: &str) -> String {
    format!("{base_url}/1/ors/scxml/session/{{session}}/basichttp")
}
