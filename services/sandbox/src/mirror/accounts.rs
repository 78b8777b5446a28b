//! Accounts, their token relations, and contracts.

use axum::Json;
use axum::extract::Path;
use serde_json::{Value, json};

use super::ask::{Answer, Ask, Refusal};
use super::balances::token_balances;
use super::tokens::key;
use super::transactions;
use crate::ledger::Ledger;
use crate::ledger::account::Account;
use crate::ledger::ids::{EntityId, EvmAddress, Timestamp};
use crate::ledger::token::{Holding, Token};
use crate::ledger::transaction::AccountRef;

/// `GET /api/v1/accounts`
pub(super) async fn list(ask: Ask) -> Answer {
    ask.params.only(&["account.balance", "account.id", "balance", "limit", "order"])?;
    let amounts = ask.params.numbers("account.balance")?;
    let with_balance = ask.params.flag("balance", true)?;
    let ledger = ask.ledger();
    let wanted =
        |account: &Account| account.balance.at(ask.until).is_some_and(|balance| amounts.has(balance));
    page(&ask, &ledger, "account.id", "accounts", wanted, |account| {
        account_info(&ledger, account, ask.until, with_balance)
    })
}

/// `GET /api/v1/contracts`
pub(super) async fn contracts(ask: Ask) -> Answer {
    ask.params.only(&["contract.id", "limit", "order"])?;
    let ledger = ask.ledger();
    page(&ask, &ledger, "contract.id", "contracts", |account| account.contract, contract_info)
}

/// `GET /api/v1/contracts/{id}`
pub(super) async fn contract(ask: Ask, Path(id): Path<String>) -> Answer {
    ask.params.only(&["timestamp"])?;
    let ledger = ask.ledger();
    let account = find(&ledger, &id, ask.until, "contractid")?;
    if account.contract { Ok(Json(contract_info(account))) } else { Err(Refusal::not_found()) }
}

/// `GET /api/v1/accounts/{idOrEvmAddress}`
pub(super) async fn one(ask: Ask, Path(id): Path<String>) -> Answer {
    ask.params.only(&["limit", "order", "timestamp", "transactions", "transactiontype"])?;
    let ledger = ask.ledger();
    let account = find(&ledger, &id, ask.until, "idOrAliasOrEvmAddress")?;
    let mut info = account_info(&ledger, account, ask.until, true);
    let listed = ask.params.flag("transactions", true)?;
    let (rows, next) =
        if listed { transactions::page(&ask, &ledger, Some(account.number))? } else { (Vec::new(), None) };
    info["transactions"] = Value::Array(rows);
    info["links"] = json!({"next": next});
    Ok(Json(info))
}

/// `GET /api/v1/accounts/{idOrEvmAddress}/tokens`
pub(super) async fn tokens(ask: Ask, Path(id): Path<String>) -> Answer {
    ask.params.only(&["limit", "order", "token.id"])?;
    let selection = ask.params.entities("token.id")?;
    let descending = ask.params.descending(false)?;
    let ledger = ask.ledger();
    let account = find(&ledger, &id, ask.until, "idOrAliasOrEvmAddress")?;
    let rows = selection.of(ledger.tokens(), descending).filter_map(|(number, token)| {
        let relation = token.holdings.get(&account.number)?;
        let holding = relation.at(ask.until).filter(|holding| holding.associated)?;
        Some((number, relationship(token, holding, relation.since())))
    });
    let (numbers, rows): (Vec<_>, Vec<_>) = rows.take(ask.params.limit()?).unzip();
    let last = numbers.last().map(|number| EntityId(*number).to_string());
    let next = ask.params.next(rows.len(), "token.id", last, descending);
    Ok(Json(json!({"tokens": rows, "links": {"next": next}})))
}

fn page(
    ask: &Ask,
    ledger: &Ledger,
    parameter: &str,
    name: &str,
    wanted: impl Fn(&Account) -> bool,
    show: impl Fn(&Account) -> Value,
) -> Answer {
    let selection = ask.params.entities(parameter)?;
    let descending = ask.params.descending(name == "contracts")?;
    let rows = selection.of(ledger.accounts(), descending);
    let rows =
        rows.filter(|(number, account)| *number != 0 && account.created_at() <= ask.until && wanted(account));
    let rows = rows.take(ask.params.limit()?).map(|(number, account)| (number, show(account)));
    let (numbers, rows): (Vec<_>, Vec<_>) = rows.unzip();
    let last = numbers.last().map(|number| EntityId(*number).to_string());
    let next = ask.params.next(rows.len(), parameter, last, descending);
    let mut answer = json!({"links": {"next": next}});
    answer[name] = Value::Array(rows);
    Ok(Json(answer))
}

/// An account by number, alias or long-zero address; 0.0.0 is nobody's account. An alias finds no deleted account, a
/// number does.
fn find<'a>(
    ledger: &'a Ledger,
    text: &str,
    until: Timestamp,
    parameter: &str,
) -> Result<&'a Account, Refusal> {
    let (number, alias) = if let Ok(id) = text.parse::<EntityId>() {
        (Some(id.0), false)
    } else {
        let address = text.strip_prefix("0.0.").unwrap_or(text);
        let address: EvmAddress = address.parse().map_err(|_| Refusal::parameter(parameter))?;
        (ledger.resolve(AccountRef::Address(address)), address.long_zero().is_none())
    };
    let account = number.filter(|number| *number != 0).and_then(|number| ledger.account(number));
    account
        .filter(|account| account.created_at() <= until)
        .filter(|account| !(alias && account.deleted_at.is_some_and(|at| at <= until)))
        .ok_or(Refusal::not_found())
}

fn account_info(ledger: &Ledger, account: &Account, until: Timestamp, with_balance: bool) -> Value {
    let moment = until.min(ledger.last_consensus());
    let balance = with_balance.then(|| {
        json!({
            "timestamp": moment.to_string(),
            "balance": account.balance.at(moment),
            "tokens": token_balances(ledger, account, moment),
        })
    });
    json!({
        "account": EntityId(account.number),
        "alias": account.alias.map(|alias| base32(&alias.0)),
        "auto_renew_period": 7_776_000,
        "balance": balance,
        "created_timestamp": account.created_at().to_string(),
        "decline_reward": false,
        "deleted": account.deleted_at.is_some_and(|at| at <= until),
        "ethereum_nonce": 0,
        "evm_address": format!("0x{}", account.evm_address()),
        "expiry_timestamp": null,
        "key": key(account.key),
        "max_automatic_token_associations": account.max_automatic_associations,
        "memo": account.memo,
        "pending_reward": 0,
        "receiver_sig_required": account.receiver_sig_required,
        "staked_account_id": null,
        "staked_node_id": null,
        "stake_period_start": null,
    })
}

fn contract_info(account: &Account) -> Value {
    json!({
        "admin_key": null,
        "auto_renew_account": null,
        "auto_renew_period": 7_776_000,
        "contract_id": EntityId(account.number),
        "created_timestamp": account.created_at().to_string(),
        "deleted": account.deleted_at.is_some(),
        "evm_address": format!("0x{}", account.evm_address()),
        "expiration_timestamp": null,
        "file_id": null,
        "max_automatic_token_associations": account.max_automatic_associations,
        "memo": account.memo,
        "nonce": 1,
        "obtainer_id": null,
        "permanent_removal": null,
        "proxy_account_id": null,
        "timestamp": {"from": account.created_at().to_string(), "to": null},
    })
}

fn relationship(token: &Token, holding: Holding, since: Timestamp) -> Value {
    let freeze_status = match (token.freeze_key, holding.frozen) {
        (false, _) => "NOT_APPLICABLE",
        (true, true) => "FROZEN",
        (true, false) => "UNFROZEN",
    };
    let kyc_status = match (token.kyc_key, holding.kyc) {
        (false, _) => "NOT_APPLICABLE",
        (true, true) => "GRANTED",
        (true, false) => "REVOKED",
    };
    json!({
        "automatic_association": holding.automatic,
        "balance": holding.balance,
        "created_timestamp": since.to_string(),
        "decimals": token.decimals,
        "freeze_status": freeze_status,
        "kyc_status": kyc_status,
        "token_id": EntityId(token.number),
    })
}

/// RFC 4648 base32 without padding: 20 bytes are 32 letters.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bit = |index: usize| bytes.get(index / 8).is_some_and(|byte| byte >> (7 - index % 8) & 1 == 1);
    let letter = |start: usize| (0..5).fold(0, |value, offset| value * 2 + usize::from(bit(start + offset)));
    (0..bytes.len() * 8).step_by(5).map(|start| char::from(ALPHABET[letter(start)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_that_of_rfc_4648() {
        for (plain, text) in
            [("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(plain.as_bytes()), text);
        }
    }
}
