//! The minor units of currencies.

/// ISO 4217 currencies whose minor unit is not the hundredth (list one, 2024), with their decimals.
const MINOR_UNITS: [(&str, u8); 26] = [
    ("BHD", 3),
    ("BIF", 0),
    ("CLF", 4),
    ("CLP", 0),
    ("DJF", 0),
    ("GNF", 0),
    ("IQD", 3),
    ("ISK", 0),
    ("JOD", 3),
    ("JPY", 0),
    ("KMF", 0),
    ("KRW", 0),
    ("KWD", 3),
    ("LYD", 3),
    ("OMR", 3),
    ("PYG", 0),
    ("RWF", 0),
    ("TND", 3),
    ("UGX", 0),
    ("UYI", 0),
    ("UYW", 4),
    ("VND", 0),
    ("VUV", 0),
    ("XAF", 0),
    ("XOF", 0),
    ("XPF", 0),
];
const MINOR_UNITS_USUAL: u8 = 2;

/// Decimals of a currency's minor unit: how many digits after the point an amount of whole units can have. `currency` is
/// the code of three letters; one that is not in ISO 4217 is taken to have hundredths, like most that are.
pub fn minor_unit_decimals(currency: &str) -> u8 {
    let known = MINOR_UNITS.iter().find(|(known, _)| *known == currency);
    known.map_or(MINOR_UNITS_USUAL, |(_, decimals)| *decimals)
}

#[cfg(test)]
mod tests {
    use super::{MINOR_UNITS, minor_unit_decimals};

    #[test]
    fn currencies_have_their_own_minor_units() {
        let decimals = ["EUR", "JPY", "KWD", "CLF"].map(minor_unit_decimals);
        assert_eq!(decimals, [2, 0, 3, 4]);
        assert!(MINOR_UNITS.is_sorted());
    }
}
