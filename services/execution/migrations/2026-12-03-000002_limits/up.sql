-- How much may be paid from a funding account in one asset. Versions that never change; the highest counts.
CREATE TABLE funding_limit (
    funding_account_id uuid          NOT NULL REFERENCES funding_account,
    asset              text          NOT NULL,
    version            integer       NOT NULL CHECK (version > 0),
    -- Null is no limit.
    per_payout         numeric(39,0) CHECK (per_payout > 0),
    per_run            numeric(39,0) CHECK (per_run > 0),
    per_day            numeric(39,0) CHECK (per_day > 0),
    set_by             text          NOT NULL,
    reason             text          NOT NULL CHECK (reason <> ''),
    set_at             timestamptz   NOT NULL DEFAULT now(),
    PRIMARY KEY (funding_account_id, asset, version)
);
GRANT SELECT, INSERT ON funding_limit TO bursar_execution_app;

-- What attempts have taken of a day's limit (UTC): taken with the intent, given back when they are proven dead.
CREATE TABLE spent_day (
    funding_account_id uuid          NOT NULL REFERENCES funding_account,
    asset              text          NOT NULL,
    day                date          NOT NULL,
    reserved           numeric(39,0) NOT NULL CHECK (reserved >= 0),
    PRIMARY KEY (funding_account_id, asset, day)
);
GRANT SELECT, INSERT, UPDATE (reserved) ON spent_day TO bursar_execution_app;

-- The day whose limit it took from; null where none was set.
ALTER TABLE attempt ADD COLUMN reserved_on date;
GRANT UPDATE (reserved_on) ON attempt TO bursar_execution_app;
