//! What happens to a transaction at consensus: one verdict, and either all of its effect or none.

use super::Ledger;
use super::change::Submitted;
use super::genesis::FEE_ACCOUNT;
use super::history::{AssessedFee, Leg, Record};
use super::ids::Timestamp;
use super::status::{Status, is_nodes_fault};
use super::token::{Holding, Token};
use super::transaction::{Adjustment, Submission, TokenAdjustments};

/// Most HBAR adjustments in a transaction.
const MAX_HBAR_ADJUSTMENTS: usize = 10;
/// Most fungible adjustments over all token lists.
const MAX_TOKEN_ADJUSTMENTS: usize = 10;

/// The effect a transaction will have.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// At most one leg for each token and account.
    pub(super) legs: Vec<Leg>,
    /// Token and account of relations that come about by receiving.
    pub(super) associations: Vec<(u64, u64)>,
    pub(super) assessed: Vec<AssessedFee>,
}

/// A transaction without effect, and whether its payer is charged.
struct Refusal {
    status: Status,
    charged: bool,
}

impl Ledger {
    /// Decides a transaction at consensus, applies it, and records it.
    pub(super) fn handle(&mut self, at: Timestamp, submitted: &Submitted) -> Status {
        let transaction = &submitted.transaction;
        self.in_flight.remove(&(transaction.node, transaction.id));
        let fee = self.fee(transaction);
        let (status, fee, plan) = match self.judge(at, submitted, fee) {
            Ok(plan) => (Status::Success, fee, plan),
            Err(refusal) => (refusal.status, if refusal.charged { fee } else { 0 }, Plan::default()),
        };
        self.charge(at, transaction.id.payer, fee);
        self.settle(at, &plan);
        self.history.push(Record {
            id: transaction.id,
            status,
            consensus: at,
            node: transaction.node,
            hash: transaction.hash,
            memo: transaction.memo.clone(),
            fee,
            max_fee: transaction.max_fee,
            valid_seconds: transaction.valid_seconds,
            legs: plan.legs,
            assessed: plan.assessed,
        });
        status
    }

    fn judge(&self, at: Timestamp, submitted: &Submitted, fee: u64) -> Result<Plan, Refusal> {
        let transaction = &submitted.transaction;
        let uncharged = |status| Refusal { status, charged: false };
        let charged = |status| Refusal { status, charged: true };
        if let Some(original) = self.history.original(&transaction.id, at) {
            // A node that passes on what it already passed on pays for that itself.
            let charged = original.node != transaction.node;
            return Err(Refusal { status: Status::DuplicateTransaction, charged });
        }
        if let Some(status) = submitted.forced.filter(|status| is_nodes_fault(*status)) {
            return Err(uncharged(status));
        }
        let valid = u64::try_from(transaction.valid_seconds).unwrap_or(0);
        if at > transaction.id.valid_start.plus_seconds(valid) {
            return Err(uncharged(Status::TransactionExpired));
        }
        let payer = self.account(transaction.id.payer).ok_or(uncharged(Status::PayerAccountNotFound))?;
        if payer.deleted_at.is_some() {
            return Err(uncharged(Status::PayerAccountDeleted));
        }
        if !payer.key.is_some_and(|key| transaction.signers.contains(&key)) {
            return Err(uncharged(Status::InvalidPayerSignature));
        }
        if payer.balance.now() < fee {
            return Err(uncharged(Status::InsufficientPayerBalance));
        }
        if let Some(status) = submitted.forced {
            return Err(charged(status));
        }
        self.plan(transaction, fee).map_err(charged)
    }

    fn plan(&self, transaction: &Submission, fee: u64) -> Result<Plan, Status> {
        let token_lines: usize = transaction.tokens.iter().map(|list| list.adjustments.len()).sum();
        if transaction.hbar.len() > MAX_HBAR_ADJUSTMENTS {
            return Err(Status::TransferListSizeLimitExceeded);
        }
        if token_lines > MAX_TOKEN_ADJUSTMENTS {
            return Err(Status::TokenTransferListSizeLimitExceeded);
        }
        let mut plan = Plan::default();
        for line in &transaction.hbar {
            let account = self.party(transaction, line)?;
            plan.add_line(None, account, line.units)?;
        }
        for list in &transaction.tokens {
            self.plan_token(transaction, list, &mut plan)?;
        }
        let payer = transaction.id.payer;
        self.check_covered(&plan, payer, fee).map_err(|token| match token {
            Some(_) => Status::InsufficientTokenBalance,
            None => Status::InsufficientAccountBalance,
        })?;
        if self.assess_custom_fees(transaction, &mut plan)? {
            let covered = self.check_covered(&plan, payer, fee);
            covered.map_err(|_| Status::InsufficientSenderAccountBalanceForCustomFee)?;
        }
        Ok(plan)
    }

    fn plan_token(
        &self,
        transaction: &Submission,
        list: &TokenAdjustments,
        plan: &mut Plan,
    ) -> Result<(), Status> {
        let token = self.token(list.token).ok_or(Status::InvalidTokenId)?;
        if token.deleted_at.is_some() {
            return Err(Status::TokenWasDeleted);
        }
        if token.paused.now() {
            return Err(Status::TokenIsPaused);
        }
        if list.expected_decimals.is_some_and(|decimals| decimals != token.decimals) {
            return Err(Status::UnexpectedTokenDecimals);
        }
        for line in &list.adjustments {
            let account = self.party(transaction, line)?;
            let holding = self.holding_or_association(token, account, line.units, plan)?;
            if holding.frozen {
                return Err(Status::AccountFrozenForToken);
            }
            if !holding.kyc {
                return Err(Status::AccountKycNotGrantedForToken);
            }
            plan.add_line(Some(token.number), account, line.units)?;
        }
        Ok(())
    }

    /// The account of a line, if it may take part in this transfer.
    fn party(&self, transaction: &Submission, line: &Adjustment) -> Result<u64, Status> {
        // 0.0.0 can hold what a file says it holds, but nobody can name it in a transfer.
        let number =
            self.resolve(line.account).filter(|number| *number != 0).ok_or(Status::InvalidAccountId)?;
        let account = self.account(number).ok_or(Status::InvalidAccountId)?;
        if account.deleted_at.is_some() {
            return Err(Status::AccountDeleted);
        }
        if line.approval {
            return Err(Status::SpenderDoesNotHaveAllowance);
        }
        let must_sign = line.units < 0 || account.receiver_sig_required;
        let signed = account.key.is_some_and(|key| transaction.signers.contains(&key));
        if must_sign && !signed { Err(Status::InvalidSignature) } else { Ok(number) }
    }

    fn holding_or_association(
        &self,
        token: &Token,
        account: u64,
        units: i64,
        plan: &mut Plan,
    ) -> Result<Holding, Status> {
        if let Some(holding) = token.holding(account) {
            return Ok(holding);
        }
        let receiver = self.account(account).ok_or(Status::InvalidAccountId)?;
        if units < 0 || receiver.max_automatic_associations == 0 {
            return Err(Status::TokenNotAssociatedToAccount);
        }
        let mut after = receiver.clone();
        let planned = plan.associations.iter().filter(|(_, who)| *who == account).count();
        after.automatic_associations += u32::try_from(planned).unwrap_or(u32::MAX);
        if !after.has_free_association() {
            return Err(Status::NoRemainingAutomaticAssociations);
        }
        plan.associations.push((token.number, account));
        Ok(token.fresh_holding(true))
    }

    /// Whether every balance stays at or above zero; else the asset that does not.
    fn check_covered(&self, plan: &Plan, payer: u64, fee: u64) -> Result<(), Option<u64>> {
        for leg in &plan.legs {
            let balance = match leg.token {
                Some(token) => {
                    self.token(token).and_then(|token| token.holding(leg.account)).map_or(0, |it| it.balance)
                }
                None => self.account(leg.account).map_or(0, |account| account.balance.now()),
            };
            let reserved = if leg.token.is_none() && leg.account == payer { fee } else { 0 };
            if i128::from(balance) - i128::from(reserved) + i128::from(leg.units) < 0 {
                return Err(leg.token);
            }
        }
        Ok(())
    }

    fn charge(&mut self, at: Timestamp, payer: u64, fee: u64) {
        if fee == 0 {
            return;
        }
        self.adjust_hbar(at, payer, -i128::from(fee));
        self.adjust_hbar(at, FEE_ACCOUNT, i128::from(fee));
    }

    fn settle(&mut self, at: Timestamp, plan: &Plan) {
        for (token, account) in &plan.associations {
            if let Some(token) = self.tokens.get_mut(token) {
                let holding = token.fresh_holding(true);
                token.set_holding(at, *account, holding);
            }
            if let Some(account) = self.accounts.get_mut(account) {
                account.automatic_associations += 1;
            }
        }
        for leg in &plan.legs {
            match leg.token {
                None => self.adjust_hbar(at, leg.account, i128::from(leg.units)),
                Some(token) => self.adjust_token(at, token, leg.account, i128::from(leg.units)),
            }
        }
    }

    fn adjust_hbar(&mut self, at: Timestamp, number: u64, units: i128) {
        if let Some(account) = self.accounts.get_mut(&number) {
            account.balance.set(at, adjusted(account.balance.now(), units));
        }
    }

    fn adjust_token(&mut self, at: Timestamp, token: u64, account: u64, units: i128) {
        let Some(token) = self.tokens.get_mut(&token) else { return };
        if let Some(holding) = token.holding(account) {
            let balance = adjusted(holding.balance, units);
            token.set_holding(at, account, Holding { balance, ..holding });
        }
    }
}

impl Plan {
    /// Adds a line of the transaction; after resolving, no account may appear twice in one list.
    fn add_line(&mut self, token: Option<u64>, account: u64, units: i64) -> Result<(), Status> {
        if self.legs.iter().any(|leg| leg.token == token && leg.account == account) {
            return Err(Status::AccountRepeatedInAccountAmounts);
        }
        self.legs.push(Leg { token, account, units });
        Ok(())
    }
}

fn adjusted(balance: u64, units: i128) -> u64 {
    u64::try_from(i128::from(balance) + units)
        .expect("the plan was checked to be covered, and supplies fit in i64")
}
