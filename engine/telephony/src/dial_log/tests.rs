use std::fs;

use vocabulary::{AttemptNo, EffectId, PhoneNumber, Timestamp};

use super::{DialLog, DialLogError, DialRecord, DialsInMemory, RecordDials};

fn record(attempt: u32) -> DialRecord {
    DialRecord {
        at: Timestamp::from_millis(1_000),
        callback: Some("node-1".into()),
        attempt: AttemptNo(attempt),
        effect: EffectId { session: "S".into(), step: 3, index: 0 },
        call: "C1".into(),
        to: PhoneNumber::new("+12025550123"),
    }
}

#[test]
fn what_was_appended_is_read_again_also_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dials.jsonl");
    let mut log = DialLog::open(&path).unwrap();
    log.append(&record(1)).unwrap();
    drop(log);
    let mut log = DialLog::open(&path).unwrap();
    log.append(&record(2)).unwrap();
    assert_eq!(DialLog::read(&path).unwrap(), [record(1), record(2)]);
}

#[test]
fn the_same_dial_twice_is_recorded_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dials.jsonl");
    let mut log = DialLog::open(&path).unwrap();
    log.append(&record(1)).unwrap();
    log.append(&record(1)).unwrap();
    assert_eq!(DialLog::read(&path).unwrap().len(), 2);
    let mut memory = DialsInMemory::default();
    memory.append(&record(1)).unwrap();
    memory.append(&record(1)).unwrap();
    assert_eq!(memory.records().len(), 2);
}

#[test]
fn a_line_is_json_with_the_names_of_the_architecture() {
    let line = serde_json::to_value(record(1)).unwrap();
    assert_eq!(
        line,
        serde_json::json!({
            "at": 1000, "callback": "node-1", "attempt": 1, "effect": "S:3:0", "call": "C1", "to": "+12025550123"
        })
    );
}

#[test]
fn an_unfinished_last_line_is_left_out_and_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dials.jsonl");
    DialLog::open(&path).unwrap().append(&record(1)).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(b"{\"at\":1000,\"callb");
    fs::write(&path, &bytes).unwrap();
    assert_eq!(DialLog::read(&path).unwrap(), [record(1)]);
    DialLog::open(&path).unwrap().append(&record(2)).unwrap();
    assert_eq!(DialLog::read(&path).unwrap(), [record(1), record(2)]);
}

#[test]
fn a_finished_line_that_is_no_record_is_an_error_with_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dials.jsonl");
    DialLog::open(&path).unwrap().append(&record(1)).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(b"hello\n");
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(DialLog::read(&path), Err(DialLogError::Malformed { line: 2, .. })));
}

#[test]
fn a_missing_file_has_no_records_and_a_missing_folder_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(DialLog::read(folder.path().join("none")).unwrap().is_empty());
    let error = DialLog::open(folder.path().join("none").join("dials.jsonl")).unwrap_err();
    assert!(error.to_string().contains("dials.jsonl"), "{error}");
}
