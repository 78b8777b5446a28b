-- An alert that ended because its run went on by itself. How many of these a run has decides how long it waits the next time.
ALTER TABLE alert
    ADD COLUMN ended_by_itself boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT alert_ended_by_itself_check CHECK (ended_at IS NOT NULL OR NOT ended_by_itself);
GRANT UPDATE (ended_by_itself) ON alert TO bursar_execution_app;
CREATE INDEX run_halted ON run (run_id) WHERE state = 2;
