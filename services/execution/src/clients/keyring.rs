//! The keys of funding accounts: one file each in one folder, read when first used, never shown.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use hedera::Ed25519Key;
use service_kit::error::Problem;

/// Why a key cannot be used. Neither variant says what is in the file.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The reference is not a plain name.
    #[error("{0:?} is no key reference: letters, digits, - and _ only")]
    Reference(String),
    /// No such file, or no key in it.
    #[error("the key {reference} cannot be read")]
    Unreadable {
        /// Its name.
        reference: String,
        /// Why.
        #[source]
        source: hedera::key::KeyError,
    },
}

impl KeyringError {
    /// What the caller is told.
    pub(crate) fn problem(&self) -> Problem {
        Problem::field("key_reference", "KEY_NOT_FOUND", self.to_string())
    }
}

/// The folder of keys.
#[derive(Debug)]
pub struct Keyring {
    dir: PathBuf,
    read: Mutex<HashMap<String, Arc<Ed25519Key>>>,
}

impl Keyring {
    /// A folder with files `<reference>.key`.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir, read: Mutex::default() }
    }

    /// The key called `reference`.
    pub fn key(&self, reference: &str) -> Result<Arc<Ed25519Key>, KeyringError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = read.get(reference) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(self.read(reference)?);
        read.insert(reference.to_owned(), Arc::clone(&key));
        Ok(key)
    }

    /// The key called `reference` as it could be read now: one that is in memory already is gone after the next start.
    pub fn look(&self, reference: &str) -> Result<Ed25519Key, KeyringError> {
        self.read(reference)
    }

    fn read(&self, reference: &str) -> Result<Ed25519Key, KeyringError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if reference.is_empty() || !reference.chars().all(plain) {
            return Err(KeyringError::Reference(reference.to_owned()));
        }
        Ed25519Key::read(&self.dir.join(format!("{reference}.key")))
            .map_err(|source| KeyringError::Unreadable { reference: reference.to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::{Keyring, KeyringError};

    #[test]
    fn a_reference_cannot_leave_the_folder() {
        let keyring = Keyring::new("/nonexistent".into());
        for reference in ["", "../etc/passwd", "a/b", "a.key"] {
            assert!(matches!(keyring.key(reference), Err(KeyringError::Reference(_))), "{reference:?}");
        }
        assert!(matches!(keyring.key("operator"), Err(KeyringError::Unreadable { .. })));
    }
}
