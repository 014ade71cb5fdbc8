//! Clusters: the group of capacity that tasks are placed in, and its settings.

use std::sync::Arc;

use super::common::{Attachment, KeyValuePair, Tag};
use super::shape::{shape, words};

shape! {
    /// A named group of capacity that tasks are placed in.
    ///
    /// # Model
    ///
    /// Its configuration, settings and tags are kept and shown; nothing acts on them.
    pub struct Cluster {
        /// Its ARN.
        pub cluster_arn: Arc<str>,
        /// Its name.
        pub cluster_name: Arc<str>,
        /// Session logging and storage keys, filled when a describe call includes `CONFIGURATIONS`.
        pub configuration: Option<ClusterConfiguration>,
        /// What capacity providers fastened to it.
        pub attachments: Option<Vec<Attachment>>,
        /// How far the attachments got.
        pub attachments_status: Option<String>,
        /// Where its services are found by name.
        pub service_connect_defaults: Option<ClusterServiceConnectDefaults>,
        shown {
            /// Whether it takes requests.
            pub status: ClusterStatus,
            /// Container instances that are `ACTIVE` or `DRAINING`.
            pub registered_container_instances_count: u32,
            /// Tasks whose last status is `RUNNING`.
            pub running_tasks_count: u32,
            /// Tasks whose last status is `PENDING`.
            pub pending_tasks_count: u32,
            /// Services that are `ACTIVE`.
            pub active_services_count: u32,
            /// Counts by launch type, filled when a describe call includes `STATISTICS`.
            pub statistics: Vec<KeyValuePair>,
            /// Its labels, filled when a describe call includes `TAGS`.
            pub tags: Vec<Tag>,
            /// Its settings, filled when a describe call includes `SETTINGS`.
            pub settings: Vec<ClusterSetting>,
            /// Names of the capacity providers it may use.
            pub capacity_providers: Vec<String>,
            /// How tasks are split over capacity providers if the request doesn't say.
            pub default_capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
        }
    }

    /// Session logging and storage keys of a cluster.
    pub struct ClusterConfiguration {
        /// Commands run inside containers.
        pub execute_command_configuration: Option<ExecuteCommandConfiguration>,
        /// Keys for storage that the platform manages.
        pub managed_storage_configuration: Option<ManagedStorageConfiguration>,
    }

    /// How commands run inside containers are encrypted and logged.
    pub struct ExecuteCommandConfiguration {
        /// The key for the data between client and container.
        pub kms_key_id: Option<String>,
        /// Where session logs go.
        pub logging: Option<ExecuteCommandLogging>,
        /// The log's place, for [`ExecuteCommandLogging::Override`].
        pub log_configuration: Option<ExecuteCommandLogConfiguration>,
    }

    /// The place of session logs.
    pub struct ExecuteCommandLogConfiguration {
        /// The CloudWatch log group.
        pub cloud_watch_log_group_name: Option<String>,
        /// Whether the log group is encrypted.
        pub cloud_watch_encryption_enabled: Option<bool>,
        /// The bucket.
        pub s3_bucket_name: Option<String>,
        /// Whether the bucket is encrypted.
        pub s3_encryption_enabled: Option<bool>,
        /// The folder in the bucket.
        pub s3_key_prefix: Option<String>,
    }

    /// Keys for storage that the platform manages.
    pub struct ManagedStorageConfiguration {
        /// The key for managed volumes.
        pub kms_key_id: Option<String>,
        /// The key for ephemeral storage of Fargate tasks.
        pub fargate_ephemeral_storage_kms_key_id: Option<String>,
    }

    /// One switch of a cluster.
    pub struct ClusterSetting {
        /// Which switch.
        pub name: Option<ClusterSettingName>,
        /// Its position: `enhanced`, `enabled` or `disabled`.
        pub value: Option<String>,
    }

    /// The namespace in which a cluster's services are found by name.
    pub struct ClusterServiceConnectDefaults {
        /// Its name or ARN.
        pub namespace: String,
    }

    /// One capacity provider's share of the tasks.
    pub struct CapacityProviderStrategyItem {
        /// The capacity provider's name.
        pub capacity_provider: String,
        shown {
            /// Its share relative to the other items, 0 to 1000.
            pub weight: i32,
            /// How many tasks it gets before the shares count, 0 to 100,000.
            pub base: i32,
        }
    }
}

impl CapacityProviderStrategyItem {
    /// Whether it names a capacity provider of Fargate.
    #[must_use]
    pub fn is_of_fargate(&self) -> bool {
        matches!(&*self.capacity_provider, "FARGATE" | "FARGATE_SPOT")
    }
}

words! {
    /// Whether a cluster takes requests.
    #[derive(Default)]
    pub enum ClusterStatus {
        /// Tasks can be placed in it.
        #[default]
        Active = "ACTIVE",
        /// Its capacity providers are being set up.
        Provisioning = "PROVISIONING",
        /// Its capacity providers are being taken down.
        Deprovisioning = "DEPROVISIONING",
        /// Setting up its capacity providers failed.
        Failed = "FAILED",
        /// It was deleted and can still be described for a while.
        Inactive = "INACTIVE",
    }

    /// Where logs of commands run inside containers go.
    pub enum ExecuteCommandLogging {
        /// Nowhere.
        None = "NONE",
        /// To the container's own log, if it is `awslogs`.
        Default = "DEFAULT",
        /// To the place named beside it.
        Override = "OVERRIDE",
    }

    /// A switch of a cluster.
    pub enum ClusterSettingName {
        /// Metrics of the cluster's containers.
        ContainerInsights = "containerInsights",
    }

    /// What a describe call may add to a cluster.
    pub enum ClusterField {
        /// What capacity providers fastened to it.
        Attachments = "ATTACHMENTS",
        /// Its configuration.
        Configurations = "CONFIGURATIONS",
        /// Its settings.
        Settings = "SETTINGS",
        /// Counts by launch type.
        Statistics = "STATISTICS",
        /// Its labels.
        Tags = "TAGS",
    }
}
