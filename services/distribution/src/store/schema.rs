//! The tables, as the migrations make them; a test compares the two. `idempotency_key` and `installation` are `pg`'s.

diesel::table! {
    distribution (id) {
        id -> Uuid,
        run_id -> Uuid,
        asset_id -> Uuid,
        label -> Text,
        kind -> Text,
        rate -> Nullable<Text>,
        pool_units -> Nullable<Numeric>,
        pool_base -> Nullable<Text>,
        payment_token -> Text,
        payment_decimals -> SmallInt,
        funding_account_id -> Uuid,
        treasury -> BigInt,
        funding -> BigInt,
        fee_payer -> BigInt,
        record_time_ns -> BigInt,
        snapshot_id -> Uuid,
        snapshot_reused -> Bool,
        batch_size -> Integer,
        parallelism -> Integer,
        retry_max_attempts -> Integer,
        retry_base_ns -> BigInt,
        retry_cap_ns -> BigInt,
        execute_now -> Bool,
        created_by -> Text,
        created_ns -> BigInt,
    }
}

diesel::table! {
    holder_decision (distribution_id, account) {
        distribution_id -> Uuid,
        account -> BigInt,
        treatment -> SmallInt,
    }
}

diesel::table! {
    distribution_state (distribution_id) {
        distribution_id -> Uuid,
        state -> Text,
        version -> BigInt,
        failure_reason -> Nullable<Text>,
        failure_class -> Nullable<Text>,
        failure_hint -> Nullable<Text>,
        cancel_reason -> Text,
        executed_ns -> Nullable<BigInt>,
        ended_ns -> Nullable<BigInt>,
        run_progress -> Nullable<Bytea>,
        run_failed -> BigInt,
        wake_at -> Nullable<Timestamptz>,
        misses -> Integer,
        lease_until -> Nullable<Timestamptz>,
        lease_epoch -> BigInt,
    }
}

diesel::table! {
    calculation (distribution_id) {
        distribution_id -> Uuid,
        calculation_id -> Uuid,
        consensus_ns -> BigInt,
        payee_count -> Integer,
        zero_count -> Integer,
        held_count -> Integer,
        excluded_count -> Integer,
        entitled -> Numeric,
        held -> Numeric,
        pool -> Numeric,
        residue -> Numeric,
        root -> Bytea,
        created_ns -> BigInt,
    }
}

diesel::table! {
    entitlement (calculation_id, account) {
        calculation_id -> Uuid,
        account -> BigInt,
        ordinal -> Nullable<Integer>,
        evm_address -> Bytea,
        balance -> Numeric,
        units -> Numeric,
        treatment -> SmallInt,
        reason -> Nullable<SmallInt>,
        counted -> Nullable<Numeric>,
    }
}

diesel::table! {
    redemption_account (distribution_id, account) {
        distribution_id -> Uuid,
        account -> BigInt,
    }
}

diesel::table! {
    redeemable (asset_id) {
        asset_id -> Uuid,
        version -> BigInt,
        consensus_ns -> BigInt,
        supply -> Numeric,
        taken -> Numeric,
    }
}

diesel::table! {
    redemption_holding (distribution_id, account) {
        distribution_id -> Uuid,
        account -> BigInt,
        asset_id -> Uuid,
        ordinal -> Integer,
        units -> Numeric,
        taken_before -> Numeric,
        balance -> Numeric,
    }
}

diesel::table! {
    redemption_outcome (distribution_id, account) {
        distribution_id -> Uuid,
        account -> BigInt,
        outcome -> Text,
        decided_ns -> BigInt,
    }
}

diesel::table! {
    /// A view.
    taken_holding (asset_id, account) {
        asset_id -> Uuid,
        account -> BigInt,
        units -> Numeric,
    }
}

diesel::joinable!(distribution_state -> distribution (distribution_id));
diesel::joinable!(calculation -> distribution (distribution_id));
diesel::joinable!(holder_decision -> distribution (distribution_id));
diesel::allow_tables_to_appear_in_same_query!(distribution, distribution_state, calculation, holder_decision);
