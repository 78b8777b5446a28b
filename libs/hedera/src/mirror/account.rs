//! Who an account is and what it can receive: `/api/v1/accounts`, `/api/v1/contracts`.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;

use super::balances::Links;
use super::{Mirror, MirrorError};
use crate::ids::{AccountId, EvmAddress, TokenId};

/// The most ids one request takes (mirror node, `maxRepeatedQueryParameters` and the page limit).
pub const BATCH_MAX: usize = 100;

/// The most pages read of what one account is associated with: it is the account's owner who decides how many there are.
const RELATIONSHIP_PAGES_MAX: u32 = 10;

/// How an account is named when it is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountRef {
    /// By number.
    Id(AccountId),
    /// By EVM address, alias or long-zero.
    Evm(EvmAddress),
}

/// Facts about an account. Contracts are accounts too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountInfo {
    /// Its number.
    pub account: AccountId,
    /// Its EVM address, if it has one.
    pub evm_address: Option<EvmAddress>,
    /// Whether it was deleted.
    pub deleted: bool,
    /// Whether it must sign what it receives.
    pub receiver_sig_required: bool,
    /// Its HBAR.
    pub balance_tinybars: u64,
    /// Tokens it takes without associating first; −1 is any number.
    pub max_automatic_token_associations: i32,
    /// Who signs for it; `None` of one that nobody has signed for yet.
    pub key: Option<AccountKey>,
}

/// The key of an account, as the mirror node tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountKey {
    /// One Ed25519 key, its public half in lowercase hexadecimal digits.
    Ed25519(String),
    /// One ECDSA key on secp256k1.
    Ecdsa,
    /// A list, a threshold of several, or a contract: who signs is not seen from outside.
    Composed,
}

impl AccountKey {
    /// Whether what this key signs is signed for the account; none when that cannot be told.
    pub fn is(&self, public_key: [u8; 32]) -> Option<bool> {
        match self {
            Self::Ed25519(digits) => Some(*digits == hex::encode(public_key)),
            Self::Ecdsa => Some(false),
            Self::Composed => None,
        }
    }
}

/// What an account is to a token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TokenRelationship {
    /// Which token.
    #[serde(rename = "token_id")]
    pub token: TokenId,
    /// Units held, in the smallest unit.
    pub balance: u64,
    /// Whether it was associated by a transfer rather than by its owner.
    pub automatic_association: bool,
    /// Whether it is frozen for the token.
    pub freeze_status: FreezeStatus,
    /// Whether it has KYC for the token.
    pub kyc_status: KycStatus,
}

/// Whether an account is frozen for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FreezeStatus {
    /// The token has no freeze key.
    NotApplicable,
    /// Frozen: it can neither send nor receive.
    Frozen,
    /// Not frozen.
    Unfrozen,
}

/// Whether an account has KYC for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum KycStatus {
    /// The token has no KYC key.
    NotApplicable,
    /// Granted.
    Granted,
    /// Not granted: it can neither send nor receive.
    Revoked,
}

#[derive(Deserialize)]
struct Accounts {
    accounts: Vec<AccountAnswer>,
}

#[derive(Deserialize)]
struct AccountAnswer {
    account: AccountId,
    evm_address: Option<EvmAddress>,
    deleted: Option<bool>,
    receiver_sig_required: Option<bool>,
    balance: Option<Balance>,
    max_automatic_token_associations: Option<i32>,
    key: Option<KeyAnswer>,
}

#[derive(Deserialize)]
struct KeyAnswer {
    #[serde(rename = "_type")]
    sort: String,
    key: String,
}

impl From<KeyAnswer> for AccountKey {
    fn from(answer: KeyAnswer) -> Self {
        match answer.sort.as_str() {
            "ED25519" => Self::Ed25519(answer.key.to_ascii_lowercase()),
            "ECDSA_SECP256K1" => Self::Ecdsa,
            // "ProtobufEncoded", and whatever may come.
            _ => Self::Composed,
        }
    }
}

#[derive(Deserialize)]
struct Balance {
    balance: u64,
}

#[derive(Deserialize)]
struct Contracts {
    contracts: Vec<Contract>,
}

#[derive(Deserialize)]
struct Contract {
    contract_id: AccountId,
}

#[derive(Deserialize)]
struct Relationships {
    tokens: Vec<TokenRelationship>,
    #[serde(default)]
    links: Links,
}

impl Mirror {
    /// An account's facts; `None` if this mirror node does not know it.
    pub async fn account(&self, name: AccountRef) -> Result<Option<AccountInfo>, MirrorError> {
        let path = format!("/api/v1/accounts/{name}?transactions=false");
        let Some(answer) = self.http.find::<AccountAnswer>(&path).await? else { return Ok(None) };
        let info = AccountInfo::from(answer);
        if let AccountRef::Id(id) = name
            && id != info.account
        {
            return Err(MirrorError::malformed(&path, format!("it is about account {}", info.account)));
        }
        Ok(Some(info))
    }

    /// The facts of up to [`BATCH_MAX`] accounts in one request. Unknown ones are missing from the answer.
    pub async fn accounts(&self, ids: &[AccountId]) -> Result<Vec<AccountInfo>, MirrorError> {
        let Some(path) = batch_path("accounts", "account.id", ids)? else { return Ok(Vec::new()) };
        let answer: Accounts = self.http.get(&path).await?;
        let infos = answer.accounts.into_iter().map(AccountInfo::from);
        infos.map(|info| asked_for(&path, ids, info.account).map(|()| info)).collect()
    }

    /// Which of up to [`BATCH_MAX`] ids are contracts, in one request.
    pub async fn contracts(&self, ids: &[AccountId]) -> Result<BTreeSet<AccountId>, MirrorError> {
        let Some(path) = batch_path("contracts", "contract.id", ids)? else { return Ok(BTreeSet::new()) };
        let answer: Contracts = self.http.get(&path).await?;
        let found = answer.contracts.into_iter().map(|contract| contract.contract_id);
        found.map(|id| asked_for(&path, ids, id).map(|()| id)).collect()
    }

    /// What an account is to a token; `None` if it is not associated (or the mirror node does not know the account).
    pub async fn token_relationship(
        &self,
        account: AccountId,
        token: TokenId,
    ) -> Result<Option<TokenRelationship>, MirrorError> {
        let path = format!("/api/v1/accounts/{account}/tokens?token.id={token}");
        let answer = self.http.find::<Relationships>(&path).await?;
        Ok(answer.and_then(|answer| answer.tokens.into_iter().find(|found| found.token == token)))
    }

    /// How many tokens an account was associated with by receiving them, counted up to `most`. Of the first thousand
    /// tokens of an account only: of one with more, the count may be too small.
    pub async fn automatic_associations(&self, account: AccountId, most: u32) -> Result<u32, MirrorError> {
        let list = format!("/api/v1/accounts/{account}/tokens");
        let mut next = Some(format!("{list}?limit={BATCH_MAX}"));
        let mut counted = 0;
        for _ in 0..RELATIONSHIP_PAGES_MAX {
            let Some(path) = next.take() else { break };
            let Some(answer) = self.http.find::<Relationships>(&path).await? else { break };
            let automatic = answer.tokens.iter().filter(|found| found.automatic_association).count();
            counted += u32::try_from(automatic).unwrap_or(u32::MAX);
            next = answer.links.next;
            if next.as_ref().is_some_and(|next| !next.starts_with(&list)) {
                return Err(MirrorError::malformed(&path, "the next page is of another list"));
            }
            if counted >= most {
                break;
            }
        }
        Ok(counted.min(most))
    }
}

/// `None` when there is nothing to ask for.
fn batch_path(list: &str, parameter: &str, ids: &[AccountId]) -> Result<Option<String>, MirrorError> {
    use fmt::Write as _;
    if ids.len() > BATCH_MAX {
        return Err(MirrorError::BatchTooLarge(ids.len()));
    }
    if ids.is_empty() {
        return Ok(None);
    }
    let mut path = format!("/api/v1/{list}?limit={BATCH_MAX}");
    for id in ids {
        write!(path, "&{parameter}={id}").expect("writing to a string does not fail");
    }
    Ok(Some(path))
}

/// A mirror node that ignored the filter would otherwise pass for one that knows other accounts.
fn asked_for(path: &str, ids: &[AccountId], id: AccountId) -> Result<(), MirrorError> {
    if ids.contains(&id) { Ok(()) } else { Err(MirrorError::malformed(path, format!("it lists {id}"))) }
}

impl From<AccountAnswer> for AccountInfo {
    fn from(answer: AccountAnswer) -> Self {
        Self {
            account: answer.account,
            evm_address: answer.evm_address,
            deleted: answer.deleted.unwrap_or(false),
            receiver_sig_required: answer.receiver_sig_required.unwrap_or(false),
            balance_tinybars: answer.balance.map_or(0, |balance| balance.balance),
            max_automatic_token_associations: answer.max_automatic_token_associations.unwrap_or(0),
            key: answer.key.map(AccountKey::from),
        }
    }
}

impl fmt::Display for AccountRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Evm(address) => address.fmt(f),
        }
    }
}
