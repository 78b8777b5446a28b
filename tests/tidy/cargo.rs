//! What the rules need to know of a `Cargo.toml`.

use crate::repo::Repo;

/// A package of the workspace.
pub(crate) struct Package<'a> {
    /// Its folder: `services/asset`.
    pub(crate) folder: &'a str,
    /// Its name: `bursar-asset`.
    pub(crate) name: &'a str,
    /// Every section with its settings, in order.
    sections: Vec<(&'a str, Vec<(&'a str, &'a str)>)>,
}

/// What a package depends on, as it is declared.
pub(crate) struct Dependency<'a> {
    /// The name by which code imports it, with `_`.
    pub(crate) import: String,
    /// The package it is.
    pub(crate) package: &'a str,
    /// Whether tests alone see it.
    pub(crate) for_tests: bool,
}

impl<'a> Package<'a> {
    /// All packages of the repository.
    pub(crate) fn all(repo: &'a Repo) -> Vec<Package<'a>> {
        let manifests =
            repo.files().filter_map(|(path, text)| Some((path.strip_suffix("/Cargo.toml")?, text)));
        manifests.map(|(folder, text)| Package::parse(folder, text)).collect()
    }

    fn parse(folder: &'a str, text: &'a str) -> Package<'a> {
        let mut sections: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[') {
                sections.push((name.trim_matches(['[', ']']), Vec::new()));
            } else if let (Some((key, value)), Some((_, settings))) =
                (line.split_once('='), sections.last_mut())
            {
                settings.push((key.trim(), value.trim()));
            }
        }
        let package = Package { folder, name: "", sections };
        let name = package
            .settings("package")
            .find(|(key, _)| *key == "name")
            .map_or("", |(_, name)| unquoted(name));
        Package { name, ..package }
    }

    fn settings(&self, section: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let found = self.sections.iter().filter(move |(name, _)| *name == section);
        found.flat_map(|(_, settings)| settings.iter().copied())
    }

    /// Everything it depends on.
    pub(crate) fn dependencies(&self) -> Vec<Dependency<'a>> {
        let mut found = Vec::new();
        for (section, for_tests) in
            [("dependencies", false), ("dev-dependencies", true), ("build-dependencies", false)]
        {
            for (key, value) in self.settings(section) {
                let key = key.split('.').next().unwrap_or(key);
                let package = value.split_once("package =").map_or(key, |(_, rest)| {
                    rest.trim_start().trim_start_matches('"').split('"').next().unwrap_or(key)
                });
                found.push(Dependency { import: key.replace('-', "_"), package, for_tests });
            }
        }
        found
    }

    /// Paths of its targets' root files, from the root of the repository.
    pub(crate) fn roots(&self, repo: &Repo) -> Vec<String> {
        let folder = self.folder;
        let mut roots: Vec<String> =
            ["src/lib.rs", "src/main.rs", "build.rs"].map(|path| format!("{folder}/{path}")).into();
        for section in ["lib", "bin", "test", "bench", "example"] {
            let paths = self.settings(section).filter(|(key, _)| *key == "path");
            roots.extend(paths.map(|(_, path)| format!("{folder}/{}", unquoted(path))));
        }
        for (kind, off) in [("tests", "autotests"), ("benches", "autobenches"), ("examples", "autoexamples")]
        {
            if !self.settings("package").any(|setting| setting == (off, "false")) {
                let folder = format!("{folder}/{kind}/");
                let found = repo.rust().filter_map(|(path, _)| path.strip_prefix(&folder));
                let found = found.filter(|path| is_target(path));
                roots.extend(found.map(|path| format!("{folder}{path}")));
            }
        }
        roots.retain(|path| repo.get(path).is_some());
        roots
    }

    /// Names of its test targets.
    pub(crate) fn tests(&self) -> impl Iterator<Item = &'a str> {
        self.settings("test").filter(|(key, _)| *key == "name").map(|(_, name)| unquoted(name))
    }
}

/// Whether cargo finds a target here by itself: `a.rs`, `a/main.rs`.
fn is_target(path: &str) -> bool {
    match path.split_once('/') {
        None => true,
        Some((_, rest)) => rest == "main.rs",
    }
}

fn unquoted(value: &str) -> &str {
    value.trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::Package;
    use crate::repo::Repo;

    #[test]
    fn a_manifest_says_what_it_depends_on_and_where_its_targets_are() {
        let manifest = "[package]\nname = \"bursar-a\"\n[dependencies]\nservice-kit.workspace = true\n\
                        x = { package = \"bursar-b\", path = \"../b\" }\n[dev-dependencies]\npg = { workspace = true }\n\
                        [[test]]\nname = \"one\"\npath = \"odd/one.rs\"\n";
        let repo = Repo::sample(&[
            ("services/a/Cargo.toml", manifest),
            ("services/a/src/lib.rs", ""),
            ("services/a/odd/one.rs", ""),
            ("services/a/tests/two.rs", ""),
            ("services/a/tests/three/main.rs", ""),
            ("services/a/tests/three/part.rs", ""),
        ]);
        let packages = Package::all(&repo);
        let package = &packages[0];
        assert_eq!((package.folder, package.name), ("services/a", "bursar-a"));
        let found: Vec<_> = package
            .dependencies()
            .into_iter()
            .map(|found| (found.import, found.package, found.for_tests))
            .collect();
        let expected = [("service_kit", "service-kit", false), ("x", "bursar-b", false), ("pg", "pg", true)];
        assert_eq!(found, expected.map(|(import, package, tests)| (import.to_owned(), package, tests)));
        let roots = ["src/lib.rs", "odd/one.rs", "tests/three/main.rs", "tests/two.rs"]
            .map(|path| format!("services/a/{path}"));
        assert_eq!(package.roots(&repo), roots);
        assert_eq!(package.tests().collect::<Vec<_>>(), ["one"]);
    }
}
