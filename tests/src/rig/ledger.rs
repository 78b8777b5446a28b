//! The sandbox: making its world, its faults, and reading its ledger. Plain HTTP; the judge trusts no client of ours.

use std::time::Duration;

use serde_json::{Value, json};

use crate::rig::Outcome;
use crate::rig::checker::Entry;

const DEADLINE: Duration = Duration::from_secs(30);

/// The control API of one sandbox.
#[derive(Clone, Debug)]
pub struct Ledger {
    url: String,
    http: reqwest::Client,
}

impl Ledger {
    /// The control API at `url`.
    pub fn new(url: &str) -> Outcome<Self> {
        Ok(Self { url: url.to_owned(), http: reqwest::Client::builder().timeout(DEADLINE).build()? })
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Outcome<Value> {
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        if !status.is_success() {
            return Err(format!("the sandbox answered {status}: {text}").into());
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Sets a fault.
    pub async fn fault(&self, fault: Value) -> Outcome<()> {
        self.answer(self.http.post(format!("{}/v1/faults", self.url)).json(&fault)).await?;
        Ok(())
    }

    /// Sets how far a mirror replica is behind.
    pub async fn lag(&self, replica: usize, millis: u64) -> Outcome<()> {
        let body = json!({ "lag_millis": millis });
        self.answer(self.http.put(format!("{}/v1/mirrors/{replica}", self.url)).json(&body)).await?;
        Ok(())
    }

    /// Ends all faults and lags.
    pub async fn heal(&self) -> Outcome<()> {
        self.answer(self.http.delete(format!("{}/v1/faults", self.url))).await?;
        self.lag(0, 0).await?;
        self.lag(1, 0).await
    }

    /// Makes an account that can receive anything, or, when closed, nothing but HBAR; its number.
    pub async fn account(&self, closed: bool) -> Outcome<u64> {
        let body = if closed { json!({ "max_automatic_token_associations": 0 }) } else { json!({}) };
        let made = self.answer(self.http.post(format!("{}/v1/accounts", self.url)).json(&body)).await?;
        let id = made["account_id"].as_str().or_else(|| made["id"].as_str()).unwrap_or_default();
        let number = id.rsplit('.').next().unwrap_or_default();
        Ok(number.parse().map_err(|_| format!("no account number in {made}"))?)
    }

    /// Makes that many accounts that can receive anything; their numbers ascend.
    pub async fn accounts(&self, count: usize) -> Outcome<Vec<u64>> {
        let mut numbers = Vec::with_capacity(count);
        for _ in 0..count {
            numbers.push(self.account(false).await?);
        }
        Ok(numbers)
    }

    /// Lets an account receive a token.
    pub async fn associate(&self, token: &str, account: u64) -> Outcome<()> {
        let url = format!("{}/v1/tokens/{token}/accounts/0.0.{account}", self.url);
        self.answer(self.http.put(url).json(&json!({ "associated": true }))).await?;
        Ok(())
    }

    /// Every change of a balance in `asset` by a transaction, as the ledger has it.
    pub async fn entries(&self, asset: &str) -> Outcome<Vec<Entry>> {
        let url = format!("{}/v1/effects?format=csv&debits=true&asset={asset}", self.url);
        let text = self.http.get(url).send().await?.error_for_status()?.text().await?;
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        let column = |name: &str| {
            header
                .iter()
                .position(|title| *title == name)
                .ok_or_else(|| format!("no column {name} in {header:?}"))
        };
        let (id, account, units) = (column("transaction_id")?, column("account")?, column("units")?);
        let entry = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            let cell = |index: usize| cells.get(index).copied().unwrap_or_default().to_owned();
            let units = cell(units).parse().map_err(|_| format!("no units in {line:?}"))?;
            Ok(Entry { transaction: cell(id), account: cell(account), units })
        };
        lines.map(entry).collect()
    }
}
