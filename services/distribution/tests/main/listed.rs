//! Distributions to a list of payees, whatever they are for.

use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Numeric, Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use entitlements::{Leaf, RootBuilder};
use ids::{AssetId, DistributionId, RunId, SystemIds};
use pg::Numeric128;
use proto::distribution::v1 as pb;
use proto::execution::v1::RunState;
use tonic::Code;

use crate::stage::{Stage, reason};
use crate::support::Handed;

use pb::DistributionState::{Cancelled, Completed, Failed, Upcoming};

const USDC: &str = "hedera:sandbox/token:0.0.7000";

/// A distribution of this kind to these payees, as whoever makes lists stores it: the list first.
async fn store(stage: &Stage, kind: &str, asset: Option<AssetId>, payees: &[(i64, u128)]) -> String {
    // Here, because everything has an `execute` with it.
    use diesel_async::RunQueryDsl as _;

    let mut conn = AsyncPgConnection::establish(&stage.db.url).await.expect("a connection");
    let id = DistributionId::new(&SystemIds);
    for (account, units) in payees {
        sql_query("INSERT INTO listed_payee VALUES ($1, $2, $3, '', '')")
            .bind::<SqlUuid, _>(id.as_uuid())
            .bind::<BigInt, _>(*account)
            .bind::<Numeric, _>(Numeric128(*units))
            .execute(&mut conn)
            .await
            .expect("stored");
    }
    sql_query(
        "WITH whole AS (
             INSERT INTO distribution (id, run_id, asset_id, label, kind, payment_token, payment_decimals,
                 funding_account_id, treasury, funding, fee_payer, batch_size, parallelism, retry_max_attempts,
                 retry_base_ns, retry_cap_ns, execute_now, created_by, created_ns, source)
             VALUES ($1, $2, $3, 'Bonus', $4, $5, 6, $6, 0, 2001, 2002, 100, 1, 5, 1, 1, false, 'alice', 1, 'LIST')
             RETURNING id)
         INSERT INTO distribution_state (distribution_id, state, version, wake_at)
         SELECT id, 'SNAPSHOT_WANTED', 1, now() FROM whole",
    )
    .bind::<SqlUuid, _>(id.as_uuid())
    .bind::<SqlUuid, _>(RunId::new(&SystemIds).as_uuid())
    .bind::<Nullable<SqlUuid>, _>(asset.map(|asset| asset.as_uuid()))
    .bind::<Text, _>(kind)
    .bind::<Text, _>(USDC)
    .bind::<SqlUuid, _>(stage.world.funding.as_uuid())
    .execute(&mut conn)
    .await
    .expect("stored");
    id.to_string()
}

fn root(run: &str, payees: &[(u64, u128)]) -> Vec<u8> {
    let run = run.parse::<RunId>().expect("a run").as_uuid().into_bytes();
    let mut root = RootBuilder::new();
    for (ordinal, (number, units)) in (0..).zip(payees) {
        let leaf = Leaf { run, ordinal, payee_key: &number.to_be_bytes(), units: *units, asset: USDC };
        root.push(&leaf).expect("in order");
    }
    root.finish().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_calculated_by_account_and_paid_only_when_somebody_executes_it() {
    let stage = Stage::new().await;
    let id = store(&stage, "LIST", None, &[(70_000, 12), (1001, 7), (1002, 1)]).await;
    let calculated = stage.until(&id, Upcoming).await;
    let payees = [(1001, 7), (1002, 1), (70_000, 12)];
    let result = calculated.entitlements.clone().expect("numbers");
    assert_eq!(result.entitlement_root, root(&calculated.run_id, &payees));
    assert_eq!((result.snapshot_id.as_str(), result.consensus_ns, result.payee_count), ("", 0, 3));
    let units = |amount: Option<proto::r#type::v1::Amount>| amount.map(|amount| amount.units);
    let sums = [result.entitled, result.pool, result.residue, result.held].map(units);
    assert_eq!(sums, ["20", "20", "0", "0"].map(|units| Some(units.to_owned())));
    assert_eq!((calculated.kind(), calculated.asset_id.as_str()), (pb::DistributionKind::List, ""));
    assert_eq!((calculated.amount_rule, calculated.record_time), (None, None));
    assert_eq!(stage.world.facts().snapshots_taken, 0);
    assert!(stage.world.facts().runs.is_empty(), "nothing is paid before it is executed");

    let owed = stage.entitlements(&id).await;
    let shown =
        owed.iter().map(|one| (one.ordinal, one.account.as_str(), one.units.as_str(), one.balance.as_str()));
    let expected =
        [(Some(0), "0.0.1001", "7", ""), (Some(1), "0.0.1002", "1", ""), (Some(2), "0.0.70000", "12", "")];
    assert_eq!(shown.collect::<Vec<_>>(), expected);

    stage.execute("e", &id).await.expect("executed");
    let paid = stage.until(&id, Completed).await;
    let run = stage.world.facts().runs[&paid.run_id].clone();
    assert_eq!((run.header.asset_id.as_str(), run.header.count, run.instructions.len()), ("", 3, 3));
    assert_eq!(run.header.entitlement_root, root(&paid.run_id, &payees));
    assert_eq!(stage.world.facts().handed, [Handed::Started(paid.run_id)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_an_asset_s_holders_stays_that_asset_s() {
    let stage = Stage::new().await;
    let asset = Some(stage.world.equity);
    let id = store(&stage, "DIVIDEND", asset, &[(1001, 7), (2001, 3)]).await;
    let calculated = stage.until(&id, Upcoming).await;
    assert_eq!(
        (calculated.kind(), calculated.asset_id),
        (pb::DistributionKind::Dividend, stage.world.equity.to_string())
    );
    let result = calculated.entitlements.expect("numbers");
    assert_eq!((result.payee_count, result.excluded_count), (1, 1), "the funding account is no payee");

    stage.world.facts().assets.values_mut().for_each(|asset| asset.paused = true);
    let refused = stage.execute("e1", &id).await.expect_err("its asset is paused");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "ASSET_PAUSED"));
    stage.world.facts().assets.values_mut().for_each(|asset| asset.paused = false);
    (stage.world.facts().run_state, stage.world.facts().failed) = (RunState::Failed, 1);
    stage.execute("e2", &id).await.expect("executed");
    stage.until(&id, Failed).await;
    stage.world.facts().run_state = RunState::Completed;
    stage.retry("r", &id).await.expect("again");
    let paid = stage.until(&id, Completed).await;
    assert_eq!(stage.world.facts().runs[&paid.run_id].header.asset_id, stage.world.equity.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_cancelled_like_everything_else_and_one_that_cannot_be_summed_fails() {
    let stage = Stage::new().await;
    let id = store(&stage, "LIST", None, &[(1001, 7)]).await;
    stage.until(&id, Upcoming).await;
    assert_eq!(stage.cancel("c", &id).await.expect("cancelled").state(), Cancelled);

    let most = u128::from(i64::MAX.unsigned_abs());
    let id = store(&stage, "LIST", None, &[(1001, most), (1002, 1)]).await;
    let failed = stage.until(&id, Failed).await;
    assert_eq!(failed.failure.expect("why").reason, "AMOUNT_OUT_OF_RANGE");
}
