//! Tokens at the edge: JWTs of any issuer that speaks `OpenID Connect`.
//!
//! The key is found by the token's `kid` in the issuer's key set and nowhere else; the algorithm is the one
//! the *key* is for, never the one the token asks for. `iss, aud, exp, nbf, sub` must be there with their types.
//! Times are judged by the system's clock.

mod claims;
mod dev;
mod jwks;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::actor::{ANONYMOUS, is_service_subject};
use crate::cache::Cache;
use crate::role::RoleSet;
use crate::token::{LEEWAY_SECONDS, TokenError, is_plain_subject, now_seconds};

use claims::{Claims, validation};
use jwks::KeySet;

pub use claims::RolesClaim;
pub use dev::{DEV_AUDIENCE, DEV_ISSUER, DEV_ROLES_CLAIM, DevIssuer};
pub use jwks::{JwksError, JwksSource};

/// A token with an unknown `kid` makes us look for new keys, at most this often.
const REFRESH_PAUSE_MIN: Duration = Duration::from_secs(10);
const CACHE_GENERATION_LEN: usize = 8192;

/// Whom the edge trusts.
#[derive(Clone, Debug)]
pub struct EdgeConfig {
    /// The `iss` tokens must carry.
    pub issuer: String,
    /// The `aud` tokens must carry.
    pub audience: String,
    /// Where in the claims the roles are.
    pub roles_claim: RolesClaim,
    /// Where the issuer's keys are.
    pub jwks: JwksSource,
}

/// Who a verified edge token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `sub`.
    pub subject: String,
    /// The roles of ours among those the token names.
    pub roles: RoleSet,
    /// `exp`, in seconds since the epoch; streams end then.
    pub expires_at: u64,
}

impl Identity {
    /// How long the token is still good for by the system's clock.
    pub fn remaining(&self) -> Duration {
        Duration::from_secs(self.expires_at.saturating_sub(now_seconds()))
    }
}

/// The keys in use, and the identities they verified.
struct Verified {
    keys: Arc<KeySet>,
    identities: Cache<[u8; 32], Arc<Identity>>,
}

/// Checks edge tokens, and remembers those it checked.
pub struct EdgeVerifier {
    config: EdgeConfig,
    verified: Mutex<Verified>,
    /// When keys were last looked for; held while looking, so that one looks and the others wait.
    last_refresh: tokio::sync::Mutex<Instant>,
    refresh_pause_min: Duration,
}

impl std::fmt::Debug for EdgeVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EdgeVerifier").field("config", &self.config).finish_non_exhaustive()
    }
}

impl EdgeVerifier {
    /// A verifier that has read the issuer's keys once.
    ///
    /// # Errors
    /// When the keys cannot be read or none of them is of use.
    pub async fn connect(config: EdgeConfig) -> Result<EdgeVerifier, JwksError> {
        let keys = Arc::new(config.jwks.read().await?);
        Ok(EdgeVerifier {
            config,
            verified: Mutex::new(Verified { keys, identities: Cache::new(CACHE_GENERATION_LEN) }),
            last_refresh: tokio::sync::Mutex::new(Instant::now()),
            refresh_pause_min: REFRESH_PAUSE_MIN,
        })
    }

    /// Reads the issuer's keys again. What a vanished key had verified is forgotten; when reading fails,
    /// the keys we have stay.
    pub async fn refresh(&self) -> Result<(), JwksError> {
        let mut last_refresh = self.last_refresh.lock().await;
        self.read_keys(&mut last_refresh).await
    }

    /// Who the token speaks for.
    pub async fn verify(&self, token: &str) -> Result<Arc<Identity>, TokenError> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        let now = now_seconds();
        let (keys, known) = {
            let mut verified = self.locked();
            (Arc::clone(&verified.keys), verified.identities.get(&digest))
        };
        if let Some(identity) = known {
            let good = now <= identity.expires_at + LEEWAY_SECONDS;
            return if good { Ok(identity) } else { Err(TokenError::Expired) };
        }
        let (identity, keys) = match self.verify_by(&keys, token) {
            Err(TokenError::KeyUnknown) => {
                let keys = self.look_for_new_keys().await;
                (self.verify_by(&keys, token)?, keys)
            }
            other => (other?, keys),
        };
        let identity = Arc::new(identity);
        let mut verified = self.locked();
        // Had the keys changed meanwhile, this token might be one of a key that is gone.
        if Arc::ptr_eq(&verified.keys, &keys) {
            verified.identities.insert(digest, Arc::clone(&identity));
        }
        Ok(identity)
    }

    fn verify_by(&self, keys: &KeySet, token: &str) -> Result<Identity, TokenError> {
        let header = jsonwebtoken::decode_header(token)?;
        if header.crit.is_some() {
            return Err(TokenError::Malformed("it demands extensions (`crit`) that are not understood here"));
        }
        let kid = header.kid.ok_or(TokenError::KeyUnknown)?;
        let (algorithm, key) = keys.find(&kid).ok_or(TokenError::KeyUnknown)?;
        if header.alg != algorithm {
            return Err(TokenError::AlgorithmRefused);
        }
        let validation = validation(algorithm, &self.config.issuer, &self.config.audience);
        let claims = jsonwebtoken::decode::<Claims>(token, key, &validation)?.claims;
        // A subject that names a service, or nobody, would borrow an identity of ours.
        if !is_plain_subject(&claims.sub) || is_service_subject(&claims.sub) || claims.sub == ANONYMOUS {
            return Err(TokenError::SubjectRefused);
        }
        let roles = self.config.roles_claim.roles(&claims);
        Ok(Identity { subject: claims.sub, roles, expires_at: claims.exp })
    }

    /// The keys after looking for new ones, unless somebody looked a moment ago.
    async fn look_for_new_keys(&self) -> Arc<KeySet> {
        let mut last_refresh = self.last_refresh.lock().await;
        if last_refresh.elapsed() >= self.refresh_pause_min
            && let Err(error) = self.read_keys(&mut last_refresh).await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "the issuer's keys cannot be read");
        }
        Arc::clone(&self.locked().keys)
    }

    async fn read_keys(&self, last_refresh: &mut Instant) -> Result<(), JwksError> {
        *last_refresh = Instant::now();
        let keys = self.config.jwks.read().await?;
        let mut verified = self.locked();
        if *verified.keys != keys {
            tracing::info!(keys = keys.len(), "the issuer's keys have changed");
            verified.keys = Arc::new(keys);
            verified.identities.clear();
        }
        Ok(())
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Verified> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
