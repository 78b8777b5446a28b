//! Payees of a file who are named by email: accepted, held, never paid by it, and free to come again with an account.

use proto::distribution::v1 as pb;

use crate::ingest::csv;
use crate::stage::{Stage, reason};

use pb::DistributionState::{Cancelled, Completed, Upcoming};

/// Two accounts, and two who are held.
fn mixed() -> Vec<u8> {
    csv(&[
        "INV-1,0.0.1001,1.5,0.0.7000,",
        "INV-2,Ada Lovelace <ada@example.org>,2,0.0.7000,a note",
        "INV-3,0.0.1003,0.000001,0.0.7000,",
        "INV-4,zoe@example.org,0.5,0.0.7000,",
    ])
}

/// Whom a distribution does not pay: treatment, reason, reference, name, email, units.
async fn held(stage: &Stage, id: &str) -> Vec<[String; 6]> {
    let mut found = Vec::new();
    let mut request = pb::ListEntitlementsRequest {
        distribution_id: id.to_owned(),
        treatment: pb::HolderTreatment::Hold.into(),
        page_size: 1,
        ..pb::ListEntitlementsRequest::default()
    };
    loop {
        let page = stage.client().list_entitlements(stage.read(request.clone())).await.expect("a page");
        let page = page.into_inner();
        found.extend(page.entitlements.into_iter().map(|one| {
            assert_eq!((one.ordinal, one.account.as_str()), (None, ""));
            let treatment = one.treatment().as_str_name().to_owned();
            [treatment, one.reason, one.reference, one.name, one.email, one.units]
        }));
        if page.next_page_token.is_empty() {
            return found;
        }
        request.page_token = page.next_page_token;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_named_by_email_is_accepted_and_held_and_all_others_are_paid() {
    let stage = Stage::new().await;
    stage.rich();
    let file = stage.ingest("i", &mixed()).await.expect("ingested");
    assert_eq!((file.accepted_count, file.held_count, file.refused_count), (4, 2, 0));
    assert_eq!(file.accepted_amount.expect("a sum").units, "4000001");
    let listed = stage.until(&file.distribution_id, Upcoming).await;
    let result = listed.entitlements.expect("it is calculated");
    assert_eq!((result.payee_count, result.held_count), (2, 2));
    let units = [result.entitled, result.held, result.pool, result.residue, result.payable];
    let units = units.map(|amount| amount.expect("an amount").units);
    assert_eq!(units, ["1500001", "2500000", "4000001", "2500000", "1500001"]);
    let expected =
        [["INV-2", "Ada Lovelace", "ada@example.org", "2000000"], ["INV-4", "", "zoe@example.org", "500000"]];
    let expected = expected
        .map(|[of, name, email, units]| ["HOLDER_TREATMENT_HOLD", "NO_ACCOUNT", of, name, email, units]);
    assert_eq!(held(&stage, &listed.id).await, expected);
    // In a list of all of them they are last, whatever the size of a page.
    let all = stage.entitlements(&listed.id).await;
    let references: Vec<&str> = all.iter().map(|one| one.reference.as_str()).collect();
    assert_eq!(references, ["INV-1", "INV-3", "INV-2", "INV-4"]);
    stage.execute("e", &listed.id).await.expect("executed");
    stage.until(&listed.id, Completed).await;
    let run = stage.world.facts().runs[&listed.run_id].clone();
    assert_eq!((run.header.total_units.as_str(), run.instructions.len()), ("1500001", 2));
    assert!(!format!("{run:?}").contains("example.org"), "execution is told of nobody by email");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_of_a_held_payee_is_taken_until_the_others_are_executed_and_then_comes_with_an_account()
{
    let stage = Stage::new().await;
    stage.rich();
    let file = stage.ingest("i", &mixed()).await.expect("ingested");
    let with_account =
        csv(&["INV-2,0.0.1002,2,0.0.7000,", "INV-4,0.0.1004,0.5,0.0.7000,", "INV-1,0.0.1005,1,0.0.7000,"]);
    let early = stage.ingest("early", &with_account).await.expect("an answer");
    assert_eq!((early.state(), early.refused_count), (pb::IngestFileState::Refused, 3));
    stage.until(&file.distribution_id, Upcoming).await;
    stage.execute("e", &file.distribution_id).await.expect("executed");
    let late = stage.accept_valid("late", &with_account).await.expect("an answer");
    assert_eq!((late.accepted_count, late.held_count, late.refused_count), (2, 0, 1));
    assert_eq!(stage.errors(&late).await, [(4, 1, "REFERENCE_ALREADY_ACCEPTED".to_owned())]);
    let again = stage.ingest("again", &mixed()).await.expect_err("two of it are paid");
    assert_eq!(reason(&again), "FILE_ALREADY_ACCEPTED");
    stage.until(&file.distribution_id, Completed).await;
    assert_eq!(held(&stage, &file.distribution_id).await.len(), 2, "it still shows whom it left out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_gives_back_the_references_of_held_payees_too() {
    let stage = Stage::new().await;
    let file = stage.ingest("i", &mixed()).await.expect("ingested");
    stage.until(&file.distribution_id, Upcoming).await;
    stage.cancel("c", &file.distribution_id).await.expect("cancelled");
    stage.until(&file.distribution_id, Cancelled).await;
    let again = stage.ingest("again", &mixed()).await.expect("all of it may come again");
    assert_eq!((again.accepted_count, again.held_count), (4, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_comes_once_in_a_file_however_it_is_written_and_a_file_of_nobody_else_pays_nobody() {
    let stage = Stage::new().await;
    let emails = csv(&[
        "INV-1,ada@example.org,1,0.0.7000,",
        "INV-2,Ada <Ada@Example.org>,1,0.0.7000,",
        "INV-3,zoe@example.org,1,0.0.7000,",
    ]);
    let file = stage.accept_valid("i", &emails).await.expect("an answer");
    assert_eq!((file.accepted_count, file.held_count, file.refused_count), (2, 2, 1));
    assert_eq!(stage.errors(&file).await, [(3, 2, "DUPLICATE_RECIPIENT".to_owned())]);
    let listed = stage.until(&file.distribution_id, Upcoming).await;
    assert_eq!(listed.entitlements.expect("it is calculated").payee_count, 0);
    let refused = stage.execute("e", &listed.id).await.expect_err("nobody would be paid");
    assert_eq!(reason(&refused), "NO_PAYEES");
    let taken = stage.ingest("t", &csv(&["INV-3,0.0.1003,1,0.0.7000,"])).await.expect("an answer");
    assert_eq!(taken.state(), pb::IngestFileState::Refused, "nothing was executed");
}
