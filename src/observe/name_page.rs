//! Page tokens of listings by name: they say where to go on by name and number, so that they outlive what they name.

use crate::model::ApiError;

use super::page;

/// Where a page of a listing by name begins and how long it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NamePage<'a> {
    filter: u64,
    /// The first name, and number within it, that may be on it.
    pub(crate) from: Option<(&'a str, u32)>,
    length: usize,
}

impl<'a> NamePage<'a> {
    /// Reads `nextToken` and `maxResults` of a listing with these filters.
    ///
    /// # Errors
    ///
    /// `InvalidParameterException` for a token that was not given out, or was for other filters.
    pub(crate) fn read(
        filter: u64,
        token: Option<&'a str>,
        max_results: Option<i32>,
    ) -> Result<Self, ApiError> {
        let from = match token {
            None => None,
            Some(token) => {
                let known = decode(token).filter(|(bound_to, _)| *bound_to == filter);
                Some(known.ok_or_else(|| page::refused(token))?.1)
            }
        };
        Ok(Self {
            filter,
            from,
            length: page::length(max_results),
        })
    }

    /// Cuts a page out of results in the order of the listing, each with its place; the token of the next page when
    /// more follow.
    pub(crate) fn cut<'b, T>(
        &self,
        mut results: impl Iterator<Item = ((&'b str, u32), T)>,
    ) -> (Vec<T>, Option<String>) {
        let page: Vec<T> = results
            .by_ref()
            .take(self.length)
            .map(|(_, result)| result)
            .collect();
        let next = results.next().map(|(place, _)| encode(self.filter, place));
        (page, next)
    }
}

/// The filters and the number in hexadecimal digits, then the name.
fn encode(filter: u64, (name, number): (&str, u32)) -> String {
    format!("{filter:016x}{number:08x}{name}")
}

fn decode(token: &str) -> Option<(u64, (&str, u32))> {
    let (filter, rest) = token.split_at_checked(16)?;
    let (number, name) = rest.split_at_checked(8)?;
    let is_hex = token.bytes().take(24).all(|byte| byte.is_ascii_hexdigit());
    if !is_hex {
        return None;
    }
    let filter = u64::from_str_radix(filter, 16).ok()?;
    let number = u32::from_str_radix(number, 16).ok()?;
    Some((filter, (name, number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_to_the_first_result_that_was_cut_off() {
        let page = NamePage::read(7, None, Some(2)).expect("no token is a good token");
        let places = [("a-b", 3), ("a-b", 4), ("c", 1)];
        let (results, next) = page.cut(places.into_iter().map(|place| (place, place.1)));
        assert_eq!(results, [3, 4]);
        let token = next.expect("one more follows");
        let page = NamePage::read(7, Some(&token), None).expect("it is of this listing");
        assert_eq!(page.from, Some(("c", 1)));
        assert!(NamePage::read(8, Some(&token), None).is_err());
        let rest = places[2..].iter().map(|place| (*place, place.1));
        assert_eq!(page.cut(rest), (vec![1], None));
    }

    #[test]
    fn a_token_nobody_gave_out_is_refused() {
        for token in [
            "",
            "web",
            "000000000000000700000001",
            "+00000000000000700000001web",
            "00000000000000é700000001web",
        ] {
            assert!(NamePage::read(8, Some(token), None).is_err(), "{token}");
        }
    }
}
