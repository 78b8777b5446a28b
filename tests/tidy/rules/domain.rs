//! `domain/` decides and does nothing else: no clock, no randomness, no input or output, no transport, no storage.

use crate::cargo::Package;
use crate::repo::Repo;
use crate::source::{Source, line_of, words};

/// Crates any domain may use.
const PURE: [&str; 2] = ["money", "ids"];

/// What some domain uses beside those: where, which crate, which item of it ("" is any), and why.
const EXCEPTIONS: [(&str, &str, &str, &str); 13] = [
    ("services/", "thiserror", "Error", "a derive that writes Display and Error"),
    ("services/distribution", "schedule", "", "when something falls due is a pure library"),
    ("services/distribution", "jiff", "Timestamp", "an instant is a value"),
    ("services/distribution", "jiff", "SignedDuration", "a length of time is a value"),
    ("services/execution", "hedera", "status", "what a status of the network means is a table"),
    ("services/execution", "hedera", "transfer", "prepared bytes and list limits are values"),
    ("services/execution", "hedera", "TransactionId", "the key of an attempt is a value"),
    ("services/execution", "hedera", "AccountId", "an account is a value"),
    ("services/gateway", "auth", "policy", "routes are made of policies"),
    ("services/gateway", "auth", "RoleSet", "a record names the caller's roles"),
    ("services/gateway", "sha2", "", "a record has the request's digest"),
    ("services/gateway", "tonic", "Code", "a record names the answer's code, an enum"),
    ("services/gateway", "http", "HeaderValue", "a record keeps a key as it was sent, bytes"),
];

/// What reads the world around it, wherever it comes from.
const IMPURE: [&str; 12] = [
    "SystemTime::now",
    "Instant::now",
    "UNIX_EPOCH.elapsed",
    "rand::",
    "std::fs",
    "std::net",
    "std::io",
    "std::env",
    "std::process",
    "std::thread",
    "tokio::",
    "thread_rng",
];

pub(crate) fn check(repo: &Repo) -> Vec<String> {
    let mut found = Vec::new();
    let mut used = vec![false; EXCEPTIONS.len()];
    for package in Package::all(repo) {
        let folder = format!("{}/src/domain/", package.folder);
        let crates: Vec<String> =
            package.dependencies().into_iter().map(|dependency| dependency.import).collect();
        let files = repo.rust().filter(|(path, _)| path.starts_with(&folder) && !path.ends_with("tests.rs"));
        for (path, text) in files {
            let code = Source::parse(text).code_without_tests();
            for impure in IMPURE.into_iter().filter(|impure| code.contains(impure)) {
                found.push(format!("{path}: domain reads the world by {impure}"));
            }
            for (at, root, next) in paths(&code) {
                let line = line_of(&code, at);
                let ours = ["crate", "super", "self"].contains(&root);
                if root == "crate" && next != "domain" {
                    found.push(format!("{path}:{line}: domain uses crate::{next}"));
                } else if !ours && crates.iter().any(|name| name == root) && !PURE.contains(&root) {
                    match EXCEPTIONS.iter().position(|rule| allows(rule, path, root, next)) {
                        Some(rule) => used[rule] = true,
                        None => found.push(format!("{path}:{line}: domain uses {root}::{next}")),
                    }
                }
            }
        }
    }
    let unused = EXCEPTIONS.iter().zip(used).filter(|(_, used)| !used).map(|(rule, _)| rule);
    found.extend(unused.map(|rule| format!("the exception {rule:?} is not needed")));
    found
}

fn allows(rule: &(&str, &str, &str, &str), path: &str, root: &str, next: &str) -> bool {
    let (folder, name, item, _) = *rule;
    path.starts_with(folder) && name == root && (item.is_empty() || item == next)
}

/// The first two steps of every path in the code: `a::b`, `use a::{b}` and `use a::b` alike.
fn paths(code: &str) -> Vec<(usize, &str, &str)> {
    let mut found = Vec::new();
    for (at, word) in words(code) {
        let begins = !code[..at].trim_end().ends_with("::");
        let Some(rest) = code[at + word.len()..].strip_prefix("::") else { continue };
        // `h::<A>()` gives `h` types, it leads nowhere.
        if !begins || rest.starts_with('<') {
            continue;
        }
        // A list has several next steps; each is judged.
        let list = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(list, _)| list);
        for next in list.unwrap_or(rest).split(',').take(if list.is_some() { usize::MAX } else { 1 }) {
            if let Some((_, next)) = words(next).next() {
                found.push((at, word, next));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{check, paths};
    use crate::repo::Repo;

    const MANIFEST: &str = "[dependencies]\nids.workspace = true\ntokio.workspace = true\nserde.workspace = true\n\
                            hedera.workspace = true\n[dev-dependencies]\nproptest.workspace = true\n";

    fn found(domain: &str) -> Vec<String> {
        let files =
            [("services/execution/Cargo.toml", MANIFEST), ("services/execution/src/domain/a.rs", domain)];
        let found = check(&Repo::sample(&files));
        found.into_iter().filter(|line| !line.contains("is not needed")).collect()
    }

    #[test]
    fn input_output_clocks_and_other_rooms_are_found() {
        let bad = [
            ("use serde::Serialize;", "uses serde::Serialize"),
            ("fn a(at: hedera::mirror::Client) {}", "uses hedera::mirror"),
            ("use hedera::{status, mirror};", "uses hedera::mirror"),
            ("use crate::store::Row;", "uses crate::store"),
            ("fn a() { std::time::SystemTime::now() }", "by SystemTime::now"),
            ("fn a() { tokio::spawn(b) }", "by tokio::"),
        ];
        for (code, expected) in bad {
            let found = found(code);
            assert!(found.iter().any(|line| line.contains(expected)), "{code}: {found:?}");
        }
    }

    #[test]
    fn pure_code_its_comments_and_its_tests_are_not() {
        let good = "//! Not serde::Serialize.\nuse ids::RunId;\nuse hedera::status::{self, Class};\nuse crate::domain::b;\n\
                    fn a(now: SystemTime) -> &str { \"tokio::spawn\" }\n#[cfg(test)]\nmod tests { use proptest::any; }";
        assert_eq!(found(good), Vec::<String>::new());
    }

    #[test]
    fn an_exception_that_nobody_needs_is_found() {
        let found = check(&Repo::sample(&[]));
        assert!(found.iter().all(|line| line.contains("is not needed")) && !found.is_empty());
    }

    #[test]
    fn every_path_is_read_from_its_beginning() {
        let code = "use a::{b::c, d}; e::f::g(); x.h::<i::J>()";
        let found: Vec<_> = paths(code).into_iter().map(|(_, root, next)| (root, next)).collect();
        assert_eq!(found, [("a", "b"), ("a", "d"), ("b", "c"), ("e", "f"), ("i", "J")]);
    }
}
