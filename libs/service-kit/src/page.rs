//! Page tokens: where a list goes on, bound to the filters it began with.
//!
//! A token is opaque, not secret and not signed: it holds the last row's sort key, and what a caller may see
//! is decided again on every page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::error::Problem;

/// Rows on a page when the request does not say.
pub const SIZE_DEFAULT: u32 = 50;
/// Rows on a page at most; asking for more gives this many.
pub const SIZE_MAX: u32 = 1000;

const VERSION: u8 = 1;
const FILTERS_LEN: usize = 8;
const TOKEN_LEN_MAX: usize = 2048;

/// What a list was asked for, apart from the page: a short hash of the request's filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filters([u8; FILTERS_LEN]);

impl Filters {
    /// The filters of `request`, whose page token and page size the caller has cleared.
    pub fn of(request: &impl prost::Message) -> Filters {
        Filters::of_bytes(&request.encode_to_vec())
    }

    /// The filters as any bytes that differ when they do.
    pub fn of_bytes(bytes: &[u8]) -> Filters {
        let digest = Sha256::digest(bytes);
        let mut short = [0; FILTERS_LEN];
        short.copy_from_slice(&digest[..FILTERS_LEN]);
        Filters(short)
    }
}

/// How many rows to give for a `page_size` field: 0 is the default, more than the most is the most.
pub fn size(requested: i32) -> Result<u32, Problem> {
    match u32::try_from(requested) {
        Ok(0) => Ok(SIZE_DEFAULT),
        Ok(size) => Ok(size.min(SIZE_MAX)),
        Err(_) => {
            Err(Problem::field("page_size", crate::validate::OUT_OF_RANGE, "0 for the default, or more"))
        }
    }
}

/// Cuts to `size` the rows of a page that was read with one row more: that one tells whether there is a next page. Gives
/// the last row of the page when there is.
pub fn cut<T>(rows: &mut Vec<T>, size: u32) -> Option<&T> {
    let size = size as usize;
    let more = rows.len() > size;
    rows.truncate(size);
    rows.last().filter(|_| more)
}

/// The token of the page after `cursor`.
pub struct PageToken;

impl PageToken {
    /// Writes a token. `cursor` is the sort key of the last row given; a `None` means there is no next
    /// page, whose token is the empty text.
    pub fn encode<C: Serialize>(cursor: Option<&C>, filters: Filters) -> String {
        let Some(cursor) = cursor else { return String::new() };
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&filters.0);
        let json = serde_json::to_vec(cursor).expect("a cursor is a plain struct of numbers and texts");
        bytes.extend_from_slice(&json);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token; the empty text is the first page.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT`, reason `PAGE_TOKEN_MISMATCH` when the token is of another query, and
    /// `PAGE_TOKEN_INVALID` when it is none of ours.
    pub fn decode<C: DeserializeOwned>(token: &str, filters: Filters) -> Result<Option<C>, Problem> {
        if token.is_empty() {
            return Ok(None);
        }
        if token.len() > TOKEN_LEN_MAX {
            return Err(invalid());
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid())?;
        let rest = bytes.strip_prefix(&[VERSION]).ok_or_else(invalid)?;
        let (bound_to, cursor) = rest.split_at_checked(FILTERS_LEN).ok_or_else(invalid)?;
        if bound_to != filters.0 {
            let message = "this page token is of another query; repeat the filters it was given for";
            return Err(Problem::user(tonic::Code::InvalidArgument, "PAGE_TOKEN_MISMATCH", message));
        }
        serde_json::from_slice(cursor).map(Some).map_err(|_| invalid())
    }
}

fn invalid() -> Problem {
    let message = "this is no page token of this list; start again without one";
    Problem::user(tonic::Code::InvalidArgument, "PAGE_TOKEN_INVALID", message)
}

#[cfg(test)]
mod tests {
    use super::{Filters, PageToken, SIZE_DEFAULT, SIZE_MAX, cut, size};

    #[test]
    fn a_token_gives_back_the_cursor_it_was_made_of() {
        let filters = Filters::of_bytes(b"asset=1");
        let token = PageToken::encode(Some(&(5u64, "ast_1")), filters);
        assert_eq!(PageToken::decode(&token, filters), Ok(Some((5u64, "ast_1".to_owned()))));
        assert_eq!(PageToken::decode::<u64>("", filters), Ok(None));
        assert_eq!(PageToken::encode::<u64>(None, filters), "");
    }

    #[test]
    fn a_token_of_another_query_is_refused() {
        let token = PageToken::encode(Some(&5u64), Filters::of_bytes(b"asset=1"));
        let problem =
            PageToken::decode::<u64>(&token, Filters::of_bytes(b"asset=2")).expect_err("another query");
        assert_eq!(problem.reason, "PAGE_TOKEN_MISMATCH");
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let filters = Filters::of_bytes(b"");
        let cut: String = PageToken::encode(Some(&5u64), filters).chars().take(8).collect();
        let other_cursor = PageToken::encode(Some(&"text"), filters);
        for token in ["!", "AAAA", &"A".repeat(5000), &cut, &other_cursor] {
            let problem = PageToken::decode::<u64>(token, filters).expect_err(token);
            assert_eq!(problem.reason, "PAGE_TOKEN_INVALID", "{token}");
        }
    }

    #[test]
    fn sizes_are_kept_in_bounds() {
        assert_eq!(size(0), Ok(SIZE_DEFAULT));
        assert_eq!(size(7), Ok(7));
        assert_eq!(size(i32::MAX), Ok(SIZE_MAX));
        assert!(size(-1).is_err());
    }

    #[test]
    fn one_row_more_than_the_page_has_tells_that_there_is_a_next_one() {
        for (read, page, last) in [(0, 0, None), (1, 1, None), (2, 2, None), (3, 2, Some(1))] {
            let mut rows: Vec<usize> = (0..read).collect();
            assert_eq!(cut(&mut rows, 2).copied(), last, "{read}");
            assert_eq!(rows.len(), page, "{read}");
        }
    }
}
