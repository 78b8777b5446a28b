DROP TABLE payment_token;
DROP TABLE token_facts;
DROP TABLE asset;
DROP TABLE idempotency_key;
DROP TABLE installation;
