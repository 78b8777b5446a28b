//! A value with its past, so that a lagging replica and a stored balance read one consistent state.

use super::ids::Timestamp;

/// The value now, and what it was since when before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    latest: (Timestamp, T),
    earlier: Vec<(Timestamp, T)>,
}

impl<T: Copy> Versioned<T> {
    /// A value that did not exist before `since`.
    pub fn new(since: Timestamp, value: T) -> Self {
        Self { latest: (since, value), earlier: Vec::new() }
    }

    /// The value now.
    pub fn now(&self) -> T {
        self.latest.1
    }

    /// The value at `moment`; `None` before it existed.
    pub fn at(&self, moment: Timestamp) -> Option<T> {
        if self.latest.0 <= moment {
            return Some(self.latest.1);
        }
        let older = self.earlier.partition_point(|(since, _)| *since <= moment);
        older.checked_sub(1).map(|index| self.earlier[index].1)
    }

    /// When the value became what it was at `moment`; `None` before it existed.
    pub fn changed_at(&self, moment: Timestamp) -> Option<Timestamp> {
        let changes = self.earlier.iter().chain([&self.latest]).rev();
        changes.map(|(since, _)| *since).find(|since| *since <= moment)
    }

    /// When the value first existed.
    pub fn since(&self) -> Timestamp {
        self.earlier.first().map_or(self.latest.0, |(since, _)| *since)
    }

    /// Sets the value from `at` on, which is never before the latest change.
    pub fn set(&mut self, at: Timestamp, value: T) {
        debug_assert!(at >= self.latest.0, "consensus time never runs back");
        if at > self.latest.0 {
            self.earlier.push(self.latest);
        }
        self.latest = (at, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_moment_reads_the_value_it_had() {
        let mut value = Versioned::new(Timestamp(10), 'a');
        value.set(Timestamp(20), 'b');
        value.set(Timestamp(30), 'c');
        value.set(Timestamp(30), 'd');
        let read = [9, 10, 19, 20, 29, 30, 99].map(|moment| value.at(Timestamp(moment)));
        assert_eq!(read, [None, Some('a'), Some('a'), Some('b'), Some('b'), Some('d'), Some('d')]);
        assert_eq!(value.since(), Timestamp(10));
        let changed = [9, 19, 20, 99].map(|moment| value.changed_at(Timestamp(moment)).map(|since| since.0));
        assert_eq!(changed, [None, Some(10), Some(20), Some(30)]);
    }
}
