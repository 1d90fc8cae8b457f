//! A program of the workspace in a process of its own.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

/// A running program whose output is kept.
#[derive(Debug)]
pub struct Program {
    child: Child,
    errors: PathBuf,
    /// Reads on, so that the program never waits for a reader.
    rest: Option<JoinHandle<String>>,
}

/// How a program ended that was not expected to run.
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

/// A command without the settings of whoever runs the tests.
pub(crate) fn command(name: &str) -> Command {
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
    pub fn start(
        name: &str,
        arguments: &[&OsStr],
        folder: &Path,
        errors: &Path,
        sign: &str,
    ) -> Result<(Self, String), Refused> {
        let file = File::options().create(true).append(true).open(errors).unwrap();
        let child = command(name)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        let mut program = Self { child, errors: errors.to_owned(), rest: None };
        let mut lines = BufReader::new(program.child.stdout.take().unwrap());
        let mut output = String::new();
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).unwrap() == 0 {
                let code = program.child.wait().unwrap().code();
                return Err(Refused { code, output, errors: program.errors() });
            }
            output.push_str(&line);
            if let Some(rest) = line.strip_prefix(sign) {
                let said = rest.trim().to_owned();
                program.rest = Some(std::thread::spawn(move || {
                    // A program that is killed may leave half a character behind; what it said is not looked at then.
                    let _ends_with_the_program = lines.read_to_string(&mut output);
                    output
                }));
                return Ok((program, said));
            }
        }
    }

    /// Runs a program to its end.
    #[must_use]
    pub fn run(name: &str, arguments: &[&OsStr], folder: &Path) -> Refused {
        let ended = command(name).args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap();
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

    /// Waits for the end; gives everything that was written to standard output.
    pub fn output(&mut self) -> String {
        self.child.wait().unwrap();
        self.rest.take().map(|reader| reader.join().unwrap()).unwrap_or_default()
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
