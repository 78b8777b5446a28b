//! How the service is wired.

use std::sync::Arc;
use std::time::Duration;

use auth::internal::ServiceKeys;
use auth::{AuthLayer, PolicyTable};
use proto::distribution::v1::approval_service_server::ApprovalServiceServer;
use proto::distribution::v1::distribution_service_server::DistributionServiceServer;
use proto::distribution::v1::ingest_service_server::IngestServiceServer;
use proto::distribution::v1::redemption_service_server::RedemptionServiceServer;
use proto::distribution::v1::schedule_service_server::ScheduleServiceServer;
use service_kit::client::Peer;
use service_kit::serve::{Limits, Server};
use service_kit::{Shutdown, StartError};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};

use crate::app::App;
use crate::clients::{Assets, Execution, Holders};
use crate::config::Config;
use crate::store::MIGRATIONS;
use crate::{CALLERS, NAME, jobs, rpc};

/// What a preview may take besides the wait for its snapshot: reading it, calculating, asking for a quote.
const PREVIEW_WORK: Duration = Duration::from_secs(30);

/// Calculations held in memory at the same time.
const CALCULATIONS_MAX: usize = 2;

/// Files read at the same time: each may take a connection for its lines, and waits for its sender.
const INGESTS_MAX: usize = 4;

/// Migrates the database, then serves on `listener` and works on what is due until `shutdown`.
pub async fn run(config: Config, listener: TcpListener, shutdown: Shutdown) -> Result<(), StartError> {
    service_kit::failpoints::arm_from_environment(&crate::failpoints::ALL.concat())?;
    let keys = ServiceKeys::load(&config.keys_dir, NAME, &CALLERS)
        .map_err(|error| StartError::because("read the distribution service's keys", error))?;
    let policies = PolicyTable::from_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .map_err(|error| StartError::because("read the method policies", error))?;
    let app = wire(&config, &keys).await?;
    let job = tokio::spawn(jobs::work(app.clone(), config.pace, shutdown.clone()));
    let firing = tokio::spawn(jobs::schedules::fire(app.clone(), config.pace, shutdown.clone()));
    let expiring = tokio::spawn(jobs::approvals::expire(app.clone(), config.pace, shutdown.clone()));
    let limits = Limits { unary_max: config.preview_wait + PREVIEW_WORK, ..Limits::default() };
    let served = Server::new(NAME, listener)
        .auth(AuthLayer::new(keys.verifier(), Arc::new(policies)))
        .limits(limits)
        .add_service(DistributionServiceServer::new(rpc::Distributions(app.clone())))
        .add_service(RedemptionServiceServer::new(rpc::Redemptions(app.clone())))
        .add_service(ScheduleServiceServer::new(rpc::Schedules(app.clone())))
        .add_service(ApprovalServiceServer::new(rpc::Approvals(app.clone())))
        .add_service(IngestServiceServer::new(rpc::Ingests(app)))
        .run(shutdown.clone())
        .await;
    // Also when serving failed: the jobs must not outlive the service.
    shutdown.trigger();
    job.await.map_err(|error| StartError::because("end the distribution job", error))?;
    firing.await.map_err(|error| StartError::because("end the job of schedules", error))?;
    expiring.await.map_err(|error| StartError::because("end the job of approvals", error))?;
    served
}

async fn wire(config: &Config, keys: &ServiceKeys) -> Result<App, StartError> {
    let pool = pg::installation::open(&config.db, pg::Planner::Lookups, MIGRATIONS, config.network.as_str())
        .await
        .map_err(|error| StartError::because("use the distribution service's database", error))?;
    let issuer = keys.issuer();
    Ok(App {
        pool,
        copy_url: config.db.url.as_str().into(),
        network: config.network,
        assets: Assets::new(Peer::new(&config.asset_url, "asset", Arc::clone(&issuer))?),
        holders: Holders::new(Peer::new(&config.holder_url, "holder-sync", Arc::clone(&issuer))?),
        execution: Execution::new(Peer::new(&config.execution_url, "execution", issuer)?),
        clock: Arc::clone(&config.clock),
        ids: Arc::clone(&config.ids),
        preview_wait: config.preview_wait,
        calculations: Arc::new(Semaphore::new(CALCULATIONS_MAX)),
        ingests: Arc::new(Semaphore::new(INGESTS_MAX)),
        woken: Arc::new(Notify::new()),
    })
}
