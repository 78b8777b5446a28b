//! The tables as Diesel sees them; a test compares them with the database.

diesel::table! {
    asset (id) {
        id -> Uuid,
        token_id -> Text,
        asset_type -> Text,
        nominal_units -> Nullable<Numeric>,
        nominal_asset -> Nullable<Text>,
        maturity_ns -> Nullable<BigInt>,
        pause_reason -> Nullable<Text>,
        paused_by -> Nullable<Text>,
        paused_ns -> Nullable<BigInt>,
        imported_by -> Text,
        registered_ns -> Nullable<BigInt>,
        created_ns -> BigInt,
        updated_ns -> BigInt,
        unpause_reason -> Nullable<Text>,
        unpaused_by -> Nullable<Text>,
        unpaused_ns -> Nullable<BigInt>,
        pause_version -> BigInt,
        pause_told -> BigInt,
    }
}

diesel::table! {
    token_facts (asset_id) {
        asset_id -> Uuid,
        name -> Text,
        symbol -> Text,
        decimals -> SmallInt,
        total_supply -> Numeric,
        treasury_account -> Text,
        has_custom_fees -> Bool,
        has_fee_on_receipt -> Bool,
        has_kyc_key -> Bool,
        has_freeze_key -> Bool,
        has_pause_key -> Bool,
        has_supply_key -> Bool,
        network_paused -> Bool,
        read_ns -> BigInt,
    }
}

diesel::table! {
    payment_token (code) {
        code -> Text,
        symbol -> Text,
        name -> Text,
        decimals -> SmallInt,
        added_by -> Text,
        created_ns -> BigInt,
    }
}

diesel::joinable!(token_facts -> asset (asset_id));
diesel::allow_tables_to_appear_in_same_query!(asset, token_facts);
