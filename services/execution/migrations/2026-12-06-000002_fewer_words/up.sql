-- The same rules in fewer words. PostgreSQL reads the text of a table's CHECKs anew for each statement that writes to it, which
-- was most of what a write to `batch` took; every payment of a batch takes two.
ALTER TABLE batch
    DROP CONSTRAINT batch_number_check,
    DROP CONSTRAINT batch_size_check,
    DROP CONSTRAINT batch_state_check,
    DROP CONSTRAINT batch_processing_check,
    DROP CONSTRAINT batch_in_doubt_check,
    DROP CONSTRAINT batch_paid_check,
    DROP CONSTRAINT batch_failed_check,
    DROP CONSTRAINT batch_cancelled_check,
    DROP CONSTRAINT batch_superseded_check,
    DROP CONSTRAINT batch_processing_units_check,
    DROP CONSTRAINT batch_in_doubt_units_check,
    DROP CONSTRAINT batch_paid_units_check,
    DROP CONSTRAINT batch_failed_units_check,
    DROP CONSTRAINT batch_cancelled_units_check,
    DROP CONSTRAINT batch_superseded_units_check,
    ADD CONSTRAINT batch_range_check CHECK (least(number, size) > 0 AND state BETWEEN 1 AND 2),
    ADD CONSTRAINT batch_counts_check CHECK (least(processing, in_doubt, paid, failed, cancelled, superseded) >= 0),
    ADD CONSTRAINT batch_units_check CHECK (least(processing_units, in_doubt_units, paid_units, failed_units,
        cancelled_units, superseded_units) >= 0);
