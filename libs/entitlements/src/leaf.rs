//! The canonical bytes of one entitlement.

/// The first byte of every leaf. A new layout gets a new number.
const LAYOUT_VERSION: u8 = 1;

/// What one payee gets from a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf<'a> {
    /// The run's id, the 16 bytes of its UUID.
    pub run: [u8; 16],
    /// The payee's place in the run, from 0 without gaps.
    pub ordinal: u32,
    /// Who is paid. Hedera: the account number, 8 bytes, big-endian; else the reference in UTF-8.
    pub payee_key: &'a [u8],
    /// Smallest units of the asset.
    pub units: u128,
    /// The code of the asset that is paid, not of the one that is held.
    pub asset: &'a str,
}

/// The leaf cannot be the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// The ordinals are not 0, 1, 2 and so on.
    #[error("expected ordinal {expected}, found {found}")]
    OutOfOrder {
        /// The ordinal that is next.
        expected: u64,
        /// The leaf's.
        found: u32,
    },
    /// The payee key or the asset code has more than 65,535 bytes.
    #[error("a payee key or an asset code is longer than 65535 bytes")]
    TooLong,
}

impl Leaf<'_> {
    /// Appends the bytes that `docs/ENTITLEMENTS.md` defines. On an error `bytes` holds a part of them.
    pub(crate) fn write_to(&self, bytes: &mut Vec<u8>) -> Result<(), LeafError> {
        bytes.push(LAYOUT_VERSION);
        bytes.extend_from_slice(&self.run);
        bytes.extend_from_slice(&self.ordinal.to_be_bytes());
        write_with_length(bytes, self.payee_key)?;
        bytes.extend_from_slice(&self.units.to_be_bytes());
        write_with_length(bytes, self.asset.as_bytes())
    }
}

fn write_with_length(bytes: &mut Vec<u8>, field: &[u8]) -> Result<(), LeafError> {
    let length = u16::try_from(field.len()).map_err(|_| LeafError::TooLong)?;
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(field);
    Ok(())
}
