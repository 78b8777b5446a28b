//! What is right and wrong with a line.

use std::borrow::Cow;

use money::{ParseAmountError, parse_units};

use super::recipient::{self, Recipient};
use super::{Column, LineError, NOTE_CHARS_MAX, REFERENCE_CHARS_MAX, Reason};
use crate::domain::calculation::RAIL_UNITS_MAX;
use crate::domain::treatment::{Parties, never_paid};

/// What the lines of a file are held to.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// What stands in the column of the currency.
    pub currency: String,
    /// How many decimals it has.
    pub decimals: u8,
    /// Accounts that are not paid: the money would go in a circle.
    pub parties: Parties,
}

/// A line with nothing wrong in it, as far as it shows by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// From 1, which is the header.
    pub number: u32,
    /// What the sender calls the payment.
    pub reference: String,
    /// Who is paid.
    pub recipient: Recipient,
    /// How much, in smallest units; above zero, and no more than the rail can move.
    pub units: u128,
    /// What the sender says of it; may be empty.
    pub note: String,
}

/// Judges the cells of a line: all that is wrong, or the line.
pub(super) fn judge(number: u32, cells: &[Cow<'_, str>], rules: &Rules) -> Result<Line, Vec<LineError>> {
    let [reference, recipient, amount, currency, note] = cells else {
        let reason = Reason::WrongColumnCount { found: cells.len() };
        return Err(vec![LineError { line: number, column: Column::Whole, reason }]);
    };
    let mut errors = Vec::new();
    let mut found = |column, reason| errors.push(LineError { line: number, column, reason });
    let named = self::reference(reference).map_err(|reason| found(Column::Reference, reason));
    let payee = self::recipient(recipient, rules).map_err(|reason| found(Column::Recipient, reason));
    let units = units(amount, rules).map_err(|reason| found(Column::Amount, reason));
    let paid_in = self::currency(currency, rules).map_err(|reason| found(Column::Currency, reason));
    let said = self::note(note).map_err(|reason| found(Column::Note, reason));
    match (named, payee, units, paid_in, said) {
        (Ok(()), Ok(recipient), Ok(units), Ok(()), Ok(())) => {
            Ok(Line { number, reference: reference.to_string(), recipient, units, note: note.to_string() })
        }
        _ => Err(errors),
    }
}

/// What a cell must not be, whatever it is for.
fn plain(cell: &str) -> Result<(), Reason> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Err(Reason::Formula)
    } else if cell.chars().any(char::is_control) {
        Err(Reason::ControlCharacter)
    } else {
        Ok(())
    }
}

fn required(cell: &str) -> Result<(), Reason> {
    if cell.is_empty() { Err(Reason::Required) } else { plain(cell) }
}

fn within(cell: &str, chars_max: usize) -> Result<(), Reason> {
    if cell.chars().count() > chars_max { Err(Reason::CellTooLong { chars_max }) } else { Ok(()) }
}

fn reference(cell: &str) -> Result<(), Reason> {
    required(cell)?;
    within(cell, REFERENCE_CHARS_MAX)?;
    // It is compared: what looks alike must be alike.
    if cell.trim() == cell { Ok(()) } else { Err(Reason::ControlCharacter) }
}

fn recipient(cell: &str, rules: &Rules) -> Result<Recipient, Reason> {
    required(cell)?;
    match recipient::read(cell) {
        None => Err(Reason::RecipientMalformed),
        Some(Recipient::Account(account)) if never_paid(account, &rules.parties) => Err(Reason::NeverPaid),
        Some(recipient) => Ok(recipient),
    }
}

fn units(cell: &str, rules: &Rules) -> Result<u128, Reason> {
    // A sign is a wrong amount rather than a formula.
    if !cell.starts_with(['+', '-']) {
        required(cell)?;
    }
    let units = parse_units(cell, rules.decimals).map_err(|error| match error {
        ParseAmountError::Empty => Reason::Required,
        ParseAmountError::NotADigit => {
            Reason::AmountMalformed("must be written with the digits 0 to 9 and a point")
        }
        ParseAmountError::LeadingZero => Reason::AmountMalformed("must not start with a zero"),
        ParseAmountError::BarePoint => Reason::AmountMalformed("needs a digit on both sides of the point"),
        ParseAmountError::TrailingZero => Reason::AmountMalformed("must not end with a zero after the point"),
        ParseAmountError::TooManyDecimals { allowed } => Reason::TooManyDecimals { allowed },
        ParseAmountError::TooLarge => Reason::AmountTooLarge,
    })?;
    match units {
        0 => Err(Reason::AmountZero),
        units if units > RAIL_UNITS_MAX => Err(Reason::AmountTooLarge),
        units => Ok(units),
    }
}

fn currency(cell: &str, rules: &Rules) -> Result<(), Reason> {
    required(cell)?;
    let expected = &rules.currency;
    if cell == expected { Ok(()) } else { Err(Reason::NotThePaymentToken { expected: expected.clone() }) }
}

fn note(cell: &str) -> Result<(), Reason> {
    plain(cell)?;
    within(cell, NOTE_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use super::{Cow, Parties, Rules, judge};
    use crate::domain::account::Account;

    fn rules() -> Rules {
        let account = |number| Account::from_number(number).expect("small");
        let parties = Parties { treasury: Account::ZERO, funding: account(2001), fee_payer: account(2002) };
        Rules { currency: "0.0.7000".to_owned(), decimals: 6, parties }
    }

    /// The numbers of the columns with what is wrong in them.
    fn wrong(cells: &[&str]) -> Vec<(i16, String)> {
        let cells: Vec<Cow<'_, str>> = cells.iter().map(|cell| Cow::Borrowed(*cell)).collect();
        let errors = judge(7, &cells, &rules()).err().unwrap_or_default();
        errors.into_iter().map(|error| (error.column.number(), error.reason.as_str().to_owned())).collect()
    }

    #[test]
    fn every_cell_is_held_to_its_rules() {
        assert_eq!(wrong(&["INV-1", "Ada <ada@example.org>", "1.5", "0.0.7000", ""]), []);
        let long = "x".repeat(101);
        let longer = "x".repeat(501);
        for (column, cell, reason) in [
            (1, "", "REQUIRED"),
            (1, "=1+1", "FORMULA"),
            (1, "@x", "FORMULA"),
            (1, "\tx", "FORMULA"),
            (1, "a\u{7}b", "CONTROL_CHARACTER"),
            (1, " a", "CONTROL_CHARACTER"),
            (1, &long, "CELL_TOO_LONG"),
            (2, "", "REQUIRED"),
            (2, "=x", "FORMULA"),
            (2, " 0.0.5005", "RECIPIENT_MALFORMED"),
            (2, "Ada <ada@example>", "RECIPIENT_MALFORMED"),
            (2, "0.0.0", "NEVER_PAID"),
            (2, "0.0.2001", "NEVER_PAID"),
            (2, "0x00000000000000000000000000000000000007d2", "NEVER_PAID"),
            (3, "", "REQUIRED"),
            (3, "1e3", "AMOUNT_MALFORMED"),
            (3, "+5", "AMOUNT_MALFORMED"),
            (3, " 1", "AMOUNT_MALFORMED"),
            (3, "-1", "AMOUNT_MALFORMED"),
            (3, "1,000", "AMOUNT_MALFORMED"),
            (3, "01", "AMOUNT_MALFORMED"),
            (3, ".5", "AMOUNT_MALFORMED"),
            (3, "=1", "FORMULA"),
            (3, "1.0000000", "TOO_MANY_DECIMALS"),
            (3, "0.0", "AMOUNT_ZERO"),
            (3, "9223372036854.775808", "AMOUNT_TOO_LARGE"),
            (4, "", "REQUIRED"),
            (4, "HBAR", "NOT_THE_PAYMENT_TOKEN"),
            (5, "-x", "FORMULA"),
            (5, "a\u{0}", "CONTROL_CHARACTER"),
            (5, &longer, "CELL_TOO_LONG"),
        ] {
            let mut cells = ["INV-1", "0.0.5005", "1.5", "0.0.7000", ""];
            assert_eq!(wrong(&cells), [], "the line is right without it");
            cells[usize::try_from(column - 1).expect("small")] = cell;
            assert_eq!(wrong(&cells), [(column, reason.to_owned())], "{cell:?}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let found = wrong(&["", "nobody", "x", "EUR", "=1"]);
        let columns: Vec<i16> = found.iter().map(|(column, _)| *column).collect();
        assert_eq!(columns, [1, 2, 3, 4, 5]);
        assert_eq!(wrong(&["a", "b"]), [(0, "WRONG_COLUMN_COUNT".to_owned())]);
    }

    #[test]
    fn nothing_of_the_file_is_repeated_in_what_is_said() {
        let secret = ["canary", "canary@example", "canary", "canary", "=canary"];
        let cells: Vec<Cow<'_, str>> = secret.iter().map(|cell| Cow::Borrowed(*cell)).collect();
        for error in judge(7, &cells, &rules()).expect_err("all is wrong") {
            assert!(!format!("{error:?} {}", error.reason).contains("canary"), "{error:?}");
        }
    }
}
