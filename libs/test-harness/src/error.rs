//! Why a test cannot go on.

use std::path::PathBuf;

use bursar::edge::{CredentialsError, EdgeError};
use bursar::error::CommandError;
use bursar::sandbox_control::ControlError;
use bursar::suite::SuiteError;

use crate::program::Program;

/// The system under test could not be brought to where the test begins.
#[derive(Debug, thiserror::Error)]
pub enum HarnessError {
    /// The suite does not run.
    #[error(transparent)]
    Suite(#[from] SuiteError),
    /// The database does not run.
    #[error(transparent)]
    Database(#[from] pg::embedded::EmbeddedError),
    /// A key cannot be made.
    #[error(transparent)]
    Keys(#[from] auth::keys::KeyError),
    /// The gateway cannot be reached.
    #[error(transparent)]
    Edge(#[from] EdgeError),
    /// The sandbox refused.
    #[error(transparent)]
    Sandbox(#[from] ControlError),
    /// A service refused.
    #[error("{}", bursar::edge::explain(.0))]
    Refused(#[from] Box<tonic::Status>),
    /// A step of the main job failed.
    #[error(transparent)]
    Step(#[from] CommandError),
    /// A program was not built.
    #[error("{0} is not there")]
    NotBuilt(PathBuf),
    /// The programs cannot be built.
    #[error("the programs cannot be built:\n{0}")]
    Build(String),
    /// A program ended, or never became ready; `log` is the end of its log.
    #[error("{program:?} {what}; the end of its log:\n{log}")]
    Process {
        /// Which.
        program: Program,
        /// What it did.
        what: String,
        /// The last lines of its log.
        log: String,
    },
    /// Something did not happen in time.
    #[error("{what} did not happen within {seconds} s")]
    Deadline {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
    },
    /// A file or process operation failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl From<tonic::Status> for HarnessError {
    fn from(status: tonic::Status) -> HarnessError {
        HarnessError::Refused(Box::new(status))
    }
}

impl From<CredentialsError> for HarnessError {
    fn from(error: CredentialsError) -> HarnessError {
        HarnessError::Edge(error.into())
    }
}
