DROP VIEW taken_holding;
DROP TABLE redemption_outcome;
DROP TABLE redemption_holding;
DROP TABLE redeemable;
DROP TABLE redemption_account;
ALTER TABLE entitlement
    DROP COLUMN counted,
    DROP CONSTRAINT entitlement_reason_check,
    ADD CONSTRAINT entitlement_reason_check CHECK (reason BETWEEN 1 AND 9);
ALTER TABLE distribution
    DROP CONSTRAINT distribution_principal_check,
    DROP CONSTRAINT distribution_kind_check,
    ADD CONSTRAINT distribution_kind_check CHECK (kind IN ('DIVIDEND', 'COUPON', 'CUSTOM'));
