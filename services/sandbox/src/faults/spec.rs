//! A fault as the control API describes it.

use serde::{Deserialize, Serialize};

use super::{Loss, OnReceipt, OnSubmit};
use crate::ledger::ids::EntityId;
use crate::ledger::status::{Status, optional_name};

/// The kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Precheck BUSY, without effect.
    Busy,
    /// Precheck `status`, without effect.
    Precheck,
    /// The answer to a submission is lost before it had effect.
    LostBefore,
    /// The answer to a submission is lost after it had effect.
    LostAfter,
    /// An id that was sent before gets precheck `status` (`INSUFFICIENT_PAYER_BALANCE` when absent).
    RefuseResend,
    /// The answer comes `millis` after the effect.
    DelayAnswer,
    /// The effect comes `millis` after the answer; with `lose_answer` there is none.
    DelayEffect,
    /// `status` at consensus, without effect.
    ConsensusStatus,
    /// Receipts are UNKNOWN; with `millis`, only for so long after consensus.
    ReceiptUnknown,
    /// Answers to receipt queries are lost.
    ReceiptLost,
    /// Mirror requests fail with `http_status`.
    MirrorError,
}

/// A fault and where it acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    /// What goes wrong.
    pub kind: Kind,
    /// How often; until it is removed when absent.
    #[serde(default)]
    pub times: Option<u64>,
    /// Chance in percent to act on a request it covers.
    #[serde(default = "always")]
    pub percent: u8,
    /// Seed of the dice.
    #[serde(default)]
    pub seed: u64,
    /// Acts only on transactions whose memo contains this.
    #[serde(default)]
    pub memo_contains: Option<String>,
    /// Acts only at this node.
    #[serde(default)]
    pub node: Option<EntityId>,
    /// Acts only at this mirror replica, from 0.
    #[serde(default)]
    pub replica: Option<usize>,
    /// Acts only on mirror requests whose path and query contain this.
    #[serde(default)]
    pub path_contains: Option<String>,
    /// For `precheck`, `refuse_resend`, `consensus_status`.
    #[serde(default, with = "optional_name")]
    pub status: Option<Status>,
    /// For `delay_answer`, `delay_effect`, `receipt_unknown`.
    #[serde(default)]
    pub millis: Option<u64>,
    /// For `delay_effect`: the answer is lost too.
    #[serde(default)]
    pub lose_answer: bool,
    /// For lost answers: the call hangs until the caller gives up, instead of failing with UNAVAILABLE.
    #[serde(default)]
    pub hang: bool,
    /// For `mirror_error`: 400 to 599.
    #[serde(default)]
    pub http_status: Option<u16>,
}

/// A fault lacks something, or has something impossible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SpecError(&'static str);

/// A fault that makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Acts on submissions.
    Submit(OnSubmit),
    /// Acts on submissions of ids that were sent before.
    Resend(Status),
    /// Acts on receipt queries.
    Receipt(OnReceipt),
    /// Acts on mirror requests.
    Mirror(u16),
}

fn always() -> u8 {
    100
}

impl FaultSpec {
    /// A fault of this kind that always acts, everywhere.
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            times: None,
            percent: always(),
            seed: 0,
            memo_contains: None,
            node: None,
            replica: None,
            path_contains: None,
            status: None,
            millis: None,
            lose_answer: false,
            hang: false,
            http_status: None,
        }
    }

    /// The fault this describes.
    pub fn fault(&self) -> Result<Fault, SpecError> {
        if self.percent > 100 {
            return Err(SpecError("percent is at most 100"));
        }
        let loss = if self.hang { Loss::Silent } else { Loss::Broken };
        let status = self.status.ok_or(SpecError("this kind needs a status"));
        let millis = self.millis.ok_or(SpecError("this kind needs millis"));
        Ok(match self.kind {
            Kind::Busy => Fault::Submit(OnSubmit::Refuse(Status::Busy)),
            Kind::Precheck => Fault::Submit(OnSubmit::Refuse(status?)),
            Kind::LostBefore => Fault::Submit(OnSubmit::LoseBefore(loss)),
            Kind::LostAfter => Fault::Submit(OnSubmit::LoseAfter(loss)),
            Kind::RefuseResend => Fault::Resend(self.status.unwrap_or(Status::InsufficientPayerBalance)),
            Kind::DelayAnswer => Fault::Submit(OnSubmit::DelayAnswer(millis?)),
            Kind::DelayEffect => {
                let lost_too = (self.lose_answer || self.hang).then_some(loss);
                Fault::Submit(OnSubmit::DelayEffect { millis: millis?, lost: lost_too })
            }
            Kind::ConsensusStatus => Fault::Submit(OnSubmit::Consensus(status?)),
            Kind::ReceiptUnknown => Fault::Receipt(OnReceipt::Unknown(self.millis)),
            Kind::ReceiptLost => Fault::Receipt(OnReceipt::Lose(loss)),
            Kind::MirrorError => {
                let status = self.http_status.filter(|status| (400..600).contains(status));
                Fault::Mirror(status.ok_or(SpecError("this kind needs an http_status of 400 to 599"))?)
            }
        })
    }
}

impl Fault {
    pub(super) fn on_submit(&self, resent: bool) -> Option<OnSubmit> {
        match self {
            Self::Submit(acts) => Some(*acts),
            Self::Resend(status) => resent.then_some(OnSubmit::Refuse(*status)),
            Self::Receipt(_) | Self::Mirror(_) => None,
        }
    }

    pub(super) fn on_receipt(&self) -> Option<OnReceipt> {
        match self {
            Self::Receipt(acts) => Some(*acts),
            Self::Submit(_) | Self::Resend(_) | Self::Mirror(_) => None,
        }
    }

    pub(super) fn on_mirror(&self) -> Option<u16> {
        match self {
            Self::Mirror(status) => Some(*status),
            Self::Submit(_) | Self::Resend(_) | Self::Receipt(_) => None,
        }
    }
}
