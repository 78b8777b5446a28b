//! The hash of what a run pays to whom: one root that binds an approval, the handing over and a later replay to
//! exactly one list of entitlements.
//!
//! `docs/ENTITLEMENTS.md` is the definition, and `docs/APPROVAL.md` that of what is approved, with test vectors that this crate's tests read from them. The root is that
//! of RFC 6962, so that a payee can be shown to be in the list without showing the list.
//!
//! Invariant: two lists with the same root are the same list (as far as SHA-256 goes). Every field is in the leaf, with
//! its length where that varies; leaves and nodes are hashed under different prefixes.
//!
//! Pure: no IO. Memory is one hash per level of the tree.

mod approval;
mod leaf;
mod merkle;

pub use approval::Approved;
pub use leaf::{Leaf, LeafError};

use merkle::Tree;

/// Computes the root of a run's entitlements, one leaf at a time.
#[derive(Clone, Debug, Default)]
pub struct RootBuilder {
    tree: Tree,
    /// The bytes of the leaf at hand; kept, so that a million leaves make one allocation.
    bytes: Vec<u8>,
}

impl RootBuilder {
    /// No leaves yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next leaf. Its ordinal must be the number of leaves before it: the order is part of what is hashed.
    /// After an error nothing was added.
    pub fn push(&mut self, leaf: &Leaf<'_>) -> Result<(), LeafError> {
        if u64::from(leaf.ordinal) != self.tree.len() {
            return Err(LeafError::OutOfOrder { expected: self.tree.len(), found: leaf.ordinal });
        }
        self.bytes.clear();
        leaf.write_to(&mut self.bytes)?;
        self.tree.push(&self.bytes);
        Ok(())
    }

    /// How many leaves were added.
    pub fn len(&self) -> u64 {
        self.tree.len()
    }

    /// Whether no leaf was added.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The root over all leaves; over none it is the hash of nothing.
    pub fn finish(self) -> [u8; 32] {
        self.tree.root()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    const DOCUMENT: &str = include_str!("../../../docs/ENTITLEMENTS.md");
    const RUN: &str = "0190f3c85d0e7a3b8c4d5e6f708192ab";
    const ASSET: &str = "hedera:testnet/token:0.0.456858";

    /// The cells of the document's table with this header.
    fn table(header: &str) -> Vec<Vec<&'static str>> {
        let cells =
            |row: &'static str| row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`'));
        let rows = DOCUMENT.lines().skip_while(|line| *line != header).skip(2);
        rows.take_while(|line| line.starts_with('|')).map(|row| cells(row).collect()).collect()
    }

    /// A row of the document's table of leaves.
    struct Vector {
        ordinal: u32,
        payee_key: Vec<u8>,
        units: u128,
        hash: &'static str,
    }

    impl Vector {
        fn leaf(&self, run: [u8; 16]) -> Leaf<'_> {
            let Self { ordinal, payee_key, units, .. } = self;
            Leaf { run, ordinal: *ordinal, payee_key, units: *units, asset: ASSET }
        }
    }

    fn vectors() -> Result<Vec<Vector>, Box<dyn std::error::Error>> {
        let read = |row: Vec<&'static str>| {
            let (ordinal, units) = (row[0].parse()?, row[2].parse()?);
            Ok(Vector { ordinal, payee_key: hex::decode(row[1])?, units, hash: row[3] })
        };
        table("| ordinal | payee key (hex) | units | leaf hash |").into_iter().map(read).collect()
    }

    fn run() -> Result<[u8; 16], Box<dyn std::error::Error>> {
        let mut run = [0; 16];
        hex::decode_to_slice(RUN, &mut run)?;
        Ok(run)
    }

    fn root(leaves: &[Leaf<'_>]) -> Result<String, LeafError> {
        let mut builder = RootBuilder::new();
        leaves.iter().try_for_each(|leaf| builder.push(leaf))?;
        assert_eq!((builder.len(), builder.is_empty()), (leaves.len() as u64, leaves.is_empty()));
        Ok(hex::encode(builder.finish()))
    }

    #[test]
    fn the_documents_leaves_have_the_documents_hashes_and_roots() -> TestResult {
        assert!(DOCUMENT.contains(&format!("Run `run_{RUN}`, asset `{ASSET}`")));
        let (run, vectors) = (run()?, vectors()?);
        let leaves: Vec<_> = vectors.iter().map(|vector| vector.leaf(run)).collect();
        assert_eq!(leaves.len(), 7);
        for (leaf, vector) in leaves.iter().zip(&vectors) {
            // A leaf's hash is the root over it alone; the builder wants ordinals from 0, so ask the tree itself.
            let (mut tree, mut bytes) = (Tree::default(), Vec::new());
            leaf.write_to(&mut bytes)?;
            tree.push(&bytes);
            assert_eq!(hex::encode(tree.root()), vector.hash, "ordinal {}", leaf.ordinal);
        }
        let roots = table("| leaves | root |");
        assert_eq!(roots.len(), 8);
        for row in roots {
            let count: usize = row[0].parse()?;
            assert_eq!(root(&leaves[..count])?, row[1], "{count} leaves");
        }
        Ok(())
    }

    #[test]
    fn the_documents_first_leaf_has_the_documents_bytes() -> TestResult {
        let dump = DOCUMENT.lines().map(str::trim).skip_while(|line| !line.starts_with("0101"));
        let expected: String = dump.take_while(|line| !line.is_empty()).collect();
        let mut bytes = Vec::new();
        Leaf { run: run()?, ordinal: 0, payee_key: &1001_u64.to_be_bytes(), units: 1, asset: ASSET }
            .write_to(&mut bytes)?;
        assert_eq!(hex::encode(bytes), expected);
        Ok(())
    }

    #[test]
    fn every_field_changes_the_root() -> TestResult {
        let leaf = Leaf { run: run()?, ordinal: 0, payee_key: &[1, 2, 3], units: 5, asset: ASSET };
        let other_run = [0; 16];
        let changed = [
            Leaf { run: other_run, ..leaf },
            Leaf { payee_key: &[1, 2, 4], ..leaf },
            Leaf { payee_key: &[1, 2], ..leaf },
            Leaf { units: 6, ..leaf },
            Leaf { asset: "hedera:mainnet/token:0.0.456858", ..leaf },
        ];
        for other in changed {
            assert_ne!(root(&[other])?, root(&[leaf])?, "{other:?}");
        }
        let next = Leaf { ordinal: 1, ..leaf };
        assert_ne!(root(&[leaf])?, root(&[leaf, next])?);
        Ok(())
    }

    #[test]
    fn leaves_out_of_order_are_refused_and_not_added() -> TestResult {
        let leaf = Leaf { run: run()?, ordinal: 0, payee_key: &[7], units: 1, asset: ASSET };
        let second = Leaf { ordinal: 1, ..leaf };
        let mut builder = RootBuilder::new();
        assert_eq!(builder.push(&second), Err(LeafError::OutOfOrder { expected: 0, found: 1 }));
        builder.push(&leaf)?;
        assert_eq!(builder.push(&leaf), Err(LeafError::OutOfOrder { expected: 1, found: 0 }));
        let long = vec![0; 65_536];
        assert_eq!(builder.push(&Leaf { payee_key: &long, ..second }), Err(LeafError::TooLong));
        builder.push(&Leaf { payee_key: &long[1..], ..second })?;
        assert_eq!(builder.len(), 2);
        builder.push(&Leaf { ordinal: 2, ..leaf })?;
        Ok(())
    }
}
