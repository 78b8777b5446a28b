//! What a store finds wrong with its own tables, without transport codes.

use std::fmt::Display;

/// A row that no code of ours could have written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("table {table}, row {row}: column {column} is inconsistent")]
pub struct Inconsistent {
    /// The table.
    pub table: &'static str,
    /// The row's key.
    pub row: String,
    /// The column.
    pub column: &'static str,
}

/// A read or a write of a store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A statement failed.
    #[error("database statement failed")]
    Query(#[from] diesel::result::Error),
    /// A row cannot be understood.
    #[error(transparent)]
    Inconsistent(#[from] Inconsistent),
    /// An update of one row changed another number of rows.
    #[error("an update of one row of {table} changed {changed}")]
    Changed {
        /// The table.
        table: &'static str,
        /// Rows changed.
        changed: usize,
    },
}

impl StoreError {
    /// A row that no code of ours could have written.
    pub fn inconsistent(table: &'static str, row: impl Display, column: &'static str) -> Self {
        Inconsistent { table, row: row.to_string(), column }.into()
    }
}

/// Holds an update of one row to its word.
pub fn exactly_one(table: &'static str, changed: usize) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Changed { table, changed }) }
}

#[cfg(test)]
mod tests {
    use super::exactly_one;

    #[test]
    fn an_update_of_one_row_changes_one() {
        assert!(exactly_one("run", 1).is_ok());
        for changed in [0, 2] {
            let error = exactly_one("run", changed).expect_err("not one");
            assert_eq!(error.to_string(), format!("an update of one row of run changed {changed}"));
        }
    }
}
