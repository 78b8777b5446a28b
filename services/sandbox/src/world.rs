//! The one ledger that nodes, mirrors and the control API share, with its journal and the system's clock.

use std::path::Path;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use ed25519_dalek::SigningKey;

use crate::journal::{Journal, JournalError};
use crate::ledger::Ledger;
use crate::ledger::change::{Change, ChangeError, Genesis, Outcome, Submitted};
use crate::ledger::ids::{HexBytes, Timestamp};
use crate::ledger::status::Status;
use crate::ledger::transaction::Submission;

/// Why a change was not made, or not kept.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The change cannot be made.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// It could not be written down.
    #[error("the journal cannot be written: {0}")]
    Journal(#[from] std::io::Error),
    /// The sandbox has stopped.
    #[error("the sandbox has stopped")]
    Closed,
}

/// The shared ledger.
#[derive(Debug)]
pub struct World {
    state: RwLock<State>,
    operator: Option<SigningKey>,
}

#[derive(Debug)]
struct State {
    ledger: Ledger,
    journal: Option<Journal>,
    closed: bool,
}

/// The system's time as the network writes it.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

impl World {
    /// The world of a folder as it was left, or a new one; without a folder, one in memory.
    pub fn open(folder: Option<&Path>, nodes: &[u64]) -> Result<Self, JournalError> {
        let (journal, ledger) = match folder.map(Journal::open).transpose()? {
            Some((journal, ledger)) => (Some(journal), ledger),
            None => (None, Ledger::default()),
        };
        let is_new = ledger.started_at().is_none();
        let mut world = Self { state: RwLock::new(State { ledger, journal, closed: false }), operator: None };
        if is_new {
            let seed: [u8; 32] = rand::random();
            let operator_key = HexBytes(SigningKey::from_bytes(&seed).verifying_key().to_bytes());
            let genesis = Genesis { operator_seed: HexBytes(seed), operator_key, nodes: nodes.to_vec() };
            world.change(&Change::Genesis(genesis)).map_err(|error| match error {
                WorldError::Journal(error) => JournalError::Io(error),
                error @ (WorldError::Change(_) | WorldError::Closed) => {
                    JournalError::Corrupt { line: 1, reason: error.to_string() }
                }
            })?;
        }
        let seed = world.read().operator_seed();
        world.operator = seed.map(|seed| SigningKey::from_bytes(&seed.0));
        Ok(world)
    }

    /// The key that the world was born with.
    pub fn operator(&self) -> Option<&SigningKey> {
        self.operator.as_ref()
    }

    /// The ledger, for reading. Hold it briefly: transactions wait meanwhile.
    pub fn read(&self) -> LedgerGuard<'_> {
        LedgerGuard(self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes a change now and writes it down.
    pub fn change(&self, change: &Change) -> Result<Outcome, WorldError> {
        self.with_state(|state| state.change(change))
    }

    /// Submits a transaction to a node: if it passes the precheck, it reaches consensus at once.
    pub fn submit(&self, node: u64, submitted: Submitted) -> Result<Status, WorldError> {
        self.with_state(|state| {
            let precheck = state.ledger.precheck(now(), node, &submitted.transaction);
            if precheck == Status::Ok {
                state.change(&Change::Submit(Box::new(submitted)))?;
            }
            Ok(precheck)
        })
    }

    /// Submits a transaction to a node: if it passes the precheck, it is under way and reaches consensus when the caller
    /// makes that change.
    pub fn depart(&self, node: u64, transaction: &Submission) -> Status {
        self.with_state(|state| {
            let precheck = state.ledger.precheck(now(), node, transaction);
            if precheck == Status::Ok {
                state.ledger.depart(node, transaction.id);
            }
            precheck
        })
    }

    /// Ends the world: its folder is free again, and nothing changes any more.
    pub fn close(&self) {
        self.with_state(|state| {
            state.closed = true;
            state.journal = None;
        });
    }

    fn with_state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn change(&mut self, change: &Change) -> Result<Outcome, WorldError> {
        if self.closed {
            return Err(WorldError::Closed);
        }
        let at = self.ledger.next_consensus(now());
        let outcome = self.ledger.apply(at, change)?;
        if let Some(journal) = &mut self.journal {
            journal.append(at, change)?;
        }
        Ok(outcome)
    }
}

/// Read access to the ledger.
#[derive(Debug)]
pub struct LedgerGuard<'a>(RwLockReadGuard<'a, State>);

impl std::ops::Deref for LedgerGuard<'_> {
    type Target = Ledger;

    fn deref(&self) -> &Ledger {
        &self.0.ledger
    }
}
