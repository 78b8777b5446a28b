//! The world a sandbox is born with.

use super::Ledger;
use super::account::Account;
use super::change::{ChangeError, Genesis, NewToken};
use super::ids::{EntityId, Timestamp};
use super::versioned::Versioned;

/// Holds all HBAR that nobody else holds.
pub const NETWORK_TREASURY: u64 = 2;
/// Collects the fees.
pub const FEE_ACCOUNT: u64 = 98;
/// The first number that users' accounts and tokens get.
pub const FIRST_FREE_NUMBER: u64 = 1_001;
/// Pays fees and funds payouts.
pub const OPERATOR: u64 = FIRST_FREE_NUMBER;
/// The usual treasury of the tokens that are created later.
pub const ISSUER: u64 = FIRST_FREE_NUMBER + 1;

/// 50 billion HBAR, all there will ever be, in tinybars.
const ALL_TINYBARS: u64 = 5_000_000_000_000_000_000;
/// What the operator starts with: 10 million HBAR.
const OPERATOR_TINYBARS: u64 = 1_000_000_000_000_000;
/// What the operator can pay out: a billion dollars, in millionths.
const PAYMENT_UNITS: u64 = 1_000_000_000_000_000;

impl Ledger {
    pub(super) fn begin(&mut self, at: Timestamp, genesis: &Genesis) -> Result<(), ChangeError> {
        if self.operator_seed.is_some() {
            return Err(ChangeError::Conflict("the world has already begun".to_owned()));
        }
        self.operator_seed = Some(genesis.operator_seed);
        self.operator_key = Some(genesis.operator_key);
        self.nodes.clone_from(&genesis.nodes);
        self.started_at = at;
        let system = [NETWORK_TREASURY, FEE_ACCOUNT].into_iter().chain(genesis.nodes.iter().copied());
        for number in system.chain([OPERATOR, ISSUER]) {
            let mut account = Account::plain(number, at);
            account.key = Some(genesis.operator_key);
            self.accounts.insert(number, account);
        }
        self.next_number = ISSUER + 1;
        for (number, tinybars) in
            [(NETWORK_TREASURY, ALL_TINYBARS - OPERATOR_TINYBARS), (OPERATOR, OPERATOR_TINYBARS)]
        {
            if let Some(account) = self.accounts.get_mut(&number) {
                account.balance = Versioned::new(at, tinybars);
            }
        }
        let token = self.create_token(at, &payment_token())?;
        self.payment_token = Some(token.0);
        Ok(())
    }
}

fn payment_token() -> NewToken {
    NewToken {
        name: "USD Coin".to_owned(),
        symbol: "USDC".to_owned(),
        decimals: 6,
        treasury: EntityId(OPERATOR),
        treasury_units: PAYMENT_UNITS,
        freeze_key: true,
        kyc_key: false,
        pause_key: true,
        freeze_default: false,
        custom_fees: Vec::new(),
        memo: "play money of the sandbox".to_owned(),
        holders: Vec::new(),
        store_balances: false,
    }
}
