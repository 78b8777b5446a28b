-- Schedules: recurring distributions.
--
-- Whoever fires, skips, pauses, ends or changes a schedule locks its row in `schedule_state` first. What was decided and
-- what fired never changes: a change is a new row of `schedule_version`.

CREATE TABLE schedule (
    id         uuid   PRIMARY KEY,
    asset_id   uuid   NOT NULL,
    created_by text   NOT NULL,
    created_ns bigint NOT NULL
);
CREATE INDEX schedule_newest ON schedule (created_ns DESC, id DESC);
CREATE INDEX schedule_of_asset ON schedule (asset_id, created_ns DESC, id DESC);
GRANT SELECT, INSERT ON schedule TO bursar_distribution_app;

-- What each occurrence distributes and when, as somebody decided it.
CREATE TABLE schedule_version (
    schedule_id        uuid     NOT NULL REFERENCES schedule,
    version            integer  NOT NULL CHECK (version > 0),
    -- Rises with each change of the timing: its occurrences are numbered anew.
    series             integer  NOT NULL CHECK (series BETWEEN 1 AND version),
    -- The columns of `distribution`.
    label              text     NOT NULL CHECK (char_length(label) BETWEEN 1 AND 100),
    kind               text     NOT NULL CHECK (kind IN ('DIVIDEND', 'COUPON', 'CUSTOM')),
    rate               text,
    pool_units         numeric(39, 0) CHECK (pool_units > 0 AND pool_units <= 9223372036854775807),
    pool_base          text     CHECK (pool_base IN ('ELIGIBLE_HOLDERS', 'TOTAL_SUPPLY')),
    payment_token      text     NOT NULL,
    payment_decimals   smallint NOT NULL CHECK (payment_decimals BETWEEN 0 AND 255),
    funding_account_id uuid     NOT NULL,
    treasury           bigint   NOT NULL CHECK (treasury >= 0),
    funding            bigint   NOT NULL CHECK (funding > 0),
    fee_payer          bigint   NOT NULL CHECK (fee_payer > 0),
    batch_size         integer  NOT NULL CHECK (batch_size BETWEEN 1 AND 1000),
    parallelism        integer  NOT NULL CHECK (parallelism BETWEEN 1 AND 64),
    retry_max_attempts integer  NOT NULL CHECK (retry_max_attempts BETWEEN 1 AND 20),
    retry_base_ns      bigint   NOT NULL CHECK (retry_base_ns > 0),
    retry_cap_ns       bigint   NOT NULL CHECK (retry_cap_ns >= retry_base_ns),
    execute_now        boolean  NOT NULL,
    -- The timing. A start is an instant or a time on the wall clock of the zone; an end is a time or a number.
    frequency          text     NOT NULL CHECK (frequency IN (
        'ONCE', 'HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'QUARTERLY', 'YEARLY', 'CRON')),
    cron               text,
    zone               text     NOT NULL,
    start_ns           bigint,
    start_local        text,
    end_ns             bigint,
    end_count          bigint   CHECK (end_count > 0),
    business_day_rule  text     CHECK (business_day_rule IN ('FOLLOWING', 'MODIFIED_FOLLOWING', 'PRECEDING')),
    calendar           text,
    catch_up           text     NOT NULL CHECK (catch_up IN ('RUN_ONCE', 'SKIP', 'ALL')),
    decided_by         text     NOT NULL,
    decided_ns         bigint   NOT NULL,
    PRIMARY KEY (schedule_id, version),
    CHECK ((rate IS NULL) = (pool_units IS NOT NULL)),
    CHECK ((pool_units IS NULL) = (pool_base IS NULL)),
    CHECK ((cron IS NOT NULL) = (frequency = 'CRON')),
    CHECK ((start_ns IS NULL) = (start_local IS NOT NULL)),
    CHECK (end_ns IS NULL OR end_count IS NULL),
    CHECK ((business_day_rule IS NULL) = (calendar IS NULL))
);
GRANT SELECT, INSERT ON schedule_version TO bursar_distribution_app;

-- Decisions on holders. Treatments: 1 PAY, 2 HOLD, 3 EXCLUDE.
CREATE TABLE schedule_holder_decision (
    schedule_id uuid     NOT NULL,
    version     integer  NOT NULL,
    account     bigint   NOT NULL CHECK (account >= 0),
    treatment   smallint NOT NULL CHECK (treatment BETWEEN 1 AND 3),
    PRIMARY KEY (schedule_id, version, account),
    FOREIGN KEY (schedule_id, version) REFERENCES schedule_version
);
GRANT SELECT, INSERT ON schedule_holder_decision TO bursar_distribution_app;

-- Where each schedule stands.
CREATE TABLE schedule_state (
    schedule_id    uuid    PRIMARY KEY REFERENCES schedule,
    version        integer NOT NULL,
    state          text    NOT NULL CHECK (state IN ('ACTIVE', 'PAUSED', 'ENDED')),
    -- The number of the series up to which nothing is open.
    settled        bigint  NOT NULL CHECK (settled >= 0),
    -- When the job looks at it next, on the clock of business; null while nothing comes.
    wake_ns        bigint,
    -- Rounds in a row that failed, and until when it is left alone, on the database's clock.
    misses         integer NOT NULL DEFAULT 0,
    retry_at       timestamptz,
    -- Who paused or ended it, why and when; null while it is active.
    changed_by     text,
    change_reason  text,
    changed_ns     bigint,
    FOREIGN KEY (schedule_id, version) REFERENCES schedule_version,
    CHECK ((wake_ns IS NOT NULL) = (state = 'ACTIVE')),
    CHECK ((changed_by IS NULL) = (state = 'ACTIVE')),
    CHECK ((changed_by IS NULL) = (change_reason IS NULL)),
    CHECK ((changed_by IS NULL) = (changed_ns IS NULL))
);
CREATE INDEX schedule_due ON schedule_state (wake_ns) WHERE wake_ns IS NOT NULL;
CREATE INDEX schedule_in_state ON schedule_state (state);
GRANT SELECT, INSERT,
    UPDATE (version, state, settled, wake_ns, misses, retry_at, changed_by, change_reason, changed_ns)
    ON schedule_state TO bursar_distribution_app;

-- What became of an occurrence: it fired its one distribution, or never fires. The primary key is what makes it fire once,
-- and either fire or be skipped. Several that a catch-up passes over are one row, with the number of the last.
CREATE TABLE occurrence (
    schedule_id     uuid    NOT NULL REFERENCES schedule,
    series          integer NOT NULL CHECK (series > 0),
    number          bigint  NOT NULL,
    first_number    bigint  NOT NULL CHECK (first_number BETWEEN 1 AND number),
    due_ns          bigint  NOT NULL,
    -- On the wall clock of the zone.
    nominal         text    NOT NULL,
    distribution_id uuid    UNIQUE REFERENCES distribution,
    skip_cause      text    CHECK (skip_cause IN ('PERSON', 'CATCH_UP', 'TIMING_CHANGED')),
    skip_reason     text    NOT NULL DEFAULT '',
    skipped_by      text    NOT NULL DEFAULT '',
    decided_ns      bigint  NOT NULL,
    PRIMARY KEY (schedule_id, series, number),
    CHECK ((distribution_id IS NULL) = (skip_cause IS NOT NULL)),
    CHECK (distribution_id IS NULL OR first_number = number)
);
GRANT SELECT, INSERT ON occurrence TO bursar_distribution_app;
