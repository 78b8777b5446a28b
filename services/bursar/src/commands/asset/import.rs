//! `bursar asset import`.

use prost_types::Timestamp;
use proto::asset::v1::{AssetType, BondTerms, ImportAssetRequest};

use super::nominal::{self, Nominal};
use crate::edge::json;
use crate::error::CommandError;
use crate::output::table::table;
use crate::session::Session;
use crate::time;

/// Import a token and start the first sync of its holders.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The token's id on the network ("0.0.456858").
    token_id: String,
    /// What the token stands for.
    #[arg(long = "type", value_enum)]
    kind: Kind,
    /// Bonds: principal of one whole token, as in 1000.00.
    #[arg(long, value_name = "AMOUNT", requires = "currency")]
    nominal: Option<String>,
    /// Bonds: the principal's currency: EUR, hbar or the id of an accepted payment token.
    #[arg(long, requires = "nominal")]
    currency: Option<Nominal>,
    /// Bonds: when the principal is due, as in 2031-06-30T00:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    maturity: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    Equity,
    Bond,
    Other,
}

impl Import {
    /// Imports, and prints the asset.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let terms = match (self.nominal, self.currency) {
            (Some(amount), Some(currency)) => Some(BondTerms {
                nominal_value: Some(nominal::amount(session, &amount, &currency).await?),
                maturity_time: self.maturity,
            }),
            _ => {
                self.maturity.map(|maturity| BondTerms { nominal_value: None, maturity_time: Some(maturity) })
            }
        };
        let kind = match self.kind {
            Kind::Equity => AssetType::Equity,
            Kind::Bond => AssetType::Bond,
            Kind::Other => AssetType::Other,
        };
        let request = ImportAssetRequest { token_id: self.token_id, r#type: kind.into(), bond_terms: terms };
        let answer = session.edge.assets().import_asset(request).await?.into_inner();
        let asset = answer.asset.ok_or(CommandError::missing("asset"))?;
        let text = || table(&super::COLUMNS, [super::row(&asset)]);
        Ok(session.screen.answer(|| json::of("bursar.asset.v1.Asset", &asset), text)?)
    }
}
