//! The consensus nodes' gRPC: transfers, receipts, balances. Any other call is unimplemented.

mod decode;
mod receipts;
mod signatures;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status as Rpc};

use crate::faults::{Board, Loss, OnSubmit};
use crate::hapi::crypto_service_server::{CryptoService, CryptoServiceServer};
use crate::hapi::{Query, Response as Answer, Transaction, TransactionResponse};
use crate::ledger::change::{Change, Submitted};
use crate::ledger::status::Status;
use crate::world::{World, WorldError};

/// How long a silent loss keeps the caller waiting at most; callers give up earlier.
const SILENCE: Duration = Duration::from_mins(1);

/// One consensus node.
#[derive(Debug, Clone)]
pub struct ConsensusNode {
    /// Its account, which transactions are addressed to.
    pub account: u64,
    /// The ledger.
    pub world: Arc<World>,
    /// What goes wrong.
    pub faults: Arc<Board>,
    /// Takes every signature for good.
    pub skip_signatures: bool,
    /// Ends copies that are still under way.
    pub stop: CancellationToken,
}

impl ConsensusNode {
    /// Its gRPC routes.
    pub fn router(self) -> axum::Router {
        tonic::service::Routes::new(CryptoServiceServer::new(self)).prepare().into_axum_router()
    }

    /// Takes a submission through faults, precheck and consensus; the status is the precheck's.
    async fn submit(&self, submitted: Submitted) -> Result<Status, Rpc> {
        let id = submitted.transaction.id;
        let heard = self.world.read().has_heard_of(&id);
        match self.faults.on_submit(self.account, &submitted.transaction.memo, id, heard) {
            None => self.pass(submitted),
            Some(OnSubmit::Refuse(status)) => Ok(status),
            Some(OnSubmit::LoseBefore(loss)) => Err(lose(loss).await),
            Some(OnSubmit::LoseAfter(loss)) => {
                self.pass(submitted)?;
                Err(lose(loss).await)
            }
            Some(OnSubmit::DelayAnswer(millis)) => {
                let precheck = self.pass(submitted);
                tokio::time::sleep(Duration::from_millis(millis)).await;
                precheck
            }
            Some(OnSubmit::DelayEffect { millis, lost }) => {
                let precheck = self.world.depart(self.account, &submitted.transaction);
                if precheck == Status::Ok {
                    self.arrive_later(submitted, Duration::from_millis(millis));
                }
                match lost {
                    Some(loss) => Err(lose(loss).await),
                    None => Ok(precheck),
                }
            }
            Some(OnSubmit::Consensus(status)) => self.pass(Submitted { forced: Some(status), ..submitted }),
        }
    }

    fn pass(&self, submitted: Submitted) -> Result<Status, Rpc> {
        self.world.submit(self.account, submitted).map_err(|error| broken(&error))
    }

    /// Lets a copy reach consensus after a time, whatever became of its caller.
    fn arrive_later(&self, submitted: Submitted, after: Duration) {
        let (world, stop) = (Arc::clone(&self.world), self.stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(after) => {}
            }
            if let Err(error) = world.change(&Change::Submit(Box::new(submitted))) {
                tracing::error!(%error, "a late copy could not reach consensus");
            }
        });
    }
}

#[tonic::async_trait]
impl CryptoService for ConsensusNode {
    async fn crypto_transfer(
        &self,
        request: Request<Transaction>,
    ) -> Result<Response<TransactionResponse>, Rpc> {
        let precheck = match decode::transaction(&request.into_inner()) {
            Err(status) => status,
            Ok(decoded) => {
                let transaction = signatures::check(decoded, &self.world, self.skip_signatures);
                self.submit(Submitted { transaction, forced: None }).await?
            }
        };
        Ok(Response::new(TransactionResponse { node_transaction_precheck_code: precheck.into(), cost: 0 }))
    }

    async fn get_transaction_receipts(&self, request: Request<Query>) -> Result<Response<Answer>, Rpc> {
        self.receipt(request.into_inner()).await.map(Response::new)
    }

    async fn crypto_get_balance(&self, request: Request<Query>) -> Result<Response<Answer>, Rpc> {
        Ok(Response::new(self.balance(request.into_inner())))
    }
}

/// The error of a call whose answer is lost.
async fn lose(loss: Loss) -> Rpc {
    if loss == Loss::Silent {
        tokio::time::sleep(SILENCE).await;
    }
    Rpc::unavailable("the connection was lost")
}

fn broken(error: &WorldError) -> Rpc {
    tracing::error!(%error, "the sandbox could not take a transaction");
    Rpc::internal("the sandbox could not take the transaction")
}
