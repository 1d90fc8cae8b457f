//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde_json::Value;

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
    /// Runs every chart of a folder to its end, and names each whose final state is not `pass`.
    #[command(
        after_help = "The clock is virtual: delays take no time. Charts that others invoke or include, or that a `manifest.json` names \
as `deps`, are not run by themselves. A chart that cannot be loaded, never ends or hits a limit counts as failed.\n\n\
With --json one object: {\"total\":…,\"passed\":…,\"failed\":[{\"chart\":…,\"final\":…|null,\"reason\":…}],\
\"charts\":[{\"chart\":…,\"final\":…|null,\"passed\":…}],\"sub_documents\":[…],\"manual\":[…]}.\n\n\
Exit codes: 0 all pass, 1 some do not, 2 the folder cannot be used."
    )]
    Conformance(ConformanceOptions),
    /// Checks charts and their parts: errors, and by lints what is probably wrong, with file, line and column.
    #[command(
        after_help = "Prints one line FILE:LINE:COLUMN: SEVERITY[LINT]: MESSAGE for each finding, and a hint below it. docs/lints.md explains the lints.\n\n\
With --json it prints one document:\n\
{\"files\":[{\"file\":…,\"valid\":true|false,\"diagnostics\":[{\"file\":…,\"line\":N,\"column\":N,\"severity\":\"error\"|\"warning\",\"lint\":NAME|null,\"message\":…,\"hint\":…|null}]}]}\n\
`lint` and `hint` are null for what is found when the chart is read.\n\n\
Exit codes: 0 all charts are valid, warnings allowed; 1 errors, or warnings with --strict; 2 a file cannot be read."
    )]
    Validate(ValidateOptions),
    /// Draws a chart with its parts, as SVG or as DOT for Graphviz.
    #[command(
        after_help = "In SVG each state is a group with the id state-ID, each transition has the attribute data-transition with its number.\n\n\
Exit codes: 0 drawn, 1 the chart has errors, 2 a file cannot be read or written, or a state to highlight is not there."
    )]
    Render(RenderOptions),
    /// Executes a chart without a platform: gives it events, shows what it does, and steps back.
    #[command(
        after_help = "Reads commands from standard input; `help` lists them. With --json it reads one event per line, \
{\"name\":…,\"data\":…,\"after_ms\":…}, and writes one line per stable configuration, {\"active\":[…],\"done\":…,\"data\":…}: \
the first after the start, then one for each line.\n\nExit codes: 0 at the end of the input, 1 the chart has errors."
    )]
    Run(RunOptions),
    /// Runs scenario files: events and times, and the states, effects and data that must come of them.
    #[command(
        after_help = "Exit codes: 0 everything holds, 1 a scenario does not hold or the coverage is too low, 2 a file cannot be used."
    )]
    Test(TestOptions),
    /// Writes XML Schemas of charts for editors: SCXML, each module, and a catalogue. docs/editors.md says how to use them.
    Schema {
        /// Folder to write to.
        #[arg(short, long, value_name = "DIR", default_value = "schema")]
        output: PathBuf,
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

#[derive(Debug, Args)]
pub(crate) struct ConformanceOptions {
    /// Folder with charts (*.scxml), and perhaps a `manifest.json` like that of the W3C's charts.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// One JSON object with all results.
    #[arg(long)]
    pub(crate) json: bool,
    /// Prints the result beside those that other engines have published, as a table of Markdown.
    #[arg(long, conflicts_with = "json")]
    pub(crate) table: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ValidateOptions {
    /// The charts.
    #[arg(required_unless_present = "list", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Prints what the lints look for: `docs/lints.md`.
    #[arg(long, exclusive = true)]
    pub(crate) list: bool,
    /// One JSON document, for programs.
    #[arg(long)]
    pub(crate) json: bool,
    /// Warnings count as errors.
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RenderOptions {
    /// The chart; its parts are looked for beside it, then among the shipped ones.
    pub(crate) file: PathBuf,
    /// SVG, with a layout of our own; this is the default, unless the file to write is called `….dot` or `….gv`.
    #[arg(long, conflicts_with = "dot")]
    pub(crate) svg: bool,
    /// DOT.
    #[arg(long)]
    pub(crate) dot: bool,
    /// File to write to instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// States that are marked as active, and the states around them.
    #[arg(long, value_name = "STATE,…", value_delimiter = ',')]
    pub(crate) highlight: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RunOptions {
    /// The chart; its parts are looked for beside it, then among the shipped ones.
    pub(crate) file: PathBuf,
    /// A start parameter; the value is JSON, or else text. May be repeated.
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(crate) parameters: Vec<(String, Value)>,
    /// One JSON object per line in and out, for programs.
    #[arg(long)]
    pub(crate) json: bool,
    /// Start of the clock in epoch seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) time: i64,
    /// Every event gets its time, in epoch milliseconds, as this key of its data; on the platform it is `_at`.
    #[arg(long, value_name = "KEY")]
    pub(crate) time_key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TestOptions {
    /// Scenario files, or folders with files `*.test.toml`.
    #[arg(required = true, value_name = "FILE|FOLDER")]
    pub(crate) files: Vec<PathBuf>,
    /// One JSON object with all results.
    #[arg(long)]
    pub(crate) json: bool,
    /// Lists the transitions that no scenario took, by chart.
    #[arg(long)]
    pub(crate) coverage: bool,
    /// Fails when a smaller part of the transitions of a chart was taken, in percent.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub(crate) min_coverage: Option<f64>,
    /// Writes every session down and reads it back between any two of its steps.
    #[arg(long)]
    pub(crate) restore: bool,
}

fn parameter(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    if name.is_empty() {
        return Err("the name is missing".to_owned());
    }
    let value = serde_json::from_str(value).unwrap_or_else(|_text| Value::String(value.to_owned()));
    Ok((name.to_owned(), value))
}

fn percent(text: &str) -> Result<f64, String> {
    let percent: f64 = text.parse().map_err(|error| format!("{error}"))?;
    if (0.0..=100.0).contains(&percent) {
        Ok(percent)
    } else {
        Err("expected a number from 0 to 100".to_owned())
    }
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

    use super::{Arguments, ChartCommand, ClockChoice, Command};

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
    fn parameters_of_charts_are_json_or_text() {
        let line = "ringback chart run a.scxml --param n=1 --param o={\"a\":[2]} --param t=a=b";
        let Command::Chart(ChartCommand::Run(run)) = Arguments::parse_from(line.split(' ')).command else {
            panic!("not chart run")
        };
        let values: Vec<String> =
            run.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(values, ["n=1", "o={\"a\":[2]}", "t=\"a=b\""]);
        assert!(Arguments::try_parse_from(["ringback", "chart", "run", "a", "--param", "n"]).is_err());
    }

    #[test]
    fn speeds_that_no_clock_can_run_at_are_refused() {
        for speed in ["0", "-1", "NaN", "inf", "fast", "1000000"] {
            let line = ["ringback", "demo", "--speed", speed];
            assert!(Arguments::try_parse_from(line).is_err(), "{speed}");
        }
    }
}
