-- Hand-overs under way: their instructions are stored before it is known whether a run will name them. The transaction
-- that makes the run takes the row away; whoever finds it old does the same, and removes the instructions.
CREATE TABLE instruction_load (
    load_id  uuid        PRIMARY KEY,
    run_id   uuid        NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX instruction_load_oldest ON instruction_load (begun_at);
GRANT SELECT, INSERT, DELETE ON instruction_load TO bursar_execution_app;

-- The one way by which instructions go: those of a hand-over that has a row, is not about to end, and is named by no run.
-- The role that runs may delete no others.
CREATE FUNCTION forget_load(which uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH forgotten AS (
        DELETE FROM instruction_load
        WHERE load_id IN (SELECT load_id FROM instruction_load WHERE load_id = which FOR UPDATE SKIP LOCKED)
        RETURNING run_id, load_id
    )
    DELETE FROM instruction USING forgotten
    WHERE instruction.run_id = forgotten.run_id AND instruction.load_id = forgotten.load_id
        AND NOT EXISTS (SELECT FROM run WHERE run.run_id = forgotten.run_id AND run.load_id = forgotten.load_id)
$$;
REVOKE ALL ON FUNCTION forget_load FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_load TO bursar_execution_app;

-- What was left before this, found by hopping over the primary key from one load to the next.
WITH RECURSIVE load AS (
    (SELECT run_id, load_id FROM instruction ORDER BY run_id, load_id LIMIT 1)
    UNION ALL
    SELECT next.run_id, next.load_id FROM load, LATERAL (SELECT run_id, load_id FROM instruction
        WHERE (instruction.run_id, instruction.load_id) > (load.run_id, load.load_id)
        ORDER BY run_id, load_id LIMIT 1) AS next
)
INSERT INTO instruction_load (load_id, run_id)
    SELECT load_id, run_id FROM load
    WHERE NOT EXISTS (SELECT FROM run WHERE run.run_id = load.run_id AND run.load_id = load.load_id);
