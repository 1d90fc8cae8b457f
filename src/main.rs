//! The binary `ringback`: command line and composition root, nothing else.

mod arguments;
mod chart;
mod console;
mod data_folder;
mod demo;
mod failure;
mod node;
mod report;
mod serve;
mod signals;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command};

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Demo(options) => demo::run(options),
        Command::Serve { config } => serve::run(&config),
        Command::Chart(command) => chart::run(&command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            console::complain(&failure.to_string());
            failure.exit_code()
        }
    }
}
