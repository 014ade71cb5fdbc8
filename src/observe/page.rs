//! Page tokens: opaque to callers, bound to the filters they were given out for.

use crate::model::ApiError;

/// The most results of a page, and how many there are when the caller does not say.
const PAGE: usize = 100;

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
        mut results: impl Iterator<Item = (u32, T)>,
    ) -> (Vec<T>, Option<String>) {
        let mut page = Vec::new();
        while page.len() < self.length {
            match results.next() {
                Some((_, result)) => page.push(result),
                None => return (page, None),
            }
        }
        let next = results
            .next()
            .map(|(number, _)| encode(self.filter, number));
        (page, next)
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
    fn the_last_page_has_no_token_even_when_it_is_full() {
        let page = Page::read(7, None, Some(3)).expect("no token is a good token");
        assert_eq!(
            page.cut((0..3).map(|number| (number, number))),
            (vec![0, 1, 2], None)
        );
    }
}
