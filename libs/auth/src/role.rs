//! The roles a person or a program can hold, and sets of them.

use std::fmt;
use std::str::FromStr;

/// What somebody is allowed to do. The numbers are those of `bursar.auth.v1.Role`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// Creates, executes, retries and cancels distributions.
    Payout = 1,
    /// The same for redemptions.
    Cashout = 2,
    /// Pauses and resumes an asset, a run, everything.
    Pauser = 3,
    /// Says which payment tokens are accepted.
    PaymentTokenManager = 4,
    /// Withdraws from a funding account to an allow-listed destination.
    Transferer = 5,
    /// Approves what somebody else created.
    Approver = 6,
    /// Settings, claims, profiles, recipients' support.
    Admin = 7,
    /// A partner's own records only.
    Partner = 8,
    /// Reads.
    Viewer = 9,
}

impl Role {
    /// Every role, in the order of their numbers.
    pub const ALL: [Role; 9] = [
        Role::Payout,
        Role::Cashout,
        Role::Pauser,
        Role::PaymentTokenManager,
        Role::Transferer,
        Role::Approver,
        Role::Admin,
        Role::Partner,
        Role::Viewer,
    ];

    /// The name tokens carry, e.g. `PAYMENT_TOKEN_MANAGER`.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Payout => "PAYOUT",
            Role::Cashout => "CASHOUT",
            Role::Pauser => "PAUSER",
            Role::PaymentTokenManager => "PAYMENT_TOKEN_MANAGER",
            Role::Transferer => "TRANSFERER",
            Role::Approver => "APPROVER",
            Role::Admin => "ADMIN",
            Role::Partner => "PARTNER",
            Role::Viewer => "VIEWER",
        }
    }

    /// The role with this number in `bursar.auth.v1.Role`; none for 0 and numbers we do not know.
    pub fn from_number(number: i32) -> Option<Role> {
        Role::ALL.into_iter().find(|role| *role as i32 == number)
    }

    const fn bit(self) -> u16 {
        1 << self as u8
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text was not the name of a role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no role {0:?}")]
pub struct UnknownRole(pub String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Role, UnknownRole> {
        Role::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// A set of roles.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleSet(u16);

impl RoleSet {
    /// The set without a role.
    pub const EMPTY: RoleSet = RoleSet(0);

    /// The same set with `role` in it.
    #[must_use]
    pub const fn with(self, role: Role) -> RoleSet {
        RoleSet(self.0 | role.bit())
    }

    /// Whether `role` is in the set.
    pub const fn contains(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// Whether the two sets share a role.
    pub const fn intersects(self, other: RoleSet) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether no role is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The roles, in the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.contains(*role))
    }

    /// The roles among `names`. Names that are no role of ours are passed over: an identity provider
    /// puts the roles of other products into the same claim.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> RoleSet {
        names.into_iter().filter_map(|name| name.parse().ok()).collect()
    }

    /// The names of the roles, in the order of their numbers.
    pub fn names(self) -> Vec<String> {
        self.iter().map(|role| role.name().to_owned()).collect()
    }
}

impl FromIterator<Role> for RoleSet {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> RoleSet {
        roles.into_iter().fold(RoleSet::EMPTY, RoleSet::with)
    }
}

impl From<Role> for RoleSet {
    fn from(role: Role) -> RoleSet {
        RoleSet::EMPTY.with(role)
    }
}

impl<const N: usize> From<[Role; N]> for RoleSet {
    fn from(roles: [Role; N]) -> RoleSet {
        roles.into_iter().collect()
    }
}

impl fmt::Debug for RoleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// The names joined by `, `, as messages show them.
impl fmt::Display for RoleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, role) in self.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            f.write_str(role.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Role, RoleSet};

    #[test]
    fn every_role_is_found_again_by_its_name_and_its_number() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
            assert_eq!(Role::from_number(role as i32), Some(role));
        }
        assert_eq!(Role::from_number(0), None, "ROLE_UNSPECIFIED is no role");
        assert_eq!(Role::from_number(10), None);
    }

    #[test]
    fn names_must_match_exactly() {
        for text in ["payout", "ROLE_PAYOUT", " PAYOUT", "PAYOUT ", ""] {
            assert!(text.parse::<Role>().is_err(), "{text:?} was taken for a role");
        }
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let set = RoleSet::from([Role::Viewer, Role::Payout, Role::Viewer]);
        assert!(set.contains(Role::Payout) && set.contains(Role::Viewer) && !set.contains(Role::Admin));
        assert_eq!(set.to_string(), "PAYOUT, VIEWER");
        assert!(set.intersects(Role::Viewer.into()) && !set.intersects(Role::Admin.into()));
        assert!(!RoleSet::EMPTY.intersects(set) && RoleSet::EMPTY.is_empty());
    }

    #[test]
    fn foreign_names_are_passed_over() {
        let set = RoleSet::from_names(["offline_access", "ADMIN", "admin"]);
        assert_eq!(set, Role::Admin.into());
    }
}
