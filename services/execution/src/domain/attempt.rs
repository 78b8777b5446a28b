//! An attempt: one transaction on the rail, and what is known of it.
//!
//! Nothing but evidence from the rail decides an attempt. The two decisions are [`Verdict::Settled`] and
//! [`Verdict::Dead`]; everything else leaves it undecided, whatever time it is.

use hedera::status::{self, Class, Receipt, Status};
use ids::AttemptId;

use crate::domain::retry::Tries;

/// Why something failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Stable, upper snake case.
    pub reason: String,
    /// Whose turn it is.
    pub class: Class,
}

impl Cause {
    /// The rail's own reason.
    pub fn of(status: Status, class: Class) -> Self {
        Self { reason: status::reason(status).to_owned(), class }
    }

    /// The window closed and a current answer shows no effect.
    pub fn absent() -> Self {
        Self { reason: "NOT_SEEN_BEFORE_EXPIRY".to_owned(), class: Class::Retryable }
    }

    /// What may be paid on one day was reached.
    pub fn day_limit() -> Self {
        Self { reason: "DAILY_LIMIT_REACHED".to_owned(), class: Class::Operator }
    }

    /// What may be paid on one day is less than one batch of the run.
    pub fn day_limit_too_low() -> Self {
        Self { reason: "DAILY_LIMIT_BELOW_BATCH".to_owned(), class: Class::Operator }
    }

    /// A key that has to sign is not to be had.
    pub fn key_unreadable() -> Self {
        Self { reason: "KEY_NOT_READABLE".to_owned(), class: Class::Operator }
    }

    /// No transaction can be made of a batch: its payouts, or how this process is set up, do not fit the network.
    pub fn cannot_be_prepared() -> Self {
        Self { reason: "CANNOT_BE_PREPARED".to_owned(), class: Class::Bug }
    }

    /// A restore has forgotten payments that nobody has accounted for; this may be what they paid.
    pub fn forgotten_payments() -> Self {
        Self { reason: "FORGOTTEN_PAYMENTS".to_owned(), class: Class::Operator }
    }

    /// The rail shows a payment that our record excludes.
    pub fn broken() -> Self {
        Self { reason: "BREAK".to_owned(), class: Class::Bug }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self.reason.as_str() {
            "NOT_SEEN_BEFORE_EXPIRY" => {
                "The network never took it; it is tried again. Check the nodes if this repeats."
            }
            "OUTCOME_UNKNOWN" => {
                "The network could not be asked in time. It is asked again; nothing is paid again before it has answered."
            }
            "FOREIGN_TRANSACTION" => {
                "A transaction of somebody else has this id: another system uses the same fee payer. Use one of its own."
            }
            "ACCOUNT_NOT_FOUND" => {
                "There is no such account on this network: check it with the recipient and reissue the payout."
            }
            "RECEIVER_SIGNATURE_REQUIRED" => {
                "The account takes nothing that it has not signed: its owner must turn that off; then retry."
            }
            "DAILY_LIMIT_REACHED" => {
                "The funding account's limit for one day (UTC) is taken: it goes on by itself tomorrow, or once the limit is raised."
            }
            "DAILY_LIMIT_BELOW_BATCH" => {
                "The funding account's limit for one day is below what one batch of this run pays: it goes on by itself once the limit is raised."
            }
            "KEY_NOT_READABLE" => {
                "The key file of the funding account or of its fee payer cannot be read: put it back; it goes on by itself."
            }
            "CANNOT_BE_PREPARED" => {
                "The log says what does not fit, a setting or a payout: set it right and retry, or cancel the run."
            }
            "FORGOTTEN_PAYMENTS" => {
                "A restore has forgotten payments by this fee payer, and this run may be one of them under another id: compare it with `bursar restore payments --open`. Where it is, cancel it; otherwise retry it. Once they are accounted for, `bursar restore acknowledge` lets go what comes next; a withdrawal is then cancelled and ordered anew."
            }
            "OPERATOR_RESOLVED" => "Two people ended the doubt with evidence; see the attempt.",
            "BREAK" => {
                "The ledger shows a payment that the record excludes. Do not retry; compare both and call support."
            }
            reason => Status::from_name(reason).map_or("See the attempt's evidence.", status::hint),
        }
    }
}

/// What shows that an attempt is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A receipt, heard in answer to bytes that this worker itself sent and a node took.
    Receipt,
    /// A mirror node's record whose hash is that of a stored copy.
    MirrorRecord,
    /// One answer, itself proven current past the closed window, without any effect.
    Absence,
    /// Two people, with evidence.
    Operator,
    /// A mirror node's record under our own key, found when the attempt itself had been forgotten.
    Sweep,
}

impl Proof {
    /// The text in the table `attempt`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Receipt => "RECEIPT",
            Self::MirrorRecord => "MIRROR_RECORD",
            Self::Absence => "ABSENCE",
            Self::Operator => "OPERATOR",
            Self::Sweep => "SWEEP",
        }
    }
}

/// What is known of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The rail shows its effect.
    Settled {
        /// What shows it.
        proof: Proof,
        /// The rail's time of the effect, where the evidence says it.
        consensus_ns: Option<i64>,
    },
    /// It has no effect, now and for ever.
    Dead {
        /// What shows it.
        proof: Proof,
        /// Why.
        cause: Cause,
    },
    /// Neither is shown.
    Undecided,
}

/// An attempt as it is stored, undecided.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Its id, which the transaction's memo begins with.
    pub id: AttemptId,
    /// The payouts it pays.
    pub ordinals: Vec<u32>,
    /// Their sum in smallest units.
    pub units: u128,
    /// Automatic failures behind its payouts.
    pub tries: Tries,
    /// The rail's id of its transaction.
    pub transaction: hedera::TransactionId,
    /// Until when the rail takes it, nanoseconds since the epoch.
    pub window_end_ns: i64,
    /// The exact bytes for each node.
    pub copies: Vec<hedera::transfer::SignedCopy>,
    /// How often sending was begun.
    pub send_begins: u32,
}

impl Attempt {
    /// Whether `hash` is that of one of its copies: only then is a record found under its id its own.
    pub fn owns(&self, hash: &[u8]) -> bool {
        self.copies.iter().any(|copy| copy.hash == hash)
    }

    /// Until when sending it can be of use, nanoseconds since the epoch: nodes refuse what expires sooner than their
    /// buffer after.
    pub fn last_send_ns(&self) -> i64 {
        self.window_end_ns - i64::from(hedera::transfer::VALIDITY_BUFFER_S) * 1_000_000_000
    }
}

/// What a receipt says to the worker whose own bytes a node has just taken.
pub fn by_receipt(status: Status) -> Verdict {
    match status::receipt(status) {
        Receipt::Success => Verdict::Settled { proof: Proof::Receipt, consensus_ns: None },
        Receipt::Dead(class) => Verdict::Dead { proof: Proof::Receipt, cause: Cause::of(status, class) },
        // Consensus nodes leave such copies out of duplicate detection: another copy can still succeed.
        Receipt::KeepUntilExpiry | Receipt::NotYet | Receipt::Unknown => Verdict::Undecided,
    }
}

/// One record of an id, as a mirror node shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its result.
    pub status: Status,
    /// When it reached consensus, nanoseconds since the epoch.
    pub consensus_ns: i64,
    /// SHA-384 of the transaction.
    pub hash: Vec<u8>,
}

/// What the records of an attempt's id say. Records of other hashes say nothing about the attempt; a duplicate's
/// record only says that another one exists.
pub fn by_records(attempt: &Attempt, records: &[Record]) -> Verdict {
    let own = || records.iter().filter(|record| attempt.owns(&record.hash));
    if let Some(paid) = own().find(|record| status::receipt(record.status) == Receipt::Success) {
        return Verdict::Settled { proof: Proof::MirrorRecord, consensus_ns: Some(paid.consensus_ns) };
    }
    for record in own().filter(|record| record.status != Status::DUPLICATE_TRANSACTION) {
        if let Receipt::Dead(class) = status::receipt(record.status) {
            return Verdict::Dead { proof: Proof::MirrorRecord, cause: Cause::of(record.status, class) };
        }
    }
    Verdict::Undecided
}

/// Whether each payee alone failed for the same reason, after they failed together: then it is not the payees but
/// the sender that the rail complains of.
pub fn blames_sender(siblings: &[Verdict]) -> bool {
    let mut reasons = siblings.iter().map(|verdict| match verdict {
        Verdict::Dead { cause, .. } if cause.class == Class::Recipient => Some(cause.reason.as_str()),
        Verdict::Dead { .. } | Verdict::Settled { .. } | Verdict::Undecided => None,
    });
    let Some(Some(first)) = reasons.next() else { return false };
    siblings.len() > 1 && reasons.all(|reason| reason == Some(first))
}

#[cfg(test)]
mod tests {
    use hedera::status::{Class, Status};
    use hedera::transfer::SignedCopy;
    use hedera::{AccountId, TransactionId};
    use ids::{AttemptId, Uuid};

    use super::{Attempt, Cause, Proof, Record, Verdict, blames_sender, by_receipt, by_records};

    const NOT_ASSOCIATED: Status = Status(184);
    const INVALID_NODE_ACCOUNT: Status = Status(3);
    const INVALID_PAYER_SIGNATURE: Status = Status(43);
    const BUSY: Status = Status(12);

    fn attempt() -> Attempt {
        let node = AccountId::from_num(3).expect("a number");
        Attempt {
            id: AttemptId::from_uuid(Uuid::nil()),
            ordinals: vec![0],
            units: 1,
            tries: crate::domain::retry::Tries::default(),
            transaction: TransactionId::new(node, 1),
            window_end_ns: 2,
            copies: vec![SignedCopy { node, bytes: vec![1], hash: [7; 48] }],
            send_begins: 1,
        }
    }

    fn record(status: Status, hash: u8) -> Record {
        Record { status, consensus_ns: 5, hash: vec![hash; 48] }
    }

    #[test]
    fn a_receipt_that_leaves_the_id_open_decides_nothing() {
        for status in
            [INVALID_NODE_ACCOUNT, INVALID_PAYER_SIGNATURE, Status::RECEIPT_NOT_FOUND, Status(99_999)]
        {
            assert_eq!(by_receipt(status), Verdict::Undecided, "{status}");
        }
    }

    #[test]
    fn success_under_a_foreign_hash_is_not_ours() {
        assert_eq!(by_records(&attempt(), &[record(Status::SUCCESS, 8)]), Verdict::Undecided);
        let paid = by_records(&attempt(), &[record(Status::SUCCESS, 7)]);
        assert_eq!(paid, Verdict::Settled { proof: Proof::MirrorRecord, consensus_ns: Some(5) });
    }

    #[test]
    fn a_success_among_failed_copies_counts_wherever_it_stands() {
        let records = [
            record(INVALID_NODE_ACCOUNT, 7),
            record(Status::DUPLICATE_TRANSACTION, 7),
            record(Status::SUCCESS, 7),
        ];
        assert!(matches!(by_records(&attempt(), &records), Verdict::Settled { .. }));
        assert_eq!(by_records(&attempt(), &records[..2]), Verdict::Undecided);
    }

    #[test]
    fn a_terminal_record_of_our_own_ends_the_attempt() {
        let verdict = by_records(&attempt(), &[record(NOT_ASSOCIATED, 7)]);
        assert!(
            matches!(verdict, Verdict::Dead { proof: Proof::MirrorRecord, cause } if cause.class == Class::Recipient)
        );
        assert_eq!(by_records(&attempt(), &[record(BUSY, 7)]), Verdict::Undecided);
    }

    #[test]
    fn the_sender_is_blamed_only_when_every_sibling_fails_alike() {
        let dead =
            |status| Verdict::Dead { proof: Proof::Receipt, cause: Cause::of(status, Class::Recipient) };
        assert!(blames_sender(&[dead(NOT_ASSOCIATED), dead(NOT_ASSOCIATED)]));
        assert!(!blames_sender(&[dead(NOT_ASSOCIATED)]), "a single payee proves nothing about the sender");
        assert!(!blames_sender(&[dead(NOT_ASSOCIATED), dead(Status(165))]));
        assert!(!blames_sender(&[dead(NOT_ASSOCIATED), Verdict::Undecided]));
        let settled = Verdict::Settled { proof: Proof::Receipt, consensus_ns: None };
        assert!(!blames_sender(&[dead(NOT_ASSOCIATED), settled]));
        assert!(!blames_sender(&[]));
    }
}
