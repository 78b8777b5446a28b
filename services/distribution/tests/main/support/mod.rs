//! The neighbours: small servers of the real contract with a world that tests set and look at.

mod asset;
mod execution;
mod holder;
mod world;

pub(crate) use asset::{AssetNeighbour, PaymentTokenNeighbour};
pub(crate) use execution::{ExecutionNeighbour, FundingNeighbour};
pub(crate) use holder::HolderNeighbour;
pub(crate) use world::{Handed, Run, World, bond_terms, snapshot_holder};

/// Methods the service under test never calls.
macro_rules! never_called {
    ($($method:ident: $request:ty => $response:ty;)*) => {$(
        // As `async_trait` writes it: it does not see into macros.
        fn $method<'a, 'b>(
            &'a self,
            _: tonic::Request<$request>,
        ) -> futures::future::BoxFuture<'b, Result<tonic::Response<$response>, tonic::Status>>
        where
            'a: 'b,
            Self: 'b,
        {
            Box::pin(async { Err(tonic::Status::unimplemented(stringify!($method))) })
        }
    )*};
}
pub(crate) use never_called;

/// An error as services answer it.
pub(crate) fn refusal(code: tonic::Code, reason: &'static str) -> tonic::Status {
    service_kit::error::Problem::user(code, reason, reason).to_status()
}
