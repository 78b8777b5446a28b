DROP TABLE entry; DROP TABLE installation; DROP TABLE idempotency_key;
