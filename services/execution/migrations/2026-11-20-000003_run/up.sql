-- What is to be paid. `run_id` leads every key, so that the tables can be distributed by it one day.

-- Instructions are written by COPY under a load id that nobody reads; the run names the one load that counts.
CREATE TABLE instruction (
    run_id  uuid          NOT NULL,
    load_id uuid          NOT NULL,
    ordinal integer       NOT NULL CHECK (ordinal >= 0),
    account bigint        NOT NULL CHECK (account > 0),
    units   numeric(39,0) NOT NULL CHECK (units > 0 AND units <= 9223372036854775807),
    PRIMARY KEY (run_id, load_id, ordinal)
);
GRANT SELECT, INSERT ON instruction TO bursar_execution_app;

CREATE TABLE run (
    run_id             uuid          PRIMARY KEY,
    load_id            uuid          NOT NULL,
    header_hash        bytea         NOT NULL,
    distribution_id    uuid          NOT NULL,
    funding_account_id uuid          NOT NULL REFERENCES funding_account,
    asset              text          NOT NULL,
    decimals           smallint      NOT NULL CHECK (decimals BETWEEN 0 AND 38),
    count              integer       NOT NULL CHECK (count > 0),
    total_units        numeric(39,0) NOT NULL CHECK (total_units > 0 AND total_units <= 340282366920938463463374607431768211455),
    entitlement_root   bytea         NOT NULL CHECK (octet_length(entitlement_root) = 32),
    batch_size         integer       NOT NULL CHECK (batch_size BETWEEN 1 AND 1000),
    parallelism        integer       NOT NULL CHECK (parallelism BETWEEN 1 AND 64),
    max_attempts       integer       NOT NULL CHECK (max_attempts BETWEEN 1 AND 20),
    backoff_base_ms    bigint        NOT NULL CHECK (backoff_base_ms > 0),
    backoff_cap_ms     bigint        NOT NULL CHECK (backoff_cap_ms >= backoff_base_ms),
    -- 1 running, 2 halted, 3 cancelling, 4 completed, 5 failed, 6 cancelled
    state              smallint      NOT NULL DEFAULT 1 CHECK (state BETWEEN 1 AND 6),
    halt_reason        text,
    halt_class         smallint,
    cancelled_by       text,
    cancel_reason      text,
    created_at         timestamptz   NOT NULL DEFAULT now(),
    ended_at           timestamptz,
    CHECK ((state = 2) = (halt_reason IS NOT NULL)),
    CHECK ((halt_reason IS NULL) = (halt_class IS NULL)),
    CHECK ((state >= 4) = (ended_at IS NOT NULL))
);
CREATE INDEX run_active ON run (created_at) WHERE state <= 3;
CREATE INDEX run_newest ON run (created_at, run_id);
CREATE INDEX run_distribution ON run (distribution_id, created_at);
GRANT SELECT, INSERT, UPDATE (state, halt_reason, halt_class, cancelled_by, cancel_reason, ended_at)
    ON run TO bursar_execution_app;

-- A range of ordinals that is worked on together under one lease. Pending = size less the other counts.
CREATE TABLE batch (
    run_id           uuid          NOT NULL REFERENCES run,
    number           integer       NOT NULL CHECK (number > 0),
    first_ordinal    integer       NOT NULL,
    size             integer       NOT NULL CHECK (size > 0),
    units            numeric(39,0) NOT NULL,
    -- 1 open, 2 done
    state            smallint      NOT NULL DEFAULT 1 CHECK (state IN (1, 2)),
    -- When a worker should look at it; null while there is nothing to do (done, or idle in a halted run).
    due_at           timestamptz,
    -- The lease: who may write, until when, and on which slot of the run's parallelism.
    lease_epoch      bigint        NOT NULL DEFAULT 0,
    lease_until      timestamptz,
    lease_slot       integer,
    started_at       timestamptz,
    ended_at         timestamptz,
    processing       integer       NOT NULL DEFAULT 0 CHECK (processing >= 0),
    in_doubt         integer       NOT NULL DEFAULT 0 CHECK (in_doubt >= 0),
    paid             integer       NOT NULL DEFAULT 0 CHECK (paid >= 0),
    failed           integer       NOT NULL DEFAULT 0 CHECK (failed >= 0),
    cancelled        integer       NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
    processing_units numeric(39,0) NOT NULL DEFAULT 0 CHECK (processing_units >= 0),
    in_doubt_units   numeric(39,0) NOT NULL DEFAULT 0 CHECK (in_doubt_units >= 0),
    paid_units       numeric(39,0) NOT NULL DEFAULT 0 CHECK (paid_units >= 0),
    failed_units     numeric(39,0) NOT NULL DEFAULT 0 CHECK (failed_units >= 0),
    cancelled_units  numeric(39,0) NOT NULL DEFAULT 0 CHECK (cancelled_units >= 0),
    attempts         integer       NOT NULL DEFAULT 0,
    retries          integer       NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, number),
    CHECK (processing + in_doubt + paid + failed + cancelled <= size),
    CHECK (processing_units + in_doubt_units + paid_units + failed_units + cancelled_units <= units),
    CHECK (state = 1 OR paid + failed + cancelled = size)
);
CREATE INDEX batch_due ON batch (run_id, (started_at IS NULL), due_at, number) WHERE state = 1 AND due_at IS NOT NULL;
CREATE INDEX batch_open ON batch (run_id) WHERE state = 1;
CREATE INDEX batch_leased ON batch (run_id, lease_slot) WHERE lease_until IS NOT NULL;
GRANT SELECT, INSERT ON batch TO bursar_execution_app;
GRANT UPDATE (state, due_at, lease_epoch, lease_until, lease_slot, started_at, ended_at, processing, in_doubt, paid,
              failed, cancelled, processing_units, in_doubt_units, paid_units, failed_units, cancelled_units, attempts,
              retries)
    ON batch TO bursar_execution_app;
