//! Lists are read page by page, never whole in one answer.

use tonic::Status;

use crate::error::CommandError;
use crate::output::Screen;

/// Rows of the largest page a service gives.
const PAGE_SIZE_MAX: u32 = 1000;

/// One page's rows and the token of the next page, empty on the last.
pub type Page<T> = (Vec<T>, String);

/// Reads up to `limit` rows; `page` is called with a page size and a page token.
pub async fn collect<T>(
    limit: usize,
    page: impl AsyncFnMut(i32, String) -> Result<Page<T>, Status>,
) -> Result<Vec<T>, Status> {
    Ok(read(limit, page).await?.0)
}

/// The same for a list that is shown: where it goes on, people are told, lest they take a part for the whole.
pub async fn shown<T>(
    screen: Screen,
    limit: usize,
    page: impl AsyncFnMut(i32, String) -> Result<Page<T>, Status>,
) -> Result<Vec<T>, CommandError> {
    let (rows, goes_on) = read(limit, page).await?;
    if goes_on {
        screen.warn(format!("These are the first {limit}, and there are more: see --limit."))?;
    }
    Ok(rows)
}

/// Up to `limit` rows, and whether there are more.
async fn read<T>(
    limit: usize,
    mut page: impl AsyncFnMut(i32, String) -> Result<Page<T>, Status>,
) -> Result<(Vec<T>, bool), Status> {
    let mut rows = Vec::new();
    let mut token = String::new();
    while rows.len() < limit {
        let size = u32::try_from(limit - rows.len()).unwrap_or(PAGE_SIZE_MAX).min(PAGE_SIZE_MAX);
        let (found, next) = page(i32::try_from(size).unwrap_or(i32::MAX), token.clone()).await?;
        rows.extend(found);
        // A page may be empty and still not be the last; a token that stays the same would never end.
        if next.is_empty() || next == token {
            return Ok((rows, false));
        }
        token = next;
    }
    rows.truncate(limit);
    Ok((rows, true))
}

#[cfg(test)]
mod tests {
    use super::{Page, read};

    /// A service with `total` rows.
    fn page_of(total: usize, size: i32, token: &str) -> Page<usize> {
        let first: usize = if token.is_empty() { 0 } else { token.parse().expect("a token of ours") };
        let end = total.min(first + usize::try_from(size).expect("positive"));
        let next = if end < total { end.to_string() } else { String::new() };
        ((first..end).collect(), next)
    }

    #[tokio::test]
    async fn rows_are_read_over_pages_up_to_the_limit_and_it_is_told_whether_there_are_more() {
        for (total, limit, expected, goes_on) in [
            (0, 10, 0, false),
            (5, 10, 5, false),
            (10, 10, 10, false),
            (11, 10, 10, true),
            (2500, 2001, 2001, true),
            (2500, 2500, 2500, false),
            (2500, 9999, 2500, false),
        ] {
            let found = read(limit, async |size, token| Ok(page_of(total, size, &token))).await;
            let (rows, more) = found.expect("no error");
            assert_eq!(rows, (0..expected).collect::<Vec<_>>(), "{limit} of {total}");
            assert_eq!(more, goes_on, "{limit} of {total}");
        }
    }
}
