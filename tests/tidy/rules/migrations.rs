//! Migrations run in the order of their names, so the names are dates that ascend.

use std::collections::BTreeMap;

use crate::repo::Repo;

pub(crate) fn check(repo: &Repo) -> Vec<String> {
    let mut found = Vec::new();
    let mut by_service: BTreeMap<&str, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
    for (path, _) in repo.files() {
        let Some((service, rest)) = path.split_once("/migrations/") else { continue };
        match rest.split_once('/') {
            Some((name, file)) => by_service.entry(service).or_default().entry(name).or_default().push(file),
            None => found.push(format!("{path}: is in no migration")),
        }
    }
    for (service, migrations) in by_service {
        let mut last = "";
        for (name, files) in migrations {
            let version = version(name);
            match version {
                None => {
                    found.push(format!("{service}/migrations/{name}: is not named YYYY-MM-DD-NNNNNN_name"));
                }
                Some(version) if version == last => {
                    found.push(format!("{service}/migrations/{name}: another has the version {version}"));
                }
                Some(version) => last = version,
            }
            if !files.contains(&"up.sql") {
                found.push(format!("{service}/migrations/{name}: has no up.sql"));
            }
        }
    }
    found
}

/// `2026-11-20-000001` of `2026-11-20-000001_tables`.
fn version(name: &str) -> Option<&str> {
    let (version, rest) = name.split_once('_')?;
    let shape: String = version.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let [month, day] =
        [5..7, 8..10].map(|range| version.get(range).and_then(|part| part.parse().ok()).unwrap_or(0_u8));
    let date = (1..=12).contains(&month) && (1..=31).contains(&day);
    (shape == "0000-00-00-000000" && date && !rest.is_empty()).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::repo::Repo;

    #[test]
    fn odd_names_equal_versions_and_empty_migrations_are_found() {
        let good =
            ["2026-11-20-000001_a/up.sql", "2026-11-20-000002_b/up.sql", "2026-11-20-000002_b/down.sql"];
        let bad = [
            "2026-11-20-000002_c/up.sql",
            "2026-13-20-000003_d/up.sql",
            "tables/up.sql",
            "2026-11-21-000000_e/down.sql",
            "notes.md",
        ];
        let paths: Vec<String> =
            good.iter().chain(&bad).map(|name| format!("services/a/migrations/{name}")).collect();
        let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "")).collect();
        let expected = [
            "notes.md: is in no migration",
            "2026-11-20-000002_c: another has the version 2026-11-20-000002",
            "2026-11-21-000000_e: has no up.sql",
            "2026-13-20-000003_d: is not named YYYY-MM-DD-NNNNNN_name",
            "tables: is not named YYYY-MM-DD-NNNNNN_name",
        ];
        assert_eq!(
            check(&Repo::sample(&files)),
            expected.map(|line| format!("services/a/migrations/{line}"))
        );
    }
}
