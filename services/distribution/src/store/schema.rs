//! The tables, as the migrations make them; a test compares the two. `idempotency_key` and `installation` are `pg`'s.

diesel::table! {
    distribution (id) {
        id -> Uuid,
        run_id -> Uuid,
        asset_id -> Nullable<Uuid>,
        label -> Text,
        kind -> Text,
        rate -> Nullable<Text>,
        amount_units -> Nullable<Numeric>,
        amount_base -> Nullable<Text>,
        payment_token -> Text,
        payment_decimals -> SmallInt,
        funding_account_id -> Uuid,
        treasury -> BigInt,
        funding -> BigInt,
        fee_payer -> BigInt,
        record_time_ns -> Nullable<BigInt>,
        snapshot_id -> Nullable<Uuid>,
        snapshot_reused -> Nullable<Bool>,
        batch_size -> Integer,
        parallelism -> Integer,
        retry_max_attempts -> Integer,
        retry_base_ns -> BigInt,
        retry_cap_ns -> BigInt,
        retry_shape -> Array<Integer>,
        execute_now -> Bool,
        created_by -> Text,
        created_ns -> BigInt,
        source -> Text,
        rerun_of -> Nullable<Uuid>,
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
        terms_version -> Integer,
        approval_expires_ns -> Nullable<BigInt>,
    }
}

diesel::table! {
    calculation (distribution_id, terms_version) {
        distribution_id -> Uuid,
        calculation_id -> Uuid,
        consensus_ns -> Nullable<BigInt>,
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
        terms_version -> Integer,
        approvers -> SmallInt,
        carried_count -> Integer,
        withheld -> Numeric,
        carried -> Numeric,
        brought -> Numeric,
    }
}

diesel::table! {
    distribution_in_force (id) {
        id -> Uuid,
        asset_id -> Nullable<Uuid>,
        kind -> Text,
        created_ns -> BigInt,
        label -> Text,
        payment_token -> Text,
        funding_account_id -> Uuid,
        record_time_ns -> Nullable<BigInt>,
        pool_units -> Nullable<Numeric>,
        state -> Text,
        run_progress -> Nullable<Bytea>,
        run_failed -> BigInt,
        calculation_id -> Nullable<Uuid>,
        payee_count -> Nullable<Integer>,
        payable -> Nullable<Numeric>,
    }
}

diesel::table! {
    entitlement (calculation_id, account) {
        calculation_id -> Uuid,
        account -> BigInt,
        ordinal -> Nullable<Integer>,
        evm_address -> Nullable<Bytea>,
        balance -> Nullable<Numeric>,
        units -> Numeric,
        treatment -> SmallInt,
        reason -> Nullable<SmallInt>,
        counted -> Nullable<Numeric>,
        withheld -> Nullable<Numeric>,
        carried -> Nullable<Numeric>,
        brought -> Nullable<Numeric>,
    }
}

diesel::table! {
    listed_payee (distribution_id, account) {
        distribution_id -> Uuid,
        account -> BigInt,
        units -> Numeric,
        reference -> Text,
        note -> Text,
        replaces -> Nullable<Integer>,
    }
}

diesel::table! {
    held_payee (distribution_id, line) {
        distribution_id -> Uuid,
        line -> Integer,
        email -> Text,
        name -> Nullable<Text>,
        units -> Numeric,
        reference -> Text,
        note -> Text,
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
        terms_version -> Integer,
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

diesel::table! {
    schedule (id) {
        id -> Uuid,
        asset_id -> Uuid,
        created_by -> Text,
        created_ns -> BigInt,
    }
}

diesel::table! {
    schedule_version (schedule_id, version) {
        schedule_id -> Uuid,
        version -> Integer,
        series -> Integer,
        label -> Text,
        kind -> Text,
        rate -> Nullable<Text>,
        amount_units -> Nullable<Numeric>,
        amount_base -> Nullable<Text>,
        payment_token -> Text,
        payment_decimals -> SmallInt,
        funding_account_id -> Uuid,
        treasury -> BigInt,
        funding -> BigInt,
        fee_payer -> BigInt,
        batch_size -> Integer,
        parallelism -> Integer,
        retry_base_ns -> BigInt,
        retry_cap_ns -> BigInt,
        retry_numbers -> Array<Integer>,
        execute_now -> Bool,
        frequency -> Text,
        cron -> Nullable<Text>,
        zone -> Text,
        start_ns -> Nullable<BigInt>,
        start_local -> Nullable<Text>,
        end_ns -> Nullable<BigInt>,
        end_count -> Nullable<BigInt>,
        business_day_rule -> Nullable<Text>,
        calendar -> Nullable<Text>,
        catch_up -> Text,
        decided_by -> Text,
        decided_ns -> BigInt,
    }
}

diesel::table! {
    schedule_holder_decision (schedule_id, version, account) {
        schedule_id -> Uuid,
        version -> Integer,
        account -> BigInt,
        treatment -> SmallInt,
    }
}

diesel::table! {
    schedule_state (schedule_id) {
        schedule_id -> Uuid,
        version -> Integer,
        state -> Text,
        settled -> BigInt,
        wake_ns -> Nullable<BigInt>,
        misses -> Integer,
        retry_at -> Nullable<Timestamptz>,
        changed_by -> Nullable<Text>,
        change_reason -> Nullable<Text>,
        changed_ns -> Nullable<BigInt>,
    }
}

diesel::table! {
    occurrence (schedule_id, series, number) {
        schedule_id -> Uuid,
        series -> Integer,
        number -> BigInt,
        first_number -> BigInt,
        due_ns -> BigInt,
        nominal -> Text,
        distribution_id -> Nullable<Uuid>,
        skip_cause -> Nullable<Text>,
        skip_reason -> Text,
        skipped_by -> Text,
        decided_ns -> BigInt,
    }
}

diesel::table! {
    amendment (distribution_id, version) {
        distribution_id -> Uuid,
        version -> Integer,
        label -> Text,
        rate -> Nullable<Text>,
        amount_units -> Nullable<Numeric>,
        amount_base -> Nullable<Text>,
        payment_token -> Text,
        payment_decimals -> SmallInt,
        funding_account_id -> Uuid,
        treasury -> BigInt,
        funding -> BigInt,
        fee_payer -> BigInt,
        record_time_ns -> Nullable<BigInt>,
        snapshot_id -> Nullable<Uuid>,
        snapshot_reused -> Nullable<Bool>,
        batch_size -> Integer,
        parallelism -> Integer,
        retry_max_attempts -> Integer,
        retry_base_ns -> BigInt,
        retry_cap_ns -> BigInt,
        retry_shape -> Array<Integer>,
        execute_now -> Bool,
        changed -> Array<Text>,
        amended_by -> Text,
        amended_ns -> BigInt,
    }
}

diesel::table! {
    amended_holder_decision (distribution_id, version, account) {
        distribution_id -> Uuid,
        version -> Integer,
        account -> BigInt,
        treatment -> SmallInt,
    }
}

diesel::table! {
    approval_policy (kind, payment_token, version) {
        kind -> Text,
        payment_token -> Text,
        version -> Integer,
        validity_ns -> BigInt,
        set_by -> Text,
        set_ns -> BigInt,
    }
}

diesel::table! {
    approval_tier (kind, payment_token, version, from_units) {
        kind -> Text,
        payment_token -> Text,
        version -> Integer,
        from_units -> Numeric,
        approvers -> SmallInt,
    }
}

diesel::table! {
    approval_request (distribution_id, number) {
        distribution_id -> Uuid,
        number -> Integer,
        terms_version -> Integer,
        hash -> Bytea,
        required -> SmallInt,
        validity_ns -> BigInt,
        requested_ns -> BigInt,
    }
}

diesel::table! {
    approval (distribution_id, number, approved_by) {
        distribution_id -> Uuid,
        number -> Integer,
        approved_by -> Text,
        approved_ns -> BigInt,
    }
}

diesel::table! {
    approval_rejection (distribution_id, number) {
        distribution_id -> Uuid,
        number -> Integer,
        rejected_by -> Text,
        reason -> Text,
        rejected_ns -> BigInt,
    }
}

diesel::joinable!(distribution_state -> distribution (distribution_id));
diesel::joinable!(calculation -> distribution (distribution_id));
diesel::joinable!(holder_decision -> distribution (distribution_id));
diesel::allow_tables_to_appear_in_same_query!(distribution, distribution_state, calculation, holder_decision);
diesel::allow_tables_to_appear_in_same_query!(entitlement, listed_payee);
diesel::joinable!(schedule_state -> schedule (schedule_id));
diesel::allow_tables_to_appear_in_same_query!(schedule, schedule_state, schedule_version);

diesel::table! {
    ingest_upload (file_id) {
        file_id -> Uuid,
        begun_at -> Timestamptz,
    }
}

diesel::table! {
    ingest_line (file_id, line) {
        file_id -> Uuid,
        line -> Integer,
        account -> Nullable<BigInt>,
        units -> Numeric,
        reference -> Text,
        note -> Text,
        email -> Nullable<Text>,
        name -> Nullable<Text>,
    }
}

diesel::table! {
    ingest_file (id) {
        id -> Uuid,
        name -> Text,
        label -> Text,
        digest -> Bytea,
        size_bytes -> BigInt,
        mode -> Text,
        distribution_id -> Nullable<Uuid>,
        accepted_lines -> Integer,
        accepted_units -> Numeric,
        refused_lines -> Integer,
        error_count -> BigInt,
        payment_token -> Text,
        funding_account_id -> Uuid,
        created_by -> Text,
        created_ns -> BigInt,
        held_lines -> Integer,
    }
}

diesel::table! {
    ingest_error (file_id, line, column_number) {
        file_id -> Uuid,
        line -> Integer,
        column_number -> SmallInt,
        reason -> Text,
        message -> Text,
    }
}

diesel::table! {
    accepted_file (digest) {
        digest -> Bytea,
        distribution_id -> Uuid,
    }
}

diesel::table! {
    accepted_reference (reference) {
        reference -> Text,
        distribution_id -> Uuid,
        account -> Nullable<BigInt>,
        unpaid_ordinal -> Nullable<Integer>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(accepted_file, ingest_file);

diesel::table! {
    amount_terms (terms_of, version) {
        terms_of -> Uuid,
        version -> Integer,
        percent -> Nullable<Text>,
        minimum_units -> Numeric,
        withheld_percent -> Text,
        rounding -> Text,
    }
}

diesel::table! {
    withholding_rate (terms_of, version, place) {
        terms_of -> Uuid,
        version -> Integer,
        place -> SmallInt,
        group_name -> Text,
        percent -> Text,
        accounts -> Array<BigInt>,
    }
}

diesel::table! {
    carry_reservation (from_distribution_id, account) {
        from_distribution_id -> Uuid,
        account -> BigInt,
        distribution_id -> Uuid,
        ordinal -> Integer,
        units -> Numeric,
    }
}

diesel::table! {
    carry_forward (distribution_id, account) {
        asset_id -> Nullable<Uuid>,
        payment_token -> Text,
        distribution_id -> Uuid,
        created_ns -> BigInt,
        account -> BigInt,
        units -> Numeric,
        taken_by -> Nullable<Uuid>,
        status -> Text,
    }
}
