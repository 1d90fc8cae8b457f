//! Limits of a session, and how a session fails that hits one (decision D-087).

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a session may use up. A breach ends the session, never the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Microsteps per macrostep. Default 1000.
    pub microsteps: u32,
    /// Entries of one state per macrostep. Default 100.
    pub state_entries: u32,
    /// Work of the interpreter per step: states entered, left and looked at, transitions looked at, elements executed.
    /// Default 2,000,000.
    pub work: u64,
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
    /// Memory that the scripts of one step may take beyond what was in use when it began, in bytes. Default 16 MiB.
    ///
    /// Past it the scripts are stopped. Requests of more than 16 KiB may go past it before that, but never past twice the limit, and smaller
    /// ones never past eight times: the script engine does not survive everywhere that it is refused a page.
    pub heap: usize,
    /// Heap of all scripts of one worker above which the scopes of its sessions are written down, in bytes. Default 512 MiB.
    ///
    /// No session fails by it: before a step begins, it is seen to that the step's own [`heap`](Self::heap) is left.
    pub script_memory: usize,
    /// Stack of scripts in bytes. Default 256 KiB. Recursion that is deeper is an error of the script (`error.execution`).
    pub stack: usize,
    /// Events that may wait inside one step, and that a session may send to itself in one step. Default 1000.
    pub queue: usize,
    /// Effects of one step. Default 10,000.
    pub effects: usize,
    /// What the effects, the raised events and the values of expressions of one step hold together, in bytes of text.
    /// Default 32 MiB.
    pub output: usize,
    /// Data of one event or one effect, in bytes of text. Default 1 MiB.
    pub event: usize,
    /// Delayed events of one session that may be outstanding. Default 1000. A step counts its own; its host, who keeps them, counts all.
    pub pending_sends: usize,
    /// Events that a session may send at once: every `<send>` that leaves its step counts, whatever its target, and time gives back
    /// [`sent_events_rate`](Self::sent_events_rate) a second. Default 1000. Counted by the host, who sends them.
    pub sent_events: usize,
    /// Events that a session may send for each second of the host's time when it has sent [`sent_events`](Self::sent_events). Default 200.
    pub sent_events_rate: u32,
    /// Invocations of one session that may run at once. Default 100.
    pub invocations: usize,
    /// How deep sessions may start sessions. Default 8. Counted by the host, who starts them.
    pub invoke_depth: u32,
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
            work: 2_000_000,
            script_time: Duration::from_millis(50),
            script_patience: Duration::from_secs(2),
            heap: 16 * 1024 * 1024,
            script_memory: 512 * 1024 * 1024,
            stack: 256 * 1024,
            queue: 1000,
            effects: 10_000,
            output: 32 * 1024 * 1024,
            event: 1024 * 1024,
            pending_sends: 1000,
            sent_events: 1000,
            sent_events_rate: 200,
            invocations: 100,
            invoke_depth: 8,
            data: 4 * 1024 * 1024,
        }
    }
}

/// What a chart may hold, parts included. A larger one is refused when it is read, with the place of what is too much.
#[derive(Clone, Copy, Debug)]
pub struct DocumentLimits;

impl DocumentLimits {
    /// Size of one file in bytes: 4 MiB.
    pub const BYTES: usize = 4 * 1024 * 1024;
    /// Nesting of elements in one file.
    pub const DEPTH: usize = 100;
    /// Elements of one file.
    pub const ELEMENTS: usize = 100_000;
    /// Attributes of one element, declarations of namespaces included.
    pub const ATTRIBUTES: usize = 256;
    /// Declarations of namespaces that are in scope at one element.
    pub const NAMESPACES: usize = 64;
    /// Files of one chart.
    pub const PARTS: usize = 256;
    /// How deep parts may name parts.
    pub const PART_DEPTH: usize = 16;
    /// States of all kinds.
    pub const STATES: usize = 10_000;
    /// Transitions.
    pub const TRANSITIONS: usize = 50_000;

    /// Each of them: name and value.
    pub const ALL: &'static [(&'static str, usize)] = &[
        ("file size", Self::BYTES),
        ("nesting", Self::DEPTH),
        ("elements of a file", Self::ELEMENTS),
        ("attributes of an element", Self::ATTRIBUTES),
        ("namespaces in scope", Self::NAMESPACES),
        ("parts", Self::PARTS),
        ("nesting of parts", Self::PART_DEPTH),
        ("states", Self::STATES),
        ("transitions", Self::TRANSITIONS),
    ];
}

/// A limit, by the name that configurations, metrics and the documentation give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitName {
    /// [`Limits::script_time`] and [`Limits::script_patience`].
    ScriptTime,
    /// [`Limits::heap`].
    Heap,
    /// [`Limits::stack`].
    Stack,
    /// [`Limits::microsteps`].
    Microsteps,
    /// [`Limits::state_entries`].
    StateEntries,
    /// [`Limits::work`].
    Work,
    /// [`Limits::queue`].
    Queue,
    /// [`Limits::effects`].
    Effects,
    /// [`Limits::output`].
    Output,
    /// [`Limits::event`].
    Event,
    /// [`Limits::pending_sends`].
    PendingSends,
    /// [`Limits::sent_events`] and [`Limits::sent_events_rate`].
    SentEvents,
    /// [`Limits::invocations`].
    Invocations,
    /// [`Limits::invoke_depth`].
    InvokeDepth,
    /// [`Limits::data`].
    Data,
}

impl LimitName {
    /// Each of them.
    pub const ALL: &'static [Self] = &[
        Self::ScriptTime,
        Self::Heap,
        Self::Stack,
        Self::Microsteps,
        Self::StateEntries,
        Self::Work,
        Self::Queue,
        Self::Effects,
        Self::Output,
        Self::Event,
        Self::PendingSends,
        Self::SentEvents,
        Self::Invocations,
        Self::InvokeDepth,
        Self::Data,
    ];

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ScriptTime => "script_time",
            Self::Heap => "heap",
            Self::Stack => "stack",
            Self::Microsteps => "microsteps",
            Self::StateEntries => "state_entries",
            Self::Work => "work",
            Self::Queue => "queue",
            Self::Effects => "effects",
            Self::Output => "output",
            Self::Event => "event",
            Self::PendingSends => "pending_sends",
            Self::SentEvents => "sent_events",
            Self::Invocations => "invocations",
            Self::InvokeDepth => "invoke_depth",
            Self::Data => "data",
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
    /// The interpreter had too much to do.
    #[error("one event made the chart do more than {limit} things; last entered: {state}")]
    Work {
        /// Limit that was hit.
        limit: u64,
        /// State that was entered last.
        state: String,
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
    #[error("scripts needed more than {limit_bytes} bytes of memory for one event, at {place}")]
    ScriptMemory {
        /// Limit that was hit.
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
    /// Too many effects of one step.
    #[error("one step had more than {limit} effects")]
    Effects {
        /// Limit that was hit.
        limit: usize,
    },
    /// The effects, events and values of one step are too large together.
    #[error("the effects, events and values of one step have more than {limit} bytes")]
    Output {
        /// Limit that was hit.
        limit: usize,
    },
    /// The data of an event or effect are too large.
    #[error("the data of an event or effect have {bytes} bytes; at most {limit} are sent")]
    EventSize {
        /// Their size.
        bytes: usize,
        /// Limit that was hit.
        limit: usize,
    },
    /// Too many delayed events are outstanding.
    #[error("more than {limit} delayed events of the session are outstanding")]
    PendingSends {
        /// Limit that was hit.
        limit: usize,
    },
    /// Too many events were sent in too short a time. Hosts fail the session that would have sent the next.
    #[error(
        "the session sent more than {limit} events at once and {per_second} a second after that; let it wait between two <send>s"
    )]
    SentEvents {
        /// Limit that was hit.
        limit: usize,
        /// What a second gives back.
        per_second: u32,
    },
    /// Too many invocations run at once.
    #[error("more than {limit} invocations of the session run at once")]
    Invocations {
        /// Limit that was hit.
        limit: usize,
    },
    /// Sessions started sessions too deeply. Hosts fail the session that would have started the next.
    #[error("sessions start sessions deeper than {limit}")]
    InvokeDepth {
        /// Limit that was hit.
        limit: u32,
    },
    /// The data of the session are too large to be kept.
    #[error("the data of the session have {bytes} bytes as text; at most {limit} are kept")]
    DataSize {
        /// Their size.
        bytes: usize,
        /// Limit that was hit.
        limit: usize,
    },
    /// The data of the session are nested so deeply that writing them takes more stack than scripts have.
    #[error("the data of the session are nested too deeply to be kept")]
    DataDepth,
    /// The script engine could not be set up, or the scope of the session could not be read or written.
    #[error("the data of the session could not be {tried}: {message}")]
    Data {
        /// What was tried: `set up`, `restored`, `saved`.
        tried: String,
        /// What the script engine said.
        message: String,
    },
}

impl Failure {
    /// The limit that was hit; `None` when it was none.
    #[must_use]
    pub const fn limit(&self) -> Option<LimitName> {
        Some(match self {
            Self::Microsteps { .. } => LimitName::Microsteps,
            Self::StateEntries { .. } => LimitName::StateEntries,
            Self::Work { .. } => LimitName::Work,
            Self::ScriptTime { .. } => LimitName::ScriptTime,
            Self::ScriptMemory { .. } => LimitName::Heap,
            Self::Queue { .. } => LimitName::Queue,
            Self::Effects { .. } => LimitName::Effects,
            Self::Output { .. } => LimitName::Output,
            Self::EventSize { .. } => LimitName::Event,
            Self::PendingSends { .. } => LimitName::PendingSends,
            Self::SentEvents { .. } => LimitName::SentEvents,
            Self::Invocations { .. } => LimitName::Invocations,
            Self::InvokeDepth { .. } => LimitName::InvokeDepth,
            Self::DataSize { .. } => LimitName::Data,
            Self::DataDepth => LimitName::Stack,
            Self::Data { .. } => return None,
        })
    }
}
