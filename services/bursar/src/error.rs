//! Why a command failed, in words for the person who gave it.

use std::io;

use tonic::Status;

use crate::edge::{self, EdgeError};
use crate::suite::{DataDirError, NetworkError, SuiteError};

/// A command's failure. The program prints it and ends with a code other than zero.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A service refused, or could not be reached.
    #[error("{}", edge::explain(.0))]
    Refused(#[from] Box<Status>),
    /// There is no connection to the gateway.
    #[error(transparent)]
    Edge(#[from] EdgeError),
    /// What was typed is wrong.
    #[error("{0}")]
    Input(String),
    /// The suite did not start, or stopped by itself.
    #[error(transparent)]
    Suite(#[from] SuiteError),
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(#[from] DataDirError),
    /// The network does not fit.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Something did not happen in time.
    #[error("{what} did not happen within {seconds} s")]
    Deadline {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
    },
    /// An answer was not what the contract promises.
    #[error("unexpected answer: {0}")]
    Unexpected(String),
    /// The sandbox's control API failed.
    #[error(transparent)]
    Sandbox(#[from] crate::sandbox_control::ControlError),
    /// Our record and the rail's ledger disagree, or the demonstration did not come to its end.
    #[error("{0}")]
    Disagreement(String),
    /// So many problems were found.
    #[error("{0} problems, each with what to do")]
    Unwell(usize),
    /// Output could not be written.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
    /// A CSV file could not be written.
    #[error("cannot write: {0}")]
    Csv(#[from] csv::Error),
}

impl From<Status> for CommandError {
    fn from(status: Status) -> CommandError {
        CommandError::Refused(Box::new(status))
    }
}

impl CommandError {
    /// The contract promises this field in every answer.
    pub fn missing(field: &'static str) -> CommandError {
        CommandError::Unexpected(format!("it has no {field}"))
    }

    /// What was typed is wrong.
    pub fn input(message: impl Into<String>) -> CommandError {
        CommandError::Input(message.into())
    }
}
