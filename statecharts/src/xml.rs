//! XML as a tree that remembers where everything stands.
//!
//! No DTD, no entities but the five predefined ones and characters, limited depth and size: a chart is untrusted text.

use std::ops::Range;
use std::rc::Rc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::DocumentLimits;

/// The namespace of the Recommendation, without its scheme.
pub(crate) const SCXML_NAMESPACE: &str = "www.w3.org/2005/07/scxml";

/// A place: file and byte offset in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) file: u16,
    pub(crate) offset: u32,
}

/// An attribute.
#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    /// Local name.
    pub(crate) name: String,
    /// Namespace without `http://`; `None` for an attribute without prefix.
    pub(crate) namespace: Option<Rc<str>>,
    /// Value with references resolved.
    pub(crate) value: String,
    /// Where the raw value begins.
    pub(crate) place: Place,
}

/// A child of an element.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Element(Element),
    Text { text: String, place: Place },
}

/// An element.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    /// Local name.
    pub(crate) name: String,
    /// Namespace without `http://`; empty for none.
    pub(crate) namespace: Rc<str>,
    /// Attributes in document order, without namespace declarations.
    pub(crate) attributes: Vec<Attribute>,
    /// Children in document order, without comments and processing instructions.
    pub(crate) children: Vec<Node>,
    /// Where its start tag begins.
    pub(crate) place: Place,
    /// From the start tag to the end tag, as bytes of the file.
    pub(crate) outer: Range<usize>,
    /// Namespaces in scope: prefix (empty for the default) and name as written.
    pub(crate) scope: Rc<Vec<(String, String)>>,
}

impl Element {
    /// Whether the element belongs to SCXML. Elements without any namespace are taken as SCXML.
    pub(crate) fn is_scxml(&self) -> bool {
        self.namespace.is_empty() || &*self.namespace == SCXML_NAMESPACE
    }

    /// Whether it is the SCXML element `name`.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.is_scxml() && self.name == name
    }

    /// Value of an attribute without prefix.
    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.namespace.is_none() && attribute.name == name)
    }

    /// Child elements.
    pub(crate) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text { .. } => None,
        })
    }

    /// All text directly inside, joined, with the place of the first piece that is not blank.
    pub(crate) fn text(&self) -> (String, Place) {
        let mut whole = String::new();
        let mut start = None;
        for child in &self.children {
            if let Node::Text { text, place } = child {
                if start.is_none() && !text.trim().is_empty() {
                    start = Some(*place);
                    whole.clear();
                }
                whole.push_str(text);
            }
        }
        (whole, start.unwrap_or(self.place))
    }
}

/// Why a document is no XML that we read: where and what.
#[derive(Clone, Debug)]
pub(crate) struct XmlError {
    pub(crate) place: Place,
    pub(crate) message: String,
}

/// Offset in the file of the character `index` of an attribute value or text that begins at `start`, looking through
/// references such as `&lt;`.
pub(crate) fn raw_offset(text: &str, start: u32, index: usize) -> u32 {
    let Some(raw) = text.get(start as usize..) else {
        return start;
    };
    let mut position = 0;
    for _ in 0..index {
        let Some(rest) = raw.get(position..) else { break };
        let Some(first) = rest.chars().next() else { break };
        let end = if first == '&' { rest.find(';') } else { None };
        position += match end {
            Some(end) if is_reference(rest.get(1..end).unwrap_or_default()) => end + 1,
            _ => first.len_utf8(),
        };
    }
    start.saturating_add(to_u32(position))
}

/// Whether a text stands for a character between `&` and `;`. Code in a CDATA section has `&&` that does not.
fn is_reference(name: &str) -> bool {
    name.strip_prefix('#').is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'x')
    }) || predefined(name).is_some()
}

/// Saturating: files are limited far below.
pub(crate) fn to_u32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The namespace without its scheme (decision D-082).
pub(crate) fn without_scheme(namespace: &str) -> &str {
    namespace.strip_prefix("http://").or_else(|| namespace.strip_prefix("https://")).unwrap_or(namespace)
}

/// Reads a document.
///
/// # Errors
/// The first thing that is not well-formed, or not allowed here.
pub(crate) fn parse(text: &str, file: u16) -> Result<Element, XmlError> {
    if text.len() > DocumentLimits::BYTES {
        return Err(XmlError {
            place: Place { file, offset: 0 },
            message: format!("the file has {} bytes; at most {} are read", text.len(), DocumentLimits::BYTES),
        });
    }
    let mut parser = Parser { text, file, open: Vec::new(), root: None, elements: 0 };
    parser.run()?;
    parser.root.ok_or_else(|| XmlError {
        place: Place { file, offset: 0 },
        message: "the document has no element; write <scxml xmlns=\"http://www.w3.org/2005/07/scxml\">"
            .to_owned(),
    })
}

struct Parser<'a> {
    text: &'a str,
    file: u16,
    open: Vec<Element>,
    root: Option<Element>,
    /// How many there have been.
    elements: usize,
}

impl Parser<'_> {
    fn error(&self, offset: usize, message: impl Into<String>) -> XmlError {
        XmlError { place: self.place(offset), message: message.into() }
    }

    fn place(&self, offset: usize) -> Place {
        Place { file: self.file, offset: to_u32(offset) }
    }

    fn run(&mut self) -> Result<(), XmlError> {
        let text = self.text;
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = false;
        loop {
            let offset = position(reader.buffer_position());
            let event = reader.read_event().map_err(|source| {
                let at = position(reader.error_position());
                self.error(at.min(text.len()), format!("not well-formed: {source}"))
            })?;
            let end = position(reader.buffer_position());
            match event {
                Event::Start(start) => {
                    self.count(offset)?;
                    let element = self.element(&start, offset)?;
                    if self.open.len() >= DocumentLimits::DEPTH {
                        return Err(self.error(
                            offset,
                            format!("elements are nested deeper than {}", DocumentLimits::DEPTH),
                        ));
                    }
                    self.open.push(element);
                }
                Event::Empty(start) => {
                    self.count(offset)?;
                    let mut element = self.element(&start, offset)?;
                    element.outer = offset..end;
                    self.close(element)?;
                }
                Event::End(_) => {
                    if let Some(mut element) = self.open.pop() {
                        element.outer.end = end;
                        self.close(element)?;
                    }
                }
                Event::Text(content) => self.append(&content.xml10_content(), offset)?,
                Event::CData(content) => self.append(&content.xml10_content(), offset + "<![CDATA[".len())?,
                Event::GeneralRef(reference) => {
                    let character = self.reference(&reference, offset)?;
                    self.append(character.encode_utf8(&mut [0; 4]), offset)?;
                }
                Event::DocType(_) => {
                    return Err(self.error(offset, "a DOCTYPE is not allowed in a chart; remove it"));
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        match self.open.last() {
            Some(element) => {
                Err(XmlError { place: element.place, message: format!("<{}> is never closed", element.name) })
            }
            None => Ok(()),
        }
    }

    fn count(&mut self, offset: usize) -> Result<(), XmlError> {
        self.elements += 1;
        if self.elements > DocumentLimits::ELEMENTS {
            return Err(
                self.error(offset, format!("the file has more than {} elements", DocumentLimits::ELEMENTS))
            );
        }
        Ok(())
    }

    fn close(&mut self, element: Element) -> Result<(), XmlError> {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Node::Element(element)),
            None if self.root.is_none() => self.root = Some(element),
            None => {
                return Err(XmlError {
                    place: element.place,
                    message: format!("<{}> stands behind the end of the document", element.name),
                });
            }
        }
        Ok(())
    }

    fn append(&mut self, piece: &str, offset: usize) -> Result<(), XmlError> {
        let place = self.place(offset);
        let Some(parent) = self.open.last_mut() else {
            let stray = piece.trim_start_matches('\u{feff}');
            return if stray.trim().is_empty() {
                Ok(())
            } else {
                Err(self.error(offset, "text stands outside the document"))
            };
        };
        if let Some(Node::Text { text, .. }) = parent.children.last_mut()
            && !text.trim().is_empty()
        {
            text.push_str(piece);
        } else if !piece.is_empty() {
            parent.children.push(Node::Text { text: piece.to_owned(), place });
        }
        Ok(())
    }

    fn reference(
        &self,
        reference: &quick_xml::events::BytesRef<'_>,
        offset: usize,
    ) -> Result<char, XmlError> {
        if let Some(character) = reference
            .resolve_char_ref()
            .map_err(|source| self.error(offset, format!("not a character: {source}")))?
        {
            return Ok(character);
        }
        let name = reference.xml10_content();
        predefined(&name).ok_or_else(|| {
            self.error(
                offset,
                format!("unknown entity `&{name};`; only lt, gt, amp, quot and apos are known, others as &#number;"),
            )
        })
    }

    fn element(&self, start: &BytesStart<'_>, offset: usize) -> Result<Element, XmlError> {
        let mut raw = Vec::new();
        let mut declared: Vec<(String, String)> = Vec::new();
        // Names begin after `<`, values are found by their distance from it.
        let base = offset + 1;
        let tag = start.name();
        let mut searched = base + tag.as_ref().len();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|source| {
                self.error(offset, format!("bad attribute in <{}>: {source}", tag.as_ref()))
            })?;
            if raw.len() + declared.len() >= DocumentLimits::ATTRIBUTES {
                let most = DocumentLimits::ATTRIBUTES;
                return Err(self.error(offset, format!("<{}> has more than {most} attributes", tag.as_ref())));
            }
            let key = attribute.key.as_ref().to_owned();
            let at = self.value_offset(&mut searched, &key, &attribute.value);
            let value = quick_xml::escape::unescape(&attribute.value)
                .map_err(|source| self.error(at, format!("bad reference in attribute `{key}`: {source}")))?
                .into_owned()
                .replace(['\n', '\r', '\t'], " ");
            if key == "xmlns" {
                declared.push((String::new(), value));
            } else if let Some(prefix) = key.strip_prefix("xmlns:") {
                declared.push((prefix.to_owned(), value));
            } else {
                raw.push((key, value, at));
            }
        }
        let outer_scope = self.open.last().map(|parent| Rc::clone(&parent.scope));
        let scope = if declared.is_empty() {
            outer_scope.unwrap_or_default()
        } else {
            let mut scope = outer_scope.map(|outer| (*outer).clone()).unwrap_or_default();
            for (prefix, name) in declared {
                scope.retain(|(known, _)| *known != prefix);
                scope.push((prefix, name));
            }
            if scope.len() > DocumentLimits::NAMESPACES {
                let most = DocumentLimits::NAMESPACES;
                return Err(self.error(offset, format!("more than {most} namespaces are in scope")));
            }
            Rc::new(scope)
        };
        let (namespace, name) =
            resolve(&scope, tag.as_ref(), true).map_err(|message| self.error(base, message))?;
        let mut attributes = Vec::with_capacity(raw.len());
        for (key, value, at) in raw {
            let (namespace, name) =
                resolve(&scope, &key, false).map_err(|message| self.error(at, message))?;
            attributes.push(Attribute { name, namespace, value, place: self.place(at) });
        }
        Ok(Element {
            name,
            namespace: namespace.unwrap_or_default(),
            attributes,
            children: Vec::new(),
            place: self.place(offset),
            outer: offset..offset,
            scope,
        })
    }

    /// Where the value of the next attribute begins, found behind `searched`.
    fn value_offset(&self, searched: &mut usize, key: &str, value: &str) -> usize {
        let rest = self.text.get(*searched..).unwrap_or_default();
        let Some(key_at) = rest.find(key) else {
            return *searched;
        };
        let behind = key_at + key.len();
        let quote = rest.get(behind..).and_then(|tail| tail.find(['"', '\''])).unwrap_or_default();
        let start = *searched + behind + quote + 1;
        *searched = start + value.len();
        start
    }
}

fn position(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

/// Namespace (without scheme) and local name.
fn resolve(
    scope: &[(String, String)],
    qualified: &str,
    is_element: bool,
) -> Result<(Option<Rc<str>>, String), String> {
    let (prefix, local) = qualified.split_once(':').unwrap_or(("", qualified));
    if prefix.is_empty() && !is_element {
        return Ok((None, local.to_owned()));
    }
    if prefix == "xml" {
        return Ok((Some("www.w3.org/XML/1998/namespace".into()), local.to_owned()));
    }
    match scope.iter().find(|(known, _)| known == prefix) {
        Some((_, name)) => Ok((Some(without_scheme(name).into()), local.to_owned())),
        None if prefix.is_empty() => Ok((None, local.to_owned())),
        None => Err(format!("the prefix `{prefix}` is not declared; add xmlns:{prefix}=\"…\" to <scxml>")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_where_they_stand() {
        let text = "<a\n  id=\"x\" cond = 'id &lt; 2'>\n<b/></a>";
        let root = parse(text, 0).unwrap();
        let cond = root.attribute("cond").unwrap();
        assert_eq!(cond.value, "id < 2");
        let at = |offset: u32| &text[offset as usize..];
        assert!(at(cond.place.offset).starts_with("id &lt; 2"));
        assert!(at(raw_offset(text, cond.place.offset, 5)).starts_with("2'>"), "{text}");
        let child = root.elements().next().unwrap();
        assert!(at(child.place.offset).starts_with("<b/>"));
    }

    #[test]
    fn places_in_code_are_not_shifted_by_its_operators() {
        let text = "<s><![CDATA[a && b; c]]></s>";
        let start = to_u32(text.find("a &&").unwrap());
        assert_eq!(raw_offset(text, start, 8), to_u32(text.find("c]]").unwrap()));
    }

    #[test]
    fn a_doctype_is_refused() {
        let error = parse("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", 0).unwrap_err();
        assert!(error.message.contains("DOCTYPE"), "{error:?}");
    }

    #[test]
    fn an_unknown_entity_is_refused() {
        let error = parse("<a>&x;</a>", 0).unwrap_err();
        assert!(error.message.contains("&x;"), "{error:?}");
    }

    #[test]
    fn references_and_sections_become_text() {
        let root = parse("<a>1 &lt; 2 &#x41;<![CDATA[<b>]]></a>", 0).unwrap();
        assert_eq!(root.text().0, "1 < 2 A<b>");
    }

    #[test]
    fn a_deep_document_is_refused() {
        let text = format!("{}{}", "<a>".repeat(200), "</a>".repeat(200));
        assert!(parse(&text, 0).unwrap_err().message.contains("nested"));
    }

    #[test]
    fn namespaces_match_with_and_without_scheme() {
        let with = parse("<a xmlns='http://www.w3.org/2005/07/scxml'/>", 0).unwrap();
        let without = parse("<a xmlns='www.w3.org/2005/07/scxml'/>", 0).unwrap();
        assert!(with.is_scxml() && without.is_scxml());
    }

    #[test]
    fn an_undeclared_prefix_is_refused() {
        assert!(parse("<q:a/>", 0).unwrap_err().message.contains("`q`"));
    }
}
