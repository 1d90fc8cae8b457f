//! Checks what expressions become, without running any of it.
//!
//! Counting brackets is not enough to keep a text inside the function that it is put into: what is a comment, a regular expression
//! or a division is decided by the grammar. So the script engine itself says where the function ends.
//!
//! Invariant: nothing of a chart runs here, and what is accepted is one function whose text is the whole of what was wrapped.

use rquickjs::context::EvalOptions;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Function, Object, Runtime, Value as JsValue};

use super::wrap::is_whole;

/// Heap for checking one chart.
const MEMORY_MAX: usize = 256 * 1024 * 1024;
/// How often the engine may ask whether to go on while one chart is checked; it asks after 10,000 calls or backward jumps. Nothing runs
/// here that could make it ask, but for the entry of each text that is checked.
const QUESTIONS_MAX: u32 = 1000;
/// Name of the function while it is checked.
const NAME: &str = "__checked__";

/// A script engine that parses and never runs.
pub(crate) struct Syntax {
    context: Context,
}

/// Why a text is refused.
pub(crate) struct Refused {
    /// Where the engine found it: `… :line:column` in its first line.
    pub(crate) stack: Option<String>,
    pub(crate) message: String,
}

impl Refused {
    fn whole(message: impl Into<String>) -> Self {
        Self { stack: None, message: message.into() }
    }
}

impl Syntax {
    /// An engine for one chart.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub(crate) fn new() -> rquickjs::Result<Self> {
        let runtime = Runtime::new()?;
        runtime.set_memory_limit(MEMORY_MAX);
        let mut questions = 0;
        runtime.set_interrupt_handler(Some(Box::new(move || {
            questions += 1;
            questions > QUESTIONS_MAX
        })));
        Ok(Self { context: Context::full(&runtime)? })
    }

    /// Checks a text that [`wrap`](super::wrap::wrap) made.
    ///
    /// # Errors
    /// When it is no script, or when it is more or less than one function.
    pub(crate) fn check(&self, wrapped: &str) -> Result<(), Refused> {
        self.context.with(|context| check(&context, wrapped))
    }
}

fn check(context: &Ctx<'_>, wrapped: &str) -> Result<(), Refused> {
    let function = wrapped.strip_prefix("(function").and_then(|rest| rest.strip_suffix(')'));
    let Some(function) = function else {
        return Err(Refused::whole("it is no function"));
    };
    // Declarations of functions are carried out before the first statement of a script, which ends it: whatever stands behind the
    // function is parsed and never reached.
    let text = format!("throw null;function {NAME}{function}");
    let mut options = EvalOptions::default();
    options.strict = false;
    let global = context.globals();
    match context.eval_with_options::<JsValue<'_>, _>(text, options).catch(context) {
        Err(CaughtError::Value(thrown)) if thrown.is_null() => {}
        Err(CaughtError::Exception(exception)) => {
            let message = exception.message().unwrap_or_default();
            return Err(Refused { stack: exception.stack(), message });
        }
        Err(other) => return Err(Refused::whole(other.to_string())),
        Ok(_) => return Err(Refused::whole("it leaves the function that it is put into")),
    }
    let outcome = is_one_function(context, &global, function);
    match outcome.catch(context) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Refused::whole("it leaves the function that it is put into")),
        Err(error) => Err(Refused::whole(error.to_string())),
    }
}

fn is_one_function<'js>(context: &Ctx<'js>, global: &Object<'js>, function: &str) -> rquickjs::Result<bool> {
    let made: Function<'js> = global.get(NAME)?;
    is_whole(context, &made, &format!("function {NAME}{function}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::ExpressionKind;
    use crate::ecmascript::declarations::{check_brackets, declarations};
    use crate::ecmascript::wrap::wrap;

    /// Pieces of which texts that break out are made; `escaped()` tells that one did.
    const PIECES: &[&str] = &[
        "{}",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "/",
        "/",
        "/",
        "//",
        "/*",
        "*/",
        "<!--",
        "-->",
        "\n",
        "\r",
        "\u{2028}",
        "\u{2029}",
        "'",
        "\"",
        "`",
        "${",
        "\\",
        "1",
        "a",
        " ",
        " ",
        ",",
        ";",
        "=>",
        ":",
        "?",
        "=",
        "+",
        "function f() ",
        "class A ",
        "return ",
        "if (a) ",
        "else ",
        "async ",
        "static ",
        "escaped()",
        "escaped()",
        "(function(){escaped()})()",
        ")}).call(1)}})",
        "}).call(1)}})",
        ")",
        "(function(){with({}){return (function(){",
        "(function(){with({}){return (function(){return (1",
    ];

    fn soup(seed: &mut u64) -> String {
        let mut next = |below: usize| {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(*seed >> 33).unwrap() % below
        };
        let length = 1 + next(12);
        (0..length).map(|_| PIECES[next(PIECES.len())]).collect()
    }

    /// Texts that leave their function, but for the counting of brackets.
    const OUT: &[&str] = &[
        "{} / 1)}).call(1)}}), escaped(), (function(){with({}){return (function(){return (1 /1",
        "1 // \u{2028})}).call(1)}}), escaped(), (function(){with({}){return (function(){return (1",
        "1 // \r)}).call(1)}}), escaped(), (function(){with({}){return (function(){return (1",
        "1 <!-- ({{({\n)}).call(1)}}), escaped(), (function(){with({}){return (function(){return (1",
        "1)}).call(1)}}); let a = 1; (function(){with({}){return (function(){return (1",
        "1)}).call(1)}}); function __checked__() {} (function(){with({}){return (function(){return (1",
    ];

    /// Whether making the function ran anything of the text, and whether what was made is all of it.
    fn outcome(wrapped: &str) -> (bool, bool) {
        let context = Context::full(&Runtime::new().unwrap()).unwrap();
        context.with(|context| {
            let mut options = EvalOptions::default();
            options.strict = false;
            context.eval::<(), _>("var seen = false; function escaped() { seen = true }").unwrap();
            let made: Result<Function<'_>, _> = context.eval_with_options(wrapped, options);
            let is_whole = made.is_ok_and(|made| {
                is_whole(&context, &made, wrapped.get(1..wrapped.len() - 1).unwrap()).unwrap()
            });
            (context.globals().get("seen").unwrap(), is_whole)
        })
    }

    #[test]
    fn a_text_that_leaves_its_function_is_refused_without_running() {
        let syntax = Syntax::new().unwrap();
        for source in OUT {
            let wrapped = wrap(&ExpressionKind::Value, source, false);
            assert!(syntax.check(&wrapped).is_err(), "{source}");
            assert!(!outcome(&wrapped).1, "{source}");
            assert!(check_brackets(source).is_err(), "{source}");
        }
        let endless =
            "1)}).call(1)}}), (function(){ for(;;); })(), (function(){with({}){return (function(){return (1";
        assert!(syntax.check(&wrap(&ExpressionKind::Value, endless, false)).is_err());
    }

    #[test]
    fn a_soup_of_tokens_never_leaves_its_function() {
        let syntax = Syntax::new().unwrap();
        let (mut seed, mut taken, mut leaving) = (7, 0, 0);
        for _ in 0..20_000 {
            let source = soup(&mut seed);
            let value = (source.clone(), ExpressionKind::Value);
            let (script, functions) = declarations(&source)
                .map_or_else(|_| (source.clone(), Vec::new()), |found| (found.body, found.functions));
            let script = (script, ExpressionKind::Script { names: Vec::new(), functions });
            for (source, kind) in [value, script] {
                let wrapped = wrap(&kind, &source, false);
                if syntax.check(&wrapped).is_ok() {
                    taken += 1;
                    assert_eq!(outcome(&wrapped), (false, true), "{source:?}");
                } else {
                    leaving += 1;
                }
            }
        }
        assert!(taken > 100 && leaving > 100, "{taken} {leaving}");
    }
}
