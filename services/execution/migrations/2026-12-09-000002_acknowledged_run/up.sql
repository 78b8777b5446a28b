-- Forgotten runs that somebody has accounted for. Each word is about the payments that had been found by then.
CREATE TABLE acknowledged_run (
    run_id          uuid        NOT NULL,
    acknowledged_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    acknowledged_by text        NOT NULL,
    reason          text        NOT NULL CHECK (reason <> ''),
    PRIMARY KEY (run_id, acknowledged_at)
);
GRANT SELECT, INSERT ON acknowledged_run TO bursar_execution_app;

-- Both are written under the lock of the run's id: what is found after a word was given must not seem to be older.
ALTER TABLE swept_effect ALTER COLUMN seen_at SET DEFAULT clock_timestamp();
