//! Services meet in `libs/proto` and nowhere else: none depends on another's crate.

use crate::cargo::Package;
use crate::repo::Repo;

/// The one program that is made of all services.
const COMPOSITION: &str = "services/bursar";
/// The simulated network, which shares no code with the services: their tests pay on it.
const SANDBOX: &str = "services/sandbox";
/// Starts the suite under test.
const HARNESS: &str = "libs/test-harness";

pub(crate) fn check(repo: &Repo) -> Vec<String> {
    let packages = Package::all(repo);
    let mut found = Vec::new();
    for package in
        packages.iter().filter(|package| package.folder != COMPOSITION && package.folder != HARNESS)
    {
        let service = package.folder.starts_with("services/");
        if !service && !package.folder.starts_with("libs/") {
            continue;
        }
        for dependency in package.dependencies() {
            let Some(target) = packages.iter().find(|other| other.name == dependency.package) else {
                continue;
            };
            let folder = target.folder;
            let tests_on_sandbox = dependency.for_tests && folder == SANDBOX;
            if (folder.starts_with("services/") && !tests_on_sandbox) || (service && folder == HARNESS) {
                found.push(format!("{} depends on {folder}", package.folder));
            }
        }
        if package.folder == SANDBOX {
            let ours = package.dependencies().into_iter().filter(|dependency| {
                packages
                    .iter()
                    .any(|other| other.name == dependency.package && other.folder.starts_with("libs/"))
            });
            found.extend(ours.map(|dependency| {
                format!("{SANDBOX}, which judges the others, shares {} with them", dependency.package)
            }));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::repo::Repo;

    #[test]
    fn a_service_that_depends_on_another_is_found() {
        let repo = Repo::sample(&[
            (
                "libs/money/Cargo.toml",
                "[package]\nname = \"money\"\n[dependencies]\nbursar-asset.workspace = true",
            ),
            (
                "services/asset/Cargo.toml",
                "[package]\nname = \"bursar-asset\"\n[dev-dependencies]\nbursar-sandbox.workspace = true",
            ),
            (
                "services/gateway/Cargo.toml",
                "[package]\nname = \"bursar-gateway\"\n[dependencies]\nx = { package = \"bursar-asset\", path = \"../asset\" }",
            ),
            (
                "services/sandbox/Cargo.toml",
                "[package]\nname = \"bursar-sandbox\"\n[dependencies]\nmoney.workspace = true",
            ),
            (
                "services/bursar/Cargo.toml",
                "[package]\nname = \"bursar\"\n[dependencies]\nbursar-asset.workspace = true",
            ),
        ]);
        let expected = [
            "libs/money depends on services/asset",
            "services/gateway depends on services/asset",
            "services/sandbox, which judges the others, shares money with them",
        ];
        assert_eq!(check(&repo), expected);
    }
}
