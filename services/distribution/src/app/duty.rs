//! Which service may change which distribution.

use crate::domain::distribution::Distribution;
use crate::domain::kind::Duty;
use crate::domain::state::{Action, NotAllowed};
use crate::error::Error;

/// Holds a distribution to be of the kinds that are the caller's duty. The role follows: each duty's methods are in a
/// service of its own, whose policy names the one role.
pub(super) fn ensure(duty: Duty, distribution: &Distribution) -> Result<(), Error> {
    if distribution.terms.kind.duty() == duty {
        Ok(())
    } else {
        Err(Error::OtherDuty { id: distribution.id, duty })
    }
}

/// That an action does not apply, with those that do: the terms of a redemption do not change.
pub(super) fn refused(distribution: &Distribution, mut source: NotAllowed) -> Error {
    let can_change = distribution.terms.kind.duty() == Duty::Payout;
    source.allowed.retain(|action| *action != Action::Modify || can_change);
    Error::ActionNotAllowed { id: distribution.id, source }
}
