//! Who is paid, as a file names them.

use std::fmt;

use crate::domain::account::{Account, EvmAddress};

/// Who is to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recipient {
    /// An account.
    Account(Account),
    /// An address of which the network knows the account, if there is one.
    Evm(EvmAddress),
    /// An email, which no rail pays.
    Email(Email),
}

/// An email, with the name that stands before it. Both are somebody's own: `Debug` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Email {
    /// The address, at most 254 bytes.
    pub address: String,
    /// The name, at most 200 characters.
    pub name: Option<String>,
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

/// The longest email address (RFC 5321) and its longest part before the @.
const EMAIL_BYTES_MAX: usize = 254;
const LOCAL_BYTES_MAX: usize = 64;
const LABEL_BYTES_MAX: usize = 63;
/// Characters of a name, as in the database.
const NAME_CHARS_MAX: usize = 200;

/// Reads a recipient; none when it is nothing of the three.
pub(super) fn read(cell: &str) -> Option<Recipient> {
    if let Ok(account) = cell.parse::<Account>() {
        return Some(Recipient::Account(account));
    }
    if let Ok(address) = cell.parse::<EvmAddress>() {
        return Some(of_address(address));
    }
    let (name, address) = match cell.strip_suffix('>') {
        Some(rest) => {
            let (name, address) = rest.rsplit_once('<')?;
            (Some(self::name(name)?), address)
        }
        None => (None, cell),
    };
    is_email(address).then(|| Recipient::Email(Email { address: address.to_owned(), name }))
}

/// The name before an address, with or without quotes. It is shown by itself, and so must be no formula by itself.
fn name(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).trim();
    let plain = !text.contains(['<', '>', '@', '"']) && !text.starts_with(['=', '+', '-']);
    (plain && !text.is_empty() && text.chars().count() <= NAME_CHARS_MAX).then(|| text.to_owned())
}

/// A long-zero address is the number of its account; no account can have another one like it.
fn of_address(address: EvmAddress) -> Recipient {
    let (zeros, number) = address.0.split_at(12);
    let number = number.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    match Account::from_number(number) {
        Ok(account) if zeros.iter().all(|byte| *byte == 0) => Recipient::Account(account),
        Ok(_) | Err(_) => Recipient::Evm(address),
    }
}

/// Whether this is an address as mail providers give them: no quotes, no comments, no literals of hosts.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let atom = |part: &str| {
        let letter = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
        !part.is_empty() && part.chars().all(letter)
    };
    let label = |part: &str| {
        let letter = |c: char| c.is_alphanumeric() || c == '-';
        let bounds = !part.starts_with('-') && !part.ends_with('-') && part.len() <= LABEL_BYTES_MAX;
        !part.is_empty() && bounds && part.chars().all(letter)
    };
    text.len() <= EMAIL_BYTES_MAX
        && local.len() <= LOCAL_BYTES_MAX
        && local.split('.').all(atom)
        && domain.contains('.')
        && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::{Account, Email, Recipient, read};

    #[test]
    fn accounts_and_addresses_are_read_and_a_long_zero_address_is_its_account() {
        let account = |number| Recipient::Account(Account::from_number(number).expect("small"));
        assert_eq!(read("0.0.5005"), Some(account(5005)));
        assert_eq!(read("0x000000000000000000000000000000000000138D"), Some(account(5005)));
        for address in [
            "0xabcdef0123456789abcdef0123456789abcdef01",
            "0x0000000000000000000000008000000000000000",
            "0x000000000000000000000001000000000000138d",
        ] {
            let found = read(address);
            assert!(matches!(found, Some(Recipient::Evm(_))), "{address}: {found:?}");
        }
    }

    #[test]
    fn emails_are_read_with_and_without_names() {
        for (text, name, address) in [
            ("ada@example.org", None, "ada@example.org"),
            ("Ada Lovelace <ada@example.org>", Some("Ada Lovelace"), "ada@example.org"),
            ("\"Lovelace, Ada\" <ada@example.org>", Some("Lovelace, Ada"), "ada@example.org"),
            ("ada.l+x@mail.example.co.uk", None, "ada.l+x@mail.example.co.uk"),
            ("Zoë <zoë@exämple.org>", Some("Zoë"), "zoë@exämple.org"),
        ] {
            let email = Email { address: address.to_owned(), name: name.map(str::to_owned) };
            assert_eq!(read(text), Some(Recipient::Email(email)), "{text}");
        }
    }

    #[test]
    fn an_email_is_not_shown_where_it_is_debugged() {
        let shown = format!("{:?}", read("Ada <ada@example.org>"));
        assert!(!shown.to_lowercase().contains("ada"), "{shown}");
    }

    #[test]
    fn anything_else_is_nobody() {
        let long = format!("{}@example.org", "a".repeat(65));
        let long_name = format!("{} <ada@example.org>", "a".repeat(201));
        for text in [
            "5005",
            "0.0.05",
            "1.0.5005",
            "0.0.-1",
            "0x12",
            "0xzz",
            "Ada",
            "ada@",
            "@example.org",
            "ada@example",
            "ada@@example.org",
            "a b@example.org",
            "ada@exa mple.org",
            "ada@-example.org",
            ".a@example.org",
            "<ada@example.org>",
            "Ada <ada@example.org",
            "Ada <a> <ada@example.org>",
            "Ada ada@example.org>",
            "\"=1+1\" <ada@example.org>",
            "\"\" <ada@example.org>",
            "Ada \"x\" <ada@example.org>",
            &long,
            &long_name,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
