//! Reads and checks a chart: parse, merge parts, check the form, build the states, check what they refer to.
//!
//! Collects everything that is wrong instead of stopping at the first mistake.

mod check;
mod content;
mod expressions;
mod files;
mod head;
#[cfg(test)]
mod ors_tests;
mod parts;
mod states;
#[cfg(test)]
mod tests;
mod verbs;
pub(crate) mod vocabulary;

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::chart::{
    Binding, Data, Expression, ExpressionIx, Head, ModelKind, Parameter, State, StateIx, Transition,
};
use crate::plan::Plan;
use crate::xml::{self, Element, Place};
use crate::{Chart, Diagnostic, DocumentLimits, LoadError, ModuleSet, PartResolver, Source};
pub(crate) use expressions::{is_identifier, is_ors_expression, unquote};
pub(crate) use files::Files;
pub(crate) use parts::merge;
pub(crate) use states::is_state;
pub(crate) use vocabulary::{ELEMENTS, EXECUTABLE, Known};

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
    modules: &Arc<ModuleSet>,
    parts: &dyn PartResolver,
    broken: BrokenExpressions,
) -> Result<Compiled, LoadError> {
    let mut loader = Loader::new(modules, parts, broken);
    let file = loader.files.add(source.file.to_owned(), source.text.to_owned());
    match xml::parse(source.text, file) {
        Ok(mut root) => loader.load(&mut root, source.file),
        Err(error) => loader.files.error(error.place, error.message),
    }
    loader.finish()
}

/// A chart in the making.
struct Loader<'a> {
    files: Files,
    modules: &'a Arc<ModuleSet>,
    resolver: &'a dyn PartResolver,
    broken: BrokenExpressions,
    syntax: Option<crate::ecmascript::syntax::Syntax>,
    name: Option<String>,
    model: ModelKind,
    binding: Binding,
    states: Vec<State>,
    transitions: Vec<Transition>,
    data: Vec<Data>,
    data_places: BTreeMap<String, Place>,
    scripts: Vec<ExpressionIx>,
    expressions: Vec<Expression>,
    parameters: Vec<Parameter>,
    functions: Vec<String>,
    ids: BTreeMap<String, StateIx>,
    head: Head,
    /// Name of the element that is being read, for messages of expressions.
    element: &'static str,
    id_places: Vec<Place>,
    /// Ids that elements of `<send>` and `<invoke>` were given, to find doubles.
    invoke_ids: BTreeMap<String, Place>,
}

impl<'a> Loader<'a> {
    fn new(modules: &'a Arc<ModuleSet>, resolver: &'a dyn PartResolver, broken: BrokenExpressions) -> Self {
        Self {
            files: Files::default(),
            modules,
            resolver,
            broken,
            syntax: None,
            name: None,
            model: ModelKind::EcmaScript,
            binding: Binding::Early,
            states: Vec::new(),
            transitions: Vec::new(),
            data: Vec::new(),
            data_places: BTreeMap::new(),
            scripts: Vec::new(),
            expressions: Vec::new(),
            parameters: Vec::new(),
            functions: Vec::new(),
            ids: BTreeMap::new(),
            head: Head::default(),
            element: "scxml",
            id_places: Vec::new(),
            invoke_ids: BTreeMap::new(),
        }
    }

    fn load(&mut self, root: &mut Element, file: &str) {
        if !root.is("scxml") {
            self.files.error(
                root.place,
                format!(
                    "a chart is an <scxml xmlns=\"http://www.w3.org/2005/07/scxml\">, not <{}>",
                    root.name
                ),
            );
            return;
        }
        if root.namespace.is_empty() {
            self.files.warning(
                root.place,
                "the chart has no namespace; add xmlns=\"http://www.w3.org/2005/07/scxml\"",
            );
        }
        let mut scripts = Vec::new();
        merge(root, &mut self.files, self.resolver, &mut vec![file.to_owned()], &mut scripts);
        if !self.is_small_enough(root) {
            return;
        }
        check::check(root, &mut self.files, self.modules);
        self.head(root);
        self.head = self.ors_head(root);
        self.document(root);
        for script in &scripts {
            let expression = self.script(script);
            self.scripts.extend(expression);
        }
    }

    /// Refuses a chart with too many transitions, at the first that is too much.
    fn is_small_enough(&mut self, root: &Element) -> bool {
        let most = DocumentLimits::TRANSITIONS;
        let mut count = 0;
        let mut open = vec![root];
        while let Some(element) = open.pop() {
            count += usize::from(element.is("transition"));
            if count > most {
                self.files.error(element.place, format!("the chart has more than {most} transitions"));
                return false;
            }
            open.extend(element.elements());
        }
        true
    }

    fn head(&mut self, root: &Element) {
        self.name = root.attribute("name").map(|name| name.value.clone());
        if let Some(model) = root.attribute("datamodel") {
            self.model = match model.value.as_str() {
                "ecmascript" | "" => ModelKind::EcmaScript,
                "null" => ModelKind::Null,
                other => {
                    self.files.error(
                        model.place,
                        format!("the data model `{other}` is not known; write ecmascript or null"),
                    );
                    ModelKind::EcmaScript
                }
            };
        }
        if let Some(binding) = root.attribute("binding") {
            self.binding = match binding.value.as_str() {
                "early" => Binding::Early,
                "late" => Binding::Late,
                other => {
                    self.files.error(binding.place, format!("binding is early or late, not `{other}`"));
                    Binding::Early
                }
            };
        }
        if let Some(version) = root.attribute("version")
            && version.value != "1.0"
        {
            self.files.warning(version.place, format!("version `{}` is read as SCXML 1.0", version.value));
        }
    }

    fn finish(self) -> Result<Compiled, LoadError> {
        let failed = self.files.has_errors();
        let (files, diagnostics) = self.files.finish();
        if failed {
            return Err(LoadError { diagnostics });
        }
        let mut texts = BTreeMap::new();
        let mut names = Vec::with_capacity(files.len());
        for (name, text) in files {
            names.push(name.clone());
            texts.insert(name, text);
        }
        let plan = Plan::of(self.model, &self.states, &self.transitions, &self.expressions, &self.ids);
        let chart = Chart {
            name: self.name,
            hash: hash(names.first().map_or("", String::as_str), &texts),
            files: names,
            texts,
            modules: Arc::clone(self.modules),
            model: self.model,
            binding: self.binding,
            states: self.states,
            transitions: self.transitions,
            data: self.data,
            scripts: self.scripts,
            expressions: self.expressions,
            parameters: self.parameters,
            functions: self.functions,
            ids: self.ids,
            head: self.head,
            plan,
        };
        Ok(Compiled { chart: Arc::new(chart), warnings: diagnostics })
    }
}

/// SHA-256 over the name and text of every file, the main file first.
fn hash(main: &str, texts: &BTreeMap<String, String>) -> String {
    let mut hasher = Sha256::new();
    let first = texts.get_key_value(main);
    let others = texts.iter().filter(|(name, _)| *name != main);
    for (name, text) in first.into_iter().chain(others) {
        for piece in [name, text] {
            hasher.update((piece.len() as u64).to_be_bytes());
            hasher.update(piece.as_bytes());
        }
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
