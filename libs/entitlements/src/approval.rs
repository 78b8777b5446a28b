//! The hash that approvers name: what is paid to whom, and the terms that say from where and when.

use sha2::{Digest as _, Sha256};

/// The first byte of what is hashed. A new layout gets a new number.
const LAYOUT_VERSION: u8 = 1;

/// What an approval binds; `docs/APPROVAL.md` says why each field is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approved<'a> {
    /// The distribution's id, the 16 bytes of its UUID.
    pub distribution: [u8; 16],
    /// The version of its terms.
    pub version: u32,
    /// The root over its entitlements.
    pub root: [u8; 32],
    /// The funding account's id, the 16 bytes of its UUID.
    pub funding_account: [u8; 16],
    /// The account that is debited, as a payee key. Hedera: the account number, 8 bytes, big-endian.
    pub debited: [u8; 8],
    /// Executed by itself once it is approved.
    pub execute_now: bool,
    /// The code of the asset that is paid.
    pub asset: &'a str,
}

impl Approved<'_> {
    /// The hash, as `docs/APPROVAL.md` defines it. Only the last field has no fixed length, so that no two have the same
    /// bytes.
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update([LAYOUT_VERSION]);
        hasher.update(self.distribution);
        hasher.update(self.version.to_be_bytes());
        hasher.update(self.root);
        hasher.update(self.funding_account);
        hasher.update(self.debited);
        hasher.update([u8::from(self.execute_now)]);
        hasher.update(self.asset.as_bytes());
        hasher.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::Approved;

    const DOCUMENTATION: &str = include_str!("../../../docs/APPROVAL.md");

    fn example() -> Approved<'static> {
        let mut root = [0; 32];
        hex::decode_to_slice("349e7e2cce5bca971dfc82987f83f1e2e860603fd94f6dc4dffc77e62b3a34bd", &mut root)
            .expect("32 bytes");
        Approved {
            distribution: 0x0190_f3c8_5d0e_7a3b_8c4d_5e6f_7081_92ab_u128.to_be_bytes(),
            version: 1,
            root,
            funding_account: 0x0190_f3c8_5d0e_7a3b_8c4d_5e6f_7081_92ac_u128.to_be_bytes(),
            debited: 2001_u64.to_be_bytes(),
            execute_now: false,
            asset: "hedera:testnet/token:0.0.456858",
        }
    }

    /// The hash in the row of the documentation's table that begins so.
    fn documented(row: &str) -> &'static str {
        let start = format!("| {row} |");
        let line = DOCUMENTATION.lines().find(|line| line.starts_with(&start)).expect("the row is there");
        line.trim_end_matches('|').rsplit('|').next().expect("a cell").trim().trim_matches('`')
    }

    #[test]
    fn the_documented_vectors_hash_as_they_say() {
        let rows = [
            ("as above", example()),
            ("version 2", Approved { version: 2, ..example() }),
            ("executed by itself", Approved { execute_now: true, ..example() }),
            ("paid in HBAR", Approved { asset: "hedera:testnet/hbar", ..example() }),
        ];
        for (row, approved) in rows {
            assert_eq!(hex::encode(approved.hash()), documented(row), "{row}");
        }
    }

    #[test]
    fn every_field_is_bound() {
        let same = example();
        let others = [
            Approved { distribution: [1; 16], ..same },
            Approved { version: 2, ..same },
            Approved { root: [1; 32], ..same },
            Approved { funding_account: [1; 16], ..same },
            Approved { debited: 2002_u64.to_be_bytes(), ..same },
            Approved { execute_now: true, ..same },
            Approved { asset: "hedera:testnet/hbar", ..same },
        ];
        for other in others {
            assert_ne!(other.hash(), same.hash(), "{other:?}");
        }
    }
}
