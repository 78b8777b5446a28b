//! The tables that Diesel reads and writes; a test compares them, and those that hand-written SQL alone reaches, with the
//! database.

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
        distribution_id -> Nullable<Uuid>,
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
        backoff_factor_hundredths -> Int4,
        backoff_jitter_percent -> Int4,
        recipient_max_attempts -> Int4,
        supersedes_run_id -> Nullable<Uuid>,
        state -> Int2,
        halt_reason -> Nullable<Text>,
        halt_class -> Nullable<Int2>,
        cancelled_by -> Nullable<Text>,
        cancel_reason -> Nullable<Text>,
        created_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}
