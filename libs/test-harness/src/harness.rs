//! The suite in this process, on a folder that is removed afterwards.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use auth::Role;
use bursar::edge::{Credentials, Edge};
use bursar::sandbox_control::SandboxControl;
use bursar::suite::{Suite, SuiteConfig};
use pg::embedded::Durability;
use tempfile::TempDir;

use crate::error::HarnessError;

const TOKEN_LIFETIME: Duration = Duration::from_hours(1);

/// A running suite with a sandbox. Tests need the multi-threaded runtime.
pub struct Harness {
    suite: Suite,
    config: SuiteConfig,
    dir: TempDir,
}

/// Short windows and pauses: what waits for minutes in production waits for seconds here.
pub fn fast(config: SuiteConfig) -> SuiteConfig {
    SuiteConfig { durability: Durability::Test, ..bursar::demo::tuned(config) }
}

impl Harness {
    /// Starts one that is fast and keeps nothing.
    pub async fn start() -> Result<Harness, HarnessError> {
        Harness::start_with(fast).await
    }

    /// Starts one that is configured by `adjust`, which is given the defaults on the sandbox.
    pub async fn start_with(
        adjust: impl FnOnce(SuiteConfig) -> SuiteConfig,
    ) -> Result<Harness, HarnessError> {
        let dir = folder()?;
        let config = adjust(SuiteConfig::new(dir.path()).on_sandbox());
        let suite = Suite::start(config.clone()).await?;
        Ok(Harness { suite, config, dir })
    }

    /// Stops it, and starts it again on the same folder.
    pub async fn restart(self) -> Result<Harness, HarnessError> {
        let Harness { suite, config, dir } = self;
        suite.stop().await?;
        let suite = Suite::start(config.clone()).await?;
        Ok(Harness { suite, config, dir })
    }

    /// Stops it and removes its folder.
    pub async fn stop(self) -> Result<(), HarnessError> {
        self.suite.stop().await?;
        Ok(self.dir.close()?)
    }

    /// What runs.
    pub fn suite(&self) -> &Suite {
        &self.suite
    }

    /// Address of the gateway.
    pub fn gateway(&self) -> &str {
        &self.suite.addresses().gateway
    }

    /// A token of `subject` with these roles.
    pub fn token(&self, subject: &str, roles: &[Role]) -> String {
        self.suite.token(subject, roles, TOKEN_LIFETIME)
    }

    /// Typed clients of `subject` with these roles, through the gateway.
    pub async fn edge(&self, subject: &str, roles: &[Role]) -> Result<Edge, HarnessError> {
        Ok(self.suite.edge(subject, roles, TOKEN_LIFETIME).await?)
    }

    /// Typed clients of somebody without a token.
    pub async fn anonymous(&self) -> Result<Edge, HarnessError> {
        Ok(Edge::connect(self.gateway(), Credentials::anonymous()).await?)
    }

    /// The sandbox's control API.
    pub fn control(&self) -> Result<SandboxControl, HarnessError> {
        let url = self.suite.addresses().sandbox_control.as_deref().unwrap_or_default();
        Ok(SandboxControl::new(url)?)
    }
}

/// A temporary folder the database's account can pass through when we are root.
pub(crate) fn folder() -> Result<TempDir, HarnessError> {
    let mut builder = tempfile::Builder::new();
    Ok(builder.prefix("bursar-test-").permissions(Permissions::from_mode(0o755)).tempdir()?)
}
