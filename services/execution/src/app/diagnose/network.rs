//! The network: its nodes and its mirror node.

use futures::future::join_all;
use hedera::AccountId;
use hedera::status::{Precheck, precheck};

use crate::app::Context;
use crate::domain::diagnosis::{self, Check, Diagnosis};
use crate::error::Error;

/// Behind one address of a mirror node there can be several that differ: so many are asked, and the one furthest behind
/// counts, since any of them may answer what matters.
const MIRROR_QUESTIONS: usize = 4;

/// Whether the mirror node answers, and how far it is behind.
pub(super) async fn mirror(ctx: &Context) -> Result<Vec<Diagnosis>, Error> {
    let mut oldest_ns = i64::MAX;
    for _ in 0..MIRROR_QUESTIONS {
        let Some(block) = ctx.rail.mirror().newest_block().await? else {
            let advice = "Wait for its first block; if none comes, use another mirror node.";
            return Ok(vec![Diagnosis::problem(Check::Mirror, "", "answers, but has no block yet", advice)]);
        };
        oldest_ns = oldest_ns.min(block.end_ns);
    }
    let lag_ms = (pg::time::to_ns(ctx.clock.now()) - oldest_ns) / 1_000_000;
    Ok(vec![diagnosis::mirror(lag_ms)])
}

/// Whether each node answers, and whether it took what was sent to it lately.
pub(super) async fn nodes(ctx: &Context) -> Vec<Diagnosis> {
    join_all(ctx.rail.nodes().into_iter().map(|node| self::node(ctx, node))).await
}

async fn node(ctx: &Context, node: AccountId) -> Diagnosis {
    let subject = node.to_string();
    let busy =
        "It has no room: others take what it refuses. If all are busy, lower BURSAR_TRANSACTIONS_PER_SECOND.";
    let header = match ctx.rail.probe(node, ctx.clock.now()).await {
        Ok(header) => header,
        Err(cause) => {
            let advice = "Check that it can be reached from here, and that its address in BURSAR_HEDERA_NODES is right; the other nodes go on meanwhile.";
            return Diagnosis::problem(Check::Node, subject, format!("does not answer: {cause}"), advice);
        }
    };
    if precheck(header) == Precheck::RetrySameId {
        return Diagnosis::warning(Check::Node, subject, format!("answers {header}"), busy);
    }
    let lately = ctx.rail.traffic().lately(node);
    let seen = format!(
        "answers; of {} sent to it in the last five minutes {} were refused as BUSY and {} not answered",
        lately.sent, lately.busy, lately.silent
    );
    // A few are nothing: they are sent again, to another node.
    if lately.busy * 10 > lately.sent {
        return Diagnosis::warning(Check::Node, subject, seen, busy);
    }
    if lately.silent * 10 > lately.sent {
        let advice = "Check the network between here and the node; what was not answered is looked up before anything is paid again.";
        return Diagnosis::warning(Check::Node, subject, seen, advice);
    }
    Diagnosis::fine(Check::Node, subject, seen)
}
