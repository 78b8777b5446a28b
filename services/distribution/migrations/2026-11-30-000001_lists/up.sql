-- Distributions to a list of payees: what each gets is stored, not calculated from balances. Where the entitlements come
-- from is apart from what a distribution is for.
ALTER TABLE distribution
    ADD COLUMN source text NOT NULL DEFAULT 'HOLDERS' CHECK (source IN ('HOLDERS', 'LIST')),
    ALTER COLUMN asset_id DROP NOT NULL,
    ALTER COLUMN record_time_ns DROP NOT NULL,
    ALTER COLUMN snapshot_id DROP NOT NULL,
    ALTER COLUMN snapshot_reused DROP NOT NULL,
    DROP CONSTRAINT distribution_kind_check,
    ADD CONSTRAINT distribution_kind_check
        CHECK (kind IN ('DIVIDEND', 'COUPON', 'CUSTOM', 'REDEMPTION', 'LIST')),
    -- A list that stands for no asset's holders, and no other kind does without an asset.
    ADD CONSTRAINT distribution_asset_check CHECK ((asset_id IS NULL) = (kind = 'LIST')),
    ADD CONSTRAINT distribution_source_of_kind_check CHECK (kind <> 'LIST' OR source = 'LIST'),
    -- Either a rate per whole token, as a canonical decimal, or a pool with its base; of a list neither.
    DROP CONSTRAINT distribution_check1,
    ADD CONSTRAINT distribution_rule_check
        CHECK (num_nonnulls(rate, pool_units) = CASE source WHEN 'HOLDERS' THEN 1 ELSE 0 END),
    ADD CONSTRAINT distribution_balances_check
        CHECK (num_nonnulls(record_time_ns, snapshot_id, snapshot_reused) = CASE source WHEN 'HOLDERS' THEN 3 ELSE 0 END),
    DROP CONSTRAINT distribution_principal_check,
    ADD CONSTRAINT distribution_principal_check CHECK (kind <> 'REDEMPTION' OR source = 'LIST' OR rate IS NOT NULL),
    -- A list is never paid without somebody executing it.
    ADD CONSTRAINT distribution_list_waits_check CHECK (source <> 'LIST' OR NOT execute_now);
ALTER TABLE distribution ALTER COLUMN source DROP DEFAULT;

-- Who is on the list of a distribution, each once. Written before the distribution is there, under its id, so that a list
-- that was cut off is nobody's; never changed.
CREATE TABLE listed_payee (
    distribution_id uuid          NOT NULL,
    account         bigint        NOT NULL CHECK (account > 0),
    units           numeric(39,0) NOT NULL CHECK (units BETWEEN 1 AND 9223372036854775807),
    -- What whoever made the list calls it, and says of it; both may be empty.
    reference       text          NOT NULL CHECK (char_length(reference) <= 100),
    note            text          NOT NULL CHECK (char_length(note) <= 500),
    PRIMARY KEY (distribution_id, account)
);
GRANT SELECT, INSERT ON listed_payee TO bursar_distribution_app;

-- What is calculated from a list has no balances.
ALTER TABLE calculation ALTER COLUMN consensus_ns DROP NOT NULL;
ALTER TABLE entitlement
    ALTER COLUMN evm_address DROP NOT NULL,
    ALTER COLUMN balance DROP NOT NULL,
    ADD CONSTRAINT entitlement_holding_check CHECK ((evm_address IS NULL) = (balance IS NULL)),
    ADD CONSTRAINT entitlement_counted_of_holding_check CHECK (counted IS NULL OR balance IS NOT NULL);
