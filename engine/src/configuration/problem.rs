//! What is wrong with a configuration, and where.

use std::fmt;
use std::sync::Arc;

/// Where a value of the configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A point of a file.
    File {
        /// File as the caller named it.
        file: Arc<str>,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// An environment variable.
    Environment {
        /// Name of the variable.
        name: Arc<str>,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Environment { name } => write!(f, "environment variable {name}"),
        }
    }
}

/// One problem of a configuration: an error, or a warning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What was read, what was expected, and the nearest known name where there is one.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// A configuration that cannot be used, with everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigurationError {
    /// Problems in the order of the file; never empty.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the configuration has {} problem{}; correct the lines named below",
            self.problems.len(),
            if self.problems.len() == 1 { "" } else { "s" }
        )?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigurationError {}

/// Collects problems while a configuration is read, so that all of them are told at once.
#[derive(Debug, Default)]
pub(super) struct Problems {
    pub(super) errors: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

impl Problems {
    pub(super) fn error(&mut self, place: &Place, message: impl Into<String>) {
        self.errors.push(Problem { place: place.clone(), message: message.into() });
    }

    pub(super) fn warning(&mut self, place: &Place, message: impl Into<String>) {
        self.warnings.push(Problem { place: place.clone(), message: message.into() });
    }
}

/// `; did you mean NAME?`, if a known name is near enough to be a slip of the pen; else nothing.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(name, known) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => String::new(),
    }
}

/// The known name that is most like `name`; of equally near ones the first.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const SIMILARITY_MIN: f64 = 0.6;
    let mut best: Option<(f64, &str)> = None;
    for candidate in known {
        let similarity = strsim::normalized_damerau_levenshtein(name, candidate);
        if similarity >= SIMILARITY_MIN && best.is_none_or(|(most, _)| similarity > most) {
            best = Some((similarity, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, nearest};

    #[test]
    fn nearest_name_is_the_most_similar_one() {
        assert_eq!(
            nearest("_max_dail_attempts", ["_max_queue_wait", "_max_dial_attempts"]),
            Some("_max_dial_attempts")
        );
    }

    #[test]
    fn unlike_names_are_not_proposed() {
        assert_eq!(did_you_mean("_weather", ["_ttl", "_target"]), "");
    }
}
