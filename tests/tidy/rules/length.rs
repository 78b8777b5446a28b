//! Files and functions that can be read in one go.

use crate::repo::Repo;
use crate::source::{Source, closing_brace, line_of, words};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

pub(crate) fn check(repo: &Repo) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in repo.rust() {
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            found.push(format!("{path}: {lines} lines, at most {FILE_LINES_MAX}"));
        }
        for (line, name, lines) in functions(&Source::parse(text).code) {
            if lines > FUNCTION_LINES_MAX {
                found.push(format!(
                    "{path}:{line}: fn {name} has {lines} lines, at most {FUNCTION_LINES_MAX}"
                ));
            }
        }
    }
    found
}

/// Every function with a body: its first line, its name, its number of lines.
pub(crate) fn functions(code: &str) -> Vec<(usize, &str, usize)> {
    let mut found = Vec::new();
    let mut words = words(code).peekable();
    while let Some((at, word)) = words.next() {
        // `fn(A) -> B` is a type.
        let name = words.peek().copied().filter(|(begin, _)| code[at + word.len()..*begin].trim().is_empty());
        let (true, Some((begin, name))) = (word == "fn", name) else { continue };
        if let Some(end) = body(code, begin).and_then(|open| closing_brace(code, open)) {
            let first = line_of(code, at);
            found.push((first, name, line_of(code, end) - first + 1));
        }
    }
    found
}

/// Where the body of the function opens whose name is at `from`; `None` when it only declares one.
fn body(code: &str, from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, c) in code[from..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.checked_sub(1)?,
            '{' if depth == 0 => return Some(from + offset),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{check, functions};
    use crate::repo::Repo;

    #[test]
    fn long_files_and_long_functions_are_found() {
        let long_file = "\n".repeat(501);
        let long_function =
            format!("trait T {{ fn a(&self) -> [u8; 2]; }}\nfn long(f: fn(u8)) {{\n{}}}\n", "\n".repeat(69));
        let good = format!("fn good() {{\n{}}}\n", "// }\n".repeat(68));
        let repo = Repo::sample(&[
            ("a.rs", &long_file),
            ("b.rs", &long_function),
            ("c.rs", &good),
            ("d.md", &long_file),
        ]);
        let found = check(&repo);
        assert_eq!(found, ["a.rs: 501 lines, at most 500", "b.rs:2: fn long has 71 lines, at most 70"]);
    }

    #[test]
    fn bodies_are_told_from_declarations_and_types() {
        let code = "fn a();\nconst fn b<const N: usize>(x: [u8; N]) -> u8\nwhere u8: From<u8>,\n{\n}\nlet c: fn(u8) = d;";
        assert_eq!(functions(code), [(2, "b", 4)]);
    }
}
