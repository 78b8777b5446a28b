//! The tables, as the migrations make them.

diesel::table! {
    audit_attempt (id) {
        id -> Uuid,
        occurred_ns -> BigInt,
        subject -> Nullable<Text>,
        roles -> Array<Text>,
        method -> Text,
        idempotency_key -> Nullable<Text>,
        peer -> Nullable<Text>,
        request_bytes -> Nullable<BigInt>,
        request_sha256 -> Nullable<Binary>,
        left_out -> BigInt,
    }
}

diesel::table! {
    audit_outcome (id) {
        id -> Uuid,
        occurred_ns -> BigInt,
        code -> Text,
        reason -> Nullable<Text>,
        duration_ns -> BigInt,
    }
}
