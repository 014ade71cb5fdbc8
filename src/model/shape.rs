//! The wire rules of the ECS API, stated once: how a shape and a word list of the API become Rust types.
//!
//! Every shape is written as a plain struct inside [`shape!`], and every fixed list of words
//! as an enum inside [`words!`]. The macros only add what is the same for all of them:
//!
//! * members are camelCase in JSON, and an unknown member is an error;
//! * a member that is missing or `null` takes its default, so that a *required* member the
//!   caller forgot reaches validation, which answers with the text of ECS;
//! * a member that is `None` or empty isn't written;
//! * members in the `shown` block are always written, as ECS writes some lists even when empty.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer};

use crate::arn::Arn;

/// A value that may stand for "the caller said nothing".
pub(crate) trait Member {
    /// Whether the member stays out of the JSON.
    fn is_absent(&self) -> bool;
}

impl<T> Member for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T> Member for Vec<T> {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl<V> Member for BTreeMap<String, V> {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl Member for String {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl Member for Arc<str> {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl Member for Arn {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

/// Reads a member for which `null` means the same as leaving it out.
pub(crate) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Declares API structures that follow the rules of this module.
macro_rules! shape {
    ($(
        $(#[$attribute:meta])*
        pub struct $name:ident {
            $($(#[$member_attribute:meta])* pub $member:ident: $member_type:ty,)*
            $(shown {
                $($(#[$shown_attribute:meta])* pub $shown:ident: $shown_type:ty,)*
            })?
        }
    )*) => {$(
        #[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        $(#[$attribute])*
        pub struct $name {
            $(
                $(#[$member_attribute])*
                #[serde(
                    default,
                    deserialize_with = "crate::model::shape::null_is_default",
                    skip_serializing_if = "crate::model::shape::Member::is_absent"
                )]
                pub $member: $member_type,
            )*
            $($(
                $(#[$shown_attribute])*
                #[serde(default, deserialize_with = "crate::model::shape::null_is_default")]
                pub $shown: $shown_type,
            )*)?
        }
    )*};
}

/// Declares API word lists: `Variant = "SPELLING"`, ordered as written.
macro_rules! words {
    ($(
        $(#[$attribute:meta])*
        pub enum $name:ident {
            $($(#[$variant_attribute:meta])* $variant:ident = $text:literal,)*
        }
    )*) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        $(#[$attribute])*
        pub enum $name {
            $($(#[$variant_attribute])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// Every word of the list, in the order of the variants.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word as ECS spells it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    )*};
}

pub(crate) use {shape, words};
