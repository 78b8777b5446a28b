//! Rows and queries. SQL lives here and nowhere else.

pub(crate) mod assets;
pub(crate) mod pauses;
pub(crate) mod payment_tokens;
pub(crate) mod schema;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use pg::exactly_one;

pub(crate) use pg::{Inconsistent, StoreError};

/// The tables of this service, one step after another.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

#[cfg(test)]
mod tests {
    use diesel_async::{AsyncConnection as _, AsyncPgConnection};
    use pg::testing::{Declared, TestDb, assert_schema_matches};

    use super::MIGRATIONS;
    use super::schema::{asset, payment_token, token_facts};

    #[tokio::test]
    async fn the_schema_file_says_what_the_migrations_made() {
        let db = TestDb::create("asset", MIGRATIONS).await;
        let mut conn = AsyncPgConnection::establish(&db.owner_url).await.expect("the owner may connect");
        let tables = [
            Declared::table(asset::table),
            Declared::installation(),
            Declared::table(payment_token::table),
            Declared::table(token_facts::table),
        ];
        assert_schema_matches(&mut conn, &tables).await;
    }
}
