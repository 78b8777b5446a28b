//! The Merkle tree hash of RFC 6962, section 2.1, over byte strings that arrive one after another.

use sha2::{Digest, Sha256};

/// RFC 6962: without different prefixes an inner node could be passed off as a leaf.
const LEAF_PREFIX: [u8; 1] = [0];
const NODE_PREFIX: [u8; 1] = [1];

type Hash = [u8; 32];

/// The right edge of a growing tree: the roots of its complete subtrees, from the largest to the smallest.
///
/// Invariant: one root for each bit that is set in `leaves`, so at most 64. RFC 6962 splits n leaves at the largest
/// power of two below n, which makes exactly these subtrees.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    leaves: u64,
    complete: Vec<Hash>,
}

impl Tree {
    pub(crate) fn len(&self) -> u64 {
        self.leaves
    }

    pub(crate) fn push(&mut self, leaf: &[u8]) {
        let mut hash = hash(LEAF_PREFIX, leaf, &[]);
        // Each trailing one-bit is a subtree as large as the one at hand; together they make the next larger.
        for _ in 0..self.leaves.trailing_ones() {
            let left = self.complete.pop().expect("there is a subtree for each bit that is set");
            hash = hash_node(&left, &hash);
        }
        self.complete.push(hash);
        self.leaves += 1;
    }

    pub(crate) fn root(self) -> Hash {
        let smallest_first = self.complete.into_iter().rev();
        smallest_first
            .reduce(|right, left| hash_node(&left, &right))
            .unwrap_or_else(|| Sha256::digest([]).into())
    }
}

fn hash_node(left: &Hash, right: &Hash) -> Hash {
    hash(NODE_PREFIX, left, right)
}

fn hash(prefix: [u8; 1], first: &[u8], second: &[u8]) -> Hash {
    Sha256::new().chain_update(prefix).chain_update(first).chain_update(second).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(leaves: &[impl AsRef<[u8]>]) -> Hash {
        let mut tree = Tree::default();
        for leaf in leaves {
            tree.push(leaf.as_ref());
        }
        tree.root()
    }

    /// The recursive definition, word for word.
    fn definition(leaves: &[impl AsRef<[u8]>]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [leaf] => hash(LEAF_PREFIX, leaf.as_ref(), &[]),
            _ => {
                let half = leaves.len().next_power_of_two() / 2;
                hash_node(&definition(&leaves[..half]), &definition(&leaves[half..]))
            }
        }
    }

    /// The roots of the reference implementation, google/certificate-transparency, `merkle_tree_test.cc`, after each of
    /// its eight inputs.
    #[test]
    fn the_reference_inputs_give_the_reference_roots() -> Result<(), hex::FromHexError> {
        let inputs = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        let inputs = inputs.into_iter().map(hex::decode).collect::<Result<Vec<_>, _>>()?;
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (count, expected) in roots.into_iter().enumerate() {
            assert_eq!(hex::encode(root(&inputs[..count])), expected, "{count} inputs");
        }
        Ok(())
    }

    #[test]
    fn growing_by_one_leaf_agrees_with_the_recursive_definition() {
        let leaves: Vec<[u8; 4]> = (0..300_u32).map(u32::to_be_bytes).collect();
        for count in 0..=leaves.len() {
            assert_eq!(root(&leaves[..count]), definition(&leaves[..count]), "{count} leaves");
        }
    }

    #[test]
    fn a_million_leaves_are_held_as_one_hash_per_level() {
        let mut tree = Tree::default();
        for leaf in 0..1_000_000_u32 {
            tree.push(&leaf.to_be_bytes());
            assert!(tree.complete.len() <= 20);
        }
        assert_eq!(tree.len(), 1_000_000);
    }
}
