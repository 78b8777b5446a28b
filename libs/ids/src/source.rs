//! Where new ids come from: an argument, so that tests can repeat a run.

use uuid::Uuid;

/// A source of UUIDs that no other call, process or machine will ever give again.
pub trait IdSource: Send + Sync {
    /// The next UUID.
    fn uuid(&self) -> Uuid;
}

/// The source for production: `UUIDv7` of the system's clock and randomness, in order within this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_seven_and_made_in_order() {
        let made: Vec<Uuid> = (0..1_000).map(|_| SystemIds.uuid()).collect();
        assert!(made.iter().all(|id| id.get_version_num() == 7));
        assert!(made.is_sorted_by(|earlier, later| earlier < later));
    }
}
