-- Amounts in full: the same sum for each holder, a percentage of a holding's value, what is withheld, and the minimum below
-- which an amount is carried forward.

-- An amount is a pool with what it is split over, or what each holder gets.
ALTER TABLE distribution RENAME COLUMN pool_units TO amount_units;
ALTER TABLE distribution RENAME COLUMN pool_base TO amount_base;
ALTER TABLE distribution
    DROP CONSTRAINT distribution_pool_base_check,
    ADD CONSTRAINT distribution_amount_base_check CHECK (amount_base IN ('ELIGIBLE_HOLDERS', 'TOTAL_SUPPLY', 'EACH_HOLDER'));
ALTER TABLE amendment RENAME COLUMN pool_units TO amount_units;
ALTER TABLE amendment RENAME COLUMN pool_base TO amount_base;
ALTER TABLE amendment
    DROP CONSTRAINT amendment_pool_base_check,
    ADD CONSTRAINT amendment_amount_base_check CHECK (amount_base IN ('ELIGIBLE_HOLDERS', 'TOTAL_SUPPLY', 'EACH_HOLDER'));
ALTER TABLE schedule_version RENAME COLUMN pool_units TO amount_units;
ALTER TABLE schedule_version RENAME COLUMN pool_base TO amount_base;
ALTER TABLE schedule_version
    DROP CONSTRAINT schedule_version_pool_base_check,
    ADD CONSTRAINT schedule_version_amount_base_check
        CHECK (amount_base IN ('ELIGIBLE_HOLDERS', 'TOTAL_SUPPLY', 'EACH_HOLDER'));

-- What else there is to say of amounts, by a version of the terms of a distribution or of a schedule. Without a row there is
-- nothing. Never changed.
CREATE TABLE amount_terms (
    -- The distribution's id, or the schedule's.
    terms_of         uuid           NOT NULL,
    version          integer        NOT NULL CHECK (version > 0),
    -- The rate is the value of a whole token then, of which this percentage is paid; a canonical decimal, as all here.
    percent          text,
    minimum_units    numeric(39, 0) NOT NULL CHECK (minimum_units BETWEEN 0 AND 9223372036854775807),
    withheld_percent text           NOT NULL,
    rounding         text           NOT NULL CHECK (rounding IN ('DOWN', 'UP', 'HALF_UP')),
    PRIMARY KEY (terms_of, version)
);
GRANT SELECT, INSERT ON amount_terms TO bursar_distribution_app;

-- Rates of payees and groups, in the order they were given. Never changed.
CREATE TABLE withholding_rate (
    terms_of   uuid     NOT NULL,
    version    integer  NOT NULL,
    place      smallint NOT NULL CHECK (place >= 0),
    group_name text     NOT NULL CHECK (char_length(group_name) <= 100),
    percent    text     NOT NULL,
    accounts   bigint[] NOT NULL CHECK (cardinality(accounts) > 0),
    PRIMARY KEY (terms_of, version, place),
    FOREIGN KEY (terms_of, version) REFERENCES amount_terms
);
GRANT SELECT, INSERT ON withholding_rate TO bursar_distribution_app;

-- What came off, and what came on top: null where it is nothing. The gross amount of who is paid in principle is
-- units - brought + withheld + carried. Reasons: 11 WITHHELD, 12 BELOW_MINIMUM.
ALTER TABLE entitlement
    ADD COLUMN withheld numeric(39, 0) CHECK (withheld > 0),
    ADD COLUMN carried  numeric(39, 0) CHECK (carried > 0),
    ADD COLUMN brought  numeric(39, 0) CHECK (brought > 0 AND brought <= units),
    DROP CONSTRAINT entitlement_reason_check,
    ADD CONSTRAINT entitlement_reason_check CHECK (reason BETWEEN 1 AND 12),
    ADD CONSTRAINT entitlement_carried_is_not_paid CHECK ((carried IS NULL) = (reason IS DISTINCT FROM 12)),
    ADD CONSTRAINT entitlement_brought_is_paid CHECK (brought IS NULL OR ordinal IS NOT NULL);
CREATE INDEX entitlement_carried ON entitlement (calculation_id, account) WHERE carried IS NOT NULL;

ALTER TABLE calculation
    ADD COLUMN carried_count integer        NOT NULL DEFAULT 0 CHECK (carried_count >= 0),
    ADD COLUMN withheld      numeric(39, 0) NOT NULL DEFAULT 0 CHECK (withheld >= 0),
    ADD COLUMN carried       numeric(39, 0) NOT NULL DEFAULT 0 CHECK (carried >= 0),
    ADD COLUMN brought       numeric(39, 0) NOT NULL DEFAULT 0 CHECK (brought >= 0),
    ADD CHECK (withheld + carried <= entitled),
    -- What the rail moves.
    ADD CHECK (entitled - withheld - carried + brought <= 9223372036854775807);

-- The same with what is paid.
DROP VIEW distribution_in_force;
CREATE VIEW distribution_in_force AS
    SELECT d.id, d.asset_id, d.kind, d.created_ns,
        CASE WHEN a.version IS NULL THEN d.label ELSE a.label END AS label,
        CASE WHEN a.version IS NULL THEN d.payment_token ELSE a.payment_token END AS payment_token,
        CASE WHEN a.version IS NULL THEN d.funding_account_id ELSE a.funding_account_id END AS funding_account_id,
        CASE WHEN a.version IS NULL THEN d.record_time_ns ELSE a.record_time_ns END AS record_time_ns,
        CASE
            WHEN a.version IS NULL AND d.amount_base <> 'EACH_HOLDER' THEN d.amount_units
            WHEN a.amount_base <> 'EACH_HOLDER' THEN a.amount_units
        END AS pool_units,
        s.state, s.run_progress, s.run_failed, c.calculation_id, c.payee_count,
        c.entitled - c.withheld - c.carried + c.brought AS payable
    FROM distribution d
    JOIN distribution_state s ON s.distribution_id = d.id
    LEFT JOIN amendment a ON a.distribution_id = d.id AND a.version = s.terms_version
    LEFT JOIN calculation c ON c.distribution_id = d.id AND c.terms_version = s.terms_version;
GRANT SELECT ON distribution_in_force TO bursar_distribution_app;
