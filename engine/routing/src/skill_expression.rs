//! Skill expressions: conditions on the skills of an agent, `(Spanish>3|Skill("Catalan")>=2)&Loans>1`.
//!
//! `&` binds tighter than `|` (decision D-090). Statistics inside an expression are limited to
//! `$(StatAgentLoggedIn)`, which the router knows by itself; others are refused, not ignored.

use crate::AgentProfile;

/// Most nested parentheses of an expression.
const DEPTH_MAX: usize = 32;
/// Most characters of a skill name (router reference: skill names).
const SKILL_NAME_LENGTH_MAX: usize = 126;
/// The agent statistic that expressions may use.
const LOGGED_IN_STATISTIC: &str = "StatAgentLoggedIn";

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
}

/// A skill expression that was read.
#[derive(Clone, Debug, PartialEq)]
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
    Any(Vec<Node>),
    All(Vec<Node>),
    Level { skill: String, comparison: Comparison, level: i64 },
    Exists { skill: String },
    LoggedInStatistic { comparison: Comparison, value: i64 },
    LoggedInAt { dn: Option<String>, switch: String },
}

impl SkillExpression {
    /// Reads an expression.
    ///
    /// # Errors
    /// [`SkillExpressionError`] with the place, when the text does not follow the grammar, nests deeper than 32
    /// parentheses, or uses a statistic that the router does not count.
    pub fn parse(text: &str) -> Result<Self, SkillExpressionError> {
        let mut reader = Reader { text, rest: text, depth: 0, mixes_operators: false };
        let (root, _) = reader.any()?;
        reader.skip_blanks();
        if !reader.rest.is_empty() {
            return Err(reader.error("expected `&`, `|` or the end"));
        }
        Ok(Self { root, mixes_operators: reader.mixes_operators })
    }

    /// Whether the expression holds for an agent. `logged_in`: whether the agent is at work.
    #[must_use]
    pub fn matches(&self, agent: &AgentProfile, logged_in: bool) -> bool {
        self.root.holds(agent, logged_in)
    }

    /// Whether `|` and `&` stand side by side without parentheses, which other routers may read differently.
    #[must_use]
    pub fn mixes_operators(&self) -> bool {
        self.mixes_operators
    }
}

impl Node {
    fn holds(&self, agent: &AgentProfile, logged_in: bool) -> bool {
        match self {
            Self::Any(parts) => parts.iter().any(|part| part.holds(agent, logged_in)),
            Self::All(parts) => parts.iter().all(|part| part.holds(agent, logged_in)),
            Self::Level { skill, comparison, level } => match agent.skills.get(skill) {
                Some(own) => comparison.holds(own, level),
                None => missing_skill_holds(*comparison, *level),
            },
            Self::Exists { skill } => agent.skills.contains_key(skill),
            Self::LoggedInStatistic { comparison, value } => comparison.holds(&i64::from(logged_in), value),
            Self::LoggedInAt { dn, switch } => {
                logged_in && agent.switch == *switch && dn.as_ref().is_none_or(|dn| agent.dn == *dn)
            }
        }
    }
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

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    depth: usize,
    mixes_operators: bool,
}

impl Reader<'_> {
    fn error(&self, problem: impl Into<String>) -> SkillExpressionError {
        let consumed = self.text.chars().count().saturating_sub(self.rest.chars().count());
        SkillExpressionError {
            expression: self.text.to_owned(),
            position: consumed + 1,
            problem: problem.into(),
        }
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Consumes `token` after blanks; says whether it was there.
    fn take(&mut self, token: &str) -> bool {
        self.skip_blanks();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), SkillExpressionError> {
        if self.take(token) { Ok(()) } else { Err(self.error(format!("expected `{token}`"))) }
    }

    /// Reads `a | b | …`; also says whether what was read is a bare conjunction of several parts.
    fn any(&mut self) -> Result<(Node, bool), SkillExpressionError> {
        let (first, mut has_conjunction) = self.all()?;
        let mut parts = vec![first];
        while self.take("|") {
            let (part, conjunction) = self.all()?;
            has_conjunction |= conjunction;
            parts.push(part);
        }
        if parts.len() > 1 && has_conjunction {
            self.mixes_operators = true;
        }
        Ok((one_or(parts, Node::Any), has_conjunction))
    }

    fn all(&mut self) -> Result<(Node, bool), SkillExpressionError> {
        let mut parts = vec![self.unit()?];
        while self.take("&") {
            parts.push(self.unit()?);
        }
        let is_conjunction = parts.len() > 1;
        Ok((one_or(parts, Node::All), is_conjunction))
    }

    fn unit(&mut self) -> Result<Node, SkillExpressionError> {
        if self.take("(") {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return Err(self.error(format!("more than {DEPTH_MAX} nested parentheses")));
            }
            let (inner, _) = self.any()?;
            self.expect(")")?;
            self.depth -= 1;
            return Ok(inner);
        }
        if self.take("$(") {
            return self.statistic();
        }
        let name = self.name()?;
        if !self.take("(") {
            let comparison = self.comparison()?;
            let level = self.number()?;
            return Ok(Node::Level { skill: name, comparison, level });
        }
        let argument = self.string()?;
        self.expect(")")?;
        match name.as_str() {
            "Skill" => {
                Ok(Node::Level { skill: argument, comparison: self.comparison()?, level: self.number()? })
            }
            "SkillExists" => Ok(Node::Exists { skill: argument }),
            "LoggedIn" => Ok(match argument.split_once('@') {
                Some((dn, switch)) => Node::LoggedInAt { dn: Some(dn.to_owned()), switch: switch.to_owned() },
                None => Node::LoggedInAt { dn: None, switch: argument },
            }),
            _ => {
                Err(self
                    .error(format!("there is no function `{name}`: write Skill, SkillExists or LoggedIn")))
            }
        }
    }

    fn statistic(&mut self) -> Result<Node, SkillExpressionError> {
        let name = self.name()?;
        if name != LOGGED_IN_STATISTIC {
            return Err(self.error(format!(
                "statistic `{name}` is not counted here: only {LOGGED_IN_STATISTIC} can be used"
            )));
        }
        self.expect(")")?;
        Ok(Node::LoggedInStatistic { comparison: self.comparison()?, value: self.number()? })
    }

    fn name(&mut self) -> Result<String, SkillExpressionError> {
        self.skip_blanks();
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() || name.starts_with(char::is_numeric) {
            return Err(self.error("expected the name of a skill, `Skill(\"…\")`, `$(…)` or `(`"));
        }
        if name.chars().count() > SKILL_NAME_LENGTH_MAX {
            return Err(self.error(format!("a skill name has at most {SKILL_NAME_LENGTH_MAX} characters")));
        }
        let name = name.to_owned();
        self.rest = rest;
        Ok(name)
    }

    fn string(&mut self) -> Result<String, SkillExpressionError> {
        self.expect("\"")?;
        let Some((inner, rest)) = self.rest.split_once('"') else {
            return Err(self.error("expected a closing `\"`"));
        };
        if inner.is_empty() {
            return Err(self.error("expected a name between the quotes"));
        }
        let inner = inner.to_owned();
        self.rest = rest;
        Ok(inner)
    }

    fn comparison(&mut self) -> Result<Comparison, SkillExpressionError> {
        // Two characters first, so that `<=` is not read as `<`.
        for (token, comparison) in [
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("=", Comparison::Equal),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ] {
            if self.take(token) {
                return Ok(comparison);
            }
        }
        Err(self.error("expected `=`, `!=`, `<`, `<=`, `>` or `>=`"))
    }

    fn number(&mut self) -> Result<i64, SkillExpressionError> {
        self.skip_blanks();
        let sign = usize::from(self.rest.starts_with('-'));
        let digits = self.rest.chars().skip(sign).take_while(char::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at(sign + digits);
        match number.parse() {
            Ok(value) => {
                self.rest = rest;
                Ok(value)
            }
            Err(_not_a_number) => Err(self.error("expected an integer")),
        }
    }
}

fn one_or(mut parts: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Node {
    if parts.len() > 1 {
        return join(parts);
    }
    parts.pop().unwrap_or(Node::All(Vec::new()))
}

#[cfg(test)]
mod tests;
