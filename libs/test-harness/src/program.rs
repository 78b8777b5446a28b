//! The programs of an installation: their binaries, and how the environment configures them.

use std::path::PathBuf;

use crate::build;
use crate::error::HarnessError;

/// A process of the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// The simulated network.
    Sandbox,
    /// Paying.
    Execution,
    /// A second process that pays, on the same database.
    SecondExecution,
    /// Who holds what.
    HolderSync,
    /// What can be paid on.
    Asset,
    /// Who is owed what.
    Distribution,
    /// A second process that fires schedules and works on distributions, on the same database.
    SecondDistribution,
    /// The edge.
    Gateway,
}

impl Program {
    /// Those that run unless a test says otherwise, each after those it calls.
    pub const USUAL: [Program; 6] = [
        Program::Sandbox,
        Program::Execution,
        Program::HolderSync,
        Program::Asset,
        Program::Distribution,
        Program::Gateway,
    ];

    /// Those that a test starts besides, each on the database of the first.
    pub(crate) const SECONDS: [Program; 2] = [Program::SecondExecution, Program::SecondDistribution];

    /// The name of its service, which is the name of its database and keys.
    pub fn service(self) -> &'static str {
        match self {
            Program::Sandbox => "sandbox",
            Program::Execution | Program::SecondExecution => "execution",
            Program::HolderSync => "holder-sync",
            Program::Asset => "asset",
            Program::Distribution | Program::SecondDistribution => "distribution",
            Program::Gateway => "gateway",
        }
    }

    /// The name of its log.
    pub(crate) fn log(self) -> &'static str {
        match self {
            Program::SecondExecution => "execution-2.log",
            Program::SecondDistribution => "distribution-2.log",
            Program::Sandbox => "sandbox.log",
            Program::Execution => "execution.log",
            Program::HolderSync => "holder-sync.log",
            Program::Asset => "asset.log",
            Program::Distribution => "distribution.log",
            Program::Gateway => "gateway.log",
        }
    }

    /// Its binary, of the source as it is now.
    pub fn built(self) -> Result<PathBuf, HarnessError> {
        build::programs()?;
        self.binary()
    }

    /// Its binary, in the folder of [`build::folder`].
    pub(crate) fn binary(self) -> Result<PathBuf, HarnessError> {
        let binary = build::folder()?.join(format!("bursar-{}", self.service()));
        if binary.is_file() { Ok(binary) } else { Err(HarnessError::NotBuilt(binary)) }
    }
}
