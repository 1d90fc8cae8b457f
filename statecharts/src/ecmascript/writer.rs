//! A scope as text: `[values, special, unset, declared]`, as the bootstrap script reads it.
//!
//! Most variables hold plain data. They are written here, straight from the objects of the script engine. What JSON cannot hold is left to
//! the bootstrap script, variable by variable: a variable with anything special in it, or with an object that another variable holds
//! too; all of them if there is a map, a set or a proxy. So both ways give the same text, but for the numbers' digits.
//!
//! Nothing is called that a chart could have put there, but for getters; and those run under the meter of the worker like every script.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{Hash, Hasher};

use rquickjs::{Array, Atom, Ctx, Function, Object, Persistent, Value as JsValue};

use super::context::Parts;
use super::values::number_to_json;

/// Nesting beyond which the script engine does it, whose stack has a limit.
const DEPTH_MAX: usize = 100;

/// Why a scope was not written.
#[derive(Debug)]
pub(crate) enum Unwritten {
    /// The text would be longer than the limit.
    TooLong(usize),
    /// The script engine says no.
    Script(rquickjs::Error),
}

impl From<rquickjs::Error> for Unwritten {
    fn from(error: rquickjs::Error) -> Self {
        Self::Script(error)
    }
}

/// The functions of a scope that were found to be those of the chart's scripts, in the order of their variables. Comparing texts
/// each time would cost more than all the rest.
#[derive(Debug)]
pub(crate) struct Known {
    /// Held, so that no other function can come to have the identity of one of them.
    functions: Persistent<Array<'static>>,
    numbers: Vec<Option<u32>>,
}

impl Known {
    /// What the bootstrap script says of a scope that it has just read: functions, then their numbers.
    pub(crate) fn of<'js>(context: &Ctx<'js>, list: Array<'js>) -> rquickjs::Result<Option<Box<Self>>> {
        let count = length_of(&list)? / 2;
        if count == 0 {
            return Ok(None);
        }
        let numbers = (count..2 * count).map(|at| list.get(at).map(Some)).collect::<Result<_, _>>()?;
        Ok(Some(Box::new(Self { functions: Persistent::save(context, list), numbers })))
    }
}

/// What is not plain data, or not written in the order of the walk.
enum Stop {
    /// A proxy, a map or set, or data too deep: everything is left to the bootstrap script.
    Whole,
    Unwritten(Unwritten),
}

impl From<rquickjs::Error> for Stop {
    fn from(error: rquickjs::Error) -> Self {
        Self::Unwritten(error.into())
    }
}

/// A variable that was walked over.
struct Variable<'js> {
    name: Atom<'js>,
    /// Where its name and its value begin in the text, and where the value ends.
    name_at: usize,
    value_at: usize,
    end: usize,
    is_special: bool,
}

/// The text of a scope.
pub(crate) fn write<'js>(
    context: &Ctx<'js>,
    parts: &Parts<'_>,
    scope: &Object<'js>,
    known: &mut Option<Box<Known>>,
    limit: usize,
) -> Result<String, Unwritten> {
    let mut walk = Walk {
        context,
        parts,
        root: identity(scope.as_value()),
        text: String::with_capacity(256),
        seen: BTreeMap::new(),
        held: Vec::new(),
        variables: Vec::new(),
        unset: Vec::new(),
        declared: Vec::new(),
        shared: Vec::new(),
        functions: Vec::new(),
        limit,
    };
    match walk.scope(scope, known.as_deref()) {
        Ok(()) => {
            let text = walk.finish(scope)?;
            remember(context, walk.functions, known)?;
            Ok(text)
        }
        Err(Stop::Whole) => {
            enter(context, parts, scope)?;
            Ok(parts.helper(context, |helpers| &helpers.pack)?.call((scope.clone(),))?)
        }
        Err(Stop::Unwritten(unwritten)) => Err(unwritten),
    }
}

fn enter<'js>(context: &Ctx<'js>, parts: &Parts<'_>, scope: &Object<'js>) -> rquickjs::Result<()> {
    let enter: Function<'js> = parts.helper(context, |helpers| &helpers.enter)?;
    enter.call((scope.clone(),))
}

fn remember<'js>(
    context: &Ctx<'js>,
    functions: Vec<(JsValue<'js>, Option<u32>)>,
    known: &mut Option<Box<Known>>,
) -> rquickjs::Result<()> {
    if functions.is_empty() {
        *known = None;
        return Ok(());
    }
    if known.as_ref().is_some_and(|known| known.numbers.len() == functions.len()) {
        let held = known.as_ref().map(|known| known.functions.clone().restore(context)).transpose()?;
        let is_same = |(at, (function, _)): (usize, &(JsValue<'js>, Option<u32>))| {
            held.as_ref().and_then(|held| held.get::<JsValue<'js>>(at).ok()).as_ref() == Some(function)
        };
        if functions.iter().enumerate().all(is_same) {
            return Ok(());
        }
    }
    let list = Array::new(context.clone())?;
    let mut numbers = Vec::with_capacity(functions.len());
    for (at, (function, number)) in functions.into_iter().enumerate() {
        list.set(at, function)?;
        numbers.push(number);
    }
    *known = Some(Box::new(Known { functions: Persistent::save(context, list), numbers }));
    Ok(())
}

struct Walk<'js, 'w> {
    context: &'w Ctx<'js>,
    parts: &'w Parts<'w>,
    root: u64,
    text: String,
    /// Objects and functions by identity, and the variable under which each was met first.
    seen: BTreeMap<u64, usize>,
    /// What was met stays as long as its identity counts, even if a getter made it.
    held: Vec<JsValue<'js>>,
    variables: Vec<Variable<'js>>,
    unset: Vec<usize>,
    declared: Vec<(usize, u32)>,
    /// Variables that are shared values: variable, hash, and the names that were deleted as a JSON list.
    shared: Vec<(usize, String, Option<String>)>,
    functions: Vec<(JsValue<'js>, Option<u32>)>,
    limit: usize,
}

impl<'js> Walk<'js, '_> {
    fn scope(&mut self, scope: &Object<'js>, known: Option<&Known>) -> Result<(), Stop> {
        let held = known.map(|known| known.functions.clone().restore(self.context)).transpose()?;
        for property in scope.own_props::<Atom<'js>, JsValue<'js>>(rquickjs::Filter::default()) {
            let (name, value) = property?;
            let name_at = self.text.len();
            let Ok(text) = text_of(&name) else {
                return Err(Stop::Whole);
            };
            self.string(&text);
            self.text.push(':');
            let at = self.variables.len();
            let value_at = self.text.len();
            self.variables.push(Variable { name, name_at, value_at, end: value_at, is_special: false });
            if value.is_undefined() {
                self.unset.push(at);
                self.text.push_str("null");
            } else if value.is_function() && !value.is_proxy() {
                if self.has_own(&value)? {
                    return Err(Stop::Whole);
                }
                self.text.push_str("null");
                let place = self.functions.len();
                let number = match (known, held.as_ref()) {
                    (Some(known), Some(held)) if held.get::<JsValue<'js>>(place)? == value => {
                        known.numbers.get(place).copied().flatten()
                    }
                    _ => self.number_of(&value)?,
                };
                self.functions.push((value.clone(), number));
                match number {
                    Some(number) if self.meet(&value) => self.declared.push((at, number)),
                    _ => self.mark(at),
                }
            } else {
                self.value(&value, 0)?;
            }
            let end = self.text.len();
            if let Some(variable) = self.variables.last_mut() {
                variable.end = end;
            }
        }
        Ok(())
    }

    /// Which of the functions of the chart's scripts this is.
    fn number_of(&self, function: &JsValue<'js>) -> rquickjs::Result<Option<u32>> {
        let number: i32 =
            self.parts.helper(self.context, |helpers| &helpers.declared_at)?.call((function.clone(),))?;
        Ok(u32::try_from(number).ok())
    }

    fn mark(&mut self, variable: usize) {
        if let Some(variable) = self.variables.get_mut(variable) {
            variable.is_special = true;
        }
    }

    fn mark_current(&mut self) {
        self.mark(self.variables.len().saturating_sub(1));
    }

    /// Whether an object is met for the first time; if not, both variables are special.
    fn meet(&mut self, value: &JsValue<'js>) -> bool {
        let current = self.variables.len().saturating_sub(1);
        if let Some(first) = self.seen.insert(identity(value), current) {
            self.mark(first);
            self.mark(current);
            return false;
        }
        self.held.push(value.clone());
        true
    }

    fn special(&mut self) {
        self.mark_current();
        self.text.push_str("null");
    }

    fn value(&mut self, value: &JsValue<'js>, depth: usize) -> Result<(), Stop> {
        if self.text.len() > self.limit {
            return Err(Stop::Unwritten(Unwritten::TooLong(self.text.len())));
        }
        if value.is_null() {
            self.text.push_str("null");
        } else if let Some(truth) = value.as_bool() {
            self.text.push_str(if truth { "true" } else { "false" });
        } else if let Some(number) = value.as_int() {
            // Writing to a string does not fail.
            let _written = write!(self.text, "{number}");
        } else if let Some(number) = value.as_float() {
            if number.is_finite() && !(number == 0.0 && number.is_sign_negative()) {
                let _written = write!(self.text, "{}", number_to_json(number));
            } else {
                self.special();
            }
        } else if let Some(text) = value.as_string() {
            // Half a character is no text; the script engine knows how to write it.
            match text.to_string() {
                Ok(text) => self.string(&text),
                Err(_half) => self.special(),
            }
        } else if depth > DEPTH_MAX {
            return Err(Stop::Whole);
        } else if value.is_proxy() {
            return self.layer(value, depth);
        } else if value.is_function() {
            if self.has_own(value)? {
                return Err(Stop::Whole);
            }
            self.meet(value);
            self.special();
        } else if let Some(object) = value.as_object() {
            return self.object(object, depth);
        } else {
            self.special();
        }
        Ok(())
    }

    /// A shared value, the only kind of proxy that there is: what is the session's own is written.
    fn layer(&mut self, value: &JsValue<'js>, depth: usize) -> Result<(), Stop> {
        if !self.meet(value) {
            self.special();
            return Ok(());
        }
        let layer: Array<'js> =
            self.parts.helper(self.context, |helpers| &helpers.layer_of)?.call((value.clone(),))?;
        match layer.get::<Option<String>>(1)? {
            Some(hash) if depth == 0 => {
                let variable = self.variables.len().saturating_sub(1);
                self.shared.push((variable, hash, layer.get(2)?));
            }
            Some(_hash) => self.mark_current(),
            // It has become an object like others.
            None => {}
        }
        self.object(&layer.get(0)?, depth)
    }

    fn object(&mut self, object: &Object<'js>, depth: usize) -> Result<(), Stop> {
        if identity(object.as_value()) == self.root || !self.meet(object.as_value()) {
            self.special();
            return Ok(());
        }
        let prototype = object.get_prototype();
        if prototype.is_none() {
            // Nothing above it, which JSON does not say.
            self.mark_current();
        }
        let plain = &self.parts.helpers.prototypes;
        if let Some(prototype) =
            prototype.filter(|prototype| !plain.contains(&identity(prototype.as_value())))
        {
            if self.is_of_collection(prototype) {
                return Err(Stop::Whole);
            }
            // What it holds is still walked over, for what it shares with others.
            self.mark_current();
        }
        if let Some(array) = object.as_array() {
            let length = self.length_that_fits(array)?;
            // Holes, or properties beside the items.
            if object.own_keys::<Atom<'js>>(rquickjs::Filter::default()).len() != length {
                return Err(Stop::Whole);
            }
            self.text.push('[');
            for at in 0..length {
                if at > 0 {
                    self.text.push(',');
                }
                self.value(&array.get::<JsValue<'js>>(at)?, depth + 1)?;
            }
            self.text.push(']');
            return Ok(());
        }
        self.text.push('{');
        let mut is_first = true;
        for property in object.own_props::<Atom<'js>, JsValue<'js>>(rquickjs::Filter::default()) {
            let (name, value) = property?;
            if !std::mem::take(&mut is_first) {
                self.text.push(',');
            }
            match text_of(&name) {
                Ok(name) => self.string(&name),
                Err(_half) => {
                    self.mark_current();
                    self.text.push_str("\"\"");
                }
            }
            self.text.push(':');
            self.value(&value, depth + 1)?;
        }
        self.text.push('}');
        Ok(())
    }

    /// Whether a function, or its prototype, holds what a script has put there, or the prototype has another one above it than objects have.
    fn has_own(&self, function: &JsValue<'js>) -> rquickjs::Result<bool> {
        let Some(function) = function.as_object() else { return Ok(false) };
        let holds_any =
            |object: &Object<'js>| object.own_keys::<Atom<'js>>(rquickjs::Filter::default()).len() > 0;
        if holds_any(function) {
            return Ok(true);
        }
        let prototype: JsValue<'js> = function.get("prototype")?;
        let Some(prototype) = prototype.as_object() else { return Ok(false) };
        let [plain, _] = self.parts.helpers.prototypes;
        let is_plain = |above: Object<'js>| identity(above.as_value()) == plain;
        Ok(holds_any(prototype) || !prototype.get_prototype().is_none_or(is_plain))
    }

    /// Length of an array whose text may still be short enough: each of its items takes at least two bytes.
    fn length_that_fits(&self, array: &Array<'js>) -> Result<usize, Stop> {
        let length = length_of(array)?;
        if length > self.limit / 2 {
            let bytes = self.text.len().saturating_add(length.saturating_mul(2));
            return Err(Stop::Unwritten(Unwritten::TooLong(bytes)));
        }
        Ok(length)
    }

    /// Whether an object with this prototype is a map or a set: what it holds may be shared with any variable.
    fn is_of_collection(&self, prototype: Object<'js>) -> bool {
        let collections = &self.parts.helpers.collections;
        let mut next = Some(prototype);
        while let Some(prototype) = next {
            if collections.contains(&identity(prototype.as_value())) || prototype.is_proxy() {
                return true;
            }
            next = prototype.get_prototype();
        }
        false
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        let mut plain_from = 0;
        for (at, byte) in text.bytes().enumerate() {
            if byte >= 0x20 && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.text.push_str(text.get(plain_from..at).unwrap_or_default());
            plain_from = at + 1;
            match byte {
                b'"' => self.text.push_str("\\\""),
                b'\\' => self.text.push_str("\\\\"),
                b'\n' => self.text.push_str("\\n"),
                other => {
                    let _written = write!(self.text, "\\u{other:04x}");
                }
            }
        }
        self.text.push_str(text.get(plain_from..).unwrap_or_default());
        self.text.push('"');
    }

    /// Puts everything together; what is special is written by the bootstrap script.
    fn finish(&mut self, scope: &Object<'js>) -> Result<String, Unwritten> {
        let mut texts = Vec::new();
        let (mut special, mut declared) = ("[]".to_owned(), String::new());
        if self.variables.iter().any(|variable| variable.is_special) {
            enter(self.context, self.parts, scope)?;
            let names = Array::new(self.context.clone())?;
            let marked = self.variables.iter().filter(|variable| variable.is_special);
            for (at, variable) in marked.enumerate() {
                names.set(at, variable.name.to_js_string()?)?;
            }
            let pack = self.parts.helper(self.context, |helpers| &helpers.pack)?;
            texts = pack.call((scope.clone(), names))?;
            texts.reverse();
            special = texts.pop().unwrap_or_default();
            declared = texts.pop().unwrap_or_default();
        }
        self.add_shared(&mut special);
        let mut text = String::with_capacity(self.text.len() + special.len() + 64);
        text.push_str("[{");
        for (at, variable) in self.variables.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            if variable.is_special {
                text.push_str(self.text.get(variable.name_at..variable.value_at).unwrap_or_default());
                text.push_str(&texts.pop().unwrap_or_default());
            } else {
                text.push_str(self.text.get(variable.name_at..variable.end).unwrap_or_default());
            }
        }
        text.push_str("},");
        text.push_str(&special);
        text.push_str(",[");
        for (place, at) in self.unset.iter().enumerate() {
            text.push_str(if place > 0 { "," } else { "" });
            text.push_str(self.name(*at));
        }
        text.push_str("],[");
        let own =
            self.declared.iter().filter(|(at, _)| !self.variables.get(*at).is_some_and(|own| own.is_special));
        for (at, number) in own {
            let comma = if text.ends_with('[') { "" } else { "," };
            let _written = write!(text, "{comma}{},{number}", self.name(*at));
        }
        if !declared.is_empty() {
            text.push_str(if text.ends_with('[') { "" } else { "," });
            text.push_str(&declared);
        }
        text.push_str("]]");
        Ok(text)
    }

    /// Adds the variables that are shared values to the list of what is special, unless the bootstrap script wrote them.
    fn add_shared(&self, special: &mut String) {
        for (at, hash, without) in &self.shared {
            if self.variables.get(*at).is_some_and(|variable| variable.is_special) {
                continue;
            }
            // The list ends in a bracket.
            let _bracket = special.pop();
            let comma = if special.len() > 1 { "," } else { "" };
            let without = without.as_ref().map(|names| format!(",{names}")).unwrap_or_default();
            let _written = write!(special, "{comma}[[{}],\"shared\",\"{hash}\"{without}]]", self.name(*at));
        }
    }

    /// The name of a variable, in quotes.
    fn name(&self, at: usize) -> &str {
        let variable = self.variables.get(at);
        variable
            .and_then(|variable| self.text.get(variable.name_at..variable.value_at - 1))
            .unwrap_or_default()
    }
}

/// Length of an array. The library's own way takes it for an integer of 32 bits, and ends the process if it is none.
pub(crate) fn length_of(array: &Array<'_>) -> rquickjs::Result<usize> {
    let length: f64 = array.as_object().get("length")?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an array has at most 2^32 - 1 items"
    )]
    let length = length as usize;
    Ok(length)
}

/// The text of a name. The library's own way cuts it at a NUL, and takes half a character for text.
fn text_of(name: &Atom<'_>) -> rquickjs::Result<String> {
    name.to_js_string()?.to_string()
}

/// Tells objects apart; it belongs to another object as soon as this one is gone.
pub(crate) fn identity(value: &JsValue<'_>) -> u64 {
    let mut bits = Bits(0);
    value.hash(&mut bits);
    bits.finish()
}

/// Hands on the word that it is given.
struct Bits(u64);

impl Hasher for Bits {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _bytes: &[u8]) {}

    fn write_u64(&mut self, bits: u64) {
        self.0 = bits;
    }
}
