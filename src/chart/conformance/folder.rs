//! Which charts of a folder are to be run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

use crate::failure::Failure;

/// Name of the file that says what the charts of a folder are.
const MANIFEST: &str = "manifest.json";

/// The charts of a folder.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// Charts to be run, by file name.
    pub(super) charts: Vec<Candidate>,
    /// Charts that others invoke or include, or that the manifest names as needed by others: not run by themselves.
    pub(super) sub_documents: Vec<String>,
    /// Charts that the manifest says a person has to judge.
    pub(super) manual: Vec<String>,
}

/// A chart to be run.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) file: String,
    pub(super) text: String,
    /// What the manifest calls it: `mandatory`, `optional`.
    pub(super) conformance: Option<String>,
}

/// One entry of `manifest.json`, a list of them.
#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(default)]
    conformance: Option<String>,
    #[serde(default)]
    start: Vec<String>,
    #[serde(default)]
    deps: Vec<String>,
    #[serde(default)]
    manual: bool,
}

impl Folder {
    /// Reads the `.scxml` files of a folder, not those of folders inside it.
    pub(super) fn read(folder: &Path) -> Result<Self, Failure> {
        let texts = texts(folder).map_err(Failure::unusable)?;
        if texts.is_empty() {
            return Err(Failure::Unusable(format!("there is no chart (*.scxml) in {}", folder.display())));
        }
        let manifest = manifest(folder).map_err(Failure::unusable)?;
        let started: BTreeMap<&String, &Entry> =
            manifest.iter().flat_map(|entry| entry.start.iter().map(move |file| (file, entry))).collect();
        let needed: BTreeSet<&String> = manifest.iter().flat_map(|entry| &entry.deps).collect();
        let named = named_by_others(&texts);
        let mut read = Self::default();
        for (file, text) in &texts {
            match started.get(file) {
                Some(entry) if entry.manual => read.manual.push(file.clone()),
                None if needed.contains(file) || named.contains(file.as_str()) => {
                    read.sub_documents.push(file.clone());
                }
                entry => read.charts.push(Candidate {
                    file: file.clone(),
                    text: text.clone(),
                    conformance: entry.and_then(|entry| entry.conformance.clone()),
                }),
            }
        }
        let missing = started.keys().filter(|file| !texts.contains_key(**file)).collect::<Vec<_>>();
        match missing.first() {
            Some(file) => Err(Failure::Unusable(format!("{MANIFEST} names {file}, which is not there"))),
            None => Ok(read),
        }
    }
}

fn texts(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let read = || format!("cannot read the folder {}", folder.display());
    let mut texts = BTreeMap::new();
    for entry in std::fs::read_dir(folder).with_context(read)? {
        let path = entry.with_context(read)?.path();
        if path.extension().is_some_and(|extension| extension == "scxml") && path.is_file() {
            let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // What is no UTF-8 is found when the chart is loaded.
            texts.insert(name, String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    Ok(texts)
}

fn manifest(folder: &Path) -> anyhow::Result<Vec<Entry>> {
    let path = folder.join(MANIFEST);
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no list of charts", path.display()))
}

/// Files whose names stand in another chart, outside of comments and as a name of their own.
fn named_by_others(texts: &BTreeMap<String, String>) -> BTreeSet<&str> {
    let bare: BTreeMap<&str, String> =
        texts.iter().map(|(file, text)| (file.as_str(), without_comments(text))).collect();
    let is_named = |file: &str| {
        bare.iter().any(|(other, text)| {
            *other != file
                && text.match_indices(file).any(|(at, _)| {
                    let before = text.get(..at).and_then(|before| before.chars().next_back());
                    before.is_some_and(|before| matches!(before, '"' | '\'' | '/' | ':'))
                })
        })
    };
    bare.keys().copied().filter(|file| is_named(file)).collect()
}

fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for (index, piece) in text.split("<!--").enumerate() {
        match (index, piece.split_once("-->")) {
            (0, _) => kept.push_str(piece),
            (_, Some((_, after))) => kept.push_str(after),
            (_, None) => {}
        }
    }
    kept
}
