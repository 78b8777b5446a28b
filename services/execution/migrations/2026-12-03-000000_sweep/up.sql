-- In which cluster this data lives, and what was found on the rail when it had come to live in another. A restored or
-- failed-over database may have forgotten intents: until a sweep of the rail has looked for them nothing is intended or sent.

-- The one with the highest number says which cluster is known; what it found is known once it is done.
CREATE TABLE sweep (
    number            integer     PRIMARY KEY CHECK (number > 0),
    sweep_id          uuid        NOT NULL UNIQUE,
    -- FIRST (nothing to look for), SYSTEM_IDENTIFIER_CHANGED, TIMELINE_CHANGED, DECLARED
    reason            text        NOT NULL CHECK (reason <> ''),
    system_identifier bigint      NOT NULL,
    timeline          bigint      NOT NULL,
    wanted_by         text        NOT NULL,
    -- What a person said of it.
    note              text        NOT NULL,
    wanted_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The network's time between which a forgotten payment can have taken effect.
    since_ns          bigint      NOT NULL,
    until_ns          bigint      NOT NULL CHECK (until_ns >= since_ns),
    done_at           timestamptz
);
GRANT SELECT, INSERT, UPDATE (done_at) ON sweep TO bursar_execution_app;

-- How far the transactions of one fee payer have been looked through.
CREATE TABLE sweep_payer (
    number    integer NOT NULL REFERENCES sweep,
    payer     text    NOT NULL,
    -- Everything up to here was seen.
    cursor_ns bigint  NOT NULL,
    pages     integer NOT NULL DEFAULT 0,
    done_at   timestamptz,
    PRIMARY KEY (number, payer)
);
GRANT SELECT, INSERT, UPDATE (cursor_ns, pages, done_at) ON sweep_payer TO bursar_execution_app;

-- Payments of ours on the rail that the database did not know.
CREATE TABLE swept_effect (
    effect_id      text            PRIMARY KEY,
    number         integer         NOT NULL REFERENCES sweep,
    attempt_id     uuid            NOT NULL,
    -- What its memo says it paid; null where it says none of it.
    run_id         uuid,
    first_ordinal  integer,
    size           integer,
    payer          text            NOT NULL,
    valid_start_ns bigint          NOT NULL,
    consensus_ns   bigint          NOT NULL,
    node           text            NOT NULL,
    hash           bytea           NOT NULL,
    -- Who got how much of what.
    asset          text            NOT NULL,
    accounts       bigint[]        NOT NULL,
    units          numeric(39,0)[] NOT NULL,
    -- 1 adopted, 2 its run is not here, 3 a break
    outcome        smallint        NOT NULL CHECK (outcome BETWEEN 1 AND 3),
    detail         text            NOT NULL,
    seen_at        timestamptz     NOT NULL DEFAULT now(),
    CHECK (num_nonnulls(run_id, first_ordinal, size) IN (0, 3)),
    CHECK (cardinality(accounts) = cardinality(units))
);
CREATE INDEX swept_effect_waiting ON swept_effect (run_id, first_ordinal) WHERE outcome = 2;
GRANT SELECT, INSERT, UPDATE (outcome, detail) ON swept_effect TO bursar_execution_app;

-- The newest time this database is known to have been in use: what it may have forgotten came later.
CREATE TABLE heartbeat (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    seen_ns   bigint  NOT NULL
);
GRANT SELECT, UPDATE (seen_ns) ON heartbeat TO bursar_execution_app;

-- The cluster that this very connection speaks to. The timeline is that of the log being written: pg_control_checkpoint()
-- shows a promotion one or two seconds late.
CREATE VIEW cluster_identity AS
    SELECT system_identifier,
        ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint AS timeline
    FROM pg_control_system();
GRANT SELECT ON cluster_identity TO bursar_execution_app;

INSERT INTO heartbeat (seen_ns) VALUES ((extract(epoch FROM clock_timestamp()) * 1000000000)::bigint);
INSERT INTO sweep (number, sweep_id, reason, system_identifier, timeline, wanted_by, note, since_ns, until_ns, done_at)
    SELECT 1, gen_random_uuid(), 'FIRST', system_identifier, timeline, 'service:execution', '', seen_ns, seen_ns, clock_timestamp()
    FROM cluster_identity, heartbeat;

-- A row while nothing may be intended or sent: in another cluster than the known one from its first moment on, whoever
-- has noticed it.
CREATE VIEW sweep_hold AS
    SELECT sweep.* FROM sweep
    WHERE number = (SELECT max(number) FROM sweep)
        AND (done_at IS NULL OR NOT EXISTS (SELECT FROM cluster_identity AS here
            WHERE here.system_identifier = sweep.system_identifier AND here.timeline = sweep.timeline));
GRANT SELECT ON sweep_hold TO bursar_execution_app;

-- What holds each run now: pauses, and a sweep that is wanted, as a pause that nobody can end.
CREATE OR REPLACE VIEW run_pause AS
    SELECT run.run_id, pause.*
    FROM run
    JOIN pause ON pause.resumed_at IS NULL
        AND pause.subject IN (run.run_id, run.asset_id, '00000000-0000-0000-0000-000000000000')
    UNION ALL
    SELECT run.run_id, sweep_id, 1::smallint, '00000000-0000-0000-0000-000000000000'::uuid,
        'SWEEPING: the database was restored or failed over; payments it may have forgotten are looked for',
        wanted_by, wanted_at, NULL::text, NULL::text, NULL::timestamptz
    FROM run, sweep_hold;
