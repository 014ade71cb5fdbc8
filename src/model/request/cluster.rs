//! Requests about clusters.

use crate::model::cluster::{
    CapacityProviderStrategyItem, Cluster, ClusterConfiguration, ClusterField,
    ClusterServiceConnectDefaults, ClusterSetting,
};
use crate::model::common::Tag;
use crate::model::error::Failure;
use crate::model::shape::shape;

shape! {
    /// Asks for a cluster, or for the one that already has the name.
    pub struct CreateCluster {
        /// Its name; absent means `default`.
        pub cluster_name: Option<String>,
        /// Its labels.
        pub tags: Vec<Tag>,
        /// Its settings.
        pub settings: Vec<ClusterSetting>,
        /// Its configuration.
        pub configuration: Option<ClusterConfiguration>,
        /// The capacity providers it may use.
        pub capacity_providers: Vec<String>,
        /// How tasks are split over capacity providers if a request doesn't say.
        pub default_capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
        /// Where its services are found by name.
        pub service_connect_defaults: Option<ClusterServiceConnectDefaults>,
    }

    /// The cluster that was created or already there.
    pub struct CreateClusterOutput {
        shown {
            /// The cluster.
            pub cluster: Cluster,
        }
    }

    /// Asks for the end of a cluster that is empty.
    pub struct DeleteCluster {
        /// Its name or ARN.
        pub cluster: String,
    }

    /// The cluster that was deleted.
    pub struct DeleteClusterOutput {
        shown {
            /// The cluster, now `INACTIVE`.
            pub cluster: Cluster,
        }
    }

    /// Asks what clusters are like.
    pub struct DescribeClusters {
        /// Names or ARNs, up to 100; none means `default`.
        pub clusters: Vec<String>,
        /// What to add.
        pub include: Vec<ClusterField>,
    }

    /// What clusters are like.
    pub struct DescribeClustersOutput {
        shown {
            /// Those found.
            pub clusters: Vec<Cluster>,
            /// Those not found.
            pub failures: Vec<Failure>,
        }
    }

    /// Asks which clusters there are.
    pub struct ListClusters {
        /// Where the last page ended.
        pub next_token: Option<String>,
        /// The most ARNs of a page, 1 to 100; absent means 100.
        pub max_results: Option<i32>,
    }

    /// A page of cluster ARNs.
    pub struct ListClustersOutput {
        /// Where the next page begins; absent at the end.
        pub next_token: Option<String>,
        shown {
            /// The ARNs.
            pub cluster_arns: Vec<String>,
        }
    }
}

impl CreateCluster {
    /// A cluster of that name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            cluster_name: Some(name.into()),
            ..Self::default()
        }
    }

    /// Adds a label.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push(Tag::new(key, value));
        self
    }
}

impl DeleteCluster {
    /// The end of the cluster of that name or ARN.
    pub fn new(cluster: impl Into<String>) -> Self {
        Self {
            cluster: cluster.into(),
        }
    }
}

impl DescribeClusters {
    /// The clusters of those names or ARNs.
    pub fn new<S: Into<String>>(clusters: impl IntoIterator<Item = S>) -> Self {
        Self {
            clusters: clusters.into_iter().map(Into::into).collect(),
            include: Vec::new(),
        }
    }

    /// Adds something to each cluster.
    #[must_use]
    pub fn include(mut self, field: ClusterField) -> Self {
        self.include.push(field);
        self
    }
}

impl ListClusters {
    /// All clusters, from the first page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on where the last page ended.
    #[must_use]
    pub fn next_token(mut self, token: impl Into<String>) -> Self {
        self.next_token = Some(token.into());
        self
    }

    /// Sets the most ARNs of a page.
    #[must_use]
    pub fn max_results(mut self, count: i32) -> Self {
        self.max_results = Some(count);
        self
    }
}
