//! A gateway, a service behind it, and an identity provider whose tokens it takes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use auth::internal::ServiceKeys;
use auth::jwt::{EdgeConfig, JwksSource};
use auth::{AuthLayer, PolicyTable, keys};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use gateway::{Config, MIGRATIONS, Upstream};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use pg::DbConfig;
use pg::testing::TestDb;
use serde_json::{Value, json};
use service_kit::serve::Server;
use service_kit::{Shutdown, StartError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

use crate::contract;
use crate::echo::{Codec, Echo, Seen};

/// The identity provider.
pub(crate) struct Provider {
    pub(crate) key: EncodingKey,
    pub(crate) public: [u8; 32],
}

impl Provider {
    pub(crate) fn new() -> Provider {
        let key = SigningKey::generate(&mut rand::rng());
        let der = key.to_pkcs8_der().expect("a key has a form");
        Provider { key: EncodingKey::from_ed_der(der.as_bytes()), public: key.verifying_key().to_bytes() }
    }

    pub(crate) fn edge(&self) -> EdgeConfig {
        let x = URL_SAFE_NO_PAD.encode(self.public);
        let jwks =
            json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "one", "alg": "EdDSA" }] });
        EdgeConfig {
            issuer: "https://id.example".to_owned(),
            audience: "bursar".to_owned(),
            roles_claim: "realm_access.roles".parse().expect("a path"),
            jwks: JwksSource::Text(jwks.to_string()),
        }
    }

    /// Good claims of `subject`, for five minutes.
    pub(crate) fn claims(subject: &str, roles: &[&str]) -> Value {
        let now = now_seconds();
        json!({ "iss": "https://id.example", "aud": "bursar", "sub": subject, "nbf": now - 1, "exp": now + 300,
                "realm_access": { "roles": roles } })
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some("one".to_owned());
        jsonwebtoken::encode(&header, claims, &self.key).expect("the key is of that kind")
    }

    pub(crate) fn token(&self, subject: &str, roles: &[&str]) -> String {
        self.sign(&Provider::claims(subject, roles))
    }
}

pub(crate) fn now_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// All of it, running.
pub(crate) struct Suite {
    pub(crate) provider: Provider,
    pub(crate) db: DbConfig,
    pub(crate) seen: Arc<Seen>,
    pub(crate) channel: Channel,
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: Shutdown,
    pub(crate) gateway: JoinHandle<Result<(), StartError>>,
    pub(crate) service: Shutdown,
    _dir: tempfile::TempDir,
}

impl Suite {
    pub(crate) async fn start() -> Suite {
        Suite::start_with(|_| {}).await
    }

    /// A suite whose gateway is configured a little differently.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Suite {
        let dir = tempfile::tempdir().expect("a temporary folder");
        keys::generate(dir.path(), &["gateway", "echo"]).expect("written");
        let echo = Echo::default();
        let seen = Arc::clone(&echo.seen);
        let service = Shutdown::new();
        let upstream = serve_echo(echo, dir.path(), service.clone()).await;
        let provider = Provider::new();
        let db = TestDb::create("gateway", MIGRATIONS).await;
        let mut config = Config::new(db.clone(), dir.path(), provider.edge(), vec![upstream]);
        config.descriptor_set = contract::descriptor_set();
        change(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shutdown = Shutdown::new();
        let gateway = tokio::spawn(gateway::run(config, listener, shutdown.clone()));
        let channel =
            service_kit::client::endpoint(&format!("http://{address}")).expect("an address").connect_lazy();
        Suite { provider, db, seen, channel, address, shutdown, gateway, service, _dir: dir }
    }

    /// A unary call of `method` with this bearer token.
    pub(crate) async fn call(
        &self,
        method: &str,
        text: &str,
        token: &str,
    ) -> Result<Response<String>, Status> {
        let mut request = Request::new(text.to_owned());
        authorize(&mut request, token);
        self.send(method, request).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        request: Request<String>,
    ) -> Result<Response<String>, Status> {
        self.grpc().await.unary(request, path(method), Codec::default()).await
    }

    pub(crate) async fn grpc(&self) -> Grpc<Channel> {
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.expect("the gateway is there");
        grpc
    }

    pub(crate) fn calls(&self) -> usize {
        self.seen.calls.load(Ordering::SeqCst)
    }

    /// Stops the gateway and waits until it has written out its log.
    pub(crate) async fn stop(self) -> DbConfig {
        self.shutdown.trigger();
        let ended = tokio::time::timeout(Duration::from_secs(20), self.gateway).await.expect("it ends");
        ended.expect("it did not panic").expect("it ended well");
        self.db
    }
}

pub(crate) fn path(method: &str) -> http::uri::PathAndQuery {
    format!("/bursar.test.v1.EchoService/{method}").parse().expect("a path")
}

pub(crate) fn authorize<T>(request: &mut Request<T>, token: &str) {
    if !token.is_empty() {
        let value = format!("Bearer {token}").parse().expect("tokens are ASCII");
        request.metadata_mut().insert("authorization", value);
    }
}

/// Waits until `count` is `expected`: things that happen a moment after the answer.
pub(crate) async fn becomes(count: &AtomicUsize, expected: usize, what: &str) {
    for _ in 0..200 {
        if count.load(Ordering::SeqCst) == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what}: {} instead of {expected}", count.load(Ordering::SeqCst));
}

async fn serve_echo(echo: Echo, keys_dir: &std::path::Path, shutdown: Shutdown) -> Upstream {
    let policies = PolicyTable::from_descriptor_set(&contract::descriptor_set()).expect("a sound contract");
    let verifier = ServiceKeys::load(keys_dir, "echo", &["gateway"]).expect("just written").verifier();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let server =
        Server::new("echo", listener).auth(AuthLayer::new(verifier, Arc::new(policies))).add_service(echo);
    tokio::spawn(server.run(shutdown));
    Upstream { package: "bursar.test.v1".to_owned(), name: "echo".to_owned(), url }
}
