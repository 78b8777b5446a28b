//! Transfers as a node would read them.

mod sdk;

use std::sync::LazyLock;

use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use proptest::collection::btree_map;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use prost::Message;
use sha2::{Digest, Sha384};

use super::{Asset, PrepareError, Signers, TRANSACTION_MAX_BYTES, TransferPlan, prepare};
use crate::hapi;
use crate::ids::{AccountId, TokenId};
use crate::key::{Ed25519Key, Signer};

fn account(num: u64) -> AccountId {
    AccountId::from_num(num).expect("a number in range")
}

fn token() -> Asset {
    Asset::Token { id: TokenId::from_num(456_858).expect("a number in range"), decimals: 6 }
}

static NODES: LazyLock<[AccountId; 2]> = LazyLock::new(|| [3, 4].map(account));

/// Calls `with` on a plan of these recipients; everything else is ordinary.
fn planned<'a, T>(
    asset: Asset,
    recipients: &'a [(AccountId, u64)],
    with: impl FnOnce(TransferPlan<'a>) -> T,
) -> T {
    with(TransferPlan {
        payer: account(1001),
        sender: account(1001),
        asset,
        recipients,
        memo: "att_0192f0c1",
        valid_start_ns: 1_795_188_269_124_372_290,
        valid_duration_s: 120,
        max_fee_tinybars: 100_000_000,
        nodes: NODES.as_slice(),
    })
}

fn key(seed: u8) -> Ed25519Key {
    Ed25519Key::from_seed(&[seed; 32])
}

fn refusal<'a>(
    recipients: &'a [(AccountId, u64)],
    change: impl FnOnce(&mut TransferPlan<'a>),
) -> PrepareError {
    let payer = key(1);
    planned(Asset::Hbar, recipients, |mut plan| {
        change(&mut plan);
        prepare(&plan, Signers { payer: &payer, sender: None }).expect_err("an impossible plan")
    })
}

fn read(bytes: &[u8]) -> (hapi::SignedTransaction, hapi::TransactionBody) {
    let transaction = hapi::Transaction::decode(bytes).expect("a transaction");
    let signed =
        hapi::SignedTransaction::decode(transaction.signed_transaction_bytes.as_slice()).expect("signed");
    let body = hapi::TransactionBody::decode(signed.body_bytes.as_slice()).expect("a body");
    (signed, body)
}

fn amounts(body: &hapi::TransactionBody) -> Vec<i64> {
    let Some(hapi::transaction_body::Data::CryptoTransfer(transfer)) = &body.data else {
        panic!("not a transfer: {body:?}")
    };
    let hbar = transfer.transfers.iter().flat_map(|list| &list.account_amounts);
    let tokens = transfer.token_transfers.iter().flat_map(|list| &list.transfers);
    hbar.chain(tokens).map(|change| change.amount).collect()
}

fn asset() -> impl Strategy<Value = Asset> {
    prop_oneof![Just(Asset::Hbar), Just(token())]
}

proptest! {
    #[test]
    fn copies_are_equal_every_time_zero_sum_and_small(
        asset in asset(),
        people in btree_map(2000_u64..=i64::MAX.unsigned_abs(), 1..=i64::MAX.unsigned_abs() / 9, 1..=9),
        memo in ".{0,25}".prop_filter("no zero byte", |memo| !memo.contains('\0')),
    ) {
        let recipients: Vec<_> = people.into_iter().map(|(num, units)| (account(num), units)).collect();
        let (payer, sender) = (key(1), key(2));
        planned(asset, &recipients, |mut plan| {
            plan.memo = &memo;
            plan.sender = account(1002);
            let signers = Signers { payer: &payer, sender: Some(&sender) };
            let copies = prepare(&plan, signers).expect("a possible plan");
            assert_eq!(copies, prepare(&plan, signers).expect("the same plan"));
            for copy in &copies {
                let (_, body) = read(&copy.bytes);
                let amounts = amounts(&body);
                assert_eq!(amounts.len(), recipients.len() + 1);
                assert_eq!(amounts.iter().map(|amount| i128::from(*amount)).sum::<i128>(), 0);
                assert!(copy.bytes.len() < TRANSACTION_MAX_BYTES);
            }
        });
    }

    #[test]
    fn any_single_amount_up_to_the_networks_limit_is_carried(units in 1..=i64::MAX.unsigned_abs(), memo in any::<bool>()) {
        let payer = key(1);
        planned(Asset::Hbar, &[(account(2000), units)], |mut plan| {
            if memo { plan.memo = ""; }
            let copies = prepare(&plan, Signers { payer: &payer, sender: None }).expect("a possible plan");
            assert_eq!(amounts(&read(&copies[0].bytes).1), [-units.cast_signed(), units.cast_signed()]);
        });
    }
}

#[test]
fn each_node_gets_its_own_copy_of_one_transaction() {
    let payer = key(1);
    let copies = planned(token(), &[(account(2000), 5)], |plan| {
        prepare(&plan, Signers { payer: &payer, sender: None }).expect("a possible plan")
    });
    let bodies: Vec<_> = copies.iter().map(|copy| read(&copy.bytes).1).collect();
    assert_eq!(copies.iter().map(|copy| copy.node).collect::<Vec<_>>(), *NODES);
    assert_eq!(bodies[0].transaction_id, bodies[1].transaction_id);
    assert_eq!(bodies[0].data, bodies[1].data);
    assert_ne!(bodies[0].node_account_id, bodies[1].node_account_id);
    assert_ne!(copies[0].hash, copies[1].hash);
}

#[test]
fn the_hash_and_the_signatures_are_those_the_network_checks() {
    let (payer, sender) = (key(1), key(2));
    let copies = planned(Asset::Hbar, &[(account(2000), 5)], |mut plan| {
        plan.sender = account(1002);
        prepare(&plan, Signers { payer: &payer, sender: Some(&sender) }).expect("a possible plan")
    });
    let copy = &copies[0];
    let transaction = hapi::Transaction::decode(copy.bytes.as_slice()).expect("a transaction");
    assert_eq!(copy.hash.as_slice(), Sha384::digest(&transaction.signed_transaction_bytes).as_slice());
    let (signed, _) = read(&copy.bytes);
    let pairs = signed.sig_map.expect("signatures").sig_pair;
    assert_eq!(pairs.len(), 2);
    for (pair, key) in pairs.iter().zip([&payer, &sender]) {
        assert_eq!(pair.pub_key_prefix, key.public_key());
        let Some(hapi::signature_pair::Signature::Ed25519(signature)) = &pair.signature else {
            panic!("{pair:?}")
        };
        let public = VerifyingKey::from_bytes(&key.public_key()).expect("a key");
        let signature = Signature::from_slice(signature).expect("64 bytes");
        assert!(public.verify(&signed.body_bytes, &signature).is_ok());
    }
}

#[test]
fn one_key_for_payer_and_sender_signs_once() {
    let payer = key(1);
    let copies = planned(Asset::Hbar, &[(account(2000), 5)], |mut plan| {
        plan.sender = account(1002);
        prepare(&plan, Signers { payer: &payer, sender: Some(&key(1)) }).expect("a possible plan")
    });
    assert_eq!(read(&copies[0].bytes).0.sig_map.expect("signatures").sig_pair.len(), 1);
}

#[test]
fn a_token_transfer_names_its_decimals_and_carries_no_hbar() {
    let payer = key(1);
    let copies = planned(token(), &[(account(2000), 5)], |plan| {
        prepare(&plan, Signers { payer: &payer, sender: None }).expect("a possible plan")
    });
    let (_, body) = read(&copies[0].bytes);
    let Some(hapi::transaction_body::Data::CryptoTransfer(transfer)) = body.data else {
        panic!("not a transfer")
    };
    assert_eq!(transfer.transfers, Some(hapi::TransferList::default()));
    assert_eq!(transfer.token_transfers[0].expected_decimals, Some(6));
}

#[test]
fn impossible_recipients_are_refused() {
    let ten: Vec<_> = (2000..2010).map(|num| (account(num), 1)).collect();
    let (a, b) = (account(2000), account(2001));
    let max = i64::MAX.unsigned_abs();
    assert_eq!(refusal(&[], |_| ()), PrepareError::NoRecipients);
    assert_eq!(refusal(&ten, |_| ()), PrepareError::TooManyRecipients(10));
    assert_eq!(refusal(&[(a, 1), (b, 0)], |_| ()), PrepareError::ZeroAmount(b));
    assert_eq!(refusal(&[(a, 1), (a, 2)], |_| ()), PrepareError::RepeatedRecipient(a));
    assert_eq!(refusal(&[(account(1001), 1)], |_| ()), PrepareError::SenderIsRecipient(account(1001)));
    assert_eq!(refusal(&[(a, max + 1)], |_| ()), PrepareError::AmountTooLarge(a));
    assert_eq!(refusal(&[(a, max), (b, 1)], |_| ()), PrepareError::AmountTooLarge(b));
}

#[test]
fn impossible_envelopes_are_refused() {
    let long = "é".repeat(51);
    let one = [(account(2000), 1)];
    assert_eq!(refusal(&one, |plan| plan.memo = "a\0b"), PrepareError::MemoHasZeroByte);
    assert_eq!(refusal(&one, |plan| plan.valid_duration_s = 14), PrepareError::ValidDuration(14));
    assert_eq!(refusal(&one, |plan| plan.valid_duration_s = 181), PrepareError::ValidDuration(181));
    assert_eq!(refusal(&one, |plan| plan.valid_start_ns = -1), PrepareError::ValidStart(-1));
    assert_eq!(refusal(&one, |plan| plan.valid_start_ns = i64::MAX), PrepareError::ValidStart(i64::MAX));
    assert_eq!(refusal(&one, |plan| plan.max_fee_tinybars = 0), PrepareError::MaxFee(0));
    assert_eq!(refusal(&one, |plan| plan.nodes = &[]), PrepareError::NoNodes);
    assert_eq!(refusal(&one, |plan| plan.sender = account(1002)), PrepareError::SenderKeyMissing);
    let payer = key(1);
    let (memo, twice) = planned(Asset::Hbar, &one, |plan| {
        let signers = Signers { payer: &payer, sender: None };
        let nodes = [account(3), account(3)];
        (
            prepare(&TransferPlan { memo: &long, ..plan }, signers),
            prepare(&TransferPlan { nodes: &nodes, ..plan }, signers),
        )
    });
    assert_eq!(memo, Err(PrepareError::MemoTooLong(102)));
    assert_eq!(twice, Err(PrepareError::RepeatedNode(account(3))));
}
