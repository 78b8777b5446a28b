-- Approval by other people. All rows but those of `distribution_state` never change; approvals, rejections and changes of
-- the terms are written under the lock on the distribution's row there.

-- How many people have to approve: all versions, the last of each kind and payment token is in force.
CREATE TABLE approval_policy (
    -- Empty for all.
    kind          text    NOT NULL,
    payment_token text    NOT NULL,
    version       integer NOT NULL CHECK (version > 0),
    validity_ns   bigint  NOT NULL CHECK (validity_ns > 0),
    set_by        text    NOT NULL,
    set_ns        bigint  NOT NULL,
    PRIMARY KEY (kind, payment_token, version)
);
GRANT SELECT, INSERT ON approval_policy TO bursar_distribution_app;

CREATE TABLE approval_tier (
    kind          text           NOT NULL,
    payment_token text           NOT NULL,
    version       integer        NOT NULL,
    -- Amounts in different tokens are not compared.
    from_units    numeric(39, 0) NOT NULL
        CHECK (from_units BETWEEN 0 AND CASE payment_token WHEN '' THEN 0 ELSE 9223372036854775807 END),
    approvers     smallint       NOT NULL CHECK (approvers BETWEEN 0 AND 5),
    PRIMARY KEY (kind, payment_token, version, from_units),
    FOREIGN KEY (kind, payment_token, version) REFERENCES approval_policy
);
GRANT SELECT, INSERT ON approval_tier TO bursar_distribution_app;

-- What the policy in force asked for when it was calculated.
ALTER TABLE calculation ADD COLUMN approvers smallint NOT NULL DEFAULT 0 CHECK (approvers BETWEEN 0 AND 5);

-- What approvers are asked for: the last of a version of the terms counts, when that version is in force.
CREATE TABLE approval_request (
    distribution_id uuid     NOT NULL REFERENCES distribution,
    number          integer  NOT NULL CHECK (number > 0),
    terms_version   integer  NOT NULL,
    hash            bytea    NOT NULL CHECK (octet_length(hash) = 32),
    required        smallint NOT NULL CHECK (required BETWEEN 1 AND 5),
    -- How long there is to approve, and then to execute.
    validity_ns     bigint   NOT NULL CHECK (validity_ns > 0),
    requested_ns    bigint   NOT NULL,
    PRIMARY KEY (distribution_id, number),
    FOREIGN KEY (distribution_id, terms_version) REFERENCES calculation
);
GRANT SELECT, INSERT ON approval_request TO bursar_distribution_app;

-- Who approved. The key is what makes a person count once.
CREATE TABLE approval (
    distribution_id uuid    NOT NULL,
    number          integer NOT NULL,
    approved_by     text    NOT NULL,
    approved_ns     bigint  NOT NULL,
    PRIMARY KEY (distribution_id, number, approved_by),
    FOREIGN KEY (distribution_id, number) REFERENCES approval_request
);
GRANT SELECT, INSERT ON approval TO bursar_distribution_app;

-- Who rejected, and why: it ends the request.
CREATE TABLE approval_rejection (
    distribution_id uuid    NOT NULL,
    number          integer NOT NULL,
    rejected_by     text    NOT NULL,
    reason          text    NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 2000),
    rejected_ns     bigint  NOT NULL,
    PRIMARY KEY (distribution_id, number),
    FOREIGN KEY (distribution_id, number) REFERENCES approval_request
);
GRANT SELECT, INSERT ON approval_rejection TO bursar_distribution_app;

-- Waiting for approval, or back with its maker because it was rejected or came too late.
ALTER TABLE distribution_state DROP CONSTRAINT distribution_state_state_check;
ALTER TABLE distribution_state ADD CONSTRAINT distribution_state_state_check CHECK (state IN (
    'SNAPSHOT_WANTED', 'SNAPSHOTTING', 'PENDING_APPROVAL', 'UNAPPROVED', 'UPCOMING', 'DUE', 'REFUSED', 'ONGOING', 'PAUSED',
    'RETRYING', 'HALTED', 'CANCELLING', 'COMPLETED', 'CALCULATION_FAILED', 'RUN_FAILED', 'CANCELLED'));
ALTER TABLE distribution_state DROP CONSTRAINT distribution_state_check2;
ALTER TABLE distribution_state ADD CONSTRAINT distribution_state_check2 CHECK ((failure_reason IS NOT NULL) = (state IN (
    'UNAPPROVED', 'REFUSED', 'PAUSED', 'HALTED', 'CALCULATION_FAILED', 'RUN_FAILED')));
-- When the approval that is waited for or given ends, on the clock of business; null when none is asked for.
ALTER TABLE distribution_state
    ADD COLUMN approval_expires_ns bigint,
    ADD CHECK (state <> 'PENDING_APPROVAL' OR approval_expires_ns IS NOT NULL);
CREATE INDEX approval_expires ON distribution_state (approval_expires_ns)
    WHERE approval_expires_ns IS NOT NULL AND state IN ('PENDING_APPROVAL', 'UPCOMING', 'DUE', 'REFUSED');
