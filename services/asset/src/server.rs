//! How the service is wired.

use std::sync::Arc;

use auth::internal::ServiceKeys;
use auth::{AuthLayer, PolicyTable};
use hedera::mirror::Mirror;
use proto::asset::v1::asset_service_server::AssetServiceServer;
use proto::asset::v1::payment_token_service_server::PaymentTokenServiceServer;
use service_kit::client::Peer;
use service_kit::serve::Server;
use service_kit::{Shutdown, StartError};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::app::App;
use crate::clients::{Execution, Holders, TokenReader};
use crate::config::Config;
use crate::store::MIGRATIONS;
use crate::{CALLERS, NAME, jobs, rpc};

/// Migrates the database, then serves on `listener` until `shutdown`.
pub async fn run(config: Config, listener: TcpListener, shutdown: Shutdown) -> Result<(), StartError> {
    let keys = ServiceKeys::load(&config.keys_dir, NAME, &CALLERS)
        .map_err(|error| StartError::because("read the asset service's keys", error))?;
    let policies = PolicyTable::from_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .map_err(|error| StartError::because("read the method policies", error))?;
    let app = wire(&config, &keys).await?;
    let mut jobs = JoinSet::new();
    jobs.spawn(jobs::register_assets(app.clone(), config.tell_interval, shutdown.clone()));
    jobs.spawn(jobs::tell_pauses(app.clone(), config.tell_interval, shutdown.clone()));
    let served = Server::new(NAME, listener)
        .auth(AuthLayer::new(keys.verifier(), Arc::new(policies)))
        .add_service(AssetServiceServer::new(rpc::Assets(app.clone())))
        .add_service(PaymentTokenServiceServer::new(rpc::PaymentTokens(app)))
        .run(shutdown.clone())
        .await;
    // Also when serving failed: the jobs must not outlive the service.
    shutdown.trigger();
    while let Some(ended) = jobs.join_next().await {
        ended.map_err(|error| StartError::because("end a job of the asset service", error))?;
    }
    served
}

async fn wire(config: &Config, keys: &ServiceKeys) -> Result<App, StartError> {
    let pool =
        pg::installation::open(&config.db, pg::Planner::Statistics, MIGRATIONS, config.network.as_str())
            .await
            .map_err(|error| StartError::because("use the asset service's database", error))?;
    let mirror = Mirror::new(config.mirror.clone())
        .map_err(|error| StartError::because("use the mirror node", error))?;
    Ok(App {
        pool,
        network: config.network,
        tokens: TokenReader::new(mirror),
        holders: Holders::new(Peer::new(&config.holder_url, "holder-sync", keys.issuer())?),
        execution: Execution::new(Peer::new(&config.execution_url, "execution", keys.issuer())?),
        clock: Arc::clone(&config.clock),
        ids: Arc::clone(&config.ids),
    })
}
