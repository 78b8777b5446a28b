//! Reads all balances of one stored state into the database, and learns what their accounts are. In flat memory: pages go
//! straight into a COPY.

use futures::future::try_join_all;
use hedera::TokenId;
use ids::Uuid;
use pg::{CopyIn, Numeric128};
use tokio_postgres::types::Type;

use super::App;
use super::work::Stop;
use crate::clients::{BalanceReader, TokenFacts};
use crate::domain::{Account, JobFailure};
use crate::error::Error;
use crate::store::jobs::Lease;
use crate::store::readings::{self, Shelf, Tally};
use crate::store::{accounts, signed};

/// Accounts asked about at once, in requests of a hundred, before they are recorded.
const ACCOUNTS_CHUNK: u32 = 500;

/// A stored state of a token's balances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub token_id: TokenId,
    /// The network's time of the state, nanoseconds since the epoch.
    pub consensus_ns: i64,
}

/// A stored state that is to be read, and what the token was in it: its treasury can be another account by now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Located {
    pub stored: Stored,
    pub token: TokenFacts,
}

/// Balances that were read and stored: those of all accounts, the treasury's too. Units exist only in balances, so that their
/// sum is the token's supply in that state; the supply the mirror node tells is that of now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub id: Uuid,
    pub tally: Tally,
}

/// Finds the newest stored state of a token's balances at or before `at_ns`.
pub(super) async fn locate(app: &App, token_id: &str, at_ns: i64) -> Result<Stored, Stop> {
    let unknown = |_| Stop::because(JobFailure::TOKEN_NOT_FOUND, token_id);
    let token_id: TokenId = token_id.parse().map_err(unknown)?;
    match app.balances.stored_at(token_id, at_ns).await? {
        Some(consensus_ns) => Ok(Stored { token_id, consensus_ns }),
        None => Err(none_stored(app, token_id, at_ns).await?),
    }
}

/// Reads what the token was in a state, whose time the mirror node must have passed: one that has not shows an older treasury.
pub(super) async fn describe(app: &App, stored: Stored) -> Result<Located, Stop> {
    let Stored { token_id, consensus_ns } = stored;
    match app.balances.token_at(token_id, consensus_ns).await? {
        Some(token) => Ok(Located { stored, token }),
        // Balances are stored of all tokens at once: this one was created since.
        None => Err(none_stored(app, token_id, consensus_ns).await?),
    }
}

/// Why a token has no stored balances at or before `at_ns`.
async fn none_stored(app: &App, token_id: TokenId, at_ns: i64) -> Result<Stop, Stop> {
    let known = app.balances.exists(token_id).await?;
    let failure = if known { JobFailure::NO_STORED_BALANCES } else { JobFailure::TOKEN_NOT_FOUND };
    Ok(Stop::because(failure, format!("token {token_id} at or before {at_ns}")))
}

/// Reads the state onto `shelf` and learns the accounts it names. The mirror node must have passed the state's time: what is
/// learnt of an account is kept.
pub(super) async fn read(app: &App, lease: &Lease, shelf: Shelf, state: &Located) -> Result<Reading, Stop> {
    let id = app.ids.uuid();
    readings::begin(&mut *conn(app).await?, id, lease.work.id()).await?;
    let read = async {
        let tally = copy(app, shelf, id, state).await?;
        learn_accounts(app, shelf, id).await?;
        Ok(Reading { id, tally })
    };
    let outcome = read.await;
    if outcome.is_err() {
        readings::discard(&mut *conn(app).await?, id).await?;
    }
    outcome
}

async fn copy(app: &App, shelf: Shelf, id: Uuid, state: &Located) -> Result<Tally, Stop> {
    let stored = state.stored;
    let columns = [("reading_id", Type::UUID), ("account_num", Type::INT8), ("balance", Type::NUMERIC)];
    let mut copy = CopyIn::begin(&app.database_url, shelf.table(), &columns).await?;
    let mut pages = app.balances.pages(stored.token_id, stored.consensus_ns);
    let mut tally = Tally::default();
    while let Some(page) = pages.next().await? {
        for (num, balance) in page {
            copy.row(&[&id, &signed(num), &Numeric128(balance.into())]).await?;
            // A count of 64-bit balances that wraps 128 bits is longer than any list.
            tally.count += 1;
            tally.sum += u128::from(balance);
        }
    }
    let written = copy.finish().await?;
    if written == tally.count {
        Ok(tally)
    } else {
        Err(Stop::because(JobFailure::ROWS_LOST, format!("{written} of {} rows were stored", tally.count)))
    }
}

/// Asks about accounts nobody asked about before, and about no others.
async fn learn_accounts(app: &App, shelf: Shelf, id: Uuid) -> Result<(), Stop> {
    let mut from = 0;
    loop {
        let unknown =
            readings::unknown_accounts(&mut *conn(app).await?, shelf, id, from, ACCOUNTS_CHUNK).await?;
        match unknown.last() {
            // All were known from the start, and whoever was learnt once stays known.
            None if from == 0 => return Ok(()),
            None => break,
            Some(last) => from = last + 1,
        }
        let learnt = ask(app, &unknown).await?;
        accounts::insert(&mut *conn(app).await?, &learnt).await?;
    }
    let missing = readings::unknown_accounts(&mut *conn(app).await?, shelf, id, 0, 1).await?;
    match missing.first() {
        None => Ok(()),
        Some(num) => Err(Stop::because(JobFailure::ACCOUNTS_UNKNOWN, format!("account 0.0.{num}"))),
    }
}

async fn ask(app: &App, nums: &[u64]) -> Result<Vec<Account>, Stop> {
    let requests = nums.chunks(BalanceReader::ACCOUNTS_MAX).map(|nums| app.balances.accounts(nums));
    Ok(try_join_all(requests).await?.concat())
}

async fn conn(app: &App) -> Result<pg::Conn<'_>, Error> {
    app.conn().await
}
