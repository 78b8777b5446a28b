//! What nodes said lately to what this process sent them: how a throttled node is told from one that is well.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hedera::status::{Precheck, precheck};
use hedera::{AccountId, Status};
use tokio::time::Instant;

/// Answers kept of each node.
const KEPT: usize = 256;
/// Older ones say nothing about now.
const RECENT: Duration = Duration::from_mins(5);

/// The latest answers of each node.
#[derive(Debug, Default)]
pub struct Traffic {
    heard: Mutex<BTreeMap<AccountId, VecDeque<(Instant, Answer)>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Given,
    Busy,
    None,
}

/// How many of the latest sends to a node went how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lately {
    /// All of them.
    pub sent: usize,
    /// It had no room for them: BUSY and the like.
    pub busy: usize,
    /// It did not answer.
    pub silent: usize,
}

impl Traffic {
    pub(super) fn note(&self, node: AccountId, answer: Option<Status>) {
        let answer = match answer.map(precheck) {
            None => Answer::None,
            Some(Precheck::RetrySameId) => Answer::Busy,
            Some(_) => Answer::Given,
        };
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let of_node = heard.entry(node).or_default();
        of_node.push_back((Instant::now(), answer));
        if of_node.len() > KEPT {
            of_node.pop_front();
        }
    }

    /// The latest sends to a node, of the last five minutes.
    pub fn lately(&self, node: AccountId) -> Lately {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = heard.get(&node).into_iter().flatten().filter(|(at, _)| at.elapsed() <= RECENT);
        recent.fold(Lately::default(), |lately, (_, answer)| Lately {
            sent: lately.sent + 1,
            busy: lately.busy + usize::from(*answer == Answer::Busy),
            silent: lately.silent + usize::from(*answer == Answer::None),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Lately, Traffic};
    use hedera::{AccountId, Status};

    #[test]
    fn what_a_node_said_is_counted_by_kind_and_of_the_latest_sends_only() {
        let (traffic, node) = (Traffic::default(), AccountId::from_num(3).unwrap_or_else(|_| unreachable!()));
        for answer in [None, Some(Status::OK), Some(Status(12)), Some(Status(12))] {
            traffic.note(node, answer);
        }
        assert_eq!(traffic.lately(node), Lately { sent: 4, busy: 2, silent: 1 });
        (0..256).for_each(|_| traffic.note(node, Some(Status::OK)));
        assert_eq!(traffic.lately(node), Lately { sent: 256, busy: 0, silent: 0 });
    }
}
