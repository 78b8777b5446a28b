CREATE TABLE idempotency_key (
    scope        text        NOT NULL,
    key          text        NOT NULL,
    request_hash bytea       NOT NULL,
    response     bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key)
);
GRANT SELECT, INSERT, UPDATE (response) ON idempotency_key TO bursar_ledger_app;

CREATE TABLE installation (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    network   text    NOT NULL
);
GRANT SELECT, INSERT ON installation TO bursar_ledger_app;

CREATE TABLE entry (
    id    bigint        PRIMARY KEY,
    units numeric(39,0) NOT NULL,
    note  text
);
GRANT SELECT, INSERT ON entry TO bursar_ledger_app;
