//! Key files: one Ed25519 key per service, `<service>.pem` (private) and `<service>.pub.pem`.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _};
use ed25519_dalek::{SigningKey, VerifyingKey};
use jsonwebtoken::{DecodingKey, EncodingKey};
use zeroize::Zeroizing;

/// Why a key file is not what it should be. Messages name the file, never what is in it.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("cannot read or write the key file {path}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is there and is no Ed25519 key in PEM.
    #[error("{path} is not an Ed25519 key in PEM")]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
}

/// Writes key pairs for `names` into `dir`, for development and tests. Keys that are there are kept.
pub fn generate(dir: &Path, names: &[&str]) -> Result<(), KeyError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io(dir))?;
    for name in names {
        let key = load_or_create(&private_path(dir, name))?;
        let path = public_path(dir, name);
        let pem = public_pem(&key.verifying_key());
        fs::write(&path, pem).map_err(io(&path))?;
    }
    Ok(())
}

/// The private key of `name` in `dir`, ready to sign tokens.
pub(crate) fn private_key(dir: &Path, name: &str) -> Result<EncodingKey, KeyError> {
    let path = private_path(dir, name);
    encoding_key(&read_signing_key(&path)?).ok_or(KeyError::NotAKey { path })
}

/// The public key of `name` in `dir`, ready to check tokens.
pub(crate) fn public_key(dir: &Path, name: &str) -> Result<DecodingKey, KeyError> {
    let path = public_path(dir, name);
    let pem = fs::read(&path).map_err(io(&path))?;
    DecodingKey::from_ed_pem(&pem).map_err(|_| KeyError::NotAKey { path })
}

/// The key in `path`; a new one, readable by its owner only, when there is none.
pub(crate) fn load_or_create(path: &Path) -> Result<SigningKey, KeyError> {
    if path.try_exists().map_err(io(path))? {
        return read_signing_key(path);
    }
    let key = SigningKey::generate(&mut rand::rng());
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyError::NotAKey { path: path.to_owned() })?;
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io(path))?;
    file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()).map_err(io(path))?;
    Ok(key)
}

/// The form `jsonwebtoken` signs with; `None` where its cryptography refuses the key.
pub(crate) fn encoding_key(key: &SigningKey) -> Option<EncodingKey> {
    let der = key.to_pkcs8_der().ok()?;
    let encoding = EncodingKey::from_ed_der(der.as_bytes());
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::EdDSA);
    jsonwebtoken::encode(&header, &(), &encoding).ok()?;
    Some(encoding)
}

fn read_signing_key(path: &Path) -> Result<SigningKey, KeyError> {
    let pem = Zeroizing::new(fs::read_to_string(path).map_err(io(path))?);
    SigningKey::from_pkcs8_pem(&pem).map_err(|_| KeyError::NotAKey { path: path.to_owned() })
}

fn public_pem(key: &VerifyingKey) -> String {
    key.to_public_key_pem(LineEnding::LF).expect("a public key of 32 bytes always has a PEM form")
}

fn private_path(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.pem"))
}

fn public_path(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.pub.pem"))
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> KeyError {
    let path = path.to_owned();
    move |source| KeyError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use super::{KeyError, generate, private_key, public_key};
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn keys_are_private_to_their_owner_and_survive_a_second_run() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        generate(dir.path(), &["asset"]).expect("written");
        let path = dir.path().join("asset.pem");
        let first = std::fs::read(&path).expect("it is there");
        let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        generate(dir.path(), &["asset", "gateway"]).expect("written");
        assert_eq!(std::fs::read(&path).expect("it is there"), first, "a second run changed the key");
        private_key(dir.path(), "gateway").expect("a private key");
        public_key(dir.path(), "gateway").expect("a public key");
    }

    #[test]
    fn a_missing_file_and_a_wrong_one_are_told_apart() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        assert!(matches!(private_key(dir.path(), "asset"), Err(KeyError::Io { .. })));
        std::fs::write(dir.path().join("asset.pem"), "secret-canary").expect("written");
        let error = private_key(dir.path(), "asset").map(drop).expect_err("it is no key");
        assert!(matches!(error, KeyError::NotAKey { .. }));
        assert!(!format!("{error:?}").contains("secret-canary"));
    }
}
