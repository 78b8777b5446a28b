//! The strict reading of an id's text.

use uuid::Uuid;

/// The hexadecimal digits of a UUID.
const HEX_DIGITS: usize = 32;

/// The text is not an id of the expected kind. The text itself is not repeated: it may be anything a caller sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `{form}`")]
pub struct ParseIdError {
    form: &'static str,
}

impl ParseIdError {
    pub(crate) fn expected(form: &'static str) -> Self {
        Self { form }
    }

    /// How the expected text looks, for example `run_<32 lowercase hex digits>`.
    pub fn form(&self) -> &'static str {
        self.form
    }
}

/// The UUID after `<prefix>_`, or nothing when the text is anything but the canonical one.
pub(crate) fn uuid_after(prefix: &str, text: &str) -> Option<Uuid> {
    let digits = text.strip_prefix(prefix)?.strip_prefix('_')?;
    // `Uuid` would also read uppercase, hyphens and braces: then one id had many texts.
    let canonical =
        digits.len() == HEX_DIGITS && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    canonical.then(|| Uuid::try_parse(digits).ok()).flatten()
}
