//! Every commit of execution has a place before it and one after, at which the crash suite kills and freezes; the suite
//! reaches what is listed, and this finds what is not.

use std::collections::BTreeSet;

use super::length::functions;
use crate::repo::Repo;
use crate::source::Source;

const ROOM: &str = "services/execution/src/";
const LIST: &str = "services/execution/src/failpoints.rs";
/// How a transaction is begun.
const COMMITS: [&str; 2] = ["pg::transaction(", ".run(&ctx.pool"];
const PLACE: &str = "here!(\"";

pub(crate) fn check(repo: &Repo) -> Vec<String> {
    let mut found = Vec::new();
    let mut named = BTreeSet::new();
    for (path, text) in repo.rust().filter(|(path, _)| path.starts_with(ROOM) && *path != LIST) {
        named.extend(places(text).map(str::to_owned));
        let lines: Vec<&str> = text.lines().collect();
        for (first, name, count) in functions(&Source::parse(text).code) {
            let body = lines[first - 1..first - 1 + count].join("\n");
            let commits: usize = COMMITS.iter().map(|commit| body.matches(commit).count()).sum();
            if commits > 0 && !places(&body).any(|place| place.ends_with(".after_commit")) {
                found.push(format!("{path}:{first}: fn {name} commits, and names no place after it"));
            }
        }
    }
    for place in named.iter().filter_map(|place| place.strip_suffix(".after_commit")) {
        if !named.contains(&format!("{place}.before_commit")) {
            found.push(format!("{place}: no place before the commit"));
        }
    }
    let list = Source::parse(repo.get(LIST).unwrap_or_default());
    let listed: BTreeSet<String> = list.strings.into_iter().map(|literal| literal.text).collect();
    let only = |place: &String| format!("{place}: in the code or in the list, not in both");
    found.extend(named.symmetric_difference(&listed).map(only));
    found
}

fn places(text: &str) -> impl Iterator<Item = &str> {
    text.split(PLACE).skip(1).filter_map(|rest| rest.split('"').next())
}

#[cfg(test)]
mod tests {
    use super::{LIST, check};
    use crate::repo::Repo;

    #[test]
    fn a_commit_without_its_places_and_a_place_that_is_not_listed_are_found() {
        let good = "async fn good() {\n pg::transaction(c, b);\n here!(\"good.before_commit\");\n \
            here!(\"good.after_commit\");\n}\n";
        let bad = "async fn bad() {\n once.run(&ctx.pool, b);\n}\nasync fn half() {\n \
            pg::transaction(c, b);\n here!(\"half.after_commit\");\n}\n";
        let list = "const ALL: &[&str] = &[\"good.before_commit\", \"good.after_commit\", \"gone\"];";
        let repo = Repo::sample(&[
            ("services/execution/src/app/good.rs", good),
            ("services/execution/src/app/bad.rs", bad),
            ("services/asset/src/app/other.rs", bad),
            (LIST, list),
        ]);
        let expected = [
            "services/execution/src/app/bad.rs:1: fn bad commits, and names no place after it",
            "half: no place before the commit",
            "gone: in the code or in the list, not in both",
            "half.after_commit: in the code or in the list, not in both",
        ];
        assert_eq!(check(&repo), expected);
    }
}
