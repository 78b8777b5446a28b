-- Each word that a person says on a doubt is kept, and the latest of each person counts: a wrong word is corrected by
-- another one.
ALTER TABLE doubt_proposal
    ADD COLUMN proposal_id bigint GENERATED ALWAYS AS IDENTITY,
    DROP CONSTRAINT doubt_proposal_pkey,
    ADD PRIMARY KEY (run_id, attempt_id, proposal_id);
