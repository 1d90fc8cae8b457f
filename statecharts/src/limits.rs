//! Limits of a step, and how a session fails that hits one (decision D-087).

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a session may use up. A breach ends the session, never the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Microsteps per macrostep. Default 1000.
    pub microsteps: u32,
    /// Entries of one state per macrostep. Default 100.
    pub state_entries: u32,
    /// Script time per step. Default 50 ms.
    ///
    /// Counted in units of work of the script engine, not by a clock, so that the same events have the same outcome on
    /// every machine and in every repetition. A unit is what the engine does in about 1 ms: see [`Limits::SCRIPT_UNIT`].
    pub script_time: Duration,
    /// Real time after which the scripts of a step are stopped although they have work left. Default 2 s.
    ///
    /// Counting misses few but slow calls of built-in functions. This is the only place of the crate where a clock decides, and it
    /// decides only that a session which blocks its thread is over.
    pub script_patience: Duration,
    /// Heap of all scripts of one worker, in bytes. Default 512 MiB.
    pub script_memory: usize,
    /// Events that may wait inside one step, and that a session may send to itself in one step. Default 1000.
    pub queue: usize,
    /// Effects of one step. Default 10,000.
    pub effects: usize,
    /// Data of one session as text, in bytes. Default 4 MiB.
    pub data: usize,
}

impl Limits {
    /// Time that one unit of script work stands for: 10,000 calls or backward jumps of the script engine.
    ///
    /// Measured: 0.1 ms when they only count, 0.7 ms when each changes a variable of the session, 2.4 ms when each makes two objects.
    pub const SCRIPT_UNIT: Duration = Duration::from_millis(1);
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            microsteps: 1000,
            state_entries: 100,
            script_time: Duration::from_millis(50),
            script_patience: Duration::from_secs(2),
            script_memory: 512 * 1024 * 1024,
            queue: 1000,
            effects: 10_000,
            data: 4 * 1024 * 1024,
        }
    }
}

/// Why a session failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Failure {
    /// A macrostep did not come to rest.
    #[error("the chart took {limit} microsteps for one event without coming to rest; last entered: {state}")]
    Microsteps {
        /// Limit that was hit.
        limit: u32,
        /// State that was entered last.
        state: String,
    },
    /// A state was entered again and again within one macrostep.
    #[error("state `{state}` was entered more than {limit} times for one event")]
    StateEntries {
        /// The state.
        state: String,
        /// Limit that was hit.
        limit: u32,
    },
    /// Scripts took too long.
    #[error("scripts took longer than {limit_millis} ms for one event, at {place}")]
    ScriptTime {
        /// Limit that was hit.
        limit_millis: u64,
        /// File and line of the expression.
        place: String,
    },
    /// Scripts needed too much memory.
    #[error("scripts needed more than {limit_bytes} bytes of memory, at {place}")]
    ScriptMemory {
        /// Limit that was hit, of the whole worker.
        limit_bytes: u64,
        /// File and line of the expression.
        place: String,
    },
    /// Too many events inside one step.
    #[error("one step had more than {limit} events of its own")]
    Queue {
        /// Limit that was hit.
        limit: usize,
    },
    /// The data of the session are too large to be kept.
    #[error("the data of the session have {bytes} bytes as text; at most {limit} are kept")]
    DataSize {
        /// Their size.
        bytes: usize,
        /// Limit that was hit.
        limit: usize,
    },
    /// Too many effects of one step.
    #[error("one step had more than {limit} effects")]
    Effects {
        /// Limit that was hit.
        limit: usize,
    },
    /// The script engine could not be set up, or the scope of the session could not be read or written.
    #[error("the data of the session could not be {tried}: {message}")]
    Data {
        /// What was tried: `set up`, `restored`, `saved`.
        tried: String,
        /// What the script engine said.
        message: String,
    },
}
