//! The functions that expressions become.
//!
//! Every expression becomes a function over the scope of a session: `with` makes the scope's properties its names, and an inner
//! strict function makes the assignment of an undeclared name an error instead of a shared global.

use crate::chart::ExpressionKind;

/// Name of the parameter that is the scope.
const SCOPE: &str = "__scope__";
/// Name of the parameter that is the value to assign.
const VALUE: &str = "__value__";

/// Source of the function; the expression begins in its second line.
pub(crate) fn wrap(kind: &ExpressionKind, source: &str, is_sloppy: bool) -> String {
    let strict = if is_sloppy { "" } else { "'use strict';" };
    let (parameters, body) = match kind {
        ExpressionKind::Condition => ("", format!("return !!(\n{source}\n)")),
        ExpressionKind::Assign { location } => ("", format!("return (\n{location}\n)=(\n{source}\n)")),
        ExpressionKind::Location => (VALUE, format!("return (\n{source}\n)={VALUE}")),
        ExpressionKind::Script { functions, classes, .. } => ("", script(source, functions, classes)),
        ExpressionKind::Value | ExpressionKind::Literal(_) | ExpressionKind::Broken { .. } => {
            ("", format!("return (\n{source}\n)"))
        }
    };
    format!(
        "(function({SCOPE},{VALUE}){{with({SCOPE}){{return (function({parameters}){{{strict}{body}}}).call({SCOPE},{VALUE})}}}})"
    )
}

fn script(body: &str, functions: &[String], classes: &[String]) -> String {
    let copy =
        |names: &[String]| -> String { names.iter().map(|name| format!("{SCOPE}.{name}={name};")).collect() };
    format!("{}\n{body}\n;{}", copy(functions), copy(classes))
}
