//! Who calls, and whether the contract lets it.

use std::time::Duration;

use auth::jwt::EdgeVerifier;
use auth::policy::{GATEWAY, Method};
use auth::{Actor, TokenError, bearer_in};
use http::HeaderMap;

use crate::error::Error;

/// Somebody whose token was verified, or nobody where nobody is let in.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) actor: Actor,
    /// How long the token is still good for; `None` without a token.
    pub(crate) remaining: Option<Duration>,
}

/// Stands at the door.
#[derive(Debug)]
pub(crate) struct Doorkeeper {
    verifier: EdgeVerifier,
}

impl Doorkeeper {
    pub(crate) fn new(verifier: EdgeVerifier) -> Doorkeeper {
        Doorkeeper { verifier }
    }

    /// Whose tokens are taken.
    pub(crate) fn verifier(&self) -> &EdgeVerifier {
        &self.verifier
    }

    /// Who calls `method` with these headers. A token that is there must be good, for public methods too.
    pub(crate) async fn identify(&self, method: &Method, headers: &HeaderMap) -> Result<Caller, Error> {
        let unauthenticated = |source| Error::Unauthenticated { method: method.path.clone(), source };
        let token = match bearer_in(headers) {
            Err(TokenError::Missing) if method.policy.admits_anonymous() => {
                return Ok(Caller { actor: Actor::anonymous(GATEWAY), remaining: None });
            }
            found => found.map_err(unauthenticated)?,
        };
        let identity = self.verifier.verify(token).await.map_err(unauthenticated)?;
        let actor = Actor::user(identity.subject.clone(), identity.roles, GATEWAY);
        Ok(Caller { actor, remaining: Some(identity.remaining()) })
    }
}

/// Whether the caller may call the method.
pub(crate) fn permit(method: &Method, caller: &Caller) -> Result<(), Error> {
    method.policy.permits(&caller.actor).map_err(|source| Error::Denied {
        method: method.path.clone(),
        subject: caller.actor.subject.clone(),
        source,
    })
}
