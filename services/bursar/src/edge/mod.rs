//! The gateway as a caller sees it: one connection, a bearer token, typed clients of every service.

mod credentials;
mod failure;
pub mod json;
pub mod pages;

use std::time::Duration;

use proto::asset::v1::asset_service_client::AssetServiceClient;
use proto::asset::v1::payment_token_service_client::PaymentTokenServiceClient;
use proto::distribution::v1::approval_service_client::ApprovalServiceClient;
use proto::distribution::v1::distribution_service_client::DistributionServiceClient;
use proto::distribution::v1::ingest_service_client::IngestServiceClient;
use proto::distribution::v1::redemption_service_client::RedemptionServiceClient;
use proto::distribution::v1::schedule_service_client::ScheduleServiceClient;
use proto::execution::v1::alert_service_client::AlertServiceClient;
use proto::execution::v1::diagnostics_service_client::DiagnosticsServiceClient;
use proto::execution::v1::execution_service_client::ExecutionServiceClient;
use proto::execution::v1::funding_account_service_client::FundingAccountServiceClient;
use proto::execution::v1::pause_service_client::PauseServiceClient;
use proto::execution::v1::restore_service_client::RestoreServiceClient;
use proto::execution::v1::withdrawal_service_client::WithdrawalServiceClient;
use proto::holder::v1::holder_service_client::HolderServiceClient;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};

pub use credentials::{Credentials, CredentialsError};
pub use failure::explain;

const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// Until the response's headers; streams live longer.
const CALL_DEADLINE: Duration = Duration::from_mins(1);
/// Until the answer to a call that streams a large request.
const UPLOAD_DEADLINE: Duration = Duration::from_mins(30);
/// A connection whose peer vanished without a word is noticed after this.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// What the typed clients speak through.
pub type Service = InterceptedService<Channel, Credentials>;

/// A connection to the gateway, in somebody's name. Clones share the connection.
#[derive(Clone, Debug)]
pub struct Edge {
    service: Service,
    /// For what is answered only when all of it was sent.
    uploads: Service,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// The address is none.
    #[error("{0:?} is not the address of a gateway (http://host:port)")]
    Address(String),
    /// Nothing answers there.
    #[error("the gateway at {address} cannot be reached: {source}")]
    Unreachable {
        /// Where it should be.
        address: String,
        /// What the transport said.
        #[source]
        source: tonic::transport::Error,
    },
    /// The token cannot be sent.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
}

impl Edge {
    /// Connects to the gateway at `address` (`http://host:port`) with `credentials`.
    pub async fn connect(address: &str, credentials: Credentials) -> Result<Edge, EdgeError> {
        let channel = endpoint(address)?.connect().await;
        let channel =
            channel.map_err(|source| EdgeError::Unreachable { address: address.to_owned(), source })?;
        Edge::of(channel, address, credentials)
    }

    /// The same, connecting when the first call is made, and again after each break.
    pub fn connect_lazy(address: &str, credentials: Credentials) -> Result<Edge, EdgeError> {
        let channel = endpoint(address)?.connect_lazy();
        Edge::of(channel, address, credentials)
    }

    fn of(channel: Channel, address: &str, credentials: Credentials) -> Result<Edge, EdgeError> {
        let uploads = endpoint(address)?.timeout(UPLOAD_DEADLINE).connect_lazy();
        Ok(Edge {
            service: InterceptedService::new(channel, credentials.clone()),
            uploads: InterceptedService::new(uploads, credentials),
        })
    }

    /// What can be paid on.
    pub fn assets(&self) -> AssetServiceClient<Service> {
        AssetServiceClient::new(self.service.clone())
    }

    /// In what may be paid.
    pub fn payment_tokens(&self) -> PaymentTokenServiceClient<Service> {
        PaymentTokenServiceClient::new(self.service.clone())
    }

    /// Who holds what.
    pub fn holders(&self) -> HolderServiceClient<Service> {
        HolderServiceClient::new(self.service.clone())
    }

    /// Who is owed what.
    pub fn distributions(&self) -> DistributionServiceClient<Service> {
        DistributionServiceClient::new(self.service.clone())
    }

    /// Lists of payees from files.
    pub fn ingests(&self) -> IngestServiceClient<Service> {
        IngestServiceClient::new(self.uploads.clone())
    }

    /// Principal of bonds, which is paid once.
    pub fn redemptions(&self) -> RedemptionServiceClient<Service> {
        RedemptionServiceClient::new(self.service.clone())
    }

    /// What falls due by itself.
    pub fn schedules(&self) -> ScheduleServiceClient<Service> {
        ScheduleServiceClient::new(self.service.clone())
    }

    /// Who else has to agree.
    pub fn approvals(&self) -> ApprovalServiceClient<Service> {
        ApprovalServiceClient::new(self.service.clone())
    }

    /// Paying.
    pub fn execution(&self) -> ExecutionServiceClient<Service> {
        ExecutionServiceClient::new(self.service.clone())
    }

    /// What an operator has to end.
    pub fn alerts(&self) -> AlertServiceClient<Service> {
        AlertServiceClient::new(self.service.clone())
    }

    /// Stopping, and letting go on.
    pub fn pauses(&self) -> PauseServiceClient<Service> {
        PauseServiceClient::new(self.service.clone())
    }

    /// Why something does not go on.
    pub fn diagnostics(&self) -> DiagnosticsServiceClient<Service> {
        DiagnosticsServiceClient::new(self.service.clone())
    }

    /// What the database forgot when it was restored.
    pub fn restores(&self) -> RestoreServiceClient<Service> {
        RestoreServiceClient::new(self.service.clone())
    }

    /// Where money comes from.
    pub fn funding_accounts(&self) -> FundingAccountServiceClient<Service> {
        FundingAccountServiceClient::new(self.service.clone())
    }

    /// Money taken out of funding accounts.
    pub fn withdrawals(&self) -> WithdrawalServiceClient<Service> {
        WithdrawalServiceClient::new(self.service.clone())
    }
}

fn endpoint(address: &str) -> Result<Endpoint, EdgeError> {
    let endpoint = Endpoint::from_shared(address.to_owned()).ok();
    let endpoint = endpoint.filter(|endpoint| endpoint.uri().scheme_str() == Some("http"));
    let endpoint = endpoint.ok_or_else(|| EdgeError::Address(address.to_owned()))?;
    Ok(endpoint
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_DEADLINE)
        .timeout(CALL_DEADLINE)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_while_idle(true))
}
