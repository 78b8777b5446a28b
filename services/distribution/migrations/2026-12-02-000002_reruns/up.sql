-- Reruns: distributions of the unpaid payees of another one. Each payee names the payout it replaces, by its place in the
-- old run, and no two name the same.
ALTER TABLE distribution
    ADD COLUMN rerun_of uuid REFERENCES distribution CHECK (rerun_of <> id),
    ADD CONSTRAINT distribution_rerun_check CHECK (rerun_of IS NULL OR (source = 'LIST' AND kind <> 'REDEMPTION'));
CREATE INDEX distribution_rerun ON distribution (rerun_of) WHERE rerun_of IS NOT NULL;

ALTER TABLE listed_payee ADD COLUMN replaces integer CHECK (replaces >= 0);
CREATE UNIQUE INDEX listed_payee_replaces ON listed_payee (distribution_id, replaces) WHERE replaces IS NOT NULL;
