-- Times of business are nanoseconds since the epoch (timestamptz rounds them away); leases use the database's clock.

CREATE TABLE installation (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    network   text    NOT NULL
);
GRANT SELECT, INSERT ON installation TO bursar_distribution_app;

CREATE TABLE idempotency_key (
    scope        text        NOT NULL,
    key          text        NOT NULL,
    request_hash bytea       NOT NULL,
    response     bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key)
);
GRANT SELECT, INSERT, UPDATE (response) ON idempotency_key TO bursar_distribution_app;

-- What was decided. Never changed.
CREATE TABLE distribution (
    id                 uuid     PRIMARY KEY,
    -- Its one run: minted with it, so that a second start is the first.
    run_id             uuid     NOT NULL UNIQUE,
    asset_id           uuid     NOT NULL,
    label              text     NOT NULL CHECK (char_length(label) BETWEEN 1 AND 100),
    kind               text     NOT NULL CHECK (kind IN ('DIVIDEND', 'COUPON', 'CUSTOM')),
    -- Either a rate per whole token, as a canonical decimal, or a pool with its base.
    rate               text,
    pool_units         numeric(39, 0) CHECK (pool_units > 0 AND pool_units <= 9223372036854775807),
    pool_base          text     CHECK (pool_base IN ('ELIGIBLE_HOLDERS', 'TOTAL_SUPPLY')),
    payment_token      text     NOT NULL,
    payment_decimals   smallint NOT NULL CHECK (payment_decimals BETWEEN 0 AND 255),
    funding_account_id uuid     NOT NULL,
    -- Accounts with a part in it, by number, as they were.
    treasury           bigint   NOT NULL CHECK (treasury >= 0),
    funding            bigint   NOT NULL CHECK (funding > 0),
    fee_payer          bigint   NOT NULL CHECK (fee_payer > 0),
    record_time_ns     bigint   NOT NULL,
    snapshot_id        uuid     NOT NULL,
    snapshot_reused    boolean  NOT NULL,
    batch_size         integer  NOT NULL CHECK (batch_size BETWEEN 1 AND 1000),
    parallelism        integer  NOT NULL CHECK (parallelism BETWEEN 1 AND 64),
    retry_max_attempts integer  NOT NULL CHECK (retry_max_attempts BETWEEN 1 AND 20),
    retry_base_ns      bigint   NOT NULL CHECK (retry_base_ns > 0),
    retry_cap_ns       bigint   NOT NULL CHECK (retry_cap_ns >= retry_base_ns),
    execute_now        boolean  NOT NULL,
    created_by         text     NOT NULL,
    created_ns         bigint   NOT NULL,
    CHECK ((rate IS NULL) = (pool_units IS NOT NULL)),
    CHECK ((pool_units IS NULL) = (pool_base IS NULL))
);
CREATE INDEX distribution_newest ON distribution (created_ns DESC, id DESC);
CREATE INDEX distribution_of_asset ON distribution (asset_id, created_ns DESC, id DESC);
GRANT SELECT, INSERT ON distribution TO bursar_distribution_app;

-- Decisions on holders. Never changed. Treatments: 1 PAY, 2 HOLD, 3 EXCLUDE.
CREATE TABLE holder_decision (
    distribution_id uuid     NOT NULL REFERENCES distribution,
    account         bigint   NOT NULL CHECK (account >= 0),
    treatment       smallint NOT NULL CHECK (treatment BETWEEN 1 AND 3),
    PRIMARY KEY (distribution_id, account)
);
GRANT SELECT, INSERT ON holder_decision TO bursar_distribution_app;

-- Where each distribution stands, and who works on it.
CREATE TABLE distribution_state (
    distribution_id uuid   PRIMARY KEY REFERENCES distribution,
    state           text   NOT NULL CHECK (state IN (
        'SNAPSHOT_WANTED', 'SNAPSHOTTING', 'UPCOMING', 'DUE', 'REFUSED', 'ONGOING', 'RETRYING', 'HALTED',
        'CANCELLING', 'COMPLETED', 'CALCULATION_FAILED', 'RUN_FAILED', 'CANCELLED')),
    -- Rises with every change that can be seen.
    version         bigint NOT NULL DEFAULT 1,
    failure_reason  text,
    failure_class   text,
    failure_hint    text,
    cancel_reason   text   NOT NULL DEFAULT '',
    executed_ns     bigint,
    ended_ns        bigint,
    -- What execution last said: its encoded RunProgress, and how many payouts are proven unpaid.
    run_progress    bytea,
    run_failed      bigint NOT NULL DEFAULT 0 CHECK (run_failed >= 0),
    -- When the job looks at it next; null while it rests. All on the database's clock.
    wake_at         timestamptz,
    -- Looks in a row that came to nothing, for the backoff.
    misses          integer NOT NULL DEFAULT 0,
    lease_until     timestamptz,
    -- Rises with every lease; a write of an older one is refused.
    lease_epoch     bigint NOT NULL DEFAULT 0,
    CHECK ((failure_reason IS NULL) = (failure_class IS NULL)),
    CHECK ((failure_reason IS NULL) = (failure_hint IS NULL)),
    CHECK ((failure_reason IS NOT NULL) = (state IN ('REFUSED', 'HALTED', 'CALCULATION_FAILED', 'RUN_FAILED'))),
    CHECK ((ended_ns IS NOT NULL) = (state IN ('COMPLETED', 'CALCULATION_FAILED', 'RUN_FAILED', 'CANCELLED')))
);
CREATE INDEX distribution_due ON distribution_state (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX distribution_in_state ON distribution_state (state);
GRANT SELECT, INSERT, UPDATE ON distribution_state TO bursar_distribution_app;

-- The calculation that counts: at most one per distribution, never changed.
CREATE TABLE calculation (
    distribution_id uuid    PRIMARY KEY REFERENCES distribution,
    -- Entitlements with another id are of attempts that were cut off; nobody reads them.
    calculation_id  uuid    NOT NULL UNIQUE,
    consensus_ns    bigint  NOT NULL,
    payee_count     integer NOT NULL CHECK (payee_count >= 0),
    zero_count      integer NOT NULL CHECK (zero_count >= 0),
    held_count      integer NOT NULL CHECK (held_count >= 0),
    excluded_count  integer NOT NULL CHECK (excluded_count >= 0),
    entitled        numeric(39, 0) NOT NULL CHECK (entitled BETWEEN 0 AND 9223372036854775807),
    held            numeric(39, 0) NOT NULL CHECK (held >= 0),
    pool            numeric(39, 0) NOT NULL CHECK (pool BETWEEN 0 AND 340282366920938463463374607431768211455),
    residue         numeric(39, 0) NOT NULL CHECK (residue >= 0),
    root            bytea   NOT NULL CHECK (octet_length(root) = 32),
    created_ns      bigint  NOT NULL,
    CHECK (entitled + residue = pool),
    CHECK (held <= residue)
);
GRANT SELECT, INSERT ON calculation TO bursar_distribution_app;

-- What each holder is owed, or why nothing. Written by COPY before its calculation counts; never changed. The key
-- holds that a calculation has each account once. Reasons: 1 CONTRACT, 2 SYSTEM_ACCOUNT, 3 ZERO_ACCOUNT,
-- 4 DELETED_ACCOUNT, 5 TREASURY, 6 FUNDING_ACCOUNT, 7 FEE_PAYER, 8 DECISION, 9 ZERO_AMOUNT.
CREATE TABLE entitlement (
    calculation_id uuid     NOT NULL,
    account        bigint   NOT NULL CHECK (account >= 0),
    -- Place in the run; payees only.
    ordinal        integer  CHECK (ordinal >= 0),
    evm_address    bytea    NOT NULL CHECK (octet_length(evm_address) = 20),
    balance        numeric(39, 0) NOT NULL CHECK (balance BETWEEN 1 AND 340282366920938463463374607431768211455),
    units          numeric(39, 0) NOT NULL CHECK (units BETWEEN 0 AND 340282366920938463463374607431768211455),
    treatment      smallint NOT NULL CHECK (treatment BETWEEN 1 AND 3),
    reason         smallint CHECK (reason BETWEEN 1 AND 9),
    PRIMARY KEY (calculation_id, account),
    CHECK ((ordinal IS NULL) = (reason IS NOT NULL)),
    CHECK (ordinal IS NULL OR (treatment = 1 AND units > 0))
);
CREATE INDEX entitlement_unpaid ON entitlement (calculation_id, account) WHERE ordinal IS NULL;
GRANT SELECT, INSERT ON entitlement TO bursar_distribution_app;
