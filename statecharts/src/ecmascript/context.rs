//! The context of one chart in one worker: built-ins, compiled expressions, and the functions of the bootstrap script.

use std::rc::Rc;
use std::sync::Arc;

use rquickjs::context::EvalOptions;
use rquickjs::{Array, CatchResultExt, Context, Ctx, Exception, Function, Object, Persistent, Runtime};
use serde_json::{Map, Value};

use super::meter::Meter;
use super::natives::{Bridge, functions, natives};
use super::wrap::{is_whole, wrap};
use super::writer::{Known, identity};
use crate::chart::ExpressionIx;
use crate::{Chart, Failure, Limits};

const BOOTSTRAP: &str = include_str!("bootstrap.js");

type Kept<T> = Persistent<T>;

/// A context with everything that was compiled in it.
///
/// The order of the fields is the order in which they are dropped: nothing may outlive the context.
pub(crate) struct ChartContext {
    /// Functions over a scope, by expression.
    compiled: Vec<Option<Kept<Function<'static>>>>,
    helpers: Helpers,
    pub(crate) bridge: Rc<Bridge>,
    context: Context,
}

/// Functions of the bootstrap script.
pub(crate) struct Helpers {
    pub(crate) enter: Kept<Function<'static>>,
    pub(crate) forget_event: Kept<Function<'static>>,
    pub(crate) create: Kept<Function<'static>>,
    pub(crate) declare: Kept<Function<'static>>,
    pub(crate) assign_name: Kept<Function<'static>>,
    pub(crate) list: Kept<Function<'static>>,
    pub(crate) pack: Kept<Function<'static>>,
    pub(crate) unpack: Kept<Function<'static>>,
    pub(crate) revive: Kept<Function<'static>>,
    pub(crate) declared_at: Kept<Function<'static>>,
    pub(crate) assign_shared: Kept<Function<'static>>,
    pub(crate) layer_of: Kept<Function<'static>>,
    /// Identities of the prototypes of plain objects and arrays.
    pub(crate) prototypes: [u64; 2],
    /// Identities of the prototypes of maps and sets.
    pub(crate) collections: [u64; 2],
}

/// The parts of a context that a step uses.
pub(crate) struct Parts<'a> {
    pub(crate) compiled: &'a mut Vec<Option<Kept<Function<'static>>>>,
    pub(crate) helpers: &'a Helpers,
    pub(crate) bridge: &'a Rc<Bridge>,
}

impl ChartContext {
    /// A context for a chart.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub(crate) fn new(
        runtime: &Runtime,
        chart: &Arc<Chart>,
        limits: &Limits,
        meter: &Rc<Meter>,
    ) -> Result<Self, Failure> {
        let context = Context::full(runtime).map_err(|error| failure(error.to_string()))?;
        let bridge = Rc::new(Bridge::new(Arc::clone(chart), limits, meter));
        let helpers = context
            .with(|context| {
                meter.heap().watch(&context, limits.stack);
                helpers(&context, &bridge).catch(&context).map_err(|error| error.to_string())
            })
            .map_err(failure)?;
        Ok(Self { compiled: Vec::new(), helpers, bridge, context })
    }

    /// Runs something in the context.
    pub(crate) fn with<R>(&mut self, run: impl FnOnce(Ctx<'_>, Parts<'_>) -> R) -> R {
        let parts = Parts { compiled: &mut self.compiled, helpers: &self.helpers, bridge: &self.bridge };
        self.context.with(|context| run(context, parts))
    }
}

fn failure(message: String) -> Failure {
    Failure::Data { tried: "set up".to_owned(), message }
}

fn options(name: String) -> EvalOptions {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(name);
    options
}

fn helpers(context: &Ctx<'_>, bridge: &Rc<Bridge>) -> rquickjs::Result<Helpers> {
    let bootstrap: Function<'_> = context.eval_with_options(BOOTSTRAP, options("bootstrap".to_owned()))?;
    let constants: Map<String, Value> = bridge.chart.modules.constants.iter().cloned().collect();
    let given: Array<'_> = bootstrap.call((
        natives(context, bridge)?,
        Value::Object(constants).to_string(),
        functions(context, bridge)?,
        serde_json::json!(bridge.chart.functions).to_string(),
    ))?;
    let keep = |index: usize| -> rquickjs::Result<Kept<Function<'static>>> {
        Ok(Persistent::save(context, given.get::<Function<'_>>(index)?))
    };
    Ok(Helpers {
        enter: keep(0)?,
        forget_event: keep(1)?,
        create: keep(2)?,
        declare: keep(3)?,
        assign_name: keep(4)?,
        list: keep(5)?,
        pack: keep(6)?,
        unpack: keep(7)?,
        revive: keep(9)?,
        declared_at: keep(10)?,
        assign_shared: keep(15)?,
        layer_of: keep(16)?,
        prototypes: [identity(&given.get(11)?), identity(&given.get(12)?)],
        collections: [identity(&given.get(13)?), identity(&given.get(14)?)],
    })
}

impl Parts<'_> {
    /// The function of an expression, compiled when it is first needed.
    pub(crate) fn function<'js>(
        &mut self,
        context: &Ctx<'js>,
        chart: &Chart,
        expression: ExpressionIx,
    ) -> rquickjs::Result<Function<'js>> {
        let index = expression as usize;
        if self.compiled.len() <= index {
            self.compiled.resize_with(chart.expressions.len().max(index + 1), || None);
        }
        if let Some(Some(known)) = self.compiled.get(index) {
            return known.clone().restore(context);
        }
        let source = chart.expression(expression);
        let text = wrap(&source.kind, &source.source, source.is_sloppy);
        let made: Function<'js> =
            context.eval_with_options(text.as_str(), options(chart.place_of(expression)))?;
        // It was checked when the chart was loaded; what is more than a function would be shared by the sessions of the chart.
        if !is_whole(context, &made, text.get(1..text.len() - 1).unwrap_or_default())? {
            return Err(Exception::throw_syntax(context, "this leaves the function that it is put into"));
        }
        if let Some(place) = self.compiled.get_mut(index) {
            *place = Some(Persistent::save(context, made.clone()));
        }
        Ok(made)
    }

    /// A function of the bootstrap script.
    pub(crate) fn helper<'js>(
        &self,
        context: &Ctx<'js>,
        helper: impl Fn(&Helpers) -> &Kept<Function<'static>>,
    ) -> rquickjs::Result<Function<'js>> {
        helper(self.helpers).clone().restore(context)
    }

    /// An empty scope, or the one that was written as text.
    pub(crate) fn scope<'js>(
        &self,
        context: &Ctx<'js>,
        text: Option<&str>,
    ) -> rquickjs::Result<(Object<'js>, Option<Box<Known>>)> {
        let Some(text) = text else {
            return Ok((self.helper(context, |helpers| &helpers.create)?.call(())?, None));
        };
        let made: Array<'js> = self.helper(context, |helpers| &helpers.unpack)?.call((text,))?;
        Ok((made.get(0)?, Known::of(context, made.get(1)?)?))
    }
}
