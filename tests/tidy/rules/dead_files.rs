//! A Rust file that no `mod` reaches is never compiled, and rots unseen.

use std::collections::BTreeSet;

use crate::cargo::Package;
use crate::repo::Repo;
use crate::source::{Source, words};

pub(crate) fn check(repo: &Repo) -> Vec<String> {
    let mut reached = BTreeSet::new();
    for package in Package::all(repo) {
        for root in package.roots(repo) {
            reach(repo, &root, true, &mut reached);
        }
    }
    let dead = repo.rust().filter(|(path, _)| !reached.contains(*path));
    dead.map(|(path, _)| format!("{path}: no target and no mod leads here")).collect()
}

fn reach(repo: &Repo, path: &str, is_root: bool, reached: &mut BTreeSet<String>) {
    let Some(text) = repo.get(path) else { return };
    if !reached.insert(path.to_owned()) {
        return;
    }
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = file.trim_end_matches(".rs");
    let children = if is_root || stem == "mod" { folder.to_owned() } else { format!("{folder}/{stem}") };
    for module in modules(text) {
        let candidates = match module {
            Module::Named(name) => vec![format!("{children}/{name}.rs"), format!("{children}/{name}/mod.rs")],
            Module::At(place) => vec![format!("{folder}/{place}")],
        };
        for candidate in candidates {
            reach(repo, &candidate, false, reached);
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Module {
    /// `mod name;`
    Named(String),
    /// `#[path = "place"] mod name;`
    At(String),
}

/// The modules a file declares in other files.
fn modules(text: &str) -> Vec<Module> {
    let source = Source::parse(text);
    let mut found = Vec::new();
    let mut words = words(&source.code).peekable();
    while let Some((at, word)) = words.next() {
        let Some((begin, name)) = words.peek().copied() else { break };
        let declared = word == "mod" && source.code[begin + name.len()..].trim_start().starts_with(';');
        if !declared {
            continue;
        }
        // Attributes between the last item and this one.
        let before = source.code[..at].rfind([';', '}']).map_or(0, |end| end + 1);
        found.push(if source.code[before..at].contains("#[path") {
            let line = source.code[..at].matches('\n').count() + 1;
            let place = source.strings.iter().rev().find(|literal| literal.line <= line);
            Module::At(place.map(|literal| literal.text.clone()).unwrap_or_default())
        } else {
            Module::Named(name.to_owned())
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Module, check, modules};
    use crate::repo::Repo;

    #[test]
    fn a_file_nobody_declares_is_found() {
        let repo = Repo::sample(&[
            (
                "libs/a/Cargo.toml",
                "[package]\nname = \"a\"\n[[test]]\nname = \"t\"\npath = \"tests/t/main.rs\"",
            ),
            ("libs/a/src/lib.rs", "mod b;\npub mod c;\n// mod dead;\nmod inner { }"),
            ("libs/a/src/b.rs", "mod d;\n#[cfg(test)]\n#[path = \"b_tests.rs\"]\nmod tests;"),
            ("libs/a/src/b/d.rs", ""),
            ("libs/a/src/b_tests.rs", ""),
            ("libs/a/src/c/mod.rs", "mod e;"),
            ("libs/a/src/c/e.rs", ""),
            ("libs/a/src/dead.rs", ""),
            ("libs/a/src/e.rs", ""),
            ("libs/a/tests/t/main.rs", "mod part;"),
            ("libs/a/tests/t/part.rs", ""),
            ("libs/a/tests/t/lost.rs", ""),
        ]);
        let dead = ["src/dead.rs", "src/e.rs", "tests/t/lost.rs"];
        assert_eq!(check(&repo), dead.map(|path| format!("libs/a/{path}: no target and no mod leads here")));
    }

    #[test]
    fn declarations_are_told_from_modules_with_a_body() {
        let found = modules("mod a;\npub(crate) mod b;\nmod c { mod_d(); }\n#[path = \"x/y.rs\"]\nmod e;");
        let named = |name: &str| Module::Named(name.to_owned());
        assert_eq!(found, [named("a"), named("b"), Module::At("x/y.rs".to_owned())]);
    }
}
