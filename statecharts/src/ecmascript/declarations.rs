//! Finds what a `<script>` declares at its top level, so that it lands in the scope of the session.
//!
//! A script runs inside a function (one scope object per session, not one context), where `var x` would be a local of that
//! function. So the keyword of every top-level declaration is blanked, `var x = 1` becomes `    x = 1`, and the names are
//! declared in the session's scope first. Function declarations are taken out and become properties of the scope before the first
//! statement, without a binding of their own: whoever assigns to the name changes what everybody calls. Class declarations become
//! assignments at their place. Only tokens are looked at, there is no syntax tree: the script engine has the last word on the syntax.

use std::ops::Range;

use super::patterns::pattern_names;

/// What a script declares, and the script without its top-level declarations.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Declarations {
    pub(crate) body: String,
    /// The body as it is written, with its functions and classes: what is wrong with it is looked for there.
    pub(crate) written: String,
    /// Variables and classes.
    pub(crate) names: Vec<String>,
    /// Function declarations.
    pub(crate) functions: Vec<DeclaredFunction>,
    /// Texts of the outermost functions: how they are told from functions that came up later.
    pub(crate) texts: Vec<String>,
}

/// A function that a script declares at its top level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeclaredFunction {
    pub(crate) name: String,
    /// Its text without the name.
    pub(crate) text: String,
}

/// What is wrong, and at which character.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TokenError {
    pub(crate) index: usize,
    pub(crate) message: String,
}

/// What an open bracket belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    /// `{` of a block or a class.
    Block,
    /// `{` of an object.
    Object,
    /// `{` of a function body.
    Function,
    /// `(`; whether it follows a keyword such as `if`.
    Paren { is_statement: bool },
    /// `[`.
    Bracket,
    /// `${` in a template.
    Template,
}

/// What came before, as far as it decides about what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// Nothing, an operator, an opening bracket: a value must follow.
    Operator,
    /// `;` or the end of a block: a statement begins.
    Statement,
    /// A value: an operator must follow.
    Value,
    /// `)`; whether it closed the head of a statement.
    Paren { is_statement: bool },
    /// `=>`.
    Arrow,
    /// A keyword that a value follows, such as `return`.
    Keyword,
}

/// What a name that follows is taken as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Nothing,
    FunctionName,
    ClassName,
}

/// A declaration that is being read.
#[derive(Clone, Copy, Debug)]
struct Declaring {
    depth: usize,
    expects_name: bool,
    /// Where its keyword began and whether a `;` has to keep it from the line before, as long as no name has come.
    first: Option<(usize, bool)>,
    /// Whether a `(` was put before it: `{a} = o` would be a block.
    is_wrapped: bool,
}

const VALUE_KEYWORDS: &[&str] = &[
    "return",
    "typeof",
    "instanceof",
    "in",
    "of",
    "new",
    "delete",
    "void",
    "throw",
    "case",
    "do",
    "else",
    "yield",
    "await",
];
const STATEMENT_HEADS: &[&str] = &["if", "for", "while", "switch", "catch", "with"];

/// Whether a character ends a line of a script.
fn ends_line(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

/// Checks that brackets match, so that a text cannot leave the function it is put into.
///
/// # Errors
/// The first bracket, string or comment that is not closed, or closes nothing.
pub(crate) fn check_brackets(source: &str) -> Result<(), TokenError> {
    let mut scanner = Scanner::new(source, false);
    scanner.before = Before::Operator;
    scanner.run()
}

/// Finds the declarations of a script.
///
/// # Errors
/// As [`check_brackets`], and a pattern that cannot be read.
pub(crate) fn declarations(source: &str) -> Result<Declarations, TokenError> {
    let mut scanner = Scanner::new(source, true);
    scanner.run()?;
    scanner.end_declaration();
    let mut found = scanner.found;
    let length = scanner.characters.len();
    (found.body, found.written) = (String::with_capacity(length), String::with_capacity(length));
    let mut insertions = scanner.insertions.into_iter().peekable();
    let mut taken = scanner.taken.into_iter().peekable();
    for (index, character) in scanner.characters.into_iter().enumerate() {
        while let Some((_, text)) = insertions.next_if(|(at, _)| *at <= index) {
            found.insert(text);
        }
        while taken.next_if(|range| range.end <= index).is_some() {}
        found.written.push(character);
        found.body.push(match taken.peek() {
            Some(range) if range.start == index => ';',
            Some(range) if range.contains(&index) && !ends_line(character) => ' ',
            _ => character,
        });
    }
    insertions.for_each(|(_, text)| found.insert(text));
    Ok(found)
}

impl Declarations {
    fn insert(&mut self, text: Insertion) {
        match text {
            Insertion::Closing => {
                self.body.push(')');
                self.written.push(')');
            }
            Insertion::Assigned(name) => {
                self.body.push_str(&name);
                self.body.push('=');
            }
            Insertion::Assignment => self.body.push(';'),
        }
    }
}

/// What is put into a script.
#[derive(Debug)]
enum Insertion {
    /// `)` behind an assignment to a pattern.
    Closing,
    /// The name that a class is assigned to.
    Assigned(String),
    /// `;` behind a class.
    Assignment,
}

/// A function declaration that is being read.
#[derive(Debug)]
struct DeclaringFunction {
    start: usize,
    name: Range<usize>,
}

struct Scanner {
    characters: Vec<char>,
    position: usize,
    open: Vec<(Open, usize)>,
    /// How many `?` wait for their `:`, for each open bracket, beginning with none.
    questions: Vec<u32>,
    before: Before,
    /// Last word, if the last token was one.
    word: String,
    has_newline: bool,
    expect: Expect,
    declaring: Option<Declaring>,
    /// Where the outermost function that is being read begins.
    function_start: Option<usize>,
    /// Whether the `async` before begins a statement.
    async_begins_statement: bool,
    /// The function declaration of the top level that is being read, once its name has come.
    declaring_function: Option<DeclaringFunction>,
    /// Where the keyword of the class declaration that is being read begins.
    class_start: usize,
    is_declaring_class: bool,
    rewrites: bool,
    /// End of the last token.
    token_end: usize,
    /// What is put in before which character, in ascending order.
    insertions: Vec<(usize, Insertion)>,
    /// Function declarations that are taken out, in ascending order.
    taken: Vec<Range<usize>>,
    found: Declarations,
}

impl Scanner {
    fn new(source: &str, rewrites: bool) -> Self {
        Self {
            characters: source.chars().collect(),
            position: 0,
            open: Vec::new(),
            questions: vec![0],
            before: Before::Statement,
            word: String::new(),
            has_newline: false,
            expect: Expect::Nothing,
            declaring: None,
            function_start: None,
            async_begins_statement: false,
            declaring_function: None,
            class_start: 0,
            is_declaring_class: false,
            rewrites,
            token_end: 0,
            insertions: Vec::new(),
            taken: Vec::new(),
            found: Declarations::default(),
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.position + ahead).copied()
    }

    /// Whether this text follows the next character.
    fn follows(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(at, character)| self.peek(at + 1) == Some(character))
    }

    fn error<T>(index: usize, message: impl Into<String>) -> Result<T, TokenError> {
        Err(TokenError { index, message: message.into() })
    }

    fn run(&mut self) -> Result<(), TokenError> {
        while let Some(character) = self.peek(0) {
            self.token(character)?;
        }
        match self.open.last() {
            Some((_, index)) => Self::error(*index, "this bracket is never closed"),
            None => Ok(()),
        }
    }

    fn token(&mut self, character: char) -> Result<(), TokenError> {
        match character {
            _ if ends_line(character) => {
                self.has_newline = true;
                self.position += 1;
                return Ok(());
            }
            _ if character.is_whitespace() || character == '\u{feff}' => {
                self.position += 1;
                return Ok(());
            }
            '/' if self.peek(1) == Some('/') => {
                while self.peek(0).is_some_and(|next| !ends_line(next)) {
                    self.position += 1;
                }
                return Ok(());
            }
            '/' if self.peek(1) == Some('*') => return self.comment(),
            '<' if self.follows("!--") => {
                return Self::error(
                    self.position,
                    "`<!--` begins a comment in scripts of browsers; write `//` for a comment, `< !--` for a comparison",
                );
            }
            '-' if self.follows("->") && (self.has_newline || self.token_end == 0) => {
                return Self::error(
                    self.position,
                    "`-->` at the beginning of a line is a comment in scripts of browsers; write `//`",
                );
            }
            '"' | '\'' => self.string(character)?,
            '`' => {
                self.position += 1;
                self.template()?;
            }
            '/' if self.is_regular_expression() => self.regular_expression()?,
            '(' | '[' | '{' => self.opening(character)?,
            ')' | ']' | '}' => self.closing(character)?,
            _ if character.is_alphanumeric() || matches!(character, '_' | '$' | '\\' | '#') => self.word()?,
            _ => self.operator(character),
        }
        self.has_newline = false;
        self.token_end = self.position;
        Ok(())
    }

    fn comment(&mut self) -> Result<(), TokenError> {
        let start = self.position;
        self.position += 2;
        loop {
            match self.peek(0) {
                Some('*') if self.peek(1) == Some('/') => {
                    self.position += 2;
                    return Ok(());
                }
                Some(next) if ends_line(next) => self.has_newline = true,
                Some(_) => {}
                None => return Self::error(start, "this comment is never closed"),
            }
            self.position += 1;
        }
    }

    fn string(&mut self, quote: char) -> Result<(), TokenError> {
        let start = self.position;
        self.value_begins(None)?;
        self.position += 1;
        loop {
            match self.peek(0) {
                Some('\\') => self.position += 1,
                Some(next) if next == quote => break,
                Some('\n' | '\r') | None => return Self::error(start, "this string is never closed"),
                Some(_) => {}
            }
            self.position += 1;
        }
        self.position += 1;
        self.set(Before::Value);
        Ok(())
    }

    /// Behind the opening `` ` `` or the `}` of a substitution.
    fn template(&mut self) -> Result<(), TokenError> {
        let start = self.position;
        loop {
            match self.peek(0) {
                Some('\\') => self.position += 1,
                Some('`') => {
                    self.position += 1;
                    self.set(Before::Value);
                    return Ok(());
                }
                Some('$') if self.peek(1) == Some('{') => {
                    self.position += 2;
                    self.open.push((Open::Template, self.position));
                    self.questions.push(0);
                    self.set(Before::Operator);
                    return Ok(());
                }
                Some(_) => {}
                None => return Self::error(start, "this template is never closed"),
            }
            self.position += 1;
        }
    }

    fn is_regular_expression(&self) -> bool {
        match self.before {
            Before::Value => false,
            Before::Paren { is_statement } => is_statement,
            Before::Operator | Before::Statement | Before::Arrow | Before::Keyword => true,
        }
    }

    fn regular_expression(&mut self) -> Result<(), TokenError> {
        let start = self.position;
        let mut in_class = false;
        self.position += 1;
        loop {
            match self.peek(0) {
                Some('\\') if !self.peek(1).is_some_and(ends_line) => self.position += 1,
                Some('[') => in_class = true,
                Some(']') => in_class = false,
                Some('/') if !in_class => break,
                Some(next) if ends_line(next) => {
                    return Self::error(start, "this regular expression is never closed");
                }
                None => return Self::error(start, "this regular expression is never closed"),
                Some(_) => {}
            }
            self.position += 1;
        }
        self.position += 1;
        self.set(Before::Value);
        Ok(())
    }

    fn opening(&mut self, character: char) -> Result<(), TokenError> {
        if character != '(' {
            self.value_begins(Some(character))?;
        }
        let open = match character {
            '(' => Open::Paren { is_statement: STATEMENT_HEADS.contains(&self.word.as_str()) },
            '[' => Open::Bracket,
            _ => match self.before {
                Before::Paren { is_statement: false } | Before::Arrow => Open::Function,
                Before::Operator => Open::Object,
                Before::Keyword if !matches!(self.word.as_str(), "do" | "else") => Open::Object,
                _ => Open::Block,
            },
        };
        self.open.push((open, self.position));
        self.questions.push(0);
        self.position += 1;
        self.expect = Expect::Nothing;
        self.set(match open {
            Open::Block | Open::Function => Before::Statement,
            _ => Before::Operator,
        });
        Ok(())
    }

    fn closing(&mut self, character: char) -> Result<(), TokenError> {
        let index = self.position;
        let Some((open, _)) = self.open.pop() else {
            return Self::error(index, format!("`{character}` closes nothing"));
        };
        self.questions.pop();
        let fits = match open {
            Open::Paren { .. } => character == ')',
            Open::Bracket => character == ']',
            Open::Block | Open::Object | Open::Function | Open::Template => character == '}',
        };
        if !fits {
            return Self::error(index, format!("`{character}` does not close what is open"));
        }
        if self.declaring.is_some_and(|declaring| self.open.len() < declaring.depth) {
            self.end_declaration();
        }
        self.position += 1;
        if self.open.is_empty() && matches!(open, Open::Function | Open::Block) {
            self.end_of_declared(open);
        }
        if open == Open::Function
            && !self.in_function()
            && let Some(start) = self.function_start.take()
            && let Some(text) = self.characters.get(start..self.position)
        {
            self.found.texts.push(text.iter().collect());
        }
        match open {
            Open::Template => return self.template(),
            Open::Paren { is_statement } => self.set(Before::Paren { is_statement }),
            // Behind an object a `/` divides, behind a block it begins a regular expression.
            Open::Bracket | Open::Object => self.set(Before::Value),
            Open::Block | Open::Function => self.set(Before::Statement),
        }
        Ok(())
    }

    /// A bracket of the top level was closed: that of a declared function or class?
    fn end_of_declared(&mut self, open: Open) {
        if open == Open::Function
            && let Some(DeclaringFunction { start, name }) = self.declaring_function.take()
        {
            self.function_start = None;
            let text = |range: Range<usize>| self.characters.get(range).unwrap_or_default().iter();
            let (before, after) = (text(start..name.start), text(name.end..self.position));
            let function =
                DeclaredFunction { name: text(name).collect(), text: before.chain(after).collect() };
            self.found.texts.push(function.text.clone());
            self.found.functions.push(function);
            self.taken.push(start..self.position);
        } else if std::mem::take(&mut self.is_declaring_class) {
            self.insertions.push((self.position, Insertion::Assignment));
        }
    }

    fn operator(&mut self, character: char) {
        self.position += 1;
        let is_arrow = character == '=' && self.peek(0) == Some('>');
        if is_arrow {
            self.position += 1;
        }
        if let Some(declaring) = &mut self.declaring
            && declaring.depth == self.open.len()
        {
            match character {
                ',' => declaring.expects_name = true,
                ';' => self.end_declaration(),
                _ => {}
            }
        }
        let is_postfix = matches!(character, '+' | '-')
            && self.peek(0) == Some(character)
            && self.before == Before::Value
            && !self.has_newline;
        if is_postfix {
            self.position += 1;
            self.set(Before::Value);
            return;
        }
        let is_label = character == ':' && self.is_label();
        if character == '?'
            && !matches!(self.peek(0), Some('?' | '.'))
            && self.before != Before::Operator
            && let Some(questions) = self.questions.last_mut()
        {
            *questions += 1;
        }
        self.set(match character {
            ';' => Before::Statement,
            ':' if is_label => Before::Statement,
            '=' if is_arrow => Before::Arrow,
            _ => Before::Operator,
        });
    }

    /// Whether a `:` ends a label or a `case`, and not a key or the first half of a choice.
    fn is_label(&mut self) -> bool {
        if let Some(questions) = self.questions.last_mut()
            && *questions > 0
        {
            *questions -= 1;
            return false;
        }
        matches!(self.open.last(), None | Some((Open::Block | Open::Function, _)))
    }

    fn word(&mut self) -> Result<(), TokenError> {
        let start = self.position;
        let is_number = self.peek(0).is_some_and(|first| first.is_ascii_digit());
        while let Some(next) = self.peek(0) {
            let is_part = next.is_alphanumeric()
                || matches!(next, '_' | '$' | '\\' | '#' | '\u{200c}' | '\u{200d}')
                || (is_number && next == '.');
            if !is_part {
                break;
            }
            self.position += 1;
        }
        let word: String = self.characters[start..self.position].iter().collect();
        let is_property = start > 0 && self.characters[start - 1] == '.';
        if is_number || is_property {
            if is_number {
                self.value_begins(None)?;
            }
            self.set(Before::Value);
            return Ok(());
        }
        self.declare(&word, start)?;
        let is_keyword = VALUE_KEYWORDS.contains(&word.as_str());
        self.set(if is_keyword { Before::Keyword } else { Before::Value });
        self.word = word;
        Ok(())
    }

    /// The declaration that is being read ends with the last token.
    fn end_declaration(&mut self) {
        if self.declaring.take().is_some_and(|declaring| declaring.is_wrapped) {
            self.insertions.push((self.token_end, Insertion::Closing));
        }
    }

    /// A value begins: ends a declaration that was ended by a line end, and reads the names of a pattern.
    fn value_begins(&mut self, bracket: Option<char>) -> Result<(), TokenError> {
        let Some(declaring) = self.declaring else {
            return Ok(());
        };
        if declaring.depth != self.open.len() {
            return Ok(());
        }
        if declaring.expects_name {
            if self.rewrites && bracket.is_some() {
                return self.declare_pattern(declaring);
            }
        } else if self.has_newline && bracket.is_none() && self.ends_value() {
            self.end_declaration();
        }
        Ok(())
    }

    /// `var {a, b: [c]} = o` becomes `(   {a, b: [c]} = o)`, an assignment to the names of the pattern.
    fn declare_pattern(&mut self, declaring: Declaring) -> Result<(), TokenError> {
        let Some(names) = pattern_names(&self.characters, self.position) else {
            return Self::error(self.position, "this pattern cannot be read");
        };
        self.found.names.extend(names);
        let mut declaring = Declaring { expects_name: false, ..declaring };
        if let Some((start, needs_semicolon)) = declaring.first.take() {
            // Keywords have at least three letters: `;` and `(` have room.
            for (at, mark) in [(start, needs_semicolon.then_some(';')), (start + 1, Some('('))] {
                if let (Some(place), Some(mark)) = (self.characters.get_mut(at), mark) {
                    *place = mark;
                }
            }
            declaring.is_wrapped = true;
        }
        self.declaring = Some(declaring);
        Ok(())
    }

    fn ends_value(&self) -> bool {
        matches!(self.before, Before::Value | Before::Statement | Before::Paren { .. })
    }

    fn declare(&mut self, word: &str, start: usize) -> Result<(), TokenError> {
        match std::mem::replace(&mut self.expect, Expect::Nothing) {
            Expect::FunctionName => {
                let name = start..start + word.chars().count();
                let start = self.function_start.unwrap_or(start);
                self.declaring_function = Some(DeclaringFunction { start, name });
                return Ok(());
            }
            Expect::ClassName => {
                self.found.names.push(word.to_owned());
                self.insertions.push((self.class_start, Insertion::Assigned(word.to_owned())));
                self.is_declaring_class = true;
                return Ok(());
            }
            Expect::Nothing => {}
        }
        if !VALUE_KEYWORDS.contains(&word) {
            self.value_begins(None)?;
        }
        if let Some(declaring) = &mut self.declaring
            && declaring.depth == self.open.len()
            && declaring.expects_name
        {
            declaring.expects_name = false;
            declaring.first = None;
            self.found.names.push(word.to_owned());
            return Ok(());
        }
        if self.in_function() || !self.rewrites {
            return Ok(());
        }
        let follows_async = self.word == "async" && !self.has_newline;
        let begins_statement = if follows_async && word == "function" {
            self.async_begins_statement
        } else {
            self.before == Before::Statement || (self.has_newline && self.ends_value())
        };
        let at_top = self.open.is_empty();
        if word == "async" {
            self.async_begins_statement = begins_statement;
        }
        if word == "async" || (word == "function" && !(follows_async && self.function_start.is_some())) {
            // What stood in a parameter belongs to the function that is being declared.
            if self.declaring_function.is_none() {
                self.function_start = Some(start);
            }
        }
        match word {
            "var" => self.begin_declaration(start, word.len()),
            "let" | "const" if at_top && begins_statement => self.begin_declaration(start, word.len()),
            "function" if at_top && begins_statement => self.expect = Expect::FunctionName,
            "class" if at_top && begins_statement => {
                self.class_start = start;
                self.expect = Expect::ClassName;
            }
            _ => {}
        }
        Ok(())
    }

    fn in_function(&self) -> bool {
        self.open.iter().any(|(open, _)| *open == Open::Function)
    }

    fn begin_declaration(&mut self, start: usize, length: usize) {
        for character in self.characters.iter_mut().skip(start).take(length) {
            *character = ' ';
        }
        // In the head of a `for` a pattern is no statement that could be taken for a block.
        let in_head = matches!(self.open.last(), Some((Open::Paren { .. }, _)));
        let needs_semicolon = self.has_newline
            && matches!(
                self.before,
                Before::Value | Before::Statement | Before::Paren { is_statement: false }
            );
        self.declaring = Some(Declaring {
            depth: self.open.len(),
            expects_name: true,
            first: (!in_head).then_some((start, needs_semicolon)),
            is_wrapped: false,
        });
    }

    fn set(&mut self, before: Before) {
        self.before = before;
        self.word.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, body: &str, names: &[&str], functions: &[&str]) {
        let found = declarations(source).unwrap();
        assert_eq!(found.body, body);
        assert_eq!(found.names, names);
        let found: Vec<&str> = found.functions.iter().map(|function| function.name.as_str()).collect();
        assert_eq!(found, functions);
    }

    #[test]
    fn variables_lose_their_keyword() {
        check("var a = 1, b;", "    a = 1, b;", &["a", "b"], &[]);
        check("const a = [1, 2], b = {c: 1, d: 2}", "      a = [1, 2], b = {c: 1, d: 2}", &["a", "b"], &[]);
        check("if (x) { var y = 1 }", "if (x) {     y = 1 }", &["y"], &[]);
        check(
            "for (var i = 0, n = 3; i < n; i++) {}",
            "for (    i = 0, n = 3; i < n; i++) {}",
            &["i", "n"],
            &[],
        );
        check("for (var k in o) { k }", "for (    k in o) { k }", &["k"], &[]);
        check("var a = 1\nb = 2, c = 3", "    a = 1\nb = 2, c = 3", &["a"], &[]);
    }

    #[test]
    fn variables_of_functions_stay() {
        for source in [
            "f(function () { var x = 1; })",
            "f((a) => { var x = 1; })",
            "o = { m(a) { var x = 1; } }",
            "for (let i = 0; i < 3; i++) { let j = i }",
        ] {
            check(source, source, &[], &[]);
        }
    }

    #[test]
    fn functions_are_taken_out() {
        check("a()\nfunction f(b) {\n}\nc()", "a()\n;              \n \nc()", &[], &["f"]);
        let source =
            "function f(a) { var b = a; function g() {} }\nvar h = function k() {};\nasync function* m() {}
            async = 1; function n(a = function () { return {} }) { return {} }\nx = async function o() {}";
        let found = declarations(source).unwrap();
        let function =
            |name: &str, text: &str| DeclaredFunction { name: name.to_owned(), text: text.to_owned() };
        assert_eq!(
            found.functions,
            [
                function("f", "function (a) { var b = a; function g() {} }"),
                function("m", "async function* () {}"),
                function("n", "function (a = function () { return {} }) { return {} }"),
            ]
        );
        assert_eq!(found.names, ["h"]);
        assert!(found.written.starts_with("function f(a)"), "{}", found.written);
        assert!(found.body.ends_with("\nx = async function o() {}"), "{}", found.body);
    }

    #[test]
    fn classes_are_assigned_at_their_place() {
        check("a\nclass A { b() {} }\n(c)", "a\nA=class A { b() {} };\n(c)", &["A"], &[]);
        check("class A extends b({}) {}", "A=class A extends b({}) {};", &["A"], &[]);
        check("a = class A {}", "a = class A {}", &[], &[]);
    }

    #[test]
    fn texts_of_functions_are_found() {
        let found =
            declarations("function f() { g(function () {}) }\nvar o = { h: function (a) { return a } };")
                .unwrap();
        assert_eq!(found.texts, ["function () { g(function () {}) }", "function (a) { return a }"]);
    }

    #[test]
    fn text_is_no_code() {
        for source in [
            "a = 'var x'",
            "a = `var ${'}'} x`",
            "a = /[/]var x/.test(b) / 2",
            "// var x\na",
            "/* var x */ a",
            "o.var = 1",
            "if (a) /var b/.test(c)",
        ] {
            check(source, source, &[], &[]);
        }
    }

    #[test]
    fn a_text_cannot_leave_its_function() {
        assert!(check_brackets("1)}), (function(){ return (2").is_err());
        assert!(check_brackets("a[").is_err());
        assert!(check_brackets("')' + \"}\" + /]/.source").is_ok());
        assert!(check_brackets("(a / b) / [c][0]").is_ok());
        assert!(check_brackets("{} / 1)}).call(1)}}), (function(){ return (1 /1").is_err());
        assert!(check_brackets("a = {b: 1} / 2, [{} / 1, {} / 2]").is_ok());
        for line_end in ["\r", "\u{2028}", "\u{2029}"] {
            assert!(check_brackets(&format!("1 // {line_end}}}")).is_err());
            assert!(check_brackets(&format!("/{line_end})/")).is_err());
        }
        assert!(check_brackets("1 <!-- 2").is_err());
        assert!(check_brackets("1\n --> 2").is_err());
        assert!(check_brackets("--> 2").is_err());
        assert!(check_brackets("a --> 2").is_ok());
    }

    #[test]
    fn what_a_slash_is_depends_on_the_bracket_before_it() {
        for source in [
            "if (a) {} /[}]/.test(b)",
            "switch (a) { case 1: {} /[}]/.test(b); default: {} /[}]/.test(b) }",
            "out: {} /[}]/.test(b)",
            "try {} catch {} /[}]/.test(b)",
            "do {} while (a)\nx = b ? {} / 1 : {} / 2",
            "x = b?.c ?? {d: e ? 1 : {} / 2} / 3",
            "x = {a: {} / 2, 'b': {} / 3} / 4",
            "x = (function f() { return {} / 2 }) / 2",
        ] {
            check(source, source, &[], &[]);
        }
    }

    #[test]
    fn patterns_become_assignments_to_their_names() {
        check(
            "var {a, b: [c, d = 1], ...e} = o;",
            " (  {a, b: [c, d = 1], ...e} = o);",
            &["a", "c", "d", "e"],
            &[],
        );
        check("const [a, , {b}] = o, c = 2", " (    [a, , {b}] = o, c = 2)", &["a", "b", "c"], &[]);
        check("x = 1\nvar [a] = o\ny = 2", "x = 1\n;(  [a] = o)\ny = 2", &["a"], &[]);
        check("if (x) var {a} = o", "if (x)  (  {a} = o)", &["a"], &[]);
        check("for (var [k, v] of l) {}", "for (    [k, v] of l) {}", &["k", "v"], &[]);
        check(
            "var a = 1, {b = 'x,y', 'c d': e} = o",
            "    a = 1, {b = 'x,y', 'c d': e} = o",
            &["a", "b", "e"],
            &[],
        );
        check("{ var {a} = o }", "{  (  {a} = o) }", &["a"], &[]);
        check("function f() { var {a} = o }", ";                           ", &[], &["f"]);
    }
}
