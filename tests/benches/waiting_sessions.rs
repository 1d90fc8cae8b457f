//! How many sessions of `callback.scxml` fit, and how fast they start and take events.
//!
//! `cargo bench -p scenarios --bench waiting_sessions` starts callbacks that wait in a queue without agents, on the real
//! store in a temporary folder. It prints bytes per session, sessions started and events processed per second, and
//! beside them what the store alone does with transactions of the same size in the same run: the ratio is what
//! counts, the rest depends on the machine.
//!
//! `RINGBACK_SESSIONS` sets the number of sessions, 100,000 unless given.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use engine::configuration::Configuration;
use engine::{Engine, HttpEgress};
use serde_json::json;
use store::{SqliteStore, Store, TimelineRow, Write};
use telephony::DialsInMemory;
use vocabulary::Timestamp;

/// Requests that are under way at once: as many clients.
const CLIENTS: usize = 256;
/// Events sent after all sessions wait.
const EVENTS: usize = 20_000;
/// Transactions of the comparison.
const TRANSACTIONS: usize = 20_000;

const CONFIGURATION: &str = r#"
[service.waiting]
_type = "ors"
_service = "callback"
_call_direction = "USERTERMINATED"
_wait_for_agent = true
_wait_for_user_confirm = false
_route_point = "8000@SIP_Switch"
_urs_virtual_queue = "VQ_Waiting"
_target = "Support@.GA"
_default_country = "US"
_enable_in_queue_checking = "false"
_max_queued_callbacks_per_service = 10000000
_throttle_callbacks_per_service_1 = 10000000
_throttle_callbacks_per_service_2 = 10000000
_throttle_request_parameters = ""
_ttl = 864000
_urs_queued_ttl = 864000

[agents.7001]
groups = ["Support"]

[queues.VQ_Waiting]
"#;

fn main() -> anyhow::Result<()> {
    // Criterion's arguments do not matter: there is one thing to measure, once.
    let sessions =
        std::env::var("RINGBACK_SESSIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    actix_rt::System::new().block_on(measure(sessions))
}

async fn measure(sessions: usize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open(folder.path(), store::Options::default()).await?;
    let bare = store_alone(&store).await?;
    let settings = engine::Settings {
        configuration: Arc::new(Configuration::parse(CONFIGURATION, "bench.toml")?.configuration),
        store: store.clone(),
        egress: Arc::new(HttpEgress::new(Vec::new())),
        dial_log: Box::new(DialsInMemory::default()),
        now: Timestamp::from_epoch_seconds(1_900_000_000),
        base_url: "http://127.0.0.1/genesys".to_owned(),
        arbiters: std::thread::available_parallelism().map_or(1, usize::from),
        seed: Some(1),
    };
    let engine = Engine::start(settings).await?;
    start(&engine, 1).await?;
    let before = resident_bytes()?;
    let begun = Instant::now();
    start(&engine, sessions).await?;
    let started = rate(sessions, begun);
    engine.rest().await;
    let per_session = resident_bytes()?.saturating_sub(before) / sessions.max(1);
    let total = resident_bytes()?;
    let begun = Instant::now();
    send_events(&engine, EVENTS).await?;
    let events = rate(EVENTS, begun);
    println!("sessions of callback.scxml waiting     {sessions}");
    println!("resident memory of the process         {} MiB", total / (1024 * 1024));
    println!("bytes per session                      {per_session}");
    println!("sessions started per second            {started:.0}");
    println!("events per second, each one durable    {events:.0}");
    println!("transactions per second, store alone   {bare:.0}");
    println!("events to transactions                 {:.2}", events / bare);
    store.close().await?;
    Ok(())
}

fn rate(count: usize, begun: Instant) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below the precision of the mantissa")]
    let count = count as f64;
    count / begun.elapsed().as_secs_f64()
}

async fn start(engine: &Engine, sessions: usize) -> anyhow::Result<()> {
    let next = Arc::new(AtomicUsize::new(0));
    let clients = (0..CLIENTS).map(|_| {
        let (engine, next) = (engine.clone(), Arc::clone(&next));
        async move {
            while next.fetch_add(1, Ordering::Relaxed) < sessions {
                let parameters = json!({ "_customer_number": "+12025550123", "topic": "invoice" });
                let parameters = parameters.as_object().cloned().unwrap_or_default();
                let request = engine::api::StartRequest {
                    service: "waiting".to_owned(),
                    parameters,
                    headers: Vec::new(),
                };
                engine.start_callback(request).await?;
            }
            anyhow::Ok(())
        }
    });
    futures_util::future::try_join_all(clients).await.map(drop)
}

/// Events that the chart does not know: each is a step and a transaction all the same.
async fn send_events(engine: &Engine, count: usize) -> anyhow::Result<()> {
    let listing = engine::api::QueueListing { max: 10_000, ..Default::default() };
    let listed = engine.list_callbacks(listing).await?;
    let ids: Vec<String> = listed
        .into_iter()
        .flat_map(|(_, found)| found)
        .filter_map(|view| Some(view.session?.to_string()))
        .collect();
    let (ids, next) = (Arc::new(ids), Arc::new(AtomicUsize::new(0)));
    let clients = (0..CLIENTS).map(|_| {
        let (engine, ids, next) = (engine.clone(), Arc::clone(&ids), Arc::clone(&next));
        async move {
            loop {
                let turn = next.fetch_add(1, Ordering::Relaxed);
                if turn >= count {
                    return anyhow::Ok(());
                }
                if let Some(id) = ids.get(turn % ids.len().max(1)) {
                    engine.session_event(id, "bench.tick", json!({ "turn": turn })).await?;
                }
            }
        }
    });
    futures_util::future::try_join_all(clients).await.map(drop)
}

/// Transactions of two rows and the size of a snapshot, from as many callers.
async fn store_alone(store: &Arc<SqliteStore>) -> anyhow::Result<f64> {
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let callers = (0..CLIENTS).map(|caller| {
        let (store, next) = (Arc::clone(store), Arc::clone(&next));
        async move {
            while next.fetch_add(1, Ordering::Relaxed) < TRANSACTIONS {
                let line = TimelineRow {
                    callback: None,
                    session: None,
                    at: Timestamp::EPOCH,
                    kind: "event".to_owned(),
                    name: "bench.tick".to_owned(),
                    detail: json!({}),
                };
                let value = "x".repeat(6_000);
                let writes = vec![
                    Write::PutMeta { name: format!("bench{caller}"), value },
                    Write::AppendTimeline(line),
                ];
                store.commit(writes).await?;
            }
            anyhow::Ok(())
        }
    });
    futures_util::future::try_join_all(callers).await?;
    Ok(rate(TRANSACTIONS, begun))
}

/// Memory that the process holds, as the kernel counts it.
fn resident_bytes() -> anyhow::Result<usize> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let pages: usize = pages.split(' ').nth(1).unwrap_or("0").parse()?;
    Ok(pages * 4096)
}
