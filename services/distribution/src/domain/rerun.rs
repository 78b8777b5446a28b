//! Who of a distribution that ended is paid anew, and how: those who are proven unpaid, as somebody chose and edited them.

use std::collections::{BTreeMap, BTreeSet};

use super::account::Account;

/// What is different for one payee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Edit {
    /// What it gets instead, in smallest units, above zero.
    pub units: Option<u128>,
    /// Who gets it instead.
    pub account: Option<Account>,
}

/// Whom somebody chose, by their accounts in the old distribution, and what is different.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Only these; everybody who is unpaid when empty.
    pub only: BTreeSet<Account>,
    /// What is different for whom.
    pub edits: BTreeMap<Account, Edit>,
}

/// What becomes of an old payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    /// It stays as it is.
    Stays,
    /// It is named, and not proven unpaid.
    NotUnpaid,
    /// It is replaced by a payout to this account.
    Replaced {
        /// Who.
        account: Account,
        /// How much, in smallest units.
        units: u128,
    },
}

impl Choice {
    /// What becomes of the payout of `units` to `account`.
    pub(crate) fn pick(&self, account: Account, units: u128, unpaid: bool) -> Pick {
        let edit = self.edits.get(&account);
        let named = edit.is_some() || self.only.contains(&account);
        if !named && !self.only.is_empty() {
            return Pick::Stays;
        }
        if !unpaid {
            return if named { Pick::NotUnpaid } else { Pick::Stays };
        }
        let edit = edit.copied().unwrap_or_default();
        Pick::Replaced { account: edit.account.unwrap_or(account), units: edit.units.unwrap_or(units) }
    }

    /// Everybody whom it names.
    pub(crate) fn named(&self) -> BTreeSet<Account> {
        self.only.iter().chain(self.edits.keys()).copied().collect()
    }

    /// Those to whom payees are moved.
    pub(crate) fn moved_to(&self) -> BTreeSet<Account> {
        self.edits.values().filter_map(|edit| edit.account).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Account, Choice, Edit, Pick};

    fn account(number: u64) -> Account {
        Account::from_number(number).expect("a small number")
    }

    fn replaced(number: u64, units: u128) -> Pick {
        Pick::Replaced { account: account(number), units }
    }

    #[test]
    fn without_a_choice_everybody_unpaid_is_paid_what_they_were_owed() {
        let all = Choice::default();
        assert_eq!(all.pick(account(1001), 7, true), replaced(1001, 7));
        assert_eq!(all.pick(account(1002), 7, false), Pick::Stays);
    }

    #[test]
    fn who_is_not_chosen_stays_and_who_is_chosen_has_to_be_unpaid() {
        let some = Choice { only: [account(1001)].into(), ..Choice::default() };
        assert_eq!(some.pick(account(1001), 7, true), replaced(1001, 7));
        assert_eq!(some.pick(account(1001), 7, false), Pick::NotUnpaid);
        assert_eq!(some.pick(account(1002), 7, true), Pick::Stays);
    }

    #[test]
    fn an_edit_changes_amount_or_account_and_names_its_payee() {
        let amount = Edit { units: Some(3), account: None };
        let moved = Edit { units: None, account: Some(account(2001)) };
        let edits = [(account(1001), amount), (account(1002), moved)].into();
        let edited = Choice { edits, ..Choice::default() };
        assert_eq!(edited.pick(account(1001), 7, true), replaced(1001, 3));
        assert_eq!(edited.pick(account(1002), 7, true), replaced(2001, 7));
        assert_eq!(edited.pick(account(1002), 7, false), Pick::NotUnpaid);
        assert_eq!(edited.pick(account(1003), 7, true), replaced(1003, 7), "the others are as they were");
    }
}
