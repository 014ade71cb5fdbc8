//! Patterns with `*` and `?`, as people write them for names and images.

use std::fmt;
use std::str::Chars;

use serde::{Deserialize, Serialize};

/// A pattern for a name: `*` stands for any letters, `?` for exactly one, all else for itself.
///
/// A pattern covers the whole name, and letter case counts. There is no way to
/// quote a star; no name in ECS has one.
///
/// ```
/// use wavetank::model::Glob;
///
/// let web = Glob::new("web*");
/// assert!(web.matches("web-frontend"));
/// assert!(!web.matches("the-web"));
/// ```
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Glob(String);

impl Glob {
    /// The pattern written as `pattern`; every text is a pattern.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// The pattern that matches every name.
    pub fn any() -> Self {
        Self::new("*")
    }

    /// Whether the whole of `text` fits the pattern.
    ///
    /// Only the last star ever gives letters back, so the work is bounded by
    /// the product of the two lengths and by their sum for ordinary patterns.
    pub fn matches(&self, text: &str) -> bool {
        let mut pattern = self.0.chars();
        let mut rest = text.chars();
        // The pattern after the last star, and the text that star has not taken.
        let mut star: Option<(Chars<'_>, Chars<'_>)> = None;
        loop {
            let wanted = pattern.next();
            if wanted == Some('*') {
                star = Some((pattern.clone(), rest.clone()));
                continue;
            }
            match (wanted, rest.next()) {
                (None, None) => return true,
                (Some('?'), Some(_)) => {}
                (Some(wanted), Some(found)) if wanted == found => {}
                (Some(_), None) => return false,
                (_, Some(_)) => {
                    let Some((after_star, untaken)) = &mut star else {
                        return false;
                    };
                    untaken.next();
                    pattern = after_star.clone();
                    rest = untaken.clone();
                }
            }
        }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Glob {
    fn from(pattern: &str) -> Self {
        Self::new(pattern)
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition itself: each star tries every length.
    fn matches_by_definition(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => {
                (0..=text.len()).any(|taken| matches_by_definition(rest, &text[taken..]))
            }
            Some((wanted, rest)) => text.split_first().is_some_and(|(found, after)| {
                (*wanted == '?' || wanted == found) && matches_by_definition(rest, after)
            }),
        }
    }

    #[test]
    fn a_glob_covers_the_whole_name() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything", true),
            ("web", "web", true),
            ("web", "web1", false),
            ("web*", "web", true),
            ("*web", "the web", true),
            ("?", "é", true),
            ("?", "", false),
            ("a*b*c", "a--b--b-c", true),
            ("a*b*c", "a--c--b", false),
            ("nginx:1.*", "nginx:1.27", true),
            ("WEB", "web", false),
        ] {
            assert_eq!(
                Glob::new(pattern).matches(text),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn a_hostile_pattern_ends_soon() {
        let pattern = Glob::new("*a".repeat(200) + "b");
        assert!(!pattern.matches(&"a".repeat(2000)));
    }

    proptest::proptest! {
        #[test]
        fn a_glob_agrees_with_its_definition(pattern in "[ab?*]{0,7}", text in "[ab]{0,8}") {
            let letters: Vec<char> = pattern.chars().collect();
            let found: Vec<char> = text.chars().collect();
            proptest::prop_assert_eq!(
                Glob::new(pattern).matches(&text),
                matches_by_definition(&letters, &found)
            );
        }
    }
}
