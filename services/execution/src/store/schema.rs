//! The tables as Diesel knows them; a test compares them with the database.

diesel::table! {
    funding_account (funding_account_id) {
        funding_account_id -> Uuid,
        label -> Text,
        account -> Text,
        key_reference -> Text,
        fee_payer_account -> Text,
        fee_payer_key_reference -> Text,
        created_by -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    run (run_id) {
        run_id -> Uuid,
        asset_id -> Nullable<Uuid>,
        load_id -> Uuid,
        header_hash -> Bytea,
        distribution_id -> Uuid,
        funding_account_id -> Uuid,
        asset -> Text,
        decimals -> Int2,
        count -> Int4,
        total_units -> Numeric,
        entitlement_root -> Bytea,
        batch_size -> Int4,
        parallelism -> Int4,
        max_attempts -> Int4,
        backoff_base_ms -> Int8,
        backoff_cap_ms -> Int8,
        state -> Int2,
        halt_reason -> Nullable<Text>,
        halt_class -> Nullable<Int2>,
        cancelled_by -> Nullable<Text>,
        cancel_reason -> Nullable<Text>,
        created_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    batch (run_id, number) {
        run_id -> Uuid,
        number -> Int4,
        first_ordinal -> Int4,
        size -> Int4,
        units -> Numeric,
        state -> Int2,
        due_at -> Nullable<Timestamptz>,
        lease_epoch -> Int8,
        lease_until -> Nullable<Timestamptz>,
        lease_slot -> Nullable<Int4>,
        started_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
        processing -> Int4,
        in_doubt -> Int4,
        paid -> Int4,
        failed -> Int4,
        cancelled -> Int4,
        processing_units -> Numeric,
        in_doubt_units -> Numeric,
        paid_units -> Numeric,
        failed_units -> Numeric,
        cancelled_units -> Numeric,
        attempts -> Int4,
        retries -> Int4,
    }
}

diesel::table! {
    attempt (run_id, attempt_id) {
        run_id -> Uuid,
        attempt_id -> Uuid,
        batch_number -> Int4,
        ordinals -> Array<Int4>,
        units -> Numeric,
        payer -> Text,
        valid_start_ns -> Int8,
        window_end_ns -> Int8,
        nodes -> Array<Text>,
        copies -> Array<Bytea>,
        hashes -> Array<Bytea>,
        tries -> Int4,
        send_begins -> Int4,
        state -> Int2,
        failure_reason -> Nullable<Text>,
        failure_class -> Nullable<Int2>,
        proof -> Nullable<Text>,
        consensus_ns -> Nullable<Int8>,
        created_at -> Timestamptz,
        decided_at -> Nullable<Timestamptz>,
        next_at -> Nullable<Timestamptz>,
        next_split -> Bool,
        next_tries -> Int4,
        replaced -> Bool,
    }
}

diesel::table! {
    live_attempt (run_id, ordinal) {
        run_id -> Uuid,
        ordinal -> Int4,
        attempt_id -> Uuid,
    }
}

diesel::table! {
    attempt_event (run_id, attempt_id, event_id) {
        run_id -> Uuid,
        attempt_id -> Uuid,
        event_id -> Int8,
        at -> Timestamptz,
        kind -> Text,
        detail -> Text,
    }
}

diesel::table! {
    doubt_proposal (run_id, attempt_id, proposed_by) {
        run_id -> Uuid,
        attempt_id -> Uuid,
        proposed_by -> Text,
        outcome -> Int2,
        evidence -> Text,
        at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(run, batch);
