//! `bursar sandbox token`.

use crate::demo::Holders;
use crate::error::CommandError;
use crate::output::Screen;
use crate::output::table::table;
use crate::sandbox_control::SandboxControl;

/// Make a token with holders on the simulated network.
#[derive(Debug, clap::Args)]
pub struct Token {
    /// How many holders to generate, or a CSV file (address,balance in smallest units).
    #[arg(long, value_name = "N|FILE", default_value = "500")]
    holders: Holders,
    /// The token's name.
    #[arg(long, default_value = "Acme Share")]
    name: String,
    /// Its ticker symbol.
    #[arg(long, default_value = "ACME")]
    symbol: String,
    /// Decimals of one whole token.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(..=38))]
    decimals: u8,
}

impl Token {
    /// Makes it, and prints it.
    pub async fn run(self, control: &SandboxControl, screen: Screen) -> Result<(), CommandError> {
        let decimals = self.decimals.to_string();
        let query =
            [("name", self.name.as_str()), ("symbol", self.symbol.as_str()), ("decimals", decimals.as_str())];
        let made = control.create_token_with_file(&query, self.holders.csv()?).await?;
        let json = || {
            serde_json::json!({
                "id": made.token_id, "supply": made.supply, "holders": made.holders, "name": self.name,
                "symbol": self.symbol, "decimals": self.decimals,
            })
        };
        let row = [made.token_id.clone(), self.symbol.clone(), made.holders.to_string(), made.supply.clone()];
        let text = || table(&["TOKEN", "SYMBOL", "HOLDERS", "SUPPLY"], [row.to_vec()]);
        Ok(screen.answer(json, text)?)
    }
}
