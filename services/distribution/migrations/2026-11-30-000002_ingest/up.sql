-- Files of payees.

-- An upload under way. Its lines are nobody's until it is decided on; what was cut off is cleared away later.
CREATE TABLE ingest_upload (
    file_id  uuid        PRIMARY KEY,
    begun_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT, DELETE ON ingest_upload TO bursar_distribution_app;

-- Lines that are right by themselves, until the file is decided on.
CREATE TABLE ingest_line (
    file_id   uuid          NOT NULL,
    line      integer       NOT NULL CHECK (line > 1),
    account   bigint        NOT NULL,
    units     numeric(39,0) NOT NULL,
    reference text          NOT NULL,
    note      text          NOT NULL,
    PRIMARY KEY (file_id, line)
);
GRANT SELECT, INSERT, DELETE ON ingest_line TO bursar_distribution_app;

-- What became of each file. Never changes.
CREATE TABLE ingest_file (
    id                 uuid          PRIMARY KEY,
    name               text          NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    label              text          NOT NULL CHECK (char_length(label) BETWEEN 1 AND 100),
    digest             bytea         NOT NULL CHECK (octet_length(digest) = 32),
    size_bytes         bigint        NOT NULL CHECK (size_bytes >= 0),
    mode               text          NOT NULL CHECK (mode IN ('ALL_OR_NOTHING', 'ACCEPT_VALID')),
    -- What its accepted lines are; null when nothing of it is accepted.
    distribution_id    uuid          UNIQUE REFERENCES distribution,
    accepted_lines     integer       NOT NULL CHECK (accepted_lines >= 0),
    accepted_units     numeric(39,0) NOT NULL CHECK (accepted_units BETWEEN 0 AND 9223372036854775807),
    refused_lines      integer       NOT NULL CHECK (refused_lines >= 0),
    error_count        bigint        NOT NULL CHECK (error_count >= refused_lines),
    payment_token      text          NOT NULL,
    funding_account_id uuid          NOT NULL,
    created_by         text          NOT NULL,
    created_ns         bigint        NOT NULL,
    CHECK ((distribution_id IS NULL) = (accepted_lines = 0)),
    CHECK ((distribution_id IS NULL) = (accepted_units = 0)),
    CHECK (mode <> 'ALL_OR_NOTHING' OR accepted_lines = 0 OR refused_lines = 0)
);
CREATE INDEX ingest_file_newest ON ingest_file (created_ns DESC, id DESC);
CREATE INDEX ingest_file_with_errors ON ingest_file (created_ns DESC, id DESC) WHERE error_count > 0;
GRANT SELECT, INSERT ON ingest_file TO bursar_distribution_app;

-- What is wrong in a file: where and what, and nothing that stands in it. Columns: 0 the line, 1 reference, 2 recipient,
-- 3 amount, 4 currency, 5 note.
CREATE TABLE ingest_error (
    file_id       uuid     NOT NULL REFERENCES ingest_file,
    line          integer  NOT NULL CHECK (line > 0),
    column_number smallint NOT NULL CHECK (column_number BETWEEN 0 AND 5),
    reason        text     NOT NULL,
    message       text     NOT NULL,
    PRIMARY KEY (file_id, line, column_number)
);
GRANT SELECT, INSERT ON ingest_error TO bursar_distribution_app;

-- What was accepted and stands: no file twice, no reference twice. A row goes away only with what is proven unpaid for
-- ever: when its distribution was cancelled before anything was sent, or its payout was.
CREATE TABLE accepted_file (
    digest          bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    distribution_id uuid  NOT NULL UNIQUE REFERENCES distribution
);
GRANT SELECT, INSERT, DELETE ON accepted_file TO bursar_distribution_app;

CREATE TABLE accepted_reference (
    reference       text   PRIMARY KEY,
    distribution_id uuid   NOT NULL,
    account         bigint NOT NULL
);
CREATE INDEX accepted_reference_of_distribution ON accepted_reference (distribution_id, account);
GRANT SELECT, INSERT, DELETE ON accepted_reference TO bursar_distribution_app;
