//! `ringback serve --config FILE`.

use std::io::IsTerminal as _;
use std::path::Path;

use anyhow::Context as _;
use engine::configuration::{Configuration, Loaded};
use tracing_subscriber::EnvFilter;

use crate::console;
use crate::failure::Failure;
use crate::node::{self, Node};

/// Runs a node until somebody asks it to stop.
pub(crate) fn run(file: &Path) -> Result<(), Failure> {
    log("info");
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the configuration {}", file.display()))
        .map_err(Failure::unusable)?;
    let loaded = Configuration::parse_with(&text, &file.display().to_string(), variables())
        .map_err(Failure::unusable)?;
    let configuration = accepted(loaded);
    let admin = node::pair(&configuration.server.credentials);
    if admin.is_none() {
        console::complain(
            "warning: [server] has no `username` and `password`: administration, orchestration and agents refuse everybody",
        );
    }
    actix_rt::System::new().block_on(async {
        let node = Node::start(configuration, admin).await?;
        console::say(&format!("Listening on http://{}", node.address()));
        node.run().await
    })
}

/// The configuration; what is odd about it is said.
pub(crate) fn accepted(loaded: Loaded) -> Configuration {
    for warning in &loaded.warnings {
        console::complain(&format!("warning: {warning}"));
    }
    loaded.configuration
}

/// The environment as the configuration reads it; variables that are no text cannot be ours.
pub(crate) fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Logs to standard error: what `RUST_LOG` says, else everything from `level` on.
pub(crate) fn log(level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new(level));
    let _set_before = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Colours are for people who watch, not for files.
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init()
        .is_err();
}
