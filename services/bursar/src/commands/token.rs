//! `bursar token`: mints a development token.

use std::time::Duration;

use auth::{Role, RoleSet};

use crate::error::CommandError;
use crate::output::Screen;
use crate::session::{Globals, issuer_of};

/// Mint a development token for the installation in a folder.
#[derive(Debug, clap::Args)]
pub struct Token {
    /// What the token's subject may do (PAYOUT, ADMIN, VIEWER, …); repeat for several.
    #[arg(long, required = true, value_name = "ROLE")]
    role: Vec<Role>,
    /// Whom the token speaks for.
    #[arg(long, default_value = "developer")]
    subject: String,
    /// How long it is good for, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    ttl: u64,
}

impl Token {
    /// Prints the token and nothing else.
    pub fn run(self, globals: &Globals) -> Result<(), CommandError> {
        let issuer = issuer_of(globals.data_dir())?;
        let roles = self.role.into_iter().fold(RoleSet::EMPTY, RoleSet::with);
        let token = issuer.token(&self.subject, roles, Duration::from_secs(self.ttl));
        let json = || serde_json::json!({ "token": token, "expires_in": self.ttl });
        Ok(Screen::of(globals).answer(json, || token.clone())?)
    }
}
