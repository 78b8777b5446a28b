//! Whether somebody could be paid, by what the network shows of them now.
//!
//! What is shown ages, and only the payment decides: none of this keeps a payout from being tried.

use hedera::status::Class;

use crate::domain::attempt::Cause;

/// What an account is to the token that would be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is associated.
    Associated {
        /// It can neither send nor receive.
        frozen: bool,
        /// The token wants KYC, and it has none.
        kyc_missing: bool,
    },
    /// It is not, and would be by being paid.
    Open,
    /// It is not, and takes no token by itself.
    Closed,
    /// It is not, and has taken as many tokens by itself as it takes.
    Full,
}

/// What the network shows of the token that would be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenFacts {
    /// There is no such token any more.
    pub deleted: bool,
    /// Nothing of it moves.
    pub paused: bool,
    /// Accounts that become associated start frozen.
    pub freezes_new: bool,
    /// Accounts that become associated have no KYC, and need it.
    pub kyc_for_new: bool,
}

/// What would be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paid {
    /// HBAR, or it does not matter.
    Hbar,
    /// A token that the network does not know.
    UnknownToken,
    /// A token.
    Token(TokenFacts),
}

/// What the network shows of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountFacts {
    /// It was deleted.
    pub deleted: bool,
    /// It must sign what it receives.
    pub must_sign: bool,
    /// What it is to the token; without meaning where none is paid.
    pub standing: Standing,
}

/// What stands against paying an account, the account's own first; none when nothing is known to.
pub fn problem(paid: &Paid, account: Option<&AccountFacts>) -> Option<Cause> {
    let Some(account) = account else { return recipients("ACCOUNT_NOT_FOUND") };
    if account.deleted {
        return recipients("ACCOUNT_DELETED");
    }
    let token = match paid {
        Paid::Hbar => None,
        Paid::UnknownToken => return operators("INVALID_TOKEN_ID"),
        Paid::Token(token) if token.deleted => return operators("TOKEN_WAS_DELETED"),
        Paid::Token(token) => Some(token),
    };
    token
        .and_then(|token| by_standing(token, account.standing))
        .or_else(|| account.must_sign.then(|| recipients("RECEIVER_SIGNATURE_REQUIRED")).flatten())
        .or_else(|| token.filter(|token| token.paused).and_then(|_| operators("TOKEN_IS_PAUSED")))
}

fn by_standing(token: &TokenFacts, standing: Standing) -> Option<Cause> {
    match standing {
        Standing::Closed => recipients("TOKEN_NOT_ASSOCIATED_TO_ACCOUNT"),
        Standing::Full => recipients("NO_REMAINING_AUTOMATIC_ASSOCIATIONS"),
        Standing::Associated { frozen: true, .. } => recipients("ACCOUNT_FROZEN_FOR_TOKEN"),
        Standing::Open if token.freezes_new => recipients("ACCOUNT_FROZEN_FOR_TOKEN"),
        Standing::Associated { kyc_missing: true, .. } => recipients("ACCOUNT_KYC_NOT_GRANTED_FOR_TOKEN"),
        Standing::Open if token.kyc_for_new => recipients("ACCOUNT_KYC_NOT_GRANTED_FOR_TOKEN"),
        Standing::Associated { .. } | Standing::Open => None,
    }
}

fn recipients(reason: &str) -> Option<Cause> {
    Some(Cause { reason: reason.to_owned(), class: Class::Recipient })
}

fn operators(reason: &str) -> Option<Cause> {
    Some(Cause { reason: reason.to_owned(), class: Class::Operator })
}

#[cfg(test)]
mod tests {
    use super::{AccountFacts, Paid, Standing, TokenFacts, problem};

    const PLAIN: TokenFacts =
        TokenFacts { deleted: false, paused: false, freezes_new: false, kyc_for_new: false };
    const FINE: AccountFacts = AccountFacts {
        deleted: false,
        must_sign: false,
        standing: Standing::Associated { frozen: false, kyc_missing: false },
    };

    fn reason(token: TokenFacts, account: AccountFacts) -> String {
        problem(&Paid::Token(token), Some(&account)).map(|cause| cause.reason).unwrap_or_default()
    }

    #[test]
    fn who_would_be_associated_by_the_payment_starts_as_the_token_says() {
        let open = AccountFacts { standing: Standing::Open, ..FINE };
        assert_eq!(reason(PLAIN, open), "");
        let frozen = TokenFacts { freezes_new: true, ..PLAIN };
        assert_eq!(
            (reason(frozen, open).as_str(), reason(frozen, FINE).as_str()),
            ("ACCOUNT_FROZEN_FOR_TOKEN", "")
        );
        let known = TokenFacts { kyc_for_new: true, ..PLAIN };
        assert_eq!(
            (reason(known, open).as_str(), reason(known, FINE).as_str()),
            ("ACCOUNT_KYC_NOT_GRANTED_FOR_TOKEN", "")
        );
    }

    #[test]
    fn the_recipients_own_trouble_is_told_before_the_tokens() {
        let paused = TokenFacts { paused: true, ..PLAIN };
        assert_eq!(reason(paused, FINE), "TOKEN_IS_PAUSED");
        assert_eq!(reason(paused, AccountFacts { must_sign: true, ..FINE }), "RECEIVER_SIGNATURE_REQUIRED");
        let closed = AccountFacts { standing: Standing::Closed, must_sign: true, ..FINE };
        assert_eq!(reason(paused, closed), "TOKEN_NOT_ASSOCIATED_TO_ACCOUNT");
        assert_eq!(reason(paused, AccountFacts { deleted: true, ..closed }), "ACCOUNT_DELETED");
        let gone = problem(&Paid::UnknownToken, None).map(|cause| cause.reason);
        assert_eq!(gone.as_deref(), Some("ACCOUNT_NOT_FOUND"));
    }

    #[test]
    fn hbar_asks_for_no_association() {
        let closed = AccountFacts { standing: Standing::Closed, ..FINE };
        assert_eq!(problem(&Paid::Hbar, Some(&closed)), None);
    }
}
