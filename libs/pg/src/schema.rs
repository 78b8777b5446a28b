//! The tables this crate defines for every service; services create them in their own migrations.

diesel::table! {
    idempotency_key (scope, key) {
        scope -> Text,
        key -> Text,
        request_hash -> Bytea,
        response -> Nullable<Bytea>,
    }
}

diesel::table! {
    installation (singleton) {
        singleton -> Bool,
        network -> Text,
    }
}
