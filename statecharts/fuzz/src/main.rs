//! Tries the reader and the interpreter of charts: `cargo run --release -p fuzz -- --seconds 600 --seed 1`.
//!
//! A case is made from its seed alone: a random chart, or a chart of the repository with small harm done to it, and events. It fails by
//! a panic, by the death of the process, by taking longer than 30 s, and by a trace that differs when the session is written down and read
//! back between its steps. Cases run in a process of their own, so that its death is a finding like any other.
//!
//! A failing case prints the command that repeats it, and its chart is written beside the corpus; charts in `corpus/` are replayed by the tests.

mod case;
mod chance;
mod charts;
mod mutations;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Parser;

use crate::case::Trial;
use crate::chance::Chance;

/// How long one case may take, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Parser)]
#[command(about)]
struct Arguments {
    /// Stop after this time.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// Stop after this many cases.
    #[arg(long)]
    iterations: Option<u64>,
    /// Seed of the first case; the next has the next number.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the chart of the first case and do nothing else.
    #[arg(long)]
    show: bool,
    /// Run the cases in this process.
    #[arg(long, hide = true)]
    inside: bool,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut out = std::io::stdout();
    if arguments.show {
        let text = Trial::new()?.text(&mut Chance::new(arguments.seed));
        writeln!(out, "{text}")?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.inside { inside(&arguments) } else { outside(&arguments) }
}

/// Runs cases one after another, and says which before each.
fn inside(arguments: &Arguments) -> Result<ExitCode> {
    let trial = Trial::new()?;
    let begin = Instant::now();
    let end = arguments.seed.saturating_add(arguments.iterations.unwrap_or(u64::MAX));
    let mut out = std::io::stdout();
    for seed in arguments.seed..end {
        if begin.elapsed() > Duration::from_secs(arguments.seconds) {
            break;
        }
        writeln!(out, "{seed}")?;
        trial.run(seed).with_context(|| format!("case {seed}"))?;
    }
    writeln!(out, "done")?;
    Ok(ExitCode::SUCCESS)
}

/// Runs cases in another process until the time is over; what did not survive is told and left behind.
fn outside(arguments: &Arguments) -> Result<ExitCode> {
    let begin = Instant::now();
    let mut out = std::io::stdout();
    let (mut next, mut cases) = (arguments.seed, 0_u64);
    let mut failed = Vec::new();
    loop {
        let left = Duration::from_secs(arguments.seconds).saturating_sub(begin.elapsed());
        let iterations = arguments.iterations.map(|iterations| iterations.saturating_sub(cases));
        if left.as_secs() == 0 || iterations == Some(0) || failed.len() >= 20 {
            break;
        }
        match watch(next, left, iterations)? {
            Course { last, count, problem: None } => {
                cases += count;
                next = last + 1;
            }
            Course { last, count, problem: Some(problem) } => {
                cases += count;
                next = last + 1;
                failed.push(last);
                writeln!(
                    out,
                    "case {last} {problem}; repeat: cargo run --release -p fuzz -- --seed {last} --iterations 1"
                )?;
                let text = Trial::new()?.text(&mut Chance::new(last));
                let file = std::env::temp_dir().join(format!("case-{last}.scxml"));
                std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
                writeln!(out, "its chart: {}", file.display())?;
            }
        }
    }
    writeln!(
        out,
        "{cases} cases in {} s, seeds {} to {}, {} failed",
        begin.elapsed().as_secs(),
        arguments.seed,
        next - 1,
        failed.len()
    )?;
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What became of a process.
struct Course {
    last: u64,
    count: u64,
    problem: Option<String>,
}

fn watch(seed: u64, left: Duration, iterations: Option<u64>) -> Result<Course> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--inside", "--seed", &seed.to_string(), "--seconds", &left.as_secs().to_string()]);
    if let Some(iterations) = iterations {
        command.args(["--iterations", &iterations.to_string()]);
    }
    let mut child =
        command.stdout(Stdio::piped()).spawn().context("cannot start the process of the cases")?;
    let lines = child.stdout.take().context("the process has no output")?;
    let (tell, told) = mpsc::sync_channel(1024);
    std::thread::spawn(move || {
        for line in BufReader::new(lines).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                break;
            }
        }
    });
    let (mut last, mut count) = (seed, 0);
    loop {
        match told.recv_timeout(PATIENCE) {
            Ok(line) if line == "done" => {
                child.wait()?;
                return Ok(Course { last, count, problem: None });
            }
            Ok(line) => {
                last = line.parse().unwrap_or(last);
                count += 1;
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                end(&mut child)?;
                return Ok(Course { last, count, problem: Some("took too long".to_owned()) });
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let status = child.wait()?;
                return Ok(Course { last, count, problem: Some(format!("ended its process: {status}")) });
            }
        }
    }
}

fn end(child: &mut Child) -> Result<()> {
    child.kill()?;
    child.wait()?;
    Ok(())
}

#[cfg(test)]
mod tests;
