//! JSON pointers: building them, and finding the place in a text that one names.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::scenario::error::Position;

/// `base` extended by the member `key`.
pub(super) fn member(base: &str, key: &str) -> String {
    format!("{base}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// `base` extended by the element `index`.
pub(super) fn element(base: &str, index: usize) -> String {
    format!("{base}/{index}")
}

/// The members of a JSON object by name: its own order depends on a feature of the JSON
/// library that any crate in a build may switch on.
pub(super) fn sorted(object: &Map<String, Value>) -> BTreeMap<&str, &Value> {
    object
        .iter()
        .map(|(key, value)| (key.as_str(), value))
        .collect()
}

/// Where in `text` the value that `pointer` names begins; for a member, its key.
///
/// As much of the pointer is followed as the text has, so that a missing key is
/// found where its object is. `None` when the text is not JSON up to that place.
pub(super) fn locate(text: &str, pointer: &str) -> Option<Position> {
    let mut walker = Walker {
        text,
        bytes: text.as_bytes(),
        at: 0,
    };
    walker.skip_space();
    let mut found = walker.at;
    for segment in pointer.split('/').skip(1) {
        let wanted = segment.replace("~1", "/").replace("~0", "~");
        match walker.enter(&wanted)? {
            Some(place) => found = place,
            None => break,
        }
    }
    Some(position_of(text, found))
}

fn position_of(text: &str, offset: usize) -> Position {
    let before = &text.as_bytes()[..offset];
    let line_start = before.iter().rposition(|byte| *byte == b'\n');
    Position {
        line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
        column: offset - line_start.map_or(0, |newline| newline + 1) + 1,
    }
}

/// A reader that skips JSON values without building them.
struct Walker<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl Walker<'_> {
    /// Goes to the value of `wanted` inside the value at hand, and tells where the key or
    /// element begins. `Some(None)` when there is no such thing inside.
    fn enter(&mut self, wanted: &str) -> Option<Option<usize>> {
        match self.peek()? {
            b'{' => self.enter_object(wanted),
            b'[' => self.enter_array(wanted),
            _ => Some(None),
        }
    }

    fn enter_object(&mut self, wanted: &str) -> Option<Option<usize>> {
        self.at += 1;
        loop {
            self.skip_space();
            if self.peek()? != b'"' {
                return Some(None);
            }
            let key_at = self.at;
            self.skip_string()?;
            let key: String = serde_json::from_str(&self.text[key_at..self.at]).ok()?;
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            if key == wanted {
                return Some(Some(key_at));
            }
            self.skip_value()?;
            self.skip_space();
            if self.peek()? != b',' {
                return Some(None);
            }
            self.at += 1;
        }
    }

    fn enter_array(&mut self, wanted: &str) -> Option<Option<usize>> {
        let Ok(wanted) = wanted.parse::<usize>() else {
            return Some(None);
        };
        self.at += 1;
        for _ in 0..wanted {
            self.skip_space();
            self.skip_value()?;
            self.skip_space();
            if self.peek()? != b',' {
                return Some(None);
            }
            self.at += 1;
        }
        self.skip_space();
        if self.peek()? == b']' {
            return Some(None);
        }
        Some(Some(self.at))
    }

    /// Past the value at hand, whatever it is: to the first comma or bracket that is not its own.
    fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => self.skip_string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                b'}' | b']' => return Some(()),
                b',' if depth == 0 => return Some(()),
                _ => self.at += 1,
            }
        }
    }

    fn skip_string(&mut self) -> Option<()> {
        self.expect(b'"')?;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    fn skip_space(&mut self) {
        while self
            .peek()
            .is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
        {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{ "a": [1, {"b/c": "x,\"]", "d": {}}],
  "e": {
    "f": null } }"#;

    #[test]
    fn a_pointer_is_found_where_its_key_stands() {
        for (pointer, line, column) in [
            ("", 1, 1),
            ("/a", 1, 3),
            ("/a/0", 1, 9),
            ("/a/1", 1, 12),
            ("/a/1/b~1c", 1, 13),
            ("/a/1/d", 1, 29),
            ("/e", 2, 3),
            ("/e/f", 3, 5),
        ] {
            let found = locate(TEXT, pointer);
            assert_eq!(found, Some(Position { line, column }), "{pointer}");
        }
    }

    #[test]
    fn a_missing_key_is_found_where_its_object_is() {
        let inside_e = locate(TEXT, "/e");
        assert_eq!(locate(TEXT, "/e/g"), inside_e);
        assert_eq!(locate(TEXT, "/e/f/g/h"), locate(TEXT, "/e/f"));
        assert_eq!(locate(TEXT, "/a/7"), locate(TEXT, "/a"));
        assert_eq!(locate(TEXT, "/a/x"), locate(TEXT, "/a"));
    }

    #[test]
    fn pointers_quote_the_letters_they_use() {
        assert_eq!(element(&member("", "a/b~c"), 3), "/a~1b~0c/3");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_walker_panic(
            text in "[\\[\\]{}\",:a\\\\ é]{0,24}",
            pointer in "(/[a0-2]){0,4}",
        ) {
            let _ = locate(&text, &pointer);
        }
    }
}
