//! Transfers, ready to send. Pure: the same plan and keys give the same bytes.

mod body;
mod plan;

use prost::Message;
use sha2::{Digest, Sha384};

pub use plan::{Asset, MEMO_MAX_BYTES, PrepareError, RECIPIENTS_MAX, TransferPlan};

use crate::hapi;
use crate::ids::AccountId;
use crate::key::Signer;

/// The most bytes a node takes, signatures included. A full transfer is far below it.
pub const TRANSACTION_MAX_BYTES: usize = 6144;

/// Seconds before the end of its validity from which on nodes refuse a transaction as expired (HAPI,
/// hedera.transaction.minValidityBufferSecs).
pub const VALIDITY_BUFFER_S: u32 = 10;

/// Who signs: the payer of the fees and, when the money comes from another account, that account too.
#[derive(Clone, Copy)]
pub struct Signers<'a> {
    /// The payer's key.
    pub payer: &'a dyn Signer,
    /// The sender's key. Needed when sender and payer differ; not used when they are one account.
    pub sender: Option<&'a dyn Signer>,
}

/// A signed transfer for one node. All copies of a plan share the transaction id, so that at most one of them takes effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCopy {
    /// The only node that may take it.
    pub node: AccountId,
    /// A HAPI `Transaction`, to be stored before the first send and sent as it is.
    pub bytes: Vec<u8>,
    /// SHA-384 of the signed transaction: what a mirror node shows as `transaction_hash`, and the proof that a record is of this copy.
    pub hash: [u8; 48],
}

/// Makes one signed copy of the plan for each of its nodes, in their order.
pub fn prepare(plan: &TransferPlan<'_>, signers: Signers<'_>) -> Result<Vec<SignedCopy>, PrepareError> {
    let debit = plan.check()?;
    let keys = keys(plan, signers)?;
    plan.nodes.iter().map(|node| sign(*node, &body::encode(plan, *node, debit), &keys)).collect()
}

/// The keys that must sign, each once: the network refuses a signature list that names a key twice.
fn keys<'a>(plan: &TransferPlan<'_>, signers: Signers<'a>) -> Result<Vec<&'a dyn Signer>, PrepareError> {
    let mut keys = vec![signers.payer];
    if plan.payer != plan.sender {
        let sender = signers.sender.ok_or(PrepareError::SenderKeyMissing)?;
        if sender.public_key() != signers.payer.public_key() {
            keys.push(sender);
        }
    }
    Ok(keys)
}

fn sign(node: AccountId, body_bytes: &[u8], keys: &[&dyn Signer]) -> Result<SignedCopy, PrepareError> {
    let pairs = keys.iter().map(|key| hapi::SignaturePair {
        pub_key_prefix: key.public_key().to_vec(),
        signature: Some(hapi::signature_pair::Signature::Ed25519(key.sign(body_bytes).to_vec())),
    });
    let signed = hapi::SignedTransaction {
        body_bytes: body_bytes.to_vec(),
        sig_map: Some(hapi::SignatureMap { sig_pair: pairs.collect() }),
        use_serialized_tx_message_hash_algorithm: false,
    };
    let signed_transaction_bytes = signed.encode_to_vec();
    let hash = Sha384::digest(&signed_transaction_bytes).into();
    let bytes = hapi::Transaction { signed_transaction_bytes, ..Default::default() }.encode_to_vec();
    if bytes.len() > TRANSACTION_MAX_BYTES {
        return Err(PrepareError::TooLarge(bytes.len()));
    }
    Ok(SignedCopy { node, bytes, hash })
}

#[cfg(test)]
mod tests;
