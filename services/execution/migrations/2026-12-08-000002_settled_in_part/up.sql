-- An attempt that was called dead and then shows its effect has paid the payouts that still go by it, though others of it
-- have gone on: only an undecided one has none that left it.
ALTER TABLE attempt
    DROP CONSTRAINT attempt_check9,
    ADD CONSTRAINT attempt_parted_check CHECK (state >= 3 OR cardinality(parted) = 0);
