//! Where bugs are planted: a copy of the workspace's sources, and a target folder of its own that begins with what this
//! build has of other people's crates.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use bursar_tests::rig::Outcome;

use crate::bugs::Bug;

/// What of the workspace is copied.
const FOLDERS: [&str; 5] = ["libs", "services", "tests", "proto", "docs"];
const FILES: [&str; 2] = ["Cargo.toml", "Cargo.lock"];
const PROGRAM: &str = "bursar-execution";

/// The workspace this test was built from.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(PathBuf::from).unwrap_or_default()
}

/// A copy of the workspace. Others wait until it is dropped.
pub(crate) struct Workshop {
    source: PathBuf,
    target: PathBuf,
    built: usize,
    _lock: File,
}

impl Workshop {
    /// Copies the sources as they are now. Both folders are kept from one run to the next: what has not changed is not
    /// built again.
    pub(crate) fn open() -> Outcome<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("planted");
        std::fs::create_dir_all(&folder)?;
        let lock = File::create(folder.join("lock"))?;
        lock.lock()?;
        let (root, source, target) = (workspace(), folder.join("source"), folder.join("target"));
        let mut copied = BTreeSet::new();
        for name in FOLDERS {
            copy(&root.join(name), &source.join(name), &mut copied)?;
        }
        for name in FILES {
            copy_file(&root.join(name), &source.join(name), &mut copied)?;
        }
        remove_others(&source, &copied)?;
        if !target.exists() {
            seed(&target)?;
        }
        Ok(Self { source, target, built: 0, _lock: lock })
    }

    /// Builds the program with a bug in it; the sources are as before when it is done.
    pub(crate) fn build(&mut self, bug: &Bug) -> Outcome<PathBuf> {
        let mut originals: Vec<(PathBuf, String)> = Vec::new();
        for edit in bug.edits {
            let file = self.source.join(edit.file);
            let planted = edit.applied_to(&self.source)?;
            originals.push((file.clone(), std::fs::read_to_string(&file)?));
            std::fs::write(file, planted)?;
        }
        let outcome = self.cargo();
        for (file, text) in originals.into_iter().rev() {
            std::fs::write(file, text)?;
        }
        outcome?;
        self.built += 1;
        let program = self.target.join(format!("planted-{}", self.built));
        drop(std::fs::remove_file(&program));
        std::fs::copy(self.target.join(profile()).join(PROGRAM), &program)?;
        Ok(program)
    }

    /// Selects the features that a build of the whole workspace selects, so that other people's crates fit.
    fn cargo(&self) -> Outcome<()> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.source).env("CARGO_TARGET_DIR", &self.target);
        cargo.args(["build", "--quiet", "--offline", "--workspace", "--all-features", "--bin", PROGRAM]);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        let output = cargo.output()?;
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into()) }
    }
}

fn profile() -> &'static str {
    if cfg!(debug_assertions) { "debug" } else { "release" }
}

/// Copies a folder; what is there already with the same content keeps its time, so that cargo sees no change.
fn copy(from: &Path, to: &Path, copied: &mut BTreeSet<PathBuf>) -> Outcome<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target, copied)?;
        } else {
            copy_file(&entry.path(), &target, copied)?;
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path, copied: &mut BTreeSet<PathBuf>) -> Outcome<()> {
    copied.insert(to.to_owned());
    let content = std::fs::read(from)?;
    if std::fs::read(to).is_ok_and(|old| old == content) {
        return Ok(());
    }
    std::fs::create_dir_all(to.parent().ok_or("a file lies in a folder")?)?;
    Ok(std::fs::write(to, content)?)
}

fn remove_others(folder: &Path, copied: &BTreeSet<PathBuf>) -> Outcome<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, copied)?;
        } else if !copied.contains(&path) {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Begins a target folder with other people's crates as this build has them. Libraries, which compilers replace and never
/// write into, are linked; everything else is copied, so that this build's own files stay as they are.
fn seed(target: &Path) -> Outcome<()> {
    let test = std::env::current_exe()?;
    let ours = test.ancestors().nth(2).ok_or("a test lies in target/<profile>/deps")?;
    let names = our_crates()?;
    let to = target.join(profile());
    for folder in [".fingerprint", "build"] {
        std::fs::create_dir_all(to.join(folder))?;
        for entry in std::fs::read_dir(ours.join(folder))? {
            let entry = entry?;
            if !is_ours(&entry.file_name(), &names) {
                run(Command::new("cp").arg("-a").arg(entry.path()).arg(to.join(folder)))?;
            }
        }
    }
    std::fs::create_dir_all(to.join("deps"))?;
    for entry in std::fs::read_dir(ours.join("deps"))? {
        let (path, name) = {
            let entry = entry?;
            (entry.path(), entry.file_name())
        };
        let place = to.join("deps").join(&name);
        match path.extension().and_then(OsStr::to_str) {
            _ if is_ours(&name, &names) => {}
            Some("rlib" | "rmeta" | "so") => std::fs::hard_link(&path, place)?,
            Some("d") => run(Command::new("cp").arg("-a").arg(&path).arg(place))?,
            _ => {}
        }
    }
    Ok(())
}

fn run(command: &mut Command) -> Outcome<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}

/// Whether `[lib]<name>-<hash>…` is of one of our crates.
fn is_ours(file: &OsStr, names: &BTreeSet<String>) -> bool {
    let name = file.to_string_lossy();
    let stem = name.rsplit_once('-').map_or(&*name, |(stem, _)| stem).replace('-', "_");
    names.contains(&stem) || stem.strip_prefix("lib").is_some_and(|stem| names.contains(stem))
}

/// The names of the workspace's packages and of their libraries.
fn our_crates() -> Outcome<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let root = workspace();
    for room in ["libs", "services"] {
        for entry in std::fs::read_dir(root.join(room))? {
            let manifest = entry?.path().join("Cargo.toml");
            let Ok(text) = std::fs::read_to_string(manifest) else { continue };
            let found = text.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
            names.extend(found.map(|name| name.replace('-', "_")));
        }
    }
    names.insert("bursar_tests".to_owned());
    Ok(names)
}
