//! One node: store, engine and server, from start to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use engine::configuration::{Configuration, Credentials};
use engine::{Engine, HttpEgress};
use http_gateway::{ClientCredentials, RunningServer};
use store::SqliteStore;
use telephony::DialLog;
use vocabulary::Timestamp;

use crate::data_folder::DIAL_LOG;
use crate::failure::Failure;
use crate::signals::Signals;

/// How long what is under way may take to come to rest when the node stops.
const DRAIN_LIMIT: Duration = Duration::from_secs(30);
/// Most threads for sessions.
const ARBITERS_MAX: usize = 8;

/// A node that takes requests.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) engine: Engine,
    pub(crate) server: RunningServer,
    store: Arc<SqliteStore>,
    signals: Signals,
}

impl Node {
    /// Starts a node. The port is taken first: nothing is touched when another process has it. `admin` may use
    /// administration, orchestration and agents.
    pub(crate) async fn start(
        mut configuration: Configuration,
        admin: Option<http_gateway::Credentials>,
    ) -> Result<Self, Failure> {
        let signals = Signals::listen().map_err(Failure::failed)?;
        install_tls();
        let listener = http_gateway::listen(configuration.server.listen).map_err(Failure::unusable)?;
        configuration.listen_at(listener.local_addr().map_err(Failure::unusable)?);
        let configuration = Arc::new(configuration);
        let server = &configuration.server;
        let store =
            SqliteStore::open(&server.data, store::Options::default()).await.map_err(Failure::unusable)?;
        let dial_log = DialLog::open(server.data.join(DIAL_LOG)).map_err(Failure::unusable)?;
        let engine = Engine::start(engine::Settings {
            configuration: Arc::clone(&configuration),
            store: store.clone(),
            egress: Arc::new(HttpEgress::new(server.egress_allow.clone())),
            dial_log: Box::new(dial_log),
            now: wall_clock(),
            base_url: server.base_url(),
            arbiters: std::thread::available_parallelism().map_or(1, |cores| cores.get().min(ARBITERS_MAX)),
            seed: None,
        })
        .await
        .map_err(Failure::unusable)?;
        let settings = http_gateway::Settings { admin, ..gateway_settings(&configuration) };
        let server =
            http_gateway::serve(engine.clone(), settings, listener).await.map_err(Failure::unusable)?;
        Ok(Self { engine, server, store, signals })
    }

    /// Where the node listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Runs until somebody asks the process to stop, then comes to rest: no new requests, those under way are
    /// answered, what was begun is stored. Asked once more, it stops at once; nothing acknowledged is lost by that.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let Self { engine, mut server, store, mut signals } = self;
        tokio::select! {
            () = signals.next() => {}
            ended = server.ended() => {
                let problem = ended.err().map_or_else(|| "it just ended".to_owned(), |error| error.to_string());
                return Err(Failure::Failed(format!("the HTTP server ended by itself: {problem}")));
            }
        }
        tracing::info!("Stopping.");
        let rest = async {
            let stopped = server.stop().await;
            engine.drain(DRAIN_LIMIT).await;
            // What is committed is safe already; this writes it into one file and lets go of the folder.
            if let Err(error) = store.close().await {
                tracing::error!(%error, "The store could not be closed.");
            }
            stopped
        };
        tokio::select! {
            stopped = rest => stopped.map_err(Failure::failed),
            () = signals.next() => Err(Failure::Failed("stopped before everything came to rest".to_owned())),
        }
    }
}

/// Outgoing TLS needs its provider before the first connection.
fn install_tls() {
    let _installed_before = rustls::crypto::ring::default_provider().install_default().is_err();
}

fn wall_clock() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// What the gateway takes from the configuration, administrators aside.
fn gateway_settings(configuration: &Configuration) -> http_gateway::Settings {
    let server = &configuration.server;
    let services = configuration
        .services
        .iter()
        .filter_map(|(name, service)| {
            let own = service.credentials();
            let is_said = own.user_name().is_some() || own.password().is_some();
            Some((name.to_string(), pair(&own.or(&server.credentials)).filter(|_| is_said)?))
        })
        .collect();
    let callback = &configuration.callback.credentials;
    let is_said = callback.user_name().is_some() || callback.password().is_some();
    http_gateway::Settings {
        base_path: server.base_path.clone(),
        realm: server.realm.clone(),
        clients: ClientCredentials {
            server: pair(&server.credentials),
            callback: pair(&callback.or(&server.credentials)).filter(|_| is_said),
            services,
        },
        trusted_origins: server.own_origins(),
        legacy_authentication_header: server.legacy_authentication_header,
        body_limit: server.body_limit,
        stop_timeout: DRAIN_LIMIT,
        ..http_gateway::Settings::default()
    }
}

/// User name and password as the gateway takes them, if both are there.
pub(crate) fn pair(credentials: &Credentials) -> Option<http_gateway::Credentials> {
    let (username, password) = credentials.complete()?;
    Some(http_gateway::Credentials { username: username.to_owned(), password: password.to_owned() })
}
