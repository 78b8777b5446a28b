//! `shard.realm.num` identifiers.

use std::fmt;
use std::str::FromStr;

use crate::hapi;
use crate::time::{canonical_u64, shorten};

/// A text or number that does not name an entity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no {kind} id of the form shard.realm.num: {text:?}")]
pub struct ParseEntityIdError {
    kind: &'static str,
    text: String,
}

/// Each part is held to what HAPI's `int64` can carry, so that encoding cannot fail.
const PART_MAX: u64 = i64::MAX.unsigned_abs();

macro_rules! entity_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            shard: u64,
            realm: u64,
            num: u64,
        }

        impl $name {
            /// From its parts, each at most `i64::MAX`.
            pub fn new(shard: u64, realm: u64, num: u64) -> Result<Self, ParseEntityIdError> {
                if shard.max(realm).max(num) > PART_MAX {
                    return Err(ParseEntityIdError { kind: $kind, text: format!("{shard}.{realm}.{num}") });
                }
                Ok(Self { shard, realm, num })
            }

            /// Number `num` of shard 0 and realm 0, where everything on the public networks is.
            pub fn from_num(num: u64) -> Result<Self, ParseEntityIdError> {
                Self::new(0, 0, num)
            }

            /// The shard; 0 on the public networks.
            pub const fn shard(self) -> u64 {
                self.shard
            }

            /// The realm; 0 on the public networks.
            pub const fn realm(self) -> u64 {
                self.realm
            }

            /// The number within shard and realm, at most `i64::MAX`.
            pub const fn num(self) -> u64 {
                self.num
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}.{}.{}", self.shard, self.realm, self.num)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseEntityIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let bad = || ParseEntityIdError { kind: $kind, text: shorten(text) };
                let [shard, realm, num] = parts(text).ok_or_else(bad)?;
                Self::new(shard, realm, num)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

entity_id! {
    /// An account (or contract) by its number.
    AccountId, "account"
}

entity_id! {
    /// A token type of the Hedera Token Service.
    TokenId, "token"
}

fn parts(text: &str) -> Option<[u64; 3]> {
    let mut parts = text.split('.');
    let read = [canonical_u64(parts.next()?)?, canonical_u64(parts.next()?)?, canonical_u64(parts.next()?)?];
    parts.next().is_none().then_some(read)
}

impl From<AccountId> for hapi::AccountId {
    fn from(id: AccountId) -> Self {
        Self {
            shard_num: id.shard.cast_signed(),
            realm_num: id.realm.cast_signed(),
            account: Some(hapi::account_id::Account::AccountNum(id.num.cast_signed())),
        }
    }
}

impl From<TokenId> for hapi::TokenId {
    fn from(id: TokenId) -> Self {
        Self {
            shard_num: id.shard.cast_signed(),
            realm_num: id.realm.cast_signed(),
            token_num: id.num.cast_signed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AccountId, PART_MAX, TokenId};
    use proptest::prelude::{any, proptest};

    proptest! {
        #[test]
        fn an_id_reads_back_as_it_was_written(shard in 0..=PART_MAX, realm in 0..=PART_MAX, num in 0..=PART_MAX) {
            let id = TokenId::new(shard, realm, num).expect("parts in range");
            assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn whatever_is_read_is_written_the_same(text in any::<String>()) {
            if let Ok(id) = text.parse::<AccountId>() {
                assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn loose_spellings_are_refused() {
        for text in
            ["", "1001", "0.1001", "0.0.0.1001", "0.0.01", "0.0.", "0.0.-1", "0.0.+1", " 0.0.1", "0.0.1 "]
        {
            assert!(text.parse::<AccountId>().is_err(), "{text}");
        }
        for text in
            ["0.0.1-vfmkw", "0.0.0x10", "0.0.1e3", "0.0.9223372036854775808", "0.0.99999999999999999999"]
        {
            assert!(text.parse::<AccountId>().is_err(), "{text}");
        }
    }

    #[test]
    fn ids_sort_by_number_and_not_by_text() {
        let small: AccountId = "0.0.9".parse().expect("an id");
        let large: AccountId = "0.0.10".parse().expect("an id");
        assert!(small < large);
    }
}
