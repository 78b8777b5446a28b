-- Which network this data belongs to, and the answers of calls that must happen once.
GRANT USAGE ON SCHEMA public TO bursar_execution_app;

CREATE TABLE installation (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    network   text    NOT NULL
);
GRANT SELECT, INSERT ON installation TO bursar_execution_app;

CREATE TABLE idempotency_key (
    scope        text        NOT NULL,
    key          text        NOT NULL,
    request_hash bytea       NOT NULL,
    response     bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key)
);
GRANT SELECT, INSERT, UPDATE (response) ON idempotency_key TO bursar_execution_app;
