//! Which service may change which distribution.

use crate::domain::distribution::Distribution;
use crate::domain::kind::Duty;
use crate::domain::state::NotAllowed;
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

/// That an action does not apply, with those that do.
pub(super) fn refused(distribution: &Distribution, mut source: NotAllowed) -> Error {
    source.allowed.retain(|action| distribution.offers(*action));
    Error::ActionNotAllowed { id: distribution.id, source }
}
