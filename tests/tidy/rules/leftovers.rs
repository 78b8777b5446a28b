//! What is in the repository is finished.

use crate::repo::{Repo, has_extension};
use crate::source::{Source, words};

/// Macros of unfinished or forgotten code.
const MACROS: [&str; 3] = ["todo", "unimplemented", "dbg"];

pub(crate) fn check(repo: &Repo) -> Vec<String> {
    let notes = notes();
    let mut found = Vec::new();
    for (path, text) in repo.files() {
        for (number, line) in text.lines().enumerate() {
            for (_, word) in words(line).filter(|(_, word)| notes.iter().any(|note| note == word)) {
                found.push(format!("{path}:{}: {word}", number + 1));
            }
        }
        if has_extension(path, "rs") {
            found.extend(in_code(path, &Source::parse(text).code));
        }
    }
    found
}

fn in_code(path: &str, code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        for (at, word) in words(line) {
            let called =
                line[at + word.len()..].starts_with('!') && !line[at + word.len()..].starts_with("!=");
            if called && MACROS.contains(&word) {
                found.push(format!("{path}:{}: {word}!", number + 1));
            }
        }
        if line.contains("#[ignore") {
            found.push(format!("{path}:{}: a test that does not run", number + 1));
        }
    }
    found
}

/// Words of a note to oneself, put together here so that this file has none.
fn notes() -> [String; 3] {
    [["TO", "DO"], ["FIX", "ME"], ["X", "XX"]].map(|parts| parts.concat())
}

#[cfg(test)]
mod tests {
    use super::{check, notes};
    use crate::repo::Repo;

    #[test]
    fn unfinished_code_and_notes_are_found() {
        let [note, other, _] = notes();
        let code = "fn a() { todo!() }\n#[ignore = \"slow\"]\nfn b() { dbg!(1); todo != 1; \"todo!()\"; }";
        let (script, page) = (format!("# {note}: later"), format!("{other}S are words, {other} is none"));
        let repo = Repo::sample(&[("a.rs", code), ("b.sh", &script), ("c.md", &page)]);
        let expected = [
            "a.rs:1: todo!",
            "a.rs:2: a test that does not run",
            "a.rs:3: dbg!",
            &format!("b.sh:1: {note}"),
            &format!("c.md:1: {other}"),
        ];
        let mut found = check(&repo);
        found.sort();
        assert_eq!(found, expected.map(str::to_owned).to_vec());
    }
}
