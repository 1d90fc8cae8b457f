//! `ringback demo`: what it prints can be used as it is printed.

use std::process::Command;

use scenarios::{Platform, Program};
use serde_json::Value;

/// Reads what the demo says first, and gives the commands that it prints.
fn printed_commands(platform: &Platform) -> Vec<String> {
    let mut commands = Vec::new();
    loop {
        let line = platform.line();
        if line.trim_start().starts_with("curl ") {
            commands.push(line.trim().to_owned());
        }
        if line.starts_with("Steps of callbacks") {
            return commands;
        }
    }
}

/// Runs a printed command; gives its JSON.
fn run(command: &str) -> Value {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    let ended = Program::run(shell);
    serde_json::from_str(&ended.output).unwrap_or_else(|_| panic!("{command}: {ended:#?}"))
}

#[tokio::test]
async fn the_printed_commands_work_and_every_step_is_told() {
    let platform = Platform::demo().await;
    let commands = printed_commands(&platform);
    let [callback, away, back, clock] = commands.as_slice() else { panic!("{commands:#?}") };
    let started = run(callback);
    assert_eq!(started["_action"], "ConfirmationDialog", "{started}");
    assert_eq!(run(away)["status"], "not_ready");
    assert_eq!(run(back)["status"], "ready");
    for _ten_seconds in 0..4 {
        assert!(run(clock)["now"].is_string());
    }

    let id = started["_id"].as_str().unwrap();
    let name = id.split_at(id.len() - 6).1;
    let mut steps = Vec::new();
    while steps.last().is_none_or(|step: &String| !step.starts_with("COMPLETED")) {
        let line = platform.line();
        let (time, rest) = line.split_once("  ").unwrap_or_else(|| panic!("{line}"));
        assert_eq!(time.len(), "12:00:03".len(), "{line}");
        let (said, step) = rest.split_once("  ").unwrap_or_else(|| panic!("{line}"));
        assert_eq!(said.trim(), name, "{line}");
        steps.push(step.to_owned());
    }
    for step in ["QUEUED", "dial to +12025550123", "ROUTING", "PROCESSING", "COMPLETED, AGENT_CONNECTED"] {
        assert!(steps.iter().any(|told| told.contains(step)), "`{step}` in {steps:#?}");
    }
}
