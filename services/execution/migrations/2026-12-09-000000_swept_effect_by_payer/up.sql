-- Whatever a fee payer is to pay next is halted while payments by it wait for a run that is not here.
CREATE INDEX swept_effect_waiting_payer ON swept_effect (payer, run_id) WHERE outcome = 2;
