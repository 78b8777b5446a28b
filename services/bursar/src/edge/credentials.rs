//! What every call carries: who calls, and a key that makes repeating it harmless.

use ids::{IdSource as _, SystemIds};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::{Request, Status};

const AUTHORIZATION: &str = "authorization";
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Adds the bearer token, and an idempotency key of its own to each call that brings none.
#[derive(Clone)]
pub struct Credentials {
    bearer: Option<MetadataValue<Ascii>>,
    idempotency_key: Option<MetadataValue<Ascii>>,
}

/// The text cannot be sent as metadata.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The token has characters that no token has.
    #[error("the token is not one: it has characters other than visible ASCII")]
    Token,
    /// The key has characters that no key may have.
    #[error("an idempotency key is 1 to 128 characters of visible ASCII")]
    IdempotencyKey,
}

impl Credentials {
    /// Calls in the name of the token's subject.
    pub fn bearer(token: &str) -> Result<Credentials, CredentialsError> {
        let mut value: MetadataValue<Ascii> =
            format!("Bearer {}", token.trim()).parse().map_err(|_| CredentialsError::Token)?;
        value.set_sensitive(true);
        Ok(Credentials { bearer: Some(value), idempotency_key: None })
    }

    /// Calls in nobody's name.
    pub fn anonymous() -> Credentials {
        Credentials { bearer: None, idempotency_key: None }
    }

    /// The same, with this idempotency key on every call instead of a new one on each: for one call that repeats an
    /// earlier one.
    pub fn with_idempotency_key(mut self, key: &str) -> Result<Credentials, CredentialsError> {
        let good = (1..=128).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        let value = good.then(|| key.parse().ok()).flatten();
        self.idempotency_key = Some(value.ok_or(CredentialsError::IdempotencyKey)?);
        Ok(self)
    }

    fn key(&self) -> Option<MetadataValue<Ascii>> {
        self.idempotency_key.clone().or_else(|| SystemIds.uuid().to_string().parse().ok())
    }
}

/// The token never shows.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("bearer", &self.bearer.is_some()).finish_non_exhaustive()
    }
}

impl Interceptor for Credentials {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let metadata = request.metadata_mut();
        if let Some(bearer) = &self.bearer
            && !metadata.contains_key(AUTHORIZATION)
        {
            metadata.insert(AUTHORIZATION, bearer.clone());
        }
        if !metadata.contains_key(IDEMPOTENCY_KEY)
            && let Some(key) = self.key()
        {
            metadata.insert(IDEMPOTENCY_KEY, key);
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(credentials: &mut Credentials) -> String {
        let request = credentials.call(Request::new(())).expect("never refused");
        let key = request.metadata().get(IDEMPOTENCY_KEY).expect("always there");
        key.to_str().expect("text").to_owned()
    }

    #[test]
    fn each_call_has_a_key_of_its_own_unless_one_is_given() {
        let mut credentials = Credentials::bearer("abc").expect("a token");
        assert_ne!(key_of(&mut credentials), key_of(&mut credentials));
        let mut repeating = credentials.clone().with_idempotency_key("again").expect("a key");
        assert_eq!(
            (key_of(&mut repeating), key_of(&mut repeating)),
            ("again".to_owned(), "again".to_owned())
        );
        let mut request = Request::new(());
        request.metadata_mut().insert(IDEMPOTENCY_KEY, "mine".parse().expect("a key"));
        let request = credentials.call(request).expect("never refused");
        assert_eq!(request.metadata().get(IDEMPOTENCY_KEY).expect("kept"), "mine");
    }

    #[test]
    fn the_token_is_sent_and_never_shown() {
        let mut credentials = Credentials::bearer("s3cret\n").expect("a token");
        let request = credentials.call(Request::new(())).expect("never refused");
        assert_eq!(request.metadata().get(AUTHORIZATION).expect("sent"), "Bearer s3cret");
        assert!(!format!("{credentials:?} {request:?}").contains("s3cret"));
    }

    #[test]
    fn keys_that_no_service_takes_are_refused_here() {
        let long = "x".repeat(129);
        for bad in ["", "a b", "schlüssel", long.as_str()] {
            assert!(Credentials::anonymous().with_idempotency_key(bad).is_err(), "{bad:?}");
        }
    }
}
