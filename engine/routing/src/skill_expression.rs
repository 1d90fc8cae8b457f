//! Skill expressions: conditions on the skills of an agent, `(Spanish>3|Skill("Catalan")>=2)&Loans>1`.
//!
//! ```text
//! expression = and *( "|" and )            and  = unit *( "&" unit )          ; "&" binds tighter (decision D-090)
//! unit       = "(" expression ")" / (skill / "Skill" "(" string ")") compare integer
//!            / "$(" agent-statistic ")" compare number
//!            / "SkillExists" "(" string ")" / "LoggedIn" "(" string ")"
//! compare    = "=" / "!=" / "<" / "<=" / ">" / ">="
//! ```
//!
//! `&;` and `&amp;` are read as `&`. Printing an expression gives its canonical form, which reads as the same
//! expression.

use std::fmt;

use crate::AgentProfile;
use crate::reader::{Mistake, Reader, proposal};
use crate::statistics::{Statistic, StatisticUse};

/// Most nested parentheses of an expression.
const DEPTH_MAX: usize = 32;
/// Most characters of a skill name (router reference: skill names).
const SKILL_NAME_LENGTH_MAX: usize = 126;
/// The functions of the grammar.
const FUNCTIONS: [&str; 3] = ["Skill", "SkillExists", "LoggedIn"];

/// How a level is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// Two characters first, so that `<=` is not read as `<`.
    const ALL: [Self; 6] =
        [Self::NotEqual, Self::LessOrEqual, Self::GreaterOrEqual, Self::Equal, Self::Less, Self::Greater];

    /// As written.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether `left` and `right` compare so; `false` for values that have no order, except by `!=`.
    #[must_use]
    pub fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Mistake> {
        Self::ALL
            .into_iter()
            .find(|comparison| reader.take(comparison.token()))
            .ok_or_else(|| reader.expected("`=`, `!=`, `<`, `<=`, `>` or `>=`"))
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.token())
    }
}

/// A skill expression that was read. Equal ones have the same canonical form.
#[derive(Clone, Debug)]
pub struct SkillExpression {
    root: Node,
    mixes_operators: bool,
}

/// An expression cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("skill expression `{expression}`, character {position}: {problem}")]
pub struct SkillExpressionError {
    /// The expression.
    pub expression: String,
    /// Where, from 1.
    pub position: usize,
    /// What is wrong and what was expected.
    pub problem: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    /// At least two parts, none of which is `Any`.
    Any(Vec<Node>),
    /// At least two parts, none of which is `All`.
    All(Vec<Node>),
    Level {
        skill: String,
        comparison: Comparison,
        level: i64,
    },
    Exists {
        skill: String,
    },
    Statistic(StatisticTerm),
    LoggedInAt {
        dn: Option<String>,
        switch: String,
    },
}

/// A condition on a statistic of an agent, `$(StatTimeInReadyState)>30`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct StatisticTerm {
    pub(crate) statistic: Statistic,
    pub(crate) comparison: Comparison,
    pub(crate) value: f64,
}

impl StatisticTerm {
    fn holds(self, own: Option<f64>) -> bool {
        own.is_some_and(|own| self.comparison.holds(&own, &self.value))
    }
}

impl PartialEq for SkillExpression {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}

impl SkillExpression {
    /// Reads an expression.
    ///
    /// # Errors
    /// [`SkillExpressionError`] with the place, when the text does not follow the grammar, nests deeper than 32
    /// parentheses, or names a function or an agent statistic that does not exist.
    pub fn parse(text: &str) -> Result<Self, SkillExpressionError> {
        let mut reader = Reader::new(text);
        let parsed = Self::read(&mut reader).and_then(|expression| {
            if reader.is_at_end() { Ok(expression) } else { Err(reader.expected("`&`, `|` or the end")) }
        });
        parsed.map_err(|Mistake { position, problem }| SkillExpressionError {
            expression: text.to_owned(),
            position,
            problem,
        })
    }

    /// Reads as much as belongs to an expression.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Mistake> {
        let mut parser = Parser { reader, depth: 0, mixes_operators: false };
        let (root, _) = parser.any()?;
        let mixes_operators = parser.mixes_operators;
        Ok(Self { root, mixes_operators })
    }

    /// Whether the expression holds for an agent. `logged_in`: whether the agent is at work.
    ///
    /// Of the statistics only `$(StatAgentLoggedIn)` is known here; conditions on others do not hold. See
    /// [`SkillExpression::holds`].
    #[must_use]
    pub fn matches(&self, agent: &AgentProfile, logged_in: bool) -> bool {
        self.holds(agent, logged_in, |_| None)
    }

    /// Whether the expression holds for an agent whose statistics are known; a condition on a statistic without
    /// a value does not hold.
    pub fn holds(
        &self,
        agent: &AgentProfile,
        logged_in: bool,
        value_of: impl Fn(Statistic) -> Option<f64>,
    ) -> bool {
        self.root.holds(agent, logged_in, &|term| term.holds(value_of(term.statistic)))
    }

    /// Whether the expression holds for an agent at work at some time, whatever the statistics are then: nothing in an
    /// expression negates a part of it.
    pub(crate) fn may_hold(&self, agent: &AgentProfile) -> bool {
        self.root.holds(agent, true, &|_| true)
    }

    /// Statistics that the expression asks for, without `StatAgentLoggedIn`, each once.
    #[must_use]
    pub fn statistics(&self) -> Vec<Statistic> {
        let mut found: Vec<Statistic> = Vec::new();
        for term in self.statistic_terms() {
            if !found.contains(&term.statistic) {
                found.push(term.statistic);
            }
        }
        found
    }

    /// Conditions on statistics, without `StatAgentLoggedIn`: what has to be known of an agent beyond its profile and
    /// presence.
    pub(crate) fn statistic_terms(&self) -> Vec<StatisticTerm> {
        let mut found = Vec::new();
        self.root.collect_terms(&mut found);
        found
    }

    /// Whether `|` and `&` stand side by side without parentheses, which other routers may read differently.
    #[must_use]
    pub fn mixes_operators(&self) -> bool {
        self.mixes_operators
    }
}

impl fmt::Display for SkillExpression {
    /// Writes the canonical form, in which operators are never mixed without parentheses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.write(f, false)
    }
}

impl Node {
    fn holds(
        &self,
        agent: &AgentProfile,
        logged_in: bool,
        term_holds: &impl Fn(&StatisticTerm) -> bool,
    ) -> bool {
        match self {
            Self::Any(parts) => parts.iter().any(|part| part.holds(agent, logged_in, term_holds)),
            Self::All(parts) => parts.iter().all(|part| part.holds(agent, logged_in, term_holds)),
            Self::Level { skill, comparison, level } => match agent.skills.get(skill) {
                Some(own) => comparison.holds(own, level),
                None => missing_skill_holds(*comparison, *level),
            },
            Self::Exists { skill } => agent.skills.contains_key(skill),
            Self::Statistic(term) if term.statistic == Statistic::AgentLoggedIn => {
                term.holds(Some(f64::from(u8::from(logged_in))))
            }
            Self::Statistic(term) => term_holds(term),
            Self::LoggedInAt { dn, switch } => {
                logged_in && agent.switch == *switch && dn.as_ref().is_none_or(|dn| agent.dn == *dn)
            }
        }
    }

    fn collect_terms(&self, found: &mut Vec<StatisticTerm>) {
        match self {
            Self::Any(parts) | Self::All(parts) => {
                for part in parts {
                    part.collect_terms(found);
                }
            }
            Self::Statistic(term) if term.statistic != Statistic::AgentLoggedIn && !found.contains(term) => {
                found.push(*term);
            }
            Self::Statistic(_) | Self::Level { .. } | Self::Exists { .. } | Self::LoggedInAt { .. } => {}
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, within: bool) -> fmt::Result {
        match self {
            Self::Any(parts) => write_joined(f, parts, "|", within),
            Self::All(parts) => write_joined(f, parts, "&", within),
            Self::Level { skill, comparison, level } if is_bare_name(skill) => {
                write!(f, "{skill}{comparison}{level}")
            }
            Self::Level { skill, comparison, level } => write!(f, "Skill(\"{skill}\"){comparison}{level}"),
            Self::Exists { skill } => write!(f, "SkillExists(\"{skill}\")"),
            Self::Statistic(term) => {
                write!(f, "$({}){}{}", term.statistic.name(), term.comparison, term.value)
            }
            Self::LoggedInAt { dn: Some(dn), switch } => write!(f, "LoggedIn(\"{dn}@{switch}\")"),
            Self::LoggedInAt { dn: None, switch } => write!(f, "LoggedIn(\"{switch}\")"),
        }
    }
}

fn write_joined(f: &mut fmt::Formatter<'_>, parts: &[Node], operator: &str, within: bool) -> fmt::Result {
    f.write_str(if within { "(" } else { "" })?;
    for (index, part) in parts.iter().enumerate() {
        f.write_str(if index > 0 { operator } else { "" })?;
        part.write(f, true)?;
    }
    f.write_str(if within { ")" } else { "" })
}

//= decision: D-090 a missing skill is 0 only for `<`, `<=`, `=0`
fn missing_skill_holds(comparison: Comparison, level: i64) -> bool {
    match comparison {
        Comparison::Less | Comparison::LessOrEqual => comparison.holds(&0, &level),
        Comparison::Equal => level == 0,
        Comparison::NotEqual => true,
        Comparison::Greater | Comparison::GreaterOrEqual => false,
    }
}

/// Whether a skill can be written without quotes: letters, digits and underscore, not first a digit.
fn is_bare_name(name: &str) -> bool {
    name.starts_with(|c: char| !c.is_ascii_digit())
        && name.chars().all(is_name_character)
        && name.chars().count() <= SKILL_NAME_LENGTH_MAX
}

fn is_name_character(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Parser<'r, 'a> {
    reader: &'r mut Reader<'a>,
    depth: usize,
    mixes_operators: bool,
}

impl<'a> Parser<'_, 'a> {
    /// Reads `a | b | …`; also says whether what was read is a bare conjunction of several parts.
    fn any(&mut self) -> Result<(Node, bool), Mistake> {
        let (first, mut has_conjunction) = self.all()?;
        let mut parts = vec![first];
        while self.reader.take("|") {
            let (part, conjunction) = self.all()?;
            has_conjunction |= conjunction;
            parts.push(part);
        }
        if parts.len() > 1 && has_conjunction {
            self.mixes_operators = true;
        }
        Ok((join(parts, Node::Any), has_conjunction))
    }

    fn all(&mut self) -> Result<(Node, bool), Mistake> {
        let mut parts = vec![self.unit()?];
        while self.reader.take_ampersand() {
            parts.push(self.unit()?);
        }
        let is_conjunction = parts.len() > 1;
        Ok((join(parts, Node::All), is_conjunction))
    }

    fn unit(&mut self) -> Result<Node, Mistake> {
        if self.reader.take("(") {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return Err(self.reader.mistake(format!("more than {DEPTH_MAX} nested parentheses")));
            }
            let (inner, _) = self.any()?;
            self.closing()?;
            self.depth -= 1;
            return Ok(inner);
        }
        if self.reader.take("$(") {
            return self.statistic();
        }
        self.reader.skip_blanks();
        let begin = self.reader.clone();
        let name = self.name("a skill, a function, `$(` or `(`")?;
        if self.reader.take("(") {
            return self.function(&begin, name);
        }
        if !Comparison::ALL.iter().any(|comparison| self.reader.clone().take(comparison.token())) {
            return Err(self.reader.expected("`=`, `!=`, `<`, `<=`, `>` or `>=` after a skill"));
        }
        self.level(name)
    }

    fn closing(&mut self) -> Result<(), Mistake> {
        if self.reader.take(")") { Ok(()) } else { Err(self.reader.expected("`&`, `|` or `)`")) }
    }

    fn function(&mut self, begin: &Reader<'_>, name: &str) -> Result<Node, Mistake> {
        if !FUNCTIONS.contains(&name) {
            let near = proposal(name, FUNCTIONS.into_iter());
            return Err(begin
                .mistake(format!("there is no function `{name}`: expected {}{near}", FUNCTIONS.join(", "))));
        }
        let argument = self.reader.string()?;
        self.reader.expect(")")?;
        match name {
            "Skill" => self.level(argument),
            "SkillExists" => Ok(Node::Exists { skill: argument.to_owned() }),
            _ => Ok(match argument.split_once('@') {
                Some((dn, switch)) => Node::LoggedInAt { dn: Some(dn.to_owned()), switch: switch.to_owned() },
                None => Node::LoggedInAt { dn: None, switch: argument.to_owned() },
            }),
        }
    }

    fn level(&mut self, skill: &str) -> Result<Node, Mistake> {
        let comparison = Comparison::read(self.reader)?;
        Ok(Node::Level { skill: skill.to_owned(), comparison, level: self.reader.integer()? })
    }

    fn statistic(&mut self) -> Result<Node, Mistake> {
        self.reader.skip_blanks();
        let begin = self.reader.clone();
        let name = self.name("the name of an agent statistic")?;
        let statistic = StatisticUse::Agent.find(name).map_err(|error| begin.mistake(error.to_string()))?;
        self.reader.expect(")")?;
        let comparison = Comparison::read(self.reader)?;
        let value = self.reader.number()?;
        Ok(Node::Statistic(StatisticTerm { statistic, comparison, value }))
    }

    fn name(&mut self, what: &str) -> Result<&'a str, Mistake> {
        self.reader.skip_blanks();
        let begin = self.reader.clone();
        let name = self.reader.take_while(is_name_character);
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(begin.expected(what));
        }
        if name.chars().count() > SKILL_NAME_LENGTH_MAX {
            return Err(begin.mistake(format!("a name has at most {SKILL_NAME_LENGTH_MAX} characters")));
        }
        Ok(name)
    }
}

/// One node for several; a conjunction within a conjunction is the same without parentheses.
fn join(mut parts: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Node {
    if parts.len() == 1 {
        return parts.pop().unwrap_or(Node::All(Vec::new()));
    }
    let is_all = matches!(join(Vec::new()), Node::All(_));
    let flat = parts.into_iter().flat_map(|part| match part {
        Node::All(inner) if is_all => inner,
        Node::Any(inner) if !is_all => inner,
        other => vec![other],
    });
    join(flat.collect())
}

#[cfg(test)]
mod tests;
