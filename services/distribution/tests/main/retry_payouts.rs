//! Chosen payouts of a distribution go again.

use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
use proto::distribution::v1 as pb;
use proto::execution::v1::RunState;
use tonic::{Code, Status};

use crate::stage::{Stage, fields, reason};
use crate::support::Handed;

use pb::DistributionAction::{Cancel, Rerun, Retry, RetryPayouts};
use pb::DistributionState::{Completed, Failed, Ongoing};

impl Stage {
    /// A distribution of which the last `failed` payees are unpaid.
    pub(crate) async fn failed(&self, failed: u64) -> pb::Distribution {
        {
            let mut facts = self.world.facts();
            (facts.run_state, facts.failed) = (RunState::Failed, failed);
        }
        let created = self.create("c", self.request()).await.expect("created");
        self.until(&created.id, pb::DistributionState::Upcoming).await;
        self.execute("e", &created.id).await.expect("executed");
        let ended = self.until(&created.id, Failed).await;
        {
            let mut facts = self.world.facts();
            (facts.run_state, facts.failed) = (RunState::Completed, 0);
        }
        ended
    }

    pub(crate) async fn sql(&self, statement: &str) {
        let mut conn = AsyncPgConnection::establish(&self.db.url).await.expect("a connection");
        conn.batch_execute(statement).await.expect("done");
    }

    pub(crate) async fn retry_payouts(
        &self,
        key: &str,
        distribution: &pb::Distribution,
        ordinals: &[u32],
    ) -> Result<pb::RetryDistributionResponse, Status> {
        let run = distribution.run_id.trim_start_matches("run_");
        let payout_ids = ordinals.iter().map(|ordinal| format!("pay_{run}_{ordinal}")).collect();
        let message = pb::RetryDistributionRequest { distribution_id: distribution.id.clone(), payout_ids };
        Ok(self.client().retry_distribution(self.write(key, message)).await?.into_inner())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_payouts_go_again_and_the_distribution_follows() {
    let stage = Stage::new().await;
    let ended = stage.failed(2).await;
    assert_eq!(ended.allowed_actions().collect::<Vec<_>>(), [Retry, RetryPayouts, Rerun]);
    stage.world.facts().run_state = RunState::Running;
    let answer = stage.retry_payouts("one", &ended, &[3]).await.expect("again");
    assert_eq!(answer.retried, 1);
    assert_eq!(answer.distribution.expect("it").state(), Ongoing);
    let going = stage.until(&ended.id, Ongoing).await;
    assert_eq!(going.allowed_actions().collect::<Vec<_>>(), [Cancel, RetryPayouts]);
    // Another one while the first is under way.
    assert_eq!(stage.retry_payouts("two", &ended, &[2]).await.expect("again").retried, 1);
    stage.world.facts().runs.values_mut().for_each(|run| run.state = RunState::Completed);
    stage.until(&ended.id, Completed).await;
    let repeated = stage.retry_payouts("one", &ended, &[3]).await.expect("the first answer");
    assert_eq!(repeated.retried, 1);
    let told =
        stage.world.facts().handed.iter().filter(|one| matches!(one, Handed::RetriedPayouts(_))).count();
    assert_eq!(told, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_execution_refuses_is_said_by_its_reason_and_nothing_goes() {
    let stage = Stage::new().await;
    let ended = stage.failed(2).await;
    stage.world.facts().payouts_not_failed = true;
    let refused = stage.retry_payouts("one", &ended, &[0]).await.expect_err("it is paid");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "PAYOUT_NOT_FAILED"));
    assert_eq!(stage.get(&ended.id).await.state(), Failed);
    let other = pb::Distribution { run_id: format!("run_{}", "0".repeat(32)), ..ended.clone() };
    let refused = stage.retry_payouts("two", &other, &[0]).await.expect_err("of another run");
    assert_eq!(fields(&refused), [("payout_ids[0]".to_owned(), "OTHER_RUN".to_owned())]);
    let refused = stage.retry_payouts("three", &ended, &[1, 1]).await.expect_err("twice");
    assert_eq!(fields(&refused), [("payout_ids[1]".to_owned(), "DUPLICATE".to_owned())]);
    stage.world.facts().assets.values_mut().for_each(|asset| asset.paused = true);
    let refused = stage.retry_payouts("four", &ended, &[3]).await.expect_err("the asset is paused");
    assert_eq!(reason(&refused), "ASSET_PAUSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_of_payouts_that_was_cut_off_after_execution_had_it_is_found_by_the_job() {
    let stage = Stage::new().await;
    let ended = stage.failed(2).await;
    // As if the call had ended here: execution has it, and the distribution was to be looked at soon.
    stage.world.facts().runs.values_mut().for_each(|run| run.state = RunState::Running);
    stage.sql("UPDATE distribution_state SET wake_at = now()").await;
    stage.until(&ended.id, Ongoing).await;
    stage.world.facts().runs.values_mut().for_each(|run| run.state = RunState::Completed);
    stage.until(&ended.id, Completed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_policy_is_kept_and_shown_and_one_out_of_bounds_is_refused_by_its_fields() {
    use proto::execution::v1::RetryPolicy;

    let stage = Stage::new().await;
    let seconds = |seconds| Some(prost_types::Duration { seconds, nanos: 0 });
    let policy = RetryPolicy {
        max_attempts: 7,
        base: seconds(2),
        cap: seconds(60),
        factor_hundredths: 150,
        jitter_percent: Some(0),
        recipient_max_attempts: 3,
    };
    let request = pb::CreateDistributionRequest { retry_policy: Some(policy), ..stage.request() };
    let created = stage.create("c", request).await.expect("created");
    assert_eq!(created.retry_policy, Some(policy));
    stage.until(&created.id, pb::DistributionState::Upcoming).await;
    stage.execute("e", &created.id).await.expect("executed");
    stage.until(&created.id, Completed).await;
    let handed = stage.world.facts().runs[&created.run_id].header.retry_policy;
    assert_eq!(handed, Some(policy));
    let by_default = stage.create("d", stage.request()).await.expect("created").retry_policy.expect("one");
    assert_eq!((by_default.factor_hundredths, by_default.jitter_percent), (200, Some(50)));
    let bad = RetryPolicy {
        factor_hundredths: 1001,
        jitter_percent: Some(101),
        recipient_max_attempts: 21,
        ..RetryPolicy::default()
    };
    let request = pb::CreateDistributionRequest { retry_policy: Some(bad), ..stage.request() };
    let refused = stage.create("b", request).await.expect_err("out of bounds");
    let named: Vec<String> = fields(&refused).into_iter().map(|(field, _)| field).collect();
    let all = ["factor_hundredths", "jitter_percent", "recipient_max_attempts"];
    assert_eq!(named, all.map(|field| format!("retry_policy.{field}")));
}
