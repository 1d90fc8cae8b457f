//! Rules of dial-ahead and waiting time, measured on a simulated floor. `cargo bench -p routing --bench week` prints
//! the table of a whole week.

#[expect(dead_code, reason = "the bench of the same name uses what the tests do not")]
mod floor;

use floor::{Plan, Policy, run};

fn day(policy: Policy, seed: u64) -> Plan {
    Plan {
        seed,
        days: 1,
        policy,
        keep_max: None,
        agents: 240,
        live_per_hour: 1_100.0,
        callbacks_per_hour: 2_300.0,
        is_stable: false,
        backlog: 0,
    }
}

#[test]
fn dial_ahead_keeps_its_promises_for_a_day() {
    // Small teams are the hard case; the bench has large ones too.
    for agents in [60, 120] {
        promises_are_kept(agents);
    }
}

fn promises_are_kept(agents: usize) {
    let seed = 1;
    let share = agents as f64 / 240.0;
    let plan = |policy| {
        let whole = day(policy, seed);
        let (live_per_hour, callbacks_per_hour) =
            (whole.live_per_hour * share, whole.callbacks_per_hour * share);
        Plan { agents, live_per_hour, callbacks_per_hour, ..whole }
    };
    let ahead = run(plan(Policy::DialAhead));
    let first = run(plan(Policy::AgentFirst));
    assert!(ahead.answered > 50 * agents as u64, "seed {seed}: {ahead:?}");
    assert!(ahead.unserved_share() <= 0.01, "seed {seed}: {}", ahead.unserved_share());
    assert!(
        ahead.idle_share_with_callbacks() < first.idle_share_with_callbacks(),
        "seed {seed}: {} and {}",
        ahead.idle_share_with_callbacks(),
        first.idle_share_with_callbacks()
    );
    // That nobody is passed by somebody younger, and no agent is given two calls, the floor asserts at every step.
    assert_eq!(ahead.live_served, ahead.live, "seed {seed}: a live call was never served");
}

#[test]
fn estimates_agree_with_the_waits_that_follow() {
    let plan = Plan {
        agents: 60,
        is_stable: true,
        backlog: 300,
        callbacks_per_hour: 0.0,
        ..day(Policy::DialAhead, 1)
    };
    for seed in 1..=2 {
        let measured = run(Plan { seed, live_per_hour: 880.0, ..plan.clone() });
        assert!(measured.estimates.len() > 5_000, "seed {seed}");
        for (name, (error, bias)) in
            [("urs", measured.error(|one| one.0)), ("urs2", measured.error(|one| one.1))]
        {
            assert!(error <= 0.2, "seed {seed}, {name}: mean error {error:.3}, bias {bias:.3}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_day() {
    let plan =
        || Plan { agents: 24, live_per_hour: 100.0, callbacks_per_hour: 250.0, ..day(Policy::DialAhead, 7) };
    assert_eq!(run(plan()).fingerprint, run(plan()).fingerprint);
    assert_ne!(run(plan()).fingerprint, run(Plan { seed: 8, ..plan() }).fingerprint);
}
