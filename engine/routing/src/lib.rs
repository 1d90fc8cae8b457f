//! Routing: virtual queues, targets and agents. A pure core: commands in, outcomes out.

mod command;

pub use command::{
    AgentProfile, AgentStatus, Command, Entry, EntryChange, EntryId, Outcome, PriorityGrowth, Refusal,
    Selection,
};
