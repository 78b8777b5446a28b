//! `RerunDistribution`.

use auth::Actor;
use money::Units;
use proto::distribution::v1::{PayeeEdit, RerunDistributionRequest, RerunDistributionResponse};
use service_kit::error::{FieldViolations, Problem};
use service_kit::{idempotency, validate};
use tonic::{Request, Status};

use super::{call, convert};
use crate::app::{self, App, Rerun};
use crate::domain::account::Account;
use crate::domain::calculation::RAIL_UNITS_MAX;
use crate::domain::rerun::{Choice, Edit};
use crate::error::Error;

const LABEL_CHARS_MAX: usize = 100;
const NAMED_MAX: usize = 1_000;

pub(super) async fn handle(
    app: &App,
    request: Request<RerunDistributionRequest>,
) -> Result<RerunDistributionResponse, Status> {
    let actor = Actor::from_request(&request)?;
    let once = idempotency::once("RerunDistribution", &actor, &request, |distribution| {
        RerunDistributionResponse { distribution: Some(convert::distribution(distribution)) }
    })
    .map_err(Error::from)?;
    let id = call::distribution_id(&request.get_ref().distribution_id).map_err(Error::from)?;
    let rerun = read(request.get_ref()).map_err(Error::from)?;
    Ok(app::rerun_distribution(app, &actor, id, rerun, &once).await?)
}

fn read(message: &RerunDistributionRequest) -> Result<Rerun, Problem> {
    let mut violations = FieldViolations::new();
    let label = Some(message.label.as_str()).filter(|label| !label.is_empty());
    let label = label.and_then(|label| validate::text(&mut violations, "label", label, LABEL_CHARS_MAX));
    for (field, count) in [("accounts", message.accounts.len()), ("edits", message.edits.len())] {
        if count > NAMED_MAX {
            violations.add(field, validate::OUT_OF_RANGE, format!("at most {NAMED_MAX}"));
        }
    }
    violations.into_result()?;
    let mut violations = FieldViolations::new();
    let mut choice = Choice::default();
    for (place, text) in message.accounts.iter().enumerate() {
        let field = format!("accounts[{place}]");
        let Some(account) = validate::parse(&mut violations, &field, text) else { continue };
        if !choice.only.insert(account) {
            violations.add(field, "DUPLICATE", "each account once");
        }
    }
    for (place, edit) in message.edits.iter().enumerate() {
        self::edit(&mut violations, &mut choice, place, edit);
    }
    violations.into_result()?;
    Ok(Rerun { label, choice })
}

fn edit(violations: &mut FieldViolations, choice: &mut Choice, place: usize, edit: &PayeeEdit) {
    let field = |name: &str| format!("edits[{place}].{name}");
    let account: Option<Account> = validate::parse(violations, &field("account"), &edit.account);
    let units = Some(edit.units.as_str()).filter(|units| !units.is_empty());
    let units = units.and_then(|units| {
        let Units(units) = validate::parse(violations, &field("units"), units)?;
        validate::within(violations, &field("units"), units, 1, RAIL_UNITS_MAX)
    });
    let new_account: Option<Account> =
        validate::parse_optional(violations, &field("new_account"), &edit.new_account).flatten();
    if edit.units.is_empty() && edit.new_account.is_empty() {
        violations.add(field("units"), validate::REQUIRED, "another amount, or another account");
    }
    let Some(account) = account else { return };
    if !choice.only.is_empty() && !choice.only.contains(&account) {
        violations.add(field("account"), "NOT_CHOSEN", "one of the accounts that are chosen");
    }
    if new_account.is_some_and(|new| new == account || choice.moved_to().contains(&new)) {
        violations.add(field("new_account"), "DUPLICATE", "another account, and each once");
    }
    if choice.edits.insert(account, Edit { units, account: new_account }).is_some() {
        violations.add(field("account"), "DUPLICATE", "one edit for each account");
    }
}
