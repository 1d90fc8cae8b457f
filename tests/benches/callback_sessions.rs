//! What sessions of `callback.scxml` cost, measured as those of the bench chart in `statecharts/benches` are.
//!
//! `cargo bench -p scenarios --bench callback_sessions`; `statecharts/benches/compare.sh` runs it after its own table. The chart is compiled
//! with the platform's modules; its callbacks wait in a queue, with the options of an ordinary service. No store and no actor takes part:
//! `waiting_sessions` measures them.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement prints what it found and stops at what cannot be"
)]

use serde_json::json;
use statecharts::{Event, Source, Start, compile};

#[path = "../../statecharts/benches/compare/held.rs"]
mod held;

/// Sessions that are held at once, each live and once more dormant: few enough for the memory that the scripts of a worker may have.
const HELD: usize = 5_000;

const CHART: &str = include_str!("../../statecharts/charts/callback.scxml");

/// What a callback starts with.
fn begin(number: usize) -> Start {
    let parameters = json!({
        "_id": format!("301-{number}"),
        "_service_name": "loans",
        "_customer_number": "+12025550123",
        "_started_at": 1_900_000_000,
        "_requested_at": 1_900_000_000,
        "_request": { "_customer_number": "+12025550123", "topic": "loan" },
        "_user_data": { "topic": "loan" },
        "_base_url": "http://127.0.0.1:8080/genesys",
        "_reply_key": "secret",
        "_options": {
            "_media_type": "voice",
            "_call_direction": "USERTERMINATED",
            "_wait_for_agent": true,
            "_wait_for_user_confirm": false,
            "_route_point": "9000@SIP_Switch",
            "_urs_virtual_queue": "VQ_Loans",
            "_target": "Loans@Stat.GA",
        },
    });
    Start {
        session_id: format!("{number:032}"),
        parameters: parameters.as_object().cloned().unwrap_or_default(),
        now_millis: 1_900_000_000_000,
        ..Start::default()
    }
}

/// What a callback that waits is asked: its first request, and twice where it stands.
fn turn() -> Vec<Event> {
    let request = |name: &str| Event {
        sendid: Some("R1".to_owned()),
        ..Event::external(name, json!({ "_at": 1_900_000_001_000_i64 }))
    };
    let answer =
        || Event::external("queue.query.done", json!({ "requestid": "Q1", "ewt": 240, "position": 3 }));
    vec![
        request("gms.start"),
        answer(),
        request("check-queue-position"),
        answer(),
        request("check-queue-position"),
    ]
}

fn main() {
    let source = Source { file: "callback.scxml", text: CHART };
    let parts = engine::Charts::new(None);
    let chart = compile(source, &engine::verbs::modules(), &parts).expect("the chart is valid").chart;
    held::print("callback.scxml", HELD, &held::measure(&chart, HELD, &begin, &turn()));
}
