//! Who may do what.
//!
//! Owns: roles, the method policies of the contract, the edge's JWTs, the tokens between services, and the
//! layer that refuses a call before a service sees it.
//!
//! Never: looks at the data of a request. Where a rule depends on data (whose payout, which kind), the use
//! case checks it again from the [`Actor`].
//!
//! Invariants: a method without a policy does not start ([`policy::PolicyTable`]); a subject `service:<name>`
//! is accepted from that service's own key only; an `internal` method is never reached through the gateway.

mod actor;
mod cache;
pub mod denied;
pub mod internal;
pub mod jwt;
pub mod keys;
pub mod layer;
pub mod policy;
mod role;
#[cfg(test)]
mod testing;
mod token;

pub use actor::{ANONYMOUS, Actor};
pub use layer::AuthLayer;
pub use policy::{Policy, PolicyTable};
pub use role::{Role, RoleSet, UnknownRole};
pub use token::{TokenError, bearer, bearer_in};
