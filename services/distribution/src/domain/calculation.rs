//! From a snapshot to what each holder is owed, as `docs/ENTITLEMENTS.md` defines it.

use money::{Decimal, Overflow, SplitError, Weight, per_token, split_pool};

use super::account::{Account, EvmAddress};
use super::deduction::{Deducting, Deductions, OpenCarries, Parts};
use super::failure::{Failure, FailureClass};
use super::redemption::Redeemed;
use super::treatment::{Decisions, HolderKind, Parties, Reason, Treatment, Verdict, judge};

/// The most a Hedera account can hold or be debited: its amounts are signed 64-bit integers.
pub(crate) const RAIL_UNITS_MAX: u128 = i64::MAX.unsigned_abs() as u128;

/// Over what a pool is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PoolBase {
    /// Over what counted holders hold together.
    EligibleHolders,
    /// Over the total supply at the time of the snapshot.
    TotalSupply,
}

/// How much each holder gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AmountRule {
    /// Whole payment tokens per whole token held.
    PerToken(Decimal),
    /// A fixed sum, split pro rata by largest remainder.
    Pool {
        /// The sum in smallest units of the payment token.
        units: u128,
        /// Over what it is split.
        base: PoolBase,
    },
    /// Smallest units of the payment token for each holder, however much it holds.
    PerHolder(u128),
    /// A percentage of what the holding is worth.
    PercentOfValue {
        /// Of 100.
        percent: Decimal,
        /// What a whole token held is worth in whole payment tokens.
        value: Decimal,
    },
}

/// Whole payment tokens per whole token held, for a percentage of its value; exact.
pub(crate) fn rate_of(percent: Decimal, value: Decimal) -> Result<Decimal, Overflow> {
    percent.checked_mul(Decimal::new(1, 2)?)?.checked_mul(value)
}

/// One holder of a snapshot: 48 bytes, so that a million fit in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    /// The account; a snapshot has each once, ascending.
    pub account: Account,
    /// Its EVM address as of the snapshot.
    pub evm: EvmAddress,
    /// Smallest units held, above zero; zero of who holds nothing any more and has something open.
    pub balance: u128,
    /// What sort of holder it is.
    pub kind: HolderKind,
}

/// What the amounts depend on besides the holders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Basis<'a> {
    /// How much each holder gets.
    pub rule: AmountRule,
    /// Decimals of one whole payment token.
    pub payment_decimals: u8,
    /// Decimals of one whole token held.
    pub holding_decimals: u8,
    /// The held token's total supply at the time of the snapshot, in smallest units.
    pub total_supply: u128,
    /// Accounts with a part in the distribution.
    pub parties: Parties,
    /// People's decisions.
    pub decisions: &'a Decisions,
    /// Of a redemption, what is not owed any more; none for all other kinds, which count whole balances.
    pub redeemed: Option<&'a Redeemed>,
    /// What comes off the gross amounts.
    pub deductions: &'a Deductions,
    /// What comes on top of them.
    pub open: &'a OpenCarries,
}

impl Basis<'_> {
    /// How much of a holder's balance is counted.
    pub(crate) fn counted(&self, holder: &Holder) -> u128 {
        self.redeemed.map_or(holder.balance, |redeemed| redeemed.left_of(holder))
    }
}

/// What happens with one holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A payee, with its place in the run.
    Payee {
        /// From 0 without gaps, ascending by account number.
        ordinal: u32,
    },
    /// Paid in principle; rounding leaves nothing.
    Zero,
    /// Paid in principle; all of it is withheld.
    Withheld,
    /// Paid in principle; below the minimum, and carried forward.
    Carried,
    /// Counted, not paid.
    Held(Reason),
    /// Neither counted nor paid.
    Excluded(Reason),
}

impl Outcome {
    /// The place in the run, of payees only.
    pub(crate) const fn ordinal(self) -> Option<u32> {
        match self {
            Self::Payee { ordinal } => Some(ordinal),
            Self::Zero | Self::Withheld | Self::Carried | Self::Held(_) | Self::Excluded(_) => None,
        }
    }

    /// How the holder is treated.
    pub(crate) const fn treatment(self) -> Treatment {
        match self {
            Self::Payee { .. } | Self::Zero | Self::Withheld | Self::Carried => Treatment::Pay,
            Self::Held(_) => Treatment::Hold,
            Self::Excluded(_) => Treatment::Exclude,
        }
    }

    /// Why it is not paid; nothing for payees.
    pub(crate) const fn reason(self) -> Option<Reason> {
        match self {
            Self::Payee { .. } => None,
            Self::Zero => Some(Reason::ZeroAmount),
            Self::Withheld => Some(Reason::Withheld),
            Self::Carried => Some(Reason::BelowMinimum),
            Self::Held(reason) | Self::Excluded(reason) => Some(reason),
        }
    }
}

/// One holder's line, in the order of the holders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// What a payee is paid; what a held holder would get, before anything is withheld; zero for the others.
    pub units: u128,
    /// What is withheld of the gross amount of who is paid in principle.
    pub withheld: u128,
    /// What is carried forward instead of being paid.
    pub carried: u128,
    /// Part of `units` that earlier distributions carried forward.
    pub brought: u128,
    /// What happens with the holder.
    pub outcome: Outcome,
}

impl Line {
    /// A line of which nothing comes off.
    pub(crate) const fn plain(units: u128, outcome: Outcome) -> Self {
        Self { units, withheld: 0, carried: 0, brought: 0, outcome }
    }
}

/// What a calculation comes to. Invariants: `entitled + residue = pool`, `held ≤ residue`, `withheld + carried ≤ entitled`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Who is paid something.
    pub payee_count: u32,
    /// Paid in principle; rounding or withholding leaves nothing.
    pub zero_count: u32,
    /// Paid in principle; below the minimum.
    pub carried_count: u32,
    /// Counted and not paid.
    pub held_count: u32,
    /// Neither counted nor paid.
    pub excluded_count: u32,
    /// Sum of the gross amounts of all who are paid in principle.
    pub entitled: u128,
    /// What is withheld of it.
    pub withheld: u128,
    /// What is carried forward of it.
    pub carried: u128,
    /// What earlier distributions carried forward and is paid by this one.
    pub brought: u128,
    /// Sum of what held holders would get.
    pub held: u128,
    /// What was to be distributed.
    pub pool: u128,
    /// What stays: `pool − entitled`.
    pub residue: u128,
}

impl Totals {
    /// What is paid of this distribution's own.
    pub(crate) const fn net(&self) -> u128 {
        self.entitled - self.withheld - self.carried
    }

    /// The sum of the payouts; the rail can move it.
    pub(crate) const fn payable(&self) -> u128 {
        self.net() + self.brought
    }
}

/// Who is owed what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Calculation {
    /// One line per holder, in their order.
    pub lines: Vec<Line>,
    /// What they come to.
    pub totals: Totals,
    /// Sum of the balances of all counted holders.
    pub eligible: u128,
}

/// Nothing can be calculated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalculationError {
    /// The holders are not strictly ascending by account: one of them could be paid twice.
    #[error("the snapshot's holders are not strictly ascending by account")]
    Unsorted,
    /// A sum or an amount does not fit 128 bits, or what is to be paid does not fit the rail's 64.
    #[error("an amount is out of range")]
    AmountOutOfRange,
    /// Holders have more than there is: supply and balances are not of one state.
    #[error("the balances sum to more than the total supply")]
    SupplyBelowBalances,
    /// More holders than a run can number.
    #[error("there are too many holders")]
    TooManyHolders,
    /// Something was reserved from newer balances: tokens may have moved since these, from who is owed here to who was
    /// counted there.
    #[error("another redemption of the asset was calculated from newer balances")]
    RedemptionOvertaken,
    /// Tokens that were redeemed are held by others now, and would be redeemed again.
    #[error(
        "redemptions would take {taken} of the asset's smallest units, of which there were never more than {supply}"
    )]
    RedeemedBeyondSupply {
        /// Units that were taken before, and those that would be now.
        taken: u128,
        /// The highest total supply that a redemption saw.
        supply: u128,
    },
}

impl CalculationError {
    /// The stable reason.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Unsorted => "SNAPSHOT_INCONSISTENT",
            Self::AmountOutOfRange => "AMOUNT_OUT_OF_RANGE",
            Self::SupplyBelowBalances => "SUPPLY_BELOW_BALANCES",
            Self::TooManyHolders => "TOO_MANY_HOLDERS",
            Self::RedemptionOvertaken => "REDEMPTION_OVERTAKEN",
            Self::RedeemedBeyondSupply { .. } => "REDEEMED_BEYOND_SUPPLY",
        }
    }

    /// Why the distribution failed, and what to do.
    pub fn failure(self) -> Failure {
        let (class, hint) = match self {
            Self::Unsorted => (FailureClass::Bug, "Report it: the snapshot lists an account twice."),
            Self::AmountOutOfRange => {
                (FailureClass::Operator, "Create it anew with a smaller amount or rate.")
            }
            Self::SupplyBelowBalances => {
                (FailureClass::Operator, "Take a new snapshot; the supply changed while this one was read.")
            }
            Self::TooManyHolders => (FailureClass::Bug, "Report it: the snapshot has too many holders."),
            Self::RedemptionOvertaken => {
                (FailureClass::Operator, "Create it anew: another redemption saw newer balances.")
            }
            Self::RedeemedBeyondSupply { .. } => (
                FailureClass::Compliance,
                "Redeemed tokens were moved to others. Redeem by holder those whose tokens are not redeemed yet.",
            ),
        };
        Failure::new(self.reason(), class, hint)
    }
}

/// Calculates what each holder is owed.
///
/// Held holders are calculated with those who are paid, so that a later decision about one changes no other's amount.
pub(crate) fn calculate(holders: &[Holder], basis: &Basis<'_>) -> Result<Calculation, CalculationError> {
    if !holders.is_sorted_by(|a, b| a.account < b.account) {
        return Err(CalculationError::Unsorted);
    }
    let verdicts: Vec<Verdict> = holders.iter().map(|holder| verdict(holder, basis)).collect();
    let counted: Vec<Weight<Account>> = holders
        .iter()
        .zip(&verdicts)
        .filter(|(holder, verdict)| has_share(holder, **verdict))
        .map(|(holder, _)| Weight { key: holder.account, balance: basis.counted(holder) })
        .collect();
    let eligible = sum(counted.iter().map(|weight| weight.balance))?;
    let (shares, pool) = shares(&counted, eligible, basis)?;
    drop(counted);
    let lines = lines(holders, &verdicts, &shares, basis)?;
    let totals = totals(&lines, pool)?;
    if let Some(redeemed) = basis.redeemed {
        let payees = holders.iter().zip(&lines).filter(|(_, line)| line.outcome.ordinal().is_some());
        let units = sum(payees.map(|(holder, _)| redeemed.left_of(holder)))?;
        redeemed.ensure_within(units, basis.total_supply)?;
    }
    Ok(Calculation { lines, totals, eligible })
}

/// What happens with a holder; who would be counted with nothing is not counted.
fn verdict(holder: &Holder, basis: &Basis<'_>) -> Verdict {
    match judge(holder.account, holder.kind, &basis.parties, basis.decisions) {
        Verdict::Exclude(reason) => Verdict::Exclude(reason),
        Verdict::Pay | Verdict::Hold(_) if basis.redeemed.is_some() && basis.counted(holder) == 0 => {
            Verdict::Exclude(Reason::Redeemed)
        }
        counted => counted,
    }
}

/// Whether a holder is counted, so that it has a share. Who holds nothing any more is paid what is open alone.
fn has_share(holder: &Holder, verdict: Verdict) -> bool {
    holder.kind != HolderKind::Former && !matches!(verdict, Verdict::Exclude(_))
}

/// What a holder who is left out would get if it were paid and counted, all else as it is; before anything is withheld.
pub(crate) fn would_get(balance: u128, eligible: u128, basis: &Basis<'_>) -> Option<u128> {
    let earn = |rate: Decimal| per_token(balance, &rate, basis.payment_decimals, basis.holding_decimals).ok();
    match basis.rule {
        AmountRule::PerToken(rate) => earn(rate),
        AmountRule::PercentOfValue { percent, value } => earn(rate_of(percent, value).ok()?),
        AmountRule::PerHolder(units) => Some(units),
        AmountRule::Pool { units, base } => {
            let base = match base {
                PoolBase::EligibleHolders => eligible.checked_add(balance)?,
                PoolBase::TotalSupply => basis.total_supply,
            };
            let alone = [Weight { key: 0_u8, balance }];
            split_pool(units, base, &alone).ok().map(|split| split.shares[0])
        }
    }
}

fn sum(numbers: impl Iterator<Item = u128>) -> Result<u128, CalculationError> {
    let mut numbers = numbers;
    numbers.try_fold(0_u128, u128::checked_add).ok_or(CalculationError::AmountOutOfRange)
}

/// The counted holders' amounts in their order, and what was to be distributed.
fn shares(
    counted: &[Weight<Account>],
    eligible: u128,
    basis: &Basis<'_>,
) -> Result<(Vec<u128>, u128), CalculationError> {
    const BAD: CalculationError = CalculationError::AmountOutOfRange;
    let at_rate = |rate: Decimal| {
        let earn = |balance| {
            per_token(balance, &rate, basis.payment_decimals, basis.holding_decimals).map_err(|_| BAD)
        };
        let shares = counted.iter().map(|weight| earn(weight.balance)).collect::<Result<Vec<_>, _>>()?;
        Ok((shares, earn(eligible)?))
    };
    match basis.rule {
        AmountRule::PerToken(rate) => at_rate(rate),
        AmountRule::PercentOfValue { percent, value } => at_rate(rate_of(percent, value).map_err(|_| BAD)?),
        AmountRule::PerHolder(units) => {
            let pool = units.checked_mul(counted.len() as u128).ok_or(BAD)?;
            Ok((vec![units; counted.len()], pool))
        }
        // Nobody is counted: the whole pool stays.
        AmountRule::Pool { units, .. } if counted.is_empty() => Ok((Vec::new(), units)),
        AmountRule::Pool { units, base } => {
            let base = match base {
                PoolBase::EligibleHolders => eligible,
                PoolBase::TotalSupply => basis.total_supply,
            };
            let split = split_pool(units, base, counted).map_err(|error| match error {
                SplitError::EmptyBase | SplitError::BaseBelowWeights => CalculationError::SupplyBelowBalances,
                SplitError::DuplicateKey => CalculationError::Unsorted,
            })?;
            Ok((split.shares, units))
        }
    }
}

fn lines(
    holders: &[Holder],
    verdicts: &[Verdict],
    shares: &[u128],
    basis: &Basis<'_>,
) -> Result<Vec<Line>, CalculationError> {
    let deducting = Deducting::new(basis.deductions, basis.open);
    let mut shares = shares.iter().copied();
    let mut next_ordinal = 0_u32;
    let mut lines = Vec::with_capacity(verdicts.len());
    for (holder, verdict) in holders.iter().zip(verdicts) {
        let share = if has_share(holder, *verdict) {
            shares.next().expect("each counted holder has a share")
        } else {
            0
        };
        let line = match *verdict {
            Verdict::Exclude(reason) => Line::plain(0, Outcome::Excluded(reason)),
            Verdict::Hold(reason) => Line::plain(share, Outcome::Held(reason)),
            Verdict::Pay => {
                let Parts { paid, withheld, carried, brought } = deducting.apply(holder.account, share)?;
                let outcome = match (paid, carried, withheld) {
                    (0, 0, 0) => Outcome::Zero,
                    (0, 0, _) => Outcome::Withheld,
                    (0, _, _) => Outcome::Carried,
                    (_, _, _) => {
                        let ordinal = next_ordinal;
                        next_ordinal = ordinal.checked_add(1).ok_or(CalculationError::TooManyHolders)?;
                        Outcome::Payee { ordinal }
                    }
                };
                Line { units: paid, withheld, carried, brought, outcome }
            }
        };
        lines.push(line);
    }
    Ok(lines)
}

fn totals(lines: &[Line], pool: u128) -> Result<Totals, CalculationError> {
    if i32::try_from(lines.len()).is_err() {
        return Err(CalculationError::TooManyHolders);
    }
    let mut totals = Totals { pool, ..Totals::default() };
    let add = |to: &mut u128, units: u128| {
        *to = to.checked_add(units).ok_or(CalculationError::AmountOutOfRange)?;
        Ok(())
    };
    for line in lines {
        match line.outcome {
            Outcome::Payee { .. } => totals.payee_count += 1,
            Outcome::Zero | Outcome::Withheld => totals.zero_count += 1,
            Outcome::Carried => totals.carried_count += 1,
            Outcome::Held(_) => {
                totals.held_count += 1;
                add(&mut totals.held, line.units)?;
                continue;
            }
            Outcome::Excluded(_) => totals.excluded_count += 1,
        }
        // The gross amount: what is paid of this distribution's own, and what came off.
        for part in [line.units - line.brought, line.withheld, line.carried] {
            add(&mut totals.entitled, part)?;
        }
        add(&mut totals.withheld, line.withheld)?;
        add(&mut totals.carried, line.carried)?;
        add(&mut totals.brought, line.brought)?;
    }
    // What is owed, and what is moved.
    if totals.entitled > RAIL_UNITS_MAX || totals.brought > RAIL_UNITS_MAX - totals.net() {
        return Err(CalculationError::AmountOutOfRange);
    }
    // All rules round down, so the parts never exceed the whole.
    totals.residue = pool.checked_sub(totals.entitled).ok_or(CalculationError::AmountOutOfRange)?;
    Ok(totals)
}

#[cfg(test)]
#[path = "calculation_tests.rs"]
mod tests;
