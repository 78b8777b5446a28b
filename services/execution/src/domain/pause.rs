//! Pauses: what people have stopped, and until when.

use std::time::SystemTime;

use ids::{AssetId, PauseId, RunId};

/// What a pause holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every run there is and will be.
    Everything,
    /// Every run of one asset.
    Asset(AssetId),
    /// One run.
    Run(RunId),
}

/// Something stopped by a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Its id.
    pub id: PauseId,
    /// What it holds.
    pub scope: Scope,
    /// Who stopped it, when and why.
    pub paused: Word,
    /// Who let it go on, when and why; none while it holds.
    pub resumed: Option<Word>,
}

/// What a person did, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: SystemTime,
}
