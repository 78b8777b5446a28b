//! The gateway's audit log, as it is in its database.

use std::collections::BTreeMap;
use std::time::Duration;

use test_harness::{Harness, HarnessError, wait};
use tonic::Code;

use crate::calls::Call;
use crate::contract::methods;
use crate::databases;

const WRITTEN_WITHIN: Duration = Duration::from_secs(10);

/// A record: method, code and reason.
type Record = (String, Option<String>, Option<String>);

/// Asserts that each of these calls at the gateway that has effects, or was refused, has exactly one record that says what
/// came of it; and that a read that was served has none.
pub(crate) async fn assert_recorded(harness: &Harness, calls: &[Call]) {
    let expected: BTreeMap<&str, Vec<Record>> =
        calls.iter().map(|call| (call.key.as_str(), expected(call))).collect();
    let outcomes = expected.values().map(Vec::len).sum::<usize>();
    // Outcomes of calls that were let through are written after their answers.
    let records = wait::until("an outcome of every record", WRITTEN_WITHIN, async || {
        let records = records(harness).await;
        let decided = records.values().flatten().filter(|(_, code, _)| code.is_some()).count();
        Ok::<_, HarnessError>((decided >= outcomes).then_some(records))
    });
    let records = records.await.expect("every record has an outcome");
    for (key, expected) in expected {
        let found = records.get(key).map(Vec::as_slice).unwrap_or_default();
        assert_eq!(found, expected, "records of the call {key}");
    }
}

fn expected(call: &Call) -> Vec<Record> {
    let effects = methods().into_iter().any(|method| method.path == call.path && method.effects);
    let refused = matches!(call.code, Code::Unauthenticated | Code::PermissionDenied);
    let record = (call.path.clone(), Some(name(call.code)), call.reason.clone());
    if effects || refused { vec![record] } else { Vec::new() }
}

/// All records by idempotency key.
async fn records(harness: &Harness) -> BTreeMap<String, Vec<Record>> {
    let db = databases::of(harness, "gateway").await;
    let client = databases::connect(&db.url).await.expect("the gateway's own role may");
    let query = "SELECT idempotency_key, method, code, reason
                 FROM audit_attempt LEFT JOIN audit_outcome USING (id) WHERE idempotency_key IS NOT NULL";
    let rows = client.query(query, &[]).await.expect("the log is readable");
    let mut records: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for row in rows {
        records.entry(row.get(0)).or_default().push((row.get(1), row.get(2), row.get(3)));
    }
    records
}

/// `PermissionDenied` as `PERMISSION_DENIED`.
fn name(code: Code) -> String {
    let mut name = String::new();
    for c in format!("{code:?}").chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
    }
    name
}
