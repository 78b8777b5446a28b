-- Payees of a file who are named by email: they are accepted with the others, and held, because no rail pays an email.
ALTER TABLE ingest_line
    ALTER COLUMN account DROP NOT NULL,
    ADD COLUMN email text,
    ADD COLUMN name  text,
    ADD CONSTRAINT ingest_line_recipient_check CHECK (num_nonnulls(account, email) = 1),
    ADD CONSTRAINT ingest_line_name_check CHECK (name IS NULL OR email IS NOT NULL);

-- Those of a list. Written with its distribution, never changed.
CREATE TABLE held_payee (
    distribution_id uuid          NOT NULL,
    -- The line of the file.
    line            integer       NOT NULL CHECK (line > 1),
    email           text          NOT NULL CHECK (char_length(email) BETWEEN 3 AND 254),
    name            text          CHECK (char_length(name) BETWEEN 1 AND 200),
    units           numeric(39,0) NOT NULL CHECK (units BETWEEN 1 AND 9223372036854775807),
    reference       text          NOT NULL CHECK (char_length(reference) BETWEEN 1 AND 100),
    note            text          NOT NULL CHECK (char_length(note) <= 500),
    PRIMARY KEY (distribution_id, line)
);
GRANT SELECT, INSERT ON held_payee TO bursar_distribution_app;

-- How many of a file's accepted lines are held.
ALTER TABLE ingest_file
    ADD COLUMN held_lines integer NOT NULL DEFAULT 0 CHECK (held_lines BETWEEN 0 AND accepted_lines);

-- The reference of a held payee has no account. It is given back when the others are paid, to come again with one.
ALTER TABLE accepted_reference ALTER COLUMN account DROP NOT NULL;
