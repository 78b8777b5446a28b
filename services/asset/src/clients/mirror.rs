//! What the mirror node says of a token, in our words.

use std::time::SystemTime;

use hedera::TokenId;
use hedera::mirror::{Mirror, MirrorError, PauseStatus, TokenInfo, TokenType};

use crate::domain::{TokenFacts, TokenReading};

/// Reads tokens from the mirror node. Repeats, deadlines and bounds are the mirror client's.
#[derive(Clone, Debug)]
pub(crate) struct TokenReader {
    mirror: Mirror,
}

impl TokenReader {
    /// A reader of this mirror node.
    pub(crate) fn new(mirror: Mirror) -> Self {
        Self { mirror }
    }

    /// One token as of `now`; none when the network does not know it.
    pub(crate) async fn token(
        &self,
        id: TokenId,
        now: SystemTime,
    ) -> Result<Option<TokenReading>, MirrorError> {
        Ok(self.mirror.token(id).await?.map(|info| reading(info, now)))
    }
}

fn reading(info: TokenInfo, read_at: SystemTime) -> TokenReading {
    TokenReading {
        fungible: info.kind == TokenType::FungibleCommon,
        deleted: info.deleted,
        facts: TokenFacts {
            decimals: u8::try_from(info.decimals).unwrap_or(u8::MAX),
            total_supply: info.total_supply.into(),
            treasury_account: info.treasury.to_string(),
            has_custom_fees: !info.custom_fees.is_empty(),
            has_fee_on_receipt: info.custom_fees.reduce_receipts(),
            has_kyc_key: info.keys.kyc,
            has_freeze_key: info.keys.freeze,
            has_pause_key: info.keys.pause,
            has_supply_key: info.keys.supply,
            network_paused: info.pause_status == PauseStatus::Paused,
            name: info.name,
            symbol: info.symbol,
            read_at,
        },
    }
}
