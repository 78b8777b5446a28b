//! How the service is wired.

use std::sync::Arc;

use auth::internal::ServiceKeys;
use auth::{AuthLayer, PolicyTable};
use hedera::mirror::Mirror;
use proto::holder::v1::holder_service_server::HolderServiceServer;
use service_kit::serve::Server;
use service_kit::{Shutdown, StartError};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::app::{App, Pace};
use crate::clients::BalanceReader;
use crate::config::Config;
use crate::store::MIGRATIONS;
use crate::{CALLERS, NAME, jobs, rpc};

/// Migrates the database, then serves on `listener` and works until `shutdown`.
pub async fn run(config: Config, listener: TcpListener, shutdown: Shutdown) -> Result<(), StartError> {
    let keys = ServiceKeys::load(&config.keys_dir, NAME, &CALLERS)
        .map_err(|error| StartError::because("read the holder service's keys", error))?;
    let policies = PolicyTable::from_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .map_err(|error| StartError::because("read the method policies", error))?;
    let app = wire(&config).await?;
    let loops = start_loops(&config, &app, &shutdown);
    let served = Server::new(NAME, listener)
        .auth(AuthLayer::new(keys.verifier(), Arc::new(policies)))
        .add_service(HolderServiceServer::new(rpc::Holders(app)))
        .run(shutdown.clone())
        .await;
    // Also when serving failed: no loop outlives the service.
    shutdown.trigger();
    loops.join_all().await;
    served
}

async fn wire(config: &Config) -> Result<App, StartError> {
    let pool =
        pg::installation::open(&config.db, pg::Planner::Statistics, MIGRATIONS, config.network.as_str())
            .await
            .map_err(|error| StartError::because("use the holder service's database", error))?;
    let mirror = Mirror::new(config.mirror.clone())
        .map_err(|error| StartError::because("use the mirror node", error))?;
    Ok(App {
        pool,
        database_url: config.db.url.as_str().into(),
        balances: BalanceReader::new(mirror),
        clock: Arc::clone(&config.clock),
        ids: Arc::clone(&config.ids),
        pace: Pace {
            lease: config.lease,
            retry_first: config.retry_first,
            block_wait: config.block_wait,
            stored_age_max: config.stored_age_max,
            interval_s: config.interval_s,
        },
        work_waits: Arc::new(Notify::new()),
    })
}

fn start_loops(config: &Config, app: &App, shutdown: &Shutdown) -> JoinSet<()> {
    let mut loops = JoinSet::new();
    for _ in 0..config.workers {
        loops.spawn(jobs::work(app.clone(), app.ids.uuid(), config.poll, shutdown.clone()));
    }
    loops.spawn(jobs::schedule(app.clone(), config.poll, shutdown.clone()));
    loops.spawn(jobs::sweep(app.clone(), shutdown.clone()));
    loops
}
