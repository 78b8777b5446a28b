//! One newtype per kind of thing, all made by one macro so that none differs.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::parse::{ParseIdError, uuid_after};
use crate::source::IdSource;

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What the text of these ids starts with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id.
            pub fn new(ids: &dyn IdSource) -> Self {
                Self(ids.uuid())
            }

            /// The id that a database column or a token holds as a bare UUID.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The bare UUID, for a database column.
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        /// The same as `Display`: logs and messages then show one form.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                uuid_after($prefix, text)
                    .map(Self)
                    .ok_or(ParseIdError::expected(concat!($prefix, "_<32 lowercase hex digits>")))
            }
        }
    };
}

typed_id!(
    /// Something that can be paid on: a token, a bond.
    AssetId, "ast"
);
typed_id!(
    /// One reading of a token's holders from the chain.
    SyncId, "syn"
);
typed_id!(
    /// Balances frozen at one time.
    SnapshotId, "snp"
);
typed_id!(
    /// A decision to pay.
    DistributionId, "dst"
);
typed_id!(
    /// A recurring distribution.
    ScheduleId, "sch"
);
typed_id!(
    /// A file of payees.
    IngestFileId, "ing"
);
typed_id!(
    /// One execution of a list of instructions.
    RunId, "run"
);
typed_id!(
    /// One try on a rail.
    AttemptId, "att"
);
typed_id!(
    /// An account that payouts are paid from.
    FundingAccountId, "fnd"
);
typed_id!(
    /// Something stopped by a person.
    PauseId, "pau"
);
typed_id!(
    /// Money taken out of a funding account.
    WithdrawalId, "wdr"
);
typed_id!(
    /// Something that an operator has to end.
    AlertId, "alr"
);
typed_id!(
    /// One record of the audit log.
    AuditId, "aud"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SystemIds;

    #[test]
    fn every_kind_reads_back_the_text_it_writes() -> Result<(), ParseIdError> {
        macro_rules! round_trip {
            ($($name:ident $prefix:literal),*) => {$(
                let id = $name::new(&SystemIds);
                let text = id.to_string();
                assert_eq!(text, format!("{}_{}", $prefix, id.as_uuid().simple()));
                assert_eq!(text.parse::<$name>()?, id);
                assert_eq!($name::from_uuid(id.as_uuid()), id);
                assert_eq!(format!("{id:?}"), text);
            )*};
        }
        round_trip!(AssetId "ast", SyncId "syn", SnapshotId "snp", DistributionId "dst", IngestFileId "ing", RunId "run",
            AttemptId "att", FundingAccountId "fnd", PauseId "pau", AlertId "alr", AuditId "aud", ScheduleId "sch",
            WithdrawalId "wdr");
        Ok(())
    }

    #[test]
    fn texts_sort_as_their_ids_do() {
        let ids: Vec<RunId> = (0..100).map(|_| RunId::new(&SystemIds)).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().map(ToString::to_string).is_sorted());
    }

    #[test]
    fn only_the_canonical_text_is_an_id() {
        let good = "run_0190f3c85d0e7a3b8c4d5e6f708192ab";
        assert!(good.parse::<RunId>().is_ok());
        for bad in [
            "",
            "run",
            "run_",
            "0190f3c85d0e7a3b8c4d5e6f708192ab",
            "dst_0190f3c85d0e7a3b8c4d5e6f708192ab",
            "RUN_0190f3c85d0e7a3b8c4d5e6f708192ab",
            "run_0190F3C85D0E7A3B8C4D5E6F708192AB",
            "run_0190f3c8-5d0e-7a3b-8c4d-5e6f708192ab",
            "run_0190f3c85d0e7a3b8c4d5e6f708192a",
            "run_0190f3c85d0e7a3b8c4d5e6f708192abc",
            "run_0190f3c85d0e7a3b8c4d5e6f708192ag",
            " run_0190f3c85d0e7a3b8c4d5e6f708192ab",
            "run_0190f3c85d0e7a3b8c4d5e6f708192ab\n",
            "run__190f3c85d0e7a3b8c4d5e6f708192ab",
            "run_١190f3c85d0e7a3b8c4d5e6f708192a",
        ] {
            assert_eq!(
                bad.parse::<RunId>(),
                Err(ParseIdError::expected("run_<32 lowercase hex digits>")),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn the_error_says_which_kind_was_expected() {
        let error =
            "run_0190f3c85d0e7a3b8c4d5e6f708192ab".parse::<AssetId>().expect_err("a run is not an asset");
        assert_eq!(error.to_string(), "expected `ast_<32 lowercase hex digits>`");
    }
}
