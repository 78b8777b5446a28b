-- More of when failures are tried again by themselves, and which. The defaults are what was fixed before.
ALTER TABLE run
    ADD COLUMN backoff_factor_hundredths integer NOT NULL DEFAULT 200 CHECK (backoff_factor_hundredths BETWEEN 100 AND 1000),
    ADD COLUMN backoff_jitter_percent    integer NOT NULL DEFAULT 50 CHECK (backoff_jitter_percent BETWEEN 0 AND 100),
    ADD COLUMN recipient_max_attempts    integer NOT NULL DEFAULT 1 CHECK (recipient_max_attempts BETWEEN 1 AND 20);

-- Failures of class RECIPIENT that a payout had alone: before an attempt, and behind those who join the next one.
ALTER TABLE attempt
    ADD COLUMN recipient_tries      integer NOT NULL DEFAULT 0 CHECK (recipient_tries >= 0),
    ADD COLUMN next_recipient_tries integer NOT NULL DEFAULT 0 CHECK (next_recipient_tries >= 0);
GRANT UPDATE (next_recipient_tries) ON attempt TO bursar_execution_app;
