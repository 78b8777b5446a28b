//! The issuer's public keys (RFC 7517), from a file or a URL.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use futures::StreamExt as _;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
const BYTES_MAX: usize = 256 * 1024;
const KEYS_MAX: usize = 64;
/// Base64url length of a 2,048-bit modulus; shorter RSA keys can be factored.
const RSA_MODULUS_TEXT_LEN_MIN: usize = 342;

/// Where the issuer's keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwksSource {
    /// A file that is read again whenever keys are looked for.
    File(PathBuf),
    /// An `https` address, or `http` on this machine.
    Url(String),
    /// The key set itself; it never changes.
    Text(String),
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// The file cannot be read.
    #[error("cannot read the key set {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The address did not answer with a key set.
    #[error("cannot fetch the key set from {url}")]
    Fetch {
        /// The address.
        url: String,
        /// What went wrong.
        #[source]
        source: reqwest::Error,
    },
    /// Keys that come over the open network unprotected could be anybody's.
    #[error("{0} is neither https nor on this machine")]
    Unprotected(String),
    /// More bytes than a key set has.
    #[error("the key set is longer than {BYTES_MAX} bytes")]
    TooLong,
    /// Not a key set.
    #[error("the key set is not JSON with a list `keys`")]
    Malformed(#[source] serde_json::Error),
    /// Two keys under one name: which one a token means would be chance.
    #[error("the key set has two keys with the id {0:?}")]
    Ambiguous(String),
    /// Nothing in it that we could verify with.
    #[error("the key set has no signing key for RS256, ES256 or EdDSA with an id")]
    NoUsableKey,
}

/// What an operator writes: an address with `://` in it, or the path of a file.
impl From<String> for JwksSource {
    fn from(text: String) -> JwksSource {
        if text.contains("://") { JwksSource::Url(text) } else { JwksSource::File(PathBuf::from(text)) }
    }
}

impl JwksSource {
    /// Reads the keys.
    pub(super) async fn read(&self) -> Result<KeySet, JwksError> {
        match self {
            JwksSource::Text(text) => KeySet::parse(text.as_bytes()),
            JwksSource::File(path) => {
                let failed = |source| JwksError::File { path: path.clone(), source };
                KeySet::parse(&tokio::fs::read(path).await.map_err(failed)?)
            }
            JwksSource::Url(url) => KeySet::parse(&fetch(url).await?),
        }
    }
}

async fn fetch(url: &str) -> Result<Vec<u8>, JwksError> {
    let failed = |source| JwksError::Fetch { url: url.to_owned(), source };
    let parsed = reqwest::Url::parse(url).map_err(|_| JwksError::Unprotected(url.to_owned()))?;
    let local = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if parsed.scheme() != "https" && !(parsed.scheme() == "http" && local) {
        return Err(JwksError::Unprotected(url.to_owned()));
    }
    let client = reqwest::Client::builder()
        .timeout(FETCH_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(failed)?;
    let response =
        client.get(parsed).send().await.and_then(reqwest::Response::error_for_status).map_err(failed)?;
    let mut chunks = std::pin::pin!(futures::stream::unfold(response, |mut response| async move {
        response.chunk().await.transpose().map(|chunk| (chunk, response))
    }));
    let mut body = Vec::new();
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.map_err(failed)?);
        if body.len() > BYTES_MAX {
            return Err(JwksError::TooLong);
        }
    }
    Ok(body)
}

/// The keys we can verify with, by their id.
pub(super) struct KeySet {
    keys: HashMap<String, (Algorithm, DecodingKey)>,
    /// What the keys were read from, to tell whether they changed.
    known_as: HashMap<String, Jwk>,
}

impl PartialEq for KeySet {
    fn eq(&self, other: &KeySet) -> bool {
        self.known_as == other.known_as
    }
}

#[derive(Deserialize)]
struct Listed {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    /// Takes what it can use and passes over the rest: issuers list keys for encryption, and of kinds
    /// we do not know, beside the ones they sign with.
    pub(super) fn parse(text: &[u8]) -> Result<KeySet, JwksError> {
        if text.len() > BYTES_MAX {
            return Err(JwksError::TooLong);
        }
        let listed: Listed = serde_json::from_slice(text).map_err(JwksError::Malformed)?;
        let mut set = KeySet { keys: HashMap::new(), known_as: HashMap::new() };
        let readable =
            listed.keys.into_iter().take(KEYS_MAX).filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        for jwk in readable {
            let (Some(kid), Some(algorithm)) = (jwk.common.key_id.clone(), algorithm_of(&jwk)) else {
                continue;
            };
            let Ok(key) = DecodingKey::from_jwk(&jwk) else { continue };
            if set.keys.insert(kid.clone(), (algorithm, key)).is_some() {
                return Err(JwksError::Ambiguous(kid));
            }
            set.known_as.insert(kid, jwk);
        }
        if set.keys.is_empty() { Err(JwksError::NoUsableKey) } else { Ok(set) }
    }

    /// The key with this id, and the one algorithm it is for.
    pub(super) fn find(&self, kid: &str) -> Option<(Algorithm, &DecodingKey)> {
        self.keys.get(kid).map(|(algorithm, key)| (*algorithm, key))
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }
}

/// The algorithm the key is for, when it is one we allow. Symmetric keys never are: whoever could read
/// the key set could sign with them.
fn algorithm_of(jwk: &Jwk) -> Option<Algorithm> {
    if jwk.common.public_key_use.as_ref().is_some_and(|usage| *usage != PublicKeyUse::Signature) {
        return None;
    }
    let (algorithm, declared) = match &jwk.algorithm {
        AlgorithmParameters::RSA(key) if key.n.len() >= RSA_MODULUS_TEXT_LEN_MIN => {
            (Algorithm::RS256, KeyAlgorithm::RS256)
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    jwk.common.key_algorithm.is_none_or(|named| named == declared).then_some(algorithm)
}

#[cfg(test)]
mod tests {
    use super::{JwksError, JwksSource};
    use std::io::{Read as _, Write as _};

    const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    /// An address that gives this answer to one request.
    fn answering(answer: String) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a request");
            let _ = stream.read(&mut [0; 4096]).expect("a request");
            // The client hangs up in the middle of an answer that is too long.
            let _ = stream.write_all(answer.as_bytes());
        });
        format!("http://{address}/jwks")
    }

    fn ok(body: &str) -> String {
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    }

    #[tokio::test]
    async fn keys_are_fetched_from_this_machine() {
        let keys = JwksSource::Url(answering(ok(KEYS))).read().await.expect("a key set");
        assert!(keys.find("a").is_some() && keys.len() == 1);
    }

    #[tokio::test]
    async fn errors_redirects_and_endless_answers_give_no_keys() {
        let elsewhere = answering(ok(KEYS));
        let redirect = format!("HTTP/1.1 302 Found\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\n\r\n");
        assert!(JwksSource::Url(answering(redirect)).read().await.is_err(), "a redirect was followed");
        let failure = "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n".to_owned();
        assert!(matches!(JwksSource::Url(answering(failure)).read().await, Err(JwksError::Fetch { .. })));
        let endless = ok(&" ".repeat(1024 * 1024));
        assert!(matches!(JwksSource::Url(answering(endless)).read().await, Err(JwksError::TooLong)));
    }
}
