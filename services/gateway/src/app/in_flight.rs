//! How many calls each subject has under way, so that one caller cannot take every place.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Error;

/// Counts by subject. Clones share the counts.
#[derive(Clone, Debug)]
pub(crate) struct InFlight {
    counts: Arc<Mutex<HashMap<String, usize>>>,
    per_subject_max: usize,
}

impl InFlight {
    pub(crate) fn new(per_subject_max: usize) -> InFlight {
        InFlight { counts: Arc::default(), per_subject_max }
    }

    /// A place for one call of `subject`, given back when it is dropped.
    pub(crate) fn enter(&self, subject: &str) -> Result<Place, Error> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(subject.to_owned()).or_insert(0);
        if *count >= self.per_subject_max {
            return Err(Error::SubjectOverloaded(subject.to_owned()));
        }
        *count += 1;
        Ok(Place { subject: subject.to_owned(), of: self.clone() })
    }
}

/// One call under way.
#[derive(Debug)]
pub(crate) struct Place {
    subject: String,
    of: InFlight,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.of.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.subject) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.subject);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::InFlight;

    #[test]
    fn one_subject_cannot_take_anothers_places_and_gives_its_own_back() {
        let in_flight = InFlight::new(2);
        let first = in_flight.enter("alice").expect("free");
        let _second = in_flight.enter("alice").expect("free");
        assert!(in_flight.enter("alice").is_err());
        let bob = in_flight.enter("bob").expect("his are free");
        drop((first, bob));
        let _again = in_flight.enter("alice").expect("given back");
        assert_eq!(in_flight.counts.lock().expect("not poisoned").len(), 1, "who has none is not remembered");
    }
}
