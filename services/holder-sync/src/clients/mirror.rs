//! What the mirror node says of balances and accounts, in our words.
//!
//! A live list of balances read page by page is of no one moment: an equal move across the cursor cancels out in the sum.
//! So every reading is pinned: the first answer says of which stored state it is, and every page must be of that one.

use futures::future::try_join;
use hedera::mirror::{AccountInfo, BATCH_MAX, BalancePages, Mirror, MirrorError, PAGE_MAX};
use hedera::{AccountId, EvmAddress, TokenId};

use crate::domain::Account;

/// One whole token of more decimals than this is beyond 128 bits.
const DECIMALS_MAX: u32 = 38;
/// How often the newest block or stored state is asked for, for the sake of replicas that lag.
const ANSWERS: usize = 4;

/// Why a reading cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The mirror node gave no usable answer.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// A page was of another stored state than the first.
    #[error("the reading is pinned to {pinned_ns}, and a page was of {page_ns:?}")]
    Disagrees {
        /// Which state was asked for.
        pinned_ns: i64,
        /// Which one came.
        page_ns: Option<i64>,
    },
    /// An account outside shard 0 and realm 0.
    #[error("account {0} is outside shard 0 and realm 0")]
    OutsideRealm(AccountId),
    /// The token has more decimals than amounts can have.
    #[error("the token has {0} decimals")]
    Decimals(u32),
}

/// What a token is in a stored state. Its supply is not among it: that is what the state's balances add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenFacts {
    /// Decimals of one whole token.
    pub decimals: u8,
    /// The number of the treasury account.
    pub treasury_num: u64,
}

/// Reads balances and accounts. Repeats on 429 and 5xx, deadlines and bounds are the mirror client's.
#[derive(Clone, Debug)]
pub(crate) struct BalanceReader {
    mirror: Mirror,
}

impl BalanceReader {
    /// A reader of this mirror node.
    pub(crate) fn new(mirror: Mirror) -> Self {
        Self { mirror }
    }

    /// Whether the network knows a token.
    pub(crate) async fn exists(&self, token: TokenId) -> Result<bool, ReadError> {
        Ok(self.mirror.token(token).await?.is_some())
    }

    /// A token as it was at `at_ns`, nanoseconds since the epoch; none when it did not exist yet. Where the mirror node has
    /// not passed that time, [`BalanceReader::still_at`], neither is true.
    pub(crate) async fn token_at(&self, token: TokenId, at_ns: i64) -> Result<Option<TokenFacts>, ReadError> {
        let Some(info) = self.mirror.token_at(token, at_ns).await? else { return Ok(None) };
        let decimals = u8::try_from(info.decimals).ok().filter(|_| info.decimals <= DECIMALS_MAX);
        Ok(Some(TokenFacts {
            decimals: decimals.ok_or(ReadError::Decimals(info.decimals))?,
            treasury_num: number(info.treasury)?,
        }))
    }

    /// How far the mirror node is while it has not passed `at_ns`: the end of its newest block, nanoseconds since the epoch,
    /// 0 without one. None once every one of a few answers is past it, so that no replica behind the address is known to lag.
    pub(crate) async fn still_at(&self, at_ns: i64) -> Result<Option<i64>, ReadError> {
        for _ in 0..ANSWERS {
            let end_ns = self.mirror.newest_block().await?.map_or(0, |block| block.end_ns);
            if end_ns <= at_ns {
                return Ok(Some(end_ns));
            }
        }
        Ok(None)
    }

    /// The time of the newest stored balances at or before `at_ns`, nanoseconds since the epoch; none when none are stored.
    ///
    /// Behind one address there can be replicas that lag; the newest of a few answers is taken.
    pub(crate) async fn stored_at(&self, token: TokenId, at_ns: i64) -> Result<Option<i64>, ReadError> {
        let mut newest = None;
        for _ in 0..ANSWERS {
            let first = self.mirror.balances(token, Some(at_ns), 1).next().await?;
            newest = newest.max(first.and_then(|page| page.timestamp_ns));
        }
        Ok(newest)
    }

    /// All pages of the state stored at `stored_ns`.
    pub(crate) fn pages(&self, token: TokenId, stored_ns: i64) -> PinnedPages<'_> {
        PinnedPages { pages: self.mirror.balances(token, Some(stored_ns), PAGE_MAX), pinned_ns: stored_ns }
    }

    /// How many accounts one call of [`BalanceReader::accounts`] takes.
    pub(crate) const ACCOUNTS_MAX: usize = BATCH_MAX;

    /// What these accounts are. Those the mirror node does not know are left out. Two lists are asked, perhaps of two replicas:
    /// where one has not passed the time at which an account was created, a contract can come as an ordinary account.
    pub(crate) async fn accounts(&self, nums: &[u64]) -> Result<Vec<Account>, ReadError> {
        // Nobody owns the zero account and no mirror node lists it.
        let zero =
            nums.contains(&0).then_some(Account { num: 0, evm_alias: None, contract: false, deleted: false });
        let ids = nums.iter().filter(|num| **num > 0).filter_map(|num| AccountId::from_num(*num).ok());
        let ids: Vec<AccountId> = ids.collect();
        let (infos, contracts) = try_join(self.mirror.accounts(&ids), self.mirror.contracts(&ids)).await?;
        let known = infos.iter().map(|info| account(info, contracts.contains(&info.account)));
        Ok(zero.into_iter().chain(known).collect())
    }
}

fn account(info: &AccountInfo, contract: bool) -> Account {
    let long_zero = EvmAddress::long_zero(info.account);
    let alias = info.evm_address.filter(|address| Some(*address) != long_zero);
    Account {
        num: info.account.num(),
        evm_alias: alias.map(|address| *address.as_bytes()),
        contract,
        deleted: info.deleted,
    }
}

fn number(account: AccountId) -> Result<u64, ReadError> {
    if account.shard() == 0 && account.realm() == 0 {
        Ok(account.num())
    } else {
        Err(ReadError::OutsideRealm(account))
    }
}

/// The pages of one stored state.
#[derive(Debug)]
pub(crate) struct PinnedPages<'a> {
    pages: BalancePages<'a>,
    pinned_ns: i64,
}

impl PinnedPages<'_> {
    /// The next page of account numbers, ascending across all pages, with balances above zero; none after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<(u64, u64)>>, ReadError> {
        let Some(page) = self.pages.next().await? else { return Ok(None) };
        if page.timestamp_ns != Some(self.pinned_ns) {
            return Err(ReadError::Disagrees { pinned_ns: self.pinned_ns, page_ns: page.timestamp_ns });
        }
        let held = page.rows.into_iter().filter(|(_, balance)| *balance > 0);
        held.map(|(account, balance)| Ok((number(account)?, balance)))
            .collect::<Result<Vec<_>, _>>()
            .map(Some)
    }
}
