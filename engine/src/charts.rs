//! The charts that sessions run: shipped, from the charts folder, or fetched; compiled once for each text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use statecharts::{Chart, ModuleSet, PartResolver, ResolvedPart, Source, compile};

use crate::configuration::{SHIPPED_CHARTS, did_you_mean};
use crate::verbs;

/// Charts kept compiled; beyond that all are dropped and compiled anew when needed.
const COMPILED_MAX: usize = 256;

macro_rules! shipped {
    ($($file:literal),* $(,)?) => {
        &[$(($file, include_str!(concat!("../../statecharts/charts/", $file)))),*]
    };
}

/// The documents that are part of the program.
pub(crate) const SHIPPED: &[(&str, &str)] = shipped![
    "callback.scxml",
    "inbound.scxml",
    "classic_inbound.scxml",
    "parts/access.scxml",
    "parts/confirm.scxml",
    "parts/dial.scxml",
    "parts/exit.scxml",
    "parts/greeting.scxml",
    "parts/group.scxml",
    "parts/hand_over.scxml",
    "parts/machine.scxml",
    "parts/plugin.scxml",
    "parts/queue.scxml",
    "parts/requests.scxml",
    "parts/route.scxml",
    "parts/talk.scxml",
    "parts/watch.scxml",
];

/// Why a chart cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ChartError {
    /// It cannot be read.
    #[error("chart `{name}`: {problem}")]
    Unreadable {
        /// As it was named.
        name: String,
        /// Why, and where it was looked for.
        problem: String,
    },
    /// It has errors.
    #[error("{0}")]
    Broken(String),
}

/// The charts.
pub struct Charts {
    modules: Arc<ModuleSet>,
    folder: Option<PathBuf>,
    compiled: Mutex<Compiled>,
}

#[derive(Default)]
struct Compiled {
    by_hash: BTreeMap<String, Arc<Chart>>,
    shipped: BTreeMap<String, Arc<Chart>>,
    /// Main text of a file, to the chart that it became and the parts that it was made of.
    by_text: BTreeMap<String, (Arc<Chart>, BTreeMap<String, String>)>,
    /// Hashes whose texts are in the store.
    kept: BTreeSet<String>,
}

impl fmt::Debug for Charts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Charts({:?})", self.folder)
    }
}

impl Charts {
    /// Charts with a folder for the integrator's own.
    #[must_use]
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { modules: verbs::modules(), folder, compiled: Mutex::new(Compiled::default()) }
    }

    pub(crate) fn modules(&self) -> &Arc<ModuleSet> {
        &self.modules
    }

    fn compiled(&self) -> std::sync::MutexGuard<'_, Compiled> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A shipped chart by its name, with or without `.scxml`.
    ///
    /// # Errors
    /// [`ChartError`] when there is none of that name.
    pub fn shipped(&self, name: &str) -> Result<Arc<Chart>, ChartError> {
        let file = chart_file(name);
        if let Some(chart) = self.compiled().shipped.get(&file) {
            return Ok(Arc::clone(chart));
        }
        let text = shipped_text(&file).ok_or_else(|| ChartError::Unreadable {
            name: name.to_owned(),
            problem: "is not among the shipped charts".to_owned(),
        })?;
        let chart = self.compile(&file, text)?;
        let mut compiled = self.compiled();
        compiled.by_hash.insert(chart.hash().to_owned(), Arc::clone(&chart));
        compiled.shipped.insert(file, Arc::clone(&chart));
        Ok(chart)
    }

    /// A chart of the charts folder, as it is on disk now.
    ///
    /// # Errors
    /// [`ChartError`] with file, line and column.
    pub fn file(&self, name: &str) -> Result<Arc<Chart>, ChartError> {
        let text = self.folder_text(name)?;
        let known = self.compiled().by_text.get(&text).cloned();
        if let Some((chart, parts)) = known
            && parts.iter().all(|(part, text)| self.part_text(part).as_deref() == Ok(text))
        {
            return Ok(chart);
        }
        let chart = self.compile(name, &text)?;
        let parts = chart.texts().iter().filter(|(file, _)| file.as_str() != name).map(clone_pair).collect();
        let mut compiled = self.compiled();
        if compiled.by_text.len() >= COMPILED_MAX {
            compiled.by_text.clear();
        }
        compiled.by_hash.insert(chart.hash().to_owned(), Arc::clone(&chart));
        compiled.by_text.insert(text, (Arc::clone(&chart), parts));
        Ok(chart)
    }

    /// A chart given as text.
    ///
    /// # Errors
    /// [`ChartError`] with line and column.
    pub fn text(&self, text: &str) -> Result<Arc<Chart>, ChartError> {
        let chart = self.compile("inline", text)?;
        self.compiled().by_hash.insert(chart.hash().to_owned(), Arc::clone(&chart));
        Ok(chart)
    }

    /// A chart as a chart or a caller names it: a file of the folder, a shipped name; `file:` is tolerated.
    ///
    /// # Errors
    /// [`ChartError`].
    pub fn named(&self, name: &str) -> Result<Arc<Chart>, ChartError> {
        let name = without_scheme(name);
        match self.file(name) {
            // Where a file was looked for helps more than that no shipped chart has its name.
            Err(missing @ ChartError::Unreadable { .. }) if shipped_text(&chart_file(name)).is_none() => {
                Err(missing)
            }
            Err(ChartError::Unreadable { .. }) => self.shipped(name),
            found => found,
        }
    }

    /// `; did you mean NAME?` for a name that is no file: of the shipped charts and those of the folder, if one is near.
    pub(crate) fn proposal(&self, name: &str) -> String {
        let files = self.folder.as_deref().and_then(|folder| std::fs::read_dir(folder).ok());
        let mut known: Vec<String> = files
            .into_iter()
            .flatten()
            .filter_map(|file| file.ok()?.file_name().into_string().ok())
            .filter(|file| file.ends_with(".scxml"))
            .collect();
        known.sort_unstable();
        let shipped = SHIPPED_CHARTS.iter().copied();
        did_you_mean(name, shipped.chain(known.iter().map(String::as_str)))
    }

    /// A chart that a stored session runs: compiled from the texts that were kept with its hash.
    ///
    /// # Errors
    /// [`ChartError`] when this version of the program cannot read it.
    pub fn stored(
        &self,
        hash: &str,
        texts: &BTreeMap<String, String>,
        main: &str,
    ) -> Result<Arc<Chart>, ChartError> {
        if let Some(chart) = self.compiled().by_hash.get(hash) {
            return Ok(Arc::clone(chart));
        }
        let text = texts.get(main).ok_or_else(|| ChartError::Unreadable {
            name: main.to_owned(),
            problem: format!("is not among the stored texts of {hash}"),
        })?;
        let chart = compile_with_parts(main, text, &self.modules, &Stored(texts))?;
        self.compiled().by_hash.insert(hash.to_owned(), Arc::clone(&chart));
        Ok(chart)
    }

    /// Whether the texts of a chart are in the store.
    pub(crate) fn is_kept(&self, hash: &str) -> bool {
        self.compiled().kept.contains(hash)
    }

    /// The texts of a chart are in the store.
    pub(crate) fn mark_kept(&self, hash: &str) {
        self.compiled().kept.insert(hash.to_owned());
    }

    fn compile(&self, file: &str, text: &str) -> Result<Arc<Chart>, ChartError> {
        compile_with_parts(file, text, &self.modules, self)
    }

    /// The diagnostics of a text, warnings included: one line each, errors first; `Ok` when there are no errors.
    ///
    /// # Errors
    /// The errors and warnings of a chart that cannot be used.
    pub fn check(&self, file: &str, text: &str) -> Result<Vec<String>, Vec<String>> {
        match compile(Source { file, text }, &self.modules, self) {
            Ok(compiled) => Ok(compiled.warnings.iter().map(ToString::to_string).collect()),
            Err(error) => Err(error.diagnostics.iter().map(ToString::to_string).collect()),
        }
    }

    /// A document below the charts folder or among the shipped ones; never outside of them.
    #[must_use]
    pub fn document(&self, path: &str) -> Option<Vec<u8>> {
        let file = self.in_folder(path).ok().and_then(|file| std::fs::read(file).ok());
        file.or_else(|| shipped_text(path).map(|text| text.as_bytes().to_vec()))
    }

    fn folder_text(&self, name: &str) -> Result<String, ChartError> {
        let unreadable = |problem: String| ChartError::Unreadable { name: name.to_owned(), problem };
        let path = self.in_folder(name).map_err(unreadable)?;
        std::fs::read_to_string(&path).map_err(|error| ChartError::Unreadable {
            name: name.to_owned(),
            problem: format!("{}: {error}", path.display()),
        })
    }

    fn in_folder(&self, name: &str) -> Result<PathBuf, String> {
        let folder = self.folder.as_deref().ok_or("no charts folder is configured")?;
        let relative = Path::new(name);
        if relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            Ok(folder.join(relative))
        } else {
            Err("must lie in the charts folder".to_owned())
        }
    }

    fn part_text(&self, file: &str) -> Result<String, String> {
        match self.folder_text(file) {
            Ok(text) => Ok(text),
            Err(error) => shipped_text(file).map(str::to_owned).ok_or_else(|| error.to_string()),
        }
    }
}

/// Parts lie beside the chart; shipped ones are found from everywhere.
impl PartResolver for Charts {
    fn resolve(&self, src: &str, from_file: &str) -> Result<ResolvedPart, String> {
        let src = without_scheme(src);
        let beside = Path::new(from_file).parent().unwrap_or(Path::new("")).join(src);
        let beside = beside.to_string_lossy().into_owned();
        match self.part_text(&beside) {
            Ok(text) => Ok(ResolvedPart { file: beside, text }),
            Err(_) if beside != src => {
                self.part_text(src).map(|text| ResolvedPart { file: src.to_owned(), text })
            }
            Err(problem) => Err(problem),
        }
    }
}

/// The parts of a stored chart.
struct Stored<'a>(&'a BTreeMap<String, String>);

impl PartResolver for Stored<'_> {
    fn resolve(&self, src: &str, from_file: &str) -> Result<ResolvedPart, String> {
        let src = without_scheme(src);
        let beside =
            Path::new(from_file).parent().unwrap_or(Path::new("")).join(src).to_string_lossy().into_owned();
        [beside, src.to_owned()]
            .into_iter()
            .find_map(|file| self.0.get(&file).map(|text| ResolvedPart { file, text: text.clone() }))
            .ok_or_else(|| format!("{src} was not stored with the chart"))
    }
}

/// The path of a `file:part.js`, as charts of the Recommendation's tests write it. It is read like every other: beside the chart only.
fn without_scheme(src: &str) -> &str {
    src.strip_prefix("file:").unwrap_or(src)
}

fn clone_pair((file, text): (&String, &String)) -> (String, String) {
    (file.clone(), text.clone())
}

/// File of a shipped chart, which may be named without its ending.
fn chart_file(name: &str) -> String {
    if name.ends_with(".scxml") { name.to_owned() } else { format!("{name}.scxml") }
}

fn shipped_text(file: &str) -> Option<&'static str> {
    let file = file.strip_prefix("src/").unwrap_or(file);
    SHIPPED.iter().find(|(name, _)| *name == file).map(|(_, text)| *text)
}

fn compile_with_parts(
    file: &str,
    text: &str,
    modules: &Arc<ModuleSet>,
    parts: &dyn PartResolver,
) -> Result<Arc<Chart>, ChartError> {
    match compile(Source { file, text }, modules, parts) {
        Ok(compiled) => {
            for warning in &compiled.warnings {
                tracing::warn!(%warning, "A chart has a weak spot.");
            }
            Ok(compiled.chart)
        }
        Err(error) => Err(ChartError::Broken(
            error.diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_may_be_named_by_its_scheme() {
        let texts = BTreeMap::from([("own/part.js".to_owned(), "var a".to_owned())]);
        let stored = Stored(&texts).resolve("file:part.js", "own/chart.scxml").unwrap();
        assert_eq!((stored.file.as_str(), stored.text.as_str()), ("own/part.js", "var a"));

        let charts = Charts::new(None);
        let plain = charts.resolve("callback.scxml", "chart.scxml").unwrap();
        assert_eq!(charts.resolve("file:callback.scxml", "chart.scxml").unwrap().file, plain.file);
        assert!(charts.resolve("file:///etc/hostname", "chart.scxml").is_err());
    }
}
