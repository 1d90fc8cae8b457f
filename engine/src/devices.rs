//! Streams of pushes, one for each device: the push provider that needs no other product.
//!
//! A push is taken as soon as it is in the stream; it is kept for a reader who connects a little later, until its callback
//! completes. The outbox keeps its row as long, so that a restart finds it again ([`crate::outbox`]).

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::mpsc;
use vocabulary::CallbackId;

/// Pushes kept for a device.
pub(crate) const KEPT: usize = 20;
/// Readers of one device at a time; the first makes room for the next.
const READERS_MAX: usize = 16;
/// Devices that are remembered; the one that was pushed to longest ago is forgotten first.
const DEVICES_MAX: usize = 100_000;

/// The streams.
#[derive(Debug, Default)]
pub(crate) struct Devices(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    devices: BTreeMap<String, Device>,
    order: VecDeque<String>,
}

#[derive(Debug, Default)]
struct Device {
    kept: VecDeque<Kept>,
    readers: Vec<mpsc::Sender<Value>>,
}

#[derive(Debug)]
struct Kept {
    callback: Option<CallbackId>,
    message: Value,
}

impl Devices {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a push into a device's stream.
    pub(crate) fn push(&self, device: &str, callback: Option<&CallbackId>, message: &Value) {
        let mut state = self.state();
        let known = state.device(device);
        known.readers.retain(|reader| reader.try_send(message.clone()).is_ok());
        if known.kept.len() == KEPT {
            known.kept.pop_front();
        }
        known.kept.push_back(Kept { callback: callback.cloned(), message: message.clone() });
    }

    /// A callback is over: what it has pushed concerns nobody any more who connects later.
    pub(crate) fn forget(&self, device: &str, callback: &CallbackId) {
        if let Some(known) = self.state().devices.get_mut(device) {
            known.kept.retain(|kept| kept.callback.as_ref() != Some(callback));
        }
    }

    /// The stream of a device: what is kept, then what comes.
    pub(crate) fn read(&self, device: &str) -> mpsc::Receiver<Value> {
        let (reader, receiver) = mpsc::channel(KEPT * 4);
        let mut state = self.state();
        let known = state.device(device);
        known.readers.retain(|reader| !reader.is_closed());
        if known.readers.len() == READERS_MAX {
            // The one that came first is most likely the one that is gone without a word.
            known.readers.remove(0);
        }
        for kept in &known.kept {
            // Holds every message that is kept: cannot be full.
            let _fits = reader.try_send(kept.message.clone());
        }
        known.readers.push(reader);
        receiver
    }
}

impl State {
    fn device(&mut self, name: &str) -> &mut Device {
        if !self.devices.contains_key(name) {
            if self.order.len() >= DEVICES_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.devices.remove(&oldest);
            }
            self.order.push_back(name.to_owned());
        }
        self.devices.entry(name.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Devices, READERS_MAX};

    fn readers(devices: &Devices) -> usize {
        devices.state().devices["phone"].readers.len()
    }

    #[test]
    fn readers_that_are_gone_are_forgotten_without_a_push() {
        let devices = Devices::default();
        for _reader in 0..READERS_MAX * 4 {
            drop(devices.read("phone"));
        }
        assert_eq!(readers(&devices), 1);
    }

    #[test]
    fn a_device_has_so_many_readers_and_the_last_hears() {
        let devices = Devices::default();
        let all: Vec<_> = (0..READERS_MAX + 1).map(|_| devices.read("phone")).collect();
        assert_eq!(readers(&devices), READERS_MAX);
        devices.push("phone", None, &json!("hello"));
        let heard = all.into_iter().filter_map(|mut reader| reader.try_recv().ok()).count();
        assert_eq!(heard, READERS_MAX);
    }
}
