//! What happens with a holder: paid, counted but held, or left out; and why.

use std::collections::BTreeMap;

use super::account::Account;

/// What sort of holder it is, as the snapshot says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HolderKind {
    /// An ordinary account.
    Account,
    /// A smart contract.
    Contract,
    /// A system account.
    System,
    /// The zero account.
    Zero,
    /// A deleted account.
    Deleted,
    /// The token's treasury.
    Treasury,
    /// Holds nothing at the time of the snapshot, and has something open that was carried forward.
    Former,
}

/// What happens with a holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// Counted and paid.
    Pay,
    /// Counted, not paid: a person has to decide.
    Hold,
    /// Neither counted nor paid.
    Exclude,
}

impl Treatment {
    /// Every treatment, in the order of their codes in the database, which start at 1.
    pub(crate) const ALL: [Self; 3] = [Self::Pay, Self::Hold, Self::Exclude];

    /// The code in the database.
    pub(crate) const fn code(self) -> i16 {
        match self {
            Self::Pay => 1,
            Self::Hold => 2,
            Self::Exclude => 3,
        }
    }

    /// The treatment with this code.
    pub(crate) fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|treatment| treatment.code() == code)
    }
}

/// Why a holder is not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A contract may be unable to use what it is paid.
    Contract,
    /// A system account.
    SystemAccount,
    /// The zero account, which no rail can pay.
    ZeroAccount,
    /// A deleted account, which no rail can pay.
    DeletedAccount,
    /// The token's treasury.
    Treasury,
    /// The account the money comes from.
    FundingAccount,
    /// The account that pays the fees.
    FeePayer,
    /// A person decided so.
    Decision,
    /// Rounding leaves nothing.
    ZeroAmount,
    /// Other redemptions took or reserved all it holds.
    Redeemed,
    /// All of it is withheld.
    Withheld,
    /// It is below the minimum, and carried forward.
    BelowMinimum,
}

impl Reason {
    /// Every reason, in the order of their codes in the database, which start at 1.
    pub(crate) const ALL: [Self; 12] = [
        Self::Contract,
        Self::SystemAccount,
        Self::ZeroAccount,
        Self::DeletedAccount,
        Self::Treasury,
        Self::FundingAccount,
        Self::FeePayer,
        Self::Decision,
        Self::ZeroAmount,
        Self::Redeemed,
        Self::Withheld,
        Self::BelowMinimum,
    ];

    /// The stable name in the contract.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Contract => "CONTRACT",
            Self::SystemAccount => "SYSTEM_ACCOUNT",
            Self::ZeroAccount => "ZERO_ACCOUNT",
            Self::DeletedAccount => "DELETED_ACCOUNT",
            Self::Treasury => "TREASURY",
            Self::FundingAccount => "FUNDING_ACCOUNT",
            Self::FeePayer => "FEE_PAYER",
            Self::Decision => "DECISION",
            Self::ZeroAmount => "ZERO_AMOUNT",
            Self::Redeemed => "REDEEMED",
            Self::Withheld => "WITHHELD",
            Self::BelowMinimum => "BELOW_MINIMUM",
        }
    }

    /// The code in the database.
    pub(crate) const fn code(self) -> i16 {
        // Matches the order of `ALL`; a test holds the two together.
        self as i16 + 1
    }

    /// The reason with this code.
    pub(crate) fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// Accounts with a part in the distribution, as they were when it was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parties {
    /// The asset's treasury.
    pub treasury: Account,
    /// The account that is debited.
    pub funding: Account,
    /// The account that pays the fees; may be the debited one.
    pub fee_payer: Account,
}

impl Parties {
    /// Why this account is left out, when it has a part.
    pub(crate) fn part_of(&self, account: Account) -> Option<Reason> {
        if account == self.treasury {
            Some(Reason::Treasury)
        } else if account == self.funding {
            Some(Reason::FundingAccount)
        } else if account == self.fee_payer {
            Some(Reason::FeePayer)
        } else {
            None
        }
    }
}

/// People's decisions on holders that differ from the default.
pub(crate) type Decisions = BTreeMap<Account, Treatment>;

/// What happens with one holder, and why it is not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Counted and paid.
    Pay,
    /// Counted, not paid.
    Hold(Reason),
    /// Neither counted nor paid.
    Exclude(Reason),
}

/// Whether nobody may decide to pay this account: no rail can, or the money would go in a circle.
pub(crate) fn never_paid(account: Account, parties: &Parties) -> bool {
    account == Account::ZERO || parties.part_of(account).is_some()
}

/// What happens with a holder.
///
/// Ordinary accounts are paid; contracts, system accounts, the zero account and deleted accounts are held; treasury,
/// funding account and fee payer are excluded. A decision replaces that, except that what can never be paid stays as it
/// is: creating refuses such a decision, and here it only meets a treasury that changed since.
pub(crate) fn judge(account: Account, kind: HolderKind, parties: &Parties, decisions: &Decisions) -> Verdict {
    let default = default_verdict(account, kind, parties);
    let payable = !never_paid(account, parties) && !matches!(kind, HolderKind::Zero | HolderKind::Treasury);
    match (decisions.get(&account), default) {
        (Some(Treatment::Pay), _) if payable => Verdict::Pay,
        (None | Some(Treatment::Pay), _)
        | (Some(Treatment::Hold), Verdict::Hold(_))
        | (Some(Treatment::Exclude), Verdict::Exclude(_)) => default,
        (Some(Treatment::Hold), _) => Verdict::Hold(Reason::Decision),
        (Some(Treatment::Exclude), _) => Verdict::Exclude(Reason::Decision),
    }
}

fn default_verdict(account: Account, kind: HolderKind, parties: &Parties) -> Verdict {
    if let Some(part) = parties.part_of(account) {
        return Verdict::Exclude(part);
    }
    if account == Account::ZERO {
        return Verdict::Hold(Reason::ZeroAccount);
    }
    match kind {
        HolderKind::Account | HolderKind::Former => Verdict::Pay,
        HolderKind::Contract => Verdict::Hold(Reason::Contract),
        HolderKind::System => Verdict::Hold(Reason::SystemAccount),
        HolderKind::Zero => Verdict::Hold(Reason::ZeroAccount),
        HolderKind::Deleted => Verdict::Hold(Reason::DeletedAccount),
        HolderKind::Treasury => Verdict::Exclude(Reason::Treasury),
    }
}

#[cfg(test)]
mod tests {
    use super::{Account, Decisions, HolderKind, Parties, Reason, Treatment, Verdict, judge};

    fn account(number: u64) -> Account {
        Account::from_number(number).expect("a small number")
    }

    fn parties() -> Parties {
        Parties { treasury: account(2000), funding: account(2001), fee_payer: account(2002) }
    }

    #[test]
    fn each_sort_of_holder_has_its_default() {
        let table = [
            (5005, HolderKind::Account, Verdict::Pay),
            (5005, HolderKind::Contract, Verdict::Hold(Reason::Contract)),
            (800, HolderKind::System, Verdict::Hold(Reason::SystemAccount)),
            (0, HolderKind::Zero, Verdict::Hold(Reason::ZeroAccount)),
            (0, HolderKind::Account, Verdict::Hold(Reason::ZeroAccount)),
            (5005, HolderKind::Deleted, Verdict::Hold(Reason::DeletedAccount)),
            (5005, HolderKind::Treasury, Verdict::Exclude(Reason::Treasury)),
            (2000, HolderKind::Account, Verdict::Exclude(Reason::Treasury)),
            (2001, HolderKind::Account, Verdict::Exclude(Reason::FundingAccount)),
            (2002, HolderKind::Contract, Verdict::Exclude(Reason::FeePayer)),
        ];
        for (number, kind, verdict) in table {
            assert_eq!(
                judge(account(number), kind, &parties(), &Decisions::new()),
                verdict,
                "{number} {kind:?}"
            );
        }
    }

    #[test]
    fn a_decision_replaces_the_default_and_is_named_as_the_reason() {
        let decided = |number, kind, treatment| {
            judge(account(number), kind, &parties(), &Decisions::from([(account(number), treatment)]))
        };
        assert_eq!(decided(5005, HolderKind::Contract, Treatment::Pay), Verdict::Pay);
        assert_eq!(decided(5005, HolderKind::Account, Treatment::Hold), Verdict::Hold(Reason::Decision));
        assert_eq!(
            decided(5005, HolderKind::Account, Treatment::Exclude),
            Verdict::Exclude(Reason::Decision)
        );
        assert_eq!(decided(5005, HolderKind::Contract, Treatment::Hold), Verdict::Hold(Reason::Contract));
        assert_eq!(decided(2000, HolderKind::Account, Treatment::Hold), Verdict::Hold(Reason::Decision));
    }

    #[test]
    fn nobody_can_decide_to_pay_what_can_never_be_paid() {
        for (number, kind) in [
            (0, HolderKind::Zero),
            (2000, HolderKind::Account),
            (2001, HolderKind::Account),
            (2002, HolderKind::Account),
            (5005, HolderKind::Treasury),
        ] {
            let decisions = Decisions::from([(account(number), Treatment::Pay)]);
            assert_ne!(judge(account(number), kind, &parties(), &decisions), Verdict::Pay, "{number}");
        }
    }

    #[test]
    fn codes_are_those_of_the_lists() {
        for (place, reason) in (1..).zip(Reason::ALL) {
            assert_eq!((reason.code(), Reason::from_code(place)), (place, Some(reason)));
        }
        for (place, treatment) in (1..).zip(Treatment::ALL) {
            assert_eq!((treatment.code(), Treatment::from_code(place)), (place, Some(treatment)));
        }
        assert_eq!((Reason::from_code(0), Treatment::from_code(4)), (None, None));
    }
}
