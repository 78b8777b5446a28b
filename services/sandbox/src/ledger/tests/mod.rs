//! The ledger's rules, one by one. Here is the small world they are tested in.

mod consensus;
mod conservation;
mod custom_fees;
mod precheck;
mod stored;
mod treasury;

use super::Ledger;
use super::change::{
    AccountPatch, AccountUpdate, Change, Genesis, NewAccount, NewToken, Outcome, RelationPatch,
    RelationUpdate, Submitted, TokenPatch, TokenUpdate,
};
use super::genesis::{ISSUER, OPERATOR};
use super::ids::{EntityId, HexBytes, PublicKey, Timestamp, TransactionId};
use super::status::Status;
use super::transaction::{AccountRef, Adjustment, Submission, TokenAdjustments};

const NODE: u64 = 3;
const OTHER_NODE: u64 = 4;
const OPERATOR_KEY: PublicKey = HexBytes([1; 32]);
const ALICE_KEY: PublicKey = HexBytes([2; 32]);
const BOB_KEY: PublicKey = HexBytes([3; 32]);
const START: Timestamp = Timestamp(1_795_000_000_000_000_000);
const ONE_HBAR: u64 = 100_000_000;

/// A ledger and its time.
#[derive(Debug)]
struct Net {
    ledger: Ledger,
    now: Timestamp,
    alice: u64,
    bob: u64,
    usdc: u64,
}

/// An operator with everything; Alice and Bob with a key and a hundred HBAR each.
fn net() -> Net {
    let mut net = Net { ledger: Ledger::default(), now: START, alice: 0, bob: 0, usdc: 0 };
    net.change(Change::Genesis(Genesis {
        operator_seed: HexBytes([9; 32]),
        operator_key: OPERATOR_KEY,
        nodes: vec![NODE, OTHER_NODE],
    }));
    let account = |key| NewAccount { key: Some(key), tinybars: 100 * ONE_HBAR, ..NewAccount::default() };
    net.alice = net.create(Change::CreateAccount(account(ALICE_KEY)));
    net.bob = net.create(Change::CreateAccount(account(BOB_KEY)));
    net.usdc = net.ledger.payment_token().expect("a payment token");
    net.pass_seconds(200);
    net
}

impl Net {
    fn change(&mut self, change: impl std::borrow::Borrow<Change>) -> Outcome {
        let at = self.ledger.next_consensus(self.now);
        self.ledger.apply(at, change.borrow()).expect("a change that can be made")
    }

    fn create(&mut self, change: Change) -> u64 {
        match self.change(change) {
            Outcome::Created(id) => id.0,
            other => panic!("nothing was created: {other:?}"),
        }
    }

    fn pass_seconds(&mut self, seconds: u64) {
        self.now = self.now.plus_seconds(seconds);
    }

    fn update(&mut self, account: u64, patch: AccountPatch) {
        self.change(Change::UpdateAccount(AccountUpdate { account: EntityId(account), patch }));
    }

    fn relate(&mut self, token: u64, account: u64, patch: RelationPatch) {
        let (token, account) = (EntityId(token), EntityId(account));
        self.change(Change::UpdateRelation(RelationUpdate { token, account, patch }));
    }

    fn set_token(&mut self, token: u64, patch: TokenPatch) {
        self.change(Change::UpdateToken(TokenUpdate { token: EntityId(token), patch }));
    }

    /// A token of the issuer's with 1,000 units for Alice; its holders need KYC.
    fn token(&mut self, adjust: impl FnOnce(&mut NewToken)) -> u64 {
        let mut new = NewToken {
            name: "Equity".to_owned(),
            symbol: "EQ".to_owned(),
            decimals: 2,
            treasury: EntityId(ISSUER),
            treasury_units: 1_000_000,
            freeze_key: true,
            kyc_key: true,
            pause_key: true,
            freeze_default: false,
            custom_fees: Vec::new(),
            memo: String::new(),
            holders: vec![super::change::Holder(AccountRef::Number(self.alice), 1_000)],
            store_balances: false,
        };
        adjust(&mut new);
        self.create(Change::CreateToken(new))
    }

    /// A transfer of one tinybar from the operator to Alice, valid now.
    fn transfer(&self) -> Submission {
        let valid_start = Timestamp(self.now.0 - 1_000_000_000);
        Submission {
            id: TransactionId { payer: OPERATOR, valid_start },
            node: NODE,
            max_fee: ONE_HBAR,
            valid_seconds: 120,
            memo: "a memo".to_owned(),
            hbar: vec![line(OPERATOR, -1), line(self.alice, 1)],
            tokens: Vec::new(),
            hash: HexBytes([7; 48]),
            bytes: 233,
            signatures: 1,
            signers: vec![OPERATOR_KEY],
        }
    }

    /// A transfer of token units from the operator (or another signer).
    fn token_transfer(&self, token: u64, lines: &[(u64, i64)]) -> Submission {
        let adjustments = lines.iter().map(|(account, units)| line(*account, *units)).collect();
        let list = TokenAdjustments { token, expected_decimals: None, adjustments };
        let signers = vec![OPERATOR_KEY, ALICE_KEY, BOB_KEY];
        Submission { hbar: Vec::new(), tokens: vec![list], signers, ..self.transfer() }
    }

    fn precheck(&self, transaction: &Submission) -> Status {
        self.ledger.precheck(self.now, NODE, transaction)
    }

    fn consensus(&mut self, transaction: &Submission) -> Status {
        self.consensus_with(transaction, None)
    }

    fn consensus_with(&mut self, transaction: &Submission, forced: Option<Status>) -> Status {
        let submitted = Submitted { transaction: transaction.clone(), forced };
        match self.change(Change::Submit(Box::new(submitted))) {
            Outcome::Consensus(status) => status,
            other => panic!("not a consensus: {other:?}"),
        }
    }

    fn tinybars(&self, account: u64) -> u64 {
        self.ledger.account(account).expect("an account").balance.now()
    }

    fn units(&self, token: u64, account: u64) -> u64 {
        self.ledger.token(token).expect("a token").holding(account).map_or(0, |holding| holding.balance)
    }
}

fn line(account: u64, units: i64) -> Adjustment {
    Adjustment { account: AccountRef::Number(account), units, approval: false }
}
