-- Redemptions: a bond's principal is paid once per unit held.
--
-- Who changes what an asset's redemptions take locks the asset's row in `redeemable` first and raises its version; what
-- was calculated at another version is not stored. Rows of `redemption_holding` and `redemption_outcome` never change.

ALTER TABLE distribution
    DROP CONSTRAINT distribution_kind_check,
    ADD CONSTRAINT distribution_kind_check CHECK (kind IN ('DIVIDEND', 'COUPON', 'CUSTOM', 'REDEMPTION')),
    -- The nominal value, in whole payment tokens.
    ADD CONSTRAINT distribution_principal_check CHECK (kind <> 'REDEMPTION' OR rate IS NOT NULL);

ALTER TABLE entitlement
    -- Redemptions only: how much of the balance is counted; what other redemptions took is not.
    ADD COLUMN counted numeric(39, 0) CHECK (counted BETWEEN 0 AND balance),
    DROP CONSTRAINT entitlement_reason_check,
    -- 10 REDEEMED.
    ADD CONSTRAINT entitlement_reason_check CHECK (reason BETWEEN 1 AND 10);

-- Redemptions by holder: whose holdings. A redemption without any is of all.
CREATE TABLE redemption_account (
    distribution_id uuid   NOT NULL REFERENCES distribution,
    account         bigint NOT NULL CHECK (account >= 0),
    PRIMARY KEY (distribution_id, account)
);
GRANT SELECT, INSERT ON redemption_account TO bursar_distribution_app;

-- What the redemptions of an asset come to; the one row that is locked.
CREATE TABLE redeemable (
    asset_id     uuid           PRIMARY KEY,
    -- Rises with every reservation and every release.
    version      bigint         NOT NULL DEFAULT 0,
    -- The network's time of the newest balances that anything was reserved from.
    consensus_ns bigint         NOT NULL DEFAULT 0,
    -- The highest total supply that a redemption saw: tokens burnt after they were redeemed lower the supply, not this.
    supply       numeric(39, 0) NOT NULL DEFAULT 0,
    -- Reserved and redeemed units.
    taken        numeric(39, 0) NOT NULL DEFAULT 0,
    CHECK (taken BETWEEN 0 AND supply)
);
GRANT SELECT, INSERT, UPDATE (version, consensus_ns, supply, taken) ON redeemable TO bursar_distribution_app;

-- Units of a payee's holding that a redemption pays for: reserved when it is calculated, once.
CREATE TABLE redemption_holding (
    distribution_id uuid           NOT NULL REFERENCES calculation,
    account         bigint         NOT NULL CHECK (account >= 0),
    asset_id        uuid           NOT NULL REFERENCES redeemable,
    ordinal         integer        NOT NULL CHECK (ordinal >= 0),
    units           numeric(39, 0) NOT NULL CHECK (units > 0),
    -- What other redemptions had of the holding just then, by the same statement; and all there was of it.
    taken_before    numeric(39, 0) NOT NULL CHECK (taken_before >= 0),
    balance         numeric(39, 0) NOT NULL,
    PRIMARY KEY (distribution_id, account),
    UNIQUE (distribution_id, ordinal),
    -- No unit twice.
    CHECK (taken_before + units <= balance)
);
CREATE INDEX redemption_holding_of_asset ON redemption_holding (asset_id, account);
GRANT SELECT, INSERT ON redemption_holding TO bursar_distribution_app;

-- How a reservation ended, once: paid for, or proven unpaid and given back. Without a row it is still reserved.
CREATE TABLE redemption_outcome (
    distribution_id uuid   NOT NULL,
    account         bigint NOT NULL,
    outcome         text   NOT NULL CHECK (outcome IN ('REDEEMED', 'RELEASED')),
    decided_ns      bigint NOT NULL,
    PRIMARY KEY (distribution_id, account),
    FOREIGN KEY (distribution_id, account) REFERENCES redemption_holding
);
GRANT SELECT, INSERT ON redemption_outcome TO bursar_distribution_app;

-- What redemptions have of each holding: all that was not given back.
CREATE VIEW taken_holding AS
    SELECT holding.asset_id, holding.account, sum(holding.units) AS units
    FROM redemption_holding holding
    WHERE NOT EXISTS (
        SELECT FROM redemption_outcome ended
        WHERE ended.distribution_id = holding.distribution_id AND ended.account = holding.account
          AND ended.outcome = 'RELEASED')
    GROUP BY holding.asset_id, holding.account;
GRANT SELECT ON taken_holding TO bursar_distribution_app;
