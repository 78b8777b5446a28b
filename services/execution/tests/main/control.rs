//! The sandbox's control API.

use serde_json::{Value, json};

/// The sandbox's control API.
pub(crate) struct Control {
    url: String,
    http: reqwest::Client,
}

/// One payment on the sandbox's ledger.
pub(crate) struct Effect {
    pub(crate) transaction_id: String,
    /// When, as "seconds.nanoseconds" of equal length.
    pub(crate) consensus: String,
    pub(crate) account: String,
    pub(crate) units: u64,
}

impl Control {
    pub(crate) fn new(url: &str) -> Self {
        Self { url: url.to_owned(), http: reqwest::Client::new() }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Value {
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.send(self.http.post(format!("{}{path}", self.url)).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Value {
        self.send(self.http.put(format!("{}{path}", self.url)).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Value {
        self.send(self.http.patch(format!("{}{path}", self.url)).json(&body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.send(self.http.get(format!("{}{path}", self.url))).await
    }

    pub(crate) async fn clear_faults(&self) {
        self.send(self.http.delete(format!("{}/v1/faults", self.url))).await;
    }

    /// Makes accounts that can receive anything; their numbers ascend.
    pub(crate) async fn accounts(&self, count: usize) -> Vec<u64> {
        let mut numbers = Vec::with_capacity(count);
        for _ in 0..count {
            numbers.push(number(&self.post("/v1/accounts", json!({})).await));
        }
        numbers
    }

    /// Makes an account that is associated with nothing and cannot be by itself.
    pub(crate) async fn closed_account(&self) -> u64 {
        number(&self.post("/v1/accounts", json!({ "max_automatic_token_associations": 0 })).await)
    }

    pub(crate) async fn effects(&self, token: &str) -> Vec<Effect> {
        let url = format!("{}/v1/effects?format=csv&asset={token}", self.url);
        let text = self.http.get(url).send().await.unwrap().text().await.unwrap();
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        let column = |name: &str| header.iter().position(|title| *title == name).unwrap();
        let (id, at) = (column("transaction_id"), column("consensus_timestamp"));
        let (account, units) = (column("account"), column("units"));
        lines
            .map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                Effect {
                    transaction_id: cells[id].to_owned(),
                    consensus: cells[at].to_owned(),
                    account: cells[account].to_owned(),
                    units: cells[units].parse().unwrap(),
                }
            })
            .collect()
    }
}

fn number(account: &Value) -> u64 {
    let id = account["account_id"]
        .as_str()
        .or_else(|| account["id"].as_str())
        .unwrap_or_else(|| panic!("{account}"));
    id.rsplit('.').next().unwrap().parse().unwrap()
}
