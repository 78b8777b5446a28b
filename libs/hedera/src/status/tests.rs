//! The tables, number by number, as the network's documentation and source give them.

use super::{Class, Precheck, Receipt, Status, hint, precheck, reason, receipt};
use crate::hapi::ResponseCodeEnum;

/// Number, HAPI's name, meaning as a precheck, meaning in a receipt.
type Row = (i32, &'static str, Precheck, Receipt);

const fn both(number: i32, name: &'static str, class: Class) -> Row {
    (number, name, Precheck::Refused(class), Receipt::Dead(class))
}

const fn unsettled(number: i32, name: &'static str, heard: Precheck) -> Row {
    (number, name, heard, Receipt::Unknown)
}

const WAITING: [Row; 16] = [
    unsettled(0, "OK", Precheck::Accepted),
    (3, "INVALID_NODE_ACCOUNT", Precheck::WrongNode, Receipt::KeepUntilExpiry),
    (4, "TRANSACTION_EXPIRED", Precheck::Unknown, Receipt::Dead(Class::Retryable)),
    unsettled(5, "INVALID_TRANSACTION_START", Precheck::ClockAhead),
    (9, "INSUFFICIENT_TX_FEE", Precheck::Refused(Class::Retryable), Receipt::Dead(Class::Retryable)),
    unsettled(11, "DUPLICATE_TRANSACTION", Precheck::Duplicate),
    unsettled(12, "BUSY", Precheck::RetrySameId),
    (18, "RECEIPT_NOT_FOUND", Precheck::Unknown, Receipt::NotYet),
    (19, "RECORD_NOT_FOUND", Precheck::Unknown, Receipt::NotYet),
    (21, "UNKNOWN", Precheck::Unknown, Receipt::NotYet),
    (22, "SUCCESS", Precheck::Unknown, Receipt::Success),
    unsettled(67, "PLATFORM_NOT_ACTIVE", Precheck::RetrySameId),
    unsettled(69, "PLATFORM_TRANSACTION_NOT_CREATED", Precheck::RetrySameId),
    (366, "THROTTLED_AT_CONSENSUS", Precheck::Unknown, Receipt::Dead(Class::Retryable)),
    unsettled(375, "WAITING_FOR_LEDGER_ID", Precheck::RetrySameId),
    unsettled(396, "CREATING_SYSTEM_ENTITIES", Precheck::RetrySameId),
];

const RECIPIENT: [Row; 9] = [
    (7, "INVALID_SIGNATURE", Precheck::Refused(Class::Operator), Receipt::Dead(Class::Recipient)),
    both(15, "INVALID_ACCOUNT_ID", Class::Recipient),
    both(72, "ACCOUNT_DELETED", Class::Recipient),
    both(165, "ACCOUNT_FROZEN_FOR_TOKEN", Class::Recipient),
    both(176, "ACCOUNT_KYC_NOT_GRANTED_FOR_TOKEN", Class::Recipient),
    both(184, "TOKEN_NOT_ASSOCIATED_TO_ACCOUNT", Class::Recipient),
    both(223, "ACCOUNT_EXPIRED_AND_PENDING_REMOVAL", Class::Recipient),
    both(262, "NO_REMAINING_AUTOMATIC_ASSOCIATIONS", Class::Recipient),
    both(282, "INVALID_ALIAS_KEY", Class::Recipient),
];

const OPERATOR: [Row; 14] = [
    both(2, "PAYER_ACCOUNT_NOT_FOUND", Class::Operator),
    both(10, "INSUFFICIENT_PAYER_BALANCE", Class::Operator),
    both(13, "NOT_SUPPORTED", Class::Operator),
    both(28, "INSUFFICIENT_ACCOUNT_BALANCE", Class::Operator),
    (43, "INVALID_PAYER_SIGNATURE", Precheck::Refused(Class::Operator), Receipt::KeepUntilExpiry),
    both(157, "UNAUTHORIZED", Class::Operator),
    both(167, "INVALID_TOKEN_ID", Class::Operator),
    both(178, "INSUFFICIENT_TOKEN_BALANCE", Class::Operator),
    both(179, "TOKEN_WAS_DELETED", Class::Operator),
    both(256, "PAYER_ACCOUNT_DELETED", Class::Operator),
    both(259, "INSUFFICIENT_SENDER_ACCOUNT_BALANCE_FOR_CUSTOM_FEE", Class::Operator),
    both(265, "TOKEN_IS_PAUSED", Class::Operator),
    both(292, "SPENDER_DOES_NOT_HAVE_ALLOWANCE", Class::Operator),
    both(293, "AMOUNT_EXCEEDS_ALLOWANCE", Class::Operator),
];

const BUG: [Row; 15] = [
    both(6, "INVALID_TRANSACTION_DURATION", Class::Bug),
    both(8, "MEMO_TOO_LONG", Class::Bug),
    both(48, "INVALID_ACCOUNT_AMOUNTS", Class::Bug),
    both(50, "INVALID_TRANSACTION_BODY", Class::Bug),
    both(64, "TRANSACTION_OVERSIZE", Class::Bug),
    both(74, "ACCOUNT_REPEATED_IN_ACCOUNT_AMOUNTS", Class::Bug),
    both(92, "TRANSFER_LIST_SIZE_LIMIT_EXCEEDED", Class::Bug),
    both(173, "TRANSFERS_NOT_ZERO_SUM_FOR_TOKEN", Class::Bug),
    both(198, "TOKEN_TRANSFER_LIST_SIZE_LIMIT_EXCEEDED", Class::Bug),
    both(258, "CUSTOM_FEE_CHARGING_EXCEEDED_MAX_ACCOUNT_AMOUNTS", Class::Bug),
    both(283, "UNEXPECTED_TOKEN_DECIMALS", Class::Bug),
    both(330, "TRANSACTION_HAS_UNKNOWN_FIELDS", Class::Bug),
    both(388, "BATCH_LIST_EMPTY", Class::Bug),
    both(390, "BATCH_TRANSACTION_IN_BLACKLIST", Class::Bug),
    both(391, "INNER_TRANSACTION_FAILED", Class::Bug),
];

fn table() -> impl Iterator<Item = Row> {
    WAITING.into_iter().chain(RECIPIENT).chain(OPERATOR).chain(BUG)
}

#[test]
fn every_listed_number_means_what_the_table_says() {
    for (number, name, heard, settled) in table() {
        let status = Status(number);
        assert_eq!(reason(status), name);
        assert_eq!(Status::from_name(name), Some(status));
        assert_eq!(precheck(status), heard, "{status} as a precheck");
        assert_eq!(receipt(status), settled, "{status} in a receipt");
    }
}

#[test]
fn every_other_number_is_unknown_wherever_it_is_heard() {
    let listed: Vec<i32> = table().map(|row| row.0).collect();
    let others = (-10..2000).filter(|number| !listed.contains(number)).chain([i32::MIN, i32::MAX]);
    for status in others.map(Status) {
        assert_eq!(precheck(status), Precheck::Unknown, "{status} as a precheck");
        assert_eq!(receipt(status), Receipt::Unknown, "{status} in a receipt");
    }
    for internal_failure in [23, 24, 25] {
        assert_ne!(Status(internal_failure).name(), "UNRECOGNISED_STATUS");
    }
}

#[test]
fn a_number_without_a_name_is_kept() {
    assert_eq!(Status(9999).name(), "UNRECOGNISED_STATUS");
    assert_eq!(Status(9999).to_string(), "UNRECOGNISED_STATUS (9999)");
    assert_eq!(Status::from_name("NO_SUCH_CODE"), None);
}

#[test]
fn every_blamed_status_has_advice_of_its_own() {
    let nothing = hint(Status(ResponseCodeEnum::InvalidTransaction as i32));
    for (number, name, heard, _) in WAITING.into_iter().chain(RECIPIENT).chain(OPERATOR) {
        assert_ne!(hint(Status(number)), nothing, "{name} {heard:?}");
    }
    assert!(hint(Status(9999)).contains("mirror node"));
}
