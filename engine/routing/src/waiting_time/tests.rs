use std::time::Duration;

use vocabulary::{AgentId, QueueName, Timestamp};

use super::{
    AgentShare, Averages, Basis, Inquiry, Method, Ordinal, QueueAverages, QueueStatistics, Standing,
    estimate_wait, side_by_side,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_epoch_seconds(seconds)
}

#[test]
fn waiting_time_is_the_average_times_the_position() {
    //= guide: EWT = average × (calls + 1)
    //= type=test
    let mut queue = QueueStatistics::default();
    queue.began_to_wait(at(0));
    for distribution in [60, 180, 240] {
        queue.distributed(at(distribution));
    }
    let waiting_time = queue.waiting_time(6, at(240)).unwrap();
    assert_eq!(waiting_time.aqt, 80.0);
    assert_eq!(waiting_time.ewt, 560.0);
    assert_eq!(waiting_time.pos, 7);
}

#[test]
fn a_queue_without_history_and_entries_has_no_waiting_time() {
    assert_eq!(QueueStatistics::default().waiting_time(0, at(5)), None);
}

#[test]
fn before_the_first_distribution_the_wait_so_far_counts() {
    let mut queue = QueueStatistics::default();
    queue.began_to_wait(at(0));
    let waiting_time = queue.waiting_time(1, at(30)).unwrap();
    assert_eq!(waiting_time.ewt, 60.0);
}

#[test]
fn an_idle_time_does_not_slow_a_queue() {
    let mut queue = QueueStatistics::default();
    queue.began_to_wait(at(0));
    queue.distributed(at(10));
    queue.began_to_wait(at(40_000));
    queue.distributed(at(40_010));
    assert_eq!(queue.waiting_time(0, at(40_010)).unwrap().ewt, 10.0);
}

#[test]
fn only_the_last_32_count() {
    let mut queue = QueueStatistics::default();
    queue.began_to_wait(at(0));
    queue.distributed(at(100_000));
    for n in 1..=32 {
        queue.distributed(at(100_000 + n));
    }
    assert_eq!(queue.waiting_time(0, at(200_000)).unwrap().aqt, 1.0);
}

#[test]
fn hit_is_the_share_that_was_routed() {
    let mut queue = QueueStatistics::default();
    queue.began_to_wait(at(0));
    queue.distributed(at(1));
    assert_eq!(queue.waiting_time(0, at(1)).unwrap().hit, 100);
    queue.departed(false);
    queue.departed(false);
    queue.departed(false);
    assert_eq!(queue.waiting_time(0, at(1)).unwrap().hit, 25);
}

#[test]
fn saved_averages_are_cut_to_the_window() {
    let mut queue = QueueStatistics::default();
    queue.restore(QueueAverages {
        distribution_times_ms: (0..1000).collect(),
        departures: std::iter::repeat_n(true, 1000).collect(),
        last_distribution: Some(at(1)),
        served_by: Vec::new(),
    });
    assert_eq!(queue.averages().distribution_times_ms.len(), 32);
    assert_eq!(queue.averages().distribution_times_ms.front(), Some(&968));
}

fn agents(shares: &[(f64, usize)]) -> Basis {
    let agents = shares.iter().enumerate().map(|(number, (handling_seconds, queues))| AgentShare {
        agent: AgentId::new(format!("{number}")),
        handling_seconds: *handling_seconds,
        is_measured: true,
        queues: *queues,
        queues_asked: 1,
    });
    Basis::Urs2 { agents: agents.collect() }
}

fn check(basis: Basis, calls: usize, standing: Standing, aqt: f64, ewt: f64, text: &str) {
    let queues = vec![QueueName::new("VQ_1")];
    let inquiry = Inquiry { queues, calls, hit: 95, standing };
    let (time, explanation) = estimate_wait(inquiry, basis, at(5)).unwrap();
    assert_eq!(time.hit, 95);
    assert!((time.aqt - aqt).abs() < 0.01, "{time:?}");
    assert!((time.ewt - ewt).abs() < 0.01, "{time:?}");
    assert_eq!((explanation.ewt, explanation.aqt, explanation.position), (time.ewt, time.aqt, time.pos));
    assert_eq!(explanation.text, text);
    assert_eq!((time.time, time.calls, time.wcalls), (5, calls, calls));
    assert_eq!(time.pos, time.wpos);
}

#[test]
fn handling_times_of_agents_add_up_as_rates() {
    //= guide: rate = Σ 1/(AHT × q)
    //= type=test
    check(
        agents(&[(60.0, 1), (120.0, 1), (60.0, 1)]),
        6,
        Standing::Newcomer,
        24.0,
        168.0,
        "7th in `VQ_1`: 3 agents take a call every 24.0 s; 7 × 24.0 s = 168 s",
    );
}

#[test]
fn an_agent_of_three_queues_counts_as_three_times_slower() {
    //= decision: D-095
    //= type=test
    check(
        agents(&[(60.0, 3), (120.0, 1), (60.0, 1)]),
        6,
        Standing::Newcomer,
        32.727,
        229.09,
        "7th in `VQ_1`: 3 agents, of whom 1 serve other queues too, take a call every 32.7 s; 7 × 32.7 s = 229 s",
    );
}

#[test]
fn handling_time_and_agents_make_the_third_estimate() {
    check(
        Basis::Stat { handling_seconds: 120.0, agents: 3 },
        6,
        Standing::Newcomer,
        40.0,
        240.0,
        "7th in `VQ_1`: 3 agents need 120.0 s for a call; 6 × 40.0 s = 240 s",
    );
}

#[test]
fn a_waiting_interaction_is_told_by_its_position() {
    check(
        Basis::Urs { samples: 3, average_seconds: 80.0 },
        6,
        Standing::Waiting { position: 2, waited: Duration::from_secs(30) },
        80.0,
        160.0,
        "2nd in `VQ_1`: the last 3 calls were given to agents 80.0 s apart; 2 × 80.0 s = 160 s",
    );
}

#[test]
fn nobody_at_work_gives_no_estimate() {
    for basis in [agents(&[]), Basis::Stat { handling_seconds: 120.0, agents: 0 }] {
        let inquiry = Inquiry { queues: Vec::new(), calls: 3, hit: 100, standing: Standing::Newcomer };
        assert_eq!(estimate_wait(inquiry, basis, at(0)), None);
    }
}

#[test]
fn queues_of_a_group_distribute_side_by_side() {
    let part = |samples, average_seconds| Basis::Urs { samples, average_seconds };
    let both = side_by_side([part(3, 60.0), part(1, 30.0)].into_iter());
    assert_eq!(both, Some(part(4, 20.0)));
    assert_eq!(side_by_side(std::iter::empty()), None);
    assert_eq!(side_by_side([part(1, 0.0), part(1, 30.0)].into_iter()), Some(part(2, 0.0)));
}

#[test]
fn an_agent_of_two_queues_of_the_group_serves_it_twice() {
    let share = AgentShare {
        agent: "a".into(),
        handling_seconds: 60.0,
        is_measured: true,
        queues: 4,
        queues_asked: 2,
    };
    assert!((share.rate() - 1.0 / 120.0).abs() < 1e-12);
}

#[test]
fn methods_have_an_older_and_a_newer_name() {
    for (name, method) in [("urs", Method::Urs), ("ewt2", Method::Urs2), ("stat", Method::Stat)] {
        assert_eq!(Method::parse(name), Ok(method));
    }
    let error = Method::parse("usr2").unwrap_err().to_string();
    assert!(error.contains("did you mean `urs2`?"), "{error}");
}

#[test]
fn the_targets_that_served_a_queue_are_remembered_latest_last() {
    let mut queue = QueueStatistics::default();
    for target in ["a@.A", "b@.A", "a@.A", "a@.A"] {
        queue.waits_for(target);
    }
    assert_eq!(queue.averages().served_by, ["b@.A", "a@.A"]);
    for number in 0..20 {
        queue.waits_for(&format!("{number}@.A"));
    }
    assert_eq!(queue.averages().served_by.len(), 8);
}

#[test]
fn averages_that_were_saved_in_the_first_form_are_read() {
    let first = r#"{"VQ":{"distribution_times_ms":[5],"departures":[true],"last_distribution":7}}"#;
    let averages: Averages = serde_json::from_str(first).unwrap();
    assert_eq!(averages.queues.len(), 1);
    let text = serde_json::to_string(&averages).unwrap();
    assert_eq!(serde_json::from_str::<Averages>(&text).unwrap(), averages);
}

#[test]
fn ordinals_end_as_they_are_spoken() {
    let words: Vec<_> = [1, 2, 3, 4, 11, 12, 13, 21, 102, 111].map(|n| Ordinal(n).to_string()).into();
    assert_eq!(words, ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th"]);
}
