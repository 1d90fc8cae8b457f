//! What the router is told of the dials that its announcements led to. Pure.
//!
//! The router measures how many dials are answered by somebody who needs an agent, and how long it takes; each dial is
//! told to it once, however often and in which order the switch tells. A dial whose end nobody tells is ended by
//! whatever ends its call. A dial that a guard refused did not begin: the router hears nothing of it.
//!
//! | told | dialled | told before |
//! | --- | --- | --- |
//! | detected: human or silence | answered | late or twice: ignored |
//! | detected: anything else | not answered: nobody needs an agent | late or twice: ignored |
//! | failed, hung up, released | not answered | late or twice: ignored |
//!
//! Nothing is kept over a restart: what became of a dial that was under way is unknown then, and an unknown result
//! must not move the measured rate.

use std::collections::BTreeMap;

use routing::{Command, EntryId};
use vocabulary::{CallState, InteractionId};

/// Dials whose result the router does not know yet, with the place in the queue for which they are made.
#[derive(Debug, Default)]
pub(crate) struct DialReports(BTreeMap<InteractionId, EntryId>);

impl DialReports {
    /// A dial has begun.
    pub(crate) fn started(&mut self, call: &InteractionId, entry: EntryId) -> Command {
        self.0.insert(call.clone(), entry.clone());
        Command::DialStarted { id: entry }
    }

    /// It is known who answered. A machine was answered as well, but needs no agent.
    pub(crate) fn detected(&mut self, call: &InteractionId, call_state: CallState) -> Option<Command> {
        self.end(call, call_state.is_person())
    }

    /// The dial failed, or its call is gone before anybody was found on it.
    pub(crate) fn failed(&mut self, call: &InteractionId) -> Option<Command> {
        self.end(call, false)
    }

    fn end(&mut self, call: &InteractionId, answered: bool) -> Option<Command> {
        self.0.remove(call).map(|id| Command::DialEnded { id, answered })
    }
}

#[cfg(test)]
mod tests {
    use routing::Command;
    use vocabulary::{CallState, InteractionId};

    use super::DialReports;

    fn call() -> InteractionId {
        InteractionId::new("call")
    }

    fn dialling() -> DialReports {
        let mut reports = DialReports::default();
        let started = reports.started(&call(), "place".to_owned());
        assert_eq!(started, Command::DialStarted { id: "place".to_owned() });
        reports
    }

    fn ended(answered: bool) -> Option<Command> {
        Some(Command::DialEnded { id: "place".to_owned(), answered })
    }

    #[test]
    fn a_person_is_an_answer_and_a_machine_is_none() {
        for (state, answered) in [
            (CallState::OK, true),
            (CallState::SILENCE_DETECTED, true),
            (CallState::ANSWERING_MACHINE_DETECTED, false),
            (CallState::FAX_DETECTED, false),
        ] {
            assert_eq!(dialling().detected(&call(), state), ended(answered), "{state:?}");
        }
    }

    #[test]
    fn a_result_is_told_once_whatever_comes_late_or_twice() {
        let mut reports = dialling();
        assert_eq!(reports.detected(&call(), CallState::OK), ended(true));
        assert_eq!(reports.detected(&call(), CallState::OK), None);
        assert_eq!(reports.failed(&call()), None, "the end of the conversation is not the end of the dial");
        let mut reports = dialling();
        assert_eq!(reports.failed(&call()), ended(false));
        assert_eq!(reports.detected(&call(), CallState::OK), None);
    }

    #[test]
    fn a_call_that_was_not_dialled_for_a_place_tells_nothing() {
        let other = InteractionId::new("other");
        let mut reports = dialling();
        assert_eq!(reports.detected(&other, CallState::OK), None);
        assert_eq!(reports.failed(&other), None);
    }
}
