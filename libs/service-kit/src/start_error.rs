//! Why a service did not start, or stopped.

use std::error::Error;
use std::fmt;

type Cause = Box<dyn Error + Send + Sync>;

/// Says what could not be done and why, the whole chain in one line: it is shown to a person who has just
/// started a program. That is why it has no `source` of its own.
pub struct StartError {
    what: String,
    cause: Option<Cause>,
}

impl StartError {
    /// `cannot <what>`, with the reason in `what` itself.
    pub fn new(what: impl Into<String>) -> StartError {
        StartError { what: what.into(), cause: None }
    }

    /// `cannot <what>`, because of `cause`.
    pub fn because(what: impl Into<String>, cause: impl Into<Cause>) -> StartError {
        StartError { what: what.into(), cause: Some(cause.into()) }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}", self.what)?;
        let mut cause = self.cause.as_deref().map(|error| error as &dyn Error);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// The same line, so that a `main` that returns the error shows it readably.
impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for StartError {}

#[cfg(test)]
mod tests {
    use super::StartError;

    #[test]
    fn the_message_holds_the_whole_chain_once() {
        let cause = std::io::Error::other("no space left");
        let inner = StartError::because("write the key", cause);
        let error = StartError::because("start asset", inner);
        assert_eq!(error.to_string(), "cannot start asset: cannot write the key: no space left");
        assert_eq!(format!("{error:?}"), error.to_string());
    }
}
