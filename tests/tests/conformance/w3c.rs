//! The W3C's implementation report charts (SCXML IRP).
//!
//! They are not part of this repository. `SCXML_IRP_DIR` names the folder with the `testNNN.scxml` files and their `manifest.json`; if it is
//! not set, `../shared/conformance/scxml-irp` beside the checkout is taken if it is there. Without charts the test says so.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::running::{check, seed};

/// Where the charts are if the environment does not say, relative to the checkout.
const BESIDE: &str = "../shared/conformance/scxml-irp";

fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("SCXML_IRP_DIR").filter(|folder| !folder.is_empty()) {
        let folder = PathBuf::from(folder);
        assert!(
            folder.join("manifest.json").is_file(),
            "SCXML_IRP_DIR names {}, which has no manifest.json",
            folder.display()
        );
        return Some(folder);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(BESIDE);
    folder.join("manifest.json").is_file().then_some(folder)
}

#[test]
fn every_automatic_chart_of_the_w3c_passes() {
    let Some(folder) = folder() else {
        eprintln!(
            "SKIPPED: the charts of the W3C were NOT run. Set SCXML_IRP_DIR to the folder with their manifest.json."
        );
        return;
    };
    let manifest = fs::read_to_string(folder.join("manifest.json")).expect("the folder has a manifest.json");
    let manifest: Vec<Value> = serde_json::from_str(&manifest).expect("the manifest is JSON");
    let (mut passed, mut failed, mut manual) = (BTreeMap::<&str, usize>::new(), Vec::new(), Vec::new());
    for entry in &manifest {
        let id = entry["id"].as_str().expect("an entry has an id");
        if entry["manual"] == true || entry["automatic"] == false {
            manual.push(id);
            continue;
        }
        let conformance = entry["conformance"].as_str().expect("an entry says whether it is mandatory");
        for file in entry["start"].as_array().expect("an entry names its charts") {
            let file = file.as_str().expect("a file is named by text");
            match check(&folder, file, seed()) {
                Ok(()) => *passed.entry(conformance).or_default() += 1,
                Err(reason) => failed.push(format!("{id} ({conformance}): {reason}")),
            }
        }
    }
    println!("charts of the W3C: passed {passed:?}, failed {}, not automatic {manual:?}", failed.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(!passed.is_empty(), "the manifest names no chart");
}
