//! Tokens between services: who calls, and for whom.
//!
//! A service signs with its own Ed25519 key a token for one target, good for at most a minute. The target
//! accepts keys of the callers it trusts and nothing else. A user's subject travels with the user's roles; a
//! service that acts by itself carries the subject `service:<its name>`, and no other service's.
//!
//! Whoever sees a token can show it again, to the same target and for its minute: between machines the connections
//! themselves need protection.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderValue;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::actor::{Actor, service_name};
use crate::cache::Cache;
use crate::keys::{self, KeyError};
use crate::role::RoleSet;
use crate::token::{LEEWAY_SECONDS, TokenError, is_plain_subject, now_seconds};

/// How long a token is good for.
const LIFETIME_SECONDS: u64 = 60;
/// A cached token is handed out while it is good for at least this long.
const REMAINING_SECONDS_MIN: u64 = 20;
const CACHE_GENERATION_LEN: usize = 4096;

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    iat: u64,
    nbf: u64,
    exp: u64,
    roles: Vec<String>,
}

/// A service's own key, and the public keys of the callers it trusts.
pub struct ServiceKeys {
    name: String,
    own: EncodingKey,
    trusted: HashMap<String, DecodingKey>,
}

impl std::fmt::Debug for ServiceKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let trusted: Vec<&String> = self.trusted.keys().collect();
        f.debug_struct("ServiceKeys")
            .field("name", &self.name)
            .field("trusted", &trusted)
            .finish_non_exhaustive()
    }
}

impl ServiceKeys {
    /// Reads `<name>.pem` and, for each trusted caller, `<caller>.pub.pem` out of `dir`.
    pub fn load(dir: &Path, name: &str, trusted_callers: &[&str]) -> Result<ServiceKeys, KeyError> {
        let own = keys::private_key(dir, name)?;
        let mut trusted = HashMap::new();
        for caller in trusted_callers {
            trusted.insert((*caller).to_owned(), keys::public_key(dir, caller)?);
        }
        Ok(ServiceKeys { name: name.to_owned(), own, trusted })
    }

    /// What mints tokens in this service's name.
    pub fn issuer(&self) -> Arc<Issuer> {
        Arc::new(Issuer {
            name: self.name.clone(),
            key: self.own.clone(),
            minted: Mutex::new(Cache::new(CACHE_GENERATION_LEN)),
        })
    }

    /// What checks tokens made for this service.
    pub fn verifier(&self) -> Arc<Verifier> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[&self.name]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_SECONDS;
        Arc::new(Verifier {
            trusted: self.trusted.clone(),
            validation,
            verified: Mutex::new(Cache::new(CACHE_GENERATION_LEN)),
        })
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct MintedFor {
    target: String,
    subject: String,
    roles: RoleSet,
}

#[derive(Clone)]
struct Minted {
    token: String,
    authorization: HeaderValue,
    expires_at: u64,
}

/// Mints the tokens this service shows to others.
pub struct Issuer {
    name: String,
    key: EncodingKey,
    minted: Mutex<Cache<MintedFor, Minted>>,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Issuer {
    /// The service whose name is on the tokens.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A token for `target`, on behalf of `actor`.
    pub fn token(&self, target: &str, actor: &Actor) -> String {
        self.minted(target, actor).token
    }

    /// The value of the `authorization` header for a call to `target` on behalf of `actor`.
    pub fn authorization(&self, target: &str, actor: &Actor) -> HeaderValue {
        self.minted(target, actor).authorization
    }

    fn minted(&self, target: &str, actor: &Actor) -> Minted {
        let wanted =
            MintedFor { target: target.to_owned(), subject: actor.subject.clone(), roles: actor.roles };
        let now = now_seconds();
        let known = self.minted.lock().unwrap_or_else(PoisonError::into_inner).get(&wanted);
        if let Some(minted) = known.filter(|minted| minted.expires_at >= now + REMAINING_SECONDS_MIN) {
            return minted;
        }
        let minted = self.mint(&wanted, now);
        self.minted.lock().unwrap_or_else(PoisonError::into_inner).insert(wanted, minted.clone());
        minted
    }

    fn mint(&self, wanted: &MintedFor, now: u64) -> Minted {
        let expires_at = now + LIFETIME_SECONDS;
        let claims = Claims {
            iss: self.name.clone(),
            sub: wanted.subject.clone(),
            aud: wanted.target.clone(),
            iat: now,
            nbf: now,
            exp: expires_at,
            roles: wanted.roles.names(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.name.clone());
        let token = jsonwebtoken::encode(&header, &claims, &self.key)
            .expect("the key was checked to be an Ed25519 key when it was loaded");
        let mut authorization = HeaderValue::try_from(format!("Bearer {token}"))
            .expect("a JWT is made of base64url and dots, which a header can carry");
        authorization.set_sensitive(true);
        Minted { token, authorization, expires_at }
    }
}

/// Checks the tokens others show to this service.
pub struct Verifier {
    trusted: HashMap<String, DecodingKey>,
    validation: Validation,
    verified: Mutex<Cache<[u8; 32], (Actor, u64)>>,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let trusted: Vec<&String> = self.trusted.keys().collect();
        f.debug_struct("Verifier").field("trusted", &trusted).finish_non_exhaustive()
    }
}

impl Verifier {
    /// Who acts, by a token made for this service.
    pub fn verify(&self, token: &str) -> Result<Actor, TokenError> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        let now = now_seconds();
        let known = self.verified.lock().unwrap_or_else(PoisonError::into_inner).get(&digest);
        if let Some((actor, _)) = known.filter(|(_, expires_at)| now <= expires_at + LEEWAY_SECONDS) {
            return Ok(actor);
        }
        let (actor, expires_at) = self.verify_anew(token)?;
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified.insert(digest, (actor.clone(), expires_at));
        Ok(actor)
    }

    fn verify_anew(&self, token: &str) -> Result<(Actor, u64), TokenError> {
        let caller = jsonwebtoken::decode_header(token)?.kid.ok_or(TokenError::KeyUnknown)?;
        let key = self.trusted.get(&caller).ok_or(TokenError::KeyUnknown)?;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &self.validation)?.claims;
        if claims.iss != caller {
            return Err(TokenError::IssuerWrong);
        }
        // A trusted caller whose clock or code is wrong must not mint a token that lives for years.
        if claims.exp.saturating_sub(claims.nbf) > LIFETIME_SECONDS {
            return Err(TokenError::Malformed("it lives for longer than a minute"));
        }
        let own_or_user = service_name(&claims.sub).is_none_or(|name| name == caller);
        if !is_plain_subject(&claims.sub) || !own_or_user {
            return Err(TokenError::SubjectRefused);
        }
        let roles = RoleSet::from_names(claims.roles.iter().map(String::as_str));
        Ok((Actor { subject: claims.sub, roles, caller }, claims.exp))
    }
}

#[cfg(test)]
#[path = "internal_tests.rs"]
mod tests;
