//! Assets and the facts of their tokens.

use std::time::SystemTime;

use diesel::dsl::AsSelect;
use diesel::pg::Pg;
use diesel::{
    AsChangeset, ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable,
    Selectable, SelectableHelper as _,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ids::{AssetId, Uuid};
use money::{Amount, AssetCode, Network};
use pg::Numeric128;
use pg::time::{from_ns, to_ns};

use super::schema::{asset, token_facts};
use super::{Inconsistent, StoreError, exactly_one};
use crate::domain::{Asset, AssetType, BondTerms, Terms, TokenFacts, Word};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = asset)]
struct AssetRow {
    id: Uuid,
    token_id: String,
    asset_type: String,
    nominal_units: Option<Numeric128>,
    nominal_asset: Option<String>,
    maturity_ns: Option<i64>,
    pause_reason: Option<String>,
    paused_by: Option<String>,
    paused_ns: Option<i64>,
    registered_ns: Option<i64>,
    created_ns: i64,
    updated_ns: i64,
}

#[expect(clippy::struct_excessive_bools, reason = "one per column, see the domain's TokenFacts")]
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = token_facts)]
struct FactsRow {
    name: String,
    symbol: String,
    decimals: i16,
    total_supply: Numeric128,
    treasury_account: String,
    has_custom_fees: bool,
    has_fee_on_receipt: bool,
    has_kyc_key: bool,
    has_freeze_key: bool,
    has_pause_key: bool,
    has_supply_key: bool,
    network_paused: bool,
    read_ns: i64,
}

type Row = (AssetRow, FactsRow);
type Columns = (AsSelect<AssetRow, Pg>, AsSelect<FactsRow, Pg>);

fn columns() -> Columns {
    (AssetRow::as_select(), FactsRow::as_select())
}

/// One asset, and which network its token is on: the installation's.
fn read(network: Network, (row, facts): Row) -> Result<Asset, Inconsistent> {
    let id = AssetId::from_uuid(row.id);
    let wrong = |column| Inconsistent { table: "asset", row: id.to_string(), column };
    let code = AssetCode::token(network, &row.token_id).map_err(|_| wrong("token_id"))?;
    Ok(Asset {
        id,
        code,
        terms: terms(&row).map_err(wrong)?,
        token: facts.try_into().map_err(|column| Inconsistent {
            table: "token_facts",
            row: id.to_string(),
            column,
        })?,
        pause: word(row.pause_reason, row.paused_by, row.paused_ns).map_err(|()| wrong("pause_reason"))?,
        registered: row.registered_ns.is_some(),
        created_at: from_ns(row.created_ns),
        updated_at: from_ns(row.updated_ns),
    })
}

fn terms(row: &AssetRow) -> Result<Terms, &'static str> {
    match AssetType::named(&row.asset_type).ok_or("asset_type")? {
        AssetType::Equity => Ok(Terms::Equity),
        AssetType::Other => Ok(Terms::Other),
        AssetType::Bond => {
            let Numeric128(units) = row.nominal_units.ok_or("nominal_units")?;
            let asset =
                row.nominal_asset.as_deref().and_then(|code| code.parse().ok()).ok_or("nominal_asset")?;
            let maturity_at = row.maturity_ns.map(from_ns).ok_or("maturity_ns")?;
            Ok(Terms::Bond(BondTerms { nominal_value: Amount { units, asset }, maturity_at }))
        }
    }
}

/// A pause, or its end, which is in three columns or in none.
pub(super) fn word(reason: Option<String>, by: Option<String>, ns: Option<i64>) -> Result<Option<Word>, ()> {
    match (reason, by, ns) {
        (None, None, None) => Ok(None),
        (Some(reason), Some(by), Some(ns)) => Ok(Some(Word { reason, by, at: from_ns(ns) })),
        _ => Err(()),
    }
}

impl TryFrom<FactsRow> for TokenFacts {
    /// The column that cannot be understood.
    type Error = &'static str;

    fn try_from(row: FactsRow) -> Result<Self, &'static str> {
        Ok(Self {
            name: row.name,
            symbol: row.symbol,
            decimals: u8::try_from(row.decimals).map_err(|_| "decimals")?,
            total_supply: row.total_supply.0,
            treasury_account: row.treasury_account,
            has_custom_fees: row.has_custom_fees,
            has_fee_on_receipt: row.has_fee_on_receipt,
            has_kyc_key: row.has_kyc_key,
            has_freeze_key: row.has_freeze_key,
            has_pause_key: row.has_pause_key,
            has_supply_key: row.has_supply_key,
            network_paused: row.network_paused,
            read_at: from_ns(row.read_ns),
        })
    }
}

impl From<&TokenFacts> for FactsRow {
    fn from(facts: &TokenFacts) -> Self {
        Self {
            name: facts.name.clone(),
            symbol: facts.symbol.clone(),
            decimals: facts.decimals.into(),
            total_supply: Numeric128(facts.total_supply),
            treasury_account: facts.treasury_account.clone(),
            has_custom_fees: facts.has_custom_fees,
            has_fee_on_receipt: facts.has_fee_on_receipt,
            has_kyc_key: facts.has_kyc_key,
            has_freeze_key: facts.has_freeze_key,
            has_pause_key: facts.has_pause_key,
            has_supply_key: facts.has_supply_key,
            network_paused: facts.network_paused,
            read_ns: to_ns(facts.read_at),
        }
    }
}

/// A token to import.
#[derive(Clone, Debug)]
pub(crate) struct NewAsset {
    /// The id it gets if it is not here yet.
    pub id: AssetId,
    /// Its token.
    pub token_id: String,
    /// What it stands for.
    pub terms: Terms,
    /// What the network says of it.
    pub facts: TokenFacts,
    /// Who imports it.
    pub imported_by: String,
    /// When.
    pub at: SystemTime,
}

/// Inserts an asset unless its token is here already; says whether it did.
pub(crate) async fn insert(conn: &mut AsyncPgConnection, new: &NewAsset) -> Result<bool, StoreError> {
    let bond = new.terms.bond();
    let row = AssetRow {
        id: new.id.as_uuid(),
        token_id: new.token_id.clone(),
        asset_type: new.terms.asset_type().as_str().to_owned(),
        nominal_units: bond.map(|terms| Numeric128(terms.nominal_value.units)),
        nominal_asset: bond.map(|terms| terms.nominal_value.asset.to_string()),
        maturity_ns: bond.map(|terms| to_ns(terms.maturity_at)),
        pause_reason: None,
        paused_by: None,
        paused_ns: None,
        registered_ns: None,
        created_ns: to_ns(new.at),
        updated_ns: to_ns(new.at),
    };
    let inserted = diesel::insert_into(asset::table)
        .values((row, asset::imported_by.eq(&new.imported_by)))
        .on_conflict(asset::token_id)
        .do_nothing()
        .execute(conn)
        .await?;
    if inserted == 0 {
        return Ok(false);
    }
    diesel::insert_into(token_facts::table)
        .values((token_facts::asset_id.eq(new.id.as_uuid()), FactsRow::from(&new.facts)))
        .execute(conn)
        .await?;
    Ok(true)
}

/// The asset with this id.
pub(crate) async fn find(
    conn: &mut AsyncPgConnection,
    network: Network,
    id: AssetId,
) -> Result<Option<Asset>, StoreError> {
    let row = asset::table
        .inner_join(token_facts::table)
        .filter(asset::id.eq(id.as_uuid()))
        .select(columns())
        .first::<Row>(conn)
        .await
        .optional()?;
    Ok(row.map(|row| read(network, row)).transpose()?)
}

/// The asset of this token.
pub(crate) async fn find_by_token(
    conn: &mut AsyncPgConnection,
    network: Network,
    token_id: &str,
) -> Result<Option<Asset>, StoreError> {
    let row = asset::table
        .inner_join(token_facts::table)
        .filter(asset::token_id.eq(token_id))
        .select(columns())
        .first::<Row>(conn)
        .await
        .optional()?;
    Ok(row.map(|row| read(network, row)).transpose()?)
}

/// Up to `limit` assets, newest first, after `after`, of one type or of all.
pub(crate) async fn list(
    conn: &mut AsyncPgConnection,
    network: Network,
    asset_type: Option<AssetType>,
    after: Option<AssetId>,
    limit: u32,
) -> Result<Vec<Asset>, StoreError> {
    let mut query = asset::table.inner_join(token_facts::table).select(columns()).into_boxed();
    if let Some(asset_type) = asset_type {
        query = query.filter(asset::asset_type.eq(asset_type.as_str()));
    }
    if let Some(after) = after {
        query = query.filter(asset::id.lt(after.as_uuid()));
    }
    let rows = query.order(asset::id.desc()).limit(limit.into()).load::<Row>(conn).await?;
    rows.into_iter().map(|row| read(network, row).map_err(StoreError::from)).collect()
}

/// Up to `limit` assets that the holder service may not know yet, oldest first.
pub(crate) async fn unregistered(
    conn: &mut AsyncPgConnection,
    limit: u32,
) -> Result<Vec<(AssetId, String)>, StoreError> {
    let rows = asset::table
        .filter(asset::registered_ns.is_null())
        .order(asset::id)
        .limit(limit.into())
        .select((asset::id, asset::token_id))
        .load::<(Uuid, String)>(conn)
        .await?;
    Ok(rows.into_iter().map(|(id, token)| (AssetId::from_uuid(id), token)).collect())
}

/// Notes that the holder service knows an asset.
pub(crate) async fn set_registered(
    conn: &mut AsyncPgConnection,
    id: AssetId,
    at: SystemTime,
) -> Result<(), StoreError> {
    let changed = diesel::update(asset::table.find(id.as_uuid()))
        .set(asset::registered_ns.eq(to_ns(at)))
        .execute(conn)
        .await?;
    exactly_one("asset", changed)
}

/// Replaces what is known of an asset's token by a newer reading. An older one, overtaken on the way, changes nothing.
pub(crate) async fn set_facts(
    conn: &mut AsyncPgConnection,
    id: AssetId,
    facts: &TokenFacts,
    at: SystemTime,
) -> Result<(), StoreError> {
    let newer = token_facts::table.find(id.as_uuid()).filter(token_facts::read_ns.le(to_ns(facts.read_at)));
    let changed = diesel::update(newer).set(FactsRow::from(facts)).execute(conn).await?;
    if changed == 1 { touch(conn, id, at).await } else { Ok(()) }
}

async fn touch(conn: &mut AsyncPgConnection, id: AssetId, at: SystemTime) -> Result<(), StoreError> {
    let changed = diesel::update(asset::table.find(id.as_uuid()))
        .set(asset::updated_ns.eq(to_ns(at)))
        .execute(conn)
        .await?;
    exactly_one("asset", changed)
}
