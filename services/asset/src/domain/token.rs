//! What the network says of a token, and what follows from it.

use std::time::SystemTime;

/// One whole token of more decimals than this is beyond 128 bits.
const DECIMALS_MAX: u8 = 38;

/// Facts of a fungible token as of one reading.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each a yes or a no on the network")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenFacts {
    /// The token's name.
    pub name: String,
    /// The token's ticker symbol.
    pub symbol: String,
    /// Decimals of one whole token; 255 stands for any number that amounts cannot have.
    pub decimals: u8,
    /// Total supply in smallest units.
    pub total_supply: u128,
    /// The treasury account (`0.0.5005`).
    pub treasury_account: String,
    /// The token has custom fees of any sort.
    pub has_custom_fees: bool,
    /// A custom fee can reduce what a receiver gets.
    pub has_fee_on_receipt: bool,
    /// Holders need KYC before they can receive.
    pub has_kyc_key: bool,
    /// Accounts can be frozen for the token.
    pub has_freeze_key: bool,
    /// The token can be paused on the network.
    pub has_pause_key: bool,
    /// More of the token can be minted or burnt.
    pub has_supply_key: bool,
    /// The token is paused on the network.
    pub network_paused: bool,
    /// When the mirror node was asked.
    pub read_at: SystemTime,
}

/// One reading of a token: its facts, and whether it is one we can use at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenReading {
    /// The facts.
    pub facts: TokenFacts,
    /// It is a fungible token, not a collection of unique ones.
    pub fungible: bool,
    /// It was deleted on the network.
    pub deleted: bool,
}

/// Why a token cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefusal {
    /// It was deleted on the network.
    Deleted,
    /// It is not fungible.
    NotFungible,
    /// It has more decimals than amounts can have.
    Decimals,
    /// Payees would get less than recorded.
    FeeOnReceipt,
}

impl TokenReading {
    /// The facts of a token whose holders can get distributions.
    pub(crate) fn importable(self) -> Result<TokenFacts, TokenRefusal> {
        if self.deleted {
            return Err(TokenRefusal::Deleted);
        }
        if !self.fungible {
            return Err(TokenRefusal::NotFungible);
        }
        if self.facts.decimals > DECIMALS_MAX {
            return Err(TokenRefusal::Decimals);
        }
        Ok(self.facts)
    }

    /// The facts of a token that can be paid in: what is sent must be what the payee gets.
    pub(crate) fn payable(self) -> Result<TokenFacts, TokenRefusal> {
        let facts = self.importable()?;
        if facts.has_fee_on_receipt { Err(TokenRefusal::FeeOnReceipt) } else { Ok(facts) }
    }
}

#[cfg(test)]
mod tests {
    use super::{TokenFacts, TokenReading, TokenRefusal};
    use std::time::SystemTime;

    fn reading() -> TokenReading {
        let facts = TokenFacts {
            name: "Uniswap".to_owned(),
            symbol: "UNI".to_owned(),
            decimals: 8,
            total_supply: 1,
            treasury_account: "0.0.5005".to_owned(),
            has_custom_fees: true,
            has_fee_on_receipt: false,
            has_kyc_key: false,
            has_freeze_key: false,
            has_pause_key: false,
            has_supply_key: false,
            network_paused: false,
            read_at: SystemTime::UNIX_EPOCH,
        };
        TokenReading { facts, fungible: true, deleted: false }
    }

    #[test]
    fn a_fee_on_receipt_spoils_a_payment_token_but_not_an_asset() {
        let mut with_fee = reading();
        with_fee.facts.has_fee_on_receipt = true;
        assert_eq!(with_fee.clone().payable(), Err(TokenRefusal::FeeOnReceipt));
        assert!(with_fee.importable().is_ok());
        assert!(reading().payable().is_ok(), "other custom fees are the sender's affair");
    }

    #[test]
    fn deleted_unique_and_too_finely_divided_tokens_are_of_no_use() {
        let deleted = TokenReading { deleted: true, ..reading() };
        assert_eq!(deleted.importable(), Err(TokenRefusal::Deleted));
        let mut tiny = reading();
        tiny.facts.decimals = 39;
        assert_eq!(tiny.importable(), Err(TokenRefusal::Decimals));
        let unique = TokenReading { fungible: false, ..reading() };
        assert_eq!(unique.payable(), Err(TokenRefusal::NotFungible));
    }
}
