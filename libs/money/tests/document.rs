//! The worked examples of `docs/ENTITLEMENTS.md`, read from the document itself.

use money::{Decimal, Split, Weight, per_token, split_pool};

type TestResult = Result<(), Box<dyn std::error::Error>>;

const DOCUMENT: &str = include_str!("../../../docs/ENTITLEMENTS.md");

/// The cells of the document's table with this header.
fn table(header: &str) -> Vec<Vec<&'static str>> {
    let rows =
        DOCUMENT.lines().skip_while(|line| *line != header).skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

#[test]
fn the_documents_amounts_per_token_are_ours() -> TestResult {
    let rows = table("| balance | rate | payment decimals | holding decimals | units |");
    assert_eq!(rows.len(), 7);
    for row in rows {
        let rate: Decimal = row[1].parse()?;
        let units = per_token(row[0].parse()?, &rate, row[2].parse()?, row[3].parse()?)?;
        assert_eq!(units, row[4].parse()?, "{row:?}");
    }
    Ok(())
}

#[test]
fn the_documents_shares_of_a_pool_are_ours() -> TestResult {
    let rows = table("| account | balance | base 710 | base 1000 |");
    let column = |index: usize| rows.iter().map(|row| row[index].parse()).collect::<Result<Vec<u128>, _>>();
    let (accounts, balances) = (column(0)?, column(1)?);
    assert_eq!((accounts.len(), balances.iter().sum()), (5, 710_u128));
    let weights: Vec<_> =
        accounts.into_iter().zip(balances).map(|(key, balance)| Weight { key, balance }).collect();
    assert_eq!(split_pool(10, 710, &weights)?, Split { shares: column(2)?, residue: 0 });
    assert_eq!(split_pool(10, 1_000, &weights)?, Split { shares: column(3)?, residue: 3 });
    Ok(())
}
