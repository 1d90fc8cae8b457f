use std::time::Duration;

use vocabulary::Timestamp;

use super::{
    DialAheadOptions, DialAverages, DialExplanation, DialLimit, DialQuota, NotDialled, Situation, Vcb,
};

/// Forty agents with a call, one of whom becomes free every four seconds.
fn busy() -> Situation {
    Situation {
        at_work: 40,
        freeing_rate: 0.25,
        success_rate: 0.8,
        connect_seconds: 20.0,
        trust: 1.0,
        since_last_given: Some(3.0),
        ..Situation::default()
    }
}

/// Fills in what follows when nothing is known of how long each call and dial has taken.
fn average(situation: Situation) -> Situation {
    let freed = situation.freeing_rate * situation.connect_seconds;
    let (dialing, success) = (situation.dialing as f64, situation.success_rate);
    let arrives_within = situation.connect_seconds;
    Situation {
        arrives_within,
        freed: (freed, 0.0),
        answers: (dialing * success, dialing * success * success),
        ..situation
    }
}

fn dial_quota(situation: &Situation, options: &DialAheadOptions) -> DialQuota {
    super::dial_quota(&average(*situation), options)
}

fn quota(situation: Situation) -> (usize, DialLimit) {
    let quota = dial_quota(&situation, &DialAheadOptions::default());
    (quota.quota, quota.limit)
}

#[test]
fn nobody_is_dialled_while_nobody_is_at_work() {
    assert_eq!(quota(Situation { at_work: 0, ..busy() }), (0, DialLimit::NobodyAtWork));
}

#[test]
fn ready_agents_are_divided_by_the_success_rate() {
    // 17 answered calls wanted, 20 dials.
    let options = DialAheadOptions { unserved_share_max: 1.0, ..DialAheadOptions::default() };
    let situation = Situation { ready: 17, freeing_rate: 0.0, success_rate: 0.85, ..busy() };
    let decided = dial_quota(&situation, &options);
    assert_eq!((decided.quota, decided.limit), (20, DialLimit::Rate));
    let less = dial_quota(&Situation { dialing: 19, ..situation }, &options);
    assert_eq!(less.quota, 1);
    let over = dial_quota(&Situation { dialing: 25, ..situation }, &options);
    assert_eq!((over.quota, over.may_dial, over.limit), (0, 25, DialLimit::Rate));
}

#[test]
fn one_is_dialled_before_an_agent_is_ready() {
    let (quota, _) = quota(Situation { ready: 0, ..busy() });
    assert_eq!(quota, 1);
}

#[test]
fn the_odds_hold_back_what_the_average_would_allow() {
    let situation = Situation { ready: 0, dialing: 3, ..busy() };
    assert_eq!(quota(situation), (0, DialLimit::Odds));
    let bold = DialAheadOptions { unserved_share_max: 1.0, ..DialAheadOptions::default() };
    assert!(dial_quota(&situation, &bold).quota > 0, "five become free, three are being dialled");
}

#[test]
fn a_ready_agent_is_enough_for_one_dial_whatever_the_rate() {
    let situation = Situation { ready: 1, at_work: 1, freeing_rate: 0.0, success_rate: 0.5, ..busy() };
    assert_eq!(quota(situation).0, 1);
}

#[test]
fn at_most_twice_the_ready_agents_are_announced_at_once() {
    //= decision: D-096
    //= type=test
    let options = DialAheadOptions { unserved_share_max: 1.0, ..DialAheadOptions::default() };
    let situation = Situation { ready: 3, success_rate: 0.05, ..busy() };
    let decided = dial_quota(&situation, &options);
    assert_eq!((decided.quota, decided.limit), (6, DialLimit::Burst));
}

#[test]
fn live_calls_leave_fewer_agents() {
    let situation = Situation { arrival_rate: 0.25, ..busy() };
    assert_eq!(quota(situation), (0, DialLimit::Rate));
    let situation = Situation { ahead: 5, waiting: 5, ..busy() };
    assert_eq!(quota(situation), (0, DialLimit::Rate));
}

#[test]
fn a_small_team_with_live_calls_dials_after_a_while() {
    let small = Situation { ready: 1, at_work: 3, freeing_rate: 0.005, arrival_rate: 0.02, ..busy() };
    assert_eq!(quota(Situation { held_back: 20.0, ..small }), (0, DialLimit::HeldBack { seconds: 40.0 }));
    assert_eq!(quota(Situation { held_back: 60.0, ..small }).0, 1);
    assert_eq!(quota(Situation { held_back: 60.0, dialing: 1, ..small }).0, 0, "one at a time");
    assert_eq!(quota(Situation { held_back: 60.0, waiting: 1, ..small }).0, 0);
}

#[test]
fn a_line_in_which_agents_become_free_rarely_waits_half_that_time() {
    //= guide: vcb n1
    //= type=test
    let options = DialAheadOptions { unserved_share_max: 1.0, ..DialAheadOptions::default() };
    let slow = Situation {
        at_work: 2,
        freeing_rate: 0.01,
        connect_seconds: 100.0,
        since_last_given: Some(20.0),
        ..busy()
    };
    let decided = dial_quota(&slow, &options);
    assert_eq!((decided.quota, decided.limit), (0, DialLimit::TooEarly { seconds: 30.0 }));
    let later = Situation { since_last_given: Some(50.0), ..slow };
    assert_eq!(dial_quota(&later, &options).quota, 1);
    let patient = DialAheadOptions { vcb: Vcb::parse("120").unwrap(), ..options };
    assert_eq!(dial_quota(&slow, &patient).quota, 1);
}

/// The quota never grows with what speaks against dialling.
#[test]
fn more_dials_more_calls_and_fewer_agents_never_raise_the_quota() {
    let options = DialAheadOptions::default();
    for seed in 0..2_000_u32 {
        let pick = |step: u32, bound: u32| (seed.wrapping_mul(2_654_435_761).rotate_left(step) >> 8) % bound;
        let situation = Situation {
            ready: pick(1, 8) as usize,
            at_work: 50,
            freeing_rate: f64::from(pick(5, 100)) / 100.0,
            arrival_rate: f64::from(pick(9, 50)) / 100.0,
            ahead: pick(13, 3) as usize,
            waiting: pick(13, 3) as usize,
            dialing: pick(17, 12) as usize,
            success_rate: 0.05 + f64::from(pick(21, 95)) / 100.0,
            connect_seconds: 5.0 + f64::from(pick(25, 40)),
            trust: 1.0,
            since_last_given: None,
            held_back: 0.0,
            ..Situation::default()
        };
        let of = |situation: Situation| dial_quota(&situation, &options).quota;
        let quota = of(situation);
        let worse = [
            Situation { dialing: situation.dialing + 1, ..situation },
            Situation { arrival_rate: situation.arrival_rate + 0.05, ..situation },
            Situation { waiting: situation.waiting + 1, ahead: situation.ahead + 1, ..situation },
            Situation { freeing_rate: situation.freeing_rate / 2.0, ..situation },
        ];
        for other in worse {
            assert!(of(other) <= quota.max(1), "seed {seed}: {quota}, then {} for {other:?}", of(other));
        }
        let allowed = (situation.ready * 2).max(1);
        assert!(quota <= allowed, "seed {seed}: {quota} at once for {situation:?}");
    }
}

#[test]
fn success_is_measured_and_never_below_its_floor() {
    //= decision: D-096
    //= type=test
    let options = DialAheadOptions::default();
    let mut averages = DialAverages::new(&options);
    assert_eq!(averages.success_rate(&options), 0.85);
    for _ in 0..1_000 {
        averages.unanswered();
    }
    assert_eq!(averages.success_rate(&options), 0.05);
    for _ in 0..400 {
        averages.answered(Duration::from_secs(9));
    }
    assert!(averages.success_rate(&options) > 0.95);
    assert!((averages.connect_seconds.mean - 9.0).abs() < 0.1);
}

#[test]
fn arrivals_fade() {
    let mut averages = DialAverages::new(&DialAheadOptions::default());
    let at = Timestamp::from_epoch_seconds;
    for second in (0..3_000).step_by(10) {
        averages.live_arrival(at(second));
    }
    assert!((averages.arrival_rate(at(3_000)) - 0.1).abs() < 0.01);
    assert!(averages.arrival_rate(at(4_500)) < 0.001);
}

#[test]
fn trust_is_lost_at_once_and_regained_slowly() {
    let options = DialAheadOptions::default();
    let mut averages = DialAverages::new(&options);
    averages.found_agent(false, &options);
    assert!(averages.trust < 0.96);
    for _ in 0..100 {
        averages.found_agent(true, &options);
    }
    assert!(averages.trust < 1.0);
    for _ in 0..10_000 {
        averages.found_agent(true, &options);
    }
    assert_eq!(averages.trust, 1.25);
    for _ in 0..100 {
        averages.found_agent(false, &options);
    }
    assert_eq!(averages.trust, 0.0);
}

#[test]
fn the_reason_is_a_sentence_with_numbers() {
    let situation =
        Situation { ready: 1, at_work: 5, freeing_rate: 0.02, dialing: 2, success_rate: 0.6, ..busy() };
    let quota = dial_quota(&situation, &DialAheadOptions::default());
    let reason = NotDialled::Quota { situation, quota, callbacks_ahead: 3 };
    let explanation = DialExplanation::new(4, "VQ_1", reason);
    assert_eq!(
        explanation.text,
        "4th in queue `VQ_1`; 1 agent ready and 0.02 agents/s becoming free let 2 be dialled, \
         2 are being dialled already, 3 callbacks are before it"
    );
}
