//! What a HBAR is worth to the network, which charges fees in cents: `/api/v1/network/exchangerate`.

use serde::Deserialize;

use super::{Mirror, MirrorError};

/// So many HBAR are worth so many US cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct ExchangeRate {
    /// HBAR.
    pub hbar_equivalent: u32,
    /// US cents; above zero.
    pub cent_equivalent: u32,
}

#[derive(Deserialize)]
struct Answer {
    current_rate: ExchangeRate,
}

impl Mirror {
    /// The rate that the network charges fees by now.
    pub async fn exchange_rate(&self) -> Result<ExchangeRate, MirrorError> {
        const PATH: &str = "/api/v1/network/exchangerate";
        let answer: Answer = self.http.get(PATH).await?;
        if answer.current_rate.cent_equivalent == 0 {
            return Err(MirrorError::malformed(PATH, "a HBAR worth nothing"));
        }
        Ok(answer.current_rate)
    }
}
