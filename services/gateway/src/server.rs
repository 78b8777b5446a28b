//! How the gateway is wired.

use std::sync::Arc;

use auth::PolicyTable;
use auth::internal::{Issuer, ServiceKeys};
use auth::jwt::EdgeVerifier;
use auth::policy::GATEWAY;
use service_kit::serve::Server;
use service_kit::{Shutdown, StartError};
use tokio::net::TcpListener;
use tonic::service::Routes as GrpcRoutes;

use crate::app::{AuditLog, Doorkeeper, InFlight};
use crate::clients::Service;
use crate::domain::Routes;
use crate::jobs::refresh_keys;
use crate::rpc::{Edge, Forward};
use crate::{Config, MIGRATIONS};

/// Serves on `listener` until `shutdown`.
///
/// # Errors
/// Before anything is served: when a method has no policy or no service, or the database, the keys or the identity
/// provider's key set cannot be used. Later: when the listener fails.
pub async fn run(config: Config, listener: TcpListener, shutdown: Shutdown) -> Result<(), StartError> {
    let policies = PolicyTable::from_descriptor_set(&config.descriptor_set)
        .map_err(|error| StartError::because("serve this contract", error))?;
    let policies = Arc::new(policies);
    let routes = routes(&config, &policies)?;
    let keys = ServiceKeys::load(&config.keys_dir, GATEWAY, &[])
        .map_err(|error| StartError::because("read the gateway's key", error))?;
    let services = services(&config, &keys.issuer())?;
    let verifier = EdgeVerifier::connect(config.edge.clone())
        .await
        .map_err(|error| StartError::because("read the identity provider's keys", error))?;
    let pool = database(&config.db).await?;

    let strangers_max = config.limits.strangers_recorded_max;
    let (audit, writer) =
        AuditLog::new(pool, Arc::clone(&config.clock), Arc::clone(&config.ids), strangers_max);
    let doorkeeper = Arc::new(Doorkeeper::new(verifier));
    let edge = Edge {
        routes,
        services,
        doorkeeper: Arc::clone(&doorkeeper),
        in_flight: InFlight::new(config.limits.per_subject_max),
        audit,
        limits: config.limits,
    };
    let fallback = axum::Router::new().fallback_service(Forward::new(edge));
    let server = Server::new(GATEWAY, listener)
        .policies(policies)
        .limits(config.limits.server)
        .routes(GrpcRoutes::from(fallback));
    // The log is written out after the last call has ended, not when the signal comes.
    let written_out = Shutdown::new();
    let writing = tokio::spawn(writer.run(written_out.clone()));
    // When the listener fails the rest stops too.
    let rest = shutdown.child();
    let (outcome, ()) = tokio::join!(
        async {
            let outcome = server.run(shutdown.clone()).await;
            rest.trigger();
            outcome
        },
        refresh_keys(doorkeeper.verifier(), &rest)
    );
    written_out.trigger();
    writing.await.map_err(|error| StartError::because("write the audit log", error))?;
    outcome
}

fn routes(config: &Config, policies: &PolicyTable) -> Result<Routes, StartError> {
    let packages: Vec<&str> = config.upstreams.iter().map(|upstream| upstream.package.as_str()).collect();
    Routes::new(policies, &packages).map_err(|error| StartError::because("route this contract", error))
}

fn services(config: &Config, issuer: &Arc<Issuer>) -> Result<Vec<Service>, StartError> {
    config.upstreams.iter().map(|upstream| Service::new(upstream, Arc::clone(issuer))).collect()
}

async fn database(db: &pg::DbConfig) -> Result<pg::Pool, StartError> {
    let cannot_use = |error| StartError::because("use the gateway's database", error);
    pg::migrate(&db.owner_url, MIGRATIONS).await.map_err(cannot_use)?;
    pg::connect(db, pg::Planner::Statistics).await.map_err(cannot_use)
}
