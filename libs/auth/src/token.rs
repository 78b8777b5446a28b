//! What edge tokens and internal tokens have in common: why one is refused, and the clock they obey.

use jsonwebtoken::errors::ErrorKind;

use crate::denied;

/// Seconds by which the clocks of issuer and verifier may disagree.
pub(crate) const LEEWAY_SECONDS: u64 = 10;

/// Longest subject taken, in bytes.
const SUBJECT_LEN_MAX: usize = 255;

/// Why a token is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is none.
    #[error("this call needs a bearer token in the metadata `authorization`")]
    Missing,
    /// It is no signed token, or its claims have the wrong types.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// Its algorithm is not among those allowed for the key.
    #[error("the token's algorithm is not allowed")]
    AlgorithmRefused,
    /// Nobody we trust has the key it names.
    #[error("the token names a key that is not trusted")]
    KeyUnknown,
    /// The signature is not that of the key.
    #[error("the token's signature does not verify")]
    SignatureInvalid,
    /// A claim that must be there is not, or has the wrong type.
    #[error("the token lacks the claim `{0}`, or it has the wrong type")]
    ClaimMissing(String),
    /// It is over.
    #[error("the token has expired")]
    Expired,
    /// It has not begun.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Another issuer made it.
    #[error("the token is from another issuer")]
    IssuerWrong,
    /// It was made for somebody else.
    #[error("the token is for another audience")]
    AudienceWrong,
    /// Its subject is one that nobody may carry.
    #[error("the token's subject is reserved, empty or too long")]
    SubjectRefused,
}

impl TokenError {
    /// The stable reason callers can program against.
    pub const fn reason(&self) -> &'static str {
        match self {
            TokenError::Missing => "TOKEN_MISSING",
            TokenError::Malformed(_) => "TOKEN_MALFORMED",
            TokenError::AlgorithmRefused => "TOKEN_ALGORITHM_REFUSED",
            TokenError::KeyUnknown => "TOKEN_KEY_UNKNOWN",
            TokenError::SignatureInvalid => "TOKEN_SIGNATURE_INVALID",
            TokenError::ClaimMissing(_) => "TOKEN_CLAIM_MISSING",
            TokenError::Expired => "TOKEN_EXPIRED",
            TokenError::NotYetValid => "TOKEN_NOT_YET_VALID",
            TokenError::IssuerWrong => "TOKEN_ISSUER_WRONG",
            TokenError::AudienceWrong => "TOKEN_AUDIENCE_WRONG",
            TokenError::SubjectRefused => "TOKEN_SUBJECT_REFUSED",
        }
    }

    /// `UNAUTHENTICATED` with the reason.
    pub fn to_status(&self) -> tonic::Status {
        denied::unauthenticated(self.reason(), self.to_string())
    }
}

impl From<jsonwebtoken::errors::Error> for TokenError {
    fn from(error: jsonwebtoken::errors::Error) -> TokenError {
        match error.into_kind() {
            ErrorKind::ExpiredSignature => TokenError::Expired,
            ErrorKind::ImmatureSignature => TokenError::NotYetValid,
            ErrorKind::InvalidIssuer => TokenError::IssuerWrong,
            ErrorKind::InvalidAudience => TokenError::AudienceWrong,
            ErrorKind::InvalidSignature => TokenError::SignatureInvalid,
            ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => TokenError::AlgorithmRefused,
            ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
                TokenError::ClaimMissing(claim)
            }
            ErrorKind::Json(_) => TokenError::Malformed("its header or claims have the wrong types"),
            _ => TokenError::Malformed("it is not a signed token"),
        }
    }
}

/// The token in the value of an `authorization` header.
pub fn bearer(value: &http::HeaderValue) -> Result<&str, TokenError> {
    let text = value.to_str().map_err(|_| TokenError::Malformed("`authorization` is not ASCII"))?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(TokenError::Malformed("`authorization` is not `Bearer <token>`"));
    }
    Ok(token)
}

/// The one value of `authorization` in `headers`; two of them leave open which was meant.
pub fn bearer_in(headers: &http::HeaderMap) -> Result<&str, TokenError> {
    let mut values = headers.get_all(http::header::AUTHORIZATION).iter();
    let value = values.next().ok_or(TokenError::Missing)?;
    if values.next().is_some() {
        return Err(TokenError::Malformed("`authorization` is there twice"));
    }
    bearer(value)
}

/// Whether a subject is one that can be shown, stored and compared.
pub(crate) fn is_plain_subject(subject: &str) -> bool {
    !subject.is_empty() && subject.len() <= SUBJECT_LEN_MAX && !subject.chars().any(char::is_control)
}

/// Seconds since the epoch by the system's clock, which is what tokens are judged by everywhere.
pub(crate) fn now_seconds() -> u64 {
    jsonwebtoken::get_current_timestamp()
}

#[cfg(test)]
mod tests {
    use super::{TokenError, bearer_in};
    use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

    #[test]
    fn only_one_bearer_token_is_taken() {
        let mut headers = HeaderMap::new();
        assert_eq!(bearer_in(&headers), Err(TokenError::Missing));
        headers.append(AUTHORIZATION, HeaderValue::from_static("bearer abc"));
        assert_eq!(bearer_in(&headers), Ok("abc"));
        headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer def"));
        assert!(matches!(bearer_in(&headers), Err(TokenError::Malformed(_))));
        for other in ["Basic abc", "Bearer", "Bearer ", "abc"] {
            headers.insert(AUTHORIZATION, HeaderValue::from_static(other));
            assert!(matches!(bearer_in(&headers), Err(TokenError::Malformed(_))), "{other}");
        }
    }
}
