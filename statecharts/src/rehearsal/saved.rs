//! A rehearsal as it is written down between two events.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::messages::Delivery;
use super::{Record, Rehearsal};
use crate::{Chart, Event, Failure, LoadError, RestoreError, Session, Snapshot, Source, compile_with};

/// Version of the form of [`Saved`].
pub const SAVED_VERSION: u32 = 1;

/// A rehearsal between two events: all its sessions with their charts, what is under way, and the clock. It is JSON, and complete:
/// another rehearsal with the same modules can go on from it. Records are not in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Saved {
    /// Version of this form: [`SAVED_VERSION`].
    v: u32,
    epoch_millis: i64,
    now: Duration,
    next_session: u64,
    charts: BTreeMap<String, SavedChart>,
    sessions: Vec<Snapshot>,
    deliveries: Vec<Delivery>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    told: BTreeMap<String, Vec<Event>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct SavedChart {
    file: String,
    texts: Arc<BTreeMap<String, String>>,
}

/// Why a rehearsal cannot go on from what was saved.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// It has another form.
    #[error("the saved rehearsal has version {found}; this build reads {SAVED_VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
    /// A chart of it does not compile with the modules of this rehearsal.
    #[error("a chart of the saved rehearsal cannot be used")]
    Chart(#[from] LoadError),
    /// A session of it does not fit its chart.
    #[error("a session of the saved rehearsal cannot go on")]
    Session(#[from] RestoreError),
}

impl Rehearsal {
    /// The rehearsal as it can be written down.
    ///
    /// # Errors
    /// When the data of a session cannot be read, for want of memory.
    pub fn save(&mut self) -> Result<Saved, Failure> {
        let worker = &mut self.worker;
        let sessions =
            self.sessions.values_mut().map(|session| session.snapshot(worker)).collect::<Result<_, _>>()?;
        let saved = |chart: &Arc<Chart>| SavedChart {
            file: chart.file().to_owned(),
            texts: Arc::new(chart.texts().clone()),
        };
        let used = |hash: &String| self.sessions.values().any(|session| session.chart().hash() == hash);
        Ok(Saved {
            v: SAVED_VERSION,
            epoch_millis: self.epoch_millis,
            now: self.now,
            next_session: self.next_session,
            charts: self
                .charts
                .iter()
                .filter(|(hash, _)| used(hash))
                .map(|(hash, chart)| (hash.clone(), saved(chart)))
                .collect(),
            sessions,
            deliveries: self.deliveries.iter().cloned().collect(),
            told: self.told.clone(),
        })
    }

    /// Goes on from what was saved, here or elsewhere. Nothing changes when that is not possible; records that were not
    /// taken stay.
    ///
    /// # Errors
    /// When it was saved in another form, or its charts do not compile with the modules of this rehearsal.
    pub fn restore(&mut self, saved: &Saved) -> Result<(), SavedError> {
        if saved.v != SAVED_VERSION {
            return Err(SavedError::Version { found: saved.v });
        }
        let mut charts = BTreeMap::new();
        for (hash, chart) in &saved.charts {
            let chart = match self.charts.get(hash) {
                Some(known) => Arc::clone(known),
                None => {
                    let text = chart.texts.get(&chart.file).map_or("", String::as_str);
                    let source = Source { file: &chart.file, text };
                    compile_with(source, &self.modules, &*chart.texts, self.broken)?.chart
                }
            };
            charts.insert(hash.clone(), chart);
        }
        let mut sessions = BTreeMap::new();
        for snapshot in &saved.sessions {
            let chart = charts.get(&snapshot.chart).cloned().ok_or_else(|| RestoreError::Chart {
                session: snapshot.session.clone(),
                found: snapshot.chart.clone(),
                given: String::new(),
            })?;
            sessions.insert(snapshot.session.clone(), Session::restore(chart, snapshot.clone())?);
        }
        self.charts = charts;
        self.sessions = sessions;
        self.epoch_millis = saved.epoch_millis;
        self.now = saved.now;
        self.next_session = saved.next_session;
        self.deliveries = saved.deliveries.iter().cloned().collect();
        self.told.clone_from(&saved.told);
        let ids: Vec<String> = self.sessions.keys().cloned().collect();
        for id in &ids {
            self.surround(id);
        }
        Ok(())
    }

    /// Records that were not taken yet.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }
}
