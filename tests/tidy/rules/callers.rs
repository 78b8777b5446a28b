//! `docker/make-secrets.sh` gives each service the public keys of those it takes calls from, and no others.

use crate::repo::Repo;

const SECRETS: &str = "docker/make-secrets.sh";

pub(crate) fn check(repo: &Repo) -> Vec<String> {
    let Some(script) = repo.get(SECRETS) else { return vec![format!("{SECRETS} is missing")] };
    let listed =
        script.split_once("trusted='").and_then(|(_, rest)| rest.split_once('\'')).map(|(list, _)| list);
    let Some(listed) = listed else { return vec![format!("{SECRETS} lists no services")] };
    let mut found = Vec::new();
    let mut services = 0;
    for (path, text) in repo.rust() {
        let service = path.strip_prefix("services/").and_then(|rest| rest.strip_suffix("/src/lib.rs"));
        let Some((service, taken)) = service.zip(callers(text)) else { continue };
        services += 1;
        let given =
            listed.lines().find_map(|line| line.strip_prefix(service)?.strip_prefix(' ')).unwrap_or_default();
        let mut given: Vec<&str> = given.split_whitespace().collect();
        given.sort_unstable();
        if given != taken {
            found.push(format!("{SECRETS}: {service} takes calls from {taken:?} and is given {given:?}"));
        }
    }
    if services == 0 {
        found.push("no service says whose calls it takes".to_owned());
    }
    found
}

/// What stands in `CALLERS`, sorted.
fn callers(text: &str) -> Option<Vec<&str>> {
    let (_, rest) = text.split_once("pub const CALLERS:")?;
    let (_, list) = rest.split_once("= [")?;
    let (list, _) = list.split_once(']')?;
    let mut names: Vec<&str> =
        list.split(',').map(|name| name.trim().trim_matches('"')).filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::repo::Repo;

    #[test]
    fn a_key_too_many_and_one_too_few_are_found() {
        let script = "trusted='\nasset gateway b\nexecution asset\n'\n";
        let asset = "pub const CALLERS: [&str; 2] = [\"b\", \"gateway\"];";
        let execution = "pub const CALLERS: [&str; 2] = [\"asset\", \"gateway\"];";
        let sample = |asset, execution| {
            Repo::sample(&[
                ("docker/make-secrets.sh", script),
                ("services/asset/src/lib.rs", asset),
                ("services/execution/src/lib.rs", execution),
            ])
        };
        let only = "pub const CALLERS: [&str; 1] = [\"asset\"];";
        assert_eq!(check(&sample(asset, only)), Vec::<String>::new());
        assert_eq!(check(&sample(asset, execution)).len(), 1);
        assert_eq!(check(&sample(only, only)).len(), 1);
        assert_eq!(check(&Repo::sample(&[])).len(), 1);
    }
}
