//! Our record of a run as the judge wants it.

use proto::execution::v1 as pb;
use proto::r#type::v1::recipient;

use crate::rig::Outcome;
use crate::rig::checker::{Counted, Payout, Standing, Tally};

/// What a run's progress counts.
pub fn counted(run: &pb::Run) -> Outcome<Counted> {
    let progress = run.progress.as_ref().ok_or("a run without progress")?;
    let tally = |tally: &Option<pb::Tally>| -> Outcome<Tally> {
        let tally = tally.as_ref().ok_or("progress without a tally")?;
        Ok(Tally { payouts: tally.payouts, units: tally.units.parse()? })
    };
    let unpaid = tally(&progress.failed)?.plus(tally(&progress.cancelled)?);
    Ok(Counted { paid: tally(&progress.paid)?, unpaid: unpaid.plus(tally(&progress.superseded)?) })
}

/// How a payout ended.
pub fn payout(payout: &pb::Payout) -> Outcome<Payout> {
    let Some(recipient::Kind::HederaAccount(account)) =
        payout.recipient.as_ref().and_then(|to| to.kind.clone())
    else {
        return Err("a payout without a recipient".into());
    };
    let standing = match payout.status() {
        pb::PayoutStatus::Paid => Standing::Paid(payout.transaction_id.clone()),
        pb::PayoutStatus::Failed => Standing::Failed,
        pb::PayoutStatus::Cancelled => Standing::Cancelled,
        pb::PayoutStatus::Superseded => Standing::Superseded,
        other => Standing::Unfinished(other.as_str_name().to_owned()),
    };
    let units = payout.amount.as_ref().ok_or("a payout without an amount")?.units.parse()?;
    Ok(Payout { ordinal: payout.ordinal, account, units, standing })
}
