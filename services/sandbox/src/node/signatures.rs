//! Which of the keys that matter have signed.

use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};

use super::decode::Decoded;
use crate::hapi::signature_pair::Signature as Wire;
use crate::hapi::{SignatureMap, SignaturePair};
use crate::ledger::ids::PublicKey;
use crate::ledger::transaction::Submission;
use crate::world::World;

/// The submission with the keys that signed it. Only keys that the ledger will ask for are checked, outside its lock.
pub(super) fn check(decoded: Decoded, world: &World, skip: bool) -> Submission {
    let Decoded { submission, body, signatures } = decoded;
    let mut signers = world.read().required_keys(&submission);
    signers.retain(|key| skip || has_signed(key, &body, &signatures));
    Submission { signers, ..submission }
}

fn has_signed(key: &PublicKey, body: &[u8], signatures: &SignatureMap) -> bool {
    let Ok(verifying) = VerifyingKey::from_bytes(&key.0) else { return false };
    let of_key = |pair: &&SignaturePair| key.0.starts_with(&pair.pub_key_prefix);
    signatures.sig_pair.iter().filter(of_key).any(|pair| match &pair.signature {
        Some(Wire::Ed25519(bytes)) => {
            Signature::from_slice(bytes).is_ok_and(|signature| verifying.verify(body, &signature).is_ok())
        }
        _ => false,
    })
}
