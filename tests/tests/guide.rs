//! The guide for chart authors is executed: every chart, scenario and terminal session of its pages.
//!
//! A fenced block says what it is: `xml chart=NAME` and `toml scenario=NAME` are files of the page, written in the order of the page; a scenario
//! is run where it stands. `toml config=NAME` is a configuration. `console` is a terminal: `$ ringback …`, input after `> `, and the exact output.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use scenarios::{Platform, Program, command};
use serde_json::json;
use tempfile::TempDir;

/// A fenced block of a page.
struct Block {
    /// Page as it is to be found from the root of the repository.
    page: String,
    /// Line of its first line of content.
    line: usize,
    language: String,
    kind: String,
    name: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The pages of the guide with their text.
fn pages() -> BTreeMap<String, String> {
    let folder = root().join("docs/charts");
    let pages = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = pages.filter(|page| page.extension().is_some_and(|ending| ending == "md")).map(|page| {
        let name = format!("docs/charts/{}", page.file_name().unwrap().to_string_lossy());
        (name, fs::read_to_string(page).unwrap())
    });
    texts.collect()
}

fn blocks(page: &str, text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    for (index, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), is_open) {
            (Some(head), false) => {
                let (language, rest) = head.split_once(' ').unwrap_or((head, ""));
                let (kind, name) = rest.split_once('=').unwrap_or((rest, ""));
                let [language, kind, name] = [language, kind, name].map(str::to_owned);
                blocks.push(Block {
                    page: page.to_owned(),
                    line: index + 2,
                    language,
                    kind,
                    name,
                    text: String::new(),
                });
                is_open = true;
            }
            (Some(_), true) => is_open = false,
            (None, true) => {
                let block = blocks.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, false) => {}
        }
    }
    assert!(!is_open, "{page}: a fenced block is not closed");
    blocks
}

impl Block {
    /// A message that names page and line, also where it names a line of the block as a file.
    fn problem(&self, known: &[(String, String, usize)], message: &str) -> String {
        let mut message = message.to_owned();
        for (file, page, first) in known {
            for line in (1..=200).rev() {
                message =
                    message.replace(&format!("{file}:{line}:"), &format!("{page}:{}:", first + line - 1));
            }
        }
        format!("{}:{}: {message}", self.page, self.line)
    }
}

/// Runs the blocks of a page in their order; what does not hold.
fn run(page: &str, text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut known: Vec<(String, String, usize)> = Vec::new();
    let mut problems = Vec::new();
    let ringback = |arguments: &[&str], input: &str| {
        let mut ringback = command("ringback");
        ringback.current_dir(folder.path()).args(arguments);
        Program::run_with(ringback, input)
    };
    for block in blocks(page, text) {
        if !block.name.is_empty() {
            fs::write(folder.path().join(&block.name), &block.text).unwrap();
            known.retain(|(file, ..)| *file != block.name);
            known.push((block.name.clone(), block.page.clone(), block.line));
        }
        match (block.language.as_str(), block.kind.as_str()) {
            ("xml", "chart") => {
                let ended = ringback(&["chart", "validate", &block.name], "");
                if ended.code != Some(0) {
                    problems.push(block.problem(&known, &format!("{}{}", ended.output, ended.errors)));
                }
            }
            ("toml", "scenario") => {
                for more in [&[][..], &["--restore"]] {
                    let ended = ringback(&[&["chart", "test", block.name.as_str()], more].concat(), "");
                    if ended.code != Some(0) {
                        problems.push(block.problem(&known, &format!("{}{}", ended.output, ended.errors)));
                    }
                }
            }
            ("console", "") => {
                let mut lines = block.text.lines();
                let called =
                    lines.next().and_then(|line| line.strip_prefix("$ ringback ")).unwrap_or_default();
                let (input, output): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.starts_with("> "));
                let input: String = input.iter().map(|line| format!("{}\n", &line[2..])).collect();
                let ended = ringback(&called.split(' ').collect::<Vec<_>>(), &input);
                if ended.output.lines().collect::<Vec<_>>() != output {
                    let printed = format!("prints something else:\n{}{}", ended.output, ended.errors);
                    problems.push(block.problem(&known, &printed));
                }
            }
            ("toml", "config") | ("", _) => {}
            (language, kind) => {
                let what = format!(
                    "`{language} {kind}` is none of `xml chart=`, `toml scenario=`, `toml config=`, `console`"
                );
                problems.push(block.problem(&known, &what));
            }
        }
    }
    problems
}

#[test]
fn every_example_of_the_guide_does_what_it_says() {
    let problems: Vec<String> = pages().iter().flat_map(|(page, text)| run(page, text)).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_chart_of_the_guide_is_tested_by_a_scenario() {
    for (page, text) in pages() {
        let blocks = blocks(&page, &text);
        for chart in blocks.iter().filter(|block| block.kind == "chart") {
            let is_used =
                blocks.iter().any(|block| block.name != chart.name && block.text.contains(&chart.name));
            assert!(is_used, "{page}:{}: no scenario of the page uses {}", chart.line, chart.name);
        }
    }
}

#[test]
fn the_links_of_the_guide_lead_somewhere() {
    for (page, text) in pages() {
        let folder = root().join(&page).parent().unwrap().to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            assert!(
                file.is_empty() || link.contains("://") || folder.join(file).exists(),
                "{page}: {link} leads nowhere"
            );
        }
    }
}

#[test]
fn every_action_that_the_platform_carries_out_has_an_example() {
    let mut ringback = command("ringback");
    ringback.args(["chart", "vocabulary", "--json"]);
    let vocabulary: serde_json::Value =
        serde_json::from_str(&Program::run_with(ringback, "").output).unwrap();
    let examples: String =
        pages().iter().flat_map(|(page, text)| blocks(page, text)).map(|block| block.text).collect();
    let mut missing = Vec::new();
    for module in vocabulary["modules"].as_array().unwrap() {
        for element in
            module["elements"].as_array().unwrap().iter().filter(|element| element["unsupported"].is_null())
        {
            let name =
                format!("{}:{}", module["prefix"].as_str().unwrap(), element["name"].as_str().unwrap());
            if !examples.contains(&format!("<{name} ")) && !examples.contains(&format!("<{name}>")) {
                missing.push(name);
            }
        }
    }
    assert!(missing.is_empty(), "docs/charts has no example of {}", missing.join(", "));
}

/// The chart and the configuration of `first-chart.md`, as a platform.
async fn first_chart() -> Platform {
    let page = "docs/charts/first-chart.md";
    let folder: TempDir = tempfile::tempdir().unwrap();
    for block in blocks(page, &pages()[page]) {
        match block.kind.as_str() {
            "chart" => fs::write(folder.path().join(&block.name), &block.text).unwrap(),
            "config" => {
                let here = format!("charts = {:?}", folder.path());
                assert!(block.text.contains("charts = \".\""), "{page}:{}", block.line);
                let text = block.text.replace("charts = \".\"", &here);
                fs::write(folder.path().join("ringback.toml"), text).unwrap();
            }
            _ => {}
        }
    }
    Platform::prepared(folder).await
}

#[tokio::test]
async fn the_first_chart_is_a_service() {
    let platform = first_chart().await;
    let reached = platform.begin("question", &json!({ "_customer_number": "12025550123" })).await;
    assert_eq!(reached.reply["_id"], json!(reached.id));
    platform.advance(60.0).await;
    let asked =
        platform.timeline(&reached).await.into_iter().find(|row| row["name"] == "dialog:playandcollect");
    assert_eq!(asked.unwrap()["detail"]["attributes"]["resource"], json!("were_you_happy.wav"));
    assert_eq!(platform.state(&reached).await, "COMPLETED/NO_MARK");
    let busy = platform.begin("question", &json!({ "_customer_number": "12025550110" })).await;
    platform.advance(60.0).await;
    assert_eq!(platform.state(&busy).await, "COMPLETED/NOT_REACHED");
}

/// The configuration of the README's own rules, with the shipped chart under the name that it gives the copy.
async fn own_rules() -> Platform {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, rest) = readme.split_once("   ```toml\n").unwrap();
    let (config, _) = rest.split_once("   ```").unwrap();
    let folder: TempDir = tempfile::tempdir().unwrap();
    let charts = folder.path().join("charts");
    fs::create_dir(&charts).unwrap();
    fs::copy(root().join("statecharts/charts/callback.scxml"), charts.join("my-callback.scxml")).unwrap();
    fs::write(folder.path().join("ringback.toml"), format!("[server]\ncharts = {charts:?}\n{config}"))
        .unwrap();
    Platform::prepared(folder).await
}

#[tokio::test]
async fn the_readmes_copy_of_the_chart_connects_a_customer() {
    let platform = own_rules().await;
    let callback = platform.begin("sales", &json!({ "_customer_number": "+12025550123" })).await;
    platform.advance(120.0).await;
    assert_eq!(platform.state(&callback).await, "COMPLETED/AGENT_CONNECTED");
}
