//! The sandbox through its control API.

use serde_json::{Value, json};

/// A sandbox.
pub(crate) struct Sandbox {
    sandbox: sandbox::Sandbox,
    http: reqwest::Client,
}

impl Sandbox {
    pub(crate) async fn start() -> Sandbox {
        let sandbox = sandbox::start(sandbox::Config::default()).await.expect("a sandbox");
        Sandbox { sandbox, http: reqwest::Client::new() }
    }

    pub(crate) fn mirror_url(&self) -> &str {
        &self.sandbox.network().mirror.url
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

    pub(crate) async fn patch(&self, path: &str, body: Value) {
        self.send(self.http.patch(self.url(path)).json(&body)).await;
    }

    /// Ends all faults.
    pub(crate) async fn heal(&self) {
        self.send(self.http.delete(self.url("faults"))).await;
    }

    /// A token with 2 decimals and a supply of 1000 units, with these properties besides. Returns its id.
    pub(crate) async fn token(&self, properties: Value) -> String {
        let mut request = json!({"name": "Acme", "symbol": "ACME", "decimals": 2, "treasury_units": 1000});
        for (name, value) in properties.as_object().expect("an object") {
            request[name] = value.clone();
        }
        self.post("tokens", request).await["token_id"].as_str().expect("an id").to_owned()
    }

    /// Lets mirror requests whose path contains `path` fail with `status`, `times` times.
    pub(crate) async fn fail(&self, path: &str, status: u16, times: Option<u64>) {
        let fault =
            json!({"kind": "mirror_error", "http_status": status, "path_contains": path, "times": times});
        self.post("faults", fault).await;
    }
}
