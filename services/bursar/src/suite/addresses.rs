//! Where the running suite can be reached: what `bursar up` prints, kept in the folder while it runs.

use serde::{Deserialize, Serialize};

use super::data_dir::{self, DataDirError, Layout};

/// Addresses of a running suite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// The gateway: `http://127.0.0.1:PORT`.
    pub gateway: String,
    /// The sandbox's control API; absent on a real network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox_control: Option<String>,
    /// The network's mirror nodes.
    pub mirrors: Vec<String>,
    /// The network's consensus nodes, `0.0.3=127.0.0.1:PORT`.
    pub nodes: Vec<String>,
    /// The network's name.
    pub network: String,
    /// The account that pays when nothing else is said ("0.0.1001").
    pub operator_account: String,
    /// The name of its key in execution's key folder, for `bursar funding create`.
    pub operator_key_reference: String,
    /// The folder.
    pub data: String,
    /// The serving process.
    pub process: u32,
}

/// The addresses in the folder; `None` when none were written. They may be those of a process that was killed.
pub(super) fn read(layout: &Layout) -> Result<Option<Addresses>, DataDirError> {
    let path = layout.addresses();
    let Some(bytes) = data_dir::read(&path)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|source| DataDirError::Damaged { path, source })
}

/// Makes the addresses known to commands that are given the folder.
pub(super) fn publish(layout: &Layout, addresses: &Addresses) -> Result<(), DataDirError> {
    let path = layout.addresses();
    let text = serde_json::to_vec(addresses)
        .map_err(|source| DataDirError::Damaged { path: path.clone(), source })?;
    data_dir::write(&path, &text)
}

/// Takes them back; called by the process that published them.
pub(super) fn withdraw(layout: &Layout) {
    if let Err(error) = std::fs::remove_file(layout.addresses()) {
        tracing::warn!(%error, "the file with the addresses could not be removed");
    }
}
