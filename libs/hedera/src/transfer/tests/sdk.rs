//! The same transfer made by the official JavaScript SDK (`@hiero-ledger/sdk` 2.87.0): 12 units from 0.0.1002, 5 to 0.0.2000 and 7
//! to 0.0.2001, paid by 0.0.1001, for node 0.0.3. It writes zeros out where Protobuf allows to leave them away, so the bytes
//! differ; what they say must not. `tests/judges/hedera_sdk.mjs read` looks from the other side.

use prost::Message;
use sha2::{Digest, Sha384};

use super::{account, key, planned, read, token};
use crate::hapi;
use crate::key::Signer;
use crate::transfer::{Asset, Signers, prepare};

const SDK_TOKEN: &str = "\
    2acb020a7a0a180a0b08adcc81d80610c28aa73b12070800100018e907180012060800100018031880c2d72f22020878\
    320c6174745f3031393266306331723f0a00123b0a0808001000189af11b120d0a070800100018ea0710171800120d0a\
    070800100018d00f100a1800120d0a070800100018d10f100e18002202080612cc010a640a208a88e3dd7409f195fd52\
    db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c1a40b06f2b1e5ca96f03e87673628cfa884ac33f72e51543721d\
    7f71bf5ee69e1dd2182ec575906fbe742721abb1b35ae09c5623101ab1a74ab000d9750586e1ba040a640a208139770e\
    a87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b3941a40e42c08e845c1b406ee37196a0e346dd81786\
    3fb2dffcc6336ca397fe6c122e10508f0a27e2327dc4c1b752b2d51cbbb9fa5bad94032b3d7ebb4cc095e0653005";
const SDK_TOKEN_HASH: &str = "\
    45286c4e3293ca34ff2b0582a760687bee9c6980ddadf30718d9059b653a513173e99d47fa929c2a9e569e58a2f35b41";
const SDK_HBAR: &str = "\
    2abb020a6a0a180a0b08adcc81d80610c28aa73b12070800100018e907180012060800100018031880c2d72f22020878\
    320c6174745f3031393266306331722f0a2d0a0d0a070800100018ea07101718000a0d0a070800100018d00f100a1800\
    0a0d0a070800100018d10f100e180012cc010a640a208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf374\
    8801b40f6f5c1a4043eef6f0604ee162ec319f4fe27c85efa5bfe3c304582f6d8b9fafd9e0bae9bafacc0f8a2b5a7da6\
    7ef22d90fcfa6820d94de99678a7f206ca0352c480842d000a640a208139770ea87d175f56a35466c34c7ecccb8d8a91\
    b4ee37a25df60f5b8fc9b3941a40d08c54ef179398b471feb39fcb982c747ae470fff1086d7c75118d7fd085677cb2ec\
    6556599fc6e1cd50528261b9ed2bd21ddf8f98c32e27c06185fdb4145809";
const SDK_HBAR_HASH: &str = "\
    1514087d2447c46d487038d4deb6cf7fb1dd5a90a4118c066594a01c957c204ee3cd43935343a328d6729e9042acd89a";

fn compare(asset: Asset, sdk_hex: &str, sdk_hash: &str) {
    let (payer, sender) = (key(1), key(2));
    let recipients = [(account(2000), 5), (account(2001), 7)];
    let copies = planned(asset, &recipients, |mut plan| {
        plan.sender = account(1002);
        prepare(&plan, Signers { payer: &payer, sender: Some(&sender) }).expect("a possible plan")
    });
    let sdk_bytes = hex::decode(sdk_hex).expect("hexadecimal");
    let ((our_signed, our_body), (sdk_signed, sdk_body)) = (read(&copies[0].bytes), read(&sdk_bytes));
    assert_eq!(our_body, sdk_body);
    let signers = |signed: hapi::SignedTransaction| -> Vec<_> {
        signed.sig_map.into_iter().flat_map(|map| map.sig_pair).map(|pair| pair.pub_key_prefix).collect()
    };
    assert_eq!(signers(our_signed), [payer.public_key(), sender.public_key()]);
    assert_eq!(signers(sdk_signed), [payer.public_key(), sender.public_key()]);
    let sdk = hapi::Transaction::decode(sdk_bytes.as_slice()).expect("a transaction");
    assert_eq!(hex::encode(Sha384::digest(&sdk.signed_transaction_bytes)), sdk_hash);
}

#[test]
fn a_token_transfer_says_what_the_official_sdks_says() {
    compare(token(), SDK_TOKEN, SDK_TOKEN_HASH);
}

#[test]
fn an_hbar_transfer_says_what_the_official_sdks_says() {
    compare(Asset::Hbar, SDK_HBAR, SDK_HBAR_HASH);
}
