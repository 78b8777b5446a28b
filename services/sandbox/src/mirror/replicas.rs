//! How far each replica has ingested.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::ledger::ids::Timestamp;

/// What one replica sees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Replica {
    /// How far it is behind, in milliseconds.
    pub lag_millis: u64,
    /// Since when it has ingested nothing at all.
    pub stalled_at: Option<Timestamp>,
}

/// All replicas.
#[derive(Debug)]
pub struct Replicas {
    replicas: Mutex<Vec<Replica>>,
}

impl Replicas {
    /// Replicas without lag.
    pub fn new(count: usize) -> Self {
        Self { replicas: Mutex::new(vec![Replica::default(); count]) }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// All of them.
    pub fn list(&self) -> Vec<Replica> {
        self.lock().clone()
    }

    /// Changes one; `None` if there is no such replica.
    pub fn set(
        &self,
        index: usize,
        lag_millis: Option<u64>,
        stalled: Option<bool>,
        now: Timestamp,
    ) -> Option<Replica> {
        let mut replicas = self.lock();
        let replica = replicas.get_mut(index)?;
        replica.lag_millis = lag_millis.unwrap_or(replica.lag_millis);
        if let Some(stalled) = stalled {
            replica.stalled_at = stalled.then(|| replica.stalled_at.unwrap_or(now));
        }
        Some(*replica)
    }

    /// Up to which consensus time a replica has ingested. Without lag that is everything there is.
    pub fn ingested(&self, index: usize, now: Timestamp, newest: Timestamp) -> Timestamp {
        let replica = self.lock().get(index).copied().unwrap_or_default();
        let seen =
            if replica.lag_millis == 0 { now.max(newest) } else { now.minus_millis(replica.lag_millis) };
        replica.stalled_at.map_or(seen, |since| since.min(seen))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Replica>> {
        self.replicas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
