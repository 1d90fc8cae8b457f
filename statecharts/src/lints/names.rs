//! Names of variables, functions, options, states and delayed events.

use std::collections::BTreeSet;

use rquickjs::{Context, Runtime};

use super::code::{Function, Piece, Program};
use super::tokens::Kind;
use super::{
    BAD_DELAY, Findings, Host, KnownOption, UNDECLARED_NAME, UNKNOWN_OPTION, UNKNOWN_SEND, UNKNOWN_STATE,
    UNUSED_DATA, UNUSED_FUNCTION, did_you_mean, nearest,
};
use crate::Chart;
use crate::chart::{ExpressionKind, ModelKind};
use crate::duration::parse_duration;
use crate::ecmascript::RESERVED;
use crate::outline::Outline;

/// Functions that every session has (ORS reference: helpers of generated charts), and the object of the designer.
pub(super) const NATIVES: &[&str] =
    &["uneval", "__Log", "__Raise", "__GetCurrentStates", "__GetDocumentURL", "undefined", "NaN", "Infinity"];

pub(super) fn check(
    chart: &Chart,
    outline: &Outline,
    program: &Program<'_>,
    host: &Host,
    findings: &mut Findings<'_>,
) {
    delays(outline, findings);
    sends(outline, findings);
    states(outline, program, findings);
    if chart.model == ModelKind::EcmaScript {
        undeclared(chart, outline, program, findings);
        unused(chart, outline, program, findings);
        options(outline, program, host, findings);
    }
}

fn delays(outline: &Outline, findings: &mut Findings<'_>) {
    for (_, send) in outline.delayed_sends() {
        let Some(delay) = send.attribute("delayexpr") else { continue };
        let text = delay.text.trim();
        let constant = match crate::load::unquote(text) {
            Some(constant) => constant,
            None if text.parse::<f64>().is_ok_and(|number| number != 0.0) => text,
            None => continue,
        };
        if parse_duration(constant).is_none() {
            findings.add(BAD_DELAY, delay.place, format!("`{constant}` is no time"));
        }
    }
}

fn sends(outline: &Outline, findings: &mut Findings<'_>) {
    let ids: BTreeSet<&str> = outline
        .actions()
        .filter(|(_, action)| action.is("send"))
        .filter_map(|(_, send)| send.literal(&["id", "sendid"]))
        .collect();
    for (_, cancel) in outline.actions().filter(|(_, action)| action.is("cancel")) {
        let given = cancel.attribute("sendid").or_else(|| cancel.attribute("id"));
        let Some(id) = cancel.literal(&["sendid", "id"]) else { continue };
        let is_expression = id.starts_with(['\'', '"']);
        if !is_expression && !ids.contains(id) {
            let near = nearest(id, ids.iter().copied());
            let place = given.map_or(cancel.place, |given| given.place);
            findings.add(UNKNOWN_SEND, place, format!("no <send> has the id `{id}`{}", did_you_mean(near)));
        }
    }
}

fn states(outline: &Outline, program: &Program<'_>, findings: &mut Findings<'_>) {
    for piece in &program.pieces {
        for window in piece.tokens.windows(4) {
            let [name, open, id, close] = window else { continue };
            let asks = name.kind == Kind::Word
                && name.text == "In"
                && open.is("(")
                && id.kind == Kind::Text
                && close.is(")");
            if asks && outline.state(&id.text).is_none() {
                let near = nearest(&id.text, outline.states.iter().map(|state| &*state.id));
                let place = outline.place_inside(piece.code, id.index);
                findings.add(
                    UNKNOWN_STATE,
                    place,
                    format!("there is no state `{}`{}", id.text, did_you_mean(near)),
                );
            }
        }
    }
}

/// Names that the script engine itself knows.
fn globals() -> BTreeSet<String> {
    let names = || -> rquickjs::Result<Vec<String>> {
        let context = Context::full(&Runtime::new()?)?;
        context.with(|context| context.eval::<Vec<String>, _>("Object.getOwnPropertyNames(globalThis)"))
    };
    names().unwrap_or_default().into_iter().collect()
}

fn undeclared(chart: &Chart, outline: &Outline, program: &Program<'_>, findings: &mut Findings<'_>) {
    let mut known = globals();
    known.extend(RESERVED.iter().chain(NATIVES).map(|name| (*name).to_owned()));
    known.extend(chart.modules.constants.iter().map(|(name, _)| name.clone()));
    known.extend(program.declared.iter().map(|name| (*name).to_owned()));
    for expression in &chart.expressions {
        if let ExpressionKind::Script { names, functions } = &expression.kind {
            known.extend(names.iter().chain(functions.iter().map(|function| &function.name)).cloned());
        }
    }
    for piece in &program.pieces {
        // The designer of ORS keeps its variables in one object, which bare names are looked up in.
        if piece.tokens.len() == 1 && program.declared.contains("system") {
            continue;
        }
        let local = piece.declarations();
        let mut told = BTreeSet::new();
        for found in piece.references() {
            if known.contains(found.name) || local.contains(found.name) || !told.insert(found.name) {
                continue;
            }
            let declared = program
                .declared
                .iter()
                .copied()
                .chain(program.functions.iter().map(|function| function.name.as_str()));
            let near = did_you_mean(nearest(found.name, declared.chain(local.iter().copied())));
            let what = if found.is_assigned { "gets a value" } else { "is used" };
            let index = piece.tokens.get(found.at).map_or(0, |token| token.index);
            let place = outline.place_inside(piece.code, index);
            findings.add(
                UNDECLARED_NAME,
                place,
                format!("`{}` {what} and is never declared{near}", found.name),
            );
        }
    }
}

fn unused(chart: &Chart, outline: &Outline, program: &Program<'_>, findings: &mut Findings<'_>) {
    let declarations: BTreeSet<(usize, usize)> =
        program.functions.iter().map(|function| (function.piece, function.at)).collect();
    let mut used = BTreeSet::new();
    for (number, piece) in program.pieces.iter().enumerate() {
        let tokens = piece.tokens.iter().enumerate().filter(|(at, _)| !declarations.contains(&(number, *at)));
        used.extend(
            tokens
                .filter(|(_, token)| matches!(token.kind, Kind::Word | Kind::Text))
                .map(|(_, token)| token.text.as_str()),
        );
    }
    // A place that receives a request id is a use, too.
    let receives: BTreeSet<&str> = outline
        .actions()
        .flat_map(|(_, action)| &action.attributes)
        .map(|attribute| attribute.value.text.trim())
        .collect();
    let is_of_chart = |code: &crate::outline::Position| *code.file == *chart.file();
    for data in outline.data.iter().filter(|data| !data.is_parameter && is_of_chart(&data.position)) {
        let id = data.id.as_str();
        if !used.contains(id) && !receives.contains(id) {
            findings.add(UNUSED_DATA, data.place, format!("`{id}` is never used"));
        }
    }
    for function in &program.functions {
        let Some(piece) = program.pieces.get(function.piece) else { continue };
        if is_of_chart(&piece.code.position) && !used.contains(function.name.as_str()) {
            let place = place_of(outline, piece, function.at);
            findings.add(UNUSED_FUNCTION, place, format!("`{}` is never called", function.name));
        }
    }
}

fn place_of(outline: &Outline, piece: &Piece<'_>, at: usize) -> crate::xml::Place {
    outline.place_inside(piece.code, piece.tokens.get(at).map_or(0, |token| token.index))
}

/// Options are read as `_options.name`, `_options['name']`, or by a function that gets the name and does so.
fn options(outline: &Outline, program: &Program<'_>, host: &Host, findings: &mut Findings<'_>) {
    let readers = readers(program, host);
    for piece in &program.pieces {
        for (at, token) in piece.tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Word) {
            let next = |ahead: usize| piece.tokens.get(at + ahead);
            let (Some(first), Some(second)) = (next(1), next(2)) else { continue };
            let is_property = token.text == host.options && first.is(".") && second.kind == Kind::Word;
            let is_index = token.text == host.options && first.is("[") && second.kind == Kind::Text;
            let is_call = first.is("(") && second.kind == Kind::Text && readers.contains(token.text.as_str());
            if (is_property || is_index || is_call) && second.text.starts_with('_') {
                let place = place_of(outline, piece, at + 2);
                unknown_option(outline, host, &second.text, place, findings);
            }
        }
    }
}

fn unknown_option(
    outline: &Outline,
    host: &Host,
    name: &str,
    place: crate::xml::Place,
    findings: &mut Findings<'_>,
) {
    let declared = || outline.data.iter().filter(|data| data.is_parameter).map(|data| data.id.as_str());
    if declared().any(|known| known == name) {
        return;
    }
    if let KnownOption::No(near) = (host.option)(name) {
        let near = near.or_else(|| nearest(name, declared()).map(str::to_owned));
        let message = format!("there is no option `{name}`{}", did_you_mean(near.as_deref()));
        findings.add(UNKNOWN_OPTION, place, message);
    }
}

/// The functions whose first parameter is the name of an option.
fn readers<'p>(program: &'p Program<'_>, host: &Host) -> BTreeSet<&'p str> {
    let mut readers: BTreeSet<&str> = BTreeSet::new();
    loop {
        let before = readers.len();
        for function in &program.functions {
            if reads(program, function, host, &readers) {
                readers.insert(&function.name);
            }
        }
        if readers.len() == before {
            return readers;
        }
    }
}

fn reads(program: &Program<'_>, function: &Function, host: &Host, readers: &BTreeSet<&str>) -> bool {
    let Some(name) = function.parameters.first() else { return false };
    let body = program.pieces.get(function.piece).and_then(|piece| piece.tokens.get(function.body.clone()));
    body.unwrap_or_default().windows(3).any(|window| {
        let [object, open, key] = window else { return false };
        let is_reader = (object.text == host.options && open.is("["))
            || (readers.contains(object.text.as_str()) && open.is("("));
        object.kind == Kind::Word && is_reader && key.kind == Kind::Word && key.text == *name
    })
}
