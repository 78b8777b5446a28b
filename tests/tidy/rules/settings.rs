//! The compose file and the services agree on what can be set.

use crate::repo::Repo;
use crate::source::{Source, words};

const COMPOSE: &str = "docker/compose.yml";
const PREFIX: &str = "BURSAR_";

pub(crate) fn check(repo: &Repo) -> Vec<String> {
    let Some(compose) = repo.get(COMPOSE) else { return vec![format!("{COMPOSE} is missing")] };
    let known = known(repo);
    let mut found = Vec::new();
    for (number, line) in compose.lines().enumerate() {
        // A setting is a key; what is in `${…}` is replaced by compose itself.
        let key = line.split_once(':').map(|(key, _)| key.trim()).filter(|key| key.starts_with(PREFIX));
        if let Some(key) = key.filter(|key| !known.iter().any(|name| name == key)) {
            found.push(format!("{COMPOSE}:{}: no service reads {key}", number + 1));
        }
    }
    found
}

/// Every variable that some program reads: `env = "BURSAR_…"` of clap.
fn known(repo: &Repo) -> Vec<String> {
    let configs = repo.rust().filter(|(path, _)| path.starts_with("services/") || path.starts_with("libs/"));
    let mut known = Vec::new();
    for (_, text) in configs.filter(|(_, text)| text.contains(PREFIX)) {
        let source = Source::parse(text);
        let envs: Vec<usize> = source
            .code
            .lines()
            .enumerate()
            .filter(|(_, line)| words(line).any(|(_, word)| word == "env"))
            .map(|(number, _)| number + 1)
            .collect();
        let names = source
            .strings
            .into_iter()
            .filter(|found| found.text.starts_with(PREFIX) && envs.contains(&found.line));
        known.extend(names.map(|found| found.text));
    }
    known
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::repo::Repo;

    #[test]
    fn a_setting_nobody_reads_is_found() {
        let compose = "x:\n  BURSAR_LISTEN: 0.0.0.0:7000\n  BURSAR_LISTNE: 1\n  user: \"${BURSAR_UID:?}\"\n";
        let config = "/// BURSAR_LISTNE\n#[arg(long, env = \"BURSAR_LISTEN\")]\nlisten: u8,\nconst A: &str = \"BURSAR_LISTNE\";";
        let repo = Repo::sample(&[("docker/compose.yml", compose), ("services/a/src/config.rs", config)]);
        assert_eq!(check(&repo), ["docker/compose.yml:3: no service reads BURSAR_LISTNE"]);
        assert_eq!(check(&Repo::sample(&[])).len(), 1);
    }
}
