//! Routing: virtual queues, targets and agents (what the guides call the router, URS).
//!
//! [`Router`] is a pure core: [`Command`]s go in, [`Outcome`]s come out, the time is passed in. It knows entries
//! that wait in virtual queues, the agents that may serve them, and decides who gets whom, when it is time to
//! dial, and how long a newcomer would wait. It deliberately knows nothing of calls, charts, stores and threads:
//! after a restart its owner configures the agents and submits the entries again, with the old start of waiting.
//!
//! **Invariants**
//!
//! * An agent is chosen only while ready and not reserved, and is reserved for whoever got it. What was observed of
//!   an agent before the reservation does not end it.
//! * An entry leaves by exactly one of `TargetSelected`, `TimedOut` and `Left`; only `Returned` brings it back.
//! * Order is priority, then start of waiting, then entry into the queue, then id (decision D-092); nothing that
//!   reaches an outcome depends on the order of a hash table.
//! * A ready agent is kept from an entry only for somebody before it in the order who is being dialled, and not for longer
//!   than [`DialAheadOptions::keep_max`].
//! * Queues, entries, names and exclusions have limits: see [`Options`].

mod abandonment;
mod agents;
mod average;
mod chance;
mod command;
mod counted_set;
mod dial_ahead;
mod directory;
mod groups;
mod histogram;
mod line;
mod order;
mod place;
mod reader;
mod router;
mod skill_expression;
mod slab;
pub mod statistics;
mod target;
mod target_list;
mod waiting_time;

pub use abandonment::{
    AbandonmentCount, AbandonmentGuard, AbandonmentLevel, AbandonmentOptions, AbandonmentTransition,
    AnsweredCallback,
};
pub use agents::{AfterCallWork, AgentView};
pub use average::MovingAverage;
pub use command::{
    AgentChoice, AgentProfile, AgentStatus, Command, Desk, DialRule, Entry, EntryChange, EntryId,
    LoginRefusal, Outcome, PriorityGrowth, Refusal, ReservationRefusal, ReturnReason, Selection,
};
pub use dial_ahead::{
    DialAheadOptions, DialAverages, DialExplanation, DialLimit, DialMethod, DialQuota, NotDialled, Situation,
    ThresholdTable, ThresholdTableError, Vcb, VcbError, dial_quota,
};
pub use groups::{CampaignGroup, Groups};
pub use place::{MalformedRouterData, PlaceData, router_data_70};
pub use router::{LowerRequests, Options, Position, Router, TargetsOrder};
pub use skill_expression::{Comparison, SkillExpression, SkillExpressionError};
pub use target::{Target, TargetError, TargetKind, Targets, Threshold};
pub use target_list::{SkipCondition, TargetList, TargetListError, TargetStep};
pub use waiting_time::{
    AgentShare, Averages, Basis, Explanation, Inquiry, Method, QueueAverages, Standing, UnknownMethod,
    WaitingTime, estimate_wait,
};
