//! Small complete programs, charts and configurations. Each says in its header what it shows, how to start it and what
//! to expect, and each is run by the tests (`tests/tests/e2e_examples.rs`).
//!
//! | example | shows |
//! | --- | --- |
//! | `ringback.toml` | every section of a configuration |
//! | `charts/reminder.scxml`, `reminder.toml` | a chart of one's own for a service |
//! | `src/bin/on_dial_plugin.rs`, `on_dial_plugin.toml` | an on-dial plugin as a small HTTP server |
//! | `guide-sequence.sh` | the guide's sequence of requests, against the demo |
