//! The asset service: what is paid on, and in what.

use auth::Actor;
use ids::AssetId;
use money::{Amount, AssetCode, AssetKind, Units};
use proto::asset::v1 as pb;
use proto::asset::v1::asset_service_client::AssetServiceClient;
use proto::asset::v1::payment_token_service_client::PaymentTokenServiceClient;
use service_kit::client::Peer;

use super::{PeerError, READ_DEADLINE};
use crate::domain::account::Account;
use crate::domain::kind::AssetType;
use crate::domain::redemption::Bond;
use crate::time;

/// What a distribution has to know of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssetFacts {
    /// What it is.
    pub asset_type: AssetType,
    /// It takes no distribution and executes none.
    pub paused: bool,
    /// The token's treasury.
    pub treasury: Account,
    /// Of a bond.
    pub bond: Option<Bond>,
}

/// What a distribution has to know of an accepted payment token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PaymentTokenFacts {
    /// Decimals of one whole token.
    pub decimals: u8,
}

/// Calls to the asset service, on behalf of whoever acts.
#[derive(Clone, Debug)]
pub(crate) struct Assets {
    peer: Peer,
}

impl Assets {
    /// The asset service behind `peer`.
    pub(crate) fn new(peer: Peer) -> Self {
        Self { peer }
    }

    /// One asset; none when there is no such asset.
    pub(crate) async fn asset(&self, actor: &Actor, id: AssetId) -> Result<Option<AssetFacts>, PeerError> {
        let call = "GetAsset";
        let answer = self
            .peer
            .retry_read(|| {
                let message = pb::GetAssetRequest { asset_id: id.to_string() };
                let request = self.peer.request(message, actor, READ_DEADLINE);
                let mut client = AssetServiceClient::new(self.peer.channel());
                async move { client.get_asset(request).await }
            })
            .await
            .map_err(PeerError::of(&self.peer, call));
        let asset = match answer {
            Err(error) if error.is_not_found() => return Ok(None),
            answer => answer?.into_inner().asset,
        };
        let facts = asset.as_ref().and_then(facts);
        facts
            .map(Some)
            .ok_or_else(|| PeerError::malformed(&self.peer, call, "no type, treasury or bond terms"))
    }

    /// One payment token; none when it is not accepted.
    pub(crate) async fn payment_token(
        &self,
        actor: &Actor,
        code: &AssetCode,
    ) -> Result<Option<PaymentTokenFacts>, PeerError> {
        let call = "GetPaymentToken";
        let token = match code.parts() {
            AssetKind::Hbar { .. } => "hbar",
            AssetKind::Token { token, .. } => token,
            AssetKind::Fiat { .. } => return Ok(None),
        };
        let answer = self
            .peer
            .retry_read(|| {
                let message = pb::GetPaymentTokenRequest { token: token.to_owned() };
                let request = self.peer.request(message, actor, READ_DEADLINE);
                let mut client = PaymentTokenServiceClient::new(self.peer.channel());
                async move { client.get_payment_token(request).await }
            })
            .await
            .map_err(PeerError::of(&self.peer, call));
        let token = match answer {
            Err(error) if error.is_not_found() => return Ok(None),
            answer => answer?.into_inner().payment_token,
        };
        let same = token.filter(|token| token.code == code.as_str());
        let decimals = same.and_then(|token| u8::try_from(token.decimals).ok());
        let facts = decimals.map(|decimals| PaymentTokenFacts { decimals });
        facts.map(Some).ok_or_else(|| PeerError::malformed(&self.peer, call, "another token or no decimals"))
    }
}

fn facts(asset: &pb::Asset) -> Option<AssetFacts> {
    let asset_type = match asset.r#type() {
        pb::AssetType::Unspecified => return None,
        pb::AssetType::Equity => AssetType::Equity,
        pb::AssetType::Bond => AssetType::Bond,
        pb::AssetType::Other => AssetType::Other,
    };
    let treasury = asset.token.as_ref()?.treasury_account.parse().ok()?;
    let bond = match (asset_type, &asset.bond_terms) {
        (AssetType::Bond, terms) => Some(bond(terms.as_ref()?)?),
        (AssetType::Equity | AssetType::Other, _) => None,
    };
    Some(AssetFacts { asset_type, paused: asset.paused, treasury, bond })
}

fn bond(terms: &pb::BondTerms) -> Option<Bond> {
    let nominal = terms.nominal_value.as_ref()?;
    let Units(units) = nominal.units.parse().ok()?;
    let nominal = Amount { units, asset: nominal.asset.parse().ok()? };
    Some(Bond { nominal, maturity_ns: time::nanos(terms.maturity_time.as_ref()?)? })
}
