//! `ringback chart …`: one file for each subcommand, its arguments in [`ChartCommand`].

mod validate;
mod vocabulary;

use crate::arguments::ChartCommand;
use crate::failure::Failure;

/// Runs a subcommand.
pub(crate) fn run(command: &ChartCommand) -> Result<(), Failure> {
    match command {
        ChartCommand::Validate { file } => validate::run(file),
        ChartCommand::Vocabulary { json, markdown: _ } => {
            vocabulary::run(*json);
            Ok(())
        }
    }
}
