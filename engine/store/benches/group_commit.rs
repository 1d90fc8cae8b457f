//! What group commit is worth: the same transactions by many callers at once, and one commit for each.
//!
//! Start: `cargo bench -p store`. Expect two rates and their ratio; absolute figures are those of the disk.
//! A transaction is a step of a session: record, snapshot, effect, timer and two timeline lines, about 2 kB.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::time::Instant;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value, json};
use store::{
    CallbackRow, EffectRow, EffectState, Error, Options, SessionRow, SqliteStore, Store, TimelineRow,
    TimerRow, Write,
};
use vocabulary::{
    AttemptNo, CallbackId, CallbackState, EffectId, PhoneNumber, ServiceName, SessionId, Timestamp,
};

const TRANSACTIONS: u32 = 4_000;
const CALLERS: usize = 256;

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Store(#[from] Error),
    #[error("the benchmark has no folder or no runtime: {0}")]
    System(#[from] std::io::Error),
}

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let single = runtime.block_on(rate(1))?;
    println!("one transaction per commit: {single:>7.0} transactions/s");
    let grouped = runtime.block_on(rate(Options::default().group_max))?;
    println!("group commit, {CALLERS} callers:  {grouped:>7.0} transactions/s");
    println!("ratio:                      {:>7.1}", grouped / single);
    Ok(())
}

async fn rate(group_max: usize) -> Result<f64, Failure> {
    let folder = tempfile::tempdir()?;
    let options = Options { group_max, ..Options::default() };
    let store = SqliteStore::open(folder.path(), options).await?;
    let started = Instant::now();
    stream::iter(0..TRANSACTIONS)
        .map(|number| store.commit(step(number)))
        .buffer_unordered(CALLERS)
        .try_collect::<()>()
        .await?;
    let rate = f64::from(TRANSACTIONS) / started.elapsed().as_secs_f64();
    store.close().await?;
    Ok(rate)
}

fn step(number: u32) -> Vec<Write> {
    let callback = CallbackId::new(format!("node-{number:08}"));
    let session = SessionId::new(format!("{number:032X}"));
    let at = Timestamp::from_millis(i64::from(number));
    let mut properties = Map::new();
    for place in 0..20 {
        properties.insert(format!("_property_{place}"), Value::from("a value of some length"));
    }
    let line = |name: &str| {
        Write::AppendTimeline(TimelineRow {
            callback: Some(callback.clone()),
            session: Some(session.clone()),
            at,
            kind: "event".to_owned(),
            name: name.to_owned(),
            detail: json!({"queue": "support"}),
        })
    };
    vec![
        Write::InsertCallback(Box::new(CallbackRow {
            id: callback.clone(),
            service: ServiceName::new("support"),
            state: CallbackState::Queued,
            reason: None,
            customer_number: Some(PhoneNumber::new(format!("+120255501{:02}", number % 100))),
            desired_time: at,
            requested_at: at,
            expires_at: at,
            updated_at: at,
            session: Some(session.clone()),
            attempts: AttemptNo(0),
            properties,
            user_data: Map::new(),
        })),
        Write::PutSession(Box::new(SessionRow {
            id: session.clone(),
            callback: Some(callback.clone()),
            chart: "hash".to_owned(),
            parent: None,
            invokeid: None,
            reply_key: "key".to_owned(),
            snapshot: "x".repeat(600),
            context: "{}".to_owned(),
            started_at: at,
            ended_at: None,
        })),
        Write::PutEffect(EffectRow {
            id: EffectId { session: session.clone(), step: 0, index: 0 },
            action: "{\"verb\":\"queue:submit\"}".to_owned(),
            repeatable: true,
            state: EffectState::Intended,
        }),
        Write::PutTimer(TimerRow {
            session: session.clone(),
            id: "waiting".to_owned(),
            due: at,
            event: "{}".to_owned(),
        }),
        line("entered"),
        line("queue:submit"),
    ]
}
