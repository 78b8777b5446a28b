-- A run may replace unpaid payouts of another one: each of these has one successor from then on, and no attempt any more.

ALTER TABLE run ADD COLUMN supersedes_run_id uuid REFERENCES run CHECK (supersedes_run_id <> run_id);

-- The ordinal of the payout that is replaced.
ALTER TABLE instruction ADD COLUMN supersedes integer CHECK (supersedes >= 0);

-- What a payout goes by: an attempt, or the one payout that replaces it. The primary key gives it one successor at most,
-- and the index a successor one predecessor at most.
ALTER TABLE live_attempt
    ALTER COLUMN attempt_id DROP NOT NULL,
    ADD COLUMN successor_run_id  uuid REFERENCES run,
    ADD COLUMN successor_ordinal integer,
    ADD CHECK (num_nonnulls(attempt_id, successor_run_id) = 1),
    ADD CHECK ((successor_run_id IS NULL) = (successor_ordinal IS NULL));
CREATE UNIQUE INDEX live_attempt_successor ON live_attempt (successor_run_id, successor_ordinal)
    WHERE successor_run_id IS NOT NULL;
GRANT UPDATE (successor_run_id, successor_ordinal) ON live_attempt TO bursar_execution_app;

-- The superseded payouts of each batch, which its counts are made from.
CREATE TABLE superseded_payout (
    run_id        uuid          NOT NULL,
    batch_number  integer       NOT NULL,
    ordinal       integer       NOT NULL,
    units         numeric(39,0) NOT NULL CHECK (units > 0),
    superseded_at timestamptz   NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, batch_number, ordinal),
    FOREIGN KEY (run_id, batch_number) REFERENCES batch
);
GRANT SELECT, INSERT ON superseded_payout TO bursar_execution_app;

ALTER TABLE batch
    ADD COLUMN superseded       integer       NOT NULL DEFAULT 0 CHECK (superseded >= 0),
    ADD COLUMN superseded_units numeric(39,0) NOT NULL DEFAULT 0 CHECK (superseded_units >= 0),
    DROP CONSTRAINT batch_check,
    DROP CONSTRAINT batch_check1,
    DROP CONSTRAINT batch_check2,
    ADD CONSTRAINT batch_check CHECK (processing + in_doubt + paid + failed + cancelled + superseded <= size),
    ADD CONSTRAINT batch_check1
        CHECK (processing_units + in_doubt_units + paid_units + failed_units + cancelled_units + superseded_units <= units),
    ADD CONSTRAINT batch_check2 CHECK (state = 1 OR paid + failed + cancelled + superseded = size);
GRANT UPDATE (superseded, superseded_units) ON batch TO bursar_execution_app;
