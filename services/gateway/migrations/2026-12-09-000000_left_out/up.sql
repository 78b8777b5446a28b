-- Anybody can be refused without proving who they are, as often as the network carries. Such refusals have records of their
-- own up to a rate; the others are counted in the next one that has.
ALTER TABLE audit_attempt ADD COLUMN left_out bigint NOT NULL DEFAULT 0 CHECK (left_out >= 0);
