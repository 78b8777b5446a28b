//! `bursar distribution approve`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proto::distribution::v1::ApproveDistributionRequest;

use super::show;
use crate::edge::json;
use crate::error::CommandError;
use crate::session::Session;

/// Agree that it is paid; needs the role APPROVER, and to have had no part in it. For redemptions too.
#[derive(Debug, clap::Args)]
pub struct Approve {
    /// The distribution ("dst_…").
    distribution_id: String,
    /// What is approved: the hash that `distribution show` says, or approval.hash of its JSON.
    #[arg(long, value_parser = hash)]
    hash: Hash,
}

/// What is approved or rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hash(pub(super) Vec<u8>);

/// 32 bytes, in hexadecimal digits or as JSON has them.
pub(super) fn hash(text: &str) -> Result<Hash, String> {
    let bytes = hex::decode(text).ok().or_else(|| STANDARD.decode(text).ok());
    let bytes = bytes.filter(|bytes| bytes.len() == 32);
    bytes.map(Hash).ok_or_else(|| "a hash is 64 hexadecimal digits".to_owned())
}

impl Approve {
    /// Approves, and prints it.
    pub async fn run(self, session: &Session) -> Result<(), CommandError> {
        let request = ApproveDistributionRequest { distribution_id: self.distribution_id, hash: self.hash.0 };
        let answer = session.edge.approvals().approve_distribution(request).await?.into_inner();
        let distribution = answer.distribution.ok_or(CommandError::missing("distribution"))?;
        let text = || show::distribution(&distribution);
        Ok(session.screen.answer(|| json::of("bursar.distribution.v1.Distribution", &distribution), text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::{Hash, hash};

    #[test]
    fn a_hash_is_typed_in_hexadecimal_digits_or_as_json_has_it() {
        assert_eq!(hash(&"07".repeat(32)), Ok(Hash(vec![7; 32])));
        assert_eq!(hash("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="), Ok(Hash(vec![7; 32])));
        for bad in ["", "07", "0x07", &"07".repeat(31), &"0g".repeat(32)] {
            assert!(hash(bad).is_err(), "{bad}");
        }
    }
}
