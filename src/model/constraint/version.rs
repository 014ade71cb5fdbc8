//! Versions of agents, which are ordered number by number.

/// A version like `1.75.3`; numbers that are left out at the end are 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(Vec<u64>);

impl Version {
    /// Reads a version, with or without `v` before it; `None` for anything else.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let numbers = text.strip_prefix('v').unwrap_or(text).split('.');
        let number = |part: &str| {
            let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| part.parse().ok()).flatten()
        };
        let mut numbers: Vec<u64> = numbers.map(number).collect::<Option<_>>()?;
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        Some(Self(numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_number_by_number() {
        let ordered = ["0.9", "1.2.9", "1.2.10", "v1.10.0", "1.10.0.1", "2"];
        let versions = ordered.map(Version::read);
        assert!(versions.iter().all(Option::is_some));
        assert!(versions.is_sorted_by(|one, other| one < other));
        assert_eq!(Version::read("1.2"), Version::read("v1.2.0"));
    }

    #[test]
    fn what_is_no_version_is_none() {
        for text in [
            "",
            "v",
            "1.",
            ".1",
            "1..2",
            "1.2-rc",
            "+1",
            "latest",
            "99999999999999999999",
        ] {
            assert_eq!(Version::read(text), None, "{text}");
        }
    }
}
