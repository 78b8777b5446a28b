//! The holders file: `address,balance`, one holder a line, an optional header.
//!
//! A long-zero address is the account it spells, the zero address is 0.0.0, which can hold but not be paid; any other
//! address becomes an account with that alias. Nothing is loaded unless every line is good.

use std::collections::HashMap;

use super::body::Refusal;
use crate::ledger::change::{ChangeError, Holder};
use crate::ledger::ids::{EntityId, EvmAddress};
use crate::ledger::transaction::AccountRef;
use crate::world::WorldError;

const HEADER: &str = "address,balance";

/// A file's holders, and the line each came from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HoldersFile {
    pub(super) holders: Vec<Holder>,
    lines: Vec<usize>,
}

impl HoldersFile {
    /// Reads a whole file, or says which line is bad and why.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
            Refusal::line(line, "not UTF-8")
        })?;
        let mut file = Self { holders: Vec::new(), lines: Vec::new() };
        let mut first_seen = HashMap::new();
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            if index == 0 && line.trim_start_matches('\u{feff}').eq_ignore_ascii_case(HEADER) {
                continue;
            }
            let holder = parse_line(line).map_err(|reason| Refusal::line(number, reason))?;
            if let Some(first) = first_seen.insert(holder.0, number) {
                return Err(Refusal::line(number, &format!("the address of line {first} again")));
            }
            file.holders.push(holder);
            file.lines.push(number);
        }
        if file.holders.is_empty() {
            return Err(Refusal::bad("the file has no holders".to_owned()));
        }
        Ok(file)
    }

    /// An error of the ledger, in terms of the file.
    pub(super) fn explain(lines: &[usize], error: WorldError) -> Refusal {
        match error {
            WorldError::Change(ChangeError::Holder { index, reason }) => {
                Refusal::line(lines.get(index).copied().unwrap_or_default(), &reason)
            }
            other => Refusal::from(other),
        }
    }

    /// The holders, and the line of each.
    pub(super) fn into_parts(self) -> (Vec<Holder>, Vec<usize>) {
        (self.holders, self.lines)
    }
}

fn parse_line(line: &str) -> Result<Holder, &'static str> {
    let mut columns = line.split(',');
    let (Some(address), Some(balance), None) = (columns.next(), columns.next(), columns.next()) else {
        return Err("not two columns, address and balance");
    };
    let account = if address.starts_with("0.0.") {
        AccountRef::Number(address.parse::<EntityId>().map_err(|_| "not an account of the form 0.0.N")?.0)
    } else {
        address_of(address)?
    };
    let is_plain = !balance.is_empty() && balance.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain {
        return Err("the balance is not an unsigned integer");
    }
    let units = balance.parse::<u64>().ok().filter(|units| i64::try_from(*units).is_ok());
    Ok(Holder(account, units.ok_or("the balance is more than the network can hold")?))
}

fn address_of(text: &str) -> Result<AccountRef, &'static str> {
    let bad = "not an address of 0x and 40 hexadecimal digits";
    if !text.starts_with("0x") && !text.starts_with("0X") {
        return Err(bad);
    }
    let address: EvmAddress = text.parse().map_err(|_| bad)?;
    match address.long_zero() {
        Some(number) if i64::try_from(number).is_err() => Err("no account has so high a number"),
        Some(number) => Ok(AccountRef::Number(number)),
        None => Ok(AccountRef::Address(address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str = "0xffe24544F86593680CF28cA7bc2916980BD35453";

    #[test]
    fn addresses_become_accounts_by_their_form() {
        let file = format!(
            "address,balance\r\n0x0000000000000000000000000000000000000000,4\r\n0x00000000000000000000000000000000000003ff,5\n{ALICE},6\n0.0.77,0\n"
        );
        let file = HoldersFile::parse(file.as_bytes()).expect("a good file");
        let alice = AccountRef::Address(ALICE.parse().expect("an address"));
        let expected = [
            Holder(AccountRef::Number(0), 4),
            Holder(AccountRef::Number(1_023), 5),
            Holder(alice, 6),
            Holder(AccountRef::Number(77), 0),
        ];
        assert_eq!(file.holders, expected);
        assert_eq!(file.lines, [2, 3, 4, 5]);
    }

    #[test]
    fn a_bad_line_is_named_with_its_reason() {
        for (bad, reason) in [
            ("", "not two columns, address and balance"),
            ("0x12", "not two columns, address and balance"),
            ("0x12,1", "not an address of 0x and 40 hexadecimal digits"),
            ("ffe24544F86593680CF28cA7bc2916980BD35453,1", "not an address of 0x and 40 hexadecimal digits"),
            ("0.0.x,1", "not an account of the form 0.0.N"),
            ("0x0000000000000000000000000000000000000001,-1", "the balance is not an unsigned integer"),
            ("0x0000000000000000000000000000000000000001,1e3", "the balance is not an unsigned integer"),
            ("0x0000000000000000000000000000000000000001,", "the balance is not an unsigned integer"),
            (
                "0x0000000000000000000000000000000000000001,9223372036854775808",
                "the balance is more than the network can hold",
            ),
            ("0x0000000000000000000000000000000000000001,1,2", "not two columns, address and balance"),
            ("0x000000000000000000000000ffffffffffffffff,1", "no account has so high a number"),
            ("0xFFE24544f86593680cf28ca7bc2916980bd35453,1", "the address of line 1 again"),
        ] {
            let file = format!("{ALICE},1\n{bad}\n0.0.5,1\n");
            assert_eq!(HoldersFile::parse(file.as_bytes()), Err(Refusal::line(2, reason)), "{bad}");
        }
    }

    #[test]
    fn one_account_in_two_spellings_is_a_duplicate() {
        let file = "0.0.5,1\n0x0000000000000000000000000000000000000005,1\n";
        assert_eq!(HoldersFile::parse(file.as_bytes()), Err(Refusal::line(2, "the address of line 1 again")));
    }

    #[test]
    fn text_that_is_not_utf_8_is_refused_at_its_line() {
        assert_eq!(HoldersFile::parse(b"0.0.5,1\n\xff,1\n"), Err(Refusal::line(2, "not UTF-8")));
    }
}
