//! From the wire to the ledger's terms.

use prost::Message as _;
use sha2::{Digest as _, Sha384};

use crate::hapi::account_id::Account;
use crate::hapi::transaction_body::Data;
use crate::hapi::{
    AccountAmount, AccountId, SignatureMap, SignedTransaction, TokenTransferList, Transaction,
    TransactionBody, TransactionId as WireId,
};
use crate::ledger::ids::{HexBytes, Timestamp, TransactionHash, TransactionId};
use crate::ledger::status::Status;
use crate::ledger::transaction::{AccountRef, Adjustment, Submission, TokenAdjustments};

/// Largest transaction in bytes, signatures included.
const MAX_BYTES: usize = 6_144;

/// A transaction whose signatures are not checked yet.
pub(super) struct Decoded {
    /// As the ledger wants it, with no signers.
    pub(super) submission: Submission,
    /// What was signed.
    pub(super) body: Vec<u8>,
    pub(super) signatures: SignatureMap,
}

/// Decodes a transaction, or says what the node answers.
pub(super) fn transaction(transaction: &Transaction) -> Result<Decoded, Status> {
    if transaction.encoded_len() > MAX_BYTES {
        return Err(Status::TransactionOversize);
    }
    let signed = &transaction.signed_transaction_bytes;
    if signed.is_empty() {
        return Err(Status::InvalidTransactionBody);
    }
    let hash = HexBytes(Sha384::digest(signed).into());
    let bytes = u64::try_from(transaction.encoded_len()).unwrap_or(u64::MAX);
    let signed = SignedTransaction::decode(signed.as_slice()).map_err(|_| Status::InvalidTransaction)?;
    let body =
        TransactionBody::decode(signed.body_bytes.as_slice()).map_err(|_| Status::InvalidTransactionBody)?;
    let signatures = signed.sig_map.unwrap_or_default();
    let count = u64::try_from(signatures.sig_pair.len()).unwrap_or(u64::MAX);
    let submission = Submission { bytes, signatures: count, ..submission(body, hash)? };
    Ok(Decoded { submission, body: signed.body_bytes, signatures })
}

/// A transaction id, if it is one that users may set.
pub(super) fn transaction_id(id: Option<WireId>) -> Result<TransactionId, Status> {
    let id = id.ok_or(Status::InvalidTransactionId)?;
    if id.scheduled || id.nonce != 0 {
        return Err(Status::TransactionIdFieldNotAllowed);
    }
    let start = id.transaction_valid_start.ok_or(Status::InvalidTransactionStart)?;
    let valid_start =
        Timestamp::from_parts(start.seconds, start.nanos).ok_or(Status::InvalidTransactionStart)?;
    match account(id.account_id) {
        Ok(AccountRef::Number(payer)) => Ok(TransactionId { payer, valid_start }),
        Ok(AccountRef::Address(_)) | Err(_) => Err(Status::PayerAccountNotFound),
    }
}

/// An account as a message names it.
pub(super) fn account(account: Option<AccountId>) -> Result<AccountRef, Status> {
    let account = account.filter(|account| account.shard_num == 0 && account.realm_num == 0);
    match account.and_then(|account| account.account).ok_or(Status::InvalidAccountId)? {
        Account::AccountNum(number) => {
            u64::try_from(number).map(AccountRef::Number).map_err(|_| Status::InvalidAccountId)
        }
        Account::Alias(alias) => {
            let address = alias.try_into().map_err(|_| Status::InvalidAliasKey)?;
            Ok(AccountRef::Address(HexBytes(address)))
        }
    }
}

fn submission(body: TransactionBody, hash: TransactionHash) -> Result<Submission, Status> {
    let id = transaction_id(body.transaction_id)?;
    let node = match account(body.node_account_id) {
        Ok(AccountRef::Number(number)) => number,
        Ok(AccountRef::Address(_)) | Err(_) => return Err(Status::InvalidNodeAccount),
    };
    let Some(Data::CryptoTransfer(transfer)) = body.data else {
        return Err(Status::InvalidTransactionBody);
    };
    let duration = body.transaction_valid_duration.ok_or(Status::InvalidTransactionDuration)?;
    Ok(Submission {
        id,
        node,
        max_fee: body.transaction_fee,
        valid_seconds: duration.seconds,
        memo: body.memo,
        hbar: adjustments(transfer.transfers.unwrap_or_default().account_amounts)?,
        tokens: transfer.token_transfers.into_iter().map(token_adjustments).collect::<Result<_, _>>()?,
        hash,
        bytes: 0,
        signatures: 0,
        signers: Vec::new(),
    })
}

fn token_adjustments(list: TokenTransferList) -> Result<TokenAdjustments, Status> {
    let token = list.token.filter(|token| token.shard_num == 0 && token.realm_num == 0);
    let token = token.and_then(|token| u64::try_from(token.token_num).ok()).ok_or(Status::InvalidTokenId)?;
    Ok(TokenAdjustments {
        token,
        expected_decimals: list.expected_decimals,
        adjustments: adjustments(list.transfers)?,
    })
}

fn adjustments(lines: Vec<AccountAmount>) -> Result<Vec<Adjustment>, Status> {
    let adjustment = |line: AccountAmount| {
        let account = account(line.account_id)?;
        Ok(Adjustment { account, units: line.amount, approval: line.is_approval })
    };
    lines.into_iter().map(adjustment).collect()
}
