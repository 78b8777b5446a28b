-- What people have stopped: everything, an asset or a run, each from when to when and why.

-- The asset whose holders a run pays; unknown for runs that are older than this.
ALTER TABLE run ADD COLUMN asset_id uuid;

CREATE TABLE pause (
    pause_id      uuid        PRIMARY KEY,
    -- 1 everything, 2 an asset, 3 a run
    scope         smallint    NOT NULL CHECK (scope BETWEEN 1 AND 3),
    -- Whose: the asset, the run, or for everything the nil id.
    subject       uuid        NOT NULL,
    reason        text        NOT NULL CHECK (reason <> ''),
    paused_by     text        NOT NULL,
    paused_at     timestamptz NOT NULL DEFAULT now(),
    resumed_by    text,
    resume_reason text,
    resumed_at    timestamptz,
    CHECK ((scope = 1) = (subject = '00000000-0000-0000-0000-000000000000')),
    CHECK (num_nonnulls(resumed_by, resume_reason, resumed_at) IN (0, 3))
);
CREATE UNIQUE INDEX pause_active ON pause (subject) WHERE resumed_at IS NULL;
CREATE INDEX pause_newest ON pause (paused_at, pause_id);
GRANT SELECT, INSERT, UPDATE (resumed_by, resume_reason, resumed_at) ON pause TO bursar_execution_app;

-- The newest word of the asset service on an asset; an older one that comes later changes nothing.
CREATE TABLE asset_pause (
    asset_id uuid   PRIMARY KEY,
    version  bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE (version) ON asset_pause TO bursar_execution_app;

-- The pauses that hold each run now.
CREATE VIEW run_pause AS
    SELECT run.run_id, pause.*
    FROM run
    JOIN pause ON pause.resumed_at IS NULL
        AND pause.subject IN (run.run_id, run.asset_id, '00000000-0000-0000-0000-000000000000');
GRANT SELECT ON run_pause TO bursar_execution_app;
