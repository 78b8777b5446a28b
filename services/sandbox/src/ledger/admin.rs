//! Changes by decree of the control API: accounts, tokens, holders, relations.

use super::Ledger;
use super::account::Account;
use super::change::{
    AccountUpdate, Burn, ChangeError, Holder, Move, NewAccount, NewHolders, NewToken, RelationUpdate,
    TokenUpdate,
};
use super::genesis::NETWORK_TREASURY;
use super::ids::{EntityId, EvmAddress, Timestamp};
use super::token::{CustomFee, Holding, Token};
use super::transaction::AccountRef;
use super::versioned::Versioned;

/// The most units a balance or a supply can have.
const MAX_UNITS: u64 = i64::MAX.unsigned_abs();

impl Ledger {
    pub(super) fn create_account(
        &mut self,
        at: Timestamp,
        new: &NewAccount,
    ) -> Result<EntityId, ChangeError> {
        if let Some(address) = new.evm_address.filter(|address| !self.is_free(*address)) {
            return Err(ChangeError::Conflict(format!("the address 0x{address} is not free")));
        }
        let treasury = self.tinybars_of(NETWORK_TREASURY)?;
        let rest = treasury.checked_sub(new.tinybars);
        let rest = rest.ok_or_else(|| ChangeError::Conflict("there are not so many tinybars".to_owned()))?;
        let number = self.free_number();
        let account = Account {
            alias: new.evm_address,
            key: new.key,
            balance: Versioned::new(at, new.tinybars),
            receiver_sig_required: new.receiver_sig_required,
            max_automatic_associations: new.max_automatic_token_associations.unwrap_or(-1),
            contract: new.contract,
            memo: new.memo.clone(),
            ..Account::plain(number, at)
        };
        self.insert(account);
        self.set_balance(at, NETWORK_TREASURY, rest);
        Ok(EntityId(number))
    }

    pub(super) fn update_account(
        &mut self,
        at: Timestamp,
        update: &AccountUpdate,
    ) -> Result<(), ChangeError> {
        let patch = &update.patch;
        let alias = self.expect_account(update.account)?.alias;
        let passed_on = alias.filter(|alias| self.aliases.get(alias) != Some(&update.account.0));
        if let Some(alias) = passed_on.filter(|_| patch.deleted == Some(false)) {
            return Err(ChangeError::Conflict(format!("the address 0x{alias} is another account's now")));
        }
        let account = self.accounts.get_mut(&update.account.0).ok_or(no_account(update.account))?;
        account.key = patch.key.or(account.key);
        account.receiver_sig_required = patch.receiver_sig_required.unwrap_or(account.receiver_sig_required);
        account.max_automatic_associations =
            patch.max_automatic_token_associations.unwrap_or(account.max_automatic_associations);
        account.contract = patch.contract.unwrap_or(account.contract);
        if let Some(memo) = &patch.memo {
            account.memo.clone_from(memo);
        }
        if let Some(deleted) = patch.deleted {
            account.deleted_at = deleted.then(|| account.deleted_at.unwrap_or(at));
        }
        Ok(())
    }

    pub(super) fn create_token(&mut self, at: Timestamp, new: &NewToken) -> Result<EntityId, ChangeError> {
        self.expect_account(new.treasury)?;
        self.check_custom_fees(&new.custom_fees)?;
        self.check_holders(new.treasury_units, &new.holders)?;
        let numbers = self.numbers_of(at, &new.holders);
        let number = self.free_number();
        let mut token = Token {
            number,
            name: new.name.clone(),
            symbol: new.symbol.clone(),
            decimals: new.decimals,
            supply: Versioned::new(at, 0),
            treasury: Versioned::new(at, new.treasury.0),
            freeze_key: new.freeze_key,
            kyc_key: new.kyc_key,
            pause_key: new.pause_key,
            freeze_default: new.freeze_default,
            paused: Versioned::new(at, false),
            deleted_at: None,
            custom_fees: new.custom_fees.clone(),
            memo: new.memo.clone(),
            holdings: std::collections::BTreeMap::new(),
        };
        token.mint(at, new.treasury.0, new.treasury_units);
        for collector in new.custom_fees.iter().map(CustomFee::collector) {
            token.mint(at, collector, 0);
        }
        for (account, Holder(_, units)) in numbers.into_iter().zip(&new.holders) {
            token.mint(at, account, *units);
        }
        self.tokens.insert(number, token);
        self.store_if(new.store_balances, at);
        Ok(EntityId(number))
    }

    pub(super) fn add_holders(&mut self, at: Timestamp, new: &NewHolders) -> Result<(), ChangeError> {
        let supply = self.tokens.get(&new.token.0).ok_or(no_token(new.token))?.supply.now();
        self.check_holders(supply, &new.holders)?;
        let numbers = self.numbers_of(at, &new.holders);
        if let Some(token) = self.tokens.get_mut(&new.token.0) {
            for (account, Holder(_, units)) in numbers.into_iter().zip(&new.holders) {
                token.mint(at, account, *units);
            }
        }
        self.store_if(new.store_balances, at);
        Ok(())
    }

    pub(super) fn burn(&mut self, at: Timestamp, order: &Burn) -> Result<(), ChangeError> {
        let token = self.tokens.get_mut(&order.token.0).ok_or(no_token(order.token))?;
        let short = || ChangeError::Conflict("the treasury holds less".to_owned());
        let treasury = token.treasury.now();
        let held = token.holding(treasury).ok_or_else(short)?;
        let balance = held.balance.checked_sub(order.units).ok_or_else(short)?;
        token.set_holding(at, treasury, Holding { balance, ..held });
        // What an account holds is part of the supply.
        token.supply.set(at, token.supply.now() - order.units);
        Ok(())
    }

    pub(super) fn update_token(&mut self, at: Timestamp, update: &TokenUpdate) -> Result<(), ChangeError> {
        let patch = &update.patch;
        if let Some(fees) = &patch.custom_fees {
            self.check_custom_fees(fees)?;
        }
        let token = self.tokens.get(&update.token.0).ok_or(no_token(update.token))?;
        if patch.paused == Some(true) && !token.pause_key {
            return Err(ChangeError::Conflict(format!("token {} has no pause key", update.token)));
        }
        if let Some(treasury) = patch.treasury {
            self.move_treasury(at, update.token, treasury)?;
        }
        let token = self.tokens.get_mut(&update.token.0).ok_or(no_token(update.token))?;
        if let Some(paused) = patch.paused {
            token.paused.set(at, paused);
        }
        if let Some(deleted) = patch.deleted {
            token.deleted_at = deleted.then(|| token.deleted_at.unwrap_or(at));
        }
        if let Some(fees) = &patch.custom_fees {
            token.custom_fees.clone_from(fees);
            for collector in fees.iter().map(CustomFee::collector) {
                token.mint(at, collector, 0);
            }
        }
        Ok(())
    }

    pub(super) fn update_relation(
        &mut self,
        at: Timestamp,
        update: &RelationUpdate,
    ) -> Result<(), ChangeError> {
        self.expect_account(update.account)?;
        let token = self.tokens.get_mut(&update.token.0).ok_or(no_token(update.token))?;
        let patch = &update.patch;
        if (patch.frozen.is_some() && !token.freeze_key) || (patch.kyc.is_some() && !token.kyc_key) {
            return Err(ChangeError::Conflict(format!("token {} has no key for that", update.token)));
        }
        let current = token.holding(update.account.0);
        if patch.associated == Some(false) {
            if current.is_some_and(|holding| holding.balance > 0) {
                return Err(ChangeError::Conflict(format!("account {} still holds units", update.account)));
            }
            if let Some(holding) = current {
                token.set_holding(at, update.account.0, Holding { associated: false, ..holding });
            }
            return Ok(());
        }
        let holding = current.unwrap_or_else(|| token.fresh_holding(false));
        let frozen = patch.frozen.unwrap_or(holding.frozen);
        let kyc = patch.kyc.unwrap_or(holding.kyc);
        token.set_holding(at, update.account.0, Holding { frozen, kyc, ..holding });
        Ok(())
    }

    pub(super) fn move_units(&mut self, at: Timestamp, order: &Move) -> Result<(), ChangeError> {
        self.expect_account(order.from)?;
        self.expect_account(order.to)?;
        let short = || ChangeError::Conflict(format!("account {} holds less", order.from));
        if order.from == order.to {
            return Ok(());
        }
        let Some(token) = order.token else {
            let (from, to) = (self.tinybars_of(order.from.0)?, self.tinybars_of(order.to.0)?);
            self.set_balance(at, order.from.0, from.checked_sub(order.units).ok_or_else(short)?);
            self.set_balance(at, order.to.0, to + order.units);
            return Ok(());
        };
        let token = self.tokens.get_mut(&token.0).ok_or(no_token(token))?;
        let from = token.holding(order.from.0).ok_or_else(short)?;
        let to = token.holding(order.to.0).unwrap_or(Holding { kyc: true, ..token.fresh_holding(false) });
        let rest = from.balance.checked_sub(order.units).ok_or_else(short)?;
        token.set_holding(at, order.from.0, Holding { balance: rest, ..from });
        token.set_holding(at, order.to.0, Holding { balance: to.balance + order.units, ..to });
        Ok(())
    }

    /// Checks holders before anything changes: the sum fits, and no number is a token's.
    fn check_holders(&self, supply: u64, holders: &[Holder]) -> Result<(), ChangeError> {
        let mut total = supply;
        for (index, Holder(account, units)) in holders.iter().enumerate() {
            let refuse = |reason: String| ChangeError::Holder { index, reason };
            let sum = total.checked_add(*units).filter(|sum| *sum <= MAX_UNITS);
            total = sum.ok_or_else(|| {
                refuse("the supply would exceed the largest the network can hold".to_owned())
            })?;
            let number = self.resolve(*account);
            if number.is_some_and(|number| self.tokens.contains_key(&number) || number > MAX_UNITS) {
                return Err(refuse("this address is not an account's".to_owned()));
            }
        }
        if total > MAX_UNITS {
            return Err(ChangeError::Conflict("the supply is more than the network can hold".to_owned()));
        }
        Ok(())
    }

    /// The account numbers of holders, in their order; who is new is created. Given numbers are taken first, so that
    /// no new account can get one of them.
    fn numbers_of(&mut self, at: Timestamp, holders: &[Holder]) -> Vec<u64> {
        for Holder(account, _) in holders {
            if let Some(number) = self.resolve(*account) {
                self.accounts.entry(number).or_insert_with(|| Account::plain(number, at));
            }
        }
        let mut numbers = Vec::with_capacity(holders.len());
        for Holder(account, _) in holders {
            numbers.push(self.resolve(*account).unwrap_or_else(|| self.create_aliased(at, *account)));
        }
        numbers
    }

    fn create_aliased(&mut self, at: Timestamp, account: AccountRef) -> u64 {
        let number = self.free_number();
        let alias = match account {
            AccountRef::Address(address) => Some(address),
            AccountRef::Number(_) => None,
        };
        self.insert(Account { alias, ..Account::plain(number, at) });
        number
    }

    /// Whether an account can be created with this address. Deleting an account frees its own, as on the network.
    fn is_free(&self, address: EvmAddress) -> bool {
        let owner = self.aliases.get(&address).and_then(|number| self.accounts.get(number));
        address.long_zero().is_none() && owner.is_none_or(|owner| owner.deleted_at.is_some())
    }

    fn insert(&mut self, account: Account) {
        if let Some(alias) = account.alias {
            self.aliases.insert(alias, account.number);
        }
        self.accounts.insert(account.number, account);
    }

    fn free_number(&mut self) -> u64 {
        while self.accounts.contains_key(&self.next_number) || self.tokens.contains_key(&self.next_number) {
            self.next_number += 1;
        }
        self.next_number
    }

    fn check_custom_fees(&self, fees: &[CustomFee]) -> Result<(), ChangeError> {
        for fee in fees {
            self.expect_account(EntityId(fee.collector()))?;
            match fee {
                CustomFee::Fractional { denominator: 0, .. } => {
                    return Err(ChangeError::Conflict("a fractional fee's denominator is 0".to_owned()));
                }
                CustomFee::Fixed { denominating_token: Some(token), .. }
                    if !self.tokens.contains_key(&token.0) =>
                {
                    return Err(no_token(*token));
                }
                CustomFee::Fixed { .. } | CustomFee::Fractional { .. } => {}
            }
        }
        Ok(())
    }

    pub(super) fn expect_account(&self, account: EntityId) -> Result<&Account, ChangeError> {
        self.accounts.get(&account.0).ok_or(no_account(account))
    }

    fn tinybars_of(&self, number: u64) -> Result<u64, ChangeError> {
        self.expect_account(EntityId(number)).map(|account| account.balance.now())
    }

    fn store_if(&mut self, wanted: bool, at: Timestamp) {
        if wanted {
            self.stored.insert(at);
        }
    }
}

impl Token {
    /// Gives new units to an account, associating it by decree: not frozen, KYC granted.
    fn mint(&mut self, at: Timestamp, account: u64, units: u64) {
        let fresh = Holding { frozen: false, kyc: true, ..self.fresh_holding(false) };
        let holding = self.holding(account).unwrap_or(fresh);
        self.set_holding(at, account, Holding { balance: holding.balance + units, ..holding });
        self.supply.set(at, self.supply.now() + units);
    }
}

fn no_account(id: EntityId) -> ChangeError {
    ChangeError::NotFound { what: "account", id }
}

pub(super) fn no_token(id: EntityId) -> ChangeError {
    ChangeError::NotFound { what: "token", id }
}
