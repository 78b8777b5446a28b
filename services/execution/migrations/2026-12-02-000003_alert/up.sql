-- What operators have to end before a run goes on. Rows stay; only their end is written, once.
CREATE TABLE alert (
    alert_id  uuid        PRIMARY KEY,
    run_id    uuid        NOT NULL REFERENCES run,
    reason    text        NOT NULL CHECK (reason <> ''),
    class     smallint    NOT NULL,
    hint      text        NOT NULL CHECK (hint <> ''),
    raised_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at  timestamptz,
    CHECK (ended_at >= raised_at)
);
-- One at a time of a run for one reason.
CREATE UNIQUE INDEX alert_open ON alert (run_id, reason) WHERE ended_at IS NULL;
CREATE INDEX alert_newest ON alert (raised_at, alert_id);
CREATE INDEX alert_of_run ON alert (run_id, raised_at, alert_id);
GRANT SELECT, INSERT, UPDATE (ended_at) ON alert TO bursar_execution_app;
