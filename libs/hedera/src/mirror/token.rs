//! What a token is, or was at a time: `/api/v1/tokens/{id}`.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Mirror, MirrorError};
use crate::ids::{AccountId, TokenId};
use crate::time::{canonical_u64, format_ns, parse_ns};

/// Facts about a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// Its id.
    pub token: TokenId,
    /// Its name.
    pub name: String,
    /// Its symbol.
    pub symbol: String,
    /// Digits after the point.
    pub decimals: u32,
    /// Units in existence, in the smallest unit.
    pub total_supply: u64,
    /// The account that holds what is not distributed.
    pub treasury: AccountId,
    /// Fungible or not.
    pub kind: TokenType,
    /// Whether it was deleted.
    pub deleted: bool,
    /// Whether transfers are paused.
    pub pause_status: PauseStatus,
    /// Whether newly associated accounts start frozen.
    pub freeze_default: bool,
    /// Which keys exist, that is, what its issuer can still do.
    pub keys: TokenKeys,
    /// Fees taken on transfers.
    pub custom_fees: CustomFees,
}

/// Fungible or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TokenType {
    /// Every unit is like every other.
    FungibleCommon,
    /// Each unit is its own.
    NonFungibleUnique,
}

/// Whether a token's transfers are paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PauseStatus {
    /// It has no pause key.
    NotApplicable,
    /// Paused.
    Paused,
    /// Not paused.
    Unpaused,
}

/// The keys a token has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "seven independent facts of the ledger")]
pub struct TokenKeys {
    /// Can change or delete the token.
    pub admin: bool,
    /// Can freeze accounts for it.
    pub freeze: bool,
    /// Must grant accounts KYC for it.
    pub kyc: bool,
    /// Can pause all its transfers.
    pub pause: bool,
    /// Can mint and burn.
    pub supply: bool,
    /// Can take it from accounts.
    pub wipe: bool,
    /// Can change its custom fees.
    pub fee_schedule: bool,
}

/// Fees that a token takes on transfers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct CustomFees {
    /// Fixed amounts, paid by the sender.
    #[serde(default)]
    pub fixed_fees: Vec<FixedFee>,
    /// Fractions of the amount, paid by the sender or taken from what the payee receives.
    #[serde(default)]
    pub fractional_fees: Vec<FractionalFee>,
}

/// A fixed fee per transfer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FixedFee {
    /// In the smallest unit of the denomination.
    pub amount: u64,
    /// Who gets it.
    pub collector_account_id: Option<AccountId>,
    /// The token it is paid in; `None` is HBAR.
    pub denominating_token_id: Option<TokenId>,
}

/// A fee that is a fraction of the amount.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FractionalFee {
    /// Who gets it.
    pub collector_account_id: Option<AccountId>,
    /// True: the sender pays it on top. False: the payee receives less.
    #[serde(default)]
    pub net_of_transfers: bool,
}

impl CustomFees {
    /// Whether payees receive less than is sent to them (unless exempt).
    pub fn reduce_receipts(&self) -> bool {
        self.fractional_fees.iter().any(|fee| !fee.net_of_transfers)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.fixed_fees.is_empty() && self.fractional_fees.is_empty()
    }
}

/// The answer's JSON. Keys are objects or null.
#[derive(Deserialize)]
struct Answer {
    token_id: TokenId,
    name: String,
    symbol: String,
    decimals: String,
    total_supply: String,
    treasury_account_id: AccountId,
    #[serde(rename = "type")]
    kind: TokenType,
    deleted: bool,
    modified_timestamp: Option<String>,
    pause_status: PauseStatus,
    freeze_default: bool,
    admin_key: Option<IgnoredAny>,
    freeze_key: Option<IgnoredAny>,
    kyc_key: Option<IgnoredAny>,
    pause_key: Option<IgnoredAny>,
    supply_key: Option<IgnoredAny>,
    wipe_key: Option<IgnoredAny>,
    fee_schedule_key: Option<IgnoredAny>,
    #[serde(default)]
    custom_fees: CustomFees,
}

impl Mirror {
    /// A token's facts; `None` if this mirror node does not know it.
    pub async fn token(&self, token: TokenId) -> Result<Option<TokenInfo>, MirrorError> {
        let path = format!("/api/v1/tokens/{token}");
        let Some(answer) = self.answer(&path, token).await? else { return Ok(None) };
        read(answer).map(Some).map_err(|cause| MirrorError::malformed(&path, cause))
    }

    /// A token's facts as they were at `at_ns`, nanoseconds since the Unix epoch; `None` if it did not exist yet. A mirror
    /// node that has not passed that time answers with the newest it knows.
    ///
    /// Mirror nodes that keep no past of tokens answer with what is there now (hiero-mirror-node, `rest/tokens.js`, before
    /// its `token_history`). An answer that is of a later change, or does not say of which, is malformed.
    pub async fn token_at(&self, token: TokenId, at_ns: i64) -> Result<Option<TokenInfo>, MirrorError> {
        let path = format!("/api/v1/tokens/{token}?timestamp=lte:{}", format_ns(at_ns));
        let Some(answer) = self.answer(&path, token).await? else { return Ok(None) };
        let modified = answer.modified_timestamp.as_deref().map(parse_ns);
        if !modified.is_some_and(|modified| modified.is_ok_and(|modified_ns| modified_ns <= at_ns)) {
            let cause =
                format!("it was modified at {:?}, not by the time asked for", answer.modified_timestamp);
            return Err(MirrorError::malformed(&path, cause));
        }
        read(answer).map(Some).map_err(|cause| MirrorError::malformed(&path, cause))
    }

    async fn answer(&self, path: &str, token: TokenId) -> Result<Option<Answer>, MirrorError> {
        let Some(answer) = self.http.find::<Answer>(path).await? else { return Ok(None) };
        if answer.token_id != token {
            return Err(MirrorError::malformed(path, format!("it is about token {}", answer.token_id)));
        }
        Ok(Some(answer))
    }
}

fn read(answer: Answer) -> Result<TokenInfo, &'static str> {
    let decimals = canonical_u64(&answer.decimals).and_then(|decimals| u32::try_from(decimals).ok());
    Ok(TokenInfo {
        token: answer.token_id,
        name: answer.name,
        symbol: answer.symbol,
        decimals: decimals.ok_or("decimals is not a count")?,
        total_supply: canonical_u64(&answer.total_supply).ok_or("total_supply is not a count")?,
        treasury: answer.treasury_account_id,
        kind: answer.kind,
        deleted: answer.deleted,
        pause_status: answer.pause_status,
        freeze_default: answer.freeze_default,
        keys: TokenKeys {
            admin: answer.admin_key.is_some(),
            freeze: answer.freeze_key.is_some(),
            kyc: answer.kyc_key.is_some(),
            pause: answer.pause_key.is_some(),
            supply: answer.supply_key.is_some(),
            wipe: answer.wipe_key.is_some(),
            fee_schedule: answer.fee_schedule_key.is_some(),
        },
        custom_fees: answer.custom_fees,
    })
}
