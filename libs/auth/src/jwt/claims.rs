//! The claims of an edge token, and where the roles are among them.

use std::str::FromStr;

use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;
use serde_json::Value;

use crate::role::RoleSet;
use crate::token::LEEWAY_SECONDS;

/// The claims we read, with the types they must have. `aud` is checked by the library, which takes both
/// forms the standard allows.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    #[serde(rename = "iss")]
    _issuer: String,
    pub(super) sub: String,
    pub(super) exp: u64,
    #[serde(rename = "nbf")]
    _not_before: u64,
    #[serde(flatten)]
    others: serde_json::Map<String, Value>,
}

/// What a token verified by a key for `algorithm` must satisfy.
pub(super) fn validation(algorithm: Algorithm, issuer: &str, audience: &str) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    validation.leeway = LEEWAY_SECONDS;
    validation
}

/// Where the roles are: `roles`, `realm_access.roles`, or a JSON pointer for names with dots in them
/// (`/https:~1~1example.com~1roles`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolesClaim(Vec<String>);

/// The text names no claim.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no path of a claim: write it as `roles`, `realm_access.roles` or `/json/pointer`")]
pub struct InvalidClaimPath(String);

impl FromStr for RolesClaim {
    type Err = InvalidClaimPath;

    fn from_str(text: &str) -> Result<RolesClaim, InvalidClaimPath> {
        let steps: Vec<String> = match text.strip_prefix('/') {
            Some(pointer) => {
                pointer.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
            }
            None => text.split('.').map(str::to_owned).collect(),
        };
        if steps.iter().any(String::is_empty) {
            return Err(InvalidClaimPath(text.to_owned()));
        }
        Ok(RolesClaim(steps))
    }
}

impl RolesClaim {
    /// The roles in `claims`: a list of names, or one text with names between spaces. Anything else is
    /// no role at all.
    pub(super) fn roles(&self, claims: &Claims) -> RoleSet {
        let (first, rest) = self.0.split_first().expect("a path has at least one step: `from_str` saw to it");
        let mut value = claims.others.get(first);
        for step in rest {
            value = value.and_then(|object| object.get(step));
        }
        match value {
            Some(Value::Array(names)) => RoleSet::from_names(names.iter().filter_map(Value::as_str)),
            Some(Value::String(names)) => RoleSet::from_names(names.split_ascii_whitespace()),
            _ => RoleSet::EMPTY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Claims, RolesClaim};
    use crate::role::{Role, RoleSet};
    use serde_json::{Value, json};

    fn roles(path: &str, others: &Value) -> RoleSet {
        let mut claims = json!({ "iss": "i", "sub": "s", "exp": 1, "nbf": 1 });
        let object = claims.as_object_mut().expect("it is an object");
        object.extend(others.as_object().expect("it is an object").clone());
        let claims: Claims = serde_json::from_value(claims).expect("well-typed claims");
        path.parse::<RolesClaim>().expect("a path").roles(&claims)
    }

    #[test]
    fn roles_are_found_at_the_path_in_both_forms() {
        assert_eq!(roles("roles", &json!({ "roles": ["PAYOUT"] })), Role::Payout.into());
        assert_eq!(
            roles("roles", &json!({ "roles": "openid PAYOUT VIEWER" })),
            [Role::Payout, Role::Viewer].into()
        );
        assert_eq!(
            roles("realm_access.roles", &json!({ "realm_access": { "roles": ["ADMIN"] } })),
            Role::Admin.into()
        );
        assert_eq!(
            roles("/https:~1~1x.org~1roles", &json!({ "https://x.org/roles": ["ADMIN"] })),
            Role::Admin.into()
        );
    }

    #[test]
    fn a_claim_of_another_shape_gives_no_role() {
        for odd in [
            json!({}),
            json!({ "roles": 7 }),
            json!({ "roles": [7, null] }),
            json!({ "roles": { "PAYOUT": true } }),
        ] {
            assert_eq!(roles("roles", &odd), RoleSet::EMPTY, "{odd}");
        }
    }

    #[test]
    fn empty_steps_are_no_path() {
        for text in ["", ".", "a.", "/", "//a"] {
            assert!(text.parse::<RolesClaim>().is_err(), "{text:?}");
        }
    }
}
