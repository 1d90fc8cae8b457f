//! What a customer finds who answered: an agent, a treatment, or nothing. Feeds the abandonment guard of the service.
//!
//! | told | then |
//! | --- | --- |
//! | a person answered | the time of silence begins |
//! | a treatment is ordered on the call | heard, unless it fails |
//! | an agent is connected, the call is given away | heard, and counted |
//! | the call was moved, and nobody tells more (no phone rings, none is answered) | heard at that moment, when the call ends |
//! | the call or the session ends | counted |
//!
//! A call that a restart lost is counted only if something was heard: the silence was not the customer's choice.

use routing::AnsweredCallback;
use telephony::ReleasedBy;
use vocabulary::{CallState, EffectId, InteractionId};

use super::Planner;
use crate::session::answers::CallFact;
use crate::session::context::AnsweredCall;

impl Planner<'_> {
    /// What a fact about a call means to whoever answered it.
    pub(crate) fn hear(&mut self, fact: &CallFact) {
        match fact {
            CallFact::Detected { call, call_state, .. } => self.note_answer(call, *call_state),
            CallFact::TreatmentFailed { treatment, call, .. } => self.note_silence(call, treatment),
            CallFact::AgentConnected { call, .. } | CallFact::GivenAway { call, .. } => self.note_voice(call),
            CallFact::Redirected { call, .. } => self.note_move(call, true),
            // From here on it is told whether an agent answers.
            CallFact::AgentAlerting { call, .. } | CallFact::Diverted { call, .. } => {
                self.note_move(call, false)
            }
            CallFact::Released { call, by } => self.note_end(call, *by),
            _ => {}
        }
    }

    /// It is known who answered a dial of this callback.
    fn note_answer(&mut self, call: &InteractionId, call_state: CallState) {
        if self.record.is_some() && call_state.is_person() {
            let call = call.clone();
            self.context.answered =
                Some(AnsweredCall { call, at: self.now, heard_at: None, treatment: None, moved_at: None });
        }
    }

    fn answered(&mut self, call: &InteractionId) -> Option<&mut AnsweredCall> {
        self.context.answered.as_mut().filter(|answered| answered.call == *call)
    }

    /// A treatment is to be played on a call.
    pub(super) fn note_treatment(&mut self, call: &InteractionId, treatment: &EffectId) {
        let now = self.now;
        if let Some(answered) = self.answered(call).filter(|answered| answered.heard_at.is_none()) {
            answered.heard_at = Some(now);
            answered.treatment = Some(treatment.clone());
        }
    }

    /// A treatment could not be played.
    fn note_silence(&mut self, call: &InteractionId, treatment: &EffectId) {
        let is_it = |answered: &&mut AnsweredCall| answered.treatment.as_ref() == Some(treatment);
        if let Some(answered) = self.answered(call).filter(is_it) {
            answered.heard_at = None;
            answered.treatment = None;
        }
    }

    /// The call was moved (`true`) or came back.
    fn note_move(&mut self, call: &InteractionId, is_away: bool) {
        let now = self.now;
        if let Some(answered) = self.answered(call) {
            answered.moved_at = is_away.then_some(now);
        }
    }

    /// Somebody is on the line, or the call is in other hands.
    fn note_voice(&mut self, call: &InteractionId) {
        let now = self.now;
        if let Some(answered) = self.answered(call) {
            answered.heard_at = answered.heard_at.or(Some(now));
            self.count_answer();
        }
    }

    /// The call is over.
    fn note_end(&mut self, call: &InteractionId, by: ReleasedBy) {
        let is_lost = by == ReleasedBy::Unknown;
        match self.answered(call) {
            Some(answered) if is_lost && answered.heard_at.is_none() => self.context.answered = None,
            Some(_) => self.count_answer(),
            None => {}
        }
    }

    /// Nothing more will be heard of this session's answer, if it has one.
    pub(crate) fn count_answer(&mut self) {
        if let Some(answered) = self.context.answered.take() {
            let heard_at = answered.heard_at.or(answered.moved_at);
            self.plan.answered.push(AnsweredCallback { at: answered.at, heard_at });
        }
    }
}
