//! Page tokens: opaque to callers, bound to the filters they were given out for.

use crate::model::ApiError;

/// The most results of a page, and how many there are when the caller does not say.
const PAGE: usize = 100;

/// The most tasks a page looks at, listed or not: filters that hold together may pass by what each alone would list.
///
/// ECS too may end a page early (API reference, `nextToken`); only a page without a token ends a listing.
const EXAMINED: usize = 10_000;

/// Where a page begins and how long it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    filter: u64,
    /// The first number that may be on it.
    pub(crate) first: u32,
    /// The most results on it.
    pub(crate) length: usize,
}

impl Page {
    /// Reads `nextToken` and `maxResults` of a listing with these filters.
    ///
    /// # Errors
    ///
    /// `InvalidParameterException` for a token that was not given out, or was for other filters.
    pub(crate) fn read(
        filter: u64,
        token: Option<&str>,
        max_results: Option<i32>,
    ) -> Result<Self, ApiError> {
        let first = match token {
            None => 0,
            Some(token) => {
                let number = decode(token).filter(|(bound_to, _)| *bound_to == filter);
                number.ok_or_else(|| refused(token))?.1
            }
        };
        Ok(Self {
            filter,
            first,
            length: length(max_results),
        })
    }

    /// The same page with at most so many results: some operations have shorter ones.
    pub(crate) fn of_at_most(self, results: usize) -> Self {
        Self {
            length: self.length.min(results),
            ..self
        }
    }

    /// Cuts a page out of numbered results in ascending order; the token of the next one when more follow.
    pub(crate) fn cut<T>(
        &self,
        results: impl Iterator<Item = (u32, T)>,
    ) -> (Vec<T>, Option<String>) {
        let mut page = Vec::new();
        for (number, result) in results {
            if page.len() == self.length {
                return (page, Some(encode(self.filter, number)));
            }
            page.push(result);
        }
        (page, None)
    }

    /// Cuts a page out of numbered candidates in ascending order, some of which are no results; it ends early when few are.
    pub(crate) fn sift<T>(
        &self,
        candidates: impl Iterator<Item = (u32, Option<T>)>,
    ) -> (Vec<T>, Option<String>) {
        let mut page = Vec::new();
        for (examined, (number, result)) in candidates.enumerate() {
            let is_full = page.len() == self.length && result.is_some();
            if is_full || examined == EXAMINED {
                return (page, Some(encode(self.filter, number)));
            }
            page.extend(result);
        }
        (page, None)
    }
}

/// The most results on a page for which the caller said that, or nothing.
pub(super) fn length(max_results: Option<i32>) -> usize {
    let asked = max_results.and_then(|count| usize::try_from(count).ok());
    asked.unwrap_or(PAGE).min(PAGE)
}

/// What is said of a token that was not given out, or was for other filters.
pub(super) fn refused(token: &str) -> ApiError {
    ApiError::invalid(
        "nextToken",
        token,
        "Invalid token: it is not of this listing.",
    )
}

fn encode(filter: u64, first: u32) -> String {
    format!("{filter:016x}{first:08x}")
}

fn decode(token: &str) -> Option<(u64, u32)> {
    let (filter, first) = (token.get(..16)?, token.get(16..)?);
    let is_hex = token.len() == 24 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex {
        return None;
    }
    Some((
        u64::from_str_radix(filter, 16).ok()?,
        u32::from_str_radix(first, 16).ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_refused_by_a_listing_with_other_filters() {
        let page = Page::read(7, None, Some(2)).expect("no token is a good token");
        let (results, next) = page.cut((0..5).map(|number| (number, number)));
        assert_eq!(results, [0, 1]);
        let token = next.expect("three more follow");
        assert_eq!(
            Page::read(7, Some(&token), None)
                .expect("it is of this listing")
                .first,
            2
        );
        assert!(Page::read(8, Some(&token), None).is_err());
    }

    #[test]
    fn a_token_nobody_gave_out_is_refused() {
        for token in ["", "x", "00000000000000070000000g", "ééééééééééééé"] {
            assert!(Page::read(7, Some(token), None).is_err(), "{token}");
        }
    }

    #[test]
    fn a_page_ends_early_when_few_of_many_are_listed_and_the_next_goes_on_there() {
        let limit = u32::try_from(EXAMINED).expect("the bound is small");
        let candidates = |from: u32| {
            (from..3 * limit).map(move |number| (number, (number > 2 * limit).then_some(number)))
        };
        let (mut token, mut pages) = (None::<String>, Vec::new());
        for _ in 0..4 {
            let page = Page::read(7, token.as_deref(), Some(2)).expect("it was given out");
            let (results, next) = page.sift(candidates(page.first));
            pages.push((page.first, results));
            token = next;
        }
        let numbers = |from| vec![from, from + 1];
        assert_eq!(
            pages,
            [
                (0, vec![]),
                (limit, vec![]),
                (2 * limit, numbers(2 * limit + 1)),
                (2 * limit + 3, numbers(2 * limit + 3)),
            ]
        );
    }

    #[test]
    fn the_last_page_has_no_token_even_when_it_is_full() {
        let page = Page::read(7, None, Some(3)).expect("no token is a good token");
        assert_eq!(
            page.cut((0..3).map(|number| (number, number))),
            (vec![0, 1, 2], None)
        );
    }
}
