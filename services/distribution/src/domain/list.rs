//! From a list of payees to what each is owed: as it was written down, in the order of their payee keys.

use super::account::Account;
use super::calculation::{CalculationError, Line, Outcome, RAIL_UNITS_MAX, Totals};
use super::treatment::Parties;

/// A calculation under way; it takes payee after payee and keeps none, so that a list of any length fits in memory.
#[derive(Clone, Debug)]
pub(crate) struct ListCalculation {
    parties: Parties,
    last: Option<Account>,
    totals: Totals,
}

impl ListCalculation {
    /// No payees yet.
    pub(crate) fn new(parties: Parties) -> Self {
        Self { parties, last: None, totals: Totals::default() }
    }

    /// What happens with the next payee. Who has a part in the distribution is left out: the money would go in a circle.
    ///
    /// # Errors
    /// [`CalculationError::Unsorted`] unless accounts strictly ascend: one could be paid twice. When there are too many, or
    /// together they get more than the rail can move.
    pub(crate) fn push(&mut self, account: Account, units: u128) -> Result<Line, CalculationError> {
        if self.last.is_some_and(|last| last >= account) {
            return Err(CalculationError::Unsorted);
        }
        self.last = Some(account);
        let totals = &mut self.totals;
        if let Some(part) = self.parties.part_of(account) {
            totals.excluded_count = next(totals.excluded_count)?;
            return Ok(Line::plain(0, Outcome::Excluded(part)));
        }
        let entitled = totals.entitled.checked_add(units).filter(|entitled| *entitled <= RAIL_UNITS_MAX);
        totals.entitled = entitled.ok_or(CalculationError::AmountOutOfRange)?;
        let ordinal = totals.payee_count;
        totals.payee_count = next(ordinal)?;
        Ok(Line::plain(units, Outcome::Payee { ordinal }))
    }

    /// What it comes to with so many held payees, who would get `held` together: what they would get stays, and everybody
    /// else on the list is paid.
    ///
    /// # Errors
    /// [`CalculationError::AmountOutOfRange`] when all together would get more than the rail can move.
    pub(crate) fn totals(&self, held_count: u32, held: u128) -> Result<Totals, CalculationError> {
        let pool = self.totals.entitled.checked_add(held).filter(|pool| *pool <= RAIL_UNITS_MAX);
        let pool = pool.ok_or(CalculationError::AmountOutOfRange)?;
        Ok(Totals { pool, held_count, held, residue: held, ..self.totals })
    }
}

/// One more, as long as the database can number it.
fn next(count: u32) -> Result<u32, CalculationError> {
    let next = count.saturating_add(1);
    if i32::try_from(next).is_ok() { Ok(next) } else { Err(CalculationError::TooManyHolders) }
}

#[cfg(test)]
mod tests {
    use super::{Account, CalculationError, Line, ListCalculation, Outcome, Parties, RAIL_UNITS_MAX, Totals};
    use crate::domain::treatment::Reason;

    fn account(number: u64) -> Account {
        Account::from_number(number).expect("a small number")
    }

    fn list() -> ListCalculation {
        ListCalculation::new(Parties {
            treasury: Account::ZERO,
            funding: account(2001),
            fee_payer: account(2002),
        })
    }

    #[test]
    fn everybody_on_the_list_gets_what_it_says_in_the_order_of_their_accounts() {
        let mut list = list();
        for (ordinal, (number, units)) in (0..).zip([(1001, 7), (1002, 1), (70_000, 12)]) {
            let line = Line::plain(units, Outcome::Payee { ordinal });
            assert_eq!(list.push(account(number), units), Ok(line));
        }
        let totals = Totals { payee_count: 3, entitled: 20, pool: 20, ..Totals::default() };
        assert_eq!(list.totals(0, 0), Ok(totals));
    }

    #[test]
    fn what_held_payees_would_get_stays() {
        let mut list = list();
        list.push(account(1001), 7).expect("the first");
        let paid = Totals { payee_count: 1, entitled: 7, ..Totals::default() };
        let all = Totals { pool: 12, held_count: 2, held: 5, residue: 5, ..paid };
        assert_eq!(list.totals(2, 5), Ok(all));
        assert_eq!(list.totals(2, RAIL_UNITS_MAX), Err(CalculationError::AmountOutOfRange));
    }

    #[test]
    fn who_pays_is_not_paid() {
        let mut list = list();
        let out = |reason| Ok(Line::plain(0, Outcome::Excluded(reason)));
        assert_eq!(list.push(account(2001), 5), out(Reason::FundingAccount));
        assert_eq!(list.push(account(2002), 5), out(Reason::FeePayer));
        assert_eq!(list.totals(0, 0), Ok(Totals { excluded_count: 2, ..Totals::default() }));
    }

    #[test]
    fn nobody_is_on_it_twice() {
        let mut list = list();
        list.push(account(1002), 1).expect("the first");
        assert_eq!(list.push(account(1002), 1), Err(CalculationError::Unsorted));
        assert_eq!(list.push(account(1001), 1), Err(CalculationError::Unsorted));
    }

    #[test]
    fn together_they_get_no_more_than_the_rail_can_move() {
        let mut list = list();
        list.push(account(1001), RAIL_UNITS_MAX).expect("all of it");
        assert_eq!(list.push(account(1002), 1), Err(CalculationError::AmountOutOfRange));
        assert_eq!(list.push(account(1003), u128::MAX), Err(CalculationError::AmountOutOfRange));
    }
}
