//! How an operator's command reaches the gateway: by address and token, or by the folder of a running `bursar up`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use auth::jwt::DevIssuer;
use auth::{Role, RoleSet};

use crate::edge::{Credentials, Edge, EdgeError};
use crate::error::CommandError;
use crate::output::Screen;
use crate::suite::{Addresses, Layout, running};

/// The folder when none is given; the project's `.gitignore` knows it.
pub const DATA_DEFAULT: &str = ".bursar";
/// In whose name a command acts that minted its own token.
const SUBJECT: &str = "operator";
/// A watch may take long; its stream ends when the token does.
const TOKEN_LIFETIME: Duration = Duration::from_hours(12);

/// Settings that every command understands.
#[derive(Clone, Debug, clap::Args)]
pub struct Globals {
    /// Address of the gateway (http://host:port).
    #[arg(long, global = true, env = "BURSAR_GATEWAY", value_name = "URL")]
    pub gateway: Option<String>,
    /// Token to show to the gateway.
    #[arg(long, global = true, env = "BURSAR_TOKEN", hide_env_values = true, value_name = "JWT")]
    pub token: Option<String>,
    /// Folder of an installation. A command that is given no gateway finds the one that runs here and mints its own
    /// token.
    #[arg(long, global = true, env = "BURSAR_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Key that makes repeating this very command harmless; a new one when absent.
    #[arg(long, global = true, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// Print results as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// Print of the result only its id, of a list one a line.
    #[arg(long, short, global = true, conflicts_with = "json")]
    pub quiet: bool,
}

impl Globals {
    /// The folder given, or the usual one.
    pub fn data_dir(&self) -> &Path {
        self.data.as_deref().unwrap_or(Path::new(DATA_DEFAULT))
    }
}

/// A command's way to the gateway and to the person.
#[derive(Clone, Debug)]
pub struct Session {
    /// The gateway.
    pub edge: Edge,
    /// The person, or the program that reads us.
    pub screen: Screen,
}

impl Session {
    /// Connects as the settings say.
    pub async fn open(globals: &Globals) -> Result<Session, CommandError> {
        let (address, token) = match (&globals.gateway, &globals.token) {
            (Some(address), Some(token)) => (address.clone(), token.clone()),
            (None, Some(token)) => (find_gateway(globals)?, token.clone()),
            (Some(address), None) => (address.clone(), mint(globals)?),
            (None, None) => (find_gateway(globals)?, mint(globals)?),
        };
        let mut credentials = Credentials::bearer(&token).map_err(EdgeError::from)?;
        if let Some(key) = &globals.idempotency_key {
            credentials = credentials.with_idempotency_key(key).map_err(EdgeError::from)?;
        }
        let edge = Edge::connect(&address, credentials).await?;
        Ok(Session { edge, screen: Screen::of(globals) })
    }
}

fn find_gateway(globals: &Globals) -> Result<String, CommandError> {
    Ok(running_here(globals)?.gateway)
}

/// Where the suite is that runs on the folder.
pub fn running_here(globals: &Globals) -> Result<Addresses, CommandError> {
    let data = globals.data_dir();
    running(&Layout::new(data))?.ok_or_else(|| {
        let data = data.display();
        CommandError::input(format!(
            "no bursar runs on {data}: start one with `bursar up --data {data}`, or give --gateway and --token"
        ))
    })
}

fn mint(globals: &Globals) -> Result<String, CommandError> {
    let data = globals.data_dir();
    let issuer = issuer_of(data)?;
    Ok(issuer.token(SUBJECT, everything(), TOKEN_LIFETIME))
}

/// The issuer of development tokens of an installation that is there.
pub fn issuer_of(data: &Path) -> Result<DevIssuer, CommandError> {
    let key = Layout::new(data).issuer_key();
    if !key.exists() {
        let data = data.display();
        return Err(CommandError::input(format!(
            "{data} is no installation of bursar: make one with `bursar up --data {data}`, or give --gateway and --token"
        )));
    }
    DevIssuer::load_or_create(&key).map_err(|error| CommandError::input(error.to_string()))
}

/// Every role that people have; a partner sees only what is its own.
fn everything() -> RoleSet {
    Role::ALL.into_iter().filter(|role| *role != Role::Partner).fold(RoleSet::EMPTY, RoleSet::with)
}
