//! A file of payees, and what is said of it.

use std::fmt;

use ids::{DistributionId, FundingAccountId, IngestFileId};
use money::AssetCode;

use super::{FILE_BYTES_MAX, HEADER, LINE_BYTES_MAX, LINES_MAX};

/// What happens when some lines are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IngestMode {
    /// Nothing is accepted.
    AllOrNothing,
    /// What is valid is accepted.
    AcceptValid,
}

impl IngestMode {
    const ALL: [Self; 2] = [Self::AllOrNothing, Self::AcceptValid];

    /// The name in the database.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::AllOrNothing => "ALL_OR_NOTHING",
            Self::AcceptValid => "ACCEPT_VALID",
        }
    }

    /// The mode with this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == name)
    }
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Some lines are accepted.
    Accepted {
        /// The distribution that pays them.
        distribution: DistributionId,
        /// How many they are.
        lines: u32,
        /// How many of them name an email, and are held.
        held: u32,
        /// What they get together, in smallest units.
        units: u128,
    },
    /// Nothing of it is.
    Refused,
}

/// A file that was read to its end. Never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IngestFile {
    /// Its id.
    pub id: IngestFileId,
    /// Its name, as it was given.
    pub name: String,
    /// What people call the distribution.
    pub label: String,
    /// SHA-256 over its bytes, as far as they were read.
    pub digest: [u8; 32],
    /// How many bytes that are.
    pub size_bytes: u64,
    /// What was to happen with refused lines.
    pub mode: IngestMode,
    /// What became of it.
    pub decision: Decision,
    /// Lines that are refused.
    pub refused_lines: u32,
    /// What is wrong in all; not all of it is kept.
    pub error_count: u64,
    /// In what it pays.
    pub payment_token: AssetCode,
    /// Where the money comes from.
    pub funding_account: FundingAccountId,
    /// Who sent it.
    pub created_by: String,
    /// When it was decided on, in nanoseconds since the epoch.
    pub created_ns: i64,
}

/// Where in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    /// The line as a whole, or the file.
    Whole,
    /// What the sender calls the payment.
    Reference,
    /// Who is paid.
    Recipient,
    /// How much.
    Amount,
    /// In what.
    Currency,
    /// What the sender says of it.
    Note,
}

impl Column {
    /// Every column, in the order of their numbers in the database and the contract, from 0.
    pub(crate) const ALL: [Self; 6] =
        [Self::Whole, Self::Reference, Self::Recipient, Self::Amount, Self::Currency, Self::Note];

    /// The number.
    pub(crate) const fn number(self) -> i16 {
        // Matches the order of `ALL`; a test holds the two together.
        self as i16
    }

    /// The column with this number.
    pub(crate) fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.number() == number)
    }
}

/// What is wrong with something in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    HeaderMismatch,
    NotUtf8,
    EmptyFile,
    NoLines,
    TooManyLines,
    FileTooLarge,
    LineTooLong,
    WrongColumnCount {
        found: usize,
    },
    BadQuotes,
    Required,
    CellTooLong {
        chars_max: usize,
    },
    ControlCharacter,
    Formula,
    RecipientMalformed,
    NeverPaid,
    AmountMalformed(&'static str),
    TooManyDecimals {
        allowed: u8,
    },
    AmountZero,
    AmountTooLarge,
    TotalTooLarge,
    NotThePaymentToken {
        expected: String,
    },
    DuplicateReference {
        first_line: u32,
    },
    DuplicateRecipient {
        first_line: u32,
    },
    ReferenceAlreadyAccepted,
    /// What the rail says of an address, with what to do about it.
    Rail {
        reason: String,
        hint: String,
    },
}

impl Reason {
    /// The stable name.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::HeaderMismatch => "HEADER_MISMATCH",
            Self::NotUtf8 => "NOT_UTF_8",
            Self::EmptyFile => "EMPTY_FILE",
            Self::NoLines => "NO_LINES",
            Self::TooManyLines => "TOO_MANY_LINES",
            Self::FileTooLarge => "FILE_TOO_LARGE",
            Self::LineTooLong => "LINE_TOO_LONG",
            Self::WrongColumnCount { .. } => "WRONG_COLUMN_COUNT",
            Self::BadQuotes => "BAD_QUOTES",
            Self::Required => "REQUIRED",
            Self::CellTooLong { .. } => "CELL_TOO_LONG",
            Self::ControlCharacter => "CONTROL_CHARACTER",
            Self::Formula => "FORMULA",
            Self::RecipientMalformed => "RECIPIENT_MALFORMED",
            Self::NeverPaid => "NEVER_PAID",
            Self::AmountMalformed(_) => "AMOUNT_MALFORMED",
            Self::TooManyDecimals { .. } => "TOO_MANY_DECIMALS",
            Self::AmountZero => "AMOUNT_ZERO",
            Self::AmountTooLarge => "AMOUNT_TOO_LARGE",
            Self::TotalTooLarge => "TOTAL_TOO_LARGE",
            Self::NotThePaymentToken { .. } => "NOT_THE_PAYMENT_TOKEN",
            Self::DuplicateReference { .. } => "DUPLICATE_REFERENCE",
            Self::DuplicateRecipient { .. } => "DUPLICATE_RECIPIENT",
            Self::ReferenceAlreadyAccepted => "REFERENCE_ALREADY_ACCEPTED",
            Self::Rail { reason, .. } => reason,
        }
    }
}

/// What exactly, for people. Nothing here comes from the file but numbers of lines.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeaderMismatch => write!(f, "the first line must be exactly {HEADER}"),
            Self::NotUtf8 => f.write_str("the file must be UTF-8; this line is not, and nothing after it was read"),
            Self::EmptyFile => write!(f, "the file is empty; the first line must be {HEADER}"),
            Self::NoLines => f.write_str("there is no line after the header"),
            Self::TooManyLines => write!(f, "at most {LINES_MAX} lines; send the others in another file"),
            Self::FileTooLarge => write!(f, "at most {FILE_BYTES_MAX} bytes; send the others in another file"),
            Self::LineTooLong => write!(f, "a line has at most {LINE_BYTES_MAX} bytes"),
            Self::WrongColumnCount { found } => write!(f, "a line has 5 cells, this one has {found}"),
            Self::BadQuotes => f.write_str("a quoted cell begins and ends with a quote on the same line, and has quotes doubled"),
            Self::Required => f.write_str("this cell must not be empty"),
            Self::CellTooLong { chars_max } => write!(f, "at most {chars_max} characters"),
            Self::ControlCharacter => f.write_str("no control characters, and no blanks at either end"),
            Self::Formula => f.write_str("a cell must not begin with =, +, - or @: a spreadsheet takes it for a formula"),
            Self::RecipientMalformed => f.write_str(
                "expected an account such as 0.0.5005, an EVM address (0x and 40 hexadecimal digits), or an email such as Ada <ada@example.org>",
            ),
            Self::NeverPaid => f.write_str("the funding account, the fee payer and the zero account are never paid"),
            Self::AmountMalformed(why) => write!(f, "the amount {why}"),
            Self::TooManyDecimals { allowed } => write!(f, "the currency has {allowed} decimals"),
            Self::AmountZero => f.write_str("an amount is above zero"),
            Self::AmountTooLarge => f.write_str("the amount is more than the network can move"),
            Self::TotalTooLarge => f.write_str("with this line the amounts sum to more than the network can move"),
            Self::NotThePaymentToken { expected } => write!(f, "this file is paid in {expected}"),
            Self::DuplicateReference { first_line } => write!(f, "line {first_line} has the same reference"),
            Self::DuplicateRecipient { first_line } => write!(f, "line {first_line} pays the same recipient"),
            Self::ReferenceAlreadyAccepted => f.write_str("this reference was accepted before, in another file"),
            Self::Rail { hint, .. } => f.write_str(hint),
        }
    }
}

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineError {
    /// From 1, which is the header.
    pub line: u32,
    /// Which column.
    pub column: Column,
    /// What.
    pub reason: Reason,
}

#[cfg(test)]
mod tests {
    use super::Column;

    #[test]
    fn numbers_are_those_of_the_list() {
        for (number, column) in (0..).zip(Column::ALL) {
            assert_eq!((column.number(), Column::from_number(number)), (number, Some(column)));
        }
        assert_eq!(Column::from_number(6), None);
    }
}
