//! Which agent a call is with, as far as the switch has told. Pure.
//!
//! Events of a switch come late and twice. An agent whose phone stopped ringing long ago must not ring again for ever,
//! and an agent who has the next call already must not become ready by the end of the last one.
//!
//! | told | offered | rings | connected | not offered to this agent |
//! | --- | --- | --- | --- | --- |
//! | `rings` | news | twice: ignored | late: ignored | late: ignored |
//! | `connected` | news | news | twice: ignored | news while the call is offered: the switch knows who answered |
//! | `diverted` | news, ends the offer | news, ends the offer | late: ignored | late: ignored |
//! | `refused`, of the same redirect | ends the offer | late: ignored | late: ignored | late: ignored |
//! | `ended` | nobody to free | frees the agent | frees the agent | twice, or without an agent |

use std::collections::BTreeMap;

use vocabulary::{EffectId, InteractionId};

/// How far an offer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// The call was moved; nothing was heard yet.
    Offered,
    /// The agent's phone rings.
    Rings,
    /// The agent is on the call.
    Connected,
}

/// A call that was moved to somebody.
#[derive(Clone, Debug)]
struct Offer {
    dn: String,
    stage: Stage,
    /// The redirect that moved it.
    effect: EffectId,
}

/// The calls that are offered to agents or with them.
#[derive(Debug, Default)]
pub(crate) struct Offers(BTreeMap<InteractionId, Offer>);

impl Offers {
    /// A call is moved to a number. Comes back: the agent who had it before and was not heard of again.
    pub(crate) fn offer(&mut self, call: &InteractionId, to: &str, effect: &EffectId) -> Option<String> {
        // A destination may be written with its switch.
        let dn = to.split('@').next().unwrap_or_default().trim().to_owned();
        let freed = self.end(call);
        self.0.insert(call.clone(), Offer { dn, stage: Stage::Offered, effect: effect.clone() });
        freed
    }

    /// The switch refused this redirect. Late, of an earlier one: ignored.
    pub(crate) fn refused(&mut self, call: &InteractionId, effect: &EffectId) {
        let is_refused = |offer: &Offer| offer.stage == Stage::Offered && offer.effect == *effect;
        if self.0.get(call).is_some_and(is_refused) {
            self.0.remove(call);
        }
    }

    /// Whether it is news that this agent's phone rings.
    pub(crate) fn rings(&mut self, call: &InteractionId, dn: &str) -> bool {
        match self.0.get_mut(call) {
            Some(offer) if offer.dn == dn && offer.stage == Stage::Offered => {
                offer.stage = Stage::Rings;
                true
            }
            _ => false,
        }
    }

    /// Whether it is news that this agent is on the call.
    pub(crate) fn connected(&mut self, call: &InteractionId, dn: &str) -> bool {
        match self.0.get_mut(call) {
            Some(offer) if offer.stage < Stage::Connected => {
                dn.clone_into(&mut offer.dn);
                offer.stage = Stage::Connected;
                true
            }
            _ => false,
        }
    }

    /// Whether it is news that this agent did not take the call.
    pub(crate) fn diverted(&mut self, call: &InteractionId, dn: &str) -> bool {
        let is_news = self.0.get(call).is_some_and(|offer| offer.dn == dn && offer.stage < Stage::Connected);
        if is_news {
            self.0.remove(call);
        }
        is_news
    }

    /// Whether the call was moved to somebody, as far as is known.
    pub(crate) fn holds(&self, call: &InteractionId) -> bool {
        self.0.contains_key(call)
    }

    /// The call is over, or stays where it was. Comes back: the agent who is free by that.
    pub(crate) fn end(&mut self, call: &InteractionId) -> Option<String> {
        self.0.remove(call).filter(|offer| offer.stage > Stage::Offered).map(|offer| offer.dn)
    }
}

#[cfg(test)]
mod tests {
    use vocabulary::{EffectId, InteractionId, SessionId};

    use super::Offers;

    fn call() -> InteractionId {
        InteractionId::new("C1")
    }

    fn redirect(step: u64) -> EffectId {
        EffectId { session: SessionId::new("S"), step, index: 0 }
    }

    #[test]
    fn a_redirect_that_was_refused_offers_nothing() {
        let mut offers = Offers::default();
        offers.offer(&call(), "7001", &redirect(1));
        offers.refused(&call(), &redirect(1));
        assert!(!offers.holds(&call()));
        offers.offer(&call(), "7002", &redirect(2));
        offers.refused(&call(), &redirect(1));
        assert!(offers.rings(&call(), "7002"), "the refusal of the first comes late");
    }

    #[test]
    fn a_phone_that_rings_late_does_not_ring() {
        let mut offers = Offers::default();
        offers.offer(&call(), "7001@SIP_Switch", &redirect(1));
        assert!(offers.diverted(&call(), "7001"));
        assert!(!offers.rings(&call(), "7001"));
        assert!(!offers.connected(&call(), "7001"));
    }

    #[test]
    fn an_event_that_comes_twice_is_news_once() {
        let mut offers = Offers::default();
        offers.offer(&call(), "7001", &redirect(1));
        assert!(offers.rings(&call(), "7001"));
        assert!(!offers.rings(&call(), "7001"));
        assert!(offers.connected(&call(), "7001"));
        assert!(!offers.connected(&call(), "7001"));
        assert!(!offers.diverted(&call(), "7001"));
        assert_eq!(offers.end(&call()).as_deref(), Some("7001"));
        assert_eq!(offers.end(&call()), None);
    }

    #[test]
    fn an_agent_who_was_not_heard_of_again_is_freed_by_the_next_offer() {
        let mut offers = Offers::default();
        offers.offer(&call(), "7001", &redirect(1));
        assert!(offers.rings(&call(), "7001"));
        assert_eq!(offers.offer(&call(), "7002", &redirect(1)).as_deref(), Some("7001"));
        assert!(!offers.diverted(&call(), "7001"));
        assert!(offers.rings(&call(), "7002"));
    }

    #[test]
    fn a_call_that_ends_before_anybody_rang_frees_nobody() {
        let mut offers = Offers::default();
        offers.offer(&call(), "7001", &redirect(1));
        assert_eq!(offers.end(&call()), None);
    }
}
