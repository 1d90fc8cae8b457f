//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// An open callback platform: every callback is a session that executes a state chart.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 stopped as asked, 1 a chart has errors or something broke, 2 configuration, data folder or port cannot be used."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs everything in one process: sample services, simulated agents and customers.
    Demo(DemoOptions),
    /// Runs a node as a configuration file says.
    Serve {
        /// Configuration file, TOML. Variables such as `RINGBACK_SERVER__PORT` go before it.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Works with charts.
    #[command(subcommand)]
    Chart(ChartCommand),
}

#[derive(Debug, Args)]
pub(crate) struct DemoOptions {
    /// Port on 127.0.0.1; 0 takes any free one [default: 8080].
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// Runs the engine's clock so many times as fast as real time, 0.001 to 100000 [default: 1].
    #[arg(long, value_name = "N", value_parser = speed)]
    pub(crate) speed: Option<f64>,
    /// `manual`: the clock stands still until `POST /simulator/clock` moves it.
    #[arg(long, value_enum)]
    pub(crate) clock: Option<ClockChoice>,
    /// Folder of the store; it is kept when the demo stops [default: ringback-data].
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Removes what earlier runs left in the data folder.
    #[arg(long)]
    pub(crate) reset: bool,
    /// Seed of what is left to chance on the simulated switch.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClockChoice {
    Running,
    Manual,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ChartCommand {
    /// Checks a chart and its parts; says file, line and column of every error.
    Validate {
        /// The chart.
        file: PathBuf,
    },
    /// Prints the elements, events and functions that charts may use: `docs/vocabulary.md`.
    Vocabulary {
        /// For programs.
        #[arg(long, conflicts_with = "markdown")]
        json: bool,
        /// For people; this is the default.
        #[arg(long)]
        markdown: bool,
    },
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|error| format!("{error}"))?;
    if (0.001..=100_000.0).contains(&speed) {
        Ok(speed)
    } else {
        Err("expected a number from 0.001 to 100000".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::{Arguments, ClockChoice, Command};

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn demo_takes_its_options() {
        let line = "ringback demo --port 8090 --speed 10 --data d --reset --seed 7 --clock running";
        let Command::Demo(demo) = Arguments::parse_from(line.split(' ')).command else {
            panic!("not the demo")
        };
        assert_eq!((demo.port, demo.speed, demo.seed), (Some(8090), Some(10.0), Some(7)));
        assert_eq!(demo.clock, Some(ClockChoice::Running));
        assert!(demo.reset);
    }

    #[test]
    fn speeds_that_no_clock_can_run_at_are_refused() {
        for speed in ["0", "-1", "NaN", "inf", "fast", "1000000"] {
            let line = ["ringback", "demo", "--speed", speed];
            assert!(Arguments::try_parse_from(line).is_err(), "{speed}");
        }
    }
}
