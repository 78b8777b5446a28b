//! Rust source with its comments and literals taken apart: enough of the language for rules that read text.

/// A file's code and its string literals.
pub(crate) struct Source {
    /// The file with comments and the inside of literals blanked out; lines are where they were.
    pub(crate) code: String,
    /// The string literals.
    pub(crate) strings: Vec<Literal>,
}

/// A string literal as it is written, escapes and all.
pub(crate) struct Literal {
    /// The line it begins on, from 1.
    pub(crate) line: usize,
    /// What is between its quotes.
    pub(crate) text: String,
}

impl Source {
    /// Takes a file apart.
    pub(crate) fn parse(text: &str) -> Source {
        let mut scanner =
            Scanner { chars: text.chars().collect(), at: 0, code: String::new(), strings: Vec::new() };
        while scanner.at < scanner.chars.len() {
            scanner.step();
        }
        Source { code: scanner.code, strings: scanner.strings }
    }

    /// The code without the modules that only tests see.
    pub(crate) fn code_without_tests(&self) -> String {
        const MARK: &str = "#[cfg(test)]";
        let mut code = self.code.clone();
        let mut from = 0;
        while let Some(found) = code[from..].find(MARK) {
            let begin = from + found;
            let body = code[begin..].find(['{', ';']).map(|offset| begin + offset);
            let end = match body {
                Some(at) if code[at..].starts_with('{') => closing_brace(&code, at).unwrap_or(code.len()),
                Some(at) => at,
                None => code.len(),
            };
            let blank: String = code[begin..end].chars().map(blanked).collect();
            code.replace_range(begin..end, &blank);
            from = begin + blank.len();
        }
        code
    }
}

/// The words of code in which a path can begin or go on: identifiers with where they begin.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = 0;
    std::iter::from_fn(move || {
        let begin = rest + code[rest..].find(is_word)?;
        let length = code[begin..].find(|c| !is_word(c)).unwrap_or(code.len() - begin);
        rest = begin + length;
        Some((begin, &code[begin..rest]))
    })
}

/// The line, from 1, on which the byte at `offset` lies.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// Where the brace that opens at `open` closes.
pub(crate) fn closing_brace(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, c) in code[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(open + offset);
                }
            }
            _ => {}
        }
    }
    None
}

fn blanked(c: char) -> char {
    if c == '\n' { c } else { ' ' }
}

struct Scanner {
    chars: Vec<char>,
    at: usize,
    code: String,
    strings: Vec<Literal>,
}

impl Scanner {
    fn step(&mut self) {
        match self.chars[self.at] {
            '/' if self.peek(1) == Some('/') => self.blank_while(|scanner| scanner.peek(0) != Some('\n')),
            '/' if self.peek(1) == Some('*') => self.block_comment(),
            '"' => self.string(),
            'r' if self.begins_raw_string() => self.raw_string(),
            '\'' => self.quote(),
            c => {
                self.code.push(c);
                self.at += 1;
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn blank(&mut self, count: usize) {
        for _ in 0..count {
            if let Some(c) = self.peek(0) {
                self.code.push(blanked(c));
                self.at += 1;
            }
        }
    }

    fn blank_while(&mut self, goes_on: impl Fn(&Scanner) -> bool) {
        while self.at < self.chars.len() && goes_on(self) {
            self.blank(1);
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                (None, _) => return,
                _ => {
                    self.blank(1);
                    continue;
                }
            }
            self.blank(2);
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.code.push('"');
        self.at += 1;
        let begin = self.at;
        let mut end = begin;
        while end < self.chars.len() && self.chars[end] != '"' {
            end += if self.chars[end] == '\\' { 2 } else { 1 };
        }
        self.literal(end.min(self.chars.len()), 0);
    }

    /// `r"`, `r#"`; also after `b` and `c`, which are code to us. Not an identifier that ends in r, nor `r#type`.
    fn begins_raw_string(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.chars.get(at));
        let after_word =
            before.is_some_and(|c| (c.is_alphanumeric() && !matches!(c, 'b' | 'c')) || *c == '_');
        let hashes = self.chars[self.at + 1..].iter().take_while(|c| **c == '#').count();
        !after_word && self.peek(1 + hashes) == Some('"')
    }

    fn raw_string(&mut self) {
        let hashes = self.chars[self.at + 1..].iter().take_while(|c| **c == '#').count();
        for _ in 0..hashes + 2 {
            self.code.push(self.chars[self.at]);
            self.at += 1;
        }
        let closes = |at: usize| {
            self.chars[at] == '"'
                && self.chars[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
        };
        let end = (self.at..self.chars.len()).find(|at| closes(*at)).unwrap_or(self.chars.len());
        self.literal(end, hashes);
    }

    /// Takes the literal up to its closing quote at `end`, and that with its hashes.
    fn literal(&mut self, end: usize, hashes: usize) {
        let line = self.code.matches('\n').count() + 1;
        let text = self.chars[self.at..end].iter().collect();
        self.strings.push(Literal { line, text });
        self.blank(end - self.at);
        for _ in 0..=hashes {
            if let Some(c) = self.peek(0) {
                self.code.push(c);
                self.at += 1;
            }
        }
    }

    /// A character literal, whose inside is blanked, or the tick of a lifetime.
    fn quote(&mut self) {
        self.code.push('\'');
        self.at += 1;
        let length = match (self.peek(0), self.peek(1)) {
            (Some('\\'), _) => {
                self.chars[self.at + 2..].iter().position(|c| *c == '\'').map(|offset| offset + 2)
            }
            (Some(_), Some('\'')) => Some(1),
            _ => None,
        };
        if let Some(length) = length {
            self.blank(length);
            self.code.push('\'');
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, words};

    #[test]
    fn comments_and_literals_are_no_code() {
        let text = "let a = \"x // y\"; // todo\nlet b = r#\"a \" b\"#; /* c /* d */ e */ let c = '\"'; f::<'a>('\\'');";
        let source = Source::parse(text);
        let words: Vec<&str> = words(&source.code).map(|(_, word)| word).collect();
        assert_eq!(words, ["let", "a", "let", "b", "r", "let", "c", "f", "a"]);
        let strings: Vec<_> = source.strings.iter().map(|found| (found.line, found.text.as_str())).collect();
        assert_eq!(strings, [(1, "x // y"), (2, "a \" b")]);
        assert_eq!(source.code.chars().count(), text.chars().count());
    }

    #[test]
    fn literals_of_many_lines_keep_the_lines() {
        let source = Source::parse("a(\"one\n two\\\n three \\\" \",\n b\"four\", br\"five\");\n\"six\"");
        let strings: Vec<_> = source.strings.iter().map(|found| found.line).collect();
        assert_eq!(strings, [1, 4, 4, 5]);
        assert_eq!(source.code.matches('\n').count(), 4);
    }

    #[test]
    fn what_only_tests_see_can_be_left_out() {
        let source = Source::parse(
            "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { c() } }\nfn d() {}\n#[cfg(test)] mod e;\nf",
        );
        let code = source.code_without_tests();
        let words: Vec<&str> = words(&code).map(|(_, word)| word).collect();
        assert_eq!(words, ["fn", "a", "fn", "d", "f"]);
        assert_eq!(code.len(), source.code.len());
    }
}
