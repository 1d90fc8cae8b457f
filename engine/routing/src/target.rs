//! Targets: whom an entry waits for, `Billing@StatServer.GA`, `?:Spanish>3&Loans>1@.GA`, `7001@.A`.
//!
//! The grammar is read in full; what the router can *serve* is decided in [`crate::Router`]: agents, places,
//! agent groups and skill expressions, any of several separated by commas. Thresholds are read and refused.

use std::fmt;

use serde_json::Value;

use crate::{AgentProfile, Comparison, SkillExpression, SkillExpressionError};

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

/// One target.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    text: String,
    thresholds: Vec<Threshold>,
    weight: Option<u32>,
    name: String,
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
        "the list has {count} targets; a list that is tried one after the other is not served yet: \
         give one element, or several targets at once separated by commas"
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
    /// A part of a target is missing or cannot be read.
    #[error("`{part}`: {problem}")]
    Malformed {
        /// The part.
        part: String,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// The skill expression of a target cannot be read.
    #[error(transparent)]
    SkillExpression(#[from] SkillExpressionError),
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
        let targets = split_at_commas(inner.as_deref().unwrap_or(text))
            .into_iter()
            .map(Target::parse)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { targets })
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
        let text = text.trim();
        let malformed =
            |problem: &str| TargetError::Malformed { part: text.to_owned(), problem: problem.to_owned() };
        // The guide's example prints an HTML-escaped ampersand without its name.
        let unescaped = text.replace("&amp;", "&").replace("&;", "&");
        let mut rest = unescaped.as_str();
        if rest.is_empty() {
            return Err(TargetError::Empty);
        }
        let mut thresholds = Vec::new();
        if let Some(inner) = rest.strip_prefix('{') {
            let (condition, after) =
                inner.split_once('}').ok_or_else(|| malformed("expected `}` after the threshold"))?;
            thresholds = parse_thresholds(condition)?;
            rest = after.trim_start();
        }
        let mut weight = None;
        if let Some(inner) = rest.strip_prefix('[') {
            let (number, after) =
                inner.split_once(']').ok_or_else(|| malformed("expected `]` after the weight"))?;
            let number = number.trim();
            weight = Some(
                number
                    .parse()
                    .map_err(|_not_a_number| malformed("the weight in `[…]` must be a whole number"))?,
            );
            rest = after.trim_start();
        }
        let (name, location) = rest
            .rsplit_once('@')
            .ok_or_else(|| malformed("expected name@server.TYPE, for example Billing@.GA"))?;
        let (server, letters) = location
            .rsplit_once('.')
            .ok_or_else(|| malformed("expected `.TYPE` at the end, for example .GA or .A"))?;
        let kind = TargetKind::from_letters(letters.trim()).ok_or_else(|| {
            let known: Vec<_> = TargetKind::ALL.iter().map(|kind| kind.letters()).collect();
            malformed(&format!("`{letters}` is not a type of target: write one of {}", known.join(", ")))
        })?;
        let name = name.trim();
        if name.is_empty() {
            return Err(malformed("there is no name before `@`"));
        }
        let skills = parse_skills(name, kind, &malformed)?;
        Ok(Self {
            text: text.to_owned(),
            thresholds,
            weight,
            name: name.to_owned(),
            skills,
            server: server.trim().to_owned(),
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

    /// Whether an agent belongs to the target; always `false` for types that are not served.
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

fn parse_skills(
    name: &str,
    kind: TargetKind,
    malformed: &impl Fn(&str) -> TargetError,
) -> Result<Option<SkillExpression>, TargetError> {
    let Some(labelled) = name.strip_prefix('?') else {
        return Ok(None);
    };
    let (_label, expression) = labelled.split_once(':').ok_or_else(|| {
        malformed("a skill expression is written ?label:expression; the label may be empty")
    })?;
    if kind != TargetKind::AgentGroup {
        return Err(malformed("a skill expression has the type GA"));
    }
    Ok(Some(SkillExpression::parse(expression)?))
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

fn parse_thresholds(text: &str) -> Result<Vec<Threshold>, TargetError> {
    text.split('&').map(parse_threshold).collect()
}

fn parse_threshold(text: &str) -> Result<Threshold, TargetError> {
    let text = text.trim();
    let malformed = || TargetError::Malformed {
        part: text.to_owned(),
        problem: "a threshold is written {statistic>number}, with <, <=, =, >= or >".to_owned(),
    };
    let begin = text.find(['<', '>', '=']).ok_or_else(malformed)?;
    let (statistic, operator_and_value) = text.split_at(begin);
    for (token, comparison) in [
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
        ("=", Comparison::Equal),
    ] {
        let Some(value) = operator_and_value.strip_prefix(token) else {
            continue;
        };
        let value: f64 = value.trim().parse().map_err(|_not_a_number| malformed())?;
        let statistic = statistic.trim();
        if statistic.is_empty() || !value.is_finite() {
            return Err(malformed());
        }
        return Ok(Threshold { statistic: statistic.to_owned(), comparison, value });
    }
    Err(malformed())
}

#[cfg(test)]
mod tests;
