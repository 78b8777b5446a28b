//! A bounded map for what is dear to work out and cheap to work out again.

use std::collections::HashMap;
use std::hash::Hash;

/// Keeps the most recently stored entries: at most `2 × generation_len_max`, the younger half for certain.
///
/// Two plain maps instead of a list of uses: when the young one is full it becomes the old one, and what
/// was old is forgotten. Whoever floods it with keys makes others compute again and cannot make it grow.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    generation_len_max: usize,
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    /// An empty cache whose two generations hold `generation_len_max` entries each.
    pub(crate) fn new(generation_len_max: usize) -> Cache<K, V> {
        assert!(generation_len_max > 0, "a cache of nothing is a mistake");
        Cache { young: HashMap::new(), old: HashMap::new(), generation_len_max }
    }

    /// The entry of `key`, moved among the young when it was old.
    pub(crate) fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let value = self.old.remove(key)?;
        self.insert(key.clone(), value.clone());
        Some(value)
    }

    /// Stores `value`, which replaces what `key` had.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.generation_len_max {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::Cache;

    #[test]
    fn what_is_used_stays_and_the_cache_does_not_grow() {
        let mut cache = Cache::new(4);
        cache.insert(0, "kept");
        for key in 1..1000 {
            assert_eq!(cache.get(&0), Some("kept"), "lost before key {key}");
            cache.insert(key, "passing");
            assert!(cache.len() <= 8);
        }
        assert_eq!(cache.get(&1), None, "an entry nobody used is forgotten");
    }

    #[test]
    fn a_cleared_cache_knows_nothing() {
        let mut cache = Cache::new(1);
        cache.insert(1, ());
        cache.insert(2, ());
        cache.clear();
        assert_eq!((cache.get(&1), cache.get(&2)), (None, None));
    }
}
