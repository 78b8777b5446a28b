-- The shape of the retries of a later version of the terms, as `distribution` has it.
ALTER TABLE amendment
    ADD COLUMN retry_shape integer[] NOT NULL DEFAULT '{200,50,1}',
    ADD CHECK (cardinality(retry_shape) = 3
        AND retry_shape[1] BETWEEN 100 AND 1000 AND retry_shape[2] BETWEEN 0 AND 100 AND retry_shape[3] BETWEEN 1 AND 20);
