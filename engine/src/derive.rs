//! Identifiers that follow from an effect, so that a repeat makes the same one.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use vocabulary::{EffectId, InteractionId, SessionId};

/// Letters of a session id (guide: session ids of the examples).
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The session that an effect starts: 32 upper-case letters and digits.
pub(crate) fn session_of(effect: &EffectId) -> SessionId {
    session_from(Sha256::digest(format!("session {effect}")).as_slice())
}

/// The session id that 32 bytes stand for.
pub(crate) fn session_from(bytes: &[u8]) -> SessionId {
    let text: String = bytes
        .iter()
        .take(32)
        .map(|byte| char::from(ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'A')))
        .collect();
    SessionId::new(text)
}

/// The call that an effect dials.
pub(crate) fn call_of(effect: &EffectId) -> InteractionId {
    let digest = Sha256::digest(format!("call {effect}"));
    let mut text = String::from("C");
    for byte in digest.iter().take(10) {
        // Writing to a string cannot fail.
        let _written = write!(text, "{byte:02X}");
    }
    InteractionId::new(text)
}

/// The row of an event that is on its way from one session to another. It is the receiver's, whose step closes it.
///
/// Events of one sender keep their order; the step is above those that sessions reach.
pub(crate) fn letter(receiver: &SessionId, sender: &EffectId) -> EffectId {
    const SENT: u64 = 1 << 62;
    let digest = Sha256::digest(format!("letter {}", sender.session));
    let who = digest.iter().take(4).fold(0_u64, |who, byte| (who << 8) | u64::from(*byte));
    let step = SENT | ((sender.step & 0x3FFF_FFFF) << 32) | who;
    EffectId { session: receiver.clone(), step, index: sender.index }
}

/// The session that a chart names: its id, or the effect that started it.
pub(crate) fn session_named(text: &str) -> SessionId {
    text.parse::<EffectId>().map_or_else(|_plain_id| SessionId::new(text), |effect| session_of(&effect))
}

#[cfg(test)]
mod tests {
    use vocabulary::{EffectId, SessionId};

    #[test]
    fn letters_of_one_sender_are_ordered_as_they_were_sent() {
        let receiver = SessionId::new("R");
        let sent = |step, index| EffectId { session: SessionId::new("S"), step, index };
        let letters = [sent(3, 0), sent(3, 1), sent(4, 0)].map(|effect| super::letter(&receiver, &effect));
        assert!(letters.is_sorted_by(|first, second| first.step <= second.step && first != second));
        assert!(
            letters.iter().all(|letter| letter.session == receiver && i64::try_from(letter.step).is_ok())
        );
    }

    #[test]
    fn the_same_effect_starts_the_same_session() {
        let effect = EffectId { session: SessionId::new("S"), step: 3, index: 1 };
        assert_eq!(super::session_of(&effect), super::session_of(&effect));
        assert_eq!(super::session_of(&effect).as_str().len(), 32);
        assert_eq!(super::session_named(&effect.to_string()), super::session_of(&effect));
    }
}
