//! Whether a text is JSON, and whether every object in it says each thing once.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use crate::scenario::error::Flaw;
use crate::scenario::pointer;

/// What keeps a text from being read.
pub(super) enum Unreadable {
    /// It is not JSON.
    Syntax(serde_json::Error),
    /// It says something twice, which a map of values would take for the last of the two.
    Twice(Flaw),
}

/// Reads the whole text for its form alone.
pub(super) fn check(text: &str) -> Result<(), Unreadable> {
    let mut twice = None;
    let mut json = serde_json::Deserializer::from_str(text);
    let whole = Unique {
        at: String::new(),
        twice: &mut twice,
    };
    let read = whole.deserialize(&mut json).and_then(|()| json.end());
    match (twice, read) {
        (Some(flaw), _) => Err(Unreadable::Twice(flaw)),
        (None, Err(error)) => Err(Unreadable::Syntax(error)),
        (None, Ok(())) => Ok(()),
    }
}

/// A value at a place, of which nothing is kept but a key that stands there twice.
struct Unique<'a> {
    at: String,
    twice: &'a mut Option<Flaw>,
}

impl<'de> DeserializeSeed<'de> for Unique<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        for index in 0.. {
            let item = Unique {
                at: pointer::element(&self.at, index),
                twice: &mut *self.twice,
            };
            if items.next_element_seed(item)?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            let at = pointer::member(&self.at, &name);
            if names.contains(&name) {
                let message = format!("duplicate field `{name}`");
                *self.twice = Some(Flaw::new(&at, &message));
                return Err(A::Error::custom(message));
            }
            names.insert(name);
            members.next_value_seed(Unique {
                at,
                twice: &mut *self.twice,
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_twice_in_an_object_is_found() {
        for (text, pointer) in [
            (r#"{"a": 1, "b": [], "a": 2}"#, "/a"),
            (r#"{"a": [{}, {"b/c": null, "b/c": 1.5}]}"#, "/a/1/b~1c"),
            (r#"[{"": true, "": ""}]"#, "/0/"),
        ] {
            let Err(Unreadable::Twice(flaw)) = check(text) else {
                panic!("{text} was taken");
            };
            assert_eq!(flaw.pointer, pointer, "{text}");
            assert!(flaw.message.starts_with("duplicate field `"), "{flaw:?}");
        }
        assert!(check(r#"[{"a": -1, "b": {"a": 1}}, {"a": 1}]"#).is_ok());
    }

    #[test]
    fn text_that_is_not_json_is_no_json() {
        for text in ["", "{", "[1,]", "{\"a\": 1} x", "{\"a\" 1}"] {
            assert!(matches!(check(text), Err(Unreadable::Syntax(_))), "{text}");
        }
    }
}
