//! Hand-written SQL that is parsed and planned once per connection.
//!
//! Diesel takes every `sql_query` for text that may change with each call and prepares it anew; on a hot path parsing and
//! planning then cost more than the work. SQL that is one constant text is safe to keep: [`Prepare::prepared`] says so.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Untyped;

/// A query whose text is the same at every call.
#[derive(Clone, Copy, Debug)]
pub struct Prepared<Q>(Q);

/// Says that a query's text is the same at every call.
pub trait Prepare: Sized {
    /// The same query, prepared once per connection under its text. Never for text that is put together at run time:
    /// each variant would stay prepared for as long as the connection lives.
    fn prepared(self) -> Prepared<Self> {
        Prepared(self)
    }
}

impl<Q: QueryFragment<Pg>> Prepare for Q {}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q> Query for Prepared<Q> {
    type SqlType = Untyped;
}

impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();
    // Kept under its text.
    const HAS_STATIC_QUERY_ID: bool = false;
}
