//! The Hedera rail: transactions prepared purely, sent byte for byte, and looked up in ways that say what they prove.
//!
//! It decides nothing: whether an attempt may be sent, and what an answer means for a payout, is for `app` and `domain`.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hedera::mirror::absence::{Absence, Window};
use hedera::mirror::{AccountRef, Mirror, MirrorConfig, MirrorError, TransactionRecord};
use hedera::node::{Network, NetworkError, NodeClient};
use hedera::transfer::{Signers, TransferPlan, prepare};
use hedera::{AccountId, Ed25519Key, Signer as _, Status, TransactionId};
use ids::{AttemptId, RunId};
use money::{AssetCode, AssetKind};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::clients::keyring::Keyring;
use crate::clients::pacer::Pacer;
use crate::clients::traffic::Traffic;
use crate::config::{Node, Tuning};
use crate::domain::attempt::{Attempt, Record};
use crate::domain::memo::{Memo, Place};
use crate::domain::plan::Group;
use crate::error::Error;
use crate::failpoints::here;
use crate::store::funding_accounts::FundingAccount;
use crate::store::instructions::Instruction;

/// Memo of the transactions that move one tinybar so that a mirror node can prove it is current.
pub const SENTINEL_MEMO: &str = "bursar-sentinel";
/// Sentinels of one process are at least this far apart.
const SENTINEL_GAP: Duration = Duration::from_secs(5);
/// Longest wait for a place in the pace of sending.
pub const PACE_PATIENCE: Duration = Duration::from_secs(10);
const NS_PER_S: i64 = 1_000_000_000;

/// Nodes, mirror node and keys of one network.
pub struct HederaRail {
    nodes: NodeClient,
    mirror: Mirror,
    patient_mirror: Mirror,
    keyring: Keyring,
    pacer: Pacer,
    tuning: Tuning,
    last_sentinel: Mutex<Option<Instant>>,
    traffic: Traffic,
}

/// What a node said to one submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Its precheck.
    Answer(Status),
    /// Nothing: the bytes may or may not have arrived.
    Nothing(String),
    /// Nothing was sent: the pace allowed it too late.
    NotSent,
}

/// What is paid by one transaction, from where.
pub struct Order<'a> {
    /// The attempt's id: it is in the memo, and the source of the transaction's key.
    pub attempt: AttemptId,
    /// The run it pays of.
    pub run: RunId,
    /// Where the money comes from.
    pub funding: &'a FundingAccount,
    /// What is paid.
    pub asset: &'a AssetCode,
    /// Decimals of one whole unit of it.
    pub decimals: u8,
    /// Who gets what.
    pub instructions: &'a [Instruction],
    /// The payouts and their history.
    pub group: Group,
    /// Now.
    pub now: SystemTime,
}

impl HederaRail {
    /// Prepares the clients; nothing is connected until the first call.
    pub fn new(
        nodes: &[Node],
        mirror_url: &str,
        keyring: Keyring,
        tuning: Tuning,
    ) -> Result<Self, RailError> {
        let network = Network { nodes: nodes.iter().map(|node| (node.account, node.url.clone())).collect() };
        let mut config = MirrorConfig::new(mirror_url);
        // A visit to a batch is bounded by its lease; what the mirror node does not say now it says at the next one.
        config.attempts_max = 2;
        config.request_timeout = Duration::from_secs(5);
        let patient = MirrorConfig { attempts_max: 6, ..config.clone() };
        Ok(Self {
            nodes: NodeClient::new(&network)?,
            mirror: Mirror::new(config)?,
            patient_mirror: Mirror::new(patient)?,
            keyring,
            pacer: Pacer::new(tuning.transactions_per_second),
            tuning,
            last_sentinel: Mutex::new(None),
            traffic: Traffic::default(),
        })
    }

    /// The keys of funding accounts.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Whether a key is the account's on the network; none where that shows no single key.
    pub async fn signs_for(&self, key: &Ed25519Key, account: AccountId) -> Result<Option<bool>, MirrorError> {
        let found = self.mirror.account(AccountRef::Id(account)).await?;
        Ok(found.and_then(|found| found.key).and_then(|of_account| of_account.is(key.public_key())))
    }

    /// The mirror node.
    pub fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// The mirror node for what is asked about many at once: one busy moment must not spoil the answer about all. Whoever
    /// uses it bounds the whole by a deadline.
    pub fn patient_mirror(&self) -> &Mirror {
        &self.patient_mirror
    }

    /// An attempt's exact bytes. Pure but for reading the keys: the same order gives the same bytes.
    pub fn prepare(&self, order: Order<'_>) -> Result<Attempt, Error> {
        let recipients = order
            .instructions
            .iter()
            .map(|instruction| Ok((account(instruction.account)?, small(instruction.units)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        let units = order.instructions.iter().map(|instruction| instruction.units).sum();
        let ordinals = &order.group.ordinals;
        let place = ordinals.first().map(|first| Place {
            run: order.run,
            first: *first,
            size: u32::try_from(ordinals.len()).unwrap_or(u32::MAX),
        });
        let memo = Memo { attempt: order.attempt, place }.to_string();
        let nodes = self.nodes_for(order.attempt);
        let plan = TransferPlan {
            payer: order.funding.fee_payer,
            sender: order.funding.account,
            asset: rail_asset(order.asset, order.decimals)?,
            recipients: &recipients,
            memo: &memo,
            valid_start_ns: self.valid_start_ns(order.attempt, order.now),
            valid_duration_s: self.tuning.valid_duration_s,
            max_fee_tinybars: self.tuning.max_fee_tinybars,
            nodes: &nodes,
        };
        let copies = self.sign(&plan, order.funding)?;
        Ok(Attempt {
            id: order.attempt,
            ordinals: order.group.ordinals,
            units,
            tries: order.group.tries,
            transaction: plan.transaction_id(),
            window_end_ns: plan.valid_start_ns + i64::from(plan.valid_duration_s) * NS_PER_S,
            copies,
            send_begins: 1,
        })
    }

    fn sign(
        &self,
        plan: &TransferPlan<'_>,
        funding: &FundingAccount,
    ) -> Result<Vec<hedera::transfer::SignedCopy>, Error> {
        let payer = self.keyring.key(&funding.fee_payer_key_reference)?;
        let sender = self.keyring.key(&funding.key_reference)?;
        let separate = funding.account != funding.fee_payer;
        let signers = Signers { payer: &*payer, sender: separate.then_some(&*sender as &dyn hedera::Signer) };
        Ok(prepare(plan, signers)?)
    }

    /// The nodes an attempt is signed for: a window of the address book that starts where the id says, so that
    /// attempts spread evenly.
    fn nodes_for(&self, attempt: AttemptId) -> Vec<AccountId> {
        let all: Vec<AccountId> = self.nodes.nodes().collect();
        let start = usize::from(digest(attempt)[31]);
        let copies = usize::try_from(self.tuning.copies).unwrap_or(usize::MAX).clamp(1, all.len());
        (0..copies).map(|offset| all[(start + offset) % all.len()]).collect()
    }

    /// Whole seconds from the clock, set back for clocks that differ and by one more for the nanoseconds, which come from
    /// the attempt's id, so that two workers never pick the same start by chance. The database refuses the one case in a
    /// thousand million.
    fn valid_start_ns(&self, attempt: AttemptId, now: SystemTime) -> i64 {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX / NS_PER_S)
            - 1
            - i64::from(self.tuning.clock_skew_s);
        let bytes = digest(attempt);
        let word = u64::from_be_bytes([
            bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
        ]);
        seconds * NS_PER_S + (word % NS_PER_S.cast_unsigned()).cast_signed()
    }

    /// Sends one stored copy, exactly as it is, once. The `round` chooses the node.
    pub async fn send(&self, attempt: &Attempt, round: u32) -> (AccountId, Heard) {
        let copy = &attempt.copies[usize::try_from(round).unwrap_or_default() % attempt.copies.len()];
        if !self.pacer.pass(PACE_PATIENCE).await {
            return (copy.node, Heard::NotSent);
        }
        here!("send.before");
        let answer = self.nodes.submit(copy.node, &copy.bytes, self.tuning.node_deadline()).await;
        here!("send.after");
        self.traffic.note(copy.node, answer.as_ref().ok().copied());
        match answer {
            Ok(status) => (copy.node, Heard::Answer(status)),
            Err(unknown) => (copy.node, Heard::Nothing(unknown.cause)),
        }
    }

    /// What each node said to what this process sent it lately.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// The nodes, in the network's order.
    pub fn nodes(&self) -> Vec<AccountId> {
        self.nodes.nodes().collect()
    }

    /// Whether a node answers: it is asked for the receipt of an id that nobody ever used.
    pub async fn probe(&self, node: AccountId, now: SystemTime) -> Result<Status, String> {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let id = TransactionId::new(node, i64::try_from(since.as_nanos()).unwrap_or(i64::MAX));
        let answer = self.nodes.receipt(node, &id, self.tuning.node_deadline()).await;
        answer.map(|answer| answer.header).map_err(|failed| failed.cause)
    }

    /// The status of the receipt of `id`, if the node asked has one.
    pub async fn receipt(&self, id: TransactionId, round: u32) -> Option<Status> {
        let nodes: Vec<AccountId> = self.nodes.nodes().collect();
        let node = nodes[usize::try_from(round).unwrap_or_default() % nodes.len()];
        let answer = self.nodes.receipt(node, &id, self.tuning.node_deadline()).await.ok()?;
        if answer.outcome() == hedera::status::Receipt::Success {
            return Some(Status::SUCCESS);
        }
        (answer.header == Status::OK).then_some(answer.receipt).flatten()
    }

    /// All records of an id that the mirror node shows. None proves nothing.
    pub async fn records(&self, id: TransactionId) -> Result<Vec<Record>, MirrorError> {
        Ok(top_level(self.mirror.transaction(&id).await?))
    }

    /// Looks for proof that an attempt whose window has closed never took effect.
    pub async fn absence(&self, attempt: &Attempt) -> Result<Absence, MirrorError> {
        let margin_ns = i64::from(self.tuning.absence_margin_s) * NS_PER_S;
        self.mirror
            .absence(Window { id: attempt.transaction, expiry_ns: attempt.window_end_ns, margin_ns })
            .await
    }

    /// Moves one tinybar from the fee payer to a node, so that a mirror node that shows it proves it is current. Says
    /// whether one was sent: they are few and far between.
    pub async fn sentinel(
        &self,
        attempt: AttemptId,
        funding: &FundingAccount,
        now: SystemTime,
    ) -> Result<bool, Error> {
        {
            let mut last = self.last_sentinel.lock().unwrap_or_else(PoisonError::into_inner);
            if last.is_some_and(|last| last.elapsed() < SENTINEL_GAP) {
                return Ok(false);
            }
            *last = Some(Instant::now());
        }
        let nodes = self.nodes_for(attempt);
        let plan = TransferPlan {
            payer: funding.fee_payer,
            sender: funding.fee_payer,
            asset: hedera::transfer::Asset::Hbar,
            recipients: &[(nodes[0], 1)],
            memo: SENTINEL_MEMO,
            valid_start_ns: self.valid_start_ns(attempt, now),
            valid_duration_s: self.tuning.valid_duration_s,
            max_fee_tinybars: self.tuning.max_fee_tinybars,
            nodes: &nodes[..1],
        };
        let payer = self.keyring.key(&funding.fee_payer_key_reference)?;
        let copies = prepare(&plan, Signers { payer: &*payer, sender: None })?;
        here!("sentinel.before");
        let answer = self.nodes.submit(copies[0].node, &copies[0].bytes, self.tuning.node_deadline()).await;
        here!("sentinel.after");
        tracing::info!(transaction = %plan.transaction_id(), ?answer, "sent a sentinel");
        Ok(true)
    }

    /// What an account has of an asset, in smallest units; none when the network has no such account. A token that
    /// the account is not associated with counts as zero.
    pub async fn balance(&self, account: AccountId, asset: &AssetCode) -> Result<Option<u128>, Error> {
        let Some(info) = self.mirror.account(AccountRef::Id(account)).await? else { return Ok(None) };
        match rail_asset(asset, 0)? {
            hedera::transfer::Asset::Hbar => Ok(Some(info.balance_tinybars.into())),
            hedera::transfer::Asset::Token { id, .. } => {
                let relationship = self.mirror.token_relationship(account, id).await?;
                Ok(Some(relationship.map_or(0, |relationship| relationship.balance.into())))
            }
        }
    }
}

/// The clients cannot be made from the configuration.
#[derive(Debug, thiserror::Error)]
pub enum RailError {
    /// The nodes.
    #[error(transparent)]
    Nodes(#[from] NetworkError),
    /// The mirror node.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
}

fn digest(attempt: AttemptId) -> [u8; 32] {
    Sha256::digest(attempt.as_uuid().as_bytes()).into()
}

fn account(number: u64) -> Result<AccountId, Error> {
    AccountId::from_num(number).map_err(|_| not_for_this_rail(number))
}

fn small(units: u128) -> Result<u64, Error> {
    u64::try_from(units).map_err(|_| not_for_this_rail(units))
}

fn not_for_this_rail(value: impl std::fmt::Display) -> Error {
    crate::store::StoreError::inconsistent("instruction", value, "units").into()
}

/// The asset as the network names it. Only assets of Hedera get as far as a run.
pub fn rail_asset(asset: &AssetCode, decimals: u8) -> Result<hedera::transfer::Asset, Error> {
    let wrong = || Error::from(crate::store::StoreError::inconsistent("run", asset.as_str(), "asset"));
    match asset.parts() {
        AssetKind::Hbar { .. } => Ok(hedera::transfer::Asset::Hbar),
        AssetKind::Token { token, .. } => Ok(hedera::transfer::Asset::Token {
            id: token.parse().map_err(|_| wrong())?,
            decimals: decimals.into(),
        }),
        AssetKind::Fiat { .. } => Err(wrong()),
    }
}

/// What records say of their own transaction, not of what others did within it.
pub fn top_level(records: Vec<TransactionRecord>) -> Vec<Record> {
    let own = records.into_iter().filter(TransactionRecord::is_top_level);
    own.map(|record| Record {
        status: record.status().unwrap_or(Status(hedera::hapi::ResponseCodeEnum::Unknown as i32)),
        consensus_ns: record.consensus_ns,
        hash: record.hash,
    })
    .collect()
}
