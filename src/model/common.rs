//! Small shapes that many others are made of.

use std::sync::Arc;

use super::shape::{shape, words};

shape! {
    /// A label that the caller sticks to a resource.
    pub struct Tag {
        /// What the label is about, 1 to 128 characters.
        pub key: String,
        /// What it says, up to 256 characters.
        pub value: Option<String>,
    }

    /// A name and its value.
    pub struct KeyValuePair {
        /// The name.
        pub name: Option<String>,
        /// The value.
        pub value: Option<String>,
    }

    /// Something fastened to a task, a container instance or a cluster, such as a network interface.
    pub struct Attachment {
        /// Its identifier, a UUID.
        pub id: String,
        /// What it is: `ElasticNetworkInterface`, `Service Connect` or `AmazonElasticBlockStorage`.
        pub r#type: Arc<str>,
        /// How far it got.
        pub status: Option<AttachmentStatus>,
        shown {
            /// Names and values that describe it.
            pub details: Vec<KeyValuePair>,
        }
    }
}

impl Tag {
    /// A label with a value.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: Some(value.into()),
        }
    }

    /// Whether a text begins with `aws:`, in whatever case, which only AWS's own tags do.
    ///
    /// ```
    /// # use wavetank::model::Tag;
    /// assert!(Tag::is_reserved("AWS:ecs:clusterName"));
    /// assert!(!Tag::is_reserved("aws"));
    /// ```
    #[must_use]
    pub fn is_reserved(text: &str) -> bool {
        text.get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
    }
}

impl KeyValuePair {
    /// A name with its value.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            value: Some(value.into()),
        }
    }
}

words! {
    /// Which end of a listing comes first.
    #[derive(Default)]
    pub enum SortOrder {
        /// The lowest.
        #[default]
        Asc = "ASC",
        /// The highest.
        Desc = "DESC",
    }

    /// How far an attachment got.
    pub enum AttachmentStatus {
        /// Asked for.
        Precreated = "PRECREATED",
        /// It exists.
        Created = "CREATED",
        /// On its way to the host.
        Attaching = "ATTACHING",
        /// In use.
        Attached = "ATTACHED",
        /// On its way off the host.
        Detaching = "DETACHING",
        /// Off the host.
        Detached = "DETACHED",
        /// Gone.
        Deleted = "DELETED",
        /// It could not be fastened.
        Failed = "FAILED",
    }
}
