//! Regular expressions: those of Java, as far as a matcher in linear time can have them.
//!
//! What Java has and the matcher has not, or has with another meaning, is refused by its name. What both have with one
//! meaning is passed on.

use regex_lite::{Regex, RegexBuilder};

/// Bytes that a compiled pattern may take: as much as a thousand such values as attributes hold.
const SIZE_MAX: usize = 1 << 18;

/// A pattern that a whole value matches or not.
///
/// # Model
///
/// The developer guide names the syntax of Java and does not say whether a part of the value is enough. Here it must be the
/// whole, as Java's `matches` has it and as the guide's example `g2.*` suggests. Case counts. Only ASCII has classes and
/// case.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Regex);

impl Pattern {
    /// Compiles a pattern, or says what stands in the way.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let translated = translate(text)?;
        let regex = RegexBuilder::new(&format!("^(?:{translated})$"))
            .size_limit(SIZE_MAX)
            .build();
        regex
            .map(Self)
            .map_err(|error| format!("expected a pattern: {error}"))
    }

    /// Whether all of a text matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// Rewrites a pattern of Java for the matcher.
fn translate(text: &str) -> Result<String, String> {
    let mut translated = String::with_capacity(text.len());
    let (mut in_class, mut groups) = (false, 0_u32);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let behind = &rest[character.len_utf8()..];
        match character {
            '\\' => {
                let (escaped, after) = escape(behind, in_class)?;
                translated.push_str(&escaped);
                rest = after;
                continue;
            }
            '[' if in_class => return Err(refused("a class within a class [a[b]]")),
            '&' if in_class && behind.starts_with('&') => {
                return Err(refused("an intersection of classes [a&&b]"));
            }
            // These are plain characters to Java and may mean something to the matcher.
            '&' | '~' if in_class => translated.push('\\'),
            '[' => {
                in_class = true;
                let negated = behind.strip_prefix('^').map_or(0, |_| 1);
                // A bracket at once closes nothing: it is one of the class.
                let length = negated + usize::from(behind[negated..].starts_with(']'));
                translated.push_str(&rest[..=length]);
                rest = &behind[length..];
                continue;
            }
            ']' => in_class = false,
            '(' if !in_class => {
                group(behind)?;
                groups += 1;
            }
            ')' if !in_class => {
                // The pattern is put into a group of its own, which it must not close.
                let open = groups.checked_sub(1);
                groups = open.ok_or("expected a pattern: it closes a group that is not open")?;
            }
            '*' | '+' | '?' | '}' if !in_class && behind.starts_with('+') => {
                return Err(refused("a possessive quantifier like *+"));
            }
            _ => {}
        }
        translated.push(character);
        rest = behind;
    }
    Ok(translated)
}

/// Refuses a kind of group that the matcher lacks.
fn group(behind: &str) -> Result<(), String> {
    let Some(kind) = behind.strip_prefix('?') else {
        return Ok(());
    };
    for (mark, name) in [
        ("=", "look-ahead (?=...)"),
        ("!", "look-ahead (?!...)"),
        ("<=", "look-behind (?<=...)"),
        ("<!", "look-behind (?<!...)"),
        (">", "an atomic group (?>...)"),
        ("P", "a group (?P<name>...), which Java does not know,"),
    ] {
        if kind.starts_with(mark) {
            return Err(refused(name));
        }
    }
    if kind.starts_with('<') {
        return Ok(());
    }
    let flags = kind.split([':', ')']).next().unwrap_or_default();
    match flags.chars().find(|flag| !"ism-".contains(*flag)) {
        Some(flag) => Err(refused(&format!("the flag {flag:?} of (?{flags})"))),
        None => Ok(()),
    }
}

/// Translates what stands behind a backslash; and what follows.
fn escape(behind: &str, in_class: bool) -> Result<(String, &str), String> {
    let Some(character) = behind.chars().next() else {
        return Err("expected a pattern: a backslash is its last character".to_owned());
    };
    let after = &behind[character.len_utf8()..];
    let name = match character {
        '1'..='9' => "a back-reference like \\1",
        'k' => "a back-reference like \\k<name>",
        'p' | 'P' => "a named class like \\p{Lower}",
        'Q' | 'E' => "a quotation \\Q...\\E",
        'G' | 'Z' => "an anchor like \\Z",
        'h' | 'H' | 'v' | 'V' | 'R' | 'X' => "a class like \\h",
        '0' | 'c' | 'e' | 'N' => "a character like \\e",
        'b' if after.starts_with('{') => "an anchor like \\b{g}",
        'b' | 'B' | 'A' | 'z' if in_class => "an anchor in a class",
        'a' | 'f' | 'n' | 'r' | 't' | 'u' | 'x' | 'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'b' | 'B'
        | 'A' | 'z' => {
            return Ok((format!("\\{character}"), after));
        }
        letter if letter.is_ascii_alphabetic() => {
            return Err(format!("expected a pattern: \\{letter} means nothing"));
        }
        // Java lets any other character be escaped, and it then stands for itself.
        '<' | '>' => return Ok((character.to_string(), after)),
        mark if mark.is_ascii() => return Ok((format!("\\{mark}"), after)),
        other => return Ok((other.to_string(), after)),
    };
    Err(refused(name))
}

fn refused(name: &str) -> String {
    format!("{name} is not supported in patterns")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let compiled = Pattern::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        for text in matching {
            assert!(compiled.matches(text), "{pattern} matches {text}");
        }
        for text in others {
            assert!(!compiled.matches(text), "{pattern} does not match {text}");
        }
    }

    #[test]
    fn the_whole_value_must_match() {
        check("g2.*", &["g2.large", "g2"], &["xg2.large", "G2.large"]);
        check("a|ab", &["a", "ab"], &["abc", "b"]);
        check("", &[""], &["a"]);
        check("(?m)a$", &["a"], &["a\nb"]);
    }

    #[test]
    fn what_both_dialects_have_is_understood() {
        check(
            "m[45]\\.(?:x?large|\\d+xlarge)",
            &["m4.large", "m5.12xlarge"],
            &["m6.large", "m4xlarge"],
        );
        check("(?i)prod", &["PROD", "prod"], &["prods"]);
        check(
            "(?<zone>us-\\w+-\\d)[a-c]",
            &["us-east-1a"],
            &["us-east-1d"],
        );
        check("a{2,3}?", &["aa", "aaa"], &["a", "aaaa"]);
        check("\\x41\\u0042", &["AB"], &["ab"]);
        check("[^&~x]+", &["abc"], &["a&b", "a~b"]);
        check("\\<\\>\\-\\/\\é\\@", &["<>-/é@"], &["x"]);
        check("[+*?]+\\+", &["*?+"], &["a+"]);
        check("[]a]+[^]]", &["]ab"], &["]]", "ba"]);
    }

    #[test]
    fn what_the_matcher_lacks_is_refused_by_name() {
        for (pattern, name) in [
            ("a(?=b)", "look-ahead (?=...)"),
            ("a(?!b)", "look-ahead (?!...)"),
            ("(?<=a)b", "look-behind (?<=...)"),
            ("(?<!a)b", "look-behind (?<!...)"),
            ("(?>a)", "an atomic group (?>...)"),
            ("(a)\\1", "a back-reference like \\1"),
            ("(?<a>b)\\k<a>", "a back-reference like \\k<name>"),
            ("a*+", "a possessive quantifier like *+"),
            ("a{2}+", "a possessive quantifier like *+"),
            ("\\p{Lower}", "a named class like \\p{Lower}"),
            ("[a-z&&[^b]]", "an intersection of classes [a&&b]"),
            ("[a[b]]", "a class within a class [a[b]]"),
            ("\\Qa.b\\E", "a quotation \\Q...\\E"),
            ("a\\Z", "an anchor like \\Z"),
            ("(?x)a # b", "the flag 'x' of (?x)"),
            ("(?iU:a)", "the flag 'U' of (?iU)"),
        ] {
            let error = Pattern::new(pattern).expect_err(pattern);
            assert_eq!(error, format!("{name} is not supported in patterns"));
        }
    }

    #[test]
    fn what_is_no_pattern_or_too_large_is_refused() {
        for pattern in [
            "(",
            ")",
            "a)b(",
            "[",
            "*",
            "a{2",
            "\\",
            "\\y",
            "a{1000}{1000}",
            "((a{99}){99}){99}",
        ] {
            let error = Pattern::new(pattern).expect_err(pattern);
            assert!(
                error.starts_with("expected a pattern: "),
                "{pattern}: {error}"
            );
        }
        assert!(Pattern::new(&"(".repeat(2_000)).is_err());
        assert!(Pattern::new(&format!("{}a{}", "(".repeat(900), ")".repeat(900))).is_err());
    }
}
