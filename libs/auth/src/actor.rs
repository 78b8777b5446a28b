//! Who is acting: the one thing every use case is told about its caller.

use tonic::Status;

use crate::denied;
use crate::role::{Role, RoleSet};

/// Marks the subject of a service that acts by itself, not for a person.
const SERVICE_PREFIX: &str = "service:";

/// The subject of a call that carries no token; only `public` and `recipient_link` methods take it.
pub const ANONYMOUS: &str = "anonymous";

/// Who acts, with which roles, and which service handed the call over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    /// The `sub` of the user's edge token, or `service:<name>`.
    pub subject: String,
    /// The user's roles; empty for a service, whose right is its name.
    pub roles: RoleSet,
    /// The service that called us, by the key that signed its token.
    pub caller: String,
}

impl Actor {
    /// The service `name` acting by itself.
    pub fn service(name: &str) -> Actor {
        Actor { subject: format!("{SERVICE_PREFIX}{name}"), roles: RoleSet::EMPTY, caller: name.to_owned() }
    }

    /// A person or program from outside, whose call `caller` (the gateway) forwards.
    pub fn user(subject: impl Into<String>, roles: RoleSet, caller: impl Into<String>) -> Actor {
        Actor { subject: subject.into(), roles, caller: caller.into() }
    }

    /// Somebody without a token, forwarded by `caller`.
    pub fn anonymous(caller: impl Into<String>) -> Actor {
        Actor::user(ANONYMOUS, RoleSet::EMPTY, caller)
    }

    /// Whether a service acts by itself.
    pub fn is_service(&self) -> bool {
        is_service_subject(&self.subject)
    }

    /// Whether a role of `roles` is held. A service acting by itself holds none.
    pub fn has_any(&self, roles: impl Into<RoleSet>) -> bool {
        self.roles.intersects(roles.into())
    }

    /// Whether `role` is held.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(role)
    }

    /// The actor that [`crate::layer::AuthLayer`] found for this request.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, reason `TOKEN_MISSING`, where the layer is not in front of the service.
    pub fn from_request<T>(request: &tonic::Request<T>) -> Result<Actor, Status> {
        request
            .extensions()
            .get::<Actor>()
            .cloned()
            .ok_or_else(|| denied::unauthenticated("TOKEN_MISSING", "this call carries no identity"))
    }
}

/// Whether `subject` names a service. Nobody from outside may carry such a subject.
pub(crate) fn is_service_subject(subject: &str) -> bool {
    subject.starts_with(SERVICE_PREFIX)
}

/// The name in a `service:<name>` subject.
pub(crate) fn service_name(subject: &str) -> Option<&str> {
    subject.strip_prefix(SERVICE_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::Actor;
    use crate::role::{Role, RoleSet};

    #[test]
    fn a_service_acts_under_its_own_name_and_without_roles() {
        let actor = Actor::service("distribution");
        assert!(actor.is_service());
        assert_eq!(actor.subject, "service:distribution");
        assert_eq!(actor.caller, "distribution");
        assert!(!actor.has_any([Role::Payout, Role::Admin]));
    }

    #[test]
    fn a_request_without_an_actor_is_refused_as_unauthenticated() {
        let mut request = tonic::Request::new(());
        let status = Actor::from_request(&request).expect_err("nobody put an actor there");
        assert_eq!(status.code(), tonic::Code::Unauthenticated);
        let actor = Actor::user("alice", RoleSet::from(Role::Viewer), "gateway");
        request.extensions_mut().insert(actor.clone());
        assert_eq!(Actor::from_request(&request).ok(), Some(actor));
    }
}
