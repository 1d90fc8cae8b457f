//! Emptying the data folder of the demo.

use std::fs::{self, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use anyhow::{Context as _, bail};

/// The switch's own log of dials, in the data folder.
pub(crate) const DIAL_LOG: &str = "dials.jsonl";
/// What a run leaves behind. Nothing else is ever removed: a mistyped folder must not cost anybody anything.
const LEFTOVERS: [&str; 4] = ["ringback.db", "ringback.db-wal", "ringback.db-shm", DIAL_LOG];
/// File that a running store holds.
const LOCK: &str = "ringback.lock";

/// Removes what earlier runs left in `folder`.
///
/// # Errors
/// When a running process holds the folder, or a file cannot be removed.
pub(crate) fn reset(folder: &Path) -> anyhow::Result<()> {
    let shown = folder.display();
    let lock = match OpenOptions::new().write(true).open(folder.join(LOCK)) {
        Ok(lock) => lock,
        // No store was ever opened here.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot empty {shown}")),
    };
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            bail!("cannot empty {shown}: another process uses it; stop that process or name another folder")
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot empty {shown}"));
        }
    }
    for name in LEFTOVERS {
        let file = folder.join(name);
        match fs::remove_file(&file) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("cannot remove {}", file.display())),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::{DIAL_LOG, LOCK, reset};

    #[test]
    fn only_what_a_run_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        for name in [LOCK, "ringback.db", "ringback.db-wal", DIAL_LOG, "letter.txt"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        reset(folder.path()).unwrap();
        let mut left: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["letter.txt", LOCK]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        assert!(reset(&folder.path().join("new")).is_ok());
    }

    #[test]
    fn a_folder_in_use_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ringback.db"), "x").unwrap();
        let lock = File::create(folder.path().join(LOCK)).unwrap();
        lock.lock().unwrap();
        let refused = reset(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("another process"), "{refused}");
        assert!(folder.path().join("ringback.db").exists());
    }
}
