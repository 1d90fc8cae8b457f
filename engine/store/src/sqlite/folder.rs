//! The folder of a store, held by one process at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::port::Error;

/// A folder that this process holds until the value is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// The operating system releases the lock when the file is closed, also when the process is killed.
    _lock: File,
}

impl Folder {
    /// Makes the folder when it is absent, readable by its owner only, and takes its lock.
    pub(super) fn hold(path: &Path) -> Result<Self, Error> {
        let refused = |problem: String| Error::Open { folder: path.display().to_string(), problem };
        make(path).map_err(|cause| {
            refused(format!("the folder cannot be made ({cause}); name one that this user may write to"))
        })?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join("ringback.lock"))
            .map_err(|cause| {
                refused(format!(
                    "ringback.lock cannot be written ({cause}); give this user the right to write there"
                ))
            })?;
        lock.try_lock().map_err(|cause| match cause {
            TryLockError::WouldBlock => refused(
                "it is held by another process; stop the other ringback, or name another folder".to_owned(),
            ),
            TryLockError::Error(cause) => refused(format!(
                "ringback.lock cannot be locked ({cause}); use a file system that knows locks"
            )),
        })?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// The folder as errors name it.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The database file.
    pub(super) fn database(&self) -> PathBuf {
        self.path.join("ringback.db")
    }

    /// The write-ahead log, which `SQLite` puts beside the database file.
    pub(super) fn write_ahead_log(&self) -> PathBuf {
        self.path.join("ringback.db-wal")
    }
}

/// Phone numbers are inside: nobody else on the machine may look.
fn make(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path)
}
