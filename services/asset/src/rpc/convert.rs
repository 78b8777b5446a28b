//! Between the contract's messages and the domain.

use std::time::{Duration, SystemTime};

use auth::Actor;
use hedera::TokenId;
use ids::AssetId;
use money::{Amount, AssetCode, Network, Units};
use proto::asset::v1 as pb;
use proto::r#type::v1::Amount as PbAmount;
use service_kit::error::FieldViolations;
use service_kit::validate::{self, MALFORMED, OUT_OF_RANGE, REQUIRED};

use crate::app::{self, App};
use crate::domain::{Asset, AssetType, BondTerms, PaymentToken, SyncState, SyncSummary, Terms, TokenFacts};
use crate::error::Error;

/// A field that only some assets have is given where it must not be.
const FORBIDDEN: &str = "FORBIDDEN";
/// Longest reason of a pause or its end, in characters.
const REASON_CHARS_MAX: usize = 500;
/// The end of the year 2261: the database counts nanoseconds in 64 bits.
const SECONDS_MAX: i64 = 9_214_646_399;

/// The id of an asset.
pub(super) fn asset_id(text: &str) -> Result<AssetId, Error> {
    Ok(validate::only("asset_id", text)?)
}

/// The asset that is paused or unpaused, and why.
pub(super) fn asset_id_and_reason(asset_id: &str, reason: &str) -> Result<(AssetId, String), Error> {
    let mut violations = FieldViolations::new();
    let id = validate::parse(&mut violations, "asset_id", asset_id);
    let reason = validate::text(&mut violations, "reason", reason, REASON_CHARS_MAX);
    violations.into_result()?;
    Ok(id.zip(reason).expect("what is missing was noted as a violation"))
}

/// The id of a token that can exist.
pub(super) fn token_id(violations: &mut FieldViolations, field: &str, text: &str) -> Option<TokenId> {
    let token: TokenId = validate::parse(violations, field, text)?;
    if token.num() == 0 {
        violations.add(field, MALFORMED, "no token has the number 0");
        return None;
    }
    Some(token)
}

/// What a token is said to stand for: a bond has terms, and nothing else has.
pub(super) fn terms(
    violations: &mut FieldViolations,
    network: Network,
    asset_type: i32,
    bond: Option<pb::BondTerms>,
) -> Option<Terms> {
    match (validate::known(violations, "type", asset_type)?, bond) {
        (pb::AssetType::Unspecified, _) => {
            violations.add("type", REQUIRED, "EQUITY, BOND or OTHER");
            None
        }
        (pb::AssetType::Bond, bond) => {
            let bond = validate::required(violations, "bond_terms", bond)?;
            bond_terms(violations, network, bond).map(Terms::Bond)
        }
        (_, Some(_)) => {
            violations.add("bond_terms", FORBIDDEN, "only a bond has terms");
            None
        }
        (pb::AssetType::Equity, None) => Some(Terms::Equity),
        (pb::AssetType::Other, None) => Some(Terms::Other),
    }
}

fn bond_terms(violations: &mut FieldViolations, network: Network, bond: pb::BondTerms) -> Option<BondTerms> {
    let nominal = validate::required(violations, "bond_terms.nominal_value", bond.nominal_value);
    let nominal_value = nominal.and_then(|nominal| nominal_value(violations, network, &nominal));
    let maturity = validate::required(violations, "bond_terms.maturity_time", bond.maturity_time);
    let maturity_at = maturity.and_then(|time| moment(violations, "bond_terms.maturity_time", time));
    Some(BondTerms { nominal_value: nominal_value?, maturity_at: maturity_at? })
}

fn nominal_value(violations: &mut FieldViolations, network: Network, nominal: &PbAmount) -> Option<Amount> {
    let units: Option<Units> = validate::parse(violations, "bond_terms.nominal_value.units", &nominal.units);
    let asset: Option<AssetCode> =
        validate::parse(violations, "bond_terms.nominal_value.asset", &nominal.asset);
    let (Units(units), asset) = (units?, asset?);
    if units == 0 {
        violations.add("bond_terms.nominal_value.units", OUT_OF_RANGE, "above zero");
        return None;
    }
    if asset.network().is_some_and(|other| other != network) {
        violations.add("bond_terms.nominal_value.asset", OUT_OF_RANGE, format!("an asset on {network}"));
        return None;
    }
    Some(Amount { units, asset })
}

/// A time that the database can keep.
fn moment(violations: &mut FieldViolations, field: &str, time: prost_types::Timestamp) -> Option<SystemTime> {
    let nanos = u32::try_from(time.nanos).ok().filter(|nanos| *nanos < 1_000_000_000);
    let seconds = u64::try_from(time.seconds).ok().filter(|_| time.seconds <= SECONDS_MAX);
    let Some((seconds, nanos)) = seconds.zip(nanos) else {
        violations.add(field, OUT_OF_RANGE, "a time from 1970 to 2261");
        return None;
    };
    Some(SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos))
}

/// The type that a list is filtered by; none is all.
pub(super) fn asset_type(asset_type: pb::AssetType) -> Option<AssetType> {
    match asset_type {
        pb::AssetType::Unspecified => None,
        pb::AssetType::Equity => Some(AssetType::Equity),
        pb::AssetType::Bond => Some(AssetType::Bond),
        pb::AssetType::Other => Some(AssetType::Other),
    }
}

/// An asset without its sync, which is no part of it: see [`with_sync`].
pub(super) fn asset(asset: &Asset) -> pb::Asset {
    let pause = asset.pause.as_ref();
    let kind = match asset.terms.asset_type() {
        AssetType::Equity => pb::AssetType::Equity,
        AssetType::Bond => pb::AssetType::Bond,
        AssetType::Other => pb::AssetType::Other,
    };
    pb::Asset {
        id: asset.id.to_string(),
        token_id: asset.token_id().to_owned(),
        code: asset.code.to_string(),
        r#type: kind.into(),
        bond_terms: asset.terms.bond().map(|terms| pb::BondTerms {
            nominal_value: Some(PbAmount {
                units: terms.nominal_value.units.to_string(),
                asset: terms.nominal_value.asset.to_string(),
            }),
            maturity_time: Some(terms.maturity_at.into()),
        }),
        token: Some(token_facts(&asset.token)),
        paused: pause.is_some(),
        pause_reason: pause.map(|pause| pause.reason.clone()).unwrap_or_default(),
        paused_by: pause.map(|pause| pause.by.clone()).unwrap_or_default(),
        sync: None,
        create_time: Some(asset.created_at.into()),
        update_time: Some(asset.updated_at.into()),
    }
}

fn token_facts(facts: &TokenFacts) -> pb::TokenFacts {
    pb::TokenFacts {
        name: facts.name.clone(),
        symbol: facts.symbol.clone(),
        decimals: facts.decimals.into(),
        total_supply: facts.total_supply.to_string(),
        treasury_account: facts.treasury_account.clone(),
        has_custom_fees: facts.has_custom_fees,
        has_fee_on_receipt: facts.has_fee_on_receipt,
        has_kyc_key: facts.has_kyc_key,
        has_freeze_key: facts.has_freeze_key,
        has_pause_key: facts.has_pause_key,
        has_supply_key: facts.has_supply_key,
        network_paused: facts.network_paused,
        read_time: Some(facts.read_at.into()),
    }
}

/// Adds the current sync summaries. They are read anew for each answer, also for a repeated one.
pub(super) async fn with_sync<'a>(
    app: &App,
    actor: &Actor,
    assets: impl IntoIterator<Item = &'a mut pb::Asset>,
) {
    let known: Vec<(AssetId, &mut pb::Asset)> =
        assets.into_iter().filter_map(|asset| Some((asset.id.parse().ok()?, asset))).collect();
    let ids: Vec<AssetId> = known.iter().map(|(id, _)| *id).collect();
    let mut summaries = app::sync_summaries(app, actor, &ids).await;
    for (id, asset) in known {
        asset.sync = summaries.remove(&id).map(sync_summary);
    }
}

fn sync_summary(summary: SyncSummary) -> pb::SyncSummary {
    let state = match summary.state {
        SyncState::Pending => pb::SyncState::Pending,
        SyncState::Running => pb::SyncState::Running,
        SyncState::Succeeded => pb::SyncState::Succeeded,
        SyncState::Failed => pb::SyncState::Failed,
    };
    pb::SyncSummary {
        state: state.into(),
        synced_time: summary.synced_at.map(Into::into),
        holder_count: summary.holder_count,
        failure_reason: summary.failure_reason,
    }
}

/// A payment token.
pub(super) fn payment_token(token: &PaymentToken) -> pb::PaymentToken {
    pb::PaymentToken {
        code: token.code.to_string(),
        token_id: token.token_id().to_owned(),
        symbol: token.symbol.clone(),
        name: token.name.clone(),
        decimals: token.decimals.into(),
        added_by: token.added_by.clone(),
        create_time: Some(token.created_at.into()),
    }
}

/// A payment token as callers name it, and its code on `network`.
pub(super) fn token_ref(network: Network, text: &str) -> Result<(crate::domain::TokenRef, AssetCode), Error> {
    let mut violations = FieldViolations::new();
    let token: Option<crate::domain::TokenRef> = validate::parse(&mut violations, "token", text);
    let code = token.as_ref().and_then(|token| token.code(network).ok());
    violations.into_result()?;
    Ok(token.zip(code).expect("a token that was read has a code"))
}

#[cfg(test)]
mod tests {
    use super::{moment, terms};
    use money::Network;
    use prost_types::Timestamp;
    use proto::asset::v1 as pb;
    use service_kit::error::FieldViolations;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_time_that_the_database_cannot_keep_is_refused() {
        let mut violations = FieldViolations::new();
        let read = moment(&mut violations, "t", Timestamp { seconds: 1, nanos: 1_999 });
        assert_eq!(read, Some(SystemTime::UNIX_EPOCH + Duration::new(1, 1_999)));
        for bad in [(-1, 0), (1, -1), (1, 1_000_000_000), (9_214_646_400, 0)] {
            assert_eq!(
                moment(&mut violations, "t", Timestamp { seconds: bad.0, nanos: bad.1 }),
                None,
                "{bad:?}"
            );
        }
    }

    #[test]
    fn the_nominal_value_of_a_bond_is_not_of_another_network() {
        let of = |asset: &str| {
            let nominal_value =
                proto::r#type::v1::Amount { units: "100".to_owned(), asset: asset.to_owned() };
            let maturity_time = Some(Timestamp { seconds: 1, nanos: 0 });
            let bond = pb::BondTerms { nominal_value: Some(nominal_value), maturity_time };
            terms(&mut FieldViolations::new(), Network::Testnet, pb::AssetType::Bond.into(), Some(bond))
        };
        assert!(of("iso4217:EUR").is_some() && of("hedera:testnet/hbar").is_some());
        assert!(of("hedera:mainnet/hbar").is_none());
    }
}
