//! What the neighbours know and did, and the trouble they make.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ids::{AssetId, FundingAccountId, IdSource as _, SystemIds};
use proto::asset::v1 as asset;
use proto::execution::v1 as execution;
use proto::holder::v1 as holder;
use proto::r#type::v1::Amount;
use tokio::sync::Semaphore;

pub(crate) const HBAR: &str = "hedera:sandbox/hbar";
pub(crate) const USDC: &str = "hedera:sandbox/token:0.0.7000";

/// Midsummer of 2024, which is past.
pub(crate) const MATURITY_S: i64 = 1_719_705_600;

/// A run that was handed over.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) header: execution::RunHeader,
    pub(crate) instructions: Vec<execution::Instruction>,
    pub(crate) state: execution::RunState,
    pub(crate) failed: u64,
    /// Places that were paid before it was cancelled.
    pub(crate) paid: BTreeSet<u32>,
}

/// What happened at execution, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Handed {
    Started(String),
    Refused(String),
    Retried(String),
    /// These payouts.
    RetriedPayouts(Vec<String>),
    Cancelled(String),
}

#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) assets: BTreeMap<String, asset::Asset>,
    pub(crate) payment_tokens: BTreeMap<String, asset::PaymentToken>,
    pub(crate) holders: Vec<holder::SnapshotHolder>,
    pub(crate) total_supply: u128,
    pub(crate) snapshots: BTreeMap<String, holder::Snapshot>,
    pub(crate) snapshots_taken: usize,
    /// State of the snapshots that are taken from now on.
    pub(crate) snapshot_state: holder::SnapshotState,
    pub(crate) funding_units: u128,
    pub(crate) fee_balance: u128,
    pub(crate) runs: BTreeMap<String, Run>,
    pub(crate) tombstones: BTreeSet<String>,
    pub(crate) handed: Vec<Handed>,
    /// State of the runs that are started from now on.
    pub(crate) run_state: execution::RunState,
    pub(crate) failed: u64,
    /// Places that are paid in the runs that are cancelled.
    pub(crate) paid_when_cancelled: BTreeSet<u32>,
    /// Payouts that a new run names cannot be replaced.
    pub(crate) not_replaceable: bool,
    /// Chosen payouts are not failed.
    pub(crate) payouts_not_failed: bool,
    /// Accounts that hold nothing now and did once.
    pub(crate) former_holders: BTreeSet<String>,
    /// How long before its record time a snapshot's balances are.
    pub(crate) snapshot_age_s: i64,
    /// What stands against paying an account.
    pub(crate) problems: BTreeMap<String, String>,
    /// Calls of `CheckRecipients` that are answered before the network cannot be asked any more.
    pub(crate) checks_left: usize,
    /// Answers of `StartRun` that are lost after the run is there.
    pub(crate) lose_start_answers: u32,
    /// Addresses whose accounts were asked for.
    pub(crate) addresses_asked: usize,
}

/// The world the neighbours share.
#[derive(Clone)]
pub(crate) struct World {
    facts: Arc<Mutex<Facts>>,
    /// A handover is recorded only with a permit of it, once `hold_starts` took them all.
    pub(crate) before_start: Arc<Semaphore>,
    /// A recorded handover is answered only with a permit of it.
    pub(crate) before_answer: Arc<Semaphore>,
    /// A snapshot that was asked for is answered only with a permit of it.
    pub(crate) before_snapshot_answer: Arc<Semaphore>,
    pub(crate) equity: AssetId,
    pub(crate) bond: AssetId,
    pub(crate) funding: FundingAccountId,
}

/// A holder of a snapshot.
pub(crate) fn snapshot_holder(
    number: u64,
    balance: u128,
    kind: holder::HolderKind,
) -> holder::SnapshotHolder {
    holder::SnapshotHolder {
        account: format!("0.0.{number}"),
        evm_address: format!("0x{number:040x}"),
        balance: balance.to_string(),
        kind: kind.into(),
    }
}

fn asset(id: AssetId, kind: asset::AssetType) -> asset::Asset {
    let token = asset::TokenFacts { treasury_account: "0.0.2000".to_owned(), ..asset::TokenFacts::default() };
    let bond_terms =
        (kind == asset::AssetType::Bond).then(|| bond_terms("100050", "iso4217:USD", MATURITY_S));
    asset::Asset {
        id: id.to_string(),
        r#type: kind.into(),
        token: Some(token),
        bond_terms,
        ..asset::Asset::default()
    }
}

/// So many smallest units of principal, due at this time.
pub(crate) fn bond_terms(units: &str, code: &str, maturity_s: i64) -> asset::BondTerms {
    asset::BondTerms {
        nominal_value: Some(Amount { units: units.to_owned(), asset: code.to_owned() }),
        maturity_time: Some(prost_types::Timestamp { seconds: maturity_s, nanos: 0 }),
    }
}

fn payment_token(code: &str, decimals: u32) -> asset::PaymentToken {
    asset::PaymentToken { code: code.to_owned(), decimals, ..asset::PaymentToken::default() }
}

impl World {
    /// Two assets (the bond matured, with a nominal value of 1000.50 dollars), two payment tokens, one funding account, and the five holders of `docs/ENTITLEMENTS.md` with a
    /// contract, a treasury and the funding account among them.
    pub(crate) fn new() -> Self {
        use holder::HolderKind::{Account, Contract, Treasury};
        let (equity, bond) = (AssetId::new(&SystemIds), AssetId::new(&SystemIds));
        let assets = [asset(equity, asset::AssetType::Equity), asset(bond, asset::AssetType::Bond)];
        let tokens = [("hbar", payment_token(HBAR, 8)), ("0.0.7000", payment_token(USDC, 6))];
        let facts = Facts {
            assets: assets.into_iter().map(|asset| (asset.id.clone(), asset)).collect(),
            payment_tokens: tokens.into_iter().map(|(id, token)| (id.to_owned(), token)).collect(),
            holders: vec![
                snapshot_holder(1001, 100, Account),
                snapshot_holder(1002, 100, Account),
                snapshot_holder(1003, 100, Account),
                snapshot_holder(2000, 500, Treasury),
                snapshot_holder(2001, 50, Account),
                snapshot_holder(4096, 333, Contract),
                snapshot_holder(65_536, 77, Account),
            ],
            total_supply: 1_260,
            snapshots: BTreeMap::new(),
            snapshots_taken: 0,
            snapshot_state: holder::SnapshotState::Ready,
            funding_units: 1_000_000,
            fee_balance: 1_000_000,
            runs: BTreeMap::new(),
            tombstones: BTreeSet::new(),
            handed: Vec::new(),
            run_state: execution::RunState::Completed,
            failed: 0,
            paid_when_cancelled: BTreeSet::new(),
            not_replaceable: false,
            payouts_not_failed: false,
            former_holders: BTreeSet::new(),
            snapshot_age_s: 60,
            problems: BTreeMap::new(),
            checks_left: usize::MAX,
            lose_start_answers: 0,
            addresses_asked: 0,
        };
        let funding = FundingAccountId::from_uuid(SystemIds.uuid());
        let open = || Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        let (before_start, before_answer, before_snapshot_answer) = (open(), open(), open());
        Self {
            facts: Arc::new(Mutex::new(facts)),
            before_start,
            before_answer,
            before_snapshot_answer,
            equity,
            bond,
            funding,
        }
    }

    /// What is known and was done.
    pub(crate) fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes every permit, so that nobody passes until some are given back.
    pub(crate) fn close(gate: &Semaphore) {
        gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn open(gate: &Semaphore) {
        gate.add_permits(1_000);
    }
}
