//! `timestamptz` as the standard library's time: microseconds, which is all the database keeps.

use std::time::{Duration, SystemTime};

use diesel::data_types::PgTimestamp;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::sql_types::Timestamptz;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};

/// PostgreSQL counts from the year 2000: 10,957 days after the epoch.
const EPOCH: Duration = Duration::from_hours(262_968);

/// A moment in a column of type `timestamptz`; after 1999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Timestamptz)]
pub struct At(pub SystemTime);

impl FromSql<Timestamptz, Pg> for At {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let PgTimestamp(micros) = FromSql::<Timestamptz, Pg>::from_sql(value)?;
        Ok(Self(SystemTime::UNIX_EPOCH + EPOCH + Duration::from_micros(micros.try_into()?)))
    }
}

impl ToSql<Timestamptz, Pg> for At {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let since = self.0.duration_since(SystemTime::UNIX_EPOCH + EPOCH)?;
        ToSql::<Timestamptz, Pg>::to_sql(&PgTimestamp(since.as_micros().try_into()?), &mut out.reborrow())
    }
}
