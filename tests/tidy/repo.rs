//! The files of the repository, in memory: rules never touch the disk, so that a test can hand them a sample.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Folders that hold nothing of ours: what is built, installed or kept by a running `bursar up`.
const FOREIGN_FOLDERS: [&str; 5] = ["target", "node_modules", "generated", "third_party", "__pycache__"];
/// Files of other kinds are not read.
const KINDS: [&str; 14] =
    ["rs", "toml", "proto", "sql", "md", "sh", "py", "mjs", "js", "ts", "yml", "yaml", "json", "csv"];

/// The text files of the repository, by their path from its root, with `/`.
pub(crate) struct Repo {
    files: BTreeMap<String, String>,
}

impl Repo {
    /// The repository this test was built from.
    pub(crate) fn read() -> Repo {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository");
        let mut files = BTreeMap::new();
        read_folder(root, "", &mut files);
        Repo { files }
    }

    /// A repository of a few files.
    pub(crate) fn sample(files: &[(&str, &str)]) -> Repo {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Repo { files: files.iter().map(owned).collect() }
    }

    /// All files with their text, by path.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The Rust files.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(|(path, _)| has_extension(path, "rs"))
    }

    /// One file's text.
    pub(crate) fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }
}

/// Whether the file at `path` is of this kind.
pub(crate) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

fn read_folder(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    let entries = fs::read_dir(folder).expect("a folder of the repository is readable");
    for entry in entries {
        let entry = entry.expect("a folder of the repository is readable");
        let name = entry.file_name().to_string_lossy().into_owned();
        if FOREIGN_FOLDERS.contains(&name.as_str()) || name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.file_type().expect("a file has a type").is_dir() {
            read_folder(&entry.path(), &format!("{path}/"), files);
        } else if KINDS.iter().any(|kind| has_extension(&name, kind))
            || ["Makefile", "Dockerfile"].contains(&name.as_str())
        {
            let text = fs::read_to_string(entry.path());
            files.insert(path, text.expect("a text file of the repository is UTF-8"));
        }
    }
}
