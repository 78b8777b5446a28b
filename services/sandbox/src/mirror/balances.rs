//! Balances: live, or as they were stored at a moment.
//!
//! A page costs what its rows cost, however many holders there are. Stored balances are those of one moment, the same
//! for all pages that ask for the same one; live pages are not one state.

use axum::Json;
use axum::extract::Path;
use serde_json::{Value, json};

use super::ask::{Answer, Ask, Refusal};
use crate::ledger::account::Account;
use crate::ledger::ids::{EntityId, Timestamp};
use crate::ledger::{Ledger, token::Token};

/// Most tokens listed with one account.
const MAX_TOKENS: usize = 50;
const KNOWN: [&str; 5] = ["account.balance", "account.id", "limit", "order", "timestamp"];

/// `GET /api/v1/tokens/{id}/balances`
pub(super) async fn of_token(ask: Ask, Path(id): Path<String>) -> Answer {
    let id: EntityId = id.parse().map_err(|_| Refusal::parameter("token.id"))?;
    let query = BalanceQuery::read(&ask)?;
    let ledger = ask.ledger();
    let moment = query.moment(&ask, &ledger);
    let token = ledger.token(id.0).filter(|token| moment.is_some_and(|moment| token.created_at() <= moment));
    let (Some(moment), Some(token)) = (moment, token) else {
        return Ok(query.page(&ask, None, &[], None));
    };
    let rows = query.accounts.of(&token.holdings, query.descending).filter_map(|(account, holding)| {
        let holding =
            holding.at(moment).filter(|holding| holding.associated && query.amounts.has(holding.balance))?;
        let row = json!({
            "account": EntityId(account), "balance": holding.balance, "decimals": token.decimals
        });
        Some((account, row))
    });
    let (accounts, rows): (Vec<_>, Vec<_>) = rows.take(query.limit).unzip();
    Ok(query.page(&ask, Some(moment), &rows, accounts.last().copied()))
}

/// `GET /api/v1/balances`
pub(super) async fn list(ask: Ask) -> Answer {
    let query = BalanceQuery::read(&ask)?;
    let ledger = ask.ledger();
    let Some(moment) = query.moment(&ask, &ledger) else {
        return Ok(query.page(&ask, None, &[], None));
    };
    let rows = query.accounts.of(ledger.accounts(), query.descending).filter_map(|(number, account)| {
        let balance = account.balance.at(moment).filter(|balance| query.amounts.has(*balance))?;
        let tokens = token_balances(&ledger, account, moment);
        Some((number, json!({"account": EntityId(number), "balance": balance, "tokens": tokens})))
    });
    let (accounts, rows): (Vec<_>, Vec<_>) = rows.take(query.limit).unzip();
    Ok(query.page(&ask, Some(moment), &rows, accounts.last().copied()))
}

/// What an account held of each token.
pub(super) fn token_balances(ledger: &Ledger, account: &Account, moment: Timestamp) -> Vec<Value> {
    let held = |token: &Token| token.holdings.get(&account.number).and_then(|holding| holding.at(moment));
    let held = ledger.tokens().values().filter_map(|token| Some((token.number, held(token)?)));
    let held = held.filter(|(_, holding)| holding.associated).take(MAX_TOKENS);
    held.map(|(token, holding)| json!({"token_id": EntityId(token), "balance": holding.balance})).collect()
}

struct BalanceQuery {
    accounts: super::params::Selection,
    amounts: super::params::Selection,
    moments: Option<super::params::Selection>,
    limit: usize,
    descending: bool,
}

impl BalanceQuery {
    fn read(ask: &Ask) -> Result<Self, Refusal> {
        ask.params.only(&KNOWN)?;
        let moments = ask.params.has("timestamp").then(|| ask.params.moments("timestamp")).transpose()?;
        Ok(Self {
            accounts: ask.params.entities("account.id")?,
            amounts: ask.params.numbers("account.balance")?,
            moments,
            limit: ask.params.limit()?,
            descending: ask.params.descending(true)?,
        })
    }

    /// Whose balances are answered: the live ones, or the last stored at or before the time asked for.
    fn moment(&self, ask: &Ask, ledger: &Ledger) -> Option<Timestamp> {
        let Some(moments) = &self.moments else { return Some(ask.until.min(ledger.last_consensus())) };
        // A plain timestamp means "at or before", as at the real mirror node.
        let asked = moments.only.as_ref().and_then(|only| only.last().copied()).unwrap_or(moments.to);
        let stored =
            ledger.stored_at_or_before(Timestamp(asked).min(ask.until), ask.mirror.balance_grid_seconds);
        stored.filter(|stored| stored.0 >= moments.from)
    }

    fn page(&self, ask: &Ask, moment: Option<Timestamp>, rows: &[Value], last: Option<u64>) -> Json<Value> {
        let next = ask.params.next(
            rows.len(),
            "account.id",
            last.map(|last| EntityId(last).to_string()),
            self.descending,
        );
        let timestamp = moment.map(|moment| moment.to_string());
        Json(json!({"timestamp": timestamp, "balances": rows, "links": {"next": next}}))
    }
}
