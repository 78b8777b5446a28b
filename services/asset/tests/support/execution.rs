//! The other end of execution's contract, as far as this service uses it: behind the real policy layer, able to be away and to
//! take its time. What execution itself does, its own tests and the end-to-end suites show.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auth::internal::ServiceKeys;
use auth::{AuthLayer, PolicyTable};
use proto::execution::v1 as pb;
use proto::execution::v1::pause_service_server::{PauseService, PauseServiceServer};
use service_kit::Shutdown;
use service_kit::serve::Server;
use tokio::net::TcpListener;
use tokio::sync::{OwnedRwLockWriteGuard, RwLock};
use tonic::{Request, Response, Status};

/// What it was told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Calls that came, those included that have no answer yet.
    pub(crate) asked: usize,
    /// Every word it took, in order of arrival.
    pub(crate) words: Vec<pb::SetAssetPauseRequest>,
    /// The word it goes by, of each asset: that with the highest version.
    last: BTreeMap<String, pb::SetAssetPauseRequest>,
}

#[derive(Clone, Default)]
pub(crate) struct Execution {
    told: Arc<Mutex<Told>>,
    away: Arc<AtomicBool>,
    /// Who writes keeps answers back.
    door: Arc<RwLock<()>>,
}

impl Execution {
    pub(crate) async fn start(keys: &std::path::Path) -> (Execution, String) {
        let execution = Execution::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound socket"));
        let verifier = ServiceKeys::load(keys, "execution", &["asset"]).expect("keys").verifier();
        let policies = PolicyTable::from_descriptor_set(proto::FILE_DESCRIPTOR_SET).expect("policies");
        let server = Server::new("execution", listener)
            .auth(AuthLayer::new(verifier, Arc::new(policies)))
            .add_service(PauseServiceServer::new(execution.clone()));
        tokio::spawn(server.run(Shutdown::new()));
        (execution, url)
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// Takes no word until what this returns is dropped.
    pub(crate) async fn close(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.door).write_owned().await
    }

    pub(crate) fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The word it goes by.
    pub(crate) fn last(&self, asset_id: &str) -> Option<pb::SetAssetPauseRequest> {
        self.told().last.get(asset_id).cloned()
    }
}

fn unused<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not used by the asset service"))
}

#[tonic::async_trait]
impl PauseService for Execution {
    async fn set_asset_pause(
        &self,
        request: Request<pb::SetAssetPauseRequest>,
    ) -> Result<Response<pb::SetAssetPauseResponse>, Status> {
        if self.away.load(Ordering::SeqCst) {
            return Err(Status::unavailable("away"));
        }
        self.told().asked += 1;
        let _open = self.door.read().await;
        let word = request.into_inner();
        let mut told = self.told();
        told.words.push(word.clone());
        let last = told.last.entry(word.asset_id.clone()).or_default();
        if word.version > last.version {
            *last = word;
        }
        Ok(Response::new(pb::SetAssetPauseResponse {}))
    }

    async fn pause(&self, _: Request<pb::PauseRequest>) -> Result<Response<pb::PauseResponse>, Status> {
        unused()
    }

    async fn resume(&self, _: Request<pb::ResumeRequest>) -> Result<Response<pb::ResumeResponse>, Status> {
        unused()
    }

    async fn list_pauses(
        &self,
        _: Request<pb::ListPausesRequest>,
    ) -> Result<Response<pb::ListPausesResponse>, Status> {
        unused()
    }
}
