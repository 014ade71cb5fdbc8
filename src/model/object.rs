//! Structures that are JSON objects and nothing else.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a structure from an object; serde by itself would take an array of its members as well.
///
/// # Errors
///
/// When the value is no object, or not one of the right form.
pub(crate) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_map(Object(PhantomData))
}

/// Reads structures from an array of objects, none of which may be an array itself.
///
/// # Errors
///
/// When the value is no array, or an element is no object or not one of the right form.
pub(crate) fn objects<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let each: Vec<Each<T>> = Vec::deserialize(deserializer)?;
    Ok(each.into_iter().map(|Each(it)| it).collect())
}

/// Reads a structure from an object, or nothing from `null`.
///
/// # Errors
///
/// When the value is neither, or not an object of the right form.
pub(crate) fn object_if_any<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let it: Option<Each<T>> = Option::deserialize(deserializer)?;
    Ok(it.map(|Each(it)| it))
}

struct Each<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Each<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer).map(Self)
    }
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}
