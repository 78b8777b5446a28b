-- A distribution whose run is held by a person's pause says so, and by whom.
ALTER TABLE distribution_state DROP CONSTRAINT distribution_state_state_check;
ALTER TABLE distribution_state ADD CONSTRAINT distribution_state_state_check CHECK (state IN (
    'SNAPSHOT_WANTED', 'SNAPSHOTTING', 'UPCOMING', 'DUE', 'REFUSED', 'ONGOING', 'PAUSED', 'RETRYING', 'HALTED',
    'CANCELLING', 'COMPLETED', 'CALCULATION_FAILED', 'RUN_FAILED', 'CANCELLED'));
ALTER TABLE distribution_state DROP CONSTRAINT distribution_state_check2;
ALTER TABLE distribution_state ADD CONSTRAINT distribution_state_check2
    CHECK ((failure_reason IS NOT NULL) = (state IN ('REFUSED', 'PAUSED', 'HALTED', 'CALCULATION_FAILED', 'RUN_FAILED')));
