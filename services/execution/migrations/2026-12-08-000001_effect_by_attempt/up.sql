-- Whether the rail has ever shown an effect of an attempt is asked before any payout of it goes again.
CREATE INDEX rail_effect_attempt ON rail_effect (attempt_id);
