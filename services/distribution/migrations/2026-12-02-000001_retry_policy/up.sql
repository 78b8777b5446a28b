-- More of when failures are tried again by themselves, and which. The defaults are what was fixed before.
ALTER TABLE distribution
    ADD COLUMN retry_factor_hundredths      integer NOT NULL DEFAULT 200 CHECK (retry_factor_hundredths BETWEEN 100 AND 1000),
    ADD COLUMN retry_jitter_percent         integer NOT NULL DEFAULT 50 CHECK (retry_jitter_percent BETWEEN 0 AND 100),
    ADD COLUMN retry_recipient_max_attempts integer NOT NULL DEFAULT 1 CHECK (retry_recipient_max_attempts BETWEEN 1 AND 20);
ALTER TABLE schedule_version
    ADD COLUMN retry_factor_hundredths      integer NOT NULL DEFAULT 200 CHECK (retry_factor_hundredths BETWEEN 100 AND 1000),
    ADD COLUMN retry_jitter_percent         integer NOT NULL DEFAULT 50 CHECK (retry_jitter_percent BETWEEN 0 AND 100),
    ADD COLUMN retry_recipient_max_attempts integer NOT NULL DEFAULT 1 CHECK (retry_recipient_max_attempts BETWEEN 1 AND 20);
