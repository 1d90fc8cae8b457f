//! Targets: whom an entry waits for, `Billing@StatServer.GA`, `?:Spanish>3&Loans>1@.GA`, `7001@.A`.
//!
//! ```text
//! list      = target *( "," target )
//! target    = [ "{" condition *( "&" condition ) "}" ] [ "[" weight "]" ] name "@" [ server ] "." type
//! name      = object / "?" [ label ] ":" skill-expression                 ; the latter with type GA
//! condition = statistic ( "<" / ">" / "=" / "<=" / ">=" ) number
//! type      = "A" / "AP" / "GA" / "GP" / "GC" / "C" / "Q" / "GQ" / "RP" / "DN" / "DL"
//! ```
//!
//! The grammar is read in full, and a target prints in a form that reads as the same target; what the router can
//! *serve* is decided in [`crate::Router`]: agents, places, groups of agents, places and campaigns, and skill
//! expressions, any of several separated by commas.

use std::fmt;

use serde_json::Value;

use crate::agents::Agent;
use crate::reader::{Mistake, Reader, proposal};
use crate::{AgentProfile, Comparison, SkillExpression};

/// Most bytes of a target as written.
const TARGET_LENGTH_MAX: usize = 4096;

/// Type of a target (router reference: target types).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetKind {
    /// `A`, an agent by employee id.
    Agent,
    /// `AP`, a place.
    Place,
    /// `GA`, an agent group or a skill expression.
    AgentGroup,
    /// `GP`, a place group.
    PlaceGroup,
    /// `GC`, a campaign group.
    CampaignGroup,
    /// `C`, a campaign.
    Campaign,
    /// `Q`, a queue.
    Queue,
    /// `GQ`, a queue group.
    QueueGroup,
    /// `RP`, a routing point.
    RoutingPoint,
    /// `DN`, a directory number.
    DirectoryNumber,
    /// `DL`, a destination label.
    DestinationLabel,
}

impl TargetKind {
    const ALL: [Self; 11] = [
        Self::Agent,
        Self::Place,
        Self::AgentGroup,
        Self::PlaceGroup,
        Self::CampaignGroup,
        Self::Campaign,
        Self::Queue,
        Self::QueueGroup,
        Self::RoutingPoint,
        Self::DirectoryNumber,
        Self::DestinationLabel,
    ];

    /// The letters of the type, `GA`.
    #[must_use]
    pub const fn letters(self) -> &'static str {
        match self {
            Self::Agent => "A",
            Self::Place => "AP",
            Self::AgentGroup => "GA",
            Self::PlaceGroup => "GP",
            Self::CampaignGroup => "GC",
            Self::Campaign => "C",
            Self::Queue => "Q",
            Self::QueueGroup => "GQ",
            Self::RoutingPoint => "RP",
            Self::DirectoryNumber => "DN",
            Self::DestinationLabel => "DL",
        }
    }

    /// Whether a callback can wait for a target of this type (guide: `_target`).
    #[must_use]
    pub const fn is_callback_target(self) -> bool {
        matches!(self, Self::Agent | Self::Place | Self::AgentGroup | Self::PlaceGroup | Self::CampaignGroup)
    }

    /// Whether a waiting time can be asked of a target of this type; such a target also lists an interaction in
    /// a queue that does not serve it (guide: `_urs_ewt_virtual_queue`).
    #[must_use]
    pub const fn has_waiting_time(self) -> bool {
        matches!(self, Self::Queue | Self::QueueGroup)
    }

    fn from_letters(letters: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.letters() == letters)
    }
}

impl fmt::Display for TargetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.letters())
    }
}

/// A condition in braces, `{StatAgentsAvailable>0}`: the target counts only while it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// Statistic of the target.
    pub statistic: String,
    /// How it is compared; never `!=`.
    pub comparison: Comparison,
    /// With what.
    pub value: f64,
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.statistic, self.comparison, self.value)
    }
}

/// One target.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    text: String,
    thresholds: Vec<Threshold>,
    weight: Option<u32>,
    name: String,
    label: String,
    skills: Option<SkillExpression>,
    server: String,
    kind: TargetKind,
}

/// What an entry waits for: any of several targets at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Targets {
    targets: Vec<Target>,
}

/// A target cannot be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TargetError {
    /// Nothing is there.
    #[error("there is no target: write name@server.TYPE, for example Billing@.GA")]
    Empty,
    /// Longer than 4096 bytes.
    #[error("the target has {length} bytes; at most {TARGET_LENGTH_MAX} are read")]
    TooLong {
        /// Bytes.
        length: usize,
    },
    /// A list of targets in JSON has several elements.
    #[error(
        "the list has {count} targets, to be tried one after the other; here one element is expected, or several \
         targets at once separated by commas"
    )]
    SeveralInSequence {
        /// Elements.
        count: usize,
    },
    /// A list of targets in JSON cannot be read.
    #[error("the list of targets cannot be read: {problem}")]
    MalformedList {
        /// What is wrong.
        problem: String,
    },
    /// The text does not follow the grammar.
    #[error("character {position}: {problem}")]
    Malformed {
        /// Target or list of targets, as written.
        text: String,
        /// Where, from 1.
        position: usize,
        /// What is wrong and what was expected.
        problem: String,
    },
}

impl Targets {
    /// Reads targets: a comma-separated list, or a JSON array with one element (a string, or an object whose
    /// `target` is one; the last element of such a list is never skipped and keeps waiting, so its other keys
    /// have no effect).
    ///
    /// # Errors
    /// [`TargetError`] when the text does not follow the grammar or is a JSON array of several elements.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        if text.len() > TARGET_LENGTH_MAX {
            return Err(TargetError::TooLong { length: text.len() });
        }
        let inner = single_element(text)?;
        let text = inner.as_deref().unwrap_or(text);
        let mut targets = Vec::new();
        let mut before = 0;
        for part in split_at_commas(text) {
            targets.push(Target::read(part).map_err(|Mistake { position, problem }| {
                if text.trim().is_empty() {
                    return TargetError::Empty;
                }
                TargetError::Malformed { text: text.to_owned(), position: before + position, problem }
            })?);
            before += part.chars().count() + 1;
        }
        Ok(Self { targets })
    }

    /// The targets of several texts, as if they had been written in one.
    pub(crate) fn joined<'a>(parts: impl Iterator<Item = &'a Self>) -> Self {
        Self { targets: parts.flat_map(|part| &part.targets).cloned().collect() }
    }

    /// The targets, in the order in which they were written; never empty.
    pub fn iter(&self) -> impl Iterator<Item = &Target> {
        self.targets.iter()
    }

    /// The first target that an agent belongs to.
    #[must_use]
    pub fn matching(&self, agent: &AgentProfile, logged_in: bool) -> Option<&Target> {
        self.iter().find(|target| target.matches(agent, logged_in))
    }

    /// Whether an agent of the router may belong to one of the targets while at work.
    pub(crate) fn may_include(&self, agent: &Agent) -> bool {
        self.iter().any(|target| target.may_include(agent))
    }

    /// What is legal but probably not meant, in sentences for the operator (decision D-090).
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.iter()
            .filter(|target| target.skills.as_ref().is_some_and(SkillExpression::mixes_operators))
            .map(|target| {
                format!(
                    "target `{}` mixes `|` and `&` without parentheses: `&` binds tighter here; \
                     write the parentheses to be read the same everywhere",
                    target.text
                )
            })
            .collect()
    }
}

impl Target {
    /// Reads one target.
    ///
    /// # Errors
    /// [`TargetError`] when the text does not follow the grammar.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        if text.len() > TARGET_LENGTH_MAX {
            return Err(TargetError::TooLong { length: text.len() });
        }
        if text.trim().is_empty() {
            return Err(TargetError::Empty);
        }
        Self::read(text).map_err(|Mistake { position, problem }| TargetError::Malformed {
            text: text.to_owned(),
            position,
            problem,
        })
    }

    fn read(text: &str) -> Result<Self, Mistake> {
        let mut reader = Reader::new(text);
        if reader.is_at_end() {
            return Err(reader.expected("name@server.TYPE, for example Billing@.GA"));
        }
        let thresholds = if reader.take("{") { read_thresholds(&mut reader)? } else { Vec::new() };
        let weight = if reader.take("[") { Some(read_weight(&mut reader)?) } else { None };
        reader.skip_blanks();
        let begin = reader.clone();
        let mut label = String::new();
        let (name, skills) = if reader.take("?") {
            let labelled = reader.clone();
            label = reader.take_while(|c| c != ':' && c != '@').trim().to_owned();
            if !reader.take(":") {
                return Err(labelled
                    .mistake("a skill expression is written ?label:expression@.GA; the label may be empty"));
            }
            let skills = SkillExpression::read(&mut reader)?;
            if !reader.take("@") {
                return Err(reader.expected("`&`, `|` or `@server.GA` after the skill expression"));
            }
            let length = begin.rest().len().saturating_sub(reader.rest().len() + 1);
            (begin.rest().get(..length).unwrap_or_default(), Some(skills))
        } else {
            // Names may hold an `@` themselves; the last one ends the name.
            let Some((name, rest)) = begin.rest().rsplit_once('@') else {
                return Err(begin.mistake("expected name@server.TYPE, for example Billing@.GA"));
            };
            reader.skip_to(rest);
            (name, None)
        };
        if name.trim().is_empty() {
            return Err(begin.mistake("there is no name before `@`"));
        }
        let (server, kind) = read_location(&mut reader)?;
        if skills.is_some() && kind != TargetKind::AgentGroup {
            return Err(begin.mistake(format!("a skill expression has the type GA, not {kind}")));
        }
        Ok(Self {
            text: text.trim().to_owned(),
            thresholds,
            weight,
            // A name is compared and shown; an ampersand that was escaped for HTML is none there.
            name: name.trim().replace("&amp;", "&").replace("&;", "&"),
            label,
            skills,
            server: server.to_owned(),
            kind,
        })
    }

    /// The target as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The part before `@`: employee id, place, group, or skill expression with its label.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Server between `@` and the type; often empty. Without effect here.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Type.
    #[must_use]
    pub fn kind(&self) -> TargetKind {
        self.kind
    }

    /// The skill expression, when the name is one.
    #[must_use]
    pub fn skills(&self) -> Option<&SkillExpression> {
        self.skills.as_ref()
    }

    /// Conditions in braces, all of which must hold; mostly empty.
    #[must_use]
    pub fn thresholds(&self) -> &[Threshold] {
        &self.thresholds
    }

    /// Weight in brackets, which an order by percentage would use.
    #[must_use]
    pub fn weight(&self) -> Option<u32> {
        self.weight
    }

    /// Whether an agent of the router may belong to the target while at work: statistics in a skill expression are left
    /// out of it.
    pub(crate) fn may_include(&self, agent: &Agent) -> bool {
        match (self.kind, &self.skills) {
            (TargetKind::AgentGroup, Some(skills)) => skills.may_hold(&agent.profile),
            (TargetKind::PlaceGroup, _) => {
                agent.membership.place_groups.iter().any(|group| **group == *self.name)
            }
            (TargetKind::CampaignGroup, _) => agent.membership.campaign_groups.contains(self.name.as_str()),
            _ => self.matches(&agent.profile, true),
        }
    }

    /// Whether an agent belongs to the target, as far as the profile tells; always `false` for groups of places and
    /// campaigns, which only the router knows, and for types that are not served.
    #[must_use]
    pub fn matches(&self, agent: &AgentProfile, logged_in: bool) -> bool {
        match (self.kind, &self.skills) {
            (TargetKind::AgentGroup, Some(skills)) => skills.matches(agent, logged_in),
            (TargetKind::AgentGroup, None) => agent.groups.contains(&self.name),
            (TargetKind::Agent, _) => agent.id.as_str() == self.name,
            (TargetKind::Place, _) => agent.place == self.name,
            (
                TargetKind::PlaceGroup
                | TargetKind::CampaignGroup
                | TargetKind::Campaign
                | TargetKind::Queue
                | TargetKind::QueueGroup
                | TargetKind::RoutingPoint
                | TargetKind::DirectoryNumber
                | TargetKind::DestinationLabel,
                _,
            ) => false,
        }
    }
}

impl fmt::Display for Target {
    /// Writes the canonical form: no blanks, operators never mixed without parentheses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.thresholds.is_empty() {
            let conditions: Vec<_> = self.thresholds.iter().map(Threshold::to_string).collect();
            write!(f, "{{{}}}", conditions.join("&"))?;
        }
        if let Some(weight) = self.weight {
            write!(f, "[{weight}]")?;
        }
        match &self.skills {
            Some(skills) => write!(f, "?{}:{skills}", self.label)?,
            None => f.write_str(&self.name)?,
        }
        write!(f, "@{}.{}", self.server, self.kind)
    }
}

impl fmt::Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, target) in self.targets.iter().enumerate() {
            write!(f, "{}{target}", if index > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

/// The text of the only element when the text is a JSON array; `None` when it is none.
fn single_element(text: &str) -> Result<Option<String>, TargetError> {
    // `[40]Gold@.GA` begins with a bracket as well: only a quote or brace after it means JSON.
    let is_list = text
        .trim_start()
        .strip_prefix('[')
        .map(str::trim_start)
        .is_some_and(|inner| inner.starts_with(['{', '"', ']']));
    if !is_list {
        return Ok(None);
    }
    let elements: Vec<Value> = serde_json::from_str(text)
        .map_err(|error| TargetError::MalformedList { problem: error.to_string() })?;
    match elements.as_slice() {
        [] => Err(TargetError::Empty),
        [Value::String(target)] => Ok(Some(target.clone())),
        [element] => match element.get("target").and_then(Value::as_str) {
            Some(target) => Ok(Some(target.to_owned())),
            None => Err(TargetError::MalformedList {
                problem: "the element has no `target` with a text".to_owned(),
            }),
        },
        several => Err(TargetError::SeveralInSequence { count: several.len() }),
    }
}

/// Splits at commas that stand outside quotes, parentheses and braces.
fn split_at_commas(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut depth = 0_usize;
    let mut in_quotes = false;
    let is_separator = |c: char| {
        match c {
            '"' => in_quotes = !in_quotes,
            '(' | '{' if !in_quotes => depth += 1,
            ')' | '}' if !in_quotes => depth = depth.saturating_sub(1),
            ',' => return !in_quotes && depth == 0,
            _ => {}
        }
        false
    };
    parts.extend(text.split(is_separator));
    parts
}

/// Reads `statistic>number & …}`.
fn read_thresholds(reader: &mut Reader<'_>) -> Result<Vec<Threshold>, Mistake> {
    let mut thresholds = Vec::new();
    loop {
        reader.skip_blanks();
        let statistic = reader.take_while(|c| c.is_alphanumeric() || c == '_');
        if statistic.is_empty() {
            return Err(reader.expected("the name of a statistic, as in {StatAgentsAvailable>0}"));
        }
        let before = reader.clone();
        let comparison = Comparison::read(reader)
            .ok()
            .filter(|comparison| *comparison != Comparison::NotEqual)
            .ok_or_else(|| before.expected("`<`, `>`, `=`, `<=` or `>=`"))?;
        let value = reader.number()?;
        thresholds.push(Threshold { statistic: statistic.to_owned(), comparison, value });
        if reader.take("}") {
            return Ok(thresholds);
        }
        if !reader.take_ampersand() {
            return Err(reader.expected("`&`, or `}` after the threshold"));
        }
    }
}

/// Reads `40]`.
fn read_weight(reader: &mut Reader<'_>) -> Result<u32, Mistake> {
    reader.skip_blanks();
    let before = reader.clone();
    let digits = reader.take_while(|c| c.is_ascii_digit());
    let weight = digits
        .parse()
        .map_err(|_not_a_number| before.expected("a whole number below 4294967296 as the weight in `[…]`"))?;
    if reader.take("]") { Ok(weight) } else { Err(reader.expected("`]` after the weight")) }
}

/// Reads `server.TYPE` to the end.
fn read_location<'a>(reader: &mut Reader<'a>) -> Result<(&'a str, TargetKind), Mistake> {
    let location = reader.rest();
    let Some((server, letters)) = location.rsplit_once('.') else {
        reader.take_while(|_| true);
        return Err(reader.expected("`.TYPE` at the end, for example .GA or .A"));
    };
    reader.skip_to(letters);
    let letters = letters.trim();
    let kind = TargetKind::from_letters(letters).ok_or_else(|| {
        let known = || TargetKind::ALL.iter().map(|kind| kind.letters());
        let near = proposal(letters, known());
        let known: Vec<_> = known().collect();
        reader.mistake(format!(
            "`{letters}` is not a type of target: expected one of {}{near}",
            known.join(", ")
        ))
    })?;
    Ok((server.trim(), kind))
}

#[cfg(test)]
mod tests;
