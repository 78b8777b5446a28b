DROP TABLE audit_outcome;
DROP TABLE audit_attempt;
