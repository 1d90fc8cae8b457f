//! Elements of registered modules (decisions D-082, D-083, D-085).

use serde_json::Value;

use super::Loader;
use super::expressions::{is_identifier, tolerant, unquote};
use super::vocabulary::did_you_mean;
use crate::chart::{
    AttributeValue, Content, ExpressionIx, ExpressionKind, RequestLocation, VerbElement, VerbNode,
};
use crate::module::{Attribute as KnownAttribute, AttributeKind, Element as KnownElement};
use crate::xml::{Attribute, Element};

/// Words that are no names of variables.
const CONSTANTS: &[&str] = &["true", "false", "null", "undefined", "this", "NaN", "Infinity"];

impl Loader<'_> {
    /// An element of another namespace in executable content.
    pub(super) fn verb(&mut self, element: &Element) -> Option<Content> {
        let module =
            self.modules.modules.iter().find(|module| module.namespace == &*element.namespace).copied();
        let known = module.and_then(|module| module.elements.iter().find(|known| known.name == element.name));
        let (Some(module), Some(known)) = (module, known) else {
            let near = module.map_or_else(String::new, |module| {
                did_you_mean(&element.name, module.elements.iter().map(|known| known.name))
            });
            self.files.warning(
                element.place,
                format!(
                    "<{}> of `{}` is not known{near}; executing it raises error.unsupported.{}",
                    element.name, element.namespace, element.name
                ),
            );
            return Some(Content::Unsupported {
                element: element.name.clone(),
                file: element.place.file,
                line: self.files.line(element.place),
            });
        };
        if let Some(why) = known.unsupported {
            let message = format!("<{}:{}> is not supported: {why}", module.prefix, known.name);
            self.files.warning(element.place, message);
        }
        let outer = std::mem::replace(&mut self.element, known.name);
        let mut locations = Vec::new();
        let node = self.verb_node(element, known, &mut locations);
        let payload = self.payload(element);
        self.element = outer;
        Some(Content::Verb(Box::new(VerbElement { module: module.namespace, node, payload, locations })))
    }

    fn verb_node(
        &mut self,
        element: &Element,
        known: &'static KnownElement,
        locations: &mut Vec<RequestLocation>,
    ) -> VerbNode {
        let mut attributes = Vec::new();
        for attribute in element.attributes.iter().filter(|given| given.namespace.is_none()) {
            match known.attributes.iter().find(|known| known.name == attribute.name) {
                Some(known) if known.kind == AttributeKind::Location => {
                    locations.push(self.request_location(attribute));
                }
                Some(known) => {
                    let value = self.attribute_value(known, attribute);
                    attributes.push((known.name, value));
                }
                None if attribute.name.starts_with('_') => {}
                None => {
                    let near = did_you_mean(&attribute.name, known.attributes.iter().map(|known| known.name));
                    let message = format!("<{}> does not know `{}`{near}", element.name, attribute.name);
                    self.files.warning(attribute.place, message);
                }
            }
        }
        for required in known.attributes.iter().filter(|known| known.required) {
            if element.attribute(required.name).is_none() {
                let message = format!("<{}> needs `{}`", element.name, required.name);
                self.files.error(element.place, message);
            }
        }
        let mut children = Vec::new();
        for child in element.elements() {
            if child.is("param") || child.is("content") {
                continue;
            }
            match known.children.iter().find(|known| known.name == child.name) {
                Some(known) => children.push(self.verb_node(child, known, locations)),
                None => {
                    let near = did_you_mean(&child.name, known.children.iter().map(|known| known.name));
                    let message = format!("<{}> has no meaning inside <{}>{near}", child.name, element.name);
                    self.files.warning(child.place, message);
                }
            }
        }
        VerbNode { element: known.name, attributes, children }
    }

    fn request_location(&mut self, attribute: &Attribute) -> RequestLocation {
        let name = attribute.value.trim();
        let name = unquote(name).unwrap_or(name);
        if is_identifier(name) {
            if crate::ecmascript::RESERVED.contains(&name) {
                let message = format!("`{name}` is a name of the platform and cannot receive a value");
                self.files.error(attribute.place, message);
            }
            return RequestLocation::Name(name.to_owned());
        }
        RequestLocation::Place(self.expression(ExpressionKind::Location, attribute))
    }

    /// The tolerant order of decision D-083.
    fn attribute_value(&mut self, known: &KnownAttribute, attribute: &Attribute) -> AttributeValue {
        let text = attribute.value.trim();
        let bare = unquote(text).unwrap_or(text);
        match known.kind {
            AttributeKind::Token(allowed) => {
                let is_allowed = allowed.contains(&bare) || (allowed.is_empty() && !bare.is_empty());
                if is_allowed {
                    return AttributeValue::Literal(Value::String(bare.to_owned()));
                }
                if is_identifier(bare) && !self.data_places.contains_key(bare) && !bare.starts_with('_') {
                    let near = did_you_mean(bare, allowed.iter().copied());
                    let message = format!(
                        "`{}` is none of {}{near}; it is evaluated as an expression",
                        bare,
                        allowed.join(", ")
                    );
                    self.files.warning(attribute.place, message);
                }
                AttributeValue::Expression(self.value(attribute))
            }
            AttributeKind::Boolean => match bare {
                "true" => AttributeValue::Literal(Value::Bool(true)),
                "false" => AttributeValue::Literal(Value::Bool(false)),
                _ => AttributeValue::Boolean(self.value(attribute)),
            },
            AttributeKind::Integer => match bare.parse::<i64>() {
                Ok(number) => AttributeValue::Literal(Value::from(number)),
                Err(_not_a_constant) => AttributeValue::Integer(self.value(attribute)),
            },
            AttributeKind::Expression | AttributeKind::Word | AttributeKind::Location => {
                let is_free = is_identifier(text)
                    && !CONSTANTS.contains(&text)
                    && !text.starts_with('_')
                    && !self.data_places.contains_key(text);
                if is_free {
                    let source = tolerant(text, known.kind == AttributeKind::Word);
                    let expression = self.expression_at(ExpressionKind::Value, &source, attribute.place);
                    return AttributeValue::Expression(expression);
                }
                AttributeValue::Expression(self.value(attribute))
            }
        }
    }

    fn value(&mut self, attribute: &Attribute) -> ExpressionIx {
        self.expression(ExpressionKind::Value, attribute)
    }
}
