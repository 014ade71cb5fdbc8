//! Networks: how a task is reached.

use super::shape::{shape, words};

shape! {
    /// The network a task gets, for network mode `awsvpc`.
    pub struct NetworkConfiguration {
        /// Its subnets, security groups and public address.
        pub awsvpc_configuration: Option<AwsVpcConfiguration>,
    }

    /// The subnets, security groups and public address of a task's network interface.
    pub struct AwsVpcConfiguration {
        /// Subnets to choose from, 1 to 16.
        pub subnets: Vec<String>,
        /// Security groups, up to 5.
        pub security_groups: Vec<String>,
        /// Whether it gets a public address.
        pub assign_public_ip: Option<AssignPublicIp>,
    }
}

impl NetworkConfiguration {
    /// A network interface in one of these subnets.
    pub fn subnets<S: Into<String>>(subnets: impl IntoIterator<Item = S>) -> Self {
        let subnets = subnets.into_iter().map(Into::into).collect();
        Self {
            awsvpc_configuration: Some(AwsVpcConfiguration {
                subnets,
                ..AwsVpcConfiguration::default()
            }),
        }
    }
}

words! {
    /// Whether a network interface gets a public address.
    pub enum AssignPublicIp {
        /// It does.
        Enabled = "ENABLED",
        /// It doesn't.
        Disabled = "DISABLED",
    }

    /// How the containers of a task are connected.
    pub enum NetworkMode {
        /// Through a bridge of the host, with ports mapped; the default on Linux.
        Bridge = "bridge",
        /// Directly on the host's network.
        Host = "host",
        /// Through a network interface of the task's own.
        Awsvpc = "awsvpc",
        /// Not at all.
        None = "none",
    }
}
