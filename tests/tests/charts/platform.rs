//! A scripted platform: gives a chart its events and notes what the chart asks for.
//!
//! It knows nothing of callbacks beyond the names in the charts' README. Time is a number; timers fire when a script
//! lets time pass. Every scenario runs three times: as it is, with the session written down and read back between any two
//! events, and with every event of the switch and the queue delivered twice.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::seen::{Seen, lines, status, text, verb};
use serde_json::{Map, Value, json};
use statecharts::{
    Chart, Compiled, Effect, Event, Limits, PartResolver, ResolvedPart, Session, SharedStart, SharedValue,
    Snapshot, Source, Start, Status, Worker,
};

/// Start of every scenario, epoch seconds.
pub(crate) const START: i64 = 1_900_000_000;
/// The customer.
pub(crate) const CUSTOMER: &str = "+12025550123";

/// How a scenario is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As it is.
    Plain,
    /// Written down and read back before every event.
    Restored,
    /// Every event of the switch and the queue comes twice.
    Doubled,
}

/// Runs a scenario in all modes.
pub(crate) fn scenario(chart: &str, options: Value, script: impl Fn(&mut Platform)) {
    scenario_with(chart, options, json!({}), script);
}

/// Runs a scenario in all modes, with further start parameters.
pub(crate) fn scenario_with(chart: &str, options: Value, parameters: Value, script: impl Fn(&mut Platform)) {
    for mode in [Mode::Plain, Mode::Restored, Mode::Doubled] {
        let mut platform = Platform::start(chart, mode, options.clone(), parameters.clone());
        script(&mut platform);
    }
}

/// Folder of the shipped charts.
pub(crate) fn charts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../statecharts/charts")
}

/// Parts beside the charts.
struct Folder;

impl PartResolver for Folder {
    fn resolve(&self, src: &str, _from_file: &str) -> Result<ResolvedPart, String> {
        let text = fs::read_to_string(charts().join(src)).map_err(|error| format!("{src}: {error}"))?;
        Ok(ResolvedPart { file: src.to_owned(), text })
    }
}

/// Compiles a chart text with the verbs of the platform.
pub(crate) fn compile(file: &str, text: &str) -> Compiled {
    statecharts::compile(Source { file, text }, &engine::verbs::modules(), &Folder)
        .unwrap_or_else(|error| panic!("{file} is refused:\n{error}"))
}

/// Compiles a shipped chart.
pub(crate) fn compile_shipped(file: &str) -> Compiled {
    static COMPILED: Mutex<BTreeMap<String, Compiled>> = Mutex::new(BTreeMap::new());
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let fresh = || compile(file, &fs::read_to_string(charts().join(file)).unwrap());
    compiled.entry(file.to_owned()).or_insert_with(fresh).clone()
}

/// The script engine of the thread: one for all sessions of a test, as in production.
fn with_worker<T>(work: impl FnOnce(&mut Worker) -> T) -> T {
    thread_local! {
        static WORKER: RefCell<Worker> = RefCell::new(Worker::new(Limits::default()).unwrap());
    }
    WORKER.with_borrow_mut(work)
}

/// The options as the platform gives them: one half is the service's and shared, the other the request's.
fn shared_options(parameters: &mut Map<String, Value>) -> SharedStart {
    let Some(Value::Object(options)) = parameters.remove("_options") else { unreachable!() };
    let (mut base, mut own) = (Map::from_iter([("_gone".to_owned(), json!(true))]), Map::new());
    for (at, (name, value)) in options.into_iter().enumerate() {
        let place = if at % 2 == 0 { &mut base } else { &mut own };
        place.insert(name, value);
    }
    SharedStart { value: Arc::new(SharedValue::new(&base)), own, without: vec!["_gone".to_owned()] }
}

struct Timer {
    due: i64,
    number: usize,
    sendid: Option<String>,
    event: Event,
}

/// A session of a chart, with the platform around it played by a script.
pub(crate) struct Platform {
    chart: Arc<Chart>,
    session: Option<Session>,
    mode: Mode,
    now: i64,
    timers: Vec<Timer>,
    timer_count: usize,
    /// Effects of the last event.
    effects: Vec<Effect>,
    /// Every effect so far.
    history: Vec<Effect>,
    /// Call of the last dial.
    call: String,
    calls: usize,
    attempts: i64,
}

impl Platform {
    fn start(chart: &str, mode: Mode, options: Value, parameters: Value) -> Self {
        Self::start_text(compile_shipped(chart).chart, mode, options, parameters)
    }

    /// Starts a session of a compiled chart.
    pub(crate) fn start_text(chart: Arc<Chart>, mode: Mode, options: Value, parameters: Value) -> Self {
        let mut values = json!({
            "_id": "301-1", "_service_name": "loans", "_customer_number": CUSTOMER,
            "_desired_time": null, "_started_at": START, "_requested_at": START,
            "_options": service(options), "_request": {}, "_user_data": { "topic": "loan" },
            "_base_url": "http://127.0.0.1:8080/genesys", "_reply_key": "secret",
        });
        merge(&mut values, parameters);
        let Value::Object(mut parameters) = values else { unreachable!() };
        let shared = shared_options(&mut parameters);
        let start = Start {
            session_id: "SESSION".to_owned(),
            parameters,
            shared: BTreeMap::from([("_options".to_owned(), shared)]),
            now_millis: START * 1000,
            ..Start::default()
        };
        let (session, step) = with_worker(|worker| Session::start(Arc::clone(&chart), worker, start));
        let mut platform = Self {
            chart,
            session: Some(session),
            mode,
            now: START,
            timers: Vec::new(),
            timer_count: 0,
            effects: Vec::new(),
            history: Vec::new(),
            call: String::new(),
            calls: 0,
            attempts: 0,
        };
        platform.take(step.effects);
        platform
    }

    // ---- events ----

    /// Gives the session an event of the platform.
    pub(crate) fn event(&mut self, name: &str, data: Value) -> &mut Self {
        self.deliver(name, data.clone(), None);
        if self.mode == Mode::Doubled && self.is_running() && may_double(name) {
            let first = std::mem::take(&mut self.effects);
            self.deliver(name, data, None);
            let again = lines(&self.effects);
            assert!(again.is_empty(), "a second {name} had an effect: {again:?}");
            self.effects = first;
        }
        self
    }

    /// Gives the session an event of the platform in every mode once.
    pub(crate) fn once(&mut self, name: &str, data: Value) -> &mut Self {
        self.deliver(name, data, None);
        self
    }

    /// Gives the session a request that waits for an answer.
    pub(crate) fn request(&mut self, name: &str, data: Value) -> &mut Self {
        self.deliver(name, data, Some("REQUEST".to_owned()));
        self
    }

    fn deliver(&mut self, name: &str, mut data: Value, sendid: Option<String>) {
        if self.mode == Mode::Restored {
            self.restore();
        }
        data["_at"] = json!(self.now * 1000);
        let mut event = Event::external(name, data);
        event.sendid = sendid;
        self.give(event);
    }

    fn give(&mut self, event: Event) {
        let session = self.session.as_mut().unwrap();
        assert!(session.is_running(), "{} came after the end", event.name);
        let step = with_worker(|worker| session.step(worker, event, self.now * 1000));
        self.take(step.effects);
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in &effects {
            match effect {
                Effect::Send(send) if send.target.is_none() => {
                    self.timer_count += 1;
                    self.timers.push(Timer {
                        due: self.now + i64::try_from(send.delay.as_secs()).unwrap(),
                        number: self.timer_count,
                        sendid: send.sendid.clone(),
                        event: Event::external(send.event.clone(), json!({})),
                    });
                }
                Effect::CancelSend { sendid } => {
                    self.timers.retain(|timer| timer.sendid.as_ref() != Some(sendid))
                }
                _ => {}
            }
        }
        self.history.extend(effects.iter().cloned());
        self.effects = effects;
    }

    /// Writes the session down and reads it back.
    pub(crate) fn restore(&mut self) -> &mut Self {
        let session = self.session.as_mut().unwrap();
        let snapshot = with_worker(|worker| session.snapshot(worker)).unwrap();
        let text = serde_json::to_string(&snapshot).unwrap();
        let snapshot: Snapshot = serde_json::from_str(&text).unwrap();
        let shared = session.shared().to_vec();
        let find = |hash: &str| shared.iter().find(|value| value.hash() == hash).cloned();
        self.session = Some(Session::restore_sharing(Arc::clone(&self.chart), snapshot, find).unwrap());
        self
    }

    /// Lets time pass; timers fire in the order in which they are due.
    pub(crate) fn after(&mut self, seconds: i64) -> &mut Self {
        let until = self.now + seconds;
        let mut effects = Vec::new();
        while let Some(next) = self
            .timers
            .iter()
            .enumerate()
            .filter(|(_, timer)| timer.due <= until)
            .min_by_key(|(_, timer)| (timer.due, timer.number))
            .map(|(index, _)| index)
        {
            let timer = self.timers.remove(next);
            self.now = timer.due;
            if self.mode == Mode::Restored {
                self.restore();
            }
            let mut event = timer.event;
            event.data = Some(json!({ "_at": self.now * 1000 }));
            event.sendid = timer.sendid;
            self.give(event);
            effects.append(&mut self.effects);
            if !self.is_running() {
                break;
            }
        }
        self.now = until.max(self.now);
        self.effects = effects;
        self
    }

    // ---- the switch ----

    /// The customer answers; the detection goes on.
    pub(crate) fn answers(&mut self) -> &mut Self {
        self.calls += 1;
        self.call = format!("CALL{}", self.calls);
        self.attempts += 1;
        let dial = self.request_of("createcall");
        let call = self.call.clone();
        let data = json!({ "interactionid": call, "focusdeviceid": "9000@SIP_Switch" });
        self.event(
            "voice.createcall.done",
            json!({ "requestid": dial, "interactionid": call, "attempt": self.attempts }),
        );
        self.silently("interaction.added", data.clone());
        self.silently("interaction.present", data.clone());
        let mut detecting = data;
        detecting["partystate"] = json!("cpdetect");
        detecting["hints"] = json!({});
        self.silently("interaction.partystatechanged", detecting);
        self
    }

    /// The call of the following events is this one: it was not dialled.
    pub(crate) fn call_is(&mut self, call: &str) {
        call.clone_into(&mut self.call);
    }

    /// An event that must have no effect.
    pub(crate) fn silently(&mut self, name: &str, data: Value) -> &mut Self {
        let before = std::mem::take(&mut self.effects);
        self.event(name, data);
        assert_eq!(lines(&self.effects), Vec::<String>::new(), "{name} had an effect");
        self.effects = before;
        self
    }

    /// The customer answers, and the detection has a result.
    pub(crate) fn answered(&mut self, call_state: i64) -> &mut Self {
        self.answers();
        self.detected(call_state)
    }

    /// The detection has a result.
    pub(crate) fn detected(&mut self, call_state: i64) -> &mut Self {
        let hints = json!({ "callstate": call_state, "kept": true });
        self.event(
            "interaction.partystatechanged",
            json!({ "interactionid": self.call, "partystate": "connected", "focusdeviceid": "9000@SIP_Switch", "hints": hints }),
        )
    }

    /// The dial made no call.
    pub(crate) fn dial_fails(&mut self, call_state: i64) -> &mut Self {
        self.attempts += 1;
        let error = match call_state {
            6 => "busy",
            7 => "timeout",
            _ => "unknown",
        };
        let dial = self.request_of("createcall");
        self.event(
            "error.voice.createcall",
            json!({ "requestid": dial, "attempt": self.attempts, "error": error, "hints": { "callstate": call_state } }),
        )
    }

    /// The call ends.
    pub(crate) fn released_by(&mut self, who: &str) -> &mut Self {
        let data = json!({ "interactionid": self.call, "hints": { "callstate": 19, "releasedby": who } });
        self.event("interaction.deleted", data)
    }

    /// The agent's phone rings and is answered.
    pub(crate) fn agent_answers(&mut self, agent: &str) -> &mut Self {
        let data = |state: &str, call: &str| json!({ "interactionid": call, "partystate": state, "focusdeviceid": agent, "hints": { "callstate": 0 } });
        let call = self.call.clone();
        let redirect = self.request_of("redirect");
        self.silently("interaction.redirect.done", json!({ "requestid": redirect, "interactionid": call }));
        self.silently("interaction.partystatechanged", data("alerting", &call));
        self.event("interaction.partystatechanged", data("connected", &call))
    }

    /// The agent declines.
    pub(crate) fn agent_declines(&mut self, agent: &str) -> &mut Self {
        let hints = json!({ "callstate": 22, "cause": 7, "ccevent": 13 });
        self.event(
            "interaction.ondivert",
            json!({ "interactionid": self.call, "divertingdeviceid": agent, "hints": hints }),
        )
    }

    /// The treatment was played to its end.
    pub(crate) fn played(&mut self) -> &mut Self {
        let treatment = self.request_of("playsound");
        self.event("dialog.playsound.done", json!({ "requestid": treatment, "interactionid": self.call }))
    }

    // ---- the queue ----

    /// An agent is chosen and kept.
    pub(crate) fn agent_found(&mut self, agent: &str) -> &mut Self {
        let request = self.request_of("submit");
        let resource = json!({
            "agent": agent, "agent_id": agent, "dn": agent, "id": "Loans", "place": "", "resource": agent,
            "return": "target", "stat_value": "0", "switch": "SIP_Switch", "type": "A", "vq": "VQ_Loans",
        });
        self.event(
            "queue.submit.done",
            json!({ "requestid": request, "resource": resource, "targetobjectselected": "Loans@Stat.GA", "priority": 0 }),
        )
    }

    /// It is time to dial.
    pub(crate) fn time_to_dial(&mut self) -> &mut Self {
        let request = self.request_of("submit");
        self.event("queue.timetodial", json!({ "requestid": request, "ewt": 20, "position": 1 }))
    }

    /// The queue answers a query.
    pub(crate) fn queue_says(&mut self, ewt: i64, position: i64) -> &mut Self {
        let request = self.request_of("query");
        let data = json!({
            "requestid": request, "ewt": ewt, "position": position, "waiting": 4, "wait": 2, "priority": 0,
            "agents_logged_in": 2,
        });
        self.event("queue.query.done", data)
    }

    /// The plugin replies to an attempt.
    pub(crate) fn reply(&mut self, attempt: i64, fields: Value) -> &mut Self {
        self.request(&format!("plugin.reply.{attempt}"), fields)
    }

    // ---- what the chart did ----

    /// What the last event made the chart ask for.
    #[track_caller]
    pub(crate) fn does(&mut self, expected: &[&str]) -> &mut Self {
        assert_eq!(lines(&self.effects), expected, "in mode {:?}, at {} s", self.mode, self.now - START);
        self
    }

    /// As [`Self::does`], for a table of phases.
    #[track_caller]
    pub(crate) fn does_while(&mut self, phase: &str, expected: &[&str]) -> &mut Self {
        assert_eq!(lines(&self.effects), expected, "while {phase}, in mode {:?}", self.mode);
        self
    }

    /// Whether a verb is among what the last event made the chart ask for.
    #[track_caller]
    pub(crate) fn does_among(&mut self, expected: &str) -> &mut Self {
        let lines = lines(&self.effects);
        assert!(lines.iter().any(|line| line == expected), "{expected} is not among {lines:?}");
        self
    }

    /// The callback has ended, in the order of decision D-068.
    #[track_caller]
    pub(crate) fn ends(&mut self, reason: &str, disposition: &str, dial_result: &str) -> &mut Self {
        let all = lines(&self.effects);
        assert!(!self.is_running(), "the session still runs: {all:?}");
        let last: Vec<&str> = all.iter().rev().take(3).rev().map(String::as_str).collect();
        let completed = format!("record COMPLETED/{reason}");
        assert_eq!(last, ["notify _cbe_on_service_exit", "final report", completed.as_str()], "in {all:?}");
        assert_eq!(self.last("notify").params["c_termination_type"], json!(disposition));
        let report = self.report();
        assert_eq!(report.get("_CB_DISPOSITION"), Some(&json!(disposition)));
        let result = report.get("_CB_DIM_FINAL_DIAL_RESULT").and_then(Value::as_str).unwrap_or_default();
        assert_eq!(result, dial_result);
        assert_eq!(report.get("_CB_FINAL_RECORD"), Some(&json!(1)));
        self
    }

    /// The keys of the last report.
    pub(crate) fn report(&self) -> Map<String, Value> {
        self.last("report").params
    }

    /// The last verb of that name, with its params and content in one object.
    #[track_caller]
    pub(crate) fn last(&self, element: &str) -> Seen {
        self.seen(element).pop().unwrap_or_else(|| panic!("the chart never asked for {element}"))
    }

    /// Targets of the last `queue:submit`.
    pub(crate) fn last_targets(&self) -> String {
        let submit = self.history.iter().filter_map(verb).rfind(|verb| verb.element == "submit").unwrap();
        text(&submit.children[0].children[0].attributes, "expr")
    }

    /// All verbs of that name.
    pub(crate) fn seen(&self, element: &str) -> Vec<Seen> {
        self.history.iter().filter_map(verb).filter(|verb| verb.element == element).map(Seen::of).collect()
    }

    /// Names of all notifications so far.
    pub(crate) fn notified(&self) -> Vec<String> {
        self.seen("notify")
            .iter()
            .map(|seen| seen.attributes["event"].as_str().unwrap().trim_start_matches("_cbe_on_").to_owned())
            .collect()
    }

    /// Data of the last event that was sent to another session.
    pub(crate) fn sent(&self) -> (String, Value) {
        let sent = self.history.iter().rev().find_map(|effect| match effect {
            Effect::Send(send) if send.target.is_some() => Some((send.event.clone(), send.data.clone())),
            _ => None,
        });
        sent.unwrap()
    }

    /// Request id of the last verb of that name.
    #[track_caller]
    pub(crate) fn request_of(&self, element: &str) -> String {
        self.last(element).request_id
    }

    /// Answer of the last `ws:response`: status and body.
    pub(crate) fn answer(&self) -> (i64, Value) {
        let seen = self.last("response");
        (status(&seen.attributes), Value::Object(seen.params))
    }

    /// Whether the session goes on.
    pub(crate) fn is_running(&self) -> bool {
        self.session.as_ref().unwrap().status() == &Status::Running
    }
}

/// Options of a service: the mandatory ones, overridden by those of the scenario.
fn service(options: Value) -> Value {
    let mut service = json!({
        "_media_type": "voice", "_call_direction": "USERTERMINATED", "_wait_for_agent": false,
        "_route_point": "9000@SIP_Switch", "_urs_virtual_queue": "VQ_Loans", "_target": "Loans@Stat.GA",
        "_prefix_dial_out": null,
    });
    merge(&mut service, options);
    service
}

/// The first object with the keys of the second.
pub(crate) fn merged(mut into: Value, from: Value) -> Value {
    merge(&mut into, from);
    into
}

fn merge(into: &mut Value, from: Value) {
    let Value::Object(from) = from else { panic!("options are an object") };
    for (name, value) in from {
        into[name] = value;
    }
}

/// Whether the switch or the queue may deliver it twice.
fn may_double(name: &str) -> bool {
    ["voice.", "error.voice.", "interaction.", "queue.", "error.queue.", "dialog.", "error.dialog."]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}
