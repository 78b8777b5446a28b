//! The rooms of a service lie in layers: each imports what is below it and nothing above.

use crate::repo::Repo;
use crate::source::{Source, line_of, words};

/// What each room may not import. `domain` has a rule of its own; only `server` wires.
const FORBIDDEN: [(&str, &[&str]); 5] = [
    ("store", &["app", "rpc", "clients", "jobs", "server"]),
    ("clients", &["app", "rpc", "jobs", "server"]),
    ("app", &["rpc", "jobs", "server"]),
    // A read without a rule may go from rpc to store.
    ("rpc", &["jobs", "server"]),
    ("jobs", &["rpc", "server"]),
];

pub(crate) fn check(repo: &Repo) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in repo.rust() {
        let room =
            path.strip_prefix("services/").and_then(|rest| rest.split_once("/src/")).map(|(_, rest)| rest);
        let room = room.and_then(|rest| rest.split(['/', '.']).next());
        let Some((_, forbidden)) = FORBIDDEN.iter().find(|(name, _)| Some(*name) == room) else { continue };
        let code = Source::parse(text).code_without_tests();
        let above = imports(&code).into_iter().filter(|(_, imported)| forbidden.contains(imported));
        found.extend(above.map(|(line, imported)| format!("{path}:{line}: uses crate::{imported}")));
    }
    found
}

/// What the code names after `crate::`, by line.
fn imports(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, word) in words(code) {
        let Some(rest) = code[at..].strip_prefix("crate::") else { continue };
        if word != "crate" {
            continue;
        }
        let steps = rest.strip_prefix('{').map_or(rest, |list| list.split(';').next().unwrap_or(list));
        let steps: Vec<&str> =
            if steps == rest { words(rest).take(1).map(|(_, word)| word).collect() } else { heads(steps) };
        found.extend(steps.into_iter().map(|step| (line_of(code, at), step)));
    }
    found
}

/// The first steps of the entries of a list: `a::{b, c}, d` has a and d.
fn heads(list: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let mut heads = vec![0];
    for (offset, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => heads.push(offset + 1),
            _ => {}
        }
    }
    heads.into_iter().filter_map(|head| words(&list[head..]).next().map(|(_, word)| word)).collect()
}

#[cfg(test)]
mod tests {
    use super::{check, imports};
    use crate::repo::Repo;

    #[test]
    fn an_import_from_above_is_found() {
        let repo = Repo::sample(&[
            ("services/a/src/store/rows.rs", "use crate::domain::run;\nuse crate::app::work;"),
            ("services/a/src/app/work.rs", "use crate::store::rows;\nfn a() { crate::rpc::convert::b() }"),
            (
                "services/a/src/clients/mirror.rs",
                "// crate::app is above\nuse crate::{Config, app::{x, y}, error};",
            ),
            (
                "services/a/src/rpc/mod.rs",
                "use crate::app::work;\n#[cfg(test)]\nmod tests { use crate::server; }",
            ),
            ("services/a/src/jobs.rs", "use crate::rpc;"),
            ("libs/a/src/store/rows.rs", "use crate::app;"),
        ]);
        let expected = [
            "app/work.rs:2: uses crate::rpc",
            "clients/mirror.rs:2: uses crate::app",
            "jobs.rs:1: uses crate::rpc",
            "store/rows.rs:2: uses crate::app",
        ];
        assert_eq!(check(&repo), expected.map(|line| format!("services/a/src/{line}")));
    }

    #[test]
    fn lists_are_read_to_their_heads() {
        let code = "use crate::{a, b::{c, d}, e};\ncrate::f::g()";
        assert_eq!(imports(code), [(1, "a"), (1, "b"), (1, "e"), (2, "f")]);
    }
}
