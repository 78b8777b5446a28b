//! Nothing in the project knows the machine it was written on.

use crate::repo::Repo;

/// Where people keep their work. Put together, so that this file has none.
const PLACES: [[&str; 2]; 5] =
    [["/ho", "me/"], ["/ro", "ot/"], ["/Us", "ers/"], ["/wo", "rk/"], ["C:", "\\Users"]];

pub(crate) fn check(repo: &Repo) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in repo.files() {
        for (number, line) in text.lines().enumerate() {
            for place in PLACES.map(|parts| parts.concat()) {
                if begins_a_path(line, &place) {
                    found.push(format!("{path}:{}: a path below {place}", number + 1));
                }
            }
        }
    }
    found
}

/// Where a word goes before it, it is a path in the project.
fn begins_a_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || ['_', '-', '.', '}', '/'].contains(&c))
    })
}

#[cfg(test)]
mod tests {
    use super::{PLACES, check};
    use crate::repo::Repo;

    #[test]
    fn a_developers_folder_is_found_and_one_of_ours_is_not() {
        let [home, ..] = PLACES.map(|parts| parts.concat());
        let (bad, good) = (format!("open({home}ann/x)"), format!("src{home}x ${{DIR}}{home}x"));
        let repo = Repo::sample(&[("a.sh", &bad), ("b.sh", &good)]);
        assert_eq!(check(&repo), [format!("a.sh:1: a path below {home}")]);
    }
}
