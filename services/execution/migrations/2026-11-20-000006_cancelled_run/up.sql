-- Runs that were cancelled before they came: a hand-over that is still on its way is refused.
CREATE TABLE cancelled_run (
    run_id       uuid        PRIMARY KEY,
    cancelled_by text        NOT NULL,
    reason       text        NOT NULL,
    at           timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT ON cancelled_run TO bursar_execution_app;
