//! SQL is in `store/` and in `libs/pg`: whoever looks for what touches a table finds it there.

use crate::repo::Repo;
use crate::source::Source;

/// How a statement begins, or goes on after a `WITH`.
const STATEMENTS: [&str; 12] = [
    "SELECT ",
    "INSERT INTO ",
    "UPDATE ",
    "DELETE FROM ",
    "TRUNCATE ",
    "CREATE TABLE",
    "ALTER TABLE",
    "DROP TABLE",
    "GRANT ",
    "REVOKE ",
    "COPY ",
    "LOCK TABLE",
];

/// Where statements stand outside all the same, and why.
const EXCEPTIONS: [(&str, &str); 1] = [(
    "services/bursar/src/bench/",
    "what it measures against is a bare loop of statements on a database of its own",
)];

pub(crate) fn check(repo: &Repo) -> Vec<String> {
    let mut found = Vec::new();
    let mut used = [false; EXCEPTIONS.len()];
    for (path, text) in repo.rust().filter(|(path, _)| is_judged(path)) {
        let strings = Source::parse(text).strings.into_iter();
        for literal in strings.filter(|literal| is_sql(&literal.text)) {
            match EXCEPTIONS.iter().position(|(folder, _)| path.starts_with(folder)) {
                Some(exception) => used[exception] = true,
                None => found.push(format!("{path}:{}: SQL outside store/", literal.line)),
            }
        }
    }
    let unused = EXCEPTIONS.iter().zip(used).filter(|(_, used)| !used).map(|(exception, _)| exception);
    found.extend(unused.map(|(folder, why)| format!("{folder}: does not need its exception ({why})")));
    found
}

/// The code of services and libs; tests may look into a database.
fn is_judged(path: &str) -> bool {
    let ours = path.starts_with("services/") || path.starts_with("libs/");
    let room = path.split_once("/src/").map(|(_, rest)| rest);
    let store = room.is_some_and(|rest| rest.starts_with("store/") || rest == "store.rs");
    ours && room.is_some() && !store && !path.starts_with("libs/pg/")
}

fn is_sql(text: &str) -> bool {
    STATEMENTS.iter().any(|statement| {
        text.match_indices(statement).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::repo::Repo;

    #[test]
    fn a_statement_outside_store_is_found() {
        let statement = "// UPDATE a\nlet a = \"WITH x AS (\n SELECT 1)\";";
        let repo = Repo::sample(&[
            ("libs/pg/src/migrate.rs", statement),
            ("services/a/src/app/work.rs", statement),
            ("services/a/src/rpc/mod.rs", "let a = \"UPDATED SELECTION: COPYING\";"),
            ("services/a/src/store/work.rs", statement),
            ("services/a/tests/main.rs", statement),
        ]);
        let found: Vec<String> =
            check(&repo).into_iter().filter(|line| !line.contains("does not need")).collect();
        assert_eq!(found, ["services/a/src/app/work.rs:2: SQL outside store/"]);
    }
}
