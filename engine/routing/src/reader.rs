//! A cursor over text that knows which character it stands at: what the grammars of targets share.

/// What was expected, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Character, from 1.
    pub(crate) position: usize,
    pub(crate) problem: String,
}

/// The cursor.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, rest: text }
    }

    /// What is still to be read.
    pub(crate) fn rest(&self) -> &'a str {
        self.rest
    }

    /// Character at which the cursor stands, from 1.
    pub(crate) fn position(&self) -> usize {
        let consumed = self.text.len().saturating_sub(self.rest.len());
        self.text.get(..consumed).map_or(0, |before| before.chars().count()) + 1
    }

    /// A mistake at the cursor.
    pub(crate) fn mistake(&self, problem: impl Into<String>) -> Mistake {
        Mistake { position: self.position(), problem: problem.into() }
    }

    /// A mistake at the cursor: `what` was expected, something else or the end is there.
    pub(crate) fn expected(&self, what: &str) -> Mistake {
        let found = self.rest.chars().next().map_or("the end".to_owned(), |c| format!("`{c}`"));
        self.mistake(format!("expected {what}, found {found}"))
    }

    /// Goes on at `rest`, which must be an end of the text.
    pub(crate) fn skip_to(&mut self, rest: &'a str) {
        debug_assert!(self.rest.ends_with(rest), "the cursor only goes forward");
        self.rest = rest;
    }

    pub(crate) fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    pub(crate) fn is_at_end(&mut self) -> bool {
        self.skip_blanks();
        self.rest.is_empty()
    }

    /// Consumes `token` after blanks; says whether it was there.
    pub(crate) fn take(&mut self, token: &str) -> bool {
        self.skip_blanks();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Consumes an ampersand, also one that was escaped for HTML with or without its name.
    pub(crate) fn take_ampersand(&mut self) -> bool {
        // The guide's example prints `&;`.
        self.take("&amp;") || self.take("&;") || self.take("&")
    }

    pub(crate) fn expect(&mut self, token: &str) -> Result<(), Mistake> {
        if self.take(token) { Ok(()) } else { Err(self.expected(&format!("`{token}`"))) }
    }

    /// Consumes characters while `fits`; may be none.
    pub(crate) fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !fits(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Consumes `"…"`, which is not empty and has no quote within.
    pub(crate) fn string(&mut self) -> Result<&'a str, Mistake> {
        self.expect("\"")?;
        let Some((inner, rest)) = self.rest.split_once('"') else {
            return Err(self.mistake("expected a closing `\"`"));
        };
        if inner.is_empty() {
            return Err(self.expected("a name between the quotes"));
        }
        self.rest = rest;
        Ok(inner)
    }

    /// Consumes a number.
    pub(crate) fn number(&mut self) -> Result<f64, Mistake> {
        self.skip_blanks();
        let before = self.clone();
        let number = self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.'));
        let value = number.parse().ok().filter(|value: &f64| value.is_finite());
        value.ok_or_else(|| before.expected("a number"))
    }

    /// Consumes a whole number that fits 64 bits.
    pub(crate) fn integer(&mut self) -> Result<i64, Mistake> {
        self.skip_blanks();
        let before = self.clone();
        let _sign = self.take("-");
        let digits = self.take_while(|c| c.is_ascii_digit());
        let length = before.rest.len().saturating_sub(self.rest.len());
        if digits.is_empty() {
            return Err(before.expected("an integer"));
        }
        let number = before.rest.get(..length).and_then(|number| number.parse().ok());
        number.ok_or_else(|| before.mistake("expected an integer that fits 64 bits"))
    }
}

/// Most edits between a name that nobody has and the known name that is proposed.
const PROPOSAL_DISTANCE_MAX: usize = 3;

/// The known name nearest to `name`, if it is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase());
            (distance, candidate)
        })
        .min()
        .filter(|(distance, candidate)| *distance <= PROPOSAL_DISTANCE_MAX && *distance < candidate.len())
        .map(|(_, candidate)| candidate)
}

/// `; did you mean …?` for the nearest known name, or nothing.
pub(crate) fn proposal<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(name, known).map_or_else(String::new, |candidate| format!("; did you mean `{candidate}`?"))
}
