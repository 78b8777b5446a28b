-- Attempts are found by their batch, or by their own id. A key of run and attempt let the planner, which knows nothing of
-- a table that is still empty, read all attempts of a run where one batch's were asked for, and keep that plan.
ALTER TABLE attempt DROP CONSTRAINT attempt_pkey;
DROP INDEX attempt_batch;
ALTER TABLE attempt ADD PRIMARY KEY (run_id, batch_number, attempt_id);
ALTER TABLE attempt ADD CONSTRAINT attempt_id_is_unique UNIQUE (attempt_id);
