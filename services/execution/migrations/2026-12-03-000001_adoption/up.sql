-- A forgotten payment that is adopted takes its payouts and leaves their neighbours: some of a dead attempt's payouts then
-- have another attempt, and some of a batch's have one while the others never had any.

-- Dead: how many of its payouts have moved to other attempts one by one; `live_attempt` says which.
ALTER TABLE attempt ADD COLUMN moved integer NOT NULL DEFAULT 0 CHECK (moved BETWEEN 0 AND cardinality(ordinals));
ALTER TABLE attempt ADD COLUMN moved_units numeric(39,0) NOT NULL DEFAULT 0 CHECK (moved_units BETWEEN 0 AND units);
ALTER TABLE attempt ADD CHECK (state = 4 OR moved = 0);
GRANT UPDATE (moved, moved_units) ON attempt TO bursar_execution_app;

-- Some of its payouts were adopted: which ones never had an attempt is for `live_attempt` to say.
ALTER TABLE batch ADD COLUMN adopted boolean NOT NULL DEFAULT false;
GRANT UPDATE (adopted) ON batch TO bursar_execution_app;
