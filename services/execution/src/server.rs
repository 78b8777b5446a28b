//! How the service is wired.

use std::sync::Arc;

use auth::internal::ServiceKeys;
use auth::{AuthLayer, PolicyTable};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use proto::execution::v1::alert_service_server::AlertServiceServer;
use proto::execution::v1::diagnostics_service_server::DiagnosticsServiceServer;
use proto::execution::v1::execution_service_server::ExecutionServiceServer;
use proto::execution::v1::funding_account_service_server::FundingAccountServiceServer;
use proto::execution::v1::pause_service_server::PauseServiceServer;
use proto::execution::v1::restore_service_server::RestoreServiceServer;
use proto::execution::v1::withdrawal_service_server::WithdrawalServiceServer;
use service_kit::serve::Server;
use service_kit::{Shutdown, StartError};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::app::{self, Context};
use crate::clients::hedera_rail::HederaRail;
use crate::clients::keyring::Keyring;
use crate::config::Config;
use crate::{CALLERS, NAME, jobs, rpc};

/// The tables of this service.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Migrates the database, then serves on `listener` and works on batches until `shutdown`.
pub async fn run(config: Config, listener: TcpListener, shutdown: Shutdown) -> Result<(), StartError> {
    service_kit::failpoints::arm_from_environment(crate::failpoints::ALL)?;
    let keys = ServiceKeys::load(&config.keys_dir, NAME, &CALLERS)
        .map_err(|error| StartError::because("read the execution service's keys", error))?;
    let policies = PolicyTable::from_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .map_err(|error| StartError::because("read the method policies", error))?;
    let ctx = Arc::new(wire(&config).await?);
    if let Some(since) = config.tuning.restored_since {
        app::sweep::declare_at_start(&ctx, since)
            .await
            .map_err(|error| StartError::because("declare that the database was restored", error))?;
    }
    let mut work = JoinSet::new();
    work.spawn(jobs::sweeper::run(Arc::clone(&ctx), shutdown.clone()));
    work.spawn(jobs::finisher::run(Arc::clone(&ctx), shutdown.clone()));
    work.spawn(jobs::forgetter::run(Arc::clone(&ctx), shutdown.clone()));
    work.spawn(jobs::resumer::run(Arc::clone(&ctx), shutdown.clone()));
    for index in 0..config.tuning.workers.max(1) {
        work.spawn(jobs::workers::run(Arc::clone(&ctx), index, shutdown.clone()));
    }
    let served = Server::new(NAME, listener)
        .auth(AuthLayer::new(keys.verifier(), Arc::new(policies)))
        .add_service(ExecutionServiceServer::new(rpc::Execution(Arc::clone(&ctx))))
        .add_service(DiagnosticsServiceServer::new(rpc::Diagnostics(Arc::clone(&ctx))))
        .add_service(FundingAccountServiceServer::new(rpc::FundingAccounts(Arc::clone(&ctx))))
        .add_service(PauseServiceServer::new(rpc::Pauses(Arc::clone(&ctx))))
        .add_service(WithdrawalServiceServer::new(rpc::Withdrawals(Arc::clone(&ctx))))
        .add_service(AlertServiceServer::new(rpc::Alerts(Arc::clone(&ctx))))
        .add_service(RestoreServiceServer::new(rpc::Restores(ctx)))
        .run(shutdown.clone())
        .await;
    // Also when serving failed: workers must not outlive the service. A visit that is cut off here is taken over when
    // its lease has run out, exactly as after a kill.
    shutdown.trigger();
    let drained = tokio::time::timeout(std::time::Duration::from_secs(10), async {
        while work.join_next().await.is_some() {}
    });
    if drained.await.is_err() {
        tracing::warn!("workers were cut off; their batches are taken over at the next start");
    }
    served
}

async fn wire(config: &Config) -> Result<Context, StartError> {
    let pool = pg::installation::open(&config.db, pg::Planner::Lookups, MIGRATIONS, config.network.as_str())
        .await
        .map_err(|error| StartError::because("use the execution service's database", error))?;
    let keyring = Keyring::new(config.funding_keys_dir.clone());
    let rail = HederaRail::new(&config.nodes, &config.mirror_url, keyring, config.tuning)
        .map_err(|error| StartError::because("use the Hedera network", error))?;
    Ok(Context {
        pool,
        db_url: config.db.url.clone(),
        rail,
        network: config.network,
        tuning: config.tuning,
        clock: Arc::clone(&config.clock),
        ids: Arc::clone(&config.ids),
        wake: Notify::new(),
        sweep: Notify::new(),
    })
}
