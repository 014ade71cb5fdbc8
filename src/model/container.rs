//! Container definitions: what a task definition says about each of its containers.

use std::collections::BTreeMap;

use super::common::KeyValuePair;
use super::container_parts::{
    EnvironmentFile, FirelensConfiguration, HostEntry, LogConfiguration, RepositoryCredentials,
    ResourceRequirement, Secret, SystemControl, Ulimit,
};
use super::linux::LinuxParameters;
use super::shape::{shape, words};
use super::volume::{MountPoint, VolumeFrom};

shape! {
    /// One container of a task definition: its image, its share of resources, and when it starts.
    ///
    /// ```
    /// # use wavetank::model::{ContainerDefinition, PortMapping};
    /// let nginx = ContainerDefinition::new("nginx", "nginx:1.27")
    ///     .cpu(256)
    ///     .memory(512)
    ///     .port(PortMapping::tcp(80).host_port(8080));
    /// assert!(nginx.is_essential());
    /// assert_eq!(nginx.memory_reserved(), 512);
    /// ```
    ///
    /// # Model
    ///
    /// Name, image, `essential`, cpu, memory, GPUs, ports, dependencies, health checks, restarts, `startTimeout` and
    /// `stopTimeout` have an effect, and what needs a capability of the agent decides where it may run. Every other member
    /// is validated, kept and shown.
    pub struct ContainerDefinition {
        /// Its name, unique in the task definition.
        pub name: String,
        /// The image it is made from.
        pub image: String,
        /// How to log in to the image's registry.
        pub repository_credentials: Option<RepositoryCredentials>,
        /// The most memory it may use, in MiB; it is killed beyond.
        pub memory: Option<i32>,
        /// The memory that is reserved for it, in MiB.
        pub memory_reservation: Option<i32>,
        /// Containers it reaches by name: `name` or `name:alias`.
        pub links: Vec<String>,
        /// Whether its end is the end of the task; absent means yes.
        pub essential: Option<bool>,
        /// Whether the agent starts it again when it exits.
        pub restart_policy: Option<ContainerRestartPolicy>,
        /// Replaces the image's entry point.
        pub entry_point: Vec<String>,
        /// Replaces the image's command.
        pub command: Vec<String>,
        /// Files with environment variables.
        pub environment_files: Vec<EnvironmentFile>,
        /// Devices, capabilities and memory knobs.
        pub linux_parameters: Option<LinuxParameters>,
        /// Environment variables that come from a secret store.
        pub secrets: Vec<Secret>,
        /// What other containers must have done before it starts.
        pub depends_on: Vec<ContainerDependency>,
        /// How long its dependents wait for it, in seconds.
        pub start_timeout: Option<i32>,
        /// How long it may take to obey SIGTERM, in seconds.
        pub stop_timeout: Option<i32>,
        /// Whether the image tag is resolved to a digest once per deployment.
        pub version_consistency: Option<VersionConsistency>,
        /// The name it sees as its host's.
        pub hostname: Option<String>,
        /// The user it runs as.
        pub user: Option<String>,
        /// The directory its command starts in.
        pub working_directory: Option<String>,
        /// Whether it has no network.
        pub disable_networking: Option<bool>,
        /// Whether it has the rights of the host's root.
        pub privileged: Option<bool>,
        /// Whether it can't write to its root file system.
        pub readonly_root_filesystem: Option<bool>,
        /// Name servers.
        pub dns_servers: Vec<String>,
        /// Domains to complete short names with.
        pub dns_search_domains: Vec<String>,
        /// Lines for its hosts file.
        pub extra_hosts: Vec<HostEntry>,
        /// Labels of the security systems.
        pub docker_security_options: Vec<String>,
        /// Whether its standard input stays open.
        pub interactive: Option<bool>,
        /// Whether it gets a terminal.
        pub pseudo_terminal: Option<bool>,
        /// Labels of the container.
        pub docker_labels: BTreeMap<String, String>,
        /// Limits of its processes.
        pub ulimits: Vec<Ulimit>,
        /// Where its output goes.
        pub log_configuration: Option<LogConfiguration>,
        /// How the agent asks whether it is well.
        pub health_check: Option<HealthCheck>,
        /// GPUs and accelerators it needs.
        pub resource_requirements: Vec<ResourceRequirement>,
        /// Makes it the log router of the task.
        pub firelens_configuration: Option<FirelensConfiguration>,
        /// Files with credentials of a directory service.
        pub credential_specs: Vec<String>,
        shown {
            /// CPU units (1/1024 vCPU) it is given.
            pub cpu: i32,
            /// The ports it listens on.
            pub port_mappings: Vec<PortMapping>,
            /// Environment variables.
            pub environment: Vec<KeyValuePair>,
            /// Where it sees the task's volumes.
            pub mount_points: Vec<MountPoint>,
            /// Containers whose mount points it shares.
            pub volumes_from: Vec<VolumeFrom>,
            /// Kernel parameters.
            pub system_controls: Vec<SystemControl>,
        }
    }

    /// A port a container listens on and the port of its host that leads there.
    pub struct PortMapping {
        /// The port in the container.
        pub container_port: Option<i32>,
        /// The port on the host; absent or 0 lets the agent choose, in network mode `bridge`.
        pub host_port: Option<i32>,
        /// The transport protocol; absent means `tcp`.
        pub protocol: Option<TransportProtocol>,
        /// What services call the port.
        pub name: Option<String>,
        /// What is spoken on the port.
        pub app_protocol: Option<ApplicationProtocol>,
        /// Ports in the container, `first-last`, in place of a single one.
        pub container_port_range: Option<String>,
    }

    /// What another container must have done before this one starts.
    pub struct ContainerDependency {
        /// The other container.
        pub container_name: String,
        /// What it must have done.
        pub condition: Option<ContainerCondition>,
    }

    /// How the agent asks a container whether it is well.
    pub struct HealthCheck {
        /// The command; exit code 0 means well.
        pub command: Vec<String>,
        /// Seconds between two checks, 5 to 300; absent means 30.
        pub interval: Option<i32>,
        /// Seconds a check may take, 2 to 60; absent means 5.
        pub timeout: Option<i32>,
        /// Failures in a row that make it unhealthy, 1 to 10; absent means 3.
        pub retries: Option<i32>,
        /// Seconds after the start in which failures don't count, up to 300; absent means 0.
        pub start_period: Option<i32>,
    }

    /// When the agent starts an exited container again without stopping the task.
    pub struct ContainerRestartPolicy {
        /// Whether it does.
        pub enabled: Option<bool>,
        /// Exit codes after which it doesn't.
        pub ignored_exit_codes: Vec<i32>,
        /// Seconds it must have run to be started again, 60 to 1800; absent means 300.
        pub restart_attempt_period: Option<i32>,
    }
}

impl ContainerDefinition {
    /// An essential container that asks for no resources yet.
    pub fn new(name: impl Into<String>, image: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            image: image.into(),
            ..Self::default()
        }
    }

    /// Gives it so many CPU units of 1/1024 vCPU.
    #[must_use]
    pub fn cpu(mut self, units: i32) -> Self {
        self.cpu = units;
        self
    }

    /// Sets the most memory it may use, in MiB.
    #[must_use]
    pub fn memory(mut self, mib: i32) -> Self {
        self.memory = Some(mib);
        self
    }

    /// Sets the memory that is reserved for it, in MiB.
    #[must_use]
    pub fn memory_reservation(mut self, mib: i32) -> Self {
        self.memory_reservation = Some(mib);
        self
    }

    /// Adds a port it listens on.
    #[must_use]
    pub fn port(mut self, mapping: PortMapping) -> Self {
        self.port_mappings.push(mapping);
        self
    }

    /// Says whether its end is the end of the task.
    #[must_use]
    pub fn essential(mut self, essential: bool) -> Self {
        self.essential = Some(essential);
        self
    }

    /// Makes it wait until another container met a condition.
    #[must_use]
    pub fn depends_on(
        mut self,
        container: impl Into<String>,
        condition: ContainerCondition,
    ) -> Self {
        self.depends_on
            .push(ContainerDependency::new(container, condition));
        self
    }

    /// Sets how the agent asks whether it is well.
    #[must_use]
    pub fn health_check(mut self, check: HealthCheck) -> Self {
        self.health_check = Some(check);
        self
    }

    /// Sets how long it may take to obey SIGTERM, in seconds.
    #[must_use]
    pub fn stop_timeout(mut self, seconds: i32) -> Self {
        self.stop_timeout = Some(seconds);
        self
    }

    /// Whether its end is the end of the task.
    pub fn is_essential(&self) -> bool {
        self.essential.unwrap_or(true)
    }

    /// MiB the scheduler counts for it: the reservation if there is one, otherwise the limit.
    pub fn memory_reserved(&self) -> i32 {
        self.memory_reservation
            .filter(|mib| *mib > 0)
            .or(self.memory)
            .unwrap_or(0)
    }
}

impl PortMapping {
    /// A TCP port; the agent chooses the host's, unless the network mode does.
    pub fn tcp(container_port: i32) -> Self {
        Self {
            container_port: Some(container_port),
            protocol: Some(TransportProtocol::Tcp),
            ..Self::default()
        }
    }

    /// A UDP port; the agent chooses the host's, unless the network mode does.
    pub fn udp(container_port: i32) -> Self {
        Self {
            protocol: Some(TransportProtocol::Udp),
            ..Self::tcp(container_port)
        }
    }

    /// Fixes the port on the host.
    #[must_use]
    pub fn host_port(mut self, port: i32) -> Self {
        self.host_port = Some(port);
        self
    }

    /// The transport protocol, `tcp` if none was given.
    pub fn protocol_or_tcp(&self) -> TransportProtocol {
        self.protocol.unwrap_or(TransportProtocol::Tcp)
    }
}

impl ContainerDependency {
    /// A condition on another container of the task.
    pub fn new(container: impl Into<String>, condition: ContainerCondition) -> Self {
        Self {
            container_name: container.into(),
            condition: Some(condition),
        }
    }
}

impl HealthCheck {
    /// A check by a shell command, with the documented defaults for its timing.
    pub fn shell(command: impl Into<String>) -> Self {
        Self {
            command: vec!["CMD-SHELL".to_owned(), command.into()],
            ..Self::default()
        }
    }
}

words! {
    /// A transport protocol.
    ///
    /// Any text other than `udp` is read as `tcp`, as ECS does, even `UDP`.
    #[serde(from = "String")]
    pub enum TransportProtocol {
        /// TCP.
        Tcp = "tcp",
        /// UDP.
        Udp = "udp",
    }

    /// What is spoken on a port.
    pub enum ApplicationProtocol {
        /// HTTP/1.1.
        Http = "http",
        /// HTTP/2.
        Http2 = "http2",
        /// gRPC.
        Grpc = "grpc",
    }

    /// What a container must have done before those that depend on it start.
    pub enum ContainerCondition {
        /// Started.
        Start = "START",
        /// Exited, with any code.
        Complete = "COMPLETE",
        /// Exited with code 0.
        Success = "SUCCESS",
        /// Passed its health check once.
        Healthy = "HEALTHY",
    }

    /// Whether an image tag is resolved to a digest once per deployment.
    pub enum VersionConsistency {
        /// It is.
        Enabled = "enabled",
        /// It isn't.
        Disabled = "disabled",
    }
}

impl From<String> for TransportProtocol {
    fn from(text: String) -> Self {
        if text == "udp" { Self::Udp } else { Self::Tcp }
    }
}
