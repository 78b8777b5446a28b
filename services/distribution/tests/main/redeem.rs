//! What a stage can do with redemptions, as somebody with the role CASHOUT.

use auth::Role;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use proto::distribution::v1 as pb;
use tonic::Status;

use crate::stage::Stage;

/// Units of the test's bond that redemptions have: reserved, redeemed, given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Units {
    pub(crate) reserved: i64,
    pub(crate) redeemed: i64,
    pub(crate) released: i64,
}

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = Text)]
    outcome: String,
    #[diesel(sql_type = BigInt)]
    units: i64,
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = BigInt)]
    taken: i64,
}

impl Stage {
    /// The principal of every holder of the bond, in USDC.
    pub(crate) fn redemption(&self) -> pb::CreateRedemptionRequest {
        pb::CreateRedemptionRequest {
            asset_id: self.world.bond.to_string(),
            label: "Cash-out".to_owned(),
            payment_token: "0.0.7000".to_owned(),
            funding_account_id: self.world.funding.to_string(),
            ..pb::CreateRedemptionRequest::default()
        }
    }

    /// Enough money for everybody.
    pub(crate) fn rich(&self) {
        self.world.facts().funding_units = u128::from(u64::MAX);
    }

    pub(crate) async fn redeem(
        &self,
        key: &str,
        request: pb::CreateRedemptionRequest,
    ) -> Result<pb::Distribution, Status> {
        let answer = self.redemptions().create_redemption(self.write_as(Role::Cashout, key, request)).await?;
        Ok(answer.into_inner().distribution.expect("a redemption"))
    }

    /// What it would come to.
    pub(crate) async fn preview_redemption(
        &self,
        request: pb::CreateRedemptionRequest,
    ) -> Result<pb::Preview, Status> {
        let request = pb::CreateRedemptionRequest { validate_only: true, ..request };
        let answer = self.redemptions().create_redemption(self.read_as(Role::Cashout, request)).await?;
        Ok(answer.into_inner().preview.expect("a preview"))
    }

    pub(crate) async fn execute_redemption(&self, key: &str, id: &str) -> Result<pb::Distribution, Status> {
        let message = pb::ExecuteRedemptionRequest { distribution_id: id.to_owned() };
        let answer =
            self.redemptions().execute_redemption(self.write_as(Role::Cashout, key, message)).await?;
        Ok(answer.into_inner().distribution.expect("a redemption"))
    }

    pub(crate) async fn retry_redemption(
        &self,
        key: &str,
        id: &str,
    ) -> Result<pb::RetryRedemptionResponse, Status> {
        let message = pb::RetryRedemptionRequest { distribution_id: id.to_owned(), ..Default::default() };
        let answer = self.redemptions().retry_redemption(self.write_as(Role::Cashout, key, message)).await?;
        Ok(answer.into_inner())
    }

    pub(crate) async fn cancel_redemption(&self, key: &str, id: &str) -> Result<pb::Distribution, Status> {
        let message = pb::CancelRedemptionRequest { distribution_id: id.to_owned(), reason: String::new() };
        let answer = self.redemptions().cancel_redemption(self.write_as(Role::Cashout, key, message)).await?;
        Ok(answer.into_inner().distribution.expect("a redemption"))
    }

    /// What a redemption owes to whom.
    pub(crate) async fn entitlements(&self, id: &str) -> Vec<pb::Entitlement> {
        let message = pb::ListEntitlementsRequest {
            distribution_id: id.to_owned(),
            page_size: 1_000,
            ..pb::ListEntitlementsRequest::default()
        };
        let answer = self.client().list_entitlements(self.read(message)).await.expect("a list");
        answer.into_inner().entitlements
    }

    /// Payees with what they get, in units of USDC.
    pub(crate) async fn owed(&self, id: &str) -> Vec<(String, u128)> {
        let payees = self.entitlements(id).await.into_iter().filter(|one| one.ordinal.is_some());
        payees.map(|one| (one.account, one.units.parse().expect("digits"))).collect()
    }

    /// What redemptions have of the bond's holdings.
    ///
    /// # Panics
    /// When the sum that is kept beside it says otherwise.
    pub(crate) async fn units(&self) -> Units {
        let mut conn = AsyncPgConnection::establish(&self.db.url).await.expect("a connection");
        let held: Vec<Held> = sql_query(
            "SELECT coalesce(outcome, 'RESERVED') AS outcome, sum(units)::bigint AS units
             FROM redemption_holding LEFT JOIN redemption_outcome USING (distribution_id, account) GROUP BY 1",
        )
        .load(&mut conn)
        .await
        .expect("read");
        let taken: Taken = sql_query("SELECT coalesce(sum(taken), 0)::bigint AS taken FROM redeemable")
            .get_result(&mut conn)
            .await
            .expect("read");
        let of = |name| held.iter().find(|held| held.outcome == name).map_or(0, |held| held.units);
        let units = Units { reserved: of("RESERVED"), redeemed: of("REDEEMED"), released: of("RELEASED") };
        assert_eq!(taken.taken, units.reserved + units.redeemed);
        units
    }
}
