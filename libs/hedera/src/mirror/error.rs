//! Why a mirror node gave no usable answer. None of these says anything about the ledger.

/// A read that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MirrorError {
    /// The configured address is not a plain `http://` or `https://` URL.
    #[error("the mirror node's URL is invalid: {0}")]
    Url(String),
    /// Busy or away, also after retries.
    #[error("the mirror node gave no answer in {attempts} attempts; last: {cause}")]
    Unavailable {
        /// How many requests were made.
        attempts: u32,
        /// What the last one met.
        cause: String,
    },
    /// It does not know the entity.
    #[error("the mirror node does not know {0}")]
    NotFound(String),
    /// It refused the request: a mistake of ours, or an API that changed.
    #[error("the mirror node refused {path} with HTTP status {status}")]
    Refused {
        /// What was asked.
        path: String,
        /// The HTTP status.
        status: u16,
    },
    /// The answer is not what the API promises.
    #[error("the mirror node's answer to {path} is malformed: {cause}")]
    Malformed {
        /// What was asked.
        path: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The answer is larger than is read.
    #[error("the mirror node's answer to {path} exceeds {limit} bytes")]
    TooLarge {
        /// What was asked.
        path: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// A list that does not end within the limit.
    #[error("the mirror node's list {path} did not end within {pages} pages")]
    Endless {
        /// The list.
        path: String,
        /// How many pages were read.
        pages: u32,
    },
    /// More entities were asked for at once than one request takes.
    #[error("{0} entities asked for at once")]
    BatchTooLarge(usize),
}

impl MirrorError {
    /// A stable name in `UPPER_SNAKE_CASE`.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Url(_) => "MIRROR_URL_INVALID",
            Self::Unavailable { .. } => "MIRROR_UNAVAILABLE",
            Self::NotFound(_) => "MIRROR_NOT_FOUND",
            Self::Refused { .. } => "MIRROR_REFUSED",
            Self::Malformed { .. } => "MIRROR_MALFORMED",
            Self::TooLarge { .. } => "MIRROR_ANSWER_TOO_LARGE",
            Self::Endless { .. } => "MIRROR_LIST_ENDLESS",
            Self::BatchTooLarge(_) => "MIRROR_BATCH_TOO_LARGE",
        }
    }

    pub(super) fn malformed(path: &str, cause: impl std::fmt::Display) -> Self {
        Self::Malformed { path: path.to_owned(), cause: crate::time::shorten(&cause.to_string()) }
    }
}
