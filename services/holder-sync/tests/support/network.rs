//! The sandbox through its control API.

use serde_json::{Value, json};

/// A sandbox whose balances are stored when a test says so.
pub(crate) struct Sandbox {
    sandbox: sandbox::Sandbox,
    http: reqwest::Client,
}

impl Sandbox {
    pub(crate) async fn start() -> Sandbox {
        let config = sandbox::Config { balance_grid_seconds: 0, ..sandbox::Config::default() };
        let sandbox = sandbox::start(config).await.expect("a sandbox");
        Sandbox { sandbox, http: reqwest::Client::new() }
    }

    pub(crate) fn mirror_url(&self) -> &str {
        &self.sandbox.network().mirror.url
    }

    /// The treasury of its tokens.
    pub(crate) fn issuer(&self) -> String {
        self.sandbox.network().issuer_account_id.to_string()
    }

    pub(crate) fn replica_url(&self, n: usize) -> &str {
        &self.sandbox.network().mirror.replica_urls[n]
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Value {
        let answer = request.send().await.expect("the sandbox answers");
        let status = answer.status();
        let body: Value = answer.json().await.expect("JSON");
        assert!(status.is_success(), "{status}: {body}");
        body
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v1/{path}", self.sandbox.network().control_url)
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.send(self.http.post(self.url(path)).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) {
        self.send(self.http.put(self.url(path)).json(&body)).await;
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) {
        self.send(self.http.patch(self.url(path)).json(&body)).await;
    }

    /// Ends all faults.
    pub(crate) async fn heal(&self) {
        self.send(self.http.delete(self.url("faults"))).await;
    }

    /// A token with 2 decimals and these holders (`address,balance` lines), whose balances are stored. Returns its id.
    pub(crate) async fn token(&self, holders: &str) -> String {
        let url = self.url("tokens?name=Acme&symbol=ACME&decimals=2");
        let request = self.http.post(url).header("content-type", "text/csv").body(holders.to_owned());
        self.send(request).await["token_id"].as_str().expect("an id").to_owned()
    }

    /// Mints units to holders (`address,balance` lines), and says nothing of it to the stored balances.
    pub(crate) async fn mint(&self, token: &str, holders: &str) {
        let url = self.url(&format!("tokens/{token}/holders?store_balances=false"));
        let request = self.http.post(url).header("content-type", "text/csv").body(holders.to_owned());
        self.send(request).await;
    }

    /// Moves units and says nothing of it to the stored balances.
    pub(crate) async fn transfer(&self, token: &str, from: &str, to: &str, units: u64) {
        self.post("moves", json!({"token": token, "from": from, "to": to, "units": units})).await;
    }

    /// Stores all balances; returns the time they are of, nanoseconds since the epoch.
    pub(crate) async fn store(&self) -> i64 {
        let answer = self.post("stored-balances", json!({})).await;
        let text = answer["timestamp"].as_str().expect("a time").replace('.', "");
        text.parse().expect("seconds and nine digits")
    }

    /// Lets mirror requests whose path contains `path` fail with `status`, `times` times.
    pub(crate) async fn fail(&self, path: &str, status: u16, times: Option<u64>) {
        let fault =
            json!({"kind": "mirror_error", "http_status": status, "path_contains": path, "times": times});
        self.post("faults", fault).await;
    }

    /// Lets mirror requests to `replica` whose path contains `path` fail, until healed.
    pub(crate) async fn fail_at(&self, replica: usize, path: &str) {
        let fault =
            json!({"kind": "mirror_error", "http_status": 500, "replica": replica, "path_contains": path});
        self.post("faults", fault).await;
    }

    /// How often faults have acted.
    pub(crate) async fn faults_fired(&self) -> u64 {
        let faults = self.send(self.http.get(self.url("faults"))).await;
        let faults = faults["faults"].as_array().expect("a list").clone();
        faults.iter().map(|fault| fault["fired"].as_u64().expect("a count")).sum()
    }

    /// Lets another account be a token's treasury, with all that the old one holds.
    pub(crate) async fn move_treasury(&self, token: &str, treasury: &str) {
        self.patch(&format!("tokens/{token}"), json!({"treasury": treasury})).await;
    }

    /// A new contract that holds `units` of a token, which `from` held.
    pub(crate) async fn contract(&self, token: &str, from: &str, units: u64) -> String {
        let created = self.post("accounts", json!({"contract": true})).await;
        let contract = created["account_id"].as_str().expect("an id").to_owned();
        self.transfer(token, from, &contract, units).await;
        contract
    }

    /// The same for one replica, until healed.
    pub(crate) async fn fail_replica(&self, replica: usize, status: u16) {
        let fault = json!({"kind": "mirror_error", "http_status": status, "replica": replica});
        self.post("faults", fault).await;
    }
}
