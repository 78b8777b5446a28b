-- What was seen and done about an attempt, beyond what its own row says; and what must never be.
CREATE TABLE attempt_event (
    run_id     uuid        NOT NULL,
    attempt_id uuid        NOT NULL,
    event_id   bigint      GENERATED ALWAYS AS IDENTITY,
    at         timestamptz NOT NULL DEFAULT now(),
    kind       text        NOT NULL,
    detail     text        NOT NULL,
    PRIMARY KEY (run_id, attempt_id, event_id)
);
GRANT SELECT, INSERT ON attempt_event TO bursar_execution_app;

-- A break: the rail shows an effect that our record excludes. The run stops.
CREATE TABLE break (
    run_id     uuid        NOT NULL,
    attempt_id uuid        NOT NULL,
    reason     text        NOT NULL,
    detail     text        NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, attempt_id, reason)
);
GRANT SELECT, INSERT ON break TO bursar_execution_app;

-- The first person's word on a doubt; a second person's same word ends it.
CREATE TABLE doubt_proposal (
    run_id      uuid        NOT NULL,
    attempt_id  uuid        NOT NULL,
    proposed_by text        NOT NULL,
    -- 1 paid, 2 unpaid
    outcome     smallint    NOT NULL CHECK (outcome IN (1, 2)),
    evidence    text        NOT NULL CHECK (evidence <> ''),
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, attempt_id, proposed_by)
);
GRANT SELECT, INSERT ON doubt_proposal TO bursar_execution_app;
