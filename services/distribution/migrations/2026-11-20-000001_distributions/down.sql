DROP TABLE entitlement;
DROP TABLE calculation;
DROP TABLE distribution_state;
DROP TABLE holder_decision;
DROP TABLE distribution;
DROP TABLE idempotency_key;
DROP TABLE installation;
