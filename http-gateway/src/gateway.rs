//! What every handler shares.

use engine::Engine;
use tokio::sync::watch;

use crate::Settings;

/// Engine, settings, and whether the server is about to stop. One for all workers.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) engine: Engine,
    pub(crate) settings: Settings,
    /// Becomes true when the server stops: streams and sockets, which never end by themselves, end then.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Gateway {
    /// Resolves when the server is about to stop.
    pub(crate) fn stopping(&self) -> impl Future<Output = ()> + 'static {
        let mut stopping = self.stopping.clone();
        async move {
            // An error means that the sender is gone, and with it the server.
            let _ended = stopping.wait_for(|is_stopping| *is_stopping).await.is_err();
        }
    }
}
