-- A reference of a cancelled file that is not given back yet, because a rerun may still replace its payout: which payout
-- that is, by its place in the file's run, and so that it is proven unpaid. It is given back with the last such rerun that is
-- cancelled before it was handed over.
ALTER TABLE accepted_reference
    ADD COLUMN unpaid_ordinal integer CHECK (unpaid_ordinal >= 0),
    ADD CONSTRAINT accepted_reference_of_payout_check CHECK (unpaid_ordinal IS NULL OR account IS NOT NULL);
GRANT UPDATE (unpaid_ordinal) ON accepted_reference TO bursar_distribution_app;
