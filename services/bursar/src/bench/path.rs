//! The whole path through the gateway: from the order to create a distribution to every payout recorded as paid.

use std::time::{Duration, Instant};

use proto::distribution::v1::{CreateDistributionRequest, ExecuteDistributionRequest};
use proto::execution::v1::{GetRunRequest, Run, RunState};

use super::{BATCH_SIZE, PARALLELISM};
use crate::commands::distribution::wait_until_calculated;
use crate::demo::{Options, Stage, prepare, world};
use crate::error::CommandError;

const PATIENCE: Duration = Duration::from_mins(30);
const LOOK: Duration = Duration::from_millis(50);
/// The part of the time that has passed after which the run is looked at again: a look reads all of its batches.
const LOOK_PART: u32 = 50;

/// What the path took.
pub(super) struct Path {
    pub(super) run_id: String,
    pub(super) payment_code: String,
    pub(super) payees: u32,
    pub(super) calculated: Duration,
    pub(super) paid: Duration,
}

pub(super) async fn measure(stage: &Stage, options: &Options) -> Result<Path, CommandError> {
    let world = world::build(stage, options).await?;
    let (asset_id, synced_ns) = prepare::import(stage, &world).await?;
    let payment_code = prepare::accept(stage, &world).await?;
    let funding_account_id = prepare::fund(stage).await?;
    let terms = CreateDistributionRequest {
        parallelism: PARALLELISM,
        batch_size: BATCH_SIZE,
        // Behind us, as the record date of a dividend is: a snapshot of now waits for the network's next block.
        record_time: Some(pg::time::from_ns(synced_ns).into()),
        ..prepare::terms(&world, asset_id, payment_code.clone(), funding_account_id)
    };
    let edge = &stage.session.edge;
    let began = Instant::now();
    let created = edge.distributions().create_distribution(terms).await?.into_inner().distribution;
    let created = created.ok_or(CommandError::missing("distribution"))?;
    let calculated_one = wait_until_calculated(edge, &created.id, PATIENCE).await?;
    let calculated = began.elapsed();
    let payees = calculated_one.entitlements.ok_or(CommandError::missing("entitlements"))?.payee_count;
    let began = Instant::now();
    let request = ExecuteDistributionRequest { distribution_id: created.id };
    edge.distributions().execute_distribution(request).await?;
    let run = wait_until_ended(stage, &created.run_id).await?;
    let paid = began.elapsed();
    if run.state() != RunState::Completed {
        return Err(CommandError::Disagreement(format!("the run ended as {}", run.state().as_str_name())));
    }
    Ok(Path { run_id: created.run_id, payment_code, payees, calculated, paid })
}

async fn wait_until_ended(stage: &Stage, run_id: &str) -> Result<Run, CommandError> {
    let began = Instant::now();
    loop {
        let request = GetRunRequest { run_id: run_id.to_owned() };
        match stage.session.edge.execution().get_run(request).await {
            Ok(answer) => {
                let run = answer.into_inner().run.ok_or(CommandError::missing("run"))?;
                if run.end_time.is_some() {
                    return Ok(run);
                }
            }
            // Not handed over yet.
            Err(status) if status.code() == tonic::Code::NotFound => {}
            Err(status) => return Err(status.into()),
        }
        if began.elapsed() > PATIENCE {
            return Err(CommandError::Unexpected(format!("{run_id} did not end in time")));
        }
        tokio::time::sleep(LOOK.max(began.elapsed() / LOOK_PART)).await;
    }
}
