//! The tables as the code knows them are the tables as the migrations make them.

use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use execution::MIGRATIONS;
use execution::store::schema::{funding_account, run};
use pg::testing::{Declared, TestDb, assert_schema_matches};

/// The tables that hand-written SQL alone reaches: nothing but this list says which columns it may count on.
const BY_HAND: &[(&str, &str)] = &[
    ("instruction", "run_id load_id ordinal account units supersedes"),
    ("instruction_load", "load_id run_id begun_at"),
    (
        "batch",
        "run_id number first_ordinal size units state due_at lease_epoch lease_until lease_slot \
         started_at ended_at processing in_doubt paid failed cancelled processing_units \
         in_doubt_units paid_units failed_units cancelled_units attempts retries superseded \
         superseded_units adopted",
    ),
    (
        "attempt",
        "run_id attempt_id batch_number ordinals units payer valid_start_ns window_end_ns nodes \
         copies hashes tries send_begins state failure_reason failure_class proof consensus_ns \
         created_at decided_at next_at next_split next_tries replaced parted parted_units recipient_tries \
         next_recipient_tries reserved_on",
    ),
    ("live_attempt", "run_id ordinal attempt_id successor_run_id successor_ordinal"),
    ("chosen_payout", "run_id batch_number attempt_id ordinal next_at chosen_at"),
    ("superseded_payout", "run_id batch_number ordinal units superseded_at"),
    ("alert", "alert_id run_id reason class hint raised_at ended_at ended_by_itself"),
    ("rail_effect", "rail effect_id leg run_id attempt_id consensus_ns seen_at"),
    ("attempt_event", "run_id attempt_id event_id at kind detail"),
    ("break", "run_id attempt_id reason detail at"),
    ("cancelled_run", "run_id cancelled_by reason at"),
    ("pause", "pause_id scope subject reason paused_by paused_at resumed_by resume_reason resumed_at"),
    ("asset_pause", "asset_id version"),
    ("destination", "funding_account_id account added_at added_by label removed_by removed_at"),
    ("withdrawal", "run_id reason created_by created_at"),
    (
        "sweep",
        "number sweep_id reason system_identifier timeline wanted_by note wanted_at since_ns until_ns done_at",
    ),
    ("sweep_payer", "number payer cursor_ns pages done_at"),
    (
        "swept_effect",
        "effect_id number attempt_id run_id first_ordinal size payer valid_start_ns consensus_ns node hash \
         asset accounts units outcome detail seen_at",
    ),
    ("acknowledged_run", "run_id acknowledged_at acknowledged_by reason"),
    ("heartbeat", "singleton seen_ns"),
    ("funding_limit", "funding_account_id asset version per_payout per_run per_day set_by reason set_at"),
    ("spent_day", "funding_account_id asset day reserved"),
    ("doubt_proposal", "run_id attempt_id proposal_id proposed_by outcome evidence at"),
];

#[tokio::test]
async fn the_schema_is_what_the_code_expects() {
    let db = TestDb::create("execution", MIGRATIONS).await;
    let mut conn = AsyncPgConnection::establish(&db.url).await.unwrap();
    let by_diesel =
        [Declared::installation(), Declared::table(funding_account::table), Declared::table(run::table)];
    let by_hand = BY_HAND.iter().map(|(table, columns)| Declared::by_hand(table, columns));
    let tables: Vec<Declared> = by_diesel.into_iter().chain(by_hand).collect();
    assert_schema_matches(&mut conn, &tables).await;
}
