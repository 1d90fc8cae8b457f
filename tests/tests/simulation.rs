//! The engine as it ships, in a world that can be repeated: actors, charts and store in one thread, a clock that stands
//! still until it is moved, and dice that decide what clients do and what goes wrong.
//!
//! The process dies around transactions, dials, events of the switch and requests; the disk is slow and fails; events
//! of the switch and replies of plugins are lost, doubled and late. The invariants of the architecture are checked on
//! everything that becomes durable and on the whole after each step.
//!
//! `RINGBACK_SEEDS` is the number of seeds (default 500). A failing seed prints the command that repeats it:
//! `RINGBACK_SEED=N` runs that seed alone and tells every line of its trace.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a world that cannot be set up is a failed test; the lint knows tests by their attribute only"
)]

#[path = "simulation/configuration.rs"]
mod configuration;
#[path = "simulation/dice.rs"]
mod dice;
#[path = "simulation/disk.rs"]
mod disk;
#[path = "simulation/invariants.rs"]
mod invariants;
#[path = "simulation/outside.rs"]
mod outside;
#[path = "simulation/seed.rs"]
mod seed;
#[path = "simulation/workload.rs"]
mod workload;
#[path = "simulation/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::io::Write as _;

use configuration::SERVICES;
use disk::Sabotage;
use seed::{Plan, simulate};
use world::{Moment, Trouble};

/// Seeds that are run when `RINGBACK_SEEDS` does not say.
const SEEDS_DEFAULT: u64 = 500;
/// Seeds within which a broken engine must be found.
const SEEDS_TO_FIND: u64 = 40;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Runs a seed; on a broken invariant, what it was and how to see it again.
fn check(plan: Plan) -> Result<BTreeMap<String, u64>, String> {
    let world = simulate(plan);
    let violations = world.violations();
    if violations.is_empty() {
        return Ok(world.history(|history| history.reasons()));
    }
    Err(format!(
        "seed {} breaks an invariant after {} deaths:\n  {}\nthe last that happened:\n{}\nrepeat it by\n  \
         RINGBACK_SEED={} cargo nextest run -p scenarios --test simulation --no-capture the_seed_that_is_named\n",
        plan.seed,
        world.deaths(),
        violations.join("\n  "),
        world.last_lines(12),
        plan.seed,
    ))
}

/// Parts of the seeds, each a test of its own, so that they run side by side and none takes long.
const PARTS: u64 = 8;

fn check_part(part: u64) {
    let seeds = number("RINGBACK_SEEDS").unwrap_or(SEEDS_DEFAULT);
    let mine = (0..seeds).filter(|seed| seed % PARTS == part);
    let failures: Vec<String> = mine.filter_map(|seed| check(Plan::of(seed)).err()).take(3).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

macro_rules! parts {
    ($($name:ident = $part:literal;)*) => {
        $(#[test]
        fn $name() {
            check_part($part);
        })*
    };
}

parts! {
    no_seed_of_the_first_part_breaks_an_invariant = 0;
    no_seed_of_the_second_part_breaks_an_invariant = 1;
    no_seed_of_the_third_part_breaks_an_invariant = 2;
    no_seed_of_the_fourth_part_breaks_an_invariant = 3;
    no_seed_of_the_fifth_part_breaks_an_invariant = 4;
    no_seed_of_the_sixth_part_breaks_an_invariant = 5;
    no_seed_of_the_seventh_part_breaks_an_invariant = 6;
    no_seed_of_the_eighth_part_breaks_an_invariant = 7;
}

#[test]
fn the_seed_that_is_named_breaks_no_invariant() {
    let seed = number("RINGBACK_SEED");
    let plan = Plan { is_told: seed.is_some(), ..Plan::of(seed.unwrap_or(0)) };
    match check(plan) {
        Ok(reasons) if seed.is_some() => {
            // Nobody may read it.
            let _unread = writeln!(std::io::stderr(), "{reasons:#?}");
        }
        Ok(_) => {}
        Err(problem) => panic!("{problem}"),
    }
}

/// One callback, again and again: the process dies once, at each moment of its life in turn.
fn check_every_death(service: &str) {
    let only = SERVICES.into_iter().find(|known| known.name == service);
    assert!(only.is_some(), "there is no service {service}");
    for moment in Moment::ALL {
        for number in 0.. {
            let trouble = Trouble::one_death(moment, number);
            let plan = Plan { trouble, only, ..Plan::of(number) };
            let world = simulate(plan);
            let violations = world.violations();
            assert!(
                violations.is_empty(),
                "{service}, death at {moment:?} number {number} breaks an invariant:\n  {}\nthe last that happened:\n{}",
                violations.join("\n  "),
                world.last_lines(60),
            );
            if world.deaths() == 0 {
                break;
            }
        }
    }
}

#[test]
fn a_confirmed_callback_survives_every_death() {
    check_every_death("confirmed");
}

#[test]
fn a_callback_with_an_http_plugin_survives_every_death() {
    check_every_death("http-plugin");
}

#[test]
fn a_callback_with_a_chart_as_plugin_survives_every_death() {
    check_every_death("chart-plugin");
}

#[test]
fn a_seed_is_the_same_whenever_it_is_run() {
    for seed in 0..8 {
        let (first, second) = (simulate(Plan::of(seed)), simulate(Plan::of(seed)));
        if first.digest() != second.digest() {
            let difference =
                first.lines().into_iter().zip(second.lines()).find(|(left, right)| left != right);
            panic!("seed {seed} differs from itself: {difference:#?}");
        }
    }
}

/// The first seed that shows what is broken.
fn found(sabotage: Sabotage, what: &str) -> Option<u64> {
    (0..SEEDS_TO_FIND).find(|seed| {
        let plan = Plan { sabotage, ends_early: true, ..Plan::of(*seed) };
        simulate(plan).violations().iter().any(|violation| violation.contains(what))
    })
}

#[test]
fn a_dial_without_a_commit_before_it_is_found() {
    assert!(found(Sabotage::NoCommitBeforeDial, "no dial without durable intent").is_some());
}

#[test]
fn a_second_dial_of_an_unknown_outcome_is_found() {
    assert!(found(Sabotage::RedialOfUnknown, "at most one dial").is_some());
}
