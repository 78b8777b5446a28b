//! Names of the contract's enums as people read them.

/// The name without the prefix that all values of its enum share; "UNKNOWN" for a value newer than this program.
pub fn short(name: Option<&'static str>, prefix: &str) -> String {
    name.map_or("UNKNOWN", |name| name.strip_prefix(prefix).unwrap_or(name)).to_owned()
}
