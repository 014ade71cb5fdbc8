//! Requests about tags.

use crate::model::common::Tag;
use crate::model::shape::shape;

shape! {
    /// Asks for tags to be put on a resource.
    ///
    /// ```
    /// # use wavetank::model::TagResource;
    /// let request = TagResource::new("arn:aws:ecs:us-east-1:123456789012:cluster/demo").tag("team", "blue");
    /// assert_eq!(request.tags.len(), 1);
    /// ```
    pub struct TagResource {
        /// The ARN of a task, a container instance, a cluster or a task definition.
        pub resource_arn: String,
        /// The tags, 1 to 50; one with a key that is there replaces it.
        pub tags: Vec<Tag>,
    }

    /// Nothing: the tags are there.
    pub struct TagResourceOutput {}

    /// Asks for tags of a resource to go.
    pub struct UntagResource {
        /// The ARN of a task, a container instance, a cluster or a task definition.
        pub resource_arn: String,
        /// Their keys.
        pub tag_keys: Vec<String>,
    }

    /// Nothing: the tags are gone.
    pub struct UntagResourceOutput {}

    /// Asks for the tags of a resource.
    pub struct ListTagsForResource {
        /// The ARN of a task, a container instance, a cluster or a task definition.
        pub resource_arn: String,
    }

    /// The tags of a resource.
    pub struct ListTagsForResourceOutput {
        shown {
            /// The tags, in the order in which their keys came.
            pub tags: Vec<Tag>,
        }
    }
}

impl TagResource {
    /// No tags yet for the resource of that ARN.
    pub fn new(resource_arn: impl Into<String>) -> Self {
        Self {
            resource_arn: resource_arn.into(),
            ..Self::default()
        }
    }

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push(Tag::new(key, value));
        self
    }
}

impl UntagResource {
    /// The tags of those keys, of the resource of that ARN.
    pub fn new<S: Into<String>>(
        resource_arn: impl Into<String>,
        tag_keys: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            resource_arn: resource_arn.into(),
            tag_keys: tag_keys.into_iter().map(Into::into).collect(),
        }
    }
}

impl ListTagsForResource {
    /// Those of the resource of that ARN.
    pub fn new(resource_arn: impl Into<String>) -> Self {
        Self {
            resource_arn: resource_arn.into(),
        }
    }
}
