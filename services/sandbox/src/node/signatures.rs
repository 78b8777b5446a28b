//! Which of the keys that matter have signed.

use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _, VerifyingKey};

use super::decode::Decoded;
use crate::hapi::SignatureMap;
use crate::hapi::signature_pair::Signature as Wire;
use crate::ledger::ids::PublicKey;
use crate::ledger::transaction::Submission;
use crate::world::World;

/// The submission with the keys that signed it. Only keys that the ledger will ask for are checked, outside its lock.
pub(super) fn check(decoded: Decoded, world: &World, skip: bool) -> Submission {
    let Decoded { submission, body, signatures } = decoded;
    let mut signers = world.read().required_keys(&submission);
    signers.retain(|key| skip || has_signed(key, world.operator(), &body, &signatures));
    Submission { signers, ..submission }
}

fn has_signed(
    key: &PublicKey,
    operator: Option<&SigningKey>,
    body: &[u8],
    signatures: &SignatureMap,
) -> bool {
    let of_key = signatures.sig_pair.iter().filter(|pair| key.0.starts_with(&pair.pub_key_prefix));
    let mut given = of_key.filter_map(|pair| match &pair.signature {
        Some(Wire::Ed25519(bytes)) => Signature::from_slice(bytes).ok(),
        _ => None,
    });
    // What the operator's key gives (RFC 8032) is good without being verified, and is made in half the time.
    let operator = operator.filter(|operator| operator.verifying_key().as_bytes() == &key.0);
    let expected = operator.map(|operator| operator.sign(body));
    given.any(|signature| Some(signature) == expected || verifies(key, body, &signature))
}

fn verifies(key: &PublicKey, body: &[u8], signature: &Signature) -> bool {
    VerifyingKey::from_bytes(&key.0).is_ok_and(|key| key.verify(body, signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hapi::SignaturePair;
    use crate::ledger::ids::HexBytes;

    const BODY: &[u8] = b"body";

    fn signed(by: &SigningKey, body: &[u8]) -> SignatureMap {
        let signature = Wire::Ed25519(by.sign(body).to_bytes().to_vec());
        SignatureMap {
            sig_pair: vec![SignaturePair { pub_key_prefix: Vec::new(), signature: Some(signature) }],
        }
    }

    #[test]
    fn knowing_the_operators_key_changes_no_verdict() {
        let [operator, other] = [7, 8].map(|seed| SigningKey::from_bytes(&[seed; 32]));
        for key in [&operator, &other] {
            let public = HexBytes(key.verifying_key().to_bytes());
            for known in [None, Some(&operator)] {
                assert!(has_signed(&public, known, BODY, &signed(key, BODY)));
                assert!(!has_signed(&public, known, BODY, &signed(key, b"another body")));
                let wrong = if key == &operator { &other } else { &operator };
                assert!(!has_signed(&public, known, BODY, &signed(wrong, BODY)));
                assert!(!has_signed(&public, known, BODY, &SignatureMap::default()));
            }
        }
    }
}
