//! `ringback chart …`: one file for each subcommand, its arguments in [`ChartCommand`].

mod validate;

use crate::arguments::ChartCommand;
use crate::failure::Failure;

/// Runs a subcommand.
pub(crate) fn run(command: &ChartCommand) -> Result<(), Failure> {
    match command {
        ChartCommand::Validate { file } => validate::run(file),
    }
}
