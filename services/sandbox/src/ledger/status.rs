//! The network's status codes, by their own names.

use serde::{Deserialize, Deserializer, Serializer};

/// A status: the network's `ResponseCodeEnum`.
pub use crate::hapi::ResponseCodeEnum as Status;

/// Whether copies with this status are left out of duplicate detection: the node, not the payer, was at fault, and
/// another node's copy of the same id can still succeed.
pub fn is_nodes_fault(status: Status) -> bool {
    matches!(status, Status::InvalidNodeAccount | Status::InvalidPayerSignature)
}

/// Serialises a status as its name; for `#[serde(with = …)]` on `Option<Status>`.
pub mod optional_name {
    use super::{Deserialize, Deserializer, Serializer, Status};

    /// Writes the name.
    pub fn serialize<S: Serializer>(status: &Option<Status>, serializer: S) -> Result<S::Ok, S::Error> {
        match status {
            Some(status) => serializer.serialize_str(status.as_str_name()),
            None => serializer.serialize_none(),
        }
    }

    /// Reads the name.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Status>, D::Error> {
        let name = Option::<String>::deserialize(deserializer)?;
        name.map(|name| {
            let unknown = || serde::de::Error::custom(format!("{name} is no status of the network"));
            Status::from_str_name(&name).ok_or_else(unknown)
        })
        .transpose()
    }
}
