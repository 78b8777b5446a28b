//! The sandbox's control API: builds the simulated world, sets faults, reads the ledger that judges us.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// A file of a million holders takes some seconds.
const CALL_DEADLINE: Duration = Duration::from_mins(2);
/// A row of the ledger's CSV is about 150 bytes; a longer one is none.
const ROW_BYTES_MAX: usize = 4096;

/// The control API failed, or refused.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// It cannot be reached, or its answer cannot be read.
    #[error("the sandbox's control API failed: {0}")]
    Transport(#[from] reqwest::Error),
    /// It refused; the message names the line of a bad holders file.
    #[error("the sandbox refused: {message}")]
    Refused {
        /// What it said.
        message: String,
        /// The bad line of the file, from 1.
        line: Option<u64>,
    },
    /// Its answer is not what its README says.
    #[error("the sandbox answered something unexpected: {0}")]
    Unexpected(String),
}

/// The simulated network's own accounts.
#[derive(Clone, Debug, Deserialize)]
pub struct SandboxNetwork {
    /// Who pays and funds.
    pub operator: SandboxOperator,
    /// The token with 6 decimals that the operator has from the start.
    pub payment_token_id: Option<String>,
}

/// The account the suite pays from.
#[derive(Clone, Debug, Deserialize)]
pub struct SandboxOperator {
    /// Its account.
    pub account_id: String,
    /// Its Ed25519 key: PKCS #8 DER in hex. Worth nothing anywhere else.
    pub private_key_der: String,
}

/// A token as the sandbox knows it.
#[derive(Clone, Debug, Deserialize)]
pub struct SandboxToken {
    /// Its id.
    pub token_id: String,
    /// Total supply in smallest units.
    pub supply: String,
    /// Accounts with a balance.
    pub holders: u64,
}

/// A fault with its counter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SandboxFault {
    /// Its number.
    pub id: u64,
    /// What goes wrong.
    pub kind: String,
    /// How often it has acted.
    pub fired: u64,
}

/// One change of a balance in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LedgerEffect {
    /// The transaction.
    pub transaction_id: String,
    /// When it reached consensus.
    pub consensus_timestamp: String,
    /// The transaction's memo.
    pub memo: String,
    /// Whose balance.
    pub account: String,
    /// Of what: "hbar" or a token's id.
    pub asset: String,
    /// By how many smallest units.
    pub units: u64,
}

/// Totals of the ledger.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct LedgerCounts {
    /// Transactions that reached consensus.
    pub transactions: u64,
    /// Those that succeeded.
    pub successes: u64,
}

/// A client of the control API.
#[derive(Clone, Debug)]
pub struct SandboxControl {
    base: String,
    client: reqwest::Client,
}

impl SandboxControl {
    /// A client of the control API at `url`.
    pub fn new(url: &str) -> Result<SandboxControl, ControlError> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_DEADLINE)
            .timeout(CALL_DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(SandboxControl { base: url.trim_end_matches('/').to_owned(), client })
    }

    /// Where everything is, and who the operator is.
    pub async fn network(&self) -> Result<SandboxNetwork, ControlError> {
        self.read(self.request(Method::GET, "/v1/network")).await
    }

    /// Creates a token; `body` as the sandbox's README says.
    pub async fn create_token(&self, body: &Value) -> Result<SandboxToken, ControlError> {
        self.read(self.request(Method::POST, "/v1/tokens").json(body)).await
    }

    /// Creates a token with the holders of a CSV file (`address,balance`).
    pub async fn create_token_with_file(
        &self,
        query: &[(&str, &str)],
        file: Vec<u8>,
    ) -> Result<SandboxToken, ControlError> {
        let request = self.request(Method::POST, "/v1/tokens").query(query);
        self.read(request.header("content-type", "text/csv").body(file)).await
    }

    /// Creates an account; `body` as the sandbox's README says. Returns its id.
    pub async fn create_account(&self, body: &Value) -> Result<String, ControlError> {
        let account: Value = self.read(self.request(Method::POST, "/v1/accounts").json(body)).await?;
        let id = account.get("account_id").and_then(Value::as_str);
        id.map(str::to_owned).ok_or_else(|| ControlError::Unexpected("an account without an id".to_owned()))
    }

    /// Sets properties of a token.
    pub async fn update_token(&self, token: &str, patch: &Value) -> Result<Value, ControlError> {
        self.read(self.request(Method::PATCH, &format!("/v1/tokens/{token}")).json(patch)).await
    }

    /// Sets properties of an account (`0.0.N` or an address).
    pub async fn update_account(&self, account: &str, patch: &Value) -> Result<Value, ControlError> {
        self.read(self.request(Method::PATCH, &format!("/v1/accounts/{account}")).json(patch)).await
    }

    /// One account with its balances.
    pub async fn account(&self, account: &str) -> Result<Value, ControlError> {
        self.read(self.request(Method::GET, &format!("/v1/accounts/{account}"))).await
    }

    /// Sets association, freeze and KYC of an account.
    pub async fn relate(&self, token: &str, account: &str, patch: &Value) -> Result<Value, ControlError> {
        self.read(self.request(Method::PUT, &format!("/v1/tokens/{token}/accounts/{account}")).json(patch))
            .await
    }

    /// Moves units by decree, outside any transaction.
    pub async fn move_units(&self, body: &Value) -> Result<(), ControlError> {
        let _: Value = self.read(self.request(Method::POST, "/v1/moves").json(body)).await?;
        Ok(())
    }

    /// Stores the balances as they are now, for snapshots.
    pub async fn store_balances(&self) -> Result<(), ControlError> {
        let _: Value = self.read(self.request(Method::POST, "/v1/stored-balances").json(&json!({}))).await?;
        Ok(())
    }

    /// Sets a fault; `body` as the sandbox's README says.
    pub async fn set_fault(&self, body: &Value) -> Result<SandboxFault, ControlError> {
        self.read(self.request(Method::POST, "/v1/faults").json(body)).await
    }

    /// All faults with their counters.
    pub async fn faults(&self) -> Result<Vec<SandboxFault>, ControlError> {
        #[derive(Deserialize)]
        struct Faults {
            faults: Vec<SandboxFault>,
        }
        let faults: Faults = self.read(self.request(Method::GET, "/v1/faults")).await?;
        Ok(faults.faults)
    }

    /// Ends all faults.
    pub async fn clear_faults(&self) -> Result<(), ControlError> {
        let _: Value = self.read(self.request(Method::DELETE, "/v1/faults")).await?;
        Ok(())
    }

    /// Sets how far a mirror replica is behind, or that it stands still.
    pub async fn set_mirror(&self, replica: usize, patch: &Value) -> Result<(), ControlError> {
        let _: Value =
            self.read(self.request(Method::PUT, &format!("/v1/mirrors/{replica}")).json(patch)).await?;
        Ok(())
    }

    /// Restarts nodes and mirrors; they are away for `down_millis` milliseconds.
    pub async fn restart(&self, down_millis: u64) -> Result<(), ControlError> {
        let body = json!({ "down_millis": down_millis });
        let _: Value = self.read(self.request(Method::POST, "/v1/restart").json(&body)).await?;
        Ok(())
    }

    /// Totals of the ledger.
    pub async fn counts(&self) -> Result<LedgerCounts, ControlError> {
        self.read(self.request(Method::GET, "/v1/counts")).await
    }

    /// Calls `row` with every credit of `asset` ("hbar" or a token's id) in the ledger, in the order of consensus. The
    /// answer is read as it comes, a row at a time.
    pub async fn each_effect(
        &self,
        asset: &str,
        mut row: impl FnMut(LedgerEffect) -> Result<(), ControlError>,
    ) -> Result<u64, ControlError> {
        let request = self.request(Method::GET, "/v1/effects").query(&[("format", "csv"), ("asset", asset)]);
        let mut response = accepted(request.send().await?).await?;
        let mut lines = Lines::default();
        let mut rows = 0;
        while let Some(chunk) = response.chunk().await? {
            for line in lines.feed(&chunk)? {
                row(line)?;
                rows += 1;
            }
        }
        if !lines.rest.is_empty() {
            return Err(ControlError::Unexpected("the ledger's CSV ends within a row".to_owned()));
        }
        Ok(rows)
    }

    /// Every credit of `asset` in the ledger.
    pub async fn effects(&self, asset: &str) -> Result<Vec<LedgerEffect>, ControlError> {
        let mut effects = Vec::new();
        self.each_effect(asset, |effect| {
            effects.push(effect);
            Ok(())
        })
        .await?;
        Ok(effects)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    async fn read<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ControlError> {
        Ok(accepted(request.send().await?).await?.json().await?)
    }
}

async fn accepted(response: Response) -> Result<Response, ControlError> {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
        line: Option<u64>,
    }
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    match response.json::<Refusal>().await {
        Ok(Refusal { error, line }) => Err(ControlError::Refused { message: error, line }),
        Err(_) => Err(ControlError::Refused { message: status.to_string(), line: None }),
    }
}

/// Cuts the CSV into rows, whatever the chunks are.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
    header_seen: bool,
}

impl Lines {
    fn feed(&mut self, chunk: &[u8]) -> Result<Vec<LedgerEffect>, ControlError> {
        self.rest.extend_from_slice(chunk);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else {
            let too_long = self.rest.len() > ROW_BYTES_MAX;
            return if too_long {
                Err(ControlError::Unexpected("a row without an end".to_owned()))
            } else {
                Ok(Vec::new())
            };
        };
        let whole: Vec<u8> = self.rest.drain(..=end).collect();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(whole.as_slice());
        let mut effects = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| ControlError::Unexpected(error.to_string()))?;
            if !std::mem::replace(&mut self.header_seen, true) {
                continue;
            }
            effects.push(
                record.deserialize(Some(&csv::StringRecord::from(COLUMNS.to_vec()))).map_err(|error| {
                    ControlError::Unexpected(format!("a row of the ledger's CSV: {error}"))
                })?,
            );
        }
        Ok(effects)
    }
}

const COLUMNS: [&str; 6] = ["transaction_id", "consensus_timestamp", "memo", "account", "asset", "units"];

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "transaction_id,consensus_timestamp,memo,account,asset,units\n\
                        0.0.1001@5.000000001,6.000000002,\"a,b\",0.0.7,0.0.9,12\n\
                        0.0.1001@5.000000001,6.000000002,,0.0.8,0.0.9,13\n";

    #[test]
    fn rows_are_read_however_the_file_is_cut() {
        for size in 1..FILE.len() {
            let mut lines = Lines::default();
            let mut effects = Vec::new();
            for chunk in FILE.as_bytes().chunks(size) {
                effects.extend(lines.feed(chunk).expect("well-formed"));
            }
            assert!(lines.rest.is_empty());
            let seen: Vec<_> = effects.iter().map(|effect| (effect.account.as_str(), effect.units)).collect();
            assert_eq!(seen, [("0.0.7", 12), ("0.0.8", 13)], "in chunks of {size}");
            assert_eq!(effects[0].memo, "a,b");
        }
    }

    #[test]
    fn a_row_that_is_none_is_an_error() {
        let mut lines = Lines::default();
        assert!(lines.feed(b"header\n0.0.1,2\n").is_err());
        let mut lines = Lines::default();
        assert!(lines.feed(&[b'x'; ROW_BYTES_MAX + 1]).is_err());
    }
}
