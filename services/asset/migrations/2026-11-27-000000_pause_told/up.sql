-- Execution holds the runs of a paused asset, so it is told of every change of a pause.

ALTER TABLE asset
    -- Who ended the last pause, when and why. What was before that, execution keeps.
    ADD COLUMN unpause_reason text CHECK (char_length(unpause_reason) BETWEEN 1 AND 500),
    ADD COLUMN unpaused_by    text,
    ADD COLUMN unpaused_ns    bigint,
    -- Raised by each change of the pause.
    ADD COLUMN pause_version  bigint NOT NULL DEFAULT 0,
    -- The version that execution is known to have; a job tells it again until that is the last.
    ADD COLUMN pause_told     bigint NOT NULL DEFAULT 0;

-- Pauses of before are news to execution too.
UPDATE asset SET pause_version = 1 WHERE pause_reason IS NOT NULL;

ALTER TABLE asset
    ADD CONSTRAINT an_unpause_is_whole CHECK (num_nonnulls(unpause_reason, unpaused_by, unpaused_ns) IN (0, 3)),
    ADD CONSTRAINT the_last_word_is_one
        CHECK (num_nonnulls(pause_reason, unpause_reason) = CASE pause_version WHEN 0 THEN 0 ELSE 1 END),
    ADD CONSTRAINT only_what_was_said_is_told CHECK (pause_told BETWEEN 0 AND pause_version);

CREATE INDEX asset_pause_untold ON asset (id) WHERE pause_told < pause_version;

GRANT UPDATE (unpause_reason, unpaused_by, unpaused_ns, pause_version, pause_told) ON asset TO bursar_asset_app;
