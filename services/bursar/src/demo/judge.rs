//! Our record and the rail's ledger side by side, and as files.

use std::fs::{self, File};
use std::path::Path;

use proto::distribution::v1::{HolderTreatment, ListEntitlementsRequest};

use super::Stage;
use super::prepare::Plan;
use super::reconcile::{Effect, Reconciliation, Recorded, Standing, reconcile};
use super::world::World;
use crate::edge::pages;
use crate::error::CommandError;
use crate::names;
use crate::output::cells::cell;
use crate::payout_rows::{self, PayoutRow};

/// What comparing the two came to.
pub(super) struct Judgement {
    pub(super) reconciliation: Reconciliation,
    /// Payouts recorded as in doubt.
    pub(super) in_doubt: u64,
    /// What the operator has less of the payment token than before, by the rail's balances, in smallest units.
    pub(super) rail_debited: u128,
}

pub(super) async fn judge(
    stage: &Stage,
    world: &World,
    plan: &Plan,
    out: Option<&Path>,
) -> Result<Judgement, CommandError> {
    if let Some(out) = out {
        fs::create_dir_all(out)?;
    }
    let record = record(stage, plan, out).await?;
    let ledger = ledger(stage, world, out).await?;
    if let Some(out) = out {
        unpaid(stage, plan, out).await?;
        stage.say(format!("files: payouts.csv, rail.csv and unpaid.csv in {}", out.display()))?;
    }
    let in_doubt = record.in_doubt;
    let reconciliation = reconcile(record.payouts, ledger)
        .map_err(|_| CommandError::Disagreement("a sum of the ledger does not fit 128 bits".to_owned()))?;
    let rail_debited = world.funds.saturating_sub(funds_left(stage, world).await?);
    Ok(Judgement { reconciliation, in_doubt, rail_debited })
}

#[derive(Default)]
struct Record {
    payouts: Vec<Recorded>,
    in_doubt: u64,
}

/// Our record, through the gateway like anybody's; kept as payouts.csv.
async fn record(stage: &Stage, plan: &Plan, out: Option<&Path>) -> Result<Record, CommandError> {
    // Nothing is replaced in a demo.
    let mut file = csv_file(out, "payouts.csv", &PayoutRow::COLUMNS[..PayoutRow::OF_THE_PAYMENT])?;
    let mut record = Record::default();
    let edge = &stage.session.edge;
    payout_rows::each(edge, &plan.distribution_id, &plan.run_id, |row| {
        if let Some(file) = &mut file {
            file.write_record(&row.cells()[..PayoutRow::OF_THE_PAYMENT])?;
        }
        record.in_doubt += u64::from(row.status == "IN_DOUBT");
        record.payouts.push(recorded(row)?);
        Ok(())
    })
    .await?;
    flush(file)?;
    Ok(record)
}

fn recorded(row: PayoutRow) -> Result<Recorded, CommandError> {
    let units = row.units.parse().map_err(|_| CommandError::Unexpected(format!("units {:?}", row.units)))?;
    let standing = match row.status.as_str() {
        "PAID" => Standing::Paid,
        "FAILED" | "CANCELLED" => Standing::Unpaid,
        _ => Standing::Open,
    };
    let (account, transaction_id) = (row.account, row.transaction_id);
    Ok(Recorded { ordinal: row.ordinal, account, units, standing, transaction_id })
}

/// The sandbox's ledger: every credit of the payment token, and nothing of ours; kept as rail.csv.
async fn ledger(stage: &Stage, world: &World, out: Option<&Path>) -> Result<Vec<Effect>, CommandError> {
    let mut file = csv_file(out, "rail.csv", &["transaction_id", "account", "units"])?;
    let mut effects = Vec::new();
    for effect in stage.control.effects(&world.payment_token_id).await? {
        let (transaction_id, account, units) =
            (effect.transaction_id, effect.account, u128::from(effect.units));
        if let Some(file) = &mut file {
            file.write_record([cell(&transaction_id), cell(&account), units.to_string()])?;
        }
        effects.push(Effect { transaction_id, account, units });
    }
    flush(file)?;
    Ok(effects)
}

/// Holders that are not paid, with why: unpaid.csv.
async fn unpaid(stage: &Stage, plan: &Plan, out: &Path) -> Result<(), CommandError> {
    let columns = ["address", "account", "balance", "units", "treatment", "reason"];
    let mut file = csv_file(Some(out), "unpaid.csv", &columns)?;
    let owed = pages::collect(usize::MAX, async |page_size, page_token| {
        let distribution_id = plan.distribution_id.clone();
        let treatment = HolderTreatment::Unspecified.into();
        let request = ListEntitlementsRequest { distribution_id, page_size, page_token, treatment };
        let page = stage.session.edge.distributions().list_entitlements(request).await?.into_inner();
        let unpaid = page.entitlements.into_iter().filter(|one| one.ordinal.is_none()).collect();
        Ok((unpaid, page.next_page_token))
    });
    for one in owed.await? {
        let treatment = names::short(Some(one.treatment().as_str_name()), "HOLDER_TREATMENT_");
        let cells = [one.evm_address, one.account, one.balance, one.units, treatment, one.reason];
        if let Some(file) = &mut file {
            file.write_record(cells.map(|text| cell(&text)))?;
        }
    }
    flush(file)
}

async fn funds_left(stage: &Stage, world: &World) -> Result<u128, CommandError> {
    let account = stage.control.account(&stage.operator_account).await?;
    let tokens = account.get("tokens").and_then(serde_json::Value::as_array);
    let held = tokens.into_iter().flatten().find(|held| held["token_id"] == world.payment_token_id.as_str());
    let units = held.and_then(|held| held["units"].as_str()).and_then(|units| units.parse().ok());
    units.ok_or_else(|| {
        CommandError::Unexpected("the operator has no balance of the payment token".to_owned())
    })
}

type CsvFile = csv::Writer<File>;

fn csv_file(out: Option<&Path>, name: &str, columns: &[&str]) -> Result<Option<CsvFile>, CommandError> {
    let Some(out) = out else { return Ok(None) };
    let mut file = csv::Writer::from_path(out.join(name))?;
    file.write_record(columns)?;
    Ok(Some(file))
}

fn flush(file: Option<CsvFile>) -> Result<(), CommandError> {
    if let Some(mut file) = file {
        file.flush()?;
    }
    Ok(())
}
