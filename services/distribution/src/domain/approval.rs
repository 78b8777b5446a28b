//! Who else has to agree before something is paid: the policy, what was asked for, and what was said.

use money::AssetCode;

use super::kind::Kind;

/// Most people that can be asked for.
pub(crate) const APPROVERS_MAX: u8 = 5;
/// Most versions of a distribution's terms, and most times its approval is asked for when it is asked for again: all of them
/// are shown.
pub(crate) const ROUNDS_MAX: u32 = 100;

/// For which distributions a policy is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Of this kind; of all when none.
    pub kind: Option<Kind>,
    /// Paid in this; in whatever when none.
    pub payment_token: Option<AssetCode>,
}

/// From an amount on, so many people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tier {
    /// What payees get together, in smallest units.
    pub from_units: u128,
    /// At most [`APPROVERS_MAX`].
    pub approvers: u8,
}

/// How many people have to approve. All versions are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// For which distributions.
    pub scope: Scope,
    /// From 1.
    pub version: u32,
    /// From which amount on how many, smallest first.
    pub tiers: Vec<Tier>,
    /// How long there is to approve, and then to execute, in nanoseconds.
    pub validity_ns: i64,
    /// Who set it.
    pub set_by: String,
    /// When, in nanoseconds since the epoch.
    pub set_ns: i64,
}

impl Policy {
    /// How many people it asks for.
    fn approvers(&self, units: u128) -> u8 {
        let tiers = self.tiers.iter().rev();
        tiers.into_iter().find(|tier| tier.from_units <= units).map_or(0, |tier| tier.approvers)
    }
}

/// What a distribution needs by the policies that fit it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Need {
    /// How many people; zero when nobody is asked.
    pub approvers: u8,
    /// For how long, in nanoseconds; zero when nobody is asked.
    pub validity_ns: i64,
}

/// What `policies`, all of which fit, ask for when payees get so much: the most people, and the shortest validity of those
/// that ask for any.
pub(crate) fn need(policies: &[Policy], units: u128) -> Need {
    let asking = policies.iter().filter(|policy| policy.approvers(units) > 0);
    asking.fold(Need::default(), |need, policy| Need {
        approvers: need.approvers.max(policy.approvers(units)),
        validity_ns: match need.validity_ns {
            0 => policy.validity_ns,
            shortest => shortest.min(policy.validity_ns),
        },
    })
}

/// One person's approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endorsement {
    /// Who.
    pub by: String,
    /// When, in nanoseconds since the epoch.
    pub at_ns: i64,
}

/// Why somebody does not approve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When, in nanoseconds since the epoch.
    pub at_ns: i64,
}

/// What approvers are asked for, and what they said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// Which of the distribution's, from 1.
    pub number: u32,
    /// Of which version of its terms.
    pub terms_version: u32,
    /// What is approved.
    pub hash: [u8; 32],
    /// How many different people have to.
    pub required: u8,
    /// How long there is to approve, and then to execute, in nanoseconds.
    pub validity_ns: i64,
    /// When it was asked for, in nanoseconds since the epoch.
    pub requested_ns: i64,
    /// Who did, oldest first; each person once.
    pub endorsements: Vec<Endorsement>,
    /// Who did not.
    pub rejection: Option<Rejection>,
}

/// Why something is not approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub enum NotApproved {
    /// Nobody was asked for what it is now, or fewer have approved than were asked for.
    Missing {
        /// How many approved.
        have: usize,
        /// How many have to.
        need: u8,
    },
    /// What it is now is not what was approved.
    HashDiffers,
    /// Somebody rejected it.
    Rejected,
    /// The approval has expired.
    Expired,
}

impl NotApproved {
    /// The stable reason.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Missing { .. } => "NOT_APPROVED",
            Self::HashDiffers => "APPROVAL_HASH_DIFFERS",
            Self::Rejected => "APPROVAL_REJECTED",
            Self::Expired => "APPROVAL_EXPIRED",
        }
    }

    /// The same for people.
    pub fn message(self) -> String {
        match self {
            Self::Missing { have, need } => format!("{have} of {need} people have approved it"),
            Self::HashDiffers => "it is not what was named; read it again".to_owned(),
            Self::Rejected => "an approver rejected it".to_owned(),
            Self::Expired => "the approval has expired; it has to be asked for again".to_owned(),
        }
    }
}

impl Request {
    /// When it was approved by as many as have to, in nanoseconds since the epoch.
    pub(crate) fn granted_ns(&self) -> Option<i64> {
        let last = usize::from(self.required).checked_sub(1)?;
        self.endorsements.get(last).map(|endorsement| endorsement.at_ns)
    }

    /// When it ends, in nanoseconds since the epoch: a while after it was asked for, and when it was granted by then, the
    /// same while after that.
    pub(crate) fn expires_ns(&self) -> i64 {
        self.granted_ns().unwrap_or(self.requested_ns).saturating_add(self.validity_ns)
    }

    /// Whether this person approved it.
    pub(crate) fn has(&self, person: &str) -> bool {
        self.endorsements.iter().any(|endorsement| endorsement.by == person)
    }

    /// Whether what hashes so may be executed by it at this time.
    pub(crate) fn ensure(&self, hash: &[u8; 32], now_ns: i64) -> Result<(), NotApproved> {
        if self.hash != *hash {
            return Err(NotApproved::HashDiffers);
        }
        if self.rejection.is_some() {
            return Err(NotApproved::Rejected);
        }
        if self.granted_ns().is_none() {
            return Err(NotApproved::Missing { have: self.endorsements.len(), need: self.required });
        }
        if self.expires_ns() <= now_ns { Err(NotApproved::Expired) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Endorsement, Need, NotApproved, Policy, Rejection, Request, Scope, Tier, need};

    fn policy(validity_ns: i64, tiers: &[(u128, u8)]) -> Policy {
        let tier =
            |(from_units, approvers): &(u128, u8)| Tier { from_units: *from_units, approvers: *approvers };
        Policy {
            scope: Scope { kind: None, payment_token: None },
            version: 1,
            tiers: tiers.iter().map(tier).collect(),
            validity_ns,
            set_by: "ada".to_owned(),
            set_ns: 0,
        }
    }

    #[test]
    fn of_a_policy_the_highest_tier_that_is_reached_counts() {
        let table = policy(7, &[(10, 1), (100, 2), (1_000, 5)]);
        for (units, approvers) in
            [(0, 0), (9, 0), (10, 1), (99, 1), (100, 2), (999, 2), (1_000, 5), (u128::MAX, 5)]
        {
            let validity_ns = if approvers == 0 { 0 } else { 7 };
            assert_eq!(need(std::slice::from_ref(&table), units), Need { approvers, validity_ns }, "{units}");
        }
        assert_eq!(need(&[], 5), Need::default());
        assert_eq!(need(&[policy(7, &[]), policy(7, &[(0, 0)])], 5), Need::default());
    }

    #[test]
    fn of_several_the_most_people_and_the_shortest_validity_of_those_that_ask() {
        let (all, dividends, idle) = (policy(9, &[(0, 1)]), policy(5, &[(50, 3)]), policy(1, &[(0, 0)]));
        let both = [all, dividends, idle];
        assert_eq!(need(&both, 49), Need { approvers: 1, validity_ns: 9 });
        assert_eq!(need(&both, 50), Need { approvers: 3, validity_ns: 5 });
    }

    fn request(people: &[(&str, i64)]) -> Request {
        let endorsement = |(by, at_ns): &(&str, i64)| Endorsement { by: (*by).to_owned(), at_ns: *at_ns };
        Request {
            number: 1,
            terms_version: 1,
            hash: [7; 32],
            required: 2,
            validity_ns: 100,
            requested_ns: 1_000,
            endorsements: people.iter().map(endorsement).collect(),
            rejection: None,
        }
    }

    #[test]
    fn it_is_granted_by_as_many_as_were_asked_for_and_valid_from_then_on_for_a_while() {
        let (none, one, two) =
            (request(&[]), request(&[("bo", 1_050)]), request(&[("bo", 1_050), ("cy", 1_060)]));
        let more = request(&[("bo", 1_050), ("cy", 1_060), ("di", 1_099)]);
        assert_eq!(none.ensure(&[7; 32], 1_001), Err(NotApproved::Missing { have: 0, need: 2 }));
        assert_eq!(one.ensure(&[7; 32], 1_051), Err(NotApproved::Missing { have: 1, need: 2 }));
        assert_eq!((none.expires_ns(), one.expires_ns()), (1_100, 1_100));
        assert_eq!((two.expires_ns(), more.expires_ns()), (1_160, 1_160));
        assert_eq!(two.ensure(&[7; 32], 1_159), Ok(()));
        assert_eq!(two.ensure(&[7; 32], 1_160), Err(NotApproved::Expired));
        assert_eq!(two.ensure(&[8; 32], 1_061), Err(NotApproved::HashDiffers));
        let rejection = Rejection { by: "di".to_owned(), reason: "no".to_owned(), at_ns: 1_070 };
        let rejected = Request { rejection: Some(rejection), ..two };
        assert_eq!(rejected.ensure(&[7; 32], 1_071), Err(NotApproved::Rejected));
    }
}
