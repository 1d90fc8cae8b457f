//! All code of a chart with its tokens, and what it declares and refers to.

use std::collections::BTreeSet;

use super::tokens::{Kind, Token, tokens};
use crate::module::{Attribute as Known, AttributeKind, Element as KnownElement};
use crate::outline::{Action, Code, Outline};
use crate::{Chart, ModuleSet};

/// A piece of code.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    pub(super) code: &'a Code,
    pub(super) tokens: Vec<Token>,
    /// A script: its declarations are names of the chart.
    pub(super) is_script: bool,
}

/// All code of a chart.
#[derive(Debug, Default)]
pub(super) struct Program<'a> {
    pub(super) pieces: Vec<Piece<'a>>,
    /// Names that elements declare: data, items of `<foreach>`, places that receive a request id.
    pub(super) declared: BTreeSet<&'a str>,
    /// Functions of scripts.
    pub(super) functions: Vec<Function>,
}

/// A function that a script declares at its top level.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) parameters: Vec<String>,
    /// Piece, and token of its name.
    pub(super) piece: usize,
    pub(super) at: usize,
    /// Tokens of its body.
    pub(super) body: std::ops::Range<usize>,
}

/// Attributes of SCXML that are always code.
const CODE: &[&str] = &[
    "cond",
    "expr",
    "location",
    "idlocation",
    "array",
    "eventexpr",
    "targetexpr",
    "typeexpr",
    "delayexpr",
    "sendidexpr",
    "srcexpr",
    "namelist",
];
/// Attributes that are code when they are written in quotes or read from an object, as charts of ORS do.
const QUOTED: &[&str] = &["event", "target", "type", "targettype", "delay", "sendid", "label", "src"];

impl<'a> Program<'a> {
    pub(super) fn of(chart: &Chart, outline: &'a Outline) -> Self {
        let mut program = Self::default();
        for data in &outline.data {
            program.declared.insert(&data.id);
            program.pieces.extend(data.value.iter().map(|code| piece(code, false)));
        }
        for transition in &outline.transitions {
            program.pieces.extend(transition.condition.iter().map(|code| piece(code, false)));
        }
        for state in &outline.states {
            for invoke in state.invokes.iter().chain(&state.donedata) {
                program.element(invoke, &chart.modules);
                let inside = invoke.children.iter().filter(|child| !child.is("finalize"));
                inside.for_each(|child| program.element(child, &chart.modules));
            }
        }
        for (_, action) in outline.actions() {
            program.element(action, &chart.modules);
        }
        program.functions = program
            .pieces
            .iter()
            .enumerate()
            .filter(|(_, piece)| piece.is_script)
            .flat_map(functions)
            .collect();
        program
    }

    fn element(&mut self, action: &'a Action, modules: &ModuleSet) {
        if action.is("script") {
            self.pieces.extend(action.text.iter().map(|code| piece(code, true)));
            return;
        }
        if action.namespace.is_some() {
            let known = known(action, modules);
            for attribute in &action.attributes {
                let kind = known.and_then(|known| known.iter().find(|known| known.name == attribute.name));
                self.module_attribute(kind, &attribute.value);
            }
            return;
        }
        for attribute in &action.attributes {
            let text = attribute.value.text.trim();
            if action.is("foreach") && matches!(attribute.name.as_str(), "item" | "index") {
                self.declared.insert(text);
            }
            let is_code = text.starts_with(['\'', '"']) || crate::load::is_ors_expression(text);
            let is_quoted = is_code && QUOTED.contains(&attribute.name.as_str());
            if is_quoted || CODE.contains(&attribute.name.as_str()) {
                self.pieces.push(piece(&attribute.value, false));
            }
        }
    }

    fn module_attribute(&mut self, known: Option<&Known>, value: &'a Code) {
        let text = value.text.trim();
        let bare = crate::load::unquote(text).unwrap_or(text);
        match known.map(|known| known.kind) {
            Some(AttributeKind::Location) if crate::load::is_identifier(bare) => {
                self.declared.insert(bare);
            }
            Some(AttributeKind::Token(allowed)) if allowed.is_empty() || allowed.contains(&bare) => {}
            // A bare word stands for itself.
            Some(AttributeKind::Word) if crate::load::is_identifier(text) => {}
            Some(_) => self.pieces.push(piece(value, false)),
            None => {}
        }
    }
}

fn piece(code: &Code, is_script: bool) -> Piece<'_> {
    Piece { code, tokens: tokens(&code.text), is_script }
}

/// The attributes that a module's element or one of its children knows.
fn known(action: &Action, modules: &ModuleSet) -> Option<&'static [Known]> {
    fn find(elements: &'static [KnownElement], name: &str) -> Option<&'static [Known]> {
        let direct = elements.iter().find(|known| known.name == name).map(|known| known.attributes);
        direct.or_else(|| elements.iter().find_map(|known| find(known.children, name)))
    }
    let namespace = action.namespace.as_deref()?;
    let module = modules.modules.iter().find(|module| module.namespace == namespace)?;
    find(module.elements, action.local_name())
}

/// The functions of a script.
fn functions((number, piece): (usize, &Piece<'_>)) -> Vec<Function> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    for (at, token) in piece.tokens.iter().enumerate() {
        if token.is("{") || token.is("${") {
            depth += 1;
        } else if token.is("}") {
            depth = depth.saturating_sub(1);
        }
        let name = piece.tokens.get(at + 1).filter(|next| next.kind == Kind::Word);
        if depth > 0 || token.kind != Kind::Word || token.text != "function" {
            continue;
        }
        let Some(name) = name else { continue };
        let Some(head) = closing(&piece.tokens, at + 2) else { continue };
        let Some(end) = closing(&piece.tokens, head + 1) else { continue };
        let parameters = piece.tokens.get(at + 3..head).unwrap_or_default().iter();
        found.push(Function {
            name: name.text.clone(),
            parameters: parameters
                .filter(|token| token.kind == Kind::Word)
                .map(|token| token.text.clone())
                .collect(),
            piece: number,
            at: at + 1,
            body: head + 1..end,
        });
    }
    found
}

/// The token that closes the bracket at `open`.
pub(super) fn closing(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if token.kind != Kind::Operator {
            continue;
        }
        match token.text.as_str() {
            "(" | "[" | "{" | "${" => depth += 1,
            ")" | "]" | "}" => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// A name that a piece of code uses.
#[derive(Debug)]
pub(super) struct Reference<'p> {
    pub(super) name: &'p str,
    /// Token.
    pub(super) at: usize,
    /// Whether a value is given to it.
    pub(super) is_assigned: bool,
}

const KEYWORDS: &[&str] = &[
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "get",
    "if",
    "in",
    "instanceof",
    "let",
    "new",
    "null",
    "of",
    "return",
    "set",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "var",
    "void",
    "while",
    "with",
    "yield",
    "arguments",
];

impl Piece<'_> {
    /// The names that it refers to: no properties, no keys, no keywords, nothing behind `typeof`.
    pub(super) fn references(&self) -> Vec<Reference<'_>> {
        let mut found = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            if token.kind != Kind::Word || KEYWORDS.contains(&token.text.as_str()) || self.is_property(at) {
                continue;
            }
            let next = self.tokens.get(at + 1);
            let is_assigned = next.is_some_and(|next| {
                next.kind == Kind::Operator
                    && (next.text == "="
                        || (next.text.ends_with('=')
                            && !matches!(next.text.as_str(), "==" | "===" | "!=" | "!==" | "<=" | ">=")))
            });
            found.push(Reference { name: &token.text, at, is_assigned });
        }
        found
    }

    fn is_property(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.tokens.get(before));
        let next = self.tokens.get(at + 1);
        // `name(parameters) {` of an object or a class; what is called is followed by something else.
        let is_method = next.is_some_and(|next| next.is("("))
            && closing(&self.tokens, at + 1)
                .and_then(|end| self.tokens.get(end + 1))
                .is_some_and(|behind| behind.is("{"));
        // `label: for (…)`, `break label`
        let begins = before.is_none_or(|before| before.is(";") || before.is("}") || before.is(")"));
        let is_jump = before.is_some_and(|before| {
            before.kind == Kind::Word && matches!(before.text.as_str(), "break" | "continue")
        });
        if is_method || is_jump || (begins && next.is_some_and(|next| next.is(":"))) {
            return true;
        }
        let Some(before) = before else { return false };
        if before.is(".") || before.is("?.") || (before.kind == Kind::Word && before.text == "typeof") {
            return true;
        }
        if !(before.is("{") || before.is(",")) {
            return false;
        }
        // `{ key: value }`
        next.is_some_and(|next| next.is(":"))
    }

    /// The names that it declares anywhere: variables, functions, parameters. Scopes are not looked at.
    pub(super) fn declarations(&self) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        for (at, token) in self.tokens.iter().enumerate() {
            match token.text.as_str() {
                "var" | "let" | "const" if token.kind == Kind::Word => self.variables(at + 1, &mut found),
                "function" | "class" if token.kind == Kind::Word => {
                    let name = self.tokens.get(at + 1).filter(|next| next.kind == Kind::Word);
                    found.extend(name.map(|name| name.text.as_str()));
                    let head = at + 1 + usize::from(name.is_some());
                    self.parameters(head, &mut found);
                }
                "catch" if token.kind == Kind::Word => self.parameters(at + 1, &mut found),
                "=>" => self.arrow(at, &mut found),
                // A method: `name(parameters) {`.
                "(" if token.kind == Kind::Operator && self.is_behind_name(at) => {
                    let end = closing(&self.tokens, at);
                    if end.and_then(|end| self.tokens.get(end + 1)).is_some_and(|behind| behind.is("{")) {
                        self.parameters(at, &mut found);
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn is_behind_name(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.tokens.get(before));
        before.is_some_and(|before| before.kind == Kind::Word && !KEYWORDS.contains(&before.text.as_str()))
    }

    /// `a = 1, b`, up to the end of the declaration; names inside of patterns count as well.
    fn variables<'p>(&'p self, from: usize, found: &mut BTreeSet<&'p str>) {
        let mut expects_name = true;
        let mut at = from;
        while let Some(token) = self.tokens.get(at) {
            if expects_name && token.kind == Kind::Word {
                found.insert(&token.text);
                expects_name = false;
            } else if expects_name && (token.is("{") || token.is("[")) {
                let end = closing(&self.tokens, at).unwrap_or(at);
                let inside = self.tokens.get(at..end).unwrap_or_default();
                found.extend(
                    inside.iter().filter(|token| token.kind == Kind::Word).map(|token| token.text.as_str()),
                );
                expects_name = false;
                at = end;
            } else if token.is("(") || token.is("[") || token.is("{") {
                at = closing(&self.tokens, at).unwrap_or(at);
            } else if token.is(",") {
                expects_name = true;
            } else if token.is(";")
                || token.is(")")
                || token.is("}")
                || matches!(token.text.as_str(), "of" | "in")
            {
                return;
            }
            at += 1;
        }
    }

    fn parameters<'p>(&'p self, open: usize, found: &mut BTreeSet<&'p str>) {
        if !self.tokens.get(open).is_some_and(|token| token.is("(")) {
            return;
        }
        let end = closing(&self.tokens, open).unwrap_or(open);
        let inside = self.tokens.get(open..end).unwrap_or_default();
        found.extend(inside.iter().filter(|token| token.kind == Kind::Word).map(|token| token.text.as_str()));
    }

    fn arrow<'p>(&'p self, at: usize, found: &mut BTreeSet<&'p str>) {
        let Some(before) = at.checked_sub(1) else { return };
        match self.tokens.get(before) {
            Some(token) if token.kind == Kind::Word => {
                found.insert(&token.text);
            }
            Some(token) if token.is(")") => {
                let open = (0..before).rev().find(|open| closing(&self.tokens, *open) == Some(before));
                if let Some(open) = open {
                    self.parameters(open, found);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names that are used and not declared.
    fn free(text: &str) -> Vec<String> {
        let piece = Piece { code: &code(text), tokens: tokens(text), is_script: true };
        let declared = piece.declarations();
        let free = piece.references().into_iter().filter(|found| !declared.contains(found.name));
        free.map(|found| found.name.to_owned()).collect()
    }

    fn code(text: &str) -> Code {
        let position = crate::outline::Position { file: "".into(), line: 1, column: 1 };
        Code { text: text.to_owned(), position, place: crate::xml::Place::default() }
    }

    #[test]
    fn properties_and_keys_are_no_references() {
        assert_eq!(free("a.b?.c + { d: e, f }.g"), ["a", "e", "f"]);
        assert_eq!(free("x ? y : z"), ["x", "y", "z"]);
        assert_eq!(free("typeof u === 'undefined'"), Vec::<String>::new());
        assert_eq!(free("({ m(p) { return p + q } })"), ["q"]);
        assert_eq!(
            free(
                "class A { constructor(w) { this.w = w } area() { return w } static *all(n) { yield n + o } }"
            ),
            ["o"]
        );
        assert_eq!(
            free("outer: for (;;) { break outer; } f(a); inner: while (b) continue inner"),
            ["f", "a", "b"]
        );
        assert_eq!(free("x = a ? b : c; y = 1_000"), ["x", "a", "b", "c", "y"]);
    }

    #[test]
    fn what_code_declares_is_no_free_name() {
        assert_eq!(free("function f(a, b) { var c = a, d; return c + d + e }"), ["e"]);
        assert_eq!(free("list.map(x => x + y).filter((v, i) => v > i)"), ["list", "y"]);
        assert_eq!(free("for (var k in o) { k }\ntry { t() } catch (e) { e }"), ["o", "t"]);
        assert_eq!(free("var { p, q: r } = s; p + r"), ["s"]);
    }

    #[test]
    fn assignments_are_told_from_comparisons() {
        let text = "a = 1; b === 2; c += 1; d <= e";
        let piece = Piece { code: &code(text), tokens: tokens(text), is_script: true };
        let assigned: Vec<&str> = piece
            .references()
            .into_iter()
            .filter(|found| found.is_assigned)
            .map(|found| found.name)
            .collect();
        assert_eq!(assigned, ["a", "c"]);
    }
}
