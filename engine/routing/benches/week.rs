//! A week on a simulated floor: dial-ahead beside dialling when an agent is ready, a fixed ratio, and agent-first.
//!
//! `cargo bench -p routing --bench week` prints the table; two numbers as arguments are the seed and the days.
//!
//! What it showed, and why, is in `docs/routing.md`.
#![expect(clippy::print_stdout, reason = "the table is what it is for")]

#[path = "../tests/week/floor.rs"]
mod floor;

use std::time::{Duration, Instant};

use floor::{Plan, Policy, run};

/// The table of one size.
fn table(week: &Plan) {
    println!("\n{} agents of two teams, {} days, seed {}\n", week.agents, week.days, week.seed);
    println!(
        "| policy | callbacks served | dials | answered | no agent in 2 s | wait after answer | idle while \
         callbacks wait | idle | callback waits | live call waits | µs per command |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let mut plans = vec![("dial-ahead".to_owned(), week.clone())];
    for seconds in [0, 5, 10, 20] {
        let keep_max = Some(Duration::from_secs(seconds));
        plans.push((
            format!("dial-ahead, calls kept from agents for {seconds} s"),
            Plan { keep_max, ..week.clone() },
        ));
    }
    for (name, policy) in [
        ("when ready", Policy::WhenReady),
        ("fixed ratio 1.5", Policy::FixedRatio),
        ("agent-first", Policy::AgentFirst),
    ] {
        plans.push((name.to_owned(), Plan { policy, ..week.clone() }));
    }
    for (name, plan) in plans {
        let begin = Instant::now();
        let m = run(plan);
        let mean = |sum: u64, count: u64| sum as f64 / 1000.0 / count.max(1) as f64;
        println!(
            "| {name} | {} of {} | {} | {} | {:.2} % | {:.2} s | {:.2} % | {:.2} % | {:.1} min | {:.1} s | {:.1} |",
            m.callbacks_served,
            m.callbacks,
            m.dials,
            m.answered,
            100.0 * m.unserved_share(),
            mean(m.on_line_ms, m.answered),
            100.0 * m.idle_share_with_callbacks(),
            100.0 * m.idle_share(),
            mean(m.callback_wait_ms, m.callbacks_served) / 60.0,
            mean(m.live_wait_ms, m.live_served),
            begin.elapsed().as_secs_f64() * 1e6 / m.steps as f64,
        );
    }
}

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let seed = numbers.next().unwrap_or(1);
    let days = numbers.next().and_then(|days| u32::try_from(days).ok()).unwrap_or(7);
    let week = Plan {
        seed,
        days,
        policy: Policy::DialAhead,
        keep_max: None,
        agents: 240,
        live_per_hour: 1_100.0,
        callbacks_per_hour: 2_300.0,
        is_stable: false,
        backlog: 0,
    };
    for agents in [60, 120, 240] {
        let of = |per_hour: f64| per_hour * agents as f64 / 240.0;
        let (live_per_hour, callbacks_per_hour) = (of(week.live_per_hour), of(week.callbacks_per_hour));
        table(&Plan { agents, live_per_hour, callbacks_per_hour, ..week.clone() });
    }
    let stable = Plan {
        agents: 60,
        is_stable: true,
        backlog: 300,
        callbacks_per_hour: 0.0,
        live_per_hour: 880.0,
        days: 1,
        ..week
    };
    println!("\nWaiting time at stable load, {} h a day:\n", 12);
    println!("| seed | estimates | method | mean error | bias |\n|---|---:|---|---:|---:|");
    for seed in seed..seed + 3 {
        let m = run(Plan { seed, ..stable.clone() });
        for (name, (error, bias)) in [("urs", m.error(|one| one.0)), ("urs2", m.error(|one| one.1))] {
            println!(
                "| {seed} | {} | {name} | {:.1} % | {:+.1} % |",
                m.estimates.len(),
                100.0 * error,
                100.0 * bias
            );
        }
    }
}
