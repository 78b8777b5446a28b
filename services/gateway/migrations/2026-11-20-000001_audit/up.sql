-- The audit record of the edge: who asked for what, before it was forwarded, and what came of it. Append-only:
-- the runtime role can insert and read, nothing else. Times are nanoseconds since the epoch, as everywhere.

CREATE TABLE audit_attempt (
    id              uuid     PRIMARY KEY,
    occurred_ns     bigint   NOT NULL,
    -- Null when the caller did not prove who it is.
    subject         text,
    roles           text[]   NOT NULL,
    -- "/package.Service/Method"
    method          text     NOT NULL,
    idempotency_key text,
    -- Address and port the call came from.
    peer            text,
    -- Of the request message; null when the caller sends a stream, or was refused before it was read.
    request_bytes   bigint   CHECK (request_bytes >= 0),
    request_sha256  bytea    CHECK (octet_length(request_sha256) = 32),
    CONSTRAINT a_digest_is_whole CHECK ((request_bytes IS NULL) = (request_sha256 IS NULL))
);

CREATE INDEX audit_attempt_by_subject ON audit_attempt (subject, id);
CREATE INDEX audit_attempt_by_method ON audit_attempt (method, id);

-- At most one for each attempt. None: the call is under way, or its caller left before it was forwarded, or the
-- gateway ended before the answer did.
CREATE TABLE audit_outcome (
    id          uuid     PRIMARY KEY REFERENCES audit_attempt (id),
    occurred_ns bigint   NOT NULL,
    -- The gRPC code by name, e.g. PERMISSION_DENIED.
    code        text     NOT NULL,
    -- The stable reason of an error.
    reason      text,
    duration_ns bigint   NOT NULL CHECK (duration_ns >= 0)
);

GRANT SELECT, INSERT ON audit_attempt, audit_outcome TO bursar_gateway_app;
