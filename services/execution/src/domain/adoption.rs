//! What becomes of a payment on the rail that our record does not know.

use hedera::{AccountId, TransactionId};
use ids::AttemptId;
use money::AssetCode;

use crate::domain::memo::Place;
use crate::domain::payout::AttemptState;

/// A payment of ours as the rail shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The attempt that its memo names.
    pub attempt: AttemptId,
    /// What its memo says it paid; none for memos that do not say it.
    pub place: Option<Place>,
    /// The rail's id of it.
    pub transaction: TransactionId,
    /// When the network decided it, nanoseconds since the epoch.
    pub consensus_ns: i64,
    /// The node that took it.
    pub node: AccountId,
    /// SHA-384 of the signed transaction.
    pub hash: Vec<u8>,
    /// What was moved.
    pub asset: AssetCode,
    /// Who gained how much, in smallest units, by account number. In HBAR, what nodes got of the fee is among it.
    pub gains: Vec<(u64, u128)>,
}

/// A payout as it stands in our record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its ordinal.
    pub ordinal: u32,
    /// Its payee's account number.
    pub account: u64,
    /// What is to be paid.
    pub units: u128,
    /// Its live attempt, if it ever had one.
    pub live: Option<(AttemptId, AttemptState)>,
    /// A payout of another run replaces it.
    pub superseded: bool,
}

/// What an effect comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It paid these payouts, each of which no attempt holds, or one that is dead.
    Adopt,
    /// One of its payouts is in an attempt whose outcome is not known yet.
    Wait,
    /// Our record excludes it; the text says how, for people.
    Break(String),
}

/// Compares an effect with the payouts it names, in their order.
pub fn judge(effect: &Effect, asset: &AssetCode, payouts: &[Standing]) -> Judgement {
    if effect.asset != *asset || !pays_exactly(effect, payouts) {
        return Judgement::Break("it moved something else than its instructions say".to_owned());
    }
    let in_state = |wanted: &[AttemptState]| {
        payouts.iter().find_map(|payout| payout.live.filter(|(_, state)| wanted.contains(state)))
    };
    if let Some((attempt, _)) = in_state(&[AttemptState::Settled]) {
        return Judgement::Break(format!("a payout of it was paid by {attempt} already"));
    }
    if payouts.iter().any(|payout| payout.superseded) {
        return Judgement::Break("a payout of it was replaced by one of another run".to_owned());
    }
    match in_state(&[AttemptState::Open, AttemptState::InDoubt]) {
        Some(_) => Judgement::Wait,
        None => Judgement::Adopt,
    }
}

/// Whether each payee got what it was to get. Of a token, nobody else may have got any; of HBAR, others get the fee.
fn pays_exactly(effect: &Effect, payouts: &[Standing]) -> bool {
    let token = matches!(effect.asset.parts(), money::AssetKind::Token { .. });
    let gained = |payout: &Standing| {
        effect.gains.iter().find(|(account, _)| *account == payout.account).map_or(0, |(_, units)| *units)
    };
    let fits = |payout: &Standing| {
        if token { gained(payout) == payout.units } else { gained(payout) >= payout.units }
    };
    !payouts.is_empty() && (!token || effect.gains.len() == payouts.len()) && payouts.iter().all(fits)
}

#[cfg(test)]
mod tests {
    use hedera::{AccountId, TransactionId};
    use ids::{AttemptId, Uuid};
    use money::AssetCode;

    use super::{Effect, Judgement, Standing, judge};
    use crate::domain::payout::AttemptState;

    const HBAR: &str = "hedera:sandbox/hbar";
    const TOKEN: &str = "hedera:sandbox/token:0.0.5";

    fn code(text: &str) -> AssetCode {
        text.parse().expect("a code")
    }

    fn effect(asset: &str, gains: &[(u64, u128)]) -> Effect {
        let node = AccountId::from_num(3).expect("a number");
        Effect {
            attempt: AttemptId::from_uuid(Uuid::nil()),
            place: None,
            transaction: TransactionId::new(node, 1),
            consensus_ns: 2,
            node,
            hash: Vec::new(),
            asset: code(asset),
            gains: gains.to_vec(),
        }
    }

    fn payouts(live: [Option<AttemptState>; 2]) -> Vec<Standing> {
        let other = AttemptId::from_uuid(Uuid::from_u128(1));
        let standing = |ordinal: u32, state: Option<AttemptState>| Standing {
            ordinal,
            account: 100 + u64::from(ordinal),
            units: 7,
            live: state.map(|state| (other, state)),
            superseded: false,
        };
        vec![standing(0, live[0]), standing(1, live[1])]
    }

    #[test]
    fn it_is_adopted_where_no_attempt_holds_its_payouts_or_only_dead_ones() {
        let paid = effect(TOKEN, &[(100, 7), (101, 7)]);
        for live in [[None, None], [Some(AttemptState::Dead), None], [Some(AttemptState::Dead); 2]] {
            assert_eq!(judge(&paid, &code(TOKEN), &payouts(live)), Judgement::Adopt);
        }
    }

    #[test]
    fn it_waits_for_what_is_undecided_and_breaks_with_what_is_paid() {
        let paid = effect(TOKEN, &[(100, 7), (101, 7)]);
        let of = |live| judge(&paid, &code(TOKEN), &payouts(live));
        assert_eq!(of([Some(AttemptState::Dead), Some(AttemptState::Open)]), Judgement::Wait);
        assert_eq!(of([None, Some(AttemptState::InDoubt)]), Judgement::Wait);
        let both = of([Some(AttemptState::Open), Some(AttemptState::Settled)]);
        assert!(matches!(both, Judgement::Break(detail) if detail.contains("paid by att_")));
    }

    #[test]
    fn what_was_replaced_by_another_run_is_a_break() {
        let mut replaced = payouts([None, None]);
        replaced[1].superseded = true;
        let judged = judge(&effect(TOKEN, &[(100, 7), (101, 7)]), &code(TOKEN), &replaced);
        assert!(matches!(judged, Judgement::Break(detail) if detail.contains("replaced")));
    }

    #[test]
    fn another_amount_payee_or_asset_is_a_break() {
        let free = payouts([None, None]);
        for (asset, gains) in [
            (TOKEN, &[(100, 7), (101, 8)][..]),
            (TOKEN, &[(100, 7)]),
            (TOKEN, &[(100, 7), (102, 7)]),
            (TOKEN, &[(100, 7), (101, 7), (102, 1)]),
            (HBAR, &[(100, 7), (101, 7)]),
        ] {
            let judged = judge(&effect(asset, gains), &code(TOKEN), &free);
            assert!(matches!(judged, Judgement::Break(_)), "{asset} {gains:?}");
        }
        let nothing = judge(&effect(TOKEN, &[]), &code(TOKEN), &[]);
        assert!(matches!(nothing, Judgement::Break(_)), "a place that holds no payouts");
    }

    #[test]
    fn fees_among_the_gains_of_hbar_are_nobodys_concern() {
        let free = payouts([None, None]);
        let with_fees = effect(HBAR, &[(3, 4), (98, 60), (100, 7), (101, 7)]);
        assert_eq!(judge(&with_fees, &code(HBAR), &free), Judgement::Adopt);
        let too_little = effect(HBAR, &[(3, 4), (98, 60), (100, 7), (101, 6)]);
        assert!(matches!(judge(&too_little, &code(HBAR), &free), Judgement::Break(_)));
    }
}
