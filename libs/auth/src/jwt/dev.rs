//! An issuer of our own, for development and tests: what an identity provider does in production.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{EdgeConfig, JwksSource, RolesClaim};
use crate::keys::{self, KeyError};
use crate::role::RoleSet;
use crate::token::now_seconds;

/// `iss` of development tokens.
pub const DEV_ISSUER: &str = "https://dev.bursar.invalid";
/// `aud` of development tokens.
pub const DEV_AUDIENCE: &str = "bursar";
/// Where development tokens carry their roles.
pub const DEV_ROLES_CLAIM: &str = "roles";

/// Mints edge tokens with an Ed25519 key from a file.
pub struct DevIssuer {
    key: EncodingKey,
    kid: String,
    public: [u8; 32],
}

impl std::fmt::Debug for DevIssuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DevIssuer").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl DevIssuer {
    /// The issuer whose key is in `path`; the key is made when the file is not there.
    pub fn load_or_create(path: &Path) -> Result<DevIssuer, KeyError> {
        DevIssuer::from_key(&keys::load_or_create(path)?)
            .ok_or_else(|| KeyError::NotAKey { path: path.to_owned() })
    }

    fn from_key(key: &SigningKey) -> Option<DevIssuer> {
        let public = key.verifying_key().to_bytes();
        let kid = URL_SAFE_NO_PAD.encode(&Sha256::digest(public)[..9]);
        Some(DevIssuer { key: keys::encoding_key(key)?, kid, public })
    }

    /// A token for `subject` with `roles`, good from now for `lifetime`.
    pub fn token(&self, subject: &str, roles: RoleSet, lifetime: Duration) -> String {
        let now = now_seconds();
        self.sign(&json!({
            "iss": DEV_ISSUER, "aud": DEV_AUDIENCE, "sub": subject, "iat": now, "nbf": now,
            "exp": now + lifetime.as_secs(), DEV_ROLES_CLAIM: roles.names(),
        }))
    }

    /// A token with exactly these claims, right or wrong.
    pub(super) fn sign(&self, claims: &serde_json::Value) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.key).expect("the key was checked when it was made")
    }

    /// The key set that verifies these tokens.
    pub fn jwks(&self) -> String {
        let x = URL_SAFE_NO_PAD.encode(self.public);
        let key =
            json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.kid, "alg": "EdDSA", "use": "sig" });
        json!({ "keys": [key] }).to_string()
    }

    /// The configuration of an edge that trusts this issuer.
    pub fn edge_config(&self) -> EdgeConfig {
        EdgeConfig {
            issuer: DEV_ISSUER.to_owned(),
            audience: DEV_AUDIENCE.to_owned(),
            roles_claim: DEV_ROLES_CLAIM.parse::<RolesClaim>().expect("one plain step is a path"),
            jwks: JwksSource::Text(self.jwks()),
        }
    }
}
