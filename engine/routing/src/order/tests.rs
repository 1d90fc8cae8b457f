use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use vocabulary::Timestamp;

use super::{Growth, Order, OrderKey, Standing};
use crate::PriorityGrowth;
use crate::chance::Chance;
use crate::slab::Slab;

fn growth(increment: i64, interval_ms: u64) -> Growth {
    Growth::new(Some(PriorityGrowth { increment, interval: Duration::from_millis(interval_ms) }))
}

/// Growths that overtake each other: rising and falling, with intervals that share no multiple, and none.
fn growths() -> Vec<Growth> {
    vec![
        Growth::None,
        growth(10, 60_000),
        growth(1, 7_000),
        growth(3, 7_001),
        growth(-2, 30_000),
        growth(-1, 11_000),
        growth(i64::MAX, 90_000),
        growth(5, 0),
        growth(0, 5),
    ]
}

fn check(order: &Order, entries: &[(Growth, OrderKey)], now: Timestamp, context: &str) {
    // The naive order: evaluate everybody's priority, and sort.
    let mut naive: Vec<Standing<'_>> =
        entries.iter().map(|(growth, key)| growth.standing(key, now)).collect();
    naive.sort();
    assert_eq!(order.len(), naive.len(), "{context}");
    assert_eq!(order.first(now).map(|first| first.0), naive.first().copied(), "{context}: head");
    let walked: Vec<_> = order.walk(now).map(|(standing, _)| standing).collect();
    assert_eq!(walked, naive, "{context}: order");
    for (ahead, standing) in naive.iter().enumerate() {
        assert_eq!(order.rank(standing, now), ahead, "{context}: rank of {standing:?}");
    }
}

#[test]
fn the_order_is_that_of_a_naive_sort_at_any_time() {
    for seed in 0..150 {
        let mut chance = Chance::new(seed);
        let growths = growths();
        let mut slab = Slab::default();
        let (mut order, mut entries) = (Order::default(), Vec::new());
        let mut now = 1_000_000;
        for step in 0..60 {
            for _ in 0..chance.below(6) {
                let growth = growths[chance.below(growths.len())];
                let key = OrderKey {
                    start: Reverse(i64::try_from(chance.below(4)).unwrap() * 5 - 5),
                    // Some have waited long before they come, some have not begun to wait, many at once.
                    waiting_since: Timestamp::from_millis(
                        now + 20_000 - i64::try_from(chance.below(12)).unwrap() * 10_000,
                    ),
                    entered: Timestamp::from_millis(now + i64::try_from(chance.below(2)).unwrap()),
                    id: Arc::from(format!("{}-{step}-{}", chance.below(3), entries.len())),
                    slot: slab.insert(()),
                };
                order.insert(growth, key.clone());
                entries.push((growth, key));
            }
            if chance.below(3) == 0 && !entries.is_empty() {
                let (growth, key) = entries.swap_remove(chance.below(entries.len()));
                order.remove(growth, &key);
                order.remove(growth, &key);
            }
            // Also back a little: nothing in the order depends on when it was asked.
            now += i64::try_from(chance.below(40_000)).unwrap() - 2_000;
            check(&order, &entries, Timestamp::from_millis(now), &format!("seed {seed}, step {step}"));
        }
        for (growth, key) in entries {
            order.remove(growth, &key);
        }
        assert!(order.is_empty() && order.classes.is_empty(), "seed {seed}");
    }
}

#[test]
fn time_moves_nobody_and_still_reorders() {
    let mut slab = Slab::default();
    let mut key = |start: i64, id: &str| OrderKey {
        start: Reverse(start),
        waiting_since: Timestamp::EPOCH,
        entered: Timestamp::EPOCH,
        id: Arc::from(id),
        slot: slab.insert(()),
    };
    let mut order = Order::default();
    order.insert(Growth::None, key(35, "fixed"));
    order.insert(growth(10, 60_000), key(0, "growing"));
    let head = |seconds| order.first(Timestamp::from_epoch_seconds(seconds)).map(|(_, key)| key.id.clone());
    assert_eq!(head(239).as_deref(), Some("fixed"));
    assert_eq!(head(240).as_deref(), Some("growing"));
}
