//! What must hold at every moment, whatever goes wrong around the engine (architecture: invariants).
//!
//! Two kinds of checks: on everything that becomes durable or leaves the process ([`History`]), and on the whole at rest
//! ([`at_rest`], [`at_the_end`]).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use engine::Engine;
use futures_util::FutureExt;
use serde_json::Value;
use store::{CallbackQuery, CallbackRow, MemoryStore, Store, TimelineRow, Write};
use telephony::DialRecord;
use vocabulary::{AttemptNo, CallbackId, CallbackState, EffectId, ServiceName, SessionId, Timestamp};

use crate::configuration::{DIALS_MAX, SERVICES};

/// The notification that ends a callback.
const EXIT: &str = "_cbe_on_service_exit";

/// What was seen of the callbacks so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// Callbacks whose start was acknowledged.
    acknowledged: BTreeSet<CallbackId>,
    /// Callbacks whose cancellation was acknowledged.
    cancelled: BTreeSet<CallbackId>,
    records: BTreeMap<CallbackId, Seen>,
    /// Start of waiting of each session's place in the queue.
    places: BTreeMap<SessionId, Value>,
    dials: BTreeSet<(CallbackId, AttemptNo)>,
    effects: BTreeSet<EffectId>,
    exits_told: BTreeSet<String>,
    refused: BTreeSet<(String, String)>,
    /// The pause list as it was acknowledged; `None` is a change that was asked for and not acknowledged.
    pauses: BTreeMap<String, Option<(bool, Timestamp)>>,
}

/// A record as it was last seen.
#[derive(Clone, Debug)]
struct Seen {
    state: CallbackState,
    service: ServiceName,
    reason: Option<String>,
    has_session: bool,
    expires_at: Timestamp,
    is_deleted: bool,
}

impl History {
    /// A start was answered with success: the record is there, from now on until its life time is over.
    pub(crate) fn acknowledge(&mut self, id: &CallbackId) -> Option<String> {
        self.acknowledged.insert(id.clone());
        (!self.records.contains_key(id))
            .then(|| format!("no 2xx before the record is durable: {id} is nowhere"))
    }

    /// A cancellation was answered with success.
    pub(crate) fn cancelled(&mut self, id: &CallbackId) {
        self.cancelled.insert(id.clone());
    }

    /// A change of the pause list was asked for, or acknowledged.
    pub(crate) fn pauses(&mut self, key: &str, is_paused: Option<(bool, Timestamp)>) {
        self.pauses.insert(key.to_owned(), is_paused);
    }

    /// Whether it is known that callbacks of this service are not paused.
    fn is_free(&self, service: &ServiceName) -> bool {
        let keys = ["all", service.as_str()];
        keys.iter().all(|key| {
            self.pauses.get(*key).is_none_or(|known| known.is_some_and(|(is_paused, _)| !is_paused))
        })
    }

    /// Whether it is known that callbacks of this service were paused before this moment, and still are.
    fn was_paused_before(&self, service: &ServiceName, moment: Timestamp) -> bool {
        let keys =
            ["all", service.as_str()].into_iter().filter_map(|key| self.pauses.get(key).copied().flatten());
        keys.into_iter().any(|(is_paused, since)| is_paused && since < moment)
    }

    /// A notification arrives at its receiver; whether it is taken. Each is refused once at most, and so never given up.
    pub(crate) fn notified(&mut self, id: &str, event: &str, takes: bool) -> bool {
        let takes = takes || !self.refused.insert((id.to_owned(), event.to_owned()));
        if takes && event == EXIT {
            self.exits_told.insert(id.to_owned());
        }
        takes
    }

    /// No dial after a cancellation was acknowledged; at most one dial for each (callback, attempt) and for each effect; numbers grow; the chart's limit counts every
    /// dial, also one whose outcome nobody knows.
    pub(crate) fn dialled(&mut self, record: &DialRecord) -> Option<String> {
        if !self.effects.insert(record.effect.clone()) {
            return Some(format!("at most one dial per effect: {} is dialled again", record.effect));
        }
        let callback = record.callback.clone()?;
        if self.cancelled.contains(&callback) {
            return Some(format!("no dial after a cancellation: {callback} is dialled"));
        }
        if self.records.get(&callback).is_some_and(|seen| self.was_paused_before(&seen.service, record.at)) {
            return Some(format!("no dial while paused: {callback} is dialled"));
        }
        let every = (callback.clone(), AttemptNo(0))..=(callback.clone(), AttemptNo(u32::MAX));
        let last = self.dials.range(every.clone()).next_back().map(|(_, attempt)| *attempt);
        self.dials.insert((callback.clone(), record.attempt));
        if last.is_some_and(|last| last >= record.attempt) {
            return Some(format!(
                "at most one dial per (callback, attempt): {callback} {} comes again",
                record.attempt
            ));
        }
        if self.dials.range(every).count() > DIALS_MAX {
            return Some(format!(
                "an unknown outcome counts as an attempt: {callback} is dialled more than {DIALS_MAX} times"
            ));
        }
        None
    }

    /// A transaction is durable. `before` are the states that its records had; `now` is not before engine time.
    pub(crate) fn committed(
        &mut self,
        before: &BTreeMap<CallbackId, CallbackState>,
        writes: &[Write],
        now: Timestamp,
    ) -> Vec<String> {
        let mut broken = Vec::new();
        for write in writes {
            match write {
                Write::InsertCallback(row) => {
                    broken.extend(self.record(CallbackState::Scheduled, row, writes))
                }
                Write::UpdateCallback { row, .. } => match before.get(&row.id) {
                    Some(state) => broken.extend(self.record(*state, row, writes)),
                    None => broken.push(format!("record {} is changed and was not there", row.id)),
                },
                Write::DeleteCallback(id) => broken.extend(self.deleted(id, now)),
                Write::AppendTimeline(line) if is_mistake(line) => {
                    broken.push(format!(
                        "no chart makes a mistake: {:?} {} {}",
                        line.callback, line.name, line.detail
                    ));
                }
                Write::PutQueueEntry(row) => broken.extend(self.place(&row.id.session, &row.entry)),
                _ => {}
            }
        }
        broken
    }

    /// Records change along [`CallbackState::may_become`], step by step; COMPLETED is final and has a reason.
    fn record(&mut self, before: CallbackState, row: &CallbackRow, writes: &[Write]) -> Vec<String> {
        let mut broken = Vec::new();
        let steps = writes.iter().filter_map(|write| match write {
            Write::AppendTimeline(line)
                if line.kind == "record" && line.callback.as_ref() == Some(&row.id) =>
            {
                line.name.parse::<CallbackState>().ok()
            }
            _ => None,
        });
        // A record is QUEUED by being given to a session; its first step may already lead on.
        let is_started = before == CallbackState::Scheduled && row.session.is_some();
        let mut state = if is_started { CallbackState::Queued } else { before };
        for next in steps.chain([row.state]) {
            if state != next && !state.may_become(next) {
                broken.push(format!("transitions of records: {} went from {state} to {next}", row.id));
            }
            state = next;
        }
        if row.reason.is_some() != (row.state == CallbackState::Completed) {
            broken
                .push(format!("completion reason: {} is {} with reason {:?}", row.id, row.state, row.reason));
        }
        let seen = Seen {
            state: row.state,
            reason: row.reason.as_ref().map(ToString::to_string),
            service: row.service.clone(),
            has_session: row.session.is_some(),
            expires_at: row.expires_at,
            is_deleted: false,
        };
        if let Some(last) = self.records.insert(row.id.clone(), seen)
            && last.state == CallbackState::Completed
            && (row.state != CallbackState::Completed
                || last.reason.as_deref() != row.reason.as_ref().map(|reason| reason.as_str()))
        {
            broken.push(format!(
                "COMPLETED is final: {} {:?} became {} {:?}",
                row.id, last.reason, row.state, row.reason
            ));
        }
        broken
    }

    /// A record is erased only when it is completed and its life time is over.
    fn deleted(&mut self, id: &CallbackId, now: Timestamp) -> Option<String> {
        let seen = self.records.get_mut(id)?;
        seen.is_deleted = true;
        (seen.state != CallbackState::Completed || seen.expires_at > now).then(|| {
            format!("no acknowledged callback is lost: {id} is erased in {} before its time", seen.state)
        })
    }

    /// The place in the queue is kept: whenever a session enters again, it has waited since the same moment.
    fn place(&mut self, session: &SessionId, entry: &str) -> Option<String> {
        let entry: Value = serde_json::from_str(entry).ok()?;
        let place = serde_json::json!([entry["waiting_since"], entry["priority"], entry["queue"]]);
        let kept = self.places.entry(session.clone()).or_insert_with(|| place.clone());
        (*kept != place)
            .then(|| format!("place in the queue: session {session} had {kept} and now has {place}"))
    }

    /// How many callbacks were completed for each reason.
    pub(crate) fn reasons(&self) -> BTreeMap<String, u64> {
        let mut reasons = BTreeMap::new();
        for seen in self.records.values() {
            *reasons.entry(seen.reason.clone().unwrap_or_else(|| seen.state.to_string())).or_default() += 1;
        }
        reasons
    }

    /// Callbacks that are not completed.
    pub(crate) fn open(&self) -> Vec<CallbackId> {
        let is_open = |seen: &Seen| seen.state != CallbackState::Completed;
        self.records.iter().filter(|(_, seen)| is_open(seen)).map(|(id, _)| id.clone()).collect()
    }

    /// Every wait has a limit of its own, well before the life time is over; and whoever wants to know hears of the end.
    fn ends(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (id, seen) in &self.records {
            if seen.reason.as_deref() == Some("FAIL_TIMEOUT_TTL") {
                broken.push(format!("every wait has a limit: only the end of its life time completed {id}"));
            }
            // The chart's word for a plugin that is silent or dead; of any other callback, for what it did not foresee.
            let has_plugin =
                SERVICES.iter().any(|service| service.name == seen.service.as_str() && service.has_plugin);
            if seen.reason.as_deref() == Some("FAIL_ERROR") && !has_plugin {
                broken.push(format!(
                    "nothing is unforeseen: {id} of service {} ends by FAIL_ERROR",
                    seen.service
                ));
            }
            if seen.has_session && !self.exits_told.contains(id.as_str()) {
                broken.push(format!("notifications: nobody was told of the end of {id}, {:?}", seen.reason));
            }
        }
        broken
    }
}

/// A reading of the store in memory, which answers at once; `None` once the process is dead.
fn read<T>(future: store::StoreFuture<'_, T>) -> Option<T> {
    future.now_or_never()?.ok()
}

/// A place in a queue as the disk has it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) callback: CallbackId,
    /// From 1, by priority and then by waiting time.
    pub(crate) position: u64,
}

/// All places in the queue, the first of them first.
pub(crate) fn places(store: &MemoryStore) -> Vec<Place> {
    let sessions = read(store.running_sessions()).unwrap_or_default();
    let entries = read(store.queue_entries()).unwrap_or_default();
    let mut entries: Vec<routing::Entry> =
        entries.iter().filter_map(|row| serde_json::from_str(&row.entry).ok()).collect();
    entries
        .sort_by_key(|entry| (Reverse(entry.priority), entry.waiting_since, entry.entered, entry.id.clone()));
    let callback_of = |entry: &routing::Entry| {
        let effect: EffectId = entry.id.parse().ok()?;
        sessions.iter().find(|session| session.id == effect.session)?.callback.clone()
    };
    entries
        .iter()
        .zip(1..)
        .filter_map(|(entry, position)| Some(Place { callback: callback_of(entry)?, position }))
        .collect()
}

/// What holds whenever nothing is under way.
pub(crate) fn at_rest(engine: &Engine, store: &MemoryStore, history: &History) -> Option<Vec<String>> {
    let mut broken = Vec::new();
    let everything = CallbackQuery { limit: usize::MAX, ..CallbackQuery::default() };
    let records: BTreeMap<CallbackId, CallbackRow> =
        read(store.callbacks(everything))?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let sessions = read(store.running_sessions())?;
    let running: BTreeSet<&SessionId> = sessions.iter().map(|row| &row.id).collect();

    // No acknowledged callback is ever lost.
    for id in &history.acknowledged {
        let is_gone =
            !records.contains_key(id) && !history.records.get(id).is_some_and(|seen| seen.is_deleted);
        if is_gone {
            broken.push(format!("no acknowledged callback is lost: {id} is not in the store"));
        }
    }
    // No session is leaked: those that run are those that are stored.
    if engine.sessions_running() != sessions.len() {
        broken.push(format!("sessions: {} run, {} are stored", engine.sessions_running(), sessions.len()));
    }
    // A session with a callback runs its record, and no session runs a completed one.
    for session in &sessions {
        let Some(id) = &session.callback else { continue };
        match records.get(id) {
            Some(row) if row.session.as_ref() == Some(&session.id) && is_in_execution(row.state) => {}
            row => broken.push(format!(
                "sessions: {} runs {id}, whose record is {:?}",
                session.id,
                row.map(|row| (row.state, row.session.clone()))
            )),
        }
    }
    // A record in execution has a session.
    for row in records.values().filter(|row| is_in_execution(row.state)) {
        if !row.session.as_ref().is_some_and(|session| running.contains(session)) {
            broken.push(format!("sessions: {} is {} and no session runs it", row.id, row.state));
        }
    }
    // Who is paused is held by the pause list, also after a restart.
    for row in records.values().filter(|row| row.state == CallbackState::Paused) {
        if history.is_free(&row.service) {
            broken.push(format!("pause: {} is PAUSED and nothing pauses {}", row.id, row.service));
        }
    }
    // What waits, waits for somebody.
    for entry in read(store.queue_entries())? {
        if !running.contains(&entry.id.session) {
            broken.push(format!("queues: entry {} belongs to no running session", entry.id));
        }
    }
    for effect in read(store.open_effects())? {
        if !running.contains(&effect.id.session) {
            broken.push(format!("effects: {} is open and its session has ended", effect.id));
        }
    }
    for timer in read(store.timers_before(Timestamp::from_millis(i64::MAX), usize::MAX))? {
        if !running.contains(&timer.session) {
            broken
                .push(format!("timers: {} of {} is set and its session has ended", timer.id, timer.session));
        } else if timer.due < engine.now() {
            broken.push(format!("timers: {} was due at {} and has not fired", timer.id, timer.due));
        }
    }
    Some(broken)
}

/// What holds when everything had time enough: nothing is left of any callback but its record.
pub(crate) fn at_the_end(engine: &Engine, store: &MemoryStore, history: &History) -> Option<Vec<String>> {
    let mut broken = at_rest(engine, store, history)?;
    for id in history.open() {
        broken.push(format!("every callback completes: {id} does not"));
    }
    broken.extend(history.ends());
    if engine.sessions_running() != 0 {
        broken.push(format!("at the end: {} sessions run", engine.sessions_running()));
    }
    for entry in read(store.queue_entries())? {
        broken.push(format!("at the end: entry {} waits", entry.id));
    }
    for effect in read(store.open_effects())? {
        broken.push(format!("at the end: effect {} is open", effect.id));
    }
    for message in read(store.outbox_before(Timestamp::from_millis(i64::MAX), usize::MAX, Vec::new()))? {
        broken.push(format!("at the end: message {} has not left", message.id));
    }
    Some(broken)
}

/// Calls that nobody will ever end, and agents whom nobody will ever free.
///
/// When the switch's word that a call has ended is lost, its agent stays busy until the node is restarted: with
/// `everything_was_heard` false agents are not looked at.
pub(crate) fn stuck(engine: &Engine, everything_was_heard: bool) -> Vec<String> {
    let mut broken = Vec::new();
    for agent in engine.agents().into_iter().filter(|_| everything_was_heard) {
        if agent.reserved || matches!(agent.status.as_str(), "ringing" | "busy") {
            broken.push(format!(
                "at the end: agent {} is {}, reserved {}",
                agent.id, agent.status, agent.reserved
            ));
        }
    }
    let calls = engine.simulator().map(|simulator| simulator.calls()).unwrap_or_default();
    for call in calls.as_array().into_iter().flatten() {
        broken.push(format!("at the end: a call is up: {call}"));
    }
    broken
}

/// A line that says that a chart did something impossible.
fn is_mistake(line: &TimelineRow) -> bool {
    line.name.starts_with("error.execution") || line.name == "session.failed"
}

fn is_in_execution(state: CallbackState) -> bool {
    !matches!(state, CallbackState::Scheduled | CallbackState::Completed)
}
