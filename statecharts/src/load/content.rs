//! Executable content (scxml: 4, 6) and what it carries.

use std::time::Duration;

use super::Loader;
use super::expressions::is_identifier;
use super::vocabulary::known;
use crate::basic_http::is_basic_http;
use crate::chart::{
    Block, Content, ContentValue, Delay, ExpressionKind, Foreach, Inline, LogElement, ModelKind, Payload,
    SendElement, Text,
};
use crate::duration::parse_duration;
use crate::xml::{Attribute, Element, Node};

impl Loader<'_> {
    /// The executable content inside `element`.
    pub(super) fn block(&mut self, element: &Element) -> Block {
        element.elements().filter_map(|child| self.content(child)).collect()
    }

    fn content(&mut self, element: &Element) -> Option<Content> {
        if !element.is_scxml() {
            return self.verb(element);
        }
        let name = known(&element.name).map_or("", |known| known.name);
        let outer = std::mem::replace(&mut self.element, name);
        let content = self.scxml_content(element);
        self.element = outer;
        content
    }

    fn scxml_content(&mut self, element: &Element) -> Option<Content> {
        match element.name.as_str() {
            "raise" => self.raise(element, "event"),
            "event" => self.raise(element, "name"),
            "if" => Some(self.branches(element)),
            "foreach" => self.foreach(element),
            "log" => Some(self.log(element)),
            "assign" => self.assign(element),
            "script" => self.script(element).map(Content::Script),
            "send" => self.send(element),
            "cancel" => self.cancel(element),
            // Everything else has been refused by the check of the form.
            _ => None,
        }
    }

    fn required<'e>(&mut self, element: &'e Element, name: &str) -> Option<&'e Attribute> {
        let attribute = element.attribute(name);
        if attribute.is_none() {
            self.files.error(element.place, format!("<{}> needs `{name}`", element.name));
        }
        attribute
    }

    fn raise(&mut self, element: &Element, name: &str) -> Option<Content> {
        let event = self.required(element, name)?;
        let text = event.value.trim();
        let text = super::expressions::unquote(text).unwrap_or(text).to_owned();
        if text.is_empty() || text.contains(char::is_whitespace) {
            self.files.error(event.place, format!("`{}` is no name of an event", event.value));
        }
        let payload = self.payload(element);
        Some(Content::Raise { event: text, payload })
    }

    fn branches(&mut self, element: &Element) -> Content {
        let mut branches = Vec::new();
        let condition = self
            .required(element, "cond")
            .map(|condition| self.expression(ExpressionKind::Condition, condition));
        let mut current = (condition, Block::new());
        let mut has_else = false;
        for child in element.elements() {
            let is_branch = child.is("elseif") || child.is("else");
            if is_branch && has_else {
                self.files.error(child.place, format!("<{}> stands behind <else>", child.name));
            }
            if child.is("elseif") {
                let condition = self
                    .required(child, "cond")
                    .map(|condition| self.expression(ExpressionKind::Condition, condition));
                branches.push(std::mem::replace(&mut current, (condition, Block::new())));
            } else if child.is("else") {
                has_else = true;
                branches.push(std::mem::take(&mut current));
            } else {
                let content = self.content(child);
                current.1.extend(content);
            }
        }
        branches.push(current);
        Content::If(branches)
    }

    fn foreach(&mut self, element: &Element) -> Option<Content> {
        let array = self.required(element, "array")?;
        let item = self.required(element, "item")?;
        let mut names = vec![item];
        names.extend(element.attribute("index"));
        let mut kind = ExpressionKind::Value;
        for name in names {
            if !is_identifier(name.value.trim()) {
                let message = format!("`{}` is no variable; use a plain name", name.value);
                match self.broken {
                    crate::BrokenExpressions::Refuse => self.files.error(name.place, &message),
                    crate::BrokenExpressions::Defer => self.files.warning(name.place, &message),
                }
                kind = ExpressionKind::Broken { message };
            }
        }
        let array = self.expression(kind, array);
        Some(Content::Foreach(Box::new(Foreach {
            array,
            item: item.value.trim().to_owned(),
            index: element.attribute("index").map(|index| index.value.trim().to_owned()),
            body: self.block(element),
        })))
    }

    fn log(&mut self, element: &Element) -> Content {
        Content::Log(Box::new(LogElement {
            label: element
                .attribute("label")
                .map_or_else(|| Text::Literal(String::new()), |label| self.literal_or_quoted(label)),
            value: element
                .attribute("expr")
                .map(|expression| self.expression(ExpressionKind::Value, expression)),
            level: element.attribute("level").map(|level| {
                if level.value.trim().parse::<i64>().is_ok() {
                    Text::Literal(level.value.trim().to_owned())
                } else {
                    Text::Expression(self.expression(ExpressionKind::Value, level))
                }
            }),
        }))
    }

    fn assign(&mut self, element: &Element) -> Option<Content> {
        let location = self.required(element, "location")?;
        match (element.attribute("expr"), self.inline(element)) {
            (Some(expression), None) => Some(Content::Assign(self.assignment(location, expression))),
            (None, Some(value)) => Some(Content::AssignInline {
                location: self.expression(ExpressionKind::Location, location),
                value,
            }),
            (None, None) => {
                self.files.error(element.place, "<assign> needs `expr` or content");
                None
            }
            (Some(expression), Some(_)) => {
                self.files.error(expression.place, "of `expr` and content, an <assign> has only one");
                None
            }
        }
    }

    fn send(&mut self, element: &Element) -> Option<Content> {
        let payload = self.payload(element);
        let event = self.text_of(element, &["event"], "eventexpr");
        // BasicHTTP has other names for what it sends: a parameter, or the method of the request.
        let is_basic_http = element.attribute("typeexpr").is_some()
            || element.attribute("type").is_some_and(|kind| is_basic_http(&kind.value));
        if event.is_none() && payload.content.is_none() && !is_basic_http {
            self.files.error(element.place, "<send> needs `event`, `eventexpr` or <content>");
        }
        let id = element.attribute("id").or_else(|| element.attribute("sendid"));
        let idlocation = element
            .attribute("idlocation")
            .map(|location| self.expression(ExpressionKind::Location, location));
        if let (Some(id), Some(_)) = (id, idlocation) {
            self.files.error(id.place, "`id` and `idlocation` exclude each other");
        }
        let target = self.text_of(element, &["target"], "targetexpr");
        let is_internal = matches!(&target, Some(Text::Literal(target)) if matches!(target.as_str(), "#_internal" | "_internal"));
        let delay = self.delay(element);
        if is_internal && !matches!(delay, Delay::Fixed(Duration::ZERO)) {
            self.files.error(element.place, "an event for the internal queue cannot be delayed");
        }
        Some(Content::Send(Box::new(SendElement {
            id: id
                .map(|id| super::expressions::unquote(id.value.trim()).unwrap_or(id.value.trim()).to_owned()),
            idlocation,
            event,
            target,
            kind: self.text_of(element, &["type", "targettype"], "typeexpr"),
            delay,
            payload,
            file: element.place.file,
            line: self.files.line(element.place),
        })))
    }

    fn delay(&mut self, element: &Element) -> Delay {
        match self.text_of(element, &["delay"], "delayexpr") {
            None => Delay::Fixed(Duration::ZERO),
            Some(Text::Expression(expression)) => Delay::Expression(expression),
            Some(Text::Literal(text)) => match parse_duration(&text) {
                Some(delay) => Delay::Fixed(delay),
                None => {
                    let place = element.attribute("delay").map_or(element.place, |delay| delay.place);
                    self.files.error(place, format!("`{text}` is no time; write 1.5s, 200ms, 5m or 2h"));
                    Delay::Fixed(Duration::ZERO)
                }
            },
        }
    }

    fn cancel(&mut self, element: &Element) -> Option<Content> {
        let id = self.text_of(element, &["sendid", "id"], "sendidexpr");
        if id.is_none() {
            self.files.error(element.place, "<cancel> needs `sendid` or `sendidexpr`");
        }
        id.map(Content::Cancel)
    }

    /// `namelist`, `<param>` and `<content>` (scxml: 5.6, 5.7, 6.2.5).
    pub(super) fn payload(&mut self, element: &Element) -> Payload {
        let mut payload = Payload::default();
        if let Some(namelist) = element.attribute("namelist") {
            let mut searched = 0;
            for name in namelist.value.split_whitespace() {
                let at =
                    namelist.value.get(searched..).and_then(|rest| rest.find(name)).unwrap_or(0) + searched;
                searched = at + name.len();
                let place = self.files.inside(namelist.place, at);
                let expression = self.expression_at(ExpressionKind::Value, name, place);
                payload.named.push((name.to_owned(), expression));
            }
        }
        for param in element.elements().filter(|child| child.is("param")) {
            payload.named.extend(self.param(param));
        }
        let mut contents = element.elements().filter(|child| child.is("content"));
        if let Some(content) = contents.next() {
            payload.content = self.content_value(content);
            if !payload.named.is_empty() && element.is_scxml() && element.name != "invoke" {
                self.files
                    .error(content.place, "<content> and parameters exclude each other; use <param> only");
            }
        }
        if let Some(second) = contents.next() {
            self.files.error(second.place, "there can be only one <content>");
        }
        payload
    }

    fn param(&mut self, element: &Element) -> Option<(String, crate::chart::ExpressionIx)> {
        let name = self.required(element, "name")?;
        let value = match (element.attribute("expr"), element.attribute("location")) {
            (Some(value), None) | (None, Some(value)) => value,
            (Some(_), Some(location)) => {
                self.files.error(location.place, "`expr` and `location` exclude each other");
                return None;
            }
            (None, None) => {
                self.files.error(element.place, "<param> needs `expr` or `location`");
                return None;
            }
        };
        let expression = self.expression(ExpressionKind::Value, value);
        Some((name.value.clone(), expression))
    }

    fn content_value(&mut self, element: &Element) -> Option<ContentValue> {
        match (element.attribute("expr"), self.inline(element)) {
            (Some(expression), None) => {
                Some(ContentValue::Expression(self.expression(ExpressionKind::Value, expression)))
            }
            (None, Some(inline)) => Some(ContentValue::Inline(inline)),
            (None, None) => Some(ContentValue::Inline(Inline::Text(String::new()))),
            (Some(expression), Some(_)) => {
                self.files.error(expression.place, "of `expr` and content, a <content> has only one");
                None
            }
        }
    }

    /// Text or markup inside `element`, if there is any.
    pub(super) fn inline(&mut self, element: &Element) -> Option<Inline> {
        let (text, _) = element.text();
        let mut children = element.elements();
        if let Some(child) = children.next() {
            if text.trim().is_empty() && children.next().is_none() {
                return Some(Inline::Markup(self.markup(child)));
            }
            // No document: all of it as text, tags included.
            return Some(Inline::Text(self.inner_text(element).trim().to_owned()));
        }
        if text.trim().is_empty() {
            return None;
        }
        if self.model == ModelKind::Null && element.name != "content" {
            self.files.error(element.place, "the null data model has no data; use datamodel=\"ecmascript\"");
        }
        Some(inline_text(&text))
    }

    /// What stands between the tags of an element, as it is written.
    fn inner_text(&self, element: &Element) -> &str {
        let text = self.files.text(element.place.file);
        let start = element.children.first().map(|child| match child {
            Node::Element(child) => child.outer.start,
            Node::Text { place, .. } => place.offset as usize,
        });
        let inner = text.get(start.unwrap_or(element.outer.start)..element.outer.end).unwrap_or_default();
        inner.rfind("</").and_then(|end| inner.get(..end)).unwrap_or_default()
    }

    /// The text of an element, complete with the namespaces that it uses from outside.
    fn markup(&self, element: &Element) -> String {
        let text = self.files.text(element.place.file);
        let outer = text.get(element.outer.clone()).unwrap_or_default();
        let tag_end = outer.find(|next: char| next.is_whitespace() || next == '>' || next == '/');
        let (Some(tag_end), Some(head_end)) = (tag_end, outer.find('>')) else {
            return outer.to_owned();
        };
        let head = outer.get(..head_end).unwrap_or_default();
        let mut declarations = String::new();
        for (prefix, name) in element.scope.iter() {
            let attribute = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
            let is_declared =
                head.contains(&format!("{attribute}=")) || head.contains(&format!("{attribute} ="));
            let is_used = prefix.is_empty() || outer.contains(&format!("{prefix}:"));
            if !is_declared && is_used {
                let name = quick_xml::escape::escape(name.as_str());
                declarations.push_str(&format!(" {attribute}=\"{name}\""));
            }
        }
        let (start, rest) = outer.split_at(tag_end);
        format!("{start}{declarations}{rest}")
    }
}

/// Text as content: markup if it looks like a document, text otherwise.
pub(super) fn inline_text(text: &str) -> Inline {
    let trimmed = text.trim();
    if trimmed.starts_with('<') && crate::xml::parse(trimmed, 0).is_ok() {
        Inline::Markup(trimmed.to_owned())
    } else {
        Inline::Text(trimmed.to_owned())
    }
}
