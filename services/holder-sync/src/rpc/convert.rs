//! Between the contract's messages and the domain.

use hedera::{AccountId, EvmAddress};
use ids::{AssetId, SnapshotId};
use pg::time::from_ns;
use prost_types::Timestamp;
use proto::holder::v1 as pb;
use service_kit::error::FieldViolations;
use service_kit::validate::{self, MALFORMED, OUT_OF_RANGE};

use crate::app::{HolderPage, Search};
use crate::domain::{
    Account, BalanceChange, HolderKind, HolderOrder, Snapshot, SnapshotHolder, SnapshotProgress, Sync,
    SyncProgress, SyncSettings, SyncStatus, share_ppb,
};
use crate::error::Error;

const NS_PER_S: i64 = 1_000_000_000;

/// The id of an asset.
pub(super) fn asset_id(text: &str) -> Result<AssetId, Error> {
    Ok(validate::only("asset_id", text)?)
}

/// The id of a snapshot.
pub(super) fn snapshot_id(text: &str) -> Result<SnapshotId, Error> {
    Ok(validate::only("snapshot_id", text)?)
}

/// The number of an account.
pub(super) fn account_num(violations: &mut FieldViolations, name: &str, text: &str) -> Option<u64> {
    let account: AccountId = validate::parse(violations, name, text)?;
    if account.shard() != 0 || account.realm() != 0 {
        violations.add(name, MALFORMED, "every account is in shard 0 and realm 0");
        return None;
    }
    Some(account.num())
}

/// An account by its id or EVM address; everybody when empty.
pub(super) fn search(text: &str) -> Result<Search, Error> {
    if text.is_empty() {
        return Ok(Search::All);
    }
    let mut violations = FieldViolations::new();
    let found = if text.starts_with("0x") {
        let address: Option<EvmAddress> = validate::parse(&mut violations, "search", text);
        address.map(|address| match address.account() {
            Some(account) => Search::Num(account.num()),
            None if address.is_zero() => Search::Num(0),
            None => Search::Alias(*address.as_bytes()),
        })
    } else {
        account_num(&mut violations, "search", text).map(Search::Num)
    };
    violations.into_result()?;
    Ok(found.expect("what is missing was noted as a violation"))
}

/// A time in nanoseconds since the epoch, from 1970 to 2262.
pub(super) fn nanoseconds(violations: &mut FieldViolations, name: &str, time: Timestamp) -> Option<i64> {
    let nanos = i64::from(time.nanos);
    let ns = time.seconds.checked_mul(NS_PER_S).and_then(|ns| ns.checked_add(nanos));
    let canonical = time.seconds >= 0 && (0..NS_PER_S).contains(&nanos);
    let ns = ns.filter(|_| canonical);
    if ns.is_none() {
        violations.add(name, OUT_OF_RANGE, "a time from 1970 to 2261");
    }
    ns
}

/// The order that a list is asked for in.
pub(super) fn order(number: i32) -> Result<HolderOrder, Error> {
    let mut violations = FieldViolations::new();
    let order = validate::known(&mut violations, "order", number).map(|order| match order {
        pb::HolderOrder::Unspecified | pb::HolderOrder::BalanceDesc => HolderOrder::BalanceDesc,
        pb::HolderOrder::BalanceAsc => HolderOrder::BalanceAsc,
        pb::HolderOrder::Account => HolderOrder::Account,
    });
    violations.into_result()?;
    Ok(order.expect("what is missing was noted as a violation"))
}

fn account_text(num: u64) -> String {
    format!("0.0.{num}")
}

fn evm_text(account: &Account) -> String {
    let long_zero = || {
        let mut bytes = [0; 20];
        bytes[12..].copy_from_slice(&account.num.to_be_bytes());
        bytes
    };
    EvmAddress::from_bytes(account.evm_alias.unwrap_or_else(long_zero)).to_string()
}

fn kind(kind: HolderKind) -> pb::HolderKind {
    match kind {
        HolderKind::Account => pb::HolderKind::Account,
        HolderKind::Contract => pb::HolderKind::Contract,
        HolderKind::System => pb::HolderKind::System,
        HolderKind::Zero => pb::HolderKind::Zero,
        HolderKind::Deleted => pb::HolderKind::Deleted,
        HolderKind::Treasury => pb::HolderKind::Treasury,
    }
}

/// The first `size` holders of a page.
pub(super) fn holders(page: &HolderPage, size: usize) -> Vec<pb::Holder> {
    let (supply, treasury) =
        page.last_success.as_ref().map_or((0, 0), |success| (success.total_supply, success.treasury_num));
    let holder = |holder: &crate::domain::Holder| pb::Holder {
        account: account_text(holder.account.num),
        evm_address: evm_text(&holder.account),
        balance: holder.balance.to_string(),
        share_ppb: share_ppb(holder.balance, supply),
        kind: kind(HolderKind::of(&holder.account, treasury)).into(),
        since_ns: holder.since_ns,
    };
    page.holders.iter().take(size).map(holder).collect()
}

/// A sync.
pub(super) fn sync(sync: &Sync) -> pb::Sync {
    let mut message = pb::Sync {
        id: sync.id.to_string(),
        asset_id: sync.asset_id.to_string(),
        create_time: Some(sync.created_at.into()),
        ..pb::Sync::default()
    };
    match &sync.progress {
        SyncProgress::Pending => message.set_state(pb::SyncState::Pending),
        SyncProgress::Running => message.set_state(pb::SyncState::Running),
        SyncProgress::Succeeded { ended_at, consensus_ns, holder_count, changed_count } => {
            message.set_state(pb::SyncState::Succeeded);
            message.end_time = Some((*ended_at).into());
            message.consensus_ns = *consensus_ns;
            message.holder_count = *holder_count;
            message.changed_count = *changed_count;
        }
        SyncProgress::Failed { ended_at, reason } => {
            message.set_state(pb::SyncState::Failed);
            message.end_time = Some((*ended_at).into());
            message.failure_reason.clone_from(reason);
        }
    }
    message
}

/// An asset's settings.
pub(super) fn settings(asset: AssetId, settings: &SyncSettings) -> pb::SyncSettings {
    pb::SyncSettings {
        asset_id: asset.to_string(),
        periodic: settings.next_at.is_some(),
        interval_s: settings.interval_s,
        next_time: settings.next_at.map(Into::into),
    }
}

/// An asset's sync status.
pub(super) fn status(status: &SyncStatus) -> pb::SyncStatus {
    let success = status.asset.last_success.as_ref();
    pb::SyncStatus {
        asset_id: status.asset.id.to_string(),
        settings: Some(settings(status.asset.id, &status.asset.settings)),
        last_sync: status.last_sync.as_ref().map(sync),
        synced_time: success.map(|success| success.at.into()),
        holder_count: success.map_or(0, |success| success.holder_count),
    }
}

/// A change of a balance.
pub(super) fn change(change: &BalanceChange) -> pb::BalanceChange {
    pb::BalanceChange {
        consensus_ns: change.consensus_ns,
        balance: change.balance.to_string(),
        sync_id: change.sync_id.to_string(),
    }
}

/// A snapshot.
pub(super) fn snapshot(snapshot: &Snapshot) -> pb::Snapshot {
    let mut message = pb::Snapshot {
        id: snapshot.id.to_string(),
        asset_id: snapshot.asset_id.to_string(),
        record_time: Some(from_ns(snapshot.record_ns).into()),
        create_time: Some(snapshot.created_at.into()),
        ..pb::Snapshot::default()
    };
    match &snapshot.progress {
        SnapshotProgress::Running => message.set_state(pb::SnapshotState::Running),
        SnapshotProgress::Ready(frozen) => {
            message.set_state(pb::SnapshotState::Ready);
            message.consensus_ns = frozen.consensus_ns;
            message.holder_count = frozen.holder_count;
            message.total_balance = frozen.total_balance.to_string();
            message.total_supply = frozen.total_supply.to_string();
            message.decimals = frozen.decimals.into();
        }
        SnapshotProgress::Failed { reason } => {
            message.set_state(pb::SnapshotState::Failed);
            message.failure_reason.clone_from(reason);
        }
    }
    message
}

/// One holder of a snapshot.
pub(super) fn snapshot_holder(holder: &SnapshotHolder) -> pb::SnapshotHolder {
    pb::SnapshotHolder {
        account: account_text(holder.account.num),
        evm_address: evm_text(&holder.account),
        balance: holder.balance.to_string(),
        kind: kind(holder.kind).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{evm_text, nanoseconds, search};
    use crate::app::Search;
    use crate::domain::Account;
    use prost_types::Timestamp;
    use service_kit::error::FieldViolations;

    #[test]
    fn a_holder_is_searched_by_account_and_by_either_form_of_address() {
        let long_zero = "0x0000000000000000000000000000000000001389";
        let alias = "0xABCDEFabcdefabcdefabcdefabcdefabcdefabcd";
        assert_eq!(search("").ok(), Some(Search::All));
        assert_eq!(search("0.0.5001").ok(), Some(Search::Num(5001)));
        assert_eq!(search(long_zero).ok(), Some(Search::Num(5001)));
        assert!(matches!(search(alias), Ok(Search::Alias(bytes)) if bytes[..3] == [0xab, 0xcd, 0xef]));
        for bad in ["5001", "0.1.5001", "0x12", " 0.0.5001", "0.0.05001"] {
            assert!(search(bad).is_err(), "{bad:?}");
        }
        let plain = Account { num: 5001, evm_alias: None, contract: false, deleted: false };
        assert_eq!(evm_text(&plain), long_zero);
    }

    #[test]
    fn a_time_keeps_its_nanoseconds() {
        let mut violations = FieldViolations::new();
        let mut read = |seconds, nanos| nanoseconds(&mut violations, "time", Timestamp { seconds, nanos });
        assert_eq!(read(1_795_188_269, 124_372_291), Some(1_795_188_269_124_372_291));
        for (seconds, nanos) in [(-1, 0), (1, -1), (1, 1_000_000_000), (i64::MAX, 0)] {
            assert_eq!(read(seconds, nanos), None);
        }
    }
}
