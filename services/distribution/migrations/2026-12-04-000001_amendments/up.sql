-- Terms can be changed until a distribution is executed. `distribution` stays what it was created as; each change is a row
-- of `amendment`, which never changes, and `distribution_state` says which version is in force.

ALTER TABLE distribution_state ADD COLUMN terms_version integer NOT NULL DEFAULT 1 CHECK (terms_version > 0);

-- The terms of a later version, in the columns of `distribution`.
CREATE TABLE amendment (
    distribution_id    uuid     NOT NULL REFERENCES distribution,
    version            integer  NOT NULL CHECK (version > 1),
    label              text     NOT NULL CHECK (char_length(label) BETWEEN 1 AND 100),
    rate               text,
    pool_units         numeric(39, 0) CHECK (pool_units > 0 AND pool_units <= 9223372036854775807),
    pool_base          text     CHECK (pool_base IN ('ELIGIBLE_HOLDERS', 'TOTAL_SUPPLY')),
    payment_token      text     NOT NULL,
    payment_decimals   smallint NOT NULL CHECK (payment_decimals BETWEEN 0 AND 255),
    funding_account_id uuid     NOT NULL,
    treasury           bigint   NOT NULL CHECK (treasury >= 0),
    funding            bigint   NOT NULL CHECK (funding > 0),
    fee_payer          bigint   NOT NULL CHECK (fee_payer > 0),
    -- Of a list, which is what it is: none of these, no rule and no decisions.
    record_time_ns     bigint,
    snapshot_id        uuid,
    snapshot_reused    boolean,
    batch_size         integer  NOT NULL CHECK (batch_size BETWEEN 1 AND 1000),
    parallelism        integer  NOT NULL CHECK (parallelism BETWEEN 1 AND 64),
    retry_max_attempts integer  NOT NULL CHECK (retry_max_attempts BETWEEN 1 AND 20),
    retry_base_ns      bigint   NOT NULL CHECK (retry_base_ns > 0),
    retry_cap_ns       bigint   NOT NULL CHECK (retry_cap_ns >= retry_base_ns),
    execute_now        boolean  NOT NULL,
    -- The fields of the request that made a difference, and who asked for it.
    changed            text[]   NOT NULL CHECK (cardinality(changed) > 0),
    amended_by         text     NOT NULL,
    amended_ns         bigint   NOT NULL,
    PRIMARY KEY (distribution_id, version),
    CHECK (num_nonnulls(record_time_ns, snapshot_id, snapshot_reused) IN (0, 3)),
    CHECK (num_nonnulls(rate, pool_units) = num_nonnulls(record_time_ns)),
    CHECK ((pool_units IS NULL) = (pool_base IS NULL)),
    CHECK (record_time_ns IS NOT NULL OR NOT execute_now)
);
GRANT SELECT, INSERT ON amendment TO bursar_distribution_app;

-- Decisions on holders. Treatments: 1 PAY, 2 HOLD, 3 EXCLUDE.
CREATE TABLE amended_holder_decision (
    distribution_id uuid     NOT NULL,
    version         integer  NOT NULL,
    account         bigint   NOT NULL CHECK (account >= 0),
    treatment       smallint NOT NULL CHECK (treatment BETWEEN 1 AND 3),
    PRIMARY KEY (distribution_id, version, account),
    FOREIGN KEY (distribution_id, version) REFERENCES amendment
);
GRANT SELECT, INSERT ON amended_holder_decision TO bursar_distribution_app;

-- One calculation counts per version of the terms. A redemption has one version.
ALTER TABLE redemption_holding DROP CONSTRAINT redemption_holding_distribution_id_fkey;
ALTER TABLE calculation
    ADD COLUMN terms_version integer NOT NULL DEFAULT 1 CHECK (terms_version > 0),
    DROP CONSTRAINT calculation_pkey,
    ADD PRIMARY KEY (distribution_id, terms_version);
ALTER TABLE redemption_holding
    ADD COLUMN terms_version integer NOT NULL DEFAULT 1 CHECK (terms_version = 1),
    ADD FOREIGN KEY (distribution_id, terms_version) REFERENCES calculation;
