//! Keys that sign transfers.

use std::fmt;
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::DecodePrivateKey;
use zeroize::Zeroizing;

/// Signs on behalf of an account whose key is an Ed25519 key. A seam: a key held in hardware implements it too.
pub trait Signer: Send + Sync {
    /// The public key, by which the network finds the signature.
    fn public_key(&self) -> [u8; 32];

    /// The signature over a transaction's body. Equal bytes give equal signatures (RFC 8032).
    fn sign(&self, body: &[u8]) -> [u8; 64];
}

/// Why a text or file holds no usable key. Never repeats what was read.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("the key file {path} cannot be read")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The key is for another curve.
    #[error("this is an ECDSA (secp256k1) key; the account needs an Ed25519 key")]
    Ecdsa,
    /// None of the accepted forms.
    #[error("not an Ed25519 private key: expected PEM, DER in hexadecimal, or 64 hexadecimal digits")]
    Malformed,
}

/// An Ed25519 private key in memory. Wiped when dropped, never shown.
///
/// It signs by aws-lc, which takes half as long as dalek; a run signs two copies for nine payees.
pub struct Ed25519Key(Ed25519KeyPair);

impl Ed25519Key {
    /// From the 32 bytes of the private key (RFC 8032 calls them the seed).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(seed).expect("any 32 bytes are a private key"))
    }

    /// Reads a PKCS #8 key as PEM or DER in hexadecimal, or the bare key as 64 hexadecimal digits, the forms that Hedera's
    /// tools write. Space around it is ignored, and so is `0x` before hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.starts_with("-----") {
            return SigningKey::from_pkcs8_pem(text).map(Self::from).map_err(|_| KeyError::Malformed);
        }
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let bytes = Zeroizing::new(hex::decode(digits).map_err(|_| KeyError::Malformed)?);
        if let Ok(seed) = <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new) {
            return Ok(Self::from_seed(&seed));
        }
        if is_secp256k1(&bytes) {
            return Err(KeyError::Ecdsa);
        }
        SigningKey::from_pkcs8_der(&bytes).map(Self::from).map_err(|_| KeyError::Malformed)
    }

    /// Reads a key file in one of the forms of [`Ed25519Key::parse`].
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| KeyError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&Zeroizing::new(text))
    }
}

impl From<SigningKey> for Ed25519Key {
    fn from(key: SigningKey) -> Self {
        Self::from_seed(key.as_bytes())
    }
}

impl Signer for Ed25519Key {
    fn public_key(&self) -> [u8; 32] {
        self.0.public_key().as_ref().try_into().expect("a public key of 32 bytes")
    }

    fn sign(&self, body: &[u8]) -> [u8; 64] {
        self.0.sign(body).as_ref().try_into().expect("a signature of 64 bytes")
    }
}

impl fmt::Debug for Ed25519Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ed25519Key(public {})", hex::encode(self.public_key()))
    }
}

/// Whether a DER structure names the curve secp256k1 (object identifier 1.3.132.0.10).
fn is_secp256k1(der: &[u8]) -> bool {
    const OID: [u8; 7] = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a];
    der.windows(OID.len()).any(|window| window == OID)
}

#[cfg(test)]
mod tests {
    use super::{Ed25519Key, KeyError, Signer};
    use ed25519_dalek::{Signature, Verifier, VerifyingKey};

    const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    const PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
        -----END PRIVATE KEY-----\n";

    #[test]
    fn the_three_forms_are_the_same_key() {
        let der = format!("302e020100300506032b657004220420{SEED}");
        for text in [SEED, &format!("0x{SEED}\n"), &der, &der.to_uppercase(), PEM] {
            let key = Ed25519Key::parse(text).expect("a key of RFC 8032");
            assert!(key.public_key() != [0; 32]);
        }
        let bare = Ed25519Key::parse(SEED).expect("a key");
        let pem = Ed25519Key::parse(PEM).expect("a key");
        assert_eq!(bare.public_key(), pem.public_key());
    }

    #[test]
    fn a_signature_verifies_under_the_public_key() {
        let key = Ed25519Key::from_seed(&[7; 32]);
        let public = VerifyingKey::from_bytes(&key.public_key()).expect("a point on the curve");
        assert!(public.verify(b"body", &Signature::from_bytes(&key.sign(b"body"))).is_ok());
        assert!(public.verify(b"other", &Signature::from_bytes(&key.sign(b"body"))).is_err());
    }

    #[test]
    fn a_file_is_read_and_a_missing_one_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("operator.pem");
        std::fs::write(&path, PEM).expect("a file");
        assert!(Ed25519Key::read(&path).is_ok());
        let missing = Ed25519Key::read(&folder.path().join("absent.pem")).expect_err("no file");
        assert!(missing.to_string().contains("absent.pem"));
    }

    #[test]
    fn an_ecdsa_key_is_named_as_such_and_rubbish_is_refused() {
        let ecdsa = format!("3030020100300706052b8104000a04220420{SEED}");
        assert!(matches!(Ed25519Key::parse(&ecdsa), Err(KeyError::Ecdsa)));
        for text in ["", "0x", "zz", &SEED[2..], "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----"] {
            assert!(matches!(Ed25519Key::parse(text), Err(KeyError::Malformed)), "{text}");
        }
    }

    #[test]
    fn debug_output_and_errors_hold_nothing_secret() {
        let key = Ed25519Key::parse(SEED).expect("a key");
        assert!(!format!("{key:?}").contains(&SEED[..16]));
        let error = Ed25519Key::parse(&SEED[2..]).expect_err("one byte short");
        assert!(!format!("{error} {error:?}").contains(&SEED[2..18]));
    }

    #[test]
    fn the_public_key_is_that_of_rfc_8032() {
        let key = Ed25519Key::parse(SEED).expect("a key");
        assert_eq!(hex::encode(key.public_key()), PUBLIC);
    }
}
