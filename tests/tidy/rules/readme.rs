//! The README says what works today, and each row that says so names the test that shows it.

use crate::cargo::Package;
use crate::repo::Repo;
use crate::source::{Source, words};

const README: &str = "README.md";

pub(crate) fn check(repo: &Repo) -> Vec<String> {
    let Some(readme) = repo.get(README) else { return vec![format!("{README} is missing")] };
    let rows = status_rows(readme);
    if rows.is_empty() {
        return vec![format!("{README}: no table with a column for the test that shows what works")];
    }
    let known = tests(repo);
    let mut found = Vec::new();
    for Row { line, works, shown_by } in rows {
        let names = names(shown_by);
        if works && names.is_empty() {
            found.push(format!("{README}:{line}: names no test"));
        }
        let unknown = names.into_iter().filter(|name| !exists(repo, &known, name));
        found.extend(unknown.map(|name| format!("{README}:{line}: there is no test {name}")));
    }
    found
}

/// A row of the table: what works today, and what does not yet.
struct Row<'a> {
    /// Its line, from 1.
    line: usize,
    /// It claims that something works.
    works: bool,
    /// Its last cell.
    shown_by: &'a str,
}

/// The rows of every table whose last column is about tests.
fn status_rows(readme: &str) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut in_table = false;
    let mut before = Vec::new();
    for (number, line) in readme.lines().enumerate() {
        let cells = cells(line);
        let Some(shown_by) = cells.last().copied() else {
            in_table = false;
            continue;
        };
        if !shown_by.is_empty() && shown_by.chars().all(|c| c == '-' || c == ':') {
            let head = before.last().map(|head: &&str| head.to_lowercase()).unwrap_or_default();
            in_table = head.contains("test") || head.contains("shown");
        } else if in_table {
            let works = cells.iter().any(|cell| cell.starts_with("works"));
            rows.push(Row { line: number + 1, works, shown_by });
        }
        before = cells;
    }
    rows
}

/// The cells of a line of a table; none of another line.
fn cells(line: &str) -> Vec<&str> {
    let inner = line.trim().strip_prefix('|').and_then(|line| line.strip_suffix('|'));
    inner.map(|inner| inner.split('|').map(str::trim).collect()).unwrap_or_default()
}

/// What stands in backticks.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// A test function, a test target, a script, or a goal of `make`.
fn exists(repo: &Repo, known: &[String], name: &str) -> bool {
    let last = name.rsplit("::").next().unwrap_or(name);
    let goal = name.strip_prefix("make ").is_some_and(|goal| {
        repo.get("Makefile")
            .is_some_and(|makefile| makefile.lines().any(|line| line.starts_with(&format!("{goal}:"))))
    });
    goal || repo.get(name).is_some() || known.iter().any(|test| test == last)
}

/// Names of all test functions and test targets.
fn tests(repo: &Repo) -> Vec<String> {
    let mut found: Vec<String> = Package::all(repo)
        .iter()
        .flat_map(|package| package.tests().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    for (_, text) in repo.rust().filter(|(_, text)| text.contains("test")) {
        let code = Source::parse(text).code;
        for attribute in ["#[test]", "#[tokio::test"] {
            let after = code.match_indices(attribute).map(|(at, _)| &code[at..]);
            let name = |after| words(after).skip_while(|(_, word)| *word != "fn").nth(1);
            found.extend(after.filter_map(name).map(|(_, name)| name.to_owned()));
        }
        // Tests that a macro makes, one for each case.
        if code.contains("proptest!") {
            let mut words = words(&code).map(|(_, word)| word);
            while words.by_ref().any(|word| word == "fn") {
                found.extend(words.next().map(str::to_owned));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::repo::Repo;

    const HEAD: &str = "| what | state | shown by |\n|---|---|---|\n";

    fn found(rows: &str) -> Vec<String> {
        let readme = format!("| a | b |\n|---|---|\n| x | `y` |\n\n{HEAD}{rows}");
        check(&Repo::sample(&[
            ("README.md", &readme),
            ("Makefile", "bench:\n\techo"),
            ("tests/Cargo.toml", "[[test]]\nname = \"edge\"\npath = \"edge/main.rs\""),
            (
                "tests/edge/main.rs",
                "fn helper() {}\n#[tokio::test(flavor = \"x\")]\nasync fn nobody_gets_in() {}",
            ),
            ("tests/judges/run.sh", ""),
        ]))
    }

    #[test]
    fn rows_that_name_a_test_are_good() {
        let good = "| a | works | `nobody_gets_in`, `edge` |\n| b | works | `edge::nobody_gets_in` |\n\
                    | c | works | `tests/judges/run.sh` and `make bench` |\n\
                    | d | not yet | |\n";
        assert_eq!(found(good), Vec::<String>::new());
    }

    #[test]
    fn rows_without_a_test_or_with_one_that_is_not_there_are_found() {
        let bad = "| a | works | trust me |\n| b | not yet | `helper` |\n\n| c | works |\n";
        assert_eq!(found(bad), ["README.md:7: names no test", "README.md:8: there is no test helper"]);
    }

    #[test]
    fn a_readme_without_the_table_is_found() {
        assert_eq!(check(&Repo::sample(&[])).len(), 1);
        assert_eq!(check(&Repo::sample(&[("README.md", "| a | b |\n|---|---|\n| c | d |\n")])).len(), 1);
    }
}
