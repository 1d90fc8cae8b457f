//! Reads and checks a chart.

use std::sync::Arc;

use crate::{Chart, Diagnostic, LoadError, ModuleSet, PartResolver, Severity, Source};

/// A chart with what is odd about it.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The chart.
    pub chart: Arc<Chart>,
    /// Findings that do not keep it from running.
    pub warnings: Vec<Diagnostic>,
}

/// What happens to an expression that is no ECMAScript (scxml: 5.9 allows both).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BrokenExpressions {
    /// The chart is refused.
    #[default]
    Refuse,
    /// The chart loads with a warning; the expression raises `error.execution` whenever it is executed.
    Defer,
}

/// Reads, merges, checks and compiles a chart; an expression that is no ECMAScript refuses it.
///
/// # Errors
/// Everything that is wrong with the chart.
pub fn compile(
    source: Source<'_>,
    modules: &Arc<ModuleSet>,
    parts: &dyn PartResolver,
) -> Result<Compiled, LoadError> {
    compile_with(source, modules, parts, BrokenExpressions::Refuse)
}

/// Reads, merges, checks and compiles a chart.
///
/// # Errors
/// Everything that is wrong with the chart.
pub fn compile_with(
    source: Source<'_>,
    _modules: &Arc<ModuleSet>,
    _parts: &dyn PartResolver,
    _broken: BrokenExpressions,
) -> Result<Compiled, LoadError> {
    Err(LoadError {
        diagnostics: vec![Diagnostic {
            severity: Severity::Error,
            file: source.file.to_owned(),
            line: 1,
            column: 1,
            message: "the reader is not built yet".to_owned(),
        }],
    })
}
