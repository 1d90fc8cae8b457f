//! The functions that expressions become.
//!
//! Every expression becomes a function over the scope of a session: `with` makes the scope's properties its names, and an inner
//! strict function makes the assignment of an undeclared name an error instead of a shared global.

use rquickjs::{Ctx, Function, Object};

use super::declarations::DeclaredFunction;
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
        ExpressionKind::Script { functions, .. } => ("", script(source, functions)),
        ExpressionKind::Value | ExpressionKind::Literal(_) | ExpressionKind::Broken { .. } => {
            ("", format!("return (\n{source}\n)"))
        }
    };
    format!(
        "(function({SCOPE},{VALUE}){{with({SCOPE}){{return (function({parameters}){{{strict}{body}}}).call({SCOPE},{VALUE})}}}})"
    )
}

/// Whether the text of a function is this one, as the script engine has it: nothing of the text is outside of the function.
///
/// The text is asked of the built-in function, which no script can change in a context of charts.
pub(crate) fn is_whole<'js>(
    context: &Ctx<'js>,
    function: &Function<'js>,
    expected: &str,
) -> rquickjs::Result<bool> {
    let built_in: Object<'js> = context.globals().get("Function")?;
    let prototype: Object<'js> = built_in.get("prototype")?;
    let text_of: Function<'js> = prototype.get("toString")?;
    let text: String = text_of.call((rquickjs::function::This(function.clone()),))?;
    Ok(text == expected)
}

/// A function becomes a property of the scope and has its name from there: it has no binding of its own that would hide what is
/// assigned to the name.
fn script(body: &str, functions: &[DeclaredFunction]) -> String {
    let declared: String = functions
        .iter()
        .map(|DeclaredFunction { name, text }| format!("{SCOPE}.{name}=({{{name}:{text}}}).{name};"))
        .collect();
    format!("{declared}\n{body}\n;")
}
