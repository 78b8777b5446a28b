-- A forgotten payment that is adopted takes its payouts and leaves their neighbours: of a dead attempt they part like those that
-- somebody chose, and some of a batch's have an attempt while the others never had any.

-- Some of its payouts were adopted: which ones never had an attempt is for `live_attempt` to say.
ALTER TABLE batch ADD COLUMN adopted boolean NOT NULL DEFAULT false;
GRANT UPDATE (adopted) ON batch TO bursar_execution_app;
