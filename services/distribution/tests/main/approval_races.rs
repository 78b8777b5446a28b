//! Approvals raced by changes, by each other and by executing: whatever is paid was approved by as many different others as
//! were asked for, and for exactly what it is.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use entitlements::Approved;
use futures::{StreamExt as _, stream};
use ids::{DistributionId, FundingAccountId};
use proto::distribution::v1 as pb;

use crate::approval_stage::{endorsed, hash, relabel};
use crate::stage::{Stage, reason};

use pb::DistributionState::{Completed, PendingApproval};

const ROUNDS: usize = 60;
const ROUNDS_AHEAD: usize = 4;
const ASKED: u32 = 2;
const STEP_MS: u64 = 10;

/// What has to be approved, by its definition, of what is shown.
fn defined(shown: &pb::Distribution) -> Vec<u8> {
    let id: DistributionId = shown.id.parse().expect("an id");
    let funding: FundingAccountId = shown.funding_account_id.parse().expect("an id");
    let entitlements = shown.entitlements.as_ref().expect("it is calculated");
    let approved = Approved {
        distribution: id.as_uuid().into_bytes(),
        version: shown.version,
        root: entitlements.entitlement_root.as_slice().try_into().expect("32 bytes"),
        funding_account: funding.as_uuid().into_bytes(),
        debited: 2001_u64.to_be_bytes(),
        execute_now: shown.execute_now,
        asset: &shown.payment_token,
    };
    approved.hash().to_vec()
}

/// What was paid is what was approved, by enough people who had no hand in it.
fn assert_approved(stage: &Stage, paid: &pb::Distribution) {
    let people: BTreeSet<&str> = endorsed(paid).into_iter().collect();
    assert!(people.len() >= ASKED as usize, "{paid:?}");
    let changed = paid.amendments.iter().map(|one| one.amended_by.as_str());
    for maker in changed.chain([paid.created_by.as_str()]) {
        assert!(!people.contains(maker), "{maker} approved what is theirs: {paid:?}");
    }
    assert_eq!(hash(paid), defined(paid));
    let run = stage.world.facts().runs[&paid.run_id].clone();
    let entitlements = paid.entitlements.as_ref().expect("it is calculated");
    assert_eq!(run.header.entitlement_root, entitlements.entitlement_root);
    assert_eq!(run.header.batch_size, paid.batch_size);
}

/// It is calculated, and whatever it does by itself is done.
async fn settled(stage: &Stage, id: &str) -> pb::Distribution {
    for _ in 0..1_500 {
        let found = stage.get(id).await;
        let rests = match found.state() {
            Completed | PendingApproval => true,
            pb::DistributionState::Upcoming => !found.execute_now,
            _ => false,
        };
        if rests {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never settled: {:?}", stage.get(id).await);
}

/// The change comes so much after the approvals. Whether it came first all the same.
async fn round(stage: &Stage, number: usize, wait_ms: u64) -> bool {
    let execute_now = number.is_multiple_of(2);
    let request = pb::CreateDistributionRequest { execute_now, ..stage.request() };
    let pending = stage.pending(request).await;
    let rule = pb::amount_rule::Rule::PerToken("0.5".to_owned());
    let change = pb::UpdateDistributionRequest {
        amount_rule: Some(pb::AmountRule { rule: Some(rule) }),
        batch_size: Some(7),
        ..relabel(&pending, "Edited")
    };
    // Somebody who also approves, or somebody else.
    let editor = if number.is_multiple_of(3) { "bo" } else { "eve" };
    let edit = async {
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        stage.modify(editor, change).await
    };
    let execute = async {
        tokio::time::sleep(Duration::from_millis(wait_ms * (number % 3) as u64 / 2)).await;
        stage.execute(&format!("e{number}"), &pending.id).await
    };
    let approvals =
        futures::future::join_all(["bo", "cy", "di"].map(|person| stage.approve(person, &pending)));
    let (approvals, edited, _) = futures::join!(approvals, edit, execute);
    for refused in approvals.into_iter().filter_map(Result::err) {
        let expected = ["ACTION_NOT_ALLOWED", "APPROVAL_HASH_DIFFERS", "APPROVER_IS_CREATOR"];
        assert!(expected.contains(&reason(&refused).as_str()), "{refused:?}");
    }
    let mut found = settled(stage, &pending.id).await;
    if let Err(refused) = edited {
        assert_eq!(reason(&refused), "ACTION_NOT_ALLOWED", "it was being paid");
        assert_eq!((found.version, found.state()), (1, Completed));
        assert_approved(stage, &found);
        return false;
    }
    // Whatever was approved before it counts no more, and nothing was paid.
    assert_eq!((found.version, found.state(), endorsed(&found).len()), (2, PendingApproval, 0), "{found:?}");
    assert!(!stage.world.facts().runs.contains_key(&found.run_id));
    for person in ["cy", "di"] {
        found = stage.approve(person, &found).await.expect("approved");
    }
    if !execute_now {
        stage.execute(&format!("f{number}"), &pending.id).await.expect("executed");
    }
    assert_approved(stage, &stage.until(&pending.id, Completed).await);
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_paid_was_approved_by_different_others_for_exactly_what_it_is_whoever_races() {
    let mut stage = Stage::new().await;
    stage.add_replica();
    stage.rich();
    stage.world.facts().fee_balance = u128::from(u64::MAX);
    stage.ask_for(ASKED).await;
    let stage = &stage;
    // Later when the last changes came first, sooner when they came too late: so it stays where it is close.
    let wait_ms = AtomicU64::new(0);
    let rounds = (0..ROUNDS).map(|number| {
        let wait_ms = &wait_ms;
        async move {
            let first = round(stage, number, wait_ms.load(Ordering::Relaxed)).await;
            let nearer = |wait: u64| Some(if first { wait + STEP_MS } else { wait.saturating_sub(STEP_MS) });
            wait_ms
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, nearer)
                .expect("there is always a next");
            first
        }
    });
    let edited: Vec<bool> = stream::iter(rounds).buffer_unordered(ROUNDS_AHEAD).collect().await;
    let first = edited.iter().filter(|first| **first).count();
    assert!(first > 0 && first < ROUNDS, "{first} of {ROUNDS} changes came first: no race was run");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_that_races_a_change_pays_what_was_approved_or_nothing() {
    let stage = Stage::new().await;
    stage.rich();
    stage.ask_for(1).await;
    let mut changed = 0;
    for number in 0..30_usize {
        let pending = stage.pending(stage.request()).await;
        let upcoming = stage.approve("bo", &pending).await.expect("approved");
        let rule = pb::amount_rule::Rule::PerToken("0.5".to_owned());
        let change = pb::UpdateDistributionRequest {
            amount_rule: Some(pb::AmountRule { rule: Some(rule) }),
            ..relabel(&upcoming, "Edited")
        };
        let key = format!("e{number}");
        let execute = async {
            tokio::time::sleep(Duration::from_millis((number % 6) as u64)).await;
            stage.execute(&key, &pending.id).await
        };
        let (edited, executed) = futures::join!(stage.modify("alice", change), execute);
        assert!(edited.is_ok() != executed.is_ok(), "{edited:?} {executed:?}");
        if let Err(refused) = executed {
            assert!(
                ["ACTION_NOT_ALLOWED", "VERSION_CHANGED"].contains(&reason(&refused).as_str()),
                "{refused:?}"
            );
            stage.until(&pending.id, PendingApproval).await;
            assert!(!stage.world.facts().runs.contains_key(&pending.run_id));
            changed += 1;
        } else {
            let paid = stage.until(&pending.id, Completed).await;
            assert_eq!((paid.version, hash(&paid)), (1, defined(&paid)));
            let root = stage.world.facts().runs[&pending.run_id].header.entitlement_root.clone();
            assert_eq!(root, paid.entitlements.expect("numbers").entitlement_root);
        }
    }
    assert!(changed > 0, "no race was run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_approves_many_times_at_once_counts_once() {
    let stage = Stage::new().await;
    stage.ask_for(2).await;
    let pending = stage.pending(stage.request()).await;
    let many = futures::future::join_all((0..12).map(|_| stage.approve("bo", &pending))).await;
    assert!(many.iter().all(Result::is_ok), "{many:?}");
    let found = stage.get(&pending.id).await;
    assert_eq!((found.state(), endorsed(&found)), (PendingApproval, vec!["bo"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_that_races_the_last_approval_ends_it_or_comes_too_late() {
    let stage = Stage::new().await;
    stage.ask_for(1).await;
    for _ in 0..20 {
        let request = pb::CreateDistributionRequest { execute_now: true, ..stage.request() };
        let pending = stage.pending(request).await;
        let (approved, rejected) =
            futures::join!(stage.approve("bo", &pending), stage.reject("cy", &pending, "no"));
        assert!(approved.is_ok() != rejected.is_ok(), "{approved:?} {rejected:?}");
        if approved.is_ok() {
            stage.until(&pending.id, Completed).await;
        } else {
            assert_eq!(stage.get(&pending.id).await.state(), pb::DistributionState::Paused);
            assert!(!stage.world.facts().runs.contains_key(&pending.run_id));
        }
    }
}
