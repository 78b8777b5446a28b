-- One try to pay some payouts by one transaction on the rail.
CREATE TABLE attempt (
    run_id         uuid        NOT NULL REFERENCES run,
    attempt_id     uuid        NOT NULL,
    batch_number   integer     NOT NULL,
    -- All of its payouts settle, die and are tried again together.
    ordinals       integer[]   NOT NULL CHECK (cardinality(ordinals) BETWEEN 1 AND 9),
    units          numeric(39,0) NOT NULL,
    -- The key on the rail: transaction ids are payer @ start, so no two attempts may share both.
    payer          text        NOT NULL,
    valid_start_ns bigint      NOT NULL,
    window_end_ns  bigint      NOT NULL CHECK (window_end_ns > valid_start_ns),
    -- Exact bytes as sent, one copy per node it may go to, with the SHA-384 of each.
    nodes          text[]      NOT NULL,
    copies         bytea[]     NOT NULL,
    hashes         bytea[]     NOT NULL,
    -- Failures of class RETRYABLE of these payouts before this attempt.
    tries          integer     NOT NULL CHECK (tries >= 0),
    -- The first is committed with the intent.
    send_begins    integer     NOT NULL CHECK (send_begins > 0),
    -- 1 open, 2 in doubt, 3 settled, 4 dead
    state          smallint    NOT NULL DEFAULT 1 CHECK (state BETWEEN 1 AND 4),
    failure_reason text,
    failure_class  smallint,
    -- Why it is known to be over: RECEIPT, MIRROR_RECORD, ABSENCE, OPERATOR.
    proof          text,
    consensus_ns   bigint,
    created_at     timestamptz NOT NULL DEFAULT now(),
    decided_at     timestamptz,
    -- Dead: when its payouts join a new attempt (each alone, when split) and with how many tries behind them; null
    -- when they do not, or did.
    next_at        timestamptz,
    next_split     boolean     NOT NULL DEFAULT false,
    next_tries     integer     NOT NULL DEFAULT 0,
    -- Dead, and its payouts have joined other attempts.
    replaced       boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (run_id, attempt_id),
    UNIQUE (payer, valid_start_ns),
    CHECK (cardinality(nodes) = cardinality(copies) AND cardinality(nodes) = cardinality(hashes)),
    CHECK ((state >= 3) = (decided_at IS NOT NULL)),
    CHECK ((state >= 3) = (proof IS NOT NULL)),
    CHECK (state = 4 OR (next_at IS NULL AND NOT replaced)),
    CHECK (NOT (replaced AND next_at IS NOT NULL))
) WITH (fillfactor = 60);
CREATE INDEX attempt_batch ON attempt (run_id, batch_number);
GRANT SELECT, INSERT ON attempt TO bursar_execution_app;
GRANT UPDATE (send_begins, state, failure_reason, failure_class, proof, consensus_ns, decided_at, next_at, next_split, next_tries,
              replaced)
    ON attempt TO bursar_execution_app;

-- The rule of one live attempt per payout: whoever inserts wins, and it moves only by compare-and-set from an attempt
-- that is dead.
CREATE TABLE live_attempt (
    run_id     uuid    NOT NULL,
    ordinal    integer NOT NULL,
    attempt_id uuid    NOT NULL,
    PRIMARY KEY (run_id, ordinal)
);
GRANT SELECT, INSERT, UPDATE (attempt_id) ON live_attempt TO bursar_execution_app;

-- What the rail did, recorded whatever we think of it. One leg per transaction on this rail.
CREATE TABLE rail_effect (
    rail         text        NOT NULL,
    effect_id    text        NOT NULL,
    leg          smallint    NOT NULL,
    run_id       uuid        NOT NULL,
    attempt_id   uuid        NOT NULL,
    consensus_ns bigint,
    seen_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (rail, effect_id, leg)
);
GRANT SELECT, INSERT ON rail_effect TO bursar_execution_app;
