//! This service itself: its database, its clock, what people stopped, and what the caller may do.

use std::time::SystemTime;

use auth::{Actor, Role};

use crate::app::Context;
use crate::domain::diagnosis::{self, Check, Diagnosis};
use crate::domain::pause::Scope;
use crate::error::Error;
use crate::store::{pauses, server};

/// Pauses shown.
const PAUSES_MAX: u32 = 100;

/// Whether the database answers and takes writes.
pub(super) async fn database(ctx: &Context) -> Result<Vec<Diagnosis>, Error> {
    let mut conn = ctx.conn().await?;
    let server = server::look(&mut conn).await?;
    let pool = ctx.pool.state();
    let seen = format!(
        "answers; {} of {} connections of this process are free",
        pool.idle_connections, pool.connections
    );
    if server.read_only {
        let advice = "Connect to the primary: nothing can be recorded here, so nothing is paid.";
        return Ok(vec![Diagnosis::problem(Check::Database, "", "answers, but is a standby", advice)]);
    }
    Ok(vec![Diagnosis::fine(Check::Database, "", seen)])
}

/// Our clock against the database's and the network's.
pub(super) async fn clocks(ctx: &Context) -> Result<Vec<Diagnosis>, Error> {
    let mut conn = ctx.conn().await?;
    let before = ctx.clock.now();
    let database = server::look(&mut conn).await?.now;
    let after = ctx.clock.now();
    drop(conn);
    let tolerance_ms = (i64::from(ctx.tuning.clock_skew_s) + 1) * 1_000;
    // It was asked at some moment between the two: within them nothing is wrong.
    let ahead = if database < before { ahead_ms(before, database) } else { ahead_ms(after, database).min(0) };
    let mut found = vec![diagnosis::clock("database", ahead, tolerance_ms)];
    // A block that ends after now says that our clock is behind. That it ends before says nothing: it may be old.
    if let Ok(Some(block)) = ctx.rail.mirror().newest_block().await {
        let ahead = ahead_ms(ctx.clock.now(), pg::time::from_ns(block.end_ns)).min(0);
        found.push(diagnosis::clock("network", ahead, tolerance_ms));
    } else {
        let advice = "Look again when the mirror node answers.";
        found.push(Diagnosis::warning(Check::Clock, "network", "the mirror node shows no block", advice));
    }
    Ok(found)
}

fn ahead_ms(ours: SystemTime, theirs: SystemTime) -> i64 {
    let millis = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    ours.duration_since(theirs).map_or_else(|behind| -millis(behind.duration()), millis)
}

/// What people stopped.
pub(super) async fn pauses(ctx: &Context) -> Result<Vec<Diagnosis>, Error> {
    let found = pauses::list(&mut *ctx.conn().await?, false, None, PAUSES_MAX).await?;
    if found.is_empty() {
        return Ok(vec![Diagnosis::fine(Check::Pause, "", "nothing is paused")]);
    }
    let held = found.into_iter().map(|pause| {
        let (subject, command) = match pause.scope {
            Scope::Everything => ("everything".to_owned(), "pause end --everything".to_owned()),
            Scope::Asset(asset) => (asset.to_string(), format!("asset unpause {asset}")),
            Scope::Run(run) => (run.to_string(), format!("pause end {run}")),
        };
        let advice = format!("When its cause is gone: bursar {command} --reason …");
        let seen = format!("paused by {}: {}", pause.paused.by, pause.paused.reason);
        Diagnosis::warning(Check::Pause, subject, seen, advice)
    });
    Ok(held.collect())
}

/// What the caller may and may not do.
pub(super) fn permissions(actor: &Actor) -> Diagnosis {
    let abilities = [
        (Role::Payout, "pay, retry and cancel distributions (PAYOUT)"),
        (Role::Cashout, "redeem (CASHOUT)"),
        (Role::Pauser, "pause and resume (PAUSER)"),
        (Role::Approver, "approve (APPROVER)"),
        (Role::Admin, "set up funding accounts (ADMIN)"),
    ];
    let list = |held: bool| {
        let words = abilities.iter().filter(|(role, _)| actor.has(*role) == held).map(|(_, words)| *words);
        let words: Vec<&str> = words.collect();
        if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
    };
    let seen = format!("besides reading, this token may: {}; it may not: {}", list(true), list(false));
    Diagnosis::fine(Check::Permissions, actor.subject.clone(), seen)
}

#[cfg(test)]
mod tests {
    use super::{Actor, Role, permissions};

    #[test]
    fn a_token_is_told_what_it_may_and_what_not() {
        let seen = permissions(&Actor::user("alice", Role::Viewer.into(), "gateway")).seen;
        assert!(seen.contains("may: nothing; it may not: pay"), "{seen}");
        let roles = auth::RoleSet::from([Role::Payout, Role::Pauser]);
        let seen = permissions(&Actor::user("bob", roles, "gateway")).seen;
        let (may, may_not) = seen.split_once("; it may not: ").unwrap_or_default();
        assert!(may.contains("PAYOUT") && may.contains("PAUSER") && !may.contains("ADMIN"), "{seen}");
        assert!(may_not.contains("ADMIN") && may_not.contains("CASHOUT"), "{seen}");
    }
}
