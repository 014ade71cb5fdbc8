//! Requests about the attributes of container instances.

use crate::model::container_instance::{Attribute, TargetType};
use crate::model::shape::shape;

shape! {
    /// Asks for attributes of container instances to be set.
    ///
    /// ```
    /// # use wavetank::model::{Attribute, PutAttributes};
    /// let request = PutAttributes::new([Attribute::new("stack", "production").on("0f9de17a6465404e8b1b2356dc13c2f8")]);
    /// assert!(request.attributes[0].target_type.is_some());
    /// ```
    pub struct PutAttributes {
        /// The cluster's name or ARN; absent means `default`.
        pub cluster: Option<String>,
        /// What to set, and on what; 1 to 10.
        pub attributes: Vec<Attribute>,
    }

    /// The attributes that were set.
    pub struct PutAttributesOutput {
        shown {
            /// Each with the ARN of what carries it.
            pub attributes: Vec<Attribute>,
        }
    }

    /// Asks for custom attributes of container instances to go.
    pub struct DeleteAttributes {
        /// The cluster's name or ARN; absent means `default`.
        pub cluster: Option<String>,
        /// What to take away, without values, and from what; 1 to 10.
        pub attributes: Vec<Attribute>,
    }

    /// The attributes that were there and are gone.
    pub struct DeleteAttributesOutput {
        shown {
            /// Each with the ARN of what carried it.
            pub attributes: Vec<Attribute>,
        }
    }

    /// Asks which attributes the container instances of a cluster have.
    pub struct ListAttributes {
        /// The cluster's name or ARN; absent means `default`.
        pub cluster: Option<String>,
        /// What carries them.
        pub target_type: Option<TargetType>,
        /// The name they must have; absent means any.
        pub attribute_name: Option<String>,
        /// The value they must have; only together with a name.
        pub attribute_value: Option<String>,
        /// Where the last page ended.
        pub next_token: Option<String>,
        /// The most attributes of a page, 1 to 100; absent means 100.
        pub max_results: Option<i32>,
    }

    /// A page of attributes.
    pub struct ListAttributesOutput {
        /// Where the next page begins; absent at the end.
        pub next_token: Option<String>,
        shown {
            /// Each with the ARN of what carries it.
            pub attributes: Vec<Attribute>,
        }
    }
}

impl PutAttributes {
    /// Those attributes, each of which says what carries it.
    pub fn new(attributes: impl IntoIterator<Item = Attribute>) -> Self {
        Self {
            cluster: None,
            attributes: attributes.into_iter().collect(),
        }
    }

    /// Names the cluster.
    #[must_use]
    pub fn cluster(mut self, cluster: impl Into<String>) -> Self {
        self.cluster = Some(cluster.into());
        self
    }
}

impl DeleteAttributes {
    /// Those attributes, each of which says what carries it.
    pub fn new(attributes: impl IntoIterator<Item = Attribute>) -> Self {
        Self {
            cluster: None,
            attributes: attributes.into_iter().collect(),
        }
    }

    /// Names the cluster.
    #[must_use]
    pub fn cluster(mut self, cluster: impl Into<String>) -> Self {
        self.cluster = Some(cluster.into());
        self
    }
}

impl ListAttributes {
    /// Those of container instances of the default cluster, from the first page.
    pub fn new() -> Self {
        Self {
            target_type: Some(TargetType::ContainerInstance),
            ..Self::default()
        }
    }

    /// Names the cluster.
    #[must_use]
    pub fn cluster(mut self, cluster: impl Into<String>) -> Self {
        self.cluster = Some(cluster.into());
        self
    }

    /// Asks for one name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.attribute_name = Some(name.into());
        self
    }

    /// Asks for one value of that name.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.attribute_value = Some(value.into());
        self
    }

    /// Goes on where the last page ended.
    #[must_use]
    pub fn next_token(mut self, token: impl Into<String>) -> Self {
        self.next_token = Some(token.into());
        self
    }

    /// Sets the most attributes of a page.
    #[must_use]
    pub fn max_results(mut self, count: i32) -> Self {
        self.max_results = Some(count);
        self
    }
}
