//! The bugs: each breaks one rule of the protocol, as a careless change would.
//!
//! Some rules have a second line behind them here (row locks, CHECKs on counts): a bug that concerns such a rule takes
//! that line away as well, and stands beside a control which takes away only the second line and must be sound.

use std::path::Path;

use bursar_tests::rig::Outcome;

use crate::scenario::Scenario;

/// What the judge must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Money went wrong.
    Caught,
    /// Nothing is wrong at all.
    Sound,
}

/// One change of the source. What it looks for is there exactly once, or it is out of date.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edit {
    pub(crate) file: &'static str,
    pub(crate) find: &'static str,
    pub(crate) replace: &'static str,
}

/// A planted bug, and the scenario aimed at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bug {
    pub(crate) name: &'static str,
    pub(crate) edits: &'static [Edit],
    /// Run in the database before the scenario.
    pub(crate) sql: &'static str,
    pub(crate) scenario: Scenario,
    pub(crate) expected: Expected,
}

impl Edit {
    /// The changed text of its file below `root`.
    pub(crate) fn applied_to(&self, root: &Path) -> Outcome<String> {
        let text = std::fs::read_to_string(root.join(self.file))
            .map_err(|error| format!("{}: {error}", self.file))?;
        match text.matches(self.find).count() {
            1 => Ok(text.replacen(self.find, self.replace, 1)),
            count => Err(format!("{} holds {count} times, not once:\n{}", self.file, self.find).into()),
        }
    }
}

const DELIVER: &str = "services/execution/src/app/work/deliver.rs";
const FOLLOW: &str = "services/execution/src/app/work/follow.rs";
const CLAIM: &str = "services/execution/src/app/work/claim.rs";
const RECORD: &str = "services/execution/src/app/work/record.rs";
const CANCEL: &str = "services/execution/src/app/cancel_run.rs";
const CLAIMS: &str = "services/execution/src/store/claims.rs";
const ATTEMPTS: &str = "services/execution/src/store/attempts.rs";
const CHOSEN: &str = "services/execution/src/store/chosen.rs";
const SUPERSESSIONS: &str = "services/execution/src/store/supersessions.rs";
const RETRY_PAYOUTS: &str = "services/execution/src/app/retry_payouts.rs";
const DECISIONS: &str = "services/execution/src/store/decisions.rs";
const STATUS: &str = "libs/hedera/src/status.rs";
const WALK: &str = "libs/hedera/src/mirror/absence/walk.rs";

/// The counts of a batch cannot exceed its size; this takes that away.
const NO_COUNT_CHECKS: &str = "DO $$ DECLARE line record; BEGIN \
    FOR line IN SELECT conname FROM pg_constraint WHERE conrelid = 'batch'::regclass AND conname ~ '^batch_check' \
    LOOP EXECUTE format('ALTER TABLE batch DROP CONSTRAINT %I', line.conname); END LOOP; END $$";

/// Nor can an attempt that is not dead lose payouts; this takes away both.
const NO_COUNT_OR_PART_CHECKS: &str = "DO $$ DECLARE line record; BEGIN \
    FOR line IN SELECT conname, conrelid::regclass AS of FROM pg_constraint \
        WHERE (conrelid = 'batch'::regclass AND conname ~ '^batch_check') \
        OR (conrelid = 'attempt'::regclass AND pg_get_constraintdef(oid) LIKE '%parted%') \
    LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', line.of, line.conname); END LOOP; END $$";

/// Two workers may read the same batch as due; the row lock no longer keeps them apart.
const NO_ROW_LOCK: Edit =
    Edit { file: CLAIMS, find: "FROM free) FOR UPDATE OF batch SKIP LOCKED", replace: "FROM free)" };
/// First attempts overwrite whoever was first.
const NO_PRIMARY_KEY: Edit = Edit {
    file: ATTEMPTS,
    find: "SELECT $1, ordinal, attempt_id FROM unnest($2, $3) AS new (ordinal, attempt_id)\"",
    replace: "SELECT $1, ordinal, attempt_id FROM unnest($2, $3) AS new (ordinal, attempt_id) \
        ON CONFLICT (run_id, ordinal) DO UPDATE SET attempt_id = excluded.attempt_id\"",
};
/// A decision overwrites an earlier one.
const DECIDES_AGAIN: Edit = Edit { file: DECISIONS, find: " AND attempt.state <= 2 \\", replace: " \\" };
/// …and makes its payouts due again.
const IS_DUE_AGAIN: Edit = Edit {
    file: DECISIONS,
    find: "SET state = new.state, proof",
    replace: "SET replaced = false, state = new.state, proof",
};
/// The live attempt moves whoever it was.
const MOVES_ANY: Edit = Edit {
    file: ATTEMPTS,
    find: "live_attempt.ordinal = new.ordinal AND live_attempt.attempt_id = $2\"",
    replace: "live_attempt.ordinal = new.ordinal AND $2 = $2\"",
};
/// The lease is held by whoever says so.
const NO_EPOCH: Edit = Edit {
    file: CLAIMS,
    find: "SELECT (lease_epoch = $3 AND lease_until IS NOT NULL) AS answer",
    replace: "SELECT ($3 = $3) AS answer",
};

/// An attempt that was called dead stays so, whatever it turns out to have paid.
const NO_CORRECTION: Edit = Edit {
    file: RECORD,
    find: "let paid = decisions::correct(conn, run, &stored, effect).await?;",
    replace: "let paid = 0;",
};

/// All bugs and controls, those that change the same crates together, so that little is built anew.
pub(crate) const ALL: &[Bug] = {
    use Expected::{Caught, Sound};
    &[
        Bug {
            name: "a node's refusal is taken for a proof that nothing was paid",
            edits: &[Edit {
                file: DELIVER,
                find: "        Precheck::Accepted | Precheck::Refused(_) | Precheck::Unknown => waiting,",
                replace: "        Precheck::Refused(class) => {\n            \
                    let proof = crate::domain::attempt::Proof::Receipt;\n            \
                    Finding { verdict: Verdict::Dead { proof, cause: Cause::of(answer, class) }, ..waiting }\n        \
                    }\n        Precheck::Accepted | Precheck::Unknown => waiting,",
            }],
            sql: "",
            scenario: Scenario::RefusedResend,
            expected: Caught,
        },
        Bug {
            name: "a new key after a timer: a closed window alone counts as absence",
            edits: &[Edit {
                file: FOLLOW,
                find: "        Ok(Absence::NotCurrent) => {\n",
                replace: "        Ok(Absence::NotCurrent) if ctx.tuning.poll_ms > 0 => {\n            \
                    let verdict = Verdict::Dead { proof: Proof::Absence, cause: Cause::absent() };\n            \
                    Finding { verdict, ..waiting(ctx, attempt, Vec::new()) }\n        }\n        \
                    Ok(Absence::NotCurrent) => {\n",
            }],
            sql: "",
            scenario: Scenario::LaggingMirror,
            expected: Caught,
        },
        Bug {
            name: "a 404 of a lagging mirror node is accepted after the window",
            edits: &[Edit {
                file: FOLLOW,
                find: "            let verdict = by_records(&attempt, &records);\n",
                replace: "            let verdict = if records.is_empty() && now_ns(ctx) > attempt.window_end_ns {\n                \
                    Verdict::Dead { proof: Proof::Absence, cause: Cause::absent() }\n            } else {\n                \
                    by_records(&attempt, &records)\n            };\n",
            }],
            sql: "",
            scenario: Scenario::LaggingMirror,
            expected: Caught,
        },
        Bug {
            name: "control: nothing is corrected, but cancel leaves alone what is in flight",
            edits: &[NO_CORRECTION],
            sql: "",
            scenario: Scenario::CancelInFlight,
            expected: Sound,
        },
        Bug {
            name: "cancel marks an attempt that is in flight as cancelled (and nothing is corrected)",
            edits: &[
                NO_CORRECTION,
                Edit {
                    file: CANCEL,
                    find: "    batches::lock_all(conn, run).await?;\n",
                    replace: "    batches::lock_all(conn, run).await?;\n        \
                    let sql = \"UPDATE attempt SET state = 4, proof = 'OPERATOR', decided_at = now(), next_at = now() \
                    WHERE run_id = $1 AND state <= 2\";\n        \
                    let cancelled = diesel::sql_query(sql).bind::<diesel::sql_types::Uuid, _>(run.as_uuid());\n        \
                    diesel_async::RunQueryDsl::execute(cancelled, conn).await.map_err(crate::store::StoreError::from)?;\n",
                },
            ],
            sql: "",
            scenario: Scenario::CancelInFlight,
            expected: Caught,
        },
        Bug {
            name: "bytes are sent before the intent is committed",
            edits: &[Edit {
                file: CLAIM,
                find: "    store(ctx, conn, run.header.run, &claimed).await?;\n",
                replace: "    for attempt in claimed.iter().flat_map(|one| &one.intent.fresh) {\n        \
                    drop(ctx.rail.send(attempt, 0).await);\n    }\n    \
                    store(ctx, conn, run.header.run, &claimed).await?;\n",
            }],
            sql: "",
            scenario: Scenario::KilledBeforeCommit,
            expected: Caught,
        },
        Bug {
            name: "control: no row lock, but the live attempt's primary key",
            edits: &[NO_ROW_LOCK],
            sql: NO_COUNT_CHECKS,
            scenario: Scenario::TwoClaims,
            expected: Sound,
        },
        Bug {
            name: "no compare-and-set (and no row lock)",
            edits: &[NO_ROW_LOCK, NO_PRIMARY_KEY],
            sql: NO_COUNT_CHECKS,
            scenario: Scenario::TwoClaims,
            expected: Caught,
        },
        Bug {
            name: "control: decisions overwrite, but only under the lease's epoch",
            edits: &[DECIDES_AGAIN, IS_DUE_AGAIN, MOVES_ANY],
            sql: NO_COUNT_CHECKS,
            scenario: Scenario::Overtaken,
            expected: Sound,
        },
        Bug {
            name: "no epoch guard (and decisions overwrite)",
            edits: &[NO_EPOCH, DECIDES_AGAIN, IS_DUE_AGAIN, MOVES_ANY],
            sql: NO_COUNT_CHECKS,
            scenario: Scenario::Overtaken,
            expected: Caught,
        },
        Bug {
            name: "control: an attempt in flight could lose payouts, but nobody takes them",
            edits: &[],
            sql: NO_COUNT_OR_PART_CHECKS,
            scenario: Scenario::SupersededInFlight,
            expected: Sound,
        },
        Bug {
            name: "payouts are superseded without a look at their live attempt",
            edits: &[Edit {
                file: SUPERSESSIONS,
                find: "AND dead.state = 4 AND ($2 OR (CASE",
                replace: "AND (true OR (CASE",
            }],
            sql: NO_COUNT_OR_PART_CHECKS,
            scenario: Scenario::SupersededInFlight,
            expected: Caught,
        },
        Bug {
            name: "chosen payouts are retried without a look at their live attempt",
            edits: &[
                Edit {
                    file: RETRY_PAYOUTS,
                    find: "    ensure_failed(conn, &run, &wanted).await?;\n",
                    replace: "    drop(ensure_failed(conn, &run, &wanted).await);\n",
                },
                Edit {
                    file: CHOSEN,
                    find: "attempt.attempt_id = chosen.attempt_id AND attempt.state = 4 AND attempt.next_at IS NULL",
                    replace: "attempt.attempt_id = chosen.attempt_id",
                },
            ],
            sql: NO_COUNT_OR_PART_CHECKS,
            scenario: Scenario::RetriedInFlight,
            expected: Caught,
        },
        Bug {
            name: "currency is proven at one replica and absence at another",
            edits: &[Edit {
                file: WALK,
                find: "if !current || rows.first().is_none_or(|row| row.consensus_ns != self.cursor_ns) {",
                replace: "if !current {",
            }],
            sql: "",
            scenario: Scenario::DisagreeingReplicas,
            expected: Caught,
        },
        Bug {
            name: "INVALID_NODE_ACCOUNT is taken as final",
            edits: &[Edit {
                file: STATUS,
                find: "Code::InvalidNodeAccount | Code::InvalidPayerSignature => Receipt::KeepUntilExpiry,",
                replace: "Code::InvalidPayerSignature => Receipt::KeepUntilExpiry,\n        \
                    Code::InvalidNodeAccount => Receipt::Dead(Class::Retryable),",
            }],
            sql: "",
            scenario: Scenario::WrongNode,
            expected: Caught,
        },
        Bug {
            name: "INVALID_PAYER_SIGNATURE is taken as final",
            edits: &[Edit {
                file: STATUS,
                find: "Code::InvalidNodeAccount | Code::InvalidPayerSignature => Receipt::KeepUntilExpiry,",
                replace: "Code::InvalidNodeAccount => Receipt::KeepUntilExpiry,\n        \
                    Code::InvalidPayerSignature => Receipt::Dead(Class::Retryable),",
            }],
            sql: "",
            scenario: Scenario::WrongSignature,
            expected: Caught,
        },
    ]
};
