-- Payouts of a dead attempt that go on without the others of it, because somebody chose them.

-- Those of its payouts that the others' fate is no longer theirs, and their sum.
ALTER TABLE attempt
    ADD COLUMN parted       integer[]     NOT NULL DEFAULT '{}',
    ADD COLUMN parted_units numeric(39,0) NOT NULL DEFAULT 0 CHECK (parted_units >= 0),
    ADD CHECK (parted <@ ordinals),
    ADD CHECK (cardinality(parted) <= cardinality(ordinals)),
    ADD CHECK (parted_units <= units),
    ADD CHECK (state = 4 OR cardinality(parted) = 0),
    -- Whole attempts are tried again only while they have somebody left.
    ADD CHECK ((cardinality(parted) = cardinality(ordinals)) = (parted_units = units));
GRANT UPDATE (parted, parted_units) ON attempt TO bursar_execution_app;

-- The key: out of one attempt a payout is chosen once.
CREATE TABLE chosen_payout (
    run_id       uuid        NOT NULL,
    batch_number integer     NOT NULL,
    attempt_id   uuid        NOT NULL REFERENCES attempt (attempt_id),
    ordinal      integer     NOT NULL,
    -- When it joins a new attempt; null once it has.
    next_at      timestamptz,
    chosen_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, batch_number, attempt_id, ordinal),
    FOREIGN KEY (run_id, batch_number) REFERENCES batch
);
GRANT SELECT, INSERT, UPDATE (next_at) ON chosen_payout TO bursar_execution_app;
