//! The switch's own log of dials: one JSON line per dial, on disk before the dial is carried out.
//!
//! It lies outside the store, records every dial with callback, attempt and effect, and never deduplicates: after
//! a crash it is the proof that no (callback, attempt) was dialled twice, or the evidence that one was. Writing
//! blocks until the disk has the line.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use vocabulary::{AttemptNo, CallbackId, EffectId, InteractionId, PhoneNumber, Timestamp};

use crate::CreateCall;

/// A dial that was ordered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DialRecord {
    /// Engine time of the order, milliseconds since the epoch.
    pub at: Timestamp,
    /// Callback on whose behalf, if any.
    pub callback: Option<CallbackId>,
    /// Number of the attempt within the callback.
    pub attempt: AttemptNo,
    /// Effect that asked for the dial.
    pub effect: EffectId,
    /// Id of the call to be.
    pub call: InteractionId,
    /// The dialled string.
    pub to: PhoneNumber,
}

impl DialRecord {
    /// The record of an order given at `at`.
    #[must_use]
    pub fn of(order: &CreateCall, at: Timestamp) -> Self {
        Self {
            at,
            callback: order.callback.clone(),
            attempt: order.attempt,
            effect: order.effect.clone(),
            call: order.call.clone(),
            to: order.to.clone(),
        }
    }
}

/// Where dials are recorded: a file, or memory for simulations.
pub trait RecordDials: Send {
    /// Records a dial. When this returns without error the record is durable and the dial may be carried out.
    ///
    /// # Errors
    /// [`DialLogError::Write`]: the dial must not be carried out.
    fn append(&mut self, record: &DialRecord) -> Result<(), DialLogError>;
}

/// The log as a file.
#[derive(Debug)]
pub struct DialLog {
    file: File,
    path: PathBuf,
}

/// The log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DialLogError {
    /// The file cannot be opened, made or repaired.
    #[error("cannot open the dial log {path}: check that the folder exists and is writable")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A record cannot be written.
    #[error("cannot write a dial to the dial log {path}: the dial was not made")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be read.
    #[error("cannot read the dial log {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is no record.
    #[error("the dial log {path}, line {line}, holds no dial record")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
}

impl DialLog {
    /// Opens a log for appending; makes the file if there is none. A last line that a crash left unfinished is
    /// removed: its dial was not carried out, because a dial waits for the whole line to be on disk.
    ///
    /// # Errors
    /// [`DialLogError::Open`] when the file cannot be opened, made or repaired.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DialLogError> {
        let path = path.as_ref();
        open_repaired(path)
            .map(|file| Self { file, path: path.to_owned() })
            .map_err(|source| DialLogError::Open { path: path.to_owned(), source })
    }

    /// Reads all records, the oldest first. An unfinished last line is left out; a missing file has no records.
    ///
    /// # Errors
    /// [`DialLogError::Read`] when the file cannot be read, [`DialLogError::Malformed`] when a finished line is
    /// no record.
    pub fn read(path: impl AsRef<Path>) -> Result<Vec<DialRecord>, DialLogError> {
        let path = path.as_ref();
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => {
                return Err(DialLogError::Read { path: path.to_owned(), source });
            }
        };
        let (finished, _unfinished) = bytes.split_at(finished_length(&bytes));
        finished
            .split(|byte| *byte == b'\n')
            .enumerate()
            .filter(|(_, line)| !line.is_empty())
            .map(|(index, line)| {
                serde_json::from_slice(line).map_err(|source| DialLogError::Malformed {
                    path: path.to_owned(),
                    line: index + 1,
                    source,
                })
            })
            .collect()
    }

    fn write(&mut self, record: &DialRecord) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_data()
    }
}

impl RecordDials for DialLog {
    fn append(&mut self, record: &DialRecord) -> Result<(), DialLogError> {
        self.write(record).map_err(|source| DialLogError::Write { path: self.path.clone(), source })
    }
}

fn open_repaired(path: &Path) -> io::Result<File> {
    let is_new = !path.exists();
    let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let finished = u64::try_from(finished_length(&bytes)).map_err(io::Error::other)?;
    file.set_len(finished)?;
    file.seek(SeekFrom::Start(finished))?;
    file.sync_all()?;
    if is_new {
        // The name of a new file is durable only when its folder is.
        let folder =
            path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    Ok(file)
}

/// Length up to and with the last line end.
fn finished_length(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1)
}

/// The log in memory, for simulations. Clones share their records, so that one survives a simulated crash.
#[derive(Clone, Debug, Default)]
pub struct DialsInMemory(Arc<Mutex<Vec<DialRecord>>>);

impl DialsInMemory {
    /// All records, the oldest first.
    #[must_use]
    pub fn records(&self) -> Vec<DialRecord> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl RecordDials for DialsInMemory {
    fn append(&mut self, record: &DialRecord) -> Result<(), DialLogError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(record.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
