//! Opens a chart for the subcommands that execute it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::Charts;
use statecharts::{Chart, Diagnostic, ModuleSet, PartResolver, Source, compile};

/// A chart that can be executed.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) chart: Arc<Chart>,
    /// The modules that it was compiled with.
    pub(crate) modules: Arc<ModuleSet>,
    /// What is odd about it, as `file:line:column: warning: …`.
    pub(crate) warnings: Vec<String>,
    folder: PathBuf,
}

/// Reads and compiles a chart with the verbs of the platform; its parts are looked for beside it, then among the shipped ones.
///
/// # Errors
/// Everything that is wrong with it, each with file, line and column as seen from where the command runs.
pub(crate) fn open(file: &Path) -> Result<Opened, Vec<String>> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| vec![format!("cannot read the chart {}: {error}", file.display())])?;
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let modules = engine::verbs::modules();
    let placed =
        |diagnostics: &[Diagnostic]| diagnostics.iter().map(|found| placed(&folder, found)).collect();
    match compile(Source { file: &name, text: &text }, &modules, &Charts::new(Some(folder.clone()))) {
        Ok(compiled) => {
            let warnings = placed(&compiled.warnings);
            Ok(Opened { chart: compiled.chart, modules, warnings, folder })
        }
        Err(error) => Err(placed(&error.diagnostics)),
    }
}

impl Opened {
    /// Where charts that it invokes come from.
    pub(crate) fn parts(&self) -> Box<dyn PartResolver> {
        Box::new(Charts::new(Some(self.folder.clone())))
    }

    /// A file of the chart as it is to be found from where the command runs: shipped parts keep their name.
    pub(crate) fn path_of(&self, file: &str) -> PathBuf {
        let path = self.folder.join(file);
        if path.exists() { path } else { file.into() }
    }
}

/// Messages name files as the charts folder does; here they are to be found from where the command runs.
fn placed(folder: &Path, found: &Diagnostic) -> String {
    let file = folder.join(&found.file).display().to_string();
    Diagnostic { file, ..found.clone() }.to_string()
}
