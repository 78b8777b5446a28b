-- Where money comes from. Immutable: a run's attempts are signed for these accounts.
CREATE TABLE funding_account (
    funding_account_id      uuid        PRIMARY KEY,
    label                   text        NOT NULL UNIQUE CHECK (label <> ''),
    account                 text        NOT NULL,
    key_reference           text        NOT NULL,
    fee_payer_account       text        NOT NULL,
    fee_payer_key_reference text        NOT NULL,
    created_by              text        NOT NULL,
    created_at              timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT ON funding_account TO bursar_execution_app;
