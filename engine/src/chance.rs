//! Chance for ids, codes and keys: the system's, or seeded in simulation.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use vocabulary::{CallbackId, SessionId};

use crate::derive;

/// A generator behind a lock. Cryptographic: keys and access codes come from it.
pub(crate) struct Chance(Mutex<ChaCha20Rng>);

impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chance")
    }
}

impl Chance {
    /// From the operating system, or from a seed.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self(Mutex::new(match seed {
            Some(seed) => ChaCha20Rng::seed_from_u64(seed),
            None => ChaCha20Rng::from_os_rng(),
        }))
    }

    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        bytes
    }

    /// A new session id.
    pub(crate) fn session_id(&self) -> SessionId {
        derive::session_from(&self.bytes::<32>())
    }

    /// A new callback id, `{node}-{uuid}` (guide: `_id`).
    pub(crate) fn callback_id(&self, node: &str) -> CallbackId {
        let uuid = uuid::Builder::from_random_bytes(self.bytes::<16>()).into_uuid();
        CallbackId::new(format!("{node}-{uuid}"))
    }

    /// A new secret of reply URLs: 32 hexadecimal digits.
    pub(crate) fn key(&self) -> String {
        self.bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A random code of so many digits (decision D-022).
    pub(crate) fn digits(&self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + (self.bytes::<8>()[0] % 10))).collect()
    }

    /// A seed for somebody else's generator.
    pub(crate) fn seed(&self) -> u64 {
        u64::from_le_bytes(self.bytes::<8>())
    }

    /// A number below `bound`; 0 when the bound is 0.
    pub(crate) fn below(&self, bound: usize) -> usize {
        usize::try_from(u64::from_le_bytes(self.bytes::<8>()))
            .unwrap_or(usize::MAX)
            .checked_rem(bound)
            .unwrap_or(0)
    }
}
