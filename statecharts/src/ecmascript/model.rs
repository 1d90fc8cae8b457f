//! The data model as the algorithm sees it.

use std::rc::Rc;

use rquickjs::context::EvalOptions;
use rquickjs::function::IntoArgs;
use rquickjs::{Array, CatchResultExt, CaughtError, Ctx, FromJs, Function, Object, Value as JsValue};
use serde_json::Value;

use super::context::Parts;
use super::declarations::check_brackets;
use super::meter::Meter;
use super::syntax::Syntax;
use super::values::{to_json, to_script};
use super::wrap::wrap;
use super::writer::length_of;
use crate::chart::{DataValue, ExpressionIx, ExpressionKind, Foreach, Inline};
use crate::model::{Fault, Model};
use crate::{Chart, Failure, Limits, SharedStart, weight};

/// Scripts of one session while a step runs.
pub(crate) struct ScriptModel<'js, 'w> {
    pub(crate) context: Ctx<'js>,
    pub(crate) scope: Object<'js>,
    pub(crate) chart: &'w Chart,
    pub(crate) parts: Parts<'w>,
    pub(crate) meter: Rc<Meter>,
    pub(crate) limits: &'w Limits,
    pub(crate) iterations: Vec<Array<'js>>,
    /// Whether a script has run, so that the written form of the scope is no longer true.
    pub(crate) is_changed: bool,
    /// Whether the engine may be left in disorder, or holding much: the scripts were stopped.
    pub(crate) is_disordered: bool,
}

impl<'js> ScriptModel<'js, '_> {
    /// Calls the function of an expression.
    fn call<R: FromJs<'js>>(
        &mut self,
        expression: ExpressionIx,
        value: Option<JsValue<'js>>,
    ) -> Result<R, Fault> {
        if let ExpressionKind::Broken { message } = &self.chart.expression(expression).kind {
            return Err(self.fault_at(expression, message.clone()));
        }
        self.is_changed = true;
        let function = self.parts.function(&self.context, self.chart, expression);
        let result = match (function, value) {
            (Ok(function), None) => function.call::<_, R>((self.scope.clone(),)),
            (Ok(function), Some(value)) => function.call::<_, R>((self.scope.clone(), value)),
            (Err(error), _) => Err(error),
        };
        let result = self.checked(result, Some(expression));
        // Also after an error: what is left would run in the step of another session.
        self.run_jobs(Some(expression))?;
        result
    }

    /// Promises of a script are kept within the step that made them.
    pub(crate) fn run_jobs(&mut self, expression: Option<ExpressionIx>) -> Result<(), Fault> {
        while !self.meter.is_breached() && self.context.execute_pending_job() {}
        match self.breach(expression) {
            Some(failure) => Err(failure.into()),
            None => Ok(()),
        }
    }

    /// Why the session is over, if it hit a limit.
    fn breach(&mut self, expression: Option<ExpressionIx>) -> Option<Failure> {
        let measured = self.meter.failure(self.limits, || self.place(expression));
        self.is_disordered |= measured.is_some();
        // A script may go on for a while after a function of the host refused it.
        self.parts.bridge.host().and_then(|host| host.failure.take()).or(measured)
    }

    fn helper<A: IntoArgs<'js>, R: FromJs<'js>>(
        &mut self,
        function: rquickjs::Result<Function<'js>>,
        arguments: A,
        expression: Option<ExpressionIx>,
    ) -> Result<R, Fault> {
        self.is_changed = true;
        let result = function.and_then(|function| function.call::<A, R>(arguments));
        self.checked(result, expression)
    }

    fn checked<R>(
        &mut self,
        result: rquickjs::Result<R>,
        expression: Option<ExpressionIx>,
    ) -> Result<R, Fault> {
        let result = result.catch(&self.context);
        if let Some(failure) = self.breach(expression) {
            return Err(failure.into());
        }
        let error = match result {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let message = describe(&error);
        if message == STACK_EXCEEDED
            && let Some(host) = self.parts.bridge.host()
        {
            host.is_stack_exceeded.set(true);
        }
        Err(match expression {
            Some(expression) => self.fault_at(expression, message),
            None => Fault::execution(message),
        })
    }

    fn fault_at(&self, expression: ExpressionIx, message: String) -> Fault {
        Fault::Raise {
            name: "error.execution",
            message,
            expression: Some(expression),
            sendid: None,
            detail: None,
        }
    }

    fn place(&self, expression: Option<ExpressionIx>) -> String {
        expression.map_or_else(|| self.chart.file().to_owned(), |expression| self.chart.place_of(expression))
    }

    fn script_value(&mut self, value: &Value) -> Result<JsValue<'js>, Fault> {
        let made = to_script(&self.context, value);
        let made = self.checked(made, None)?;
        if crate::inline::has_markup(value) {
            let revive = self.parts.helper(&self.context, |helpers| &helpers.revive);
            return self.helper(revive, (made,), None);
        }
        Ok(made)
    }
}

/// What went wrong, in one line.
pub(crate) fn describe(error: &CaughtError<'_>) -> String {
    match error {
        CaughtError::Exception(exception) => {
            let name: String = exception.as_object().get("name").unwrap_or_default();
            let message = exception.message().unwrap_or_default();
            if name.is_empty() { message } else { format!("{name}: {message}") }
        }
        CaughtError::Value(value) => value
            .as_string()
            .and_then(|text| text.to_string().ok())
            .unwrap_or_else(|| format!("a {} was thrown", value.type_name())),
        CaughtError::Error(error) => error.to_string(),
    }
}

/// What the engine throws when scripts recurse too deeply.
pub(crate) const STACK_EXCEEDED: &str = "RangeError: Maximum call stack size exceeded";

impl Model for ScriptModel<'_, '_> {
    fn condition(&mut self, expression: ExpressionIx) -> Result<bool, Fault> {
        self.call(expression, None)
    }

    fn value(&mut self, expression: ExpressionIx) -> Result<Option<Value>, Fault> {
        if let ExpressionKind::Literal(value) = &self.chart.expression(expression).kind {
            return Ok(Some(value.clone()));
        }
        let value: JsValue<'_> = self.call(expression, None)?;
        let value = to_json(&self.context, &value);
        let value = self.checked(value, Some(expression))?;
        // Reading a value runs its getters and `toJSON`.
        self.run_jobs(Some(expression))?;
        if let (Some(value), Some(host)) = (&value, self.parts.bridge.host()) {
            host.take_value(weight::of_value(value), self.limits)?;
        }
        Ok(value)
    }

    fn assign(&mut self, expression: ExpressionIx) -> Result<(), Fault> {
        let _assigned: JsValue<'_> = self.call(expression, None)?;
        Ok(())
    }

    fn assign_value(&mut self, location: ExpressionIx, value: &Value) -> Result<(), Fault> {
        let value = self.script_value(value)?;
        let _assigned: JsValue<'_> = self.call(location, Some(value))?;
        Ok(())
    }

    fn assign_inline(&mut self, location: ExpressionIx, value: &Inline) -> Result<(), Fault> {
        self.assign_value(location, &crate::inline::value(value))
    }

    fn assign_name(&mut self, name: &str, value: &Value) -> Result<(), Fault> {
        let value = self.script_value(value)?;
        let assign = self.parts.helper(&self.context, |helpers| &helpers.assign_name);
        self.helper(assign, (self.scope.clone(), name, value), None)
    }

    fn assign_shared(&mut self, name: &str, shared: &SharedStart) -> Result<(), Fault> {
        let own = self.script_value(&Value::Object(shared.own.clone()))?;
        let assign = self.parts.helper(&self.context, |helpers| &helpers.assign_shared);
        let (hash, without) = (shared.value.hash(), shared.without.clone());
        self.helper(assign, (self.scope.clone(), name, own, hash, without), None)
    }

    fn declare(&mut self, name: &str) -> Result<(), Fault> {
        let declare = self.parts.helper(&self.context, |helpers| &helpers.declare);
        self.helper(declare, (self.scope.clone(), name), None)
    }

    fn initialise(&mut self, name: &str, value: &DataValue) -> Result<(), Fault> {
        let value = match value {
            DataValue::None => return Ok(()),
            DataValue::Expression(expression) => match &self.chart.expression(*expression).kind {
                ExpressionKind::Literal(value) => self.script_value(value)?,
                _ => self.call(*expression, None)?,
            },
            DataValue::Inline(inline) => self.script_value(&crate::inline::value(inline))?,
        };
        self.is_changed = true;
        let result = self.scope.set(name, value);
        self.checked(result, None)
    }

    fn run(&mut self, script: ExpressionIx) -> Result<(), Fault> {
        let chart = self.chart;
        if let ExpressionKind::Script { names, .. } = &chart.expression(script).kind {
            for name in names {
                self.declare(name)?;
            }
        }
        let _result: JsValue<'_> = self.call(script, None)?;
        Ok(())
    }

    fn open_iteration(&mut self, foreach: &Foreach) -> Result<usize, Fault> {
        let value: JsValue<'_> = match &self.chart.expression(foreach.array).kind {
            ExpressionKind::Literal(value) => self.script_value(value)?,
            _ => self.call(foreach.array, None)?,
        };
        let list = self.parts.helper(&self.context, |helpers| &helpers.list);
        let list: Array<'_> = self.helper(list, (value,), Some(foreach.array))?;
        let length = self.checked(length_of(&list), Some(foreach.array))?;
        //= scxml: 4.6 a new variable is declared if there is none of that name
        self.declare(&foreach.item)?;
        if let Some(index) = &foreach.index {
            self.declare(index)?;
        }
        self.iterations.push(list);
        Ok(length)
    }

    fn iterate(&mut self, foreach: &Foreach, index: usize) -> Result<(), Fault> {
        if self.meter.count_iteration()
            && let Some(failure) = self.breach(Some(foreach.array))
        {
            return Err(failure.into());
        }
        let Some(list) = self.iterations.last() else {
            return Ok(());
        };
        let set = list.get::<JsValue<'_>>(index).and_then(|item| {
            self.scope.set(foreach.item.as_str(), item)?;
            match &foreach.index {
                Some(name) => self.scope.set(name.as_str(), index),
                None => Ok(()),
            }
        });
        self.checked(set, Some(foreach.array))
    }

    fn close_iteration(&mut self) {
        self.iterations.pop();
    }

    fn settle(&mut self) -> Result<(), Fault> {
        self.run_jobs(None)
    }

    fn event_changed(&mut self) {
        if !self.parts.bridge.event_was_read.replace(false) {
            return;
        }
        let forget = self.parts.helper(&self.context, |helpers| &helpers.forget_event);
        // Forgetting assigns two variables; it has nothing that could fail.
        let _forgotten = forget.and_then(|forget| forget.call::<_, ()>(())).catch(&self.context);
    }

    fn evaluate(&mut self, source: &str) -> Result<Option<Value>, Fault> {
        check_brackets(source).map_err(|error| Fault::execution(error.message))?;
        let text = wrap(&ExpressionKind::Value, source, false);
        Syntax::new()
            .map_err(|error| Fault::execution(error.to_string()))?
            .check(&text)
            .map_err(|refused| Fault::execution(format!("SyntaxError: {}", refused.message)))?;
        self.is_changed = true;
        let mut options = EvalOptions::default();
        options.strict = false;
        let made: rquickjs::Result<Function<'_>> = self.context.eval_with_options(text, options);
        let made = self.checked(made, None)?;
        let value = made.call::<_, JsValue<'_>>((self.scope.clone(),));
        let value = self.checked(value, None)?;
        self.run_jobs(None)?;
        let value = to_json(&self.context, &value);
        self.checked(value, None)
    }
}
