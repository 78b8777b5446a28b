//! What goes wrong in the demonstration: answers that say BUSY or never come, and four payees who cannot be paid.

use proto::holder::v1::{HolderKind, HolderOrder, ListHoldersRequest};
use serde_json::{Value, json};

use super::Stage;
use super::prepare::Plan;
use super::world::World;
use crate::error::CommandError;

/// The four are chosen among so many of the largest holders.
const CANDIDATES: i32 = 100;
/// Payees without association.
const UNASSOCIATED: usize = 3;

/// How the network misbehaves: the first fault that covers a request acts. Each kind acts at least once, whatever the
/// dice say, and the dice fall the same way each time.
fn faults() -> [Value; 6] {
    [
        json!({ "kind": "busy", "times": 2 }),
        json!({ "kind": "lost_before", "times": 1 }),
        json!({ "kind": "lost_after", "times": 1 }),
        json!({ "kind": "busy", "percent": 10, "seed": 1 }),
        json!({ "kind": "lost_before", "percent": 5, "seed": 2 }),
        json!({ "kind": "lost_after", "percent": 5, "seed": 3 }),
    ]
}

/// Who is in trouble.
pub(super) struct Trouble {
    /// Accounts that are not associated with the payment token and take no association by themselves.
    pub(super) unassociated: Vec<String>,
    /// The account that is frozen for the payment token.
    pub(super) frozen: String,
    payment_token_id: String,
}

/// How often each kind of fault has acted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    /// Precheck answered BUSY.
    pub(super) busy: u64,
    /// The request or its answer was lost before it had effect.
    pub(super) lost_before: u64,
    /// The answer was lost after the payment.
    pub(super) lost_after: u64,
}

pub(super) async fn begin(stage: &Stage, world: &World, plan: &Plan) -> Result<Trouble, CommandError> {
    let mut accounts = payees(stage, plan).await?;
    let frozen = accounts.pop().ok_or(CommandError::missing("payee to freeze"))?;
    for account in &accounts {
        stage.control.update_account(account, &json!({ "max_automatic_token_associations": 0 })).await?;
    }
    let token = &world.payment_token_id;
    stage.control.relate(token, &frozen, &json!({ "frozen": true })).await?;
    stage.control.clear_faults().await?;
    for fault in faults() {
        stage.control.set_fault(&fault).await?;
    }
    stage.say(format!(
        "trouble: {} are not associated with USDC, {frozen} is frozen for it",
        accounts.join(", ")
    ))?;
    stage.say(
        "trouble: nodes answer BUSY to one request in ten; one in ten is lost, half of those after it paid",
    )?;
    Ok(Trouble { unassociated: accounts, frozen, payment_token_id: token.clone() })
}

impl Trouble {
    /// Associates those who were not; the frozen one stays frozen.
    pub(super) async fn associate(&self, stage: &Stage) -> Result<(), CommandError> {
        for account in &self.unassociated {
            stage.control.relate(&self.payment_token_id, account, &json!({ "associated": true })).await?;
        }
        Ok(())
    }

    /// How often each fault has acted so far.
    pub(super) async fn counters(stage: &Stage) -> Result<Counters, CommandError> {
        let mut counters = Counters::default();
        for fault in stage.control.faults().await? {
            match fault.kind.as_str() {
                "busy" => counters.busy += fault.fired,
                "lost_before" => counters.lost_before += fault.fired,
                "lost_after" => counters.lost_after += fault.fired,
                _ => {}
            }
        }
        Ok(counters)
    }
}

/// Four ordinary holders, spread over the larger ones so that they fall into different transactions.
async fn payees(stage: &Stage, plan: &Plan) -> Result<Vec<String>, CommandError> {
    let request = ListHoldersRequest {
        asset_id: plan.asset_id.clone(),
        page_size: CANDIDATES,
        order: HolderOrder::BalanceDesc.into(),
        ..ListHoldersRequest::default()
    };
    let page = stage.session.edge.holders().list_holders(request).await?.into_inner();
    let ordinary = page.holders.into_iter().filter(|holder| holder.kind() == HolderKind::Account);
    let accounts: Vec<String> = ordinary.map(|holder| holder.account).collect();
    let step = (accounts.len() / (UNASSOCIATED + 1)).max(1);
    let chosen: Vec<String> = accounts.into_iter().step_by(step).take(UNASSOCIATED + 1).collect();
    if chosen.len() <= UNASSOCIATED {
        return Err(CommandError::input("the demonstration needs at least four ordinary holders"));
    }
    Ok(chosen)
}
