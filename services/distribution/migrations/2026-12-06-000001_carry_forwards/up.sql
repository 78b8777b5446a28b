-- What a distribution carried forward is paid by one other distribution, which reserves it in the transaction of its
-- entitlements. A row goes away only with what is proven unpaid: when the distribution that reserved it is changed, or
-- cancelled, or its payout is superseded.
CREATE TABLE carry_reservation (
    from_distribution_id uuid           NOT NULL REFERENCES distribution,
    account              bigint         NOT NULL CHECK (account >= 0),
    -- Which payout of which distribution it is part of.
    distribution_id      uuid           NOT NULL REFERENCES distribution,
    ordinal              integer        NOT NULL CHECK (ordinal >= 0),
    units                numeric(39, 0) NOT NULL CHECK (units > 0),
    -- Never by two.
    PRIMARY KEY (from_distribution_id, account),
    CHECK (distribution_id <> from_distribution_id)
);
CREATE INDEX carry_reservation_of_payout ON carry_reservation (distribution_id, ordinal);
GRANT SELECT, INSERT, DELETE ON carry_reservation TO bursar_distribution_app;

-- What was carried forward. It counts once execution has the run of the distribution that owes it, or there was nothing to
-- pay; what a cancelled one owes is void, unless it was taken before.
CREATE VIEW carry_forward AS
    SELECT d.asset_id, d.payment_token, d.id AS distribution_id, d.created_ns, owed.account, owed.carried AS units,
        taken.distribution_id AS taken_by,
        CASE
            WHEN taken.distribution_id IS NOT NULL THEN 'TAKEN'
            WHEN d.state IN ('CANCELLING', 'CANCELLED') THEN 'VOID'
            ELSE 'OPEN'
        END AS status
    FROM distribution_in_force d
    JOIN entitlement owed ON owed.calculation_id = d.calculation_id AND owed.carried IS NOT NULL
    LEFT JOIN carry_reservation taken ON taken.from_distribution_id = d.id AND taken.account = owed.account
    WHERE d.run_progress IS NOT NULL OR d.state = 'COMPLETED';
GRANT SELECT ON carry_forward TO bursar_distribution_app;
