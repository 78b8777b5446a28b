-- More of when failures are tried again by themselves, and which. Several numbers are one column, because a table that is
-- read as a whole takes 32 columns. The defaults are what was fixed before.

-- The factor in hundredths, the jitter in percent, and the attempts of class RECIPIENT.
ALTER TABLE distribution
    ADD COLUMN retry_shape integer[] NOT NULL DEFAULT '{200,50,1}',
    ADD CONSTRAINT distribution_retry_shape_check CHECK (cardinality(retry_shape) = 3
        AND retry_shape[1] BETWEEN 100 AND 1000 AND retry_shape[2] BETWEEN 0 AND 100 AND retry_shape[3] BETWEEN 1 AND 20);

-- The same after the attempts of class RETRYABLE.
ALTER TABLE schedule_version ADD COLUMN retry_numbers integer[];
UPDATE schedule_version SET retry_numbers = ARRAY[retry_max_attempts, 200, 50, 1];
ALTER TABLE schedule_version
    DROP COLUMN retry_max_attempts,
    ALTER COLUMN retry_numbers SET NOT NULL,
    ADD CONSTRAINT schedule_version_retry_numbers_check CHECK (cardinality(retry_numbers) = 4
        AND retry_numbers[1] BETWEEN 1 AND 20 AND retry_numbers[2] BETWEEN 100 AND 1000
        AND retry_numbers[3] BETWEEN 0 AND 100 AND retry_numbers[4] BETWEEN 1 AND 20);
