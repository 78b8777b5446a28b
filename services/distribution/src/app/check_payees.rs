//! Whether payees could receive, asked at the rail: the largest, for a while.

use std::cmp::Reverse;
use std::time::Duration;

use auth::Actor;
use money::AssetCode;
use tokio::time::Instant;

use super::App;
use crate::domain::account::Account;
use crate::domain::failure::Failure;
use crate::domain::preview::Finding;

/// The most payees asked about: each may cost the mirror node a request.
const CHECKED_MAX: usize = 2_000;
/// Payees of one call.
const CALL_PAYEES: usize = 250;
/// How long is asked.
const PATIENCE: Duration = Duration::from_secs(10);
/// Payees shown.
const SHOWN_MAX: usize = 100;

/// What the rail said of payees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PayeeChecks {
    /// Payees asked about.
    pub checked: u32,
    /// Payees not asked about, or not answered.
    pub unchecked: u32,
    /// Of the checked, those who could not receive.
    pub unpayable: u32,
    /// What these are owed together.
    pub unpayable_units: u128,
    /// The largest of them.
    pub largest: Vec<Unpayable>,
}

/// A payee that could not receive now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unpayable {
    /// Who.
    pub account: Account,
    /// What it is owed.
    pub units: u128,
    /// Why it could not receive it, and what to do.
    pub problem: Failure,
}

/// Of these the largest are asked about, largest first.
pub(super) fn largest(mut payees: Vec<(Account, u128)>) -> Vec<(Account, u128)> {
    let order = |payee: &(Account, u128)| (Reverse(payee.1), payee.0);
    if payees.len() > CHECKED_MAX {
        payees.select_nth_unstable_by_key(CHECKED_MAX, order);
        payees.truncate(CHECKED_MAX);
        payees.shrink_to_fit();
    }
    payees.sort_unstable_by_key(order);
    payees
}

/// Asks about `payees`, largest first, out of `count`. Whom nobody answers about in time is unchecked: never an error,
/// since what is asked only helps.
pub(super) async fn check_payees(
    app: &App,
    actor: &Actor,
    asset: &AssetCode,
    payees: &[(Account, u128)],
    count: u32,
) -> PayeeChecks {
    let until = Instant::now() + PATIENCE;
    let mut checks = PayeeChecks::default();
    for chunk in payees.chunks(CALL_PAYEES) {
        let accounts: Vec<Account> = chunk.iter().map(|(account, _)| *account).collect();
        let answer =
            tokio::time::timeout_at(until, app.execution.check_payees(actor, asset, &accounts)).await;
        let problems = match answer {
            Ok(Ok(problems)) => problems,
            Ok(Err(error)) => {
                tracing::warn!(%error, checked = checks.checked, "payees are left unchecked");
                break;
            }
            Err(_late) => break,
        };
        for ((account, units), problem) in chunk.iter().zip(problems) {
            checks.checked += 1;
            if let Some(problem) = problem {
                checks.add(Unpayable { account: *account, units: *units, problem });
            }
        }
    }
    checks.unchecked = count.saturating_sub(checks.checked);
    checks
}

impl PayeeChecks {
    fn add(&mut self, payee: Unpayable) {
        self.unpayable += 1;
        self.unpayable_units += payee.units;
        // They come largest first.
        if self.largest.len() < SHOWN_MAX {
            self.largest.push(payee);
        }
    }

    /// What people should know of it.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let hint =
            |applies: bool, reason, message| applies.then_some(Finding { reason, message, blocking: false });
        let findings = [
            hint(self.unpayable > 0, "PAYEES_CANNOT_RECEIVE", {
                format!(
                    "{} of {} checked payees cannot receive now, {} smallest units together",
                    self.unpayable, self.checked, self.unpayable_units
                )
            }),
            hint(self.unchecked > 0, "PAYEES_NOT_CHECKED", {
                format!(
                    "{} payees were not checked: at most the {CHECKED_MAX} largest are, for as long as the network answers",
                    self.unchecked
                )
            }),
        ];
        findings.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Account, CHECKED_MAX, largest};

    #[test]
    fn the_largest_payees_are_asked_about_largest_first() {
        let payees = (1..=3_000).map(|number| (Account::from_number(number).expect("small"), number.into()));
        let asked = largest(payees.collect());
        assert_eq!((asked.len(), asked[0].1, asked[CHECKED_MAX - 1].1), (2_000, 3_000, 1_001));
        assert!(asked.is_sorted_by(|a, b| a.1 > b.1));
    }
}
