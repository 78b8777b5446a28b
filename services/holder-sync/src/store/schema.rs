//! The tables as Diesel sees them; a test compares them with the database.

diesel::table! {
    tracked_asset (asset_id) {
        asset_id -> Uuid,
        token_id -> Text,
        periodic -> Bool,
        interval_s -> Integer,
        next_sync_ns -> Nullable<BigInt>,
        synced_ns -> Nullable<BigInt>,
        synced_consensus_ns -> Nullable<BigInt>,
        holder_count -> Nullable<BigInt>,
        total_supply -> Nullable<Numeric>,
        treasury_num -> Nullable<BigInt>,
        registered_ns -> BigInt,
    }
}

diesel::table! {
    sync (id) {
        id -> Uuid,
        asset_id -> Uuid,
        state -> Text,
        created_ns -> BigInt,
        ended_ns -> Nullable<BigInt>,
        consensus_ns -> Nullable<BigInt>,
        holder_count -> Nullable<BigInt>,
        changed_count -> Nullable<BigInt>,
        failure_reason -> Nullable<Text>,
    }
}

diesel::table! {
    snapshot (id) {
        id -> Uuid,
        asset_id -> Uuid,
        state -> Text,
        record_ns -> BigInt,
        created_ns -> BigInt,
        consensus_ns -> Nullable<BigInt>,
        holder_count -> Nullable<BigInt>,
        total_balance -> Nullable<Numeric>,
        total_supply -> Nullable<Numeric>,
        decimals -> Nullable<SmallInt>,
        treasury_num -> Nullable<BigInt>,
        reading_id -> Nullable<Uuid>,
        failure_reason -> Nullable<Text>,
    }
}

diesel::table! {
    job (id) {
        id -> Uuid,
        kind -> Text,
        asset_id -> Uuid,
        epoch -> Integer,
        failures -> Integer,
        run_after -> Timestamptz,
        lease_owner -> Nullable<Uuid>,
        lease_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    reading (id) {
        id -> Uuid,
        job_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    staged_balance (reading_id, account_num) {
        reading_id -> Uuid,
        account_num -> BigInt,
        balance -> Numeric,
    }
}

diesel::table! {
    snapshot_balance (reading_id, account_num) {
        reading_id -> Uuid,
        account_num -> BigInt,
        balance -> Numeric,
    }
}

diesel::table! {
    account (num) {
        num -> BigInt,
        evm_address -> Nullable<Binary>,
        contract -> Bool,
        deleted -> Bool,
    }
}

diesel::table! {
    holder (asset_id, account_num) {
        asset_id -> Uuid,
        account_num -> BigInt,
        balance -> Numeric,
        since_ns -> BigInt,
    }
}

diesel::table! {
    balance_history (asset_id, account_num, consensus_ns) {
        asset_id -> Uuid,
        account_num -> BigInt,
        consensus_ns -> BigInt,
        balance -> Numeric,
        sync_id -> Uuid,
    }
}

diesel::allow_tables_to_appear_in_same_query!(account, holder);
diesel::allow_tables_to_appear_in_same_query!(account, snapshot_balance);
