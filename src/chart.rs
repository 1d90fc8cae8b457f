//! `ringback chart …`: one file for each subcommand, its arguments in [`ChartCommand`].

mod conformance;
mod open;
mod render;
mod run;
mod schema;
mod test;
mod validate;
mod vocabulary;

use crate::arguments::ChartCommand;
use crate::failure::Failure;

/// Runs a subcommand.
pub(crate) fn run(command: &ChartCommand) -> Result<(), Failure> {
    match command {
        ChartCommand::Conformance(options) => conformance::run(options),
        ChartCommand::Render(options) => render::run(options),
        ChartCommand::Run(options) => run::run(options),
        ChartCommand::Schema { output } => schema::run(output),
        ChartCommand::Test(options) => test::run(options),
        ChartCommand::Validate(options) => validate::run(options),
        ChartCommand::Vocabulary { json, markdown: _ } => {
            vocabulary::run(*json);
            Ok(())
        }
    }
}
