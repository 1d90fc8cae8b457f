//! ECMAScript as a list of tokens: enough to tell names, properties and strings apart.
//!
//! There is no syntax tree. The text has been accepted by the script engine before, so that it need not be checked here.

/// Kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word,
    Number,
    /// A string without escapes; its text is what is between the quotes.
    Text,
    /// A template, a regular expression, a string with escapes.
    Other,
    Operator,
}

/// A token.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) text: String,
    /// Character at which it begins.
    pub(super) index: usize,
}

impl Token {
    pub(super) fn is(&self, operator: &str) -> bool {
        self.kind == Kind::Operator && self.text == operator
    }
}

/// Operators of more than one character that matter here, the longest first.
const OPERATORS: &[&str] = &[
    ">>>=", "===", "!==", "**=", "<<=", ">>=", "&&=", "||=", "??=", ">>>", "...", "=>", "==", "!=", "<=",
    ">=", "&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "**", "<<",
    ">>",
];

/// Words after which a `/` begins a regular expression.
const BEFORE_VALUE: &[&str] =
    &["return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "instanceof", "do", "else"];

pub(super) fn tokens(text: &str) -> Vec<Token> {
    let characters: Vec<char> = text.chars().collect();
    let mut scanner = Scanner { characters, at: 0, found: Vec::new(), templates: Vec::new() };
    while scanner.at < scanner.characters.len() {
        scanner.token();
    }
    scanner.found
}

struct Scanner {
    characters: Vec<char>,
    at: usize,
    found: Vec<Token>,
    /// Depth of braces inside each open `${`.
    templates: Vec<usize>,
}

impl Scanner {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.at + ahead).copied()
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        let text = self.characters.get(start..end).unwrap_or_default().iter().collect();
        self.found.push(Token { kind, text, index: start });
    }

    fn token(&mut self) {
        let start = self.at;
        let Some(first) = self.peek(0) else { return };
        match first {
            _ if first.is_whitespace() || first == '\u{feff}' => self.at += 1,
            '/' if self.peek(1) == Some('/') => self.skip_while(|next| next != '\n'),
            '/' if self.peek(1) == Some('*') => {
                self.at += 2;
                while self.at < self.characters.len()
                    && !(self.peek(0) == Some('*') && self.peek(1) == Some('/'))
                {
                    self.at += 1;
                }
                self.at += 2;
            }
            '"' | '\'' => self.string(first),
            '`' => {
                self.at += 1;
                self.template(start);
            }
            '/' if self.begins_value() => self.regular_expression(),
            _ if first.is_alphabetic() || matches!(first, '_' | '$') => {
                self.skip_while(|next| next.is_alphanumeric() || matches!(next, '_' | '$'));
                self.push(Kind::Word, start, self.at);
            }
            _ if first.is_ascii_digit() => {
                self.skip_while(|next| next.is_alphanumeric() || matches!(next, '.' | '_'));
                self.push(Kind::Number, start, self.at);
            }
            _ => self.operator(first),
        }
    }

    fn skip_while(&mut self, is_part: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&is_part) {
            self.at += 1;
        }
    }

    fn string(&mut self, quote: char) {
        let start = self.at;
        let mut has_escapes = false;
        self.at += 1;
        while let Some(next) = self.peek(0) {
            if next == quote {
                break;
            }
            if next == '\\' {
                has_escapes = true;
                self.at += 1;
            }
            self.at += 1;
        }
        let kind = if has_escapes { Kind::Other } else { Kind::Text };
        self.push(kind, start + 1, self.at.min(self.characters.len()));
        self.at += 1;
    }

    /// Behind the opening `` ` `` or the `}` of a substitution.
    fn template(&mut self, start: usize) {
        self.found.push(Token { kind: Kind::Other, text: String::new(), index: start });
        while let Some(next) = self.peek(0) {
            match next {
                '\\' => self.at += 2,
                '`' => {
                    self.at += 1;
                    return;
                }
                '$' if self.peek(1) == Some('{') => {
                    self.push(Kind::Operator, self.at, self.at + 2);
                    self.at += 2;
                    self.templates.push(0);
                    return;
                }
                _ => self.at += 1,
            }
        }
    }

    fn begins_value(&self) -> bool {
        self.found.last().is_none_or(|last| match last.kind {
            Kind::Operator => !matches!(last.text.as_str(), ")" | "]" | "}" | "++" | "--"),
            Kind::Word => BEFORE_VALUE.contains(&last.text.as_str()),
            Kind::Number | Kind::Text | Kind::Other => false,
        })
    }

    fn regular_expression(&mut self) {
        let start = self.at;
        let mut in_class = false;
        self.at += 1;
        while let Some(next) = self.peek(0) {
            match next {
                '\\' => self.at += 1,
                '[' => in_class = true,
                ']' => in_class = false,
                '/' if !in_class => break,
                _ => {}
            }
            self.at += 1;
        }
        self.at += 1;
        self.skip_while(char::is_alphanumeric);
        self.found.push(Token { kind: Kind::Other, text: String::new(), index: start });
    }

    fn operator(&mut self, first: char) {
        let start = self.at;
        if first == '{'
            && let Some(depth) = self.templates.last_mut()
        {
            *depth += 1;
        }
        if first == '}'
            && let Some(depth) = self.templates.last_mut()
        {
            if *depth == 0 {
                self.templates.pop();
                self.push(Kind::Operator, start, start + 1);
                self.at += 1;
                return self.template(start);
            }
            *depth -= 1;
        }
        let begins = |operator: &&&str| {
            operator.chars().enumerate().all(|(ahead, part)| self.peek(ahead) == Some(part))
        };
        let length = OPERATORS.iter().find(begins).map_or(1, |operator| operator.len());
        self.at += length;
        self.push(Kind::Operator, start, self.at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = tokens(text).into_iter().map(|token| token.text).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn names_strings_and_operators_are_told_apart() {
        check("a.b === 'c d' // e\n?? f", &["a", ".", "b", "===", "c d", "??", "f"]);
        check("x = a / b / c", &["x", "=", "a", "/", "b", "/", "c"]);
        check("/a[/]b/.test(c)", &["", ".", "test", "(", "c", ")"]);
        check("`a ${b + `${c}`} d` + e", &["", "${", "b", "+", "", "${", "c", "}", "", "}", "", "+", "e"]);
        check("a /* b */ => 1.5e3 + 1_000", &["a", "=>", "1.5e3", "+", "1_000"]);
    }

    #[test]
    fn tokens_are_found_where_they_stand() {
        let places: Vec<usize> = tokens("a && 'b' + c").iter().map(|token| token.index).collect();
        assert_eq!(places, [0, 2, 6, 9, 11]);
    }
}
