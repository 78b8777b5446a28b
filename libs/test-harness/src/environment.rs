//! What each program finds in its environment: everything by `BURSAR_…`, nothing from ours but what a process needs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use auth::jwt::{DEV_AUDIENCE, DEV_ISSUER, DEV_ROLES_CLAIM};
use bursar::sandbox_control::SandboxControl;
use bursar::suite::OPERATOR_KEY_REFERENCE;
use pg::DbConfig;
use pg::embedded::Cluster;

use crate::error::HarnessError;
use crate::ports;
use crate::program::Program;

/// Variables of ours that programs get too.
const INHERITED: [&str; 4] = ["PATH", "HOME", "RUST_BACKTRACE", "BURSAR_LOG"];
const DATABASE_CONNECTIONS: &str = "12";

/// Where each program listens.
pub(crate) struct Ports {
    programs: BTreeMap<Program, u16>,
    nodes: [u16; 2],
    replicas: [u16; 2],
    mirror: u16,
}

/// The environment of every program.
pub(crate) struct Environment {
    ports: Ports,
    funding_keys: PathBuf,
    variables: BTreeMap<Program, BTreeMap<String, String>>,
}

impl Ports {
    pub(crate) fn choose() -> Result<Ports, HarnessError> {
        let mut programs = BTreeMap::new();
        for program in Program::USUAL.into_iter().chain(Program::SECONDS) {
            programs.insert(program, ports::free()?);
        }
        let nodes = [ports::free()?, ports::free()?];
        Ok(Ports { programs, nodes, replicas: [ports::free()?, ports::free()?], mirror: ports::free()? })
    }

    fn url(&self, program: Program) -> String {
        let port = self.programs.get(&program).copied().unwrap_or_default();
        format!("http://127.0.0.1:{port}")
    }
}

impl Environment {
    pub(crate) async fn new(
        dir: &Path,
        ports: Ports,
        cluster: &Cluster,
    ) -> Result<Environment, HarnessError> {
        let mut environment =
            Environment { ports, funding_keys: dir.join("funding-keys"), variables: BTreeMap::new() };
        std::fs::create_dir_all(&environment.funding_keys)?;
        for program in Program::USUAL.into_iter().chain(Program::SECONDS) {
            let common =
                INHERITED.into_iter().filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
            environment.variables.insert(program, common.collect());
            // Logs are read in files.
            environment.set(program, "NO_COLOR", "1");
        }
        environment.configure_sandbox(dir);
        for program in Program::USUAL.into_iter().chain(Program::SECONDS) {
            if program != Program::Sandbox {
                let db = cluster.provision(program.service()).await?;
                environment.configure_service(program, dir, &db);
            }
        }
        environment.configure_gateway(dir);
        for program in [Program::Execution, Program::SecondExecution] {
            environment.configure_execution(program);
        }
        Ok(environment)
    }

    /// Where a program serves; the sandbox's control API.
    pub(crate) fn url(&self, program: Program) -> String {
        self.ports.url(program)
    }

    pub(crate) fn of(&self, program: Program) -> impl Iterator<Item = (&String, &String)> {
        self.variables.get(&program).into_iter().flatten()
    }

    pub(crate) fn set(&mut self, program: Program, name: &str, value: &str) {
        self.variables.entry(program).or_default().insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn unset(&mut self, program: Program, name: &str) {
        self.variables.entry(program).or_default().remove(name);
    }

    /// Puts the simulated operator's key where execution looks for keys.
    pub(crate) async fn keep_operator_key(&self, control: &SandboxControl) -> Result<(), HarnessError> {
        let key = control.network().await?.operator.private_key_der;
        Ok(std::fs::write(self.funding_keys.join(format!("{OPERATOR_KEY_REFERENCE}.key")), key)?)
    }

    fn configure_sandbox(&mut self, dir: &Path) {
        let pair = |ports: [u16; 2]| format!("{},{}", ports[0], ports[1]);
        let control = self.ports.programs.get(&Program::Sandbox).copied().unwrap_or_default();
        let values = [
            ("BURSAR_SANDBOX_DATA", dir.join("sandbox").display().to_string()),
            ("BURSAR_SANDBOX_CONTROL_PORT", control.to_string()),
            ("BURSAR_SANDBOX_NODE_PORTS", pair(self.ports.nodes)),
            ("BURSAR_SANDBOX_REPLICA_PORTS", pair(self.ports.replicas)),
            ("BURSAR_SANDBOX_MIRROR_PORT", self.ports.mirror.to_string()),
        ];
        self.set_all(Program::Sandbox, &values);
    }

    fn configure_service(&mut self, program: Program, dir: &Path, db: &DbConfig) {
        let url = |program| self.ports.url(program);
        let values = [
            ("BURSAR_LISTEN", url(program).replace("http://", "")),
            ("BURSAR_DATABASE_URL", db.url.clone()),
            ("BURSAR_DATABASE_OWNER_URL", db.owner_url.clone()),
            ("BURSAR_DATABASE_CONNECTIONS", DATABASE_CONNECTIONS.to_owned()),
            ("BURSAR_KEYS_DIR", dir.join("keys").display().to_string()),
            ("BURSAR_NETWORK", "sandbox".to_owned()),
            ("BURSAR_MIRROR_URL", format!("http://127.0.0.1:{}", self.ports.mirror)),
            ("BURSAR_ASSET_URL", url(Program::Asset)),
            ("BURSAR_HOLDER_URL", url(Program::HolderSync)),
            ("BURSAR_DISTRIBUTION_URL", url(Program::Distribution)),
            ("BURSAR_EXECUTION_URL", url(Program::Execution)),
        ];
        self.set_all(program, &values);
    }

    fn configure_gateway(&mut self, dir: &Path) {
        let values = [
            ("BURSAR_JWKS", dir.join("issuer.jwks.json").display().to_string()),
            ("BURSAR_ISSUER", DEV_ISSUER.to_owned()),
            ("BURSAR_AUDIENCE", DEV_AUDIENCE.to_owned()),
            ("BURSAR_ROLES_CLAIM", DEV_ROLES_CLAIM.to_owned()),
        ];
        self.set_all(Program::Gateway, &values);
    }

    /// Short windows and leases: what waits for minutes in production waits for seconds here.
    fn configure_execution(&mut self, program: Program) {
        let [first, second] = self.ports.nodes;
        let values = [
            (
                "BURSAR_HEDERA_NODES",
                format!("0.0.3=http://127.0.0.1:{first},0.0.4=http://127.0.0.1:{second}"),
            ),
            ("BURSAR_FUNDING_KEYS_DIR", self.funding_keys.display().to_string()),
            ("BURSAR_VALID_DURATION_S", "15".to_owned()),
            ("BURSAR_CLOCK_SKEW_S", "1".to_owned()),
            ("BURSAR_ABSENCE_MARGIN_S", "2".to_owned()),
            ("BURSAR_LEASE_MS", "3000".to_owned()),
            ("BURSAR_RECEIPT_PATIENCE_MS", "1000".to_owned()),
            ("BURSAR_POLL_MS", "200".to_owned()),
            ("BURSAR_NODE_DEADLINE_MS", "1000".to_owned()),
            ("BURSAR_IDLE_MS", "50".to_owned()),
            ("BURSAR_TRANSACTIONS_PER_SECOND", "0".to_owned()),
        ];
        self.set_all(program, &values);
    }

    fn set_all(&mut self, program: Program, values: &[(&str, String)]) {
        for (name, value) in values {
            self.set(program, name, value);
        }
    }
}
