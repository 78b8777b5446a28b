//! The demonstration's holders: a file, or generated ones of very uneven size.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::str::FromStr;

/// Decimals of the demonstration's token.
pub(super) const DECIMALS: u8 = 8;
/// Four of them will be in trouble.
const COUNT_MIN: u32 = 10;
const COUNT_MAX: u32 = 1_000_000;
/// The largest holder's units; the n-th has about an n-th of it.
const LARGEST_UNITS: u64 = 120_000_000_000_000;
/// No holder has less: four whole tokens, which many will have.
const SMALLEST_UNITS: u64 = 400_000_000;

/// Where the holders come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holders {
    /// A CSV file: address,balance.
    File(PathBuf),
    /// So many generated ones.
    Generated(u32),
}

impl FromStr for Holders {
    type Err = String;

    fn from_str(text: &str) -> Result<Holders, String> {
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Holders::File(PathBuf::from(text)));
        }
        let count = text.parse().ok().filter(|count| (COUNT_MIN..=COUNT_MAX).contains(count));
        count.map(Holders::Generated).ok_or_else(|| format!("generates {COUNT_MIN} to {COUNT_MAX} holders"))
    }
}

impl Holders {
    /// The holders as a CSV file.
    pub fn csv(&self) -> std::io::Result<Vec<u8>> {
        match self {
            Holders::File(path) => std::fs::read(path)
                .map_err(|error| std::io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
            Holders::Generated(count) => Ok(generate(*count).into_bytes()),
        }
    }
}

/// The same file for the same count. The last holder is the zero address, as in real exports: no rail can pay it.
fn generate(count: u32) -> String {
    let mut file = String::from("address,balance\n");
    for rank in 0..count {
        let (high, low) = (spread(u64::from(rank) * 2), spread(u64::from(rank) * 2 + 1));
        // Never the form of an account number, which is eleven zero bytes and more.
        let address = if rank + 1 == count {
            "0".repeat(40)
        } else {
            format!("b0{:06x}{high:016x}{low:016x}", rank & 0xff_ffff)
        };
        let _ = writeln!(file, "0x{address},{}", units(rank, low));
    }
    file
}

/// About the n-th part of the largest, up to a tenth less by chance.
fn units(rank: u32, chance: u64) -> u64 {
    let part = LARGEST_UNITS / (u64::from(rank) + 1);
    (part - chance % (part / 10 + 1)).max(SMALLEST_UNITS)
}

/// `SplitMix64`'s output function: spreads a counter over 64 bits.
fn spread(counter: u64) -> u64 {
    let mut value = counter.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn generated_holders_are_the_same_each_time_all_different_and_very_uneven() {
        let file = generate(5000);
        assert_eq!(file, generate(5000));
        let rows: Vec<(&str, u64)> = file
            .lines()
            .skip(1)
            .map(|line| line.split_once(',').expect("two cells"))
            .map(|(address, units)| (address, units.parse().expect("units")))
            .collect();
        assert_eq!(rows.iter().map(|(address, _)| address).collect::<HashSet<_>>().len(), 5000);
        assert!(rows.iter().all(|(address, _)| address.len() == 42));
        let (largest, smallest) = (rows.iter().map(|row| row.1).max(), rows.iter().map(|row| row.1).min());
        assert!(largest > smallest.map(|units| units * 1000), "{largest:?} {smallest:?}");
        // The network counts in 64 signed bits.
        let total: u64 = rows.iter().map(|row| row.1).sum();
        assert!(i64::try_from(total).is_ok());
    }

    #[test]
    fn a_number_generates_and_all_else_is_a_file() {
        assert_eq!("5000".parse(), Ok(Holders::Generated(5000)));
        assert_eq!("holders.csv".parse(), Ok(Holders::File(PathBuf::from("holders.csv"))));
        assert!("3".parse::<Holders>().is_err() && "99999999".parse::<Holders>().is_err());
    }
}
