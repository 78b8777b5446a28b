//! How far a mirror node is: `/api/v1/blocks`. The network makes a block every few seconds, whether or not anybody pays.

use serde::Deserialize;

use super::{Mirror, MirrorError};
use crate::time::parse_ns;

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its number.
    pub number: u64,
    /// The consensus time at which it ends, in nanoseconds since the epoch.
    pub end_ns: i64,
}

#[derive(Deserialize)]
struct Answer {
    blocks: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    number: u64,
    timestamp: Range,
}

#[derive(Deserialize)]
struct Range {
    to: String,
}

impl Mirror {
    /// The newest block that the replica that answers has; `None` when it has none yet.
    pub async fn newest_block(&self) -> Result<Option<Block>, MirrorError> {
        const PATH: &str = "/api/v1/blocks?limit=1&order=desc";
        let answer: Answer = self.http.get(PATH).await?;
        let Some(row) = answer.blocks.into_iter().next() else { return Ok(None) };
        let end_ns = parse_ns(&row.timestamp.to).map_err(|cause| MirrorError::malformed(PATH, cause))?;
        Ok(Some(Block { number: row.number, end_ns }))
    }
}
