//! Account settings: what an account, or one user or role of it, has opted in to.

use super::shape::{shape, words};

shape! {
    /// An account setting as it stands for a principal.
    pub struct Setting {
        /// Which setting.
        pub name: Option<SettingName>,
        /// What it is set to.
        pub value: Option<String>,
        /// For whom: the ARN of a user, a role or the root user.
        pub principal_arn: Option<String>,
        /// Whether callers may change it.
        pub r#type: Option<SettingType>,
    }
}

words! {
    /// The name of an account setting.
    pub enum SettingName {
        /// Whether ARNs of services name the cluster.
        ServiceLongArnFormat = "serviceLongArnFormat",
        /// Whether ARNs of tasks name the cluster.
        TaskLongArnFormat = "taskLongArnFormat",
        /// Whether ARNs of container instances name the cluster.
        ContainerInstanceLongArnFormat = "containerInstanceLongArnFormat",
        /// Whether container instances registered from now on have more network interfaces to give.
        AwsvpcTrunking = "awsvpcTrunking",
        /// Whether new clusters are watched by CloudWatch.
        ContainerInsights = "containerInsights",
        /// Whether Fargate keeps to FIPS-140.
        FargateFipsMode = "fargateFIPSMode",
        /// Whether tagging a new resource needs a permission of its own.
        TagResourceAuthorization = "tagResourceAuthorization",
        /// Days from the notice that a Fargate task retires to its end.
        FargateTaskRetirementWaitPeriod = "fargateTaskRetirementWaitPeriod",
        /// Whether GuardDuty watches tasks.
        GuardDutyActivate = "guardDutyActivate",
        /// What a container does when its log driver does not keep up.
        DefaultLogDriverMode = "defaultLogDriverMode",
        /// Whether Fargate tasks retire in event windows of EC2.
        FargateEventWindows = "fargateEventWindows",
    }

    /// Who changes an account setting.
    pub enum SettingType {
        /// Callers.
        User = "user",
        /// AWS alone.
        AwsManaged = "aws_managed",
    }
}

impl SettingName {
    /// The values it can have, the first of which holds until another is set.
    ///
    /// # Model
    ///
    /// The API reference lists the values of some settings only. The first values are those that the developer guide and
    /// public answers of `ListAccountSettings` show for accounts that never set anything.
    #[must_use]
    pub const fn values(self) -> &'static [&'static str] {
        match self {
            Self::ServiceLongArnFormat
            | Self::TaskLongArnFormat
            | Self::ContainerInstanceLongArnFormat => &["enabled", "disabled"],
            Self::AwsvpcTrunking | Self::FargateFipsMode | Self::FargateEventWindows => {
                &["disabled", "enabled"]
            }
            Self::ContainerInsights => &["disabled", "enabled", "enhanced"],
            Self::TagResourceAuthorization => &["on", "off"],
            Self::FargateTaskRetirementWaitPeriod => &["7", "0", "14"],
            Self::GuardDutyActivate => &["off", "on"],
            Self::DefaultLogDriverMode => &["non-blocking", "blocking"],
        }
    }

    /// The value that holds until another is set.
    #[must_use]
    pub const fn default_value(self) -> &'static str {
        self.values()[0]
    }

    /// Whether it is about the form of ARNs.
    #[must_use]
    pub const fn is_long_arn_format(self) -> bool {
        matches!(
            self,
            Self::ServiceLongArnFormat
                | Self::TaskLongArnFormat
                | Self::ContainerInstanceLongArnFormat
        )
    }

    /// Who changes it: callers, all but `guardDutyActivate`.
    #[must_use]
    pub const fn setting_type(self) -> SettingType {
        match self {
            Self::GuardDutyActivate => SettingType::AwsManaged,
            _ => SettingType::User,
        }
    }
}
