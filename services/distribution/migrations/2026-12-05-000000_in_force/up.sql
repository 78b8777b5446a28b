-- Every distribution by the terms in force, with what they came to: what others beside it are compared with.
CREATE VIEW distribution_in_force AS
    SELECT d.id, d.asset_id, d.kind, d.created_ns,
        CASE WHEN a.version IS NULL THEN d.label ELSE a.label END AS label,
        CASE WHEN a.version IS NULL THEN d.payment_token ELSE a.payment_token END AS payment_token,
        CASE WHEN a.version IS NULL THEN d.funding_account_id ELSE a.funding_account_id END AS funding_account_id,
        CASE WHEN a.version IS NULL THEN d.record_time_ns ELSE a.record_time_ns END AS record_time_ns,
        CASE WHEN a.version IS NULL THEN d.pool_units ELSE a.pool_units END AS pool_units,
        s.state, s.run_progress, s.run_failed, c.calculation_id, c.payee_count, c.entitled
    FROM distribution d
    JOIN distribution_state s ON s.distribution_id = d.id
    LEFT JOIN amendment a ON a.distribution_id = d.id AND a.version = s.terms_version
    LEFT JOIN calculation c ON c.distribution_id = d.id AND c.terms_version = s.terms_version;
GRANT SELECT ON distribution_in_force TO bursar_distribution_app;
