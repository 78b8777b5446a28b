-- What can be paid on, and in what. Times are nanoseconds since the epoch: timestamptz would round them.

CREATE TABLE installation (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    network   text    NOT NULL
);

CREATE TABLE idempotency_key (
    scope        text        NOT NULL,
    key          text        NOT NULL,
    request_hash bytea       NOT NULL,
    response     bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key)
);

CREATE TABLE asset (
    id            uuid        PRIMARY KEY,
    -- Canonical "shard.realm.num"; one token is one asset.
    token_id      text        NOT NULL UNIQUE,
    asset_type    text        NOT NULL CHECK (asset_type IN ('EQUITY', 'BOND', 'OTHER')),
    nominal_units numeric(39, 0) CHECK (nominal_units BETWEEN 1 AND 340282366920938463463374607431768211455),
    nominal_asset text,
    maturity_ns   bigint,
    pause_reason  text        CHECK (char_length(pause_reason) BETWEEN 1 AND 500),
    paused_by     text,
    paused_ns     bigint,
    imported_by   text        NOT NULL,
    -- When the holder service was told of it; a job tells it again until it knows.
    registered_ns bigint,
    created_ns    bigint      NOT NULL,
    updated_ns    bigint      NOT NULL,
    CONSTRAINT bonds_and_only_bonds_have_terms
        CHECK (num_nonnulls(nominal_units, nominal_asset, maturity_ns) = CASE asset_type WHEN 'BOND' THEN 3 ELSE 0 END),
    CONSTRAINT a_pause_is_whole CHECK (num_nonnulls(pause_reason, paused_by, paused_ns) IN (0, 3))
);

-- Lists are newest first; ids are UUIDv7, so the primary key serves them. This one serves a list of one type.
CREATE INDEX asset_by_type ON asset (asset_type, id);
CREATE INDEX asset_unregistered ON asset (id) WHERE registered_ns IS NULL;

-- What the network says of the token, as of the last reading.
CREATE TABLE token_facts (
    asset_id           uuid           PRIMARY KEY REFERENCES asset (id),
    name               text           NOT NULL,
    symbol             text           NOT NULL,
    decimals           smallint       NOT NULL CHECK (decimals BETWEEN 0 AND 255),
    total_supply       numeric(39, 0) NOT NULL
        CHECK (total_supply BETWEEN 0 AND 340282366920938463463374607431768211455),
    treasury_account   text           NOT NULL,
    has_custom_fees    boolean        NOT NULL,
    has_fee_on_receipt boolean        NOT NULL,
    has_kyc_key        boolean        NOT NULL,
    has_freeze_key     boolean        NOT NULL,
    has_pause_key      boolean        NOT NULL,
    has_supply_key     boolean        NOT NULL,
    network_paused     boolean        NOT NULL,
    read_ns            bigint         NOT NULL
);

CREATE TABLE payment_token (
    -- "hedera:<network>/hbar" or "hedera:<network>/token:<id>".
    code       text        PRIMARY KEY COLLATE "C",
    symbol     text        NOT NULL,
    name       text        NOT NULL,
    decimals   smallint    NOT NULL CHECK (decimals BETWEEN 0 AND 255),
    added_by   text        NOT NULL,
    created_ns bigint      NOT NULL
);

GRANT SELECT, INSERT ON installation TO bursar_asset_app;
GRANT SELECT, INSERT, UPDATE (response) ON idempotency_key TO bursar_asset_app;
GRANT SELECT, INSERT ON asset TO bursar_asset_app;
GRANT UPDATE (pause_reason, paused_by, paused_ns, registered_ns, updated_ns) ON asset TO bursar_asset_app;
GRANT SELECT, INSERT, UPDATE ON token_facts TO bursar_asset_app;
GRANT SELECT, INSERT, DELETE ON payment_token TO bursar_asset_app;
