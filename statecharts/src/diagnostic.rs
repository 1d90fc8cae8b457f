//! What a check of a chart has to say: where, how bad, and what.

use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The chart loads and runs, but probably not as meant.
    Warning,
    /// The chart is refused.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A finding with its place. Displayed as `file:line:column: error: message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// File as the host named it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong and, where known, what to write instead.
    pub message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { severity, file, line, column, message } = self;
        write!(formatter, "{file}:{line}:{column}: {severity}: {message}")
    }
}

/// A chart that was refused. Displayed as one diagnostic per line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// Everything that was found, warnings included, in document order.
    pub diagnostics: Vec<Diagnostic>,
}

impl fmt::Display for LoadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for LoadError {}

/// The text of a chart and the name under which messages refer to it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Name of the file.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// A part that a resolver found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedPart {
    /// Name under which messages refer to it; unique per part.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// Finds what a chart names by `src`: parts of states (decision D-084), scripts and data.
///
/// The crate has no I/O: the host decides where parts live and which names are allowed.
pub trait PartResolver {
    /// The part `src` that `from_file` asks for.
    ///
    /// # Errors
    /// Why it cannot be had, as one sentence; it becomes a diagnostic at the element.
    fn resolve(&self, src: &str, from_file: &str) -> Result<ResolvedPart, String>;
}

/// A resolver for charts without parts: refuses everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoParts;

impl PartResolver for NoParts {
    fn resolve(&self, _src: &str, _from_file: &str) -> Result<ResolvedPart, String> {
        Err("parts are not available here".to_owned())
    }
}

/// Parts from memory, such as the texts that a store kept of a chart: `src` is looked up relative to the folder of the
/// file that names it, then as it is.
impl PartResolver for std::collections::BTreeMap<String, String> {
    fn resolve(&self, src: &str, from_file: &str) -> Result<ResolvedPart, String> {
        let name = src.strip_prefix("file:").unwrap_or(src);
        let folder = from_file.rsplit_once('/').map(|(folder, _)| folder);
        let beside = folder.map(|folder| format!("{folder}/{name}"));
        beside
            .into_iter()
            .chain([name.to_owned()])
            .find_map(|file| self.get(&file).map(|text| ResolvedPart { text: text.clone(), file }))
            .ok_or_else(|| format!("there is no `{name}` among the texts at hand"))
    }
}
