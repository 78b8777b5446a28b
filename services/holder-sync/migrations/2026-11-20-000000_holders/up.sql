-- Who holds what, when. Times are nanoseconds since the epoch: timestamptz would round them. Only leases are timestamptz:
-- they live on the database's clock.

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

-- An asset whose holders are followed, with what its last successful sync said.
CREATE TABLE tracked_asset (
    asset_id            uuid    PRIMARY KEY,
    token_id            text    NOT NULL,
    periodic            boolean NOT NULL DEFAULT true,
    interval_s          integer NOT NULL CHECK (interval_s BETWEEN 60 AND 604800),
    next_sync_ns        bigint,
    -- All null before the first successful sync, none after it.
    synced_ns           bigint,
    synced_consensus_ns bigint,
    holder_count        bigint  CHECK (holder_count >= 0),
    total_supply        numeric(39, 0) CHECK (total_supply BETWEEN 0 AND 340282366920938463463374607431768211455),
    treasury_num        bigint  CHECK (treasury_num >= 0),
    registered_ns       bigint  NOT NULL,
    CONSTRAINT periodic_syncs_are_due_some_time CHECK (periodic = (next_sync_ns IS NOT NULL)),
    CONSTRAINT a_sync_is_whole CHECK (
        num_nonnulls(synced_ns, synced_consensus_ns, holder_count, total_supply, treasury_num) IN (0, 5))
);
CREATE INDEX tracked_asset_due ON tracked_asset (next_sync_ns) WHERE periodic;

CREATE TABLE sync (
    id             uuid   PRIMARY KEY,
    asset_id       uuid   NOT NULL REFERENCES tracked_asset (asset_id),
    state          text   NOT NULL CHECK (state IN ('PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED')),
    created_ns     bigint NOT NULL,
    ended_ns       bigint,
    consensus_ns   bigint,
    holder_count   bigint CHECK (holder_count >= 0),
    changed_count  bigint CHECK (changed_count >= 0),
    failure_reason text,
    CONSTRAINT an_end_has_a_time CHECK ((state IN ('SUCCEEDED', 'FAILED')) = (ended_ns IS NOT NULL)),
    CONSTRAINT a_failure_has_a_reason CHECK ((state = 'FAILED') = (failure_reason IS NOT NULL)),
    CONSTRAINT a_success_has_its_result CHECK (
        num_nonnulls(consensus_ns, holder_count, changed_count) = CASE state WHEN 'SUCCEEDED' THEN 3 ELSE 0 END)
);
CREATE INDEX sync_by_asset ON sync (asset_id, id);
CREATE UNIQUE INDEX one_sync_of_an_asset_at_a_time ON sync (asset_id) WHERE state IN ('PENDING', 'RUNNING');

CREATE TABLE snapshot (
    id             uuid     PRIMARY KEY,
    asset_id       uuid     NOT NULL REFERENCES tracked_asset (asset_id),
    state          text     NOT NULL CHECK (state IN ('RUNNING', 'READY', 'FAILED')),
    record_ns      bigint   NOT NULL,
    created_ns     bigint   NOT NULL,
    consensus_ns   bigint,
    holder_count   bigint   CHECK (holder_count >= 0),
    total_balance  numeric(39, 0) CHECK (total_balance BETWEEN 0 AND 340282366920938463463374607431768211455),
    total_supply   numeric(39, 0) CHECK (total_supply BETWEEN 0 AND 340282366920938463463374607431768211455),
    decimals       smallint CHECK (decimals BETWEEN 0 AND 255),
    treasury_num   bigint   CHECK (treasury_num >= 0),
    -- Which reading's rows are the snapshot.
    reading_id     uuid,
    failure_reason text,
    CONSTRAINT a_failure_has_a_reason CHECK ((state = 'FAILED') = (failure_reason IS NOT NULL)),
    CONSTRAINT what_is_ready_is_whole CHECK (
        num_nonnulls(consensus_ns, holder_count, total_balance, total_supply, decimals, treasury_num, reading_id)
        = CASE state WHEN 'READY' THEN 7 ELSE 0 END)
);
CREATE INDEX snapshot_by_asset ON snapshot (asset_id, id);

-- The queue: what is to be done or being done. A row goes when its work ends, so that looking for work never passes over
-- what is finished. Whoever works on it holds it by a lease; every write of the work is conditional on the epoch.
CREATE TABLE job (
    -- The sync's or snapshot's id.
    id          uuid        PRIMARY KEY,
    kind        text        NOT NULL CHECK (kind IN ('SYNC', 'SNAPSHOT')),
    asset_id    uuid        NOT NULL REFERENCES tracked_asset (asset_id),
    -- How often it was begun; the current lease is the last.
    epoch       integer     NOT NULL DEFAULT 0,
    failures    integer     NOT NULL DEFAULT 0,
    run_after   timestamptz NOT NULL DEFAULT now(),
    lease_owner uuid,
    lease_until timestamptz
);
CREATE INDEX job_due ON job (run_after);

-- Balances read, by reading: one try to read all pages. Nobody reads a reading's rows until its work says they are whole.
CREATE TABLE reading (
    id         uuid        PRIMARY KEY,
    job_id     uuid        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX reading_oldest_first ON reading (created_at);

-- Unlogged: a sync counts and sums its rows before it uses them, and one cut off by a crash begins again.
CREATE UNLOGGED TABLE staged_balance (
    reading_id  uuid           NOT NULL,
    account_num bigint         NOT NULL CHECK (account_num >= 0),
    balance     numeric(39, 0) NOT NULL CHECK (balance BETWEEN 1 AND 340282366920938463463374607431768211455),
    PRIMARY KEY (reading_id, account_num)
);

CREATE TABLE snapshot_balance (
    reading_id  uuid           NOT NULL,
    account_num bigint         NOT NULL CHECK (account_num >= 0),
    balance     numeric(39, 0) NOT NULL CHECK (balance BETWEEN 1 AND 340282366920938463463374607431768211455),
    PRIMARY KEY (reading_id, account_num)
);

-- What accounts are. Insert-only: neither an account's number nor its alias changes, and snapshots rely on it.
CREATE TABLE account (
    num         bigint  PRIMARY KEY CHECK (num >= 0),
    -- The alias; null where the account has only its long-zero address.
    evm_address bytea   CHECK (octet_length(evm_address) = 20),
    contract    boolean NOT NULL,
    deleted     boolean NOT NULL
);
CREATE UNIQUE INDEX account_by_evm_address ON account (evm_address);

-- Current holders, as of the asset's last successful sync. No foreign keys: a million rows at once would check each alone,
-- and a sync learns every account before it uses it.
CREATE TABLE holder (
    asset_id    uuid           NOT NULL,
    account_num bigint         NOT NULL,
    balance     numeric(39, 0) NOT NULL CHECK (balance BETWEEN 1 AND 340282366920938463463374607431768211455),
    since_ns    bigint         NOT NULL,
    PRIMARY KEY (asset_id, account_num)
);
CREATE INDEX holder_largest_first ON holder (asset_id, balance DESC, account_num);
CREATE INDEX holder_smallest_first ON holder (asset_id, balance, account_num);

-- Every change of a balance that a sync saw. Append-only.
CREATE TABLE balance_history (
    asset_id     uuid           NOT NULL,
    account_num  bigint         NOT NULL,
    consensus_ns bigint         NOT NULL,
    balance      numeric(39, 0) NOT NULL CHECK (balance BETWEEN 0 AND 340282366920938463463374607431768211455),
    sync_id      uuid           NOT NULL,
    PRIMARY KEY (asset_id, account_num, consensus_ns)
);

GRANT SELECT, INSERT ON installation TO bursar_holder_sync_app;
GRANT SELECT, INSERT, UPDATE (response) ON idempotency_key TO bursar_holder_sync_app;
GRANT SELECT, INSERT, UPDATE ON tracked_asset TO bursar_holder_sync_app;
GRANT SELECT, INSERT, UPDATE ON sync TO bursar_holder_sync_app;
GRANT SELECT, INSERT, UPDATE ON snapshot TO bursar_holder_sync_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON job TO bursar_holder_sync_app;
GRANT SELECT, INSERT, DELETE ON reading TO bursar_holder_sync_app;
GRANT SELECT, INSERT, DELETE ON staged_balance TO bursar_holder_sync_app;
GRANT SELECT, INSERT, DELETE ON snapshot_balance TO bursar_holder_sync_app;
GRANT SELECT, INSERT ON account TO bursar_holder_sync_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON holder TO bursar_holder_sync_app;
GRANT SELECT, INSERT ON balance_history TO bursar_holder_sync_app;
