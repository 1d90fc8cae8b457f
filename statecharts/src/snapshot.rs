//! A session as it is written down between two steps.
//!
//! A [`Snapshot`] is taken at a stable point, where the queues of a session are empty, and is JSON. It names states by their ids and the chart
//! by its hash, so it can be read without the program; it is read back only with a chart of the same hash. Delayed sends are effects, and
//! so rows of the host; the sessions that `<invoke>` started have snapshots of their own.
//!
//! # Data
//!
//! The data are four lists, `[values, special, unset, declared]`:
//!
//! * `values`: the variables as an object, with null in the place of what JSON cannot hold;
//! * `special`: what it cannot hold and where, as `[path, kind, …]`. Kinds: `undefined`, `number` (NaN, infinities, -0), `bigint`, `date`,
//!   `regexp`, `map` and `set` (whose entries are a list in `values`), `error`, `markup`, `function` (its text and name), `declared` (a function of
//!   the chart's scripts, by number), `global`, `constant` and `system` (objects of the platform), `instance` (of a class of the
//!   chart), `shared` (a shared value, by its hash, and the names that the session deleted; `values` has only what is the session's own), `same` (an object that has another path, too: sharing and cycles survive);
//! * `unset`: variables that are undefined;
//! * `declared`: variables that hold a function of the chart's scripts, and its number, in turn.
//!
//! Lost on purpose, as `docs/durable-sessions.md` tells authors: what a function captured of a function around it, private fields, getters (their
//! value stays), symbols, added properties of dates and the like. A value of a stranger, such as the data of an event, never becomes
//! code: `special` and `declared` are written by this crate alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Event, Status};

/// Version of the form of snapshots.
///
/// 2 added [`shared`](Snapshot::shared) and the kind `shared` of special data; a snapshot of version 1 has neither, and reads as it is.
pub const SNAPSHOT_VERSION: u32 = 2;

/// The oldest version that is read.
pub const SNAPSHOT_VERSION_OLDEST: u32 = 1;

/// A session at a stable point. Timers are not in it: a delayed `<send>` is an effect, and so the host's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// Version of this form: [`SNAPSHOT_VERSION`].
    pub v: u32,
    /// Hash of the chart.
    pub chart: String,
    /// Id of the session.
    pub session: String,
    /// Session that invoked this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Id of the invocation, when it was invoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invokeid: Option<String>,
    /// Event processors: name and address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ioprocessors: BTreeMap<String, String>,
    /// Active states in document order, ancestors included.
    pub configuration: Vec<String>,
    /// Recorded histories: history state and the states that it remembers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub history: BTreeMap<String, Vec<String>>,
    /// States whose late-bound data have their first values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bound: Vec<String>,
    /// The data: `[values, what JSON cannot hold, names without value, functions of the chart's scripts]`.
    pub data: Box<RawValue>,
    /// Hashes of the values that the session shares with others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<String>,
    /// Events that wait; empty at a stable point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<Event>,
    /// Running invocations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invokes: Vec<InvokeSnapshot>,
    /// Number of the next step, from which the ids of its effects are made.
    pub next_effect: u64,
    /// Number of the next generated id.
    pub next_id: u64,
    /// How the session ended, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Status>,
}

/// A running invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvokeSnapshot {
    /// State that invoked.
    pub state: String,
    /// Which of its `<invoke>` elements, from 0.
    pub index: u32,
    /// Id of the invocation.
    pub invokeid: String,
}

/// Why a snapshot cannot be read back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// The snapshot has another form.
    #[error(
        "the snapshot of session {session} has version {found}; this build reads {SNAPSHOT_VERSION_OLDEST} to {SNAPSHOT_VERSION}"
    )]
    Version {
        /// The session.
        session: String,
        /// Version of the snapshot.
        found: u32,
    },
    /// The snapshot belongs to another chart.
    #[error(
        "session {session} ran chart {found}, but chart {given} was given; load the texts that were kept with it"
    )]
    Chart {
        /// The session.
        session: String,
        /// Hash in the snapshot.
        found: String,
        /// Hash of the chart that was given.
        given: String,
    },
    /// A value that the session shares was not given.
    #[error(
        "session {session} shares the value {hash}, which was not given; load the text that was kept with it"
    )]
    Shared {
        /// The session.
        session: String,
        /// Hash of the value.
        hash: String,
    },
    /// The snapshot names something that the chart does not have.
    #[error("the snapshot of session {session} names `{id}`, which chart {chart} does not have")]
    Unknown {
        /// The session.
        session: String,
        /// Hash of the chart.
        chart: String,
        /// State or invocation.
        id: String,
    },
}
