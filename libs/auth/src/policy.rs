//! Who may call which method, read from the method option `(bursar.auth.v1.policy)`.
//!
//! The descriptor set is the only source: there is no list of methods in code. A method of a `bursar.*`
//! package without a policy, or with one that says nothing, is an error and nothing starts.

use std::collections::HashMap;

use prost_reflect::{DescriptorPool, DynamicMessage, ExtensionDescriptor, MethodDescriptor, Value};

use crate::actor::Actor;
use crate::role::{Role, RoleSet};

/// The edge's name among the services. It never hands over an `internal` call.
pub const GATEWAY: &str = "gateway";

const EXTENSION: &str = "bursar.auth.v1.policy";
const OWN_PACKAGES: &str = "bursar.";
/// `google.protobuf.MethodOptions.IdempotencyLevel.NO_SIDE_EFFECTS`.
const NO_SIDE_EFFECTS: i32 = 1;

/// Who may call a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Whoever holds one of these roles, and services acting by themselves.
    AnyOf(RoleSet),
    /// Services only, never through the gateway.
    Internal,
    /// Everybody, without a token.
    Public,
    /// Whoever holds a redemption link; the service checks the link itself.
    RecipientLink,
}

/// What the contract says about one method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// `/package.Service/Method`, as HTTP/2 carries it.
    pub path: String,
    /// The package, e.g. `bursar.asset.v1`; the gateway routes by it.
    pub package: String,
    /// Who may call it.
    pub policy: Policy,
    /// Whether it changes something (`idempotency_level` is not `NO_SIDE_EFFECTS`).
    pub side_effects: bool,
    /// Whether the caller sends a stream.
    pub client_streaming: bool,
    /// Whether the answer is a stream.
    pub server_streaming: bool,
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The contract has no such method.
    #[error("there is no such method")]
    UnknownMethod,
    /// Only services may call it.
    #[error("this method is for services only")]
    Internal,
    /// The caller holds none of the roles.
    #[error("this needs one of the roles {0}")]
    RoleMissing(RoleSet),
}

impl Denial {
    /// The stable reason callers can program against.
    pub const fn reason(self) -> &'static str {
        match self {
            Denial::UnknownMethod => "UNKNOWN_METHOD",
            Denial::Internal => "INTERNAL_METHOD",
            Denial::RoleMissing(_) => "ROLE_MISSING",
        }
    }
}

impl Policy {
    /// Whether `actor` may call a method with this policy.
    pub fn permits(self, actor: &Actor) -> Result<(), Denial> {
        match self {
            Policy::AnyOf(roles) if actor.is_service() || actor.has_any(roles) => Ok(()),
            Policy::AnyOf(roles) => Err(Denial::RoleMissing(roles)),
            Policy::Internal if actor.caller == GATEWAY => Err(Denial::Internal),
            Policy::Internal | Policy::Public | Policy::RecipientLink => Ok(()),
        }
    }

    /// Whether a call without a token is let through.
    pub fn admits_anonymous(self) -> bool {
        matches!(self, Policy::Public | Policy::RecipientLink)
    }
}

/// Why a descriptor set is refused. Each is a mistake in a proto file.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The bytes are no descriptor set.
    #[error("the descriptor set cannot be read")]
    Unreadable(#[source] prost_reflect::DescriptorError),
    /// The option itself is not in the set.
    #[error("the descriptor set does not define the option {EXTENSION}")]
    OptionUndefined,
    /// A method says nothing about who may call it.
    #[error("{method} has no ({EXTENSION}): every method says who may call it")]
    Missing {
        /// Full name of the method.
        method: String,
    },
    /// A method has a policy that means nothing.
    #[error("{method}: its policy {why}")]
    Meaningless {
        /// Full name of the method.
        method: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// The policies of every method of a descriptor set.
#[derive(Clone, Debug)]
pub struct PolicyTable {
    methods: HashMap<String, Method>,
    descriptor_set: Vec<u8>,
}

impl PolicyTable {
    /// Reads the policies of all `bursar.*` services out of an encoded `FileDescriptorSet` that kept
    /// its custom options.
    pub fn from_descriptor_set(bytes: &[u8]) -> Result<PolicyTable, PolicyError> {
        let pool = DescriptorPool::decode(bytes).map_err(PolicyError::Unreadable)?;
        let option = pool.get_extension_by_name(EXTENSION).ok_or(PolicyError::OptionUndefined)?;
        let mut methods = HashMap::new();
        for service in pool.services().filter(|service| service.full_name().starts_with(OWN_PACKAGES)) {
            for descriptor in service.methods() {
                let method = read_method(&descriptor, &option)?;
                methods.insert(method.path.clone(), method);
            }
        }
        Ok(PolicyTable { methods, descriptor_set: bytes.to_vec() })
    }

    /// What the contract says about the method with this path (`/package.Service/Method`).
    pub fn method(&self, path: &str) -> Option<&Method> {
        self.methods.get(path)
    }

    /// Every method, in no particular order.
    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        self.methods.values()
    }

    /// Whether `actor` may call the method with this path.
    pub fn permits(&self, path: &str, actor: &Actor) -> Result<(), Denial> {
        self.method(path).ok_or(Denial::UnknownMethod)?.policy.permits(actor)
    }

    /// The bytes the table was read from; reflection serves them.
    pub fn descriptor_set(&self) -> &[u8] {
        &self.descriptor_set
    }
}

fn read_method(descriptor: &MethodDescriptor, option: &ExtensionDescriptor) -> Result<Method, PolicyError> {
    let options = descriptor.options();
    if !options.has_extension(option) {
        return Err(PolicyError::Missing { method: descriptor.full_name().to_owned() });
    }
    let policy = read_policy(&options.get_extension(option))
        .map_err(|why| PolicyError::Meaningless { method: descriptor.full_name().to_owned(), why })?;
    let level = descriptor.method_descriptor_proto().options.as_ref().and_then(|set| set.idempotency_level);
    Ok(Method {
        path: format!("/{}/{}", descriptor.parent_service().full_name(), descriptor.name()),
        package: descriptor.parent_service().package_name().to_owned(),
        policy,
        side_effects: level != Some(NO_SIDE_EFFECTS),
        client_streaming: descriptor.is_client_streaming(),
        server_streaming: descriptor.is_server_streaming(),
    })
}

fn read_policy(value: &Value) -> Result<Policy, &'static str> {
    let message = value.as_message().ok_or("is no message")?;
    let (rule, value) = message.fields().next().ok_or("is empty")?;
    match rule.name() {
        "any_of" => {
            Ok(Policy::AnyOf(read_roles(value.as_message().ok_or("has an any_of that is no message")?)?))
        }
        "internal" => flag(value, Policy::Internal),
        "public" => flag(value, Policy::Public),
        "recipient_link" => flag(value, Policy::RecipientLink),
        _ => Err("has a rule this program does not know"),
    }
}

fn flag(value: &Value, policy: Policy) -> Result<Policy, &'static str> {
    if value.as_bool() == Some(true) { Ok(policy) } else { Err("sets its rule to false, which says nothing") }
}

fn read_roles(any_of: &DynamicMessage) -> Result<RoleSet, &'static str> {
    let roles = any_of.get_field_by_name("roles").ok_or("has an any_of without roles")?;
    let mut set = RoleSet::EMPTY;
    for role in roles.as_list().ok_or("has roles that are no list")? {
        let number = role.as_enum_number().ok_or("has a role that is no enum value")?;
        set = set.with(Role::from_number(number).ok_or("names a role that does not exist")?);
    }
    if set.is_empty() { Err("has an any_of without roles") } else { Ok(set) }
}

#[cfg(test)]
mod tests {
    use super::{Denial, Policy, PolicyError, PolicyTable};
    use crate::actor::Actor;
    use crate::role::{Role, RoleSet};
    use crate::testing::descriptor_set;

    fn table(methods: &str) -> Result<PolicyTable, PolicyError> {
        PolicyTable::from_descriptor_set(&descriptor_set("bursar.test.v1", methods))
    }

    #[test]
    fn policies_levels_and_streams_are_read_from_the_options() {
        let table = table(
            "rpc Read(M) returns (stream M) { option (bursar.auth.v1.policy) = { any_of: { roles: [ROLE_VIEWER, ROLE_ADMIN] } };
                                              option idempotency_level = NO_SIDE_EFFECTS; }
             rpc Write(stream M) returns (M) { option (bursar.auth.v1.policy) = { internal: true }; }
             rpc Open(M) returns (M) { option (bursar.auth.v1.policy) = { public: true }; }
             rpc Link(M) returns (M) { option (bursar.auth.v1.policy) = { recipient_link: true }; }",
        )
        .expect("every method has a policy");
        let read = table.method("/bursar.test.v1.Service/Read").expect("it is in the file");
        assert_eq!(read.policy, Policy::AnyOf(RoleSet::from([Role::Viewer, Role::Admin])));
        assert!(!read.side_effects && read.server_streaming && !read.client_streaming);
        assert_eq!(read.package, "bursar.test.v1");
        let write = table.method("/bursar.test.v1.Service/Write").expect("it is in the file");
        assert_eq!(write.policy, Policy::Internal);
        assert!(write.side_effects && write.client_streaming && !write.server_streaming);
        let policy =
            |name| table.method(&format!("/bursar.test.v1.Service/{name}")).map(|method| method.policy);
        assert_eq!(policy("Open"), Some(Policy::Public));
        assert_eq!(policy("Link"), Some(Policy::RecipientLink));
        assert_eq!(table.methods().count(), 4);
    }

    #[test]
    fn a_method_without_a_policy_is_an_error_that_names_it() {
        let error = table("rpc Naked(M) returns (M);").expect_err("it has no policy");
        assert!(error.to_string().contains("bursar.test.v1.Service.Naked"), "{error}");
    }

    #[test]
    fn a_policy_that_says_nothing_is_an_error() {
        for nothing in [
            "{}",
            "{ any_of: {} }",
            "{ internal: false }",
            "{ public: false }",
            "{ any_of: { roles: [ROLE_UNSPECIFIED] } }",
        ] {
            let method = format!("rpc Odd(M) returns (M) {{ option (bursar.auth.v1.policy) = {nothing}; }}");
            assert!(table(&method).is_err(), "{nothing} was taken for a policy");
        }
    }

    #[test]
    fn packages_of_others_need_no_policy() {
        let bytes = descriptor_set("grpc.other.v1", "rpc Naked(M) returns (M);");
        let table = PolicyTable::from_descriptor_set(&bytes).expect("not ours to judge");
        assert_eq!(table.methods().count(), 0);
    }

    #[test]
    fn roles_services_and_the_gateway_get_what_their_policy_says() {
        let viewer = Actor::user("vera", Role::Viewer.into(), "gateway");
        let service = Actor::service("distribution");
        let relayed = Actor::user("vera", Role::Viewer.into(), "distribution");
        let any_of = Policy::AnyOf(Role::Payout.into());
        assert_eq!(any_of.permits(&viewer), Err(Denial::RoleMissing(Role::Payout.into())));
        assert_eq!(any_of.permits(&service), Ok(()));
        assert_eq!(Policy::AnyOf(Role::Viewer.into()).permits(&viewer), Ok(()));
        assert_eq!(Policy::Internal.permits(&viewer), Err(Denial::Internal));
        assert_eq!(Policy::Internal.permits(&service), Ok(()));
        assert_eq!(Policy::Internal.permits(&relayed), Ok(()));
        assert_eq!(Policy::Public.permits(&Actor::anonymous("gateway")), Ok(()));
    }
}
