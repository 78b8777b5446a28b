//! One holder of a token.

use ids::SyncId;

/// Accounts up to this number belong to the network itself.
const SYSTEM_NUM_MAX: u64 = 1000;
const PARTS_PER_BILLION: u128 = 1_000_000_000;

/// What the network says of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// Its number.
    pub num: u64,
    /// Its alias as an EVM address; none where it has only the long-zero form of its number.
    pub evm_alias: Option<[u8; 20]>,
    /// It is a smart contract.
    pub contract: bool,
    /// It was deleted.
    pub deleted: bool,
}

/// What sort of holder it is: what a distribution decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HolderKind {
    /// An ordinary account.
    Account,
    /// A smart contract.
    Contract,
    /// A system account.
    System,
    /// The zero account: no rail can pay it.
    Zero,
    /// A deleted account.
    Deleted,
    /// The token's treasury.
    Treasury,
}

impl HolderKind {
    /// The kind of `account` among the holders of a token with this treasury. Where several fit, the one that decides: the
    /// treasury is never paid, whatever else it is; what is deleted cannot be paid, whatever it was.
    pub(crate) fn of(account: &Account, treasury_num: u64) -> Self {
        match account.num {
            0 => Self::Zero,
            num if num == treasury_num => Self::Treasury,
            _ if account.deleted => Self::Deleted,
            1..=SYSTEM_NUM_MAX => Self::System,
            _ if account.contract => Self::Contract,
            _ => Self::Account,
        }
    }
}

/// A holder as of the last sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Who.
    pub account: Account,
    /// Smallest units, above zero.
    pub balance: u128,
    /// The network's time from which this balance is known, nanoseconds since the epoch.
    pub since_ns: i64,
}

/// In which order holders are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HolderOrder {
    /// By balance, largest first; equal ones by account number.
    BalanceDesc,
    /// By balance, smallest first; equal ones by account number.
    BalanceAsc,
    /// By account number.
    Account,
}

/// A place in a list of holders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HolderPosition {
    /// The balance of the holder there.
    pub balance: u128,
    /// Its account number.
    pub num: u64,
}

/// One change of a holder's balance, as syncs saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BalanceChange {
    /// The network's time of the reading that showed it, nanoseconds since the epoch.
    pub consensus_ns: i64,
    /// Smallest units from then on; 0 when the holder left.
    pub balance: u128,
    /// The sync that saw it.
    pub sync_id: SyncId,
}

/// The share of `total` in parts per billion, rounded down; a billion when `balance` is all there is or more.
pub(crate) fn share_ppb(balance: u128, total: u128) -> u32 {
    if total == 0 || balance >= total {
        return if balance == 0 { 0 } else { 1_000_000_000 };
    }
    let share = match balance.checked_mul(PARTS_PER_BILLION) {
        Some(scaled) => scaled / total,
        // Only above 2^98 units, where leaving nine of thirty digits out moves the share by less than one in a billion.
        None => balance / (total / PARTS_PER_BILLION),
    };
    u32::try_from(share.min(PARTS_PER_BILLION)).expect("a billion fits 32 bits")
}

#[cfg(test)]
mod tests {
    use super::{Account, HolderKind, share_ppb};

    fn account(num: u64) -> Account {
        Account { num, evm_alias: None, contract: false, deleted: false }
    }

    #[test]
    fn what_decides_about_a_holder_wins_over_what_else_it_is() {
        let kind = |account| HolderKind::of(&account, 98);
        assert_eq!(kind(account(0)), HolderKind::Zero);
        assert_eq!(kind(account(1000)), HolderKind::System);
        assert_eq!(kind(account(1001)), HolderKind::Account);
        assert_eq!(kind(account(98)), HolderKind::Treasury, "the treasury, although a system account");
        let contract = Account { contract: true, ..account(5005) };
        assert_eq!(kind(contract), HolderKind::Contract);
        assert_eq!(kind(Account { deleted: true, ..contract }), HolderKind::Deleted);
    }

    #[test]
    fn shares_are_rounded_down_and_never_more_than_all() {
        assert_eq!(share_ppb(1, 3), 333_333_333);
        assert_eq!(share_ppb(2, 3), 666_666_666);
        assert_eq!(share_ppb(1, 2_000_000_000), 0);
        assert_eq!(share_ppb(3, 3), 1_000_000_000);
        assert_eq!(share_ppb(4, 3), 1_000_000_000);
        assert_eq!((share_ppb(0, 0), share_ppb(0, 5)), (0, 0));
        assert_eq!(share_ppb(u128::MAX / 4, u128::MAX), 250_000_000);
    }
}
