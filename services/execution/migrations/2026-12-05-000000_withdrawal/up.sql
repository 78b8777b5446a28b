-- Money that leaves a funding account for a destination that somebody allowed, in a run of its own.

-- Where money may be withdrawn to. One that is allowed no more stays, with who ended it.
CREATE TABLE destination (
    funding_account_id uuid        NOT NULL REFERENCES funding_account,
    account            bigint      NOT NULL CHECK (account > 0),
    added_at           timestamptz NOT NULL DEFAULT now(),
    added_by           text        NOT NULL,
    label              text        NOT NULL CHECK (label <> ''),
    removed_by         text,
    removed_at         timestamptz,
    PRIMARY KEY (funding_account_id, account, added_at),
    CHECK ((removed_by IS NULL) = (removed_at IS NULL))
);
CREATE UNIQUE INDEX destination_allowed ON destination (funding_account_id, account) WHERE removed_at IS NULL;
GRANT SELECT, INSERT, UPDATE (removed_by, removed_at) ON destination TO bursar_execution_app;

-- A run that pays no distribution is a withdrawal.
ALTER TABLE run ALTER COLUMN distribution_id DROP NOT NULL;

-- Its id is its run's. What is paid to whom is the run's one instruction.
CREATE TABLE withdrawal (
    run_id     uuid        PRIMARY KEY REFERENCES run,
    reason     text        NOT NULL CHECK (reason <> ''),
    created_by text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX withdrawal_newest ON withdrawal (created_at, run_id);
GRANT SELECT, INSERT ON withdrawal TO bursar_execution_app;
