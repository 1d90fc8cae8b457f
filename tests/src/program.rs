//! A program of the workspace in a process of its own.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use crate::PATIENCE;

/// A running program whose output is kept.
#[derive(Debug)]
pub struct Program {
    child: Child,
    errors: PathBuf,
    /// What it writes to standard output, taken from it at once so that it never waits for a reader.
    lines: Receiver<String>,
}

/// How a program ended.
#[derive(Debug)]
pub struct Refused {
    /// Its exit code.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub output: String,
    /// What it wrote to standard error.
    pub errors: String,
}

/// Where a program of this workspace was built: beside the tests.
///
/// # Panics
/// When it was not.
#[must_use]
pub fn path_of(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    // Tests are built into `deps`, programs into its parent.
    let folder = test.parent().and_then(Path::parent).unwrap();
    let file = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        file.exists(),
        "the program {name} was not built: run `tests/run`, or `cargo build --workspace --bins` before `cargo test`"
    );
    file
}

/// A command that runs a program of this workspace, without the settings of whoever runs the tests.
///
/// # Panics
/// When the program was not built.
#[must_use]
pub fn command(name: &str) -> Command {
    let mut command = Command::new(path_of(name));
    for (variable, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("RINGBACK_"))
    {
        command.env_remove(variable);
    }
    command.env_remove("RUST_LOG");
    command
}

impl Program {
    /// Starts a program and reads its output until a line begins with `sign`; gives what follows it on that line.
    /// Standard error is appended to the file `errors`.
    ///
    /// # Errors
    /// [`Refused`] when it ends before.
    pub fn start(mut command: Command, errors: &Path, sign: &str) -> Result<(Self, String), Refused> {
        let file = File::options().create(true).append(true).open(errors).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
        let mut program = Self::of(child, errors);
        let mut output = String::new();
        loop {
            let Some(line) = program.line() else {
                let code = program.child.wait().unwrap().code();
                return Err(Refused { code, output, errors: program.errors() });
            };
            if let Some(rest) = line.strip_prefix(sign) {
                return Ok((program, rest.trim().to_owned()));
            }
            output.push_str(&line);
            output.push('\n');
        }
    }

    fn of(mut child: Child, errors: &Path) -> Self {
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            // A program that is killed may leave half a character behind; the test may be over.
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, errors: errors.to_owned(), lines }
    }

    /// The next line of its standard output; waits for it. `None` when it has ended.
    ///
    /// # Panics
    /// When none comes for a minute.
    pub fn line(&self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                panic!("the program hangs: no line for {PATIENCE:?}; on standard error: {}", self.errors())
            }
        }
    }

    /// Runs a command to its end.
    #[must_use]
    pub fn run(mut command: Command) -> Refused {
        let ended = command.stdin(Stdio::null()).output().unwrap();
        Refused {
            code: ended.status.code(),
            output: String::from_utf8(ended.stdout).unwrap(),
            errors: String::from_utf8(ended.stderr).unwrap(),
        }
    }

    /// Runs a command to its end, with this on its standard input.
    #[must_use]
    pub fn run_with(mut command: Command, input: &str) -> Refused {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("it cannot be started: {error}"));
        let mut to_child = child.stdin.take().unwrap();
        let input = input.to_owned();
        // Beside the reading: a program that answers each line would wait for its reader.
        let writer = std::thread::spawn(move || {
            // A program may end before it has read everything.
            let _gone = to_child.write_all(input.as_bytes()).is_err();
        });
        let ended = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Refused {
            code: ended.status.code(),
            output: String::from_utf8(ended.stdout).unwrap(),
            errors: String::from_utf8(ended.stderr).unwrap(),
        }
    }

    /// Takes the process away at once, as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks the process to stop, as `kill -TERM` does, and waits for its end.
    pub fn terminate(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap()
    }

    /// What was written to standard error.
    #[must_use]
    pub fn errors(&self) -> String {
        std::fs::read_to_string(&self.errors).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _killed = self.child.kill().is_ok();
        let _waited = self.child.wait().is_ok();
    }
}
