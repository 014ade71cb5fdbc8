//! Capabilities: what an agent must be able to do for a task, as a set of bits.
//!
//! ECS derives from a task definition which attributes a container instance must have
//! (`requiresAttributes`), and refuses the others with the reason `ATTRIBUTE`. The names are those
//! that the ECS agent registers (`agent/app/agent_capability.go`).

use std::fmt;

use serde::Serialize;

use super::container::ContainerDefinition;
use super::container_instance::Attribute;
use super::container_parts::{FirelensConfigurationType, LogDriver, ResourceType, Secret};
use super::network::NetworkMode;
use super::shape::words;
use super::task_definition::TaskDefinition;

words! {
    /// Something that an agent may be able to do, and that a task may need.
    ///
    /// # Model
    ///
    /// These are the capabilities that a task definition can require here. An agent of ECS registers more, which
    /// no task definition needs or which belong to services.
    #[non_exhaustive]
    pub enum Capability {
        /// Version 1.18 of Docker's interface: every task needs it.
        DockerApi18 = "com.amazonaws.ecs.capability.docker-remote-api.1.18",
        /// Version 1.19: the log driver `awslogs`.
        DockerApi19 = "com.amazonaws.ecs.capability.docker-remote-api.1.19",
        /// Version 1.24: health checks.
        DockerApi24 = "com.amazonaws.ecs.capability.docker-remote-api.1.24",
        /// Version 1.25: an init process, and volumes of EFS.
        DockerApi25 = "com.amazonaws.ecs.capability.docker-remote-api.1.25",
        /// Version 1.29: health checks with a start period.
        DockerApi29 = "com.amazonaws.ecs.capability.docker-remote-api.1.29",
        /// The log driver `json-file`.
        LogJsonFile = "com.amazonaws.ecs.capability.logging-driver.json-file",
        /// The log driver `syslog`.
        LogSyslog = "com.amazonaws.ecs.capability.logging-driver.syslog",
        /// The log driver `journald`.
        LogJournald = "com.amazonaws.ecs.capability.logging-driver.journald",
        /// The log driver `gelf`.
        LogGelf = "com.amazonaws.ecs.capability.logging-driver.gelf",
        /// The log driver `fluentd`.
        LogFluentd = "com.amazonaws.ecs.capability.logging-driver.fluentd",
        /// The log driver `awslogs`.
        LogAwslogs = "com.amazonaws.ecs.capability.logging-driver.awslogs",
        /// The log driver `splunk`.
        LogSplunk = "com.amazonaws.ecs.capability.logging-driver.splunk",
        /// The log driver `awsfirelens`.
        LogAwsfirelens = "com.amazonaws.ecs.capability.logging-driver.awsfirelens",
        /// Privileged containers.
        PrivilegedContainer = "com.amazonaws.ecs.capability.privileged-container",
        /// Labels of SELinux.
        Selinux = "com.amazonaws.ecs.capability.selinux",
        /// Profiles of AppArmor.
        Apparmor = "com.amazonaws.ecs.capability.apparmor",
        /// Images from a private registry of ECR.
        EcrAuth = "com.amazonaws.ecs.capability.ecr-auth",
        /// A role for the containers.
        TaskIamRole = "com.amazonaws.ecs.capability.task-iam-role",
        /// A role for containers on the host's network.
        TaskIamRoleNetworkHost = "com.amazonaws.ecs.capability.task-iam-role-network-host",
        /// Images of ECR with the execution role.
        ExecutionRoleEcrPull = "ecs.capability.execution-role-ecr-pull",
        /// Logs to CloudWatch with the execution role.
        ExecutionRoleAwslogs = "ecs.capability.execution-role-awslogs",
        /// A network interface for the task.
        TaskEni = "ecs.capability.task-eni",
        /// Limits for the task as a whole.
        TaskCpuMemLimit = "ecs.capability.task-cpu-mem-limit",
        /// More than 10 vCPUs for the task as a whole.
        IncreasedTaskCpuLimit = "ecs.capability.increased-task-cpu-limit",
        /// Containers that wait for each other.
        ContainerOrdering = "ecs.capability.container-ordering",
        /// Health checks.
        ContainerHealthCheck = "ecs.capability.container-health-check",
        /// Restarts of containers.
        ContainerRestartPolicy = "ecs.capability.container-restart-policy",
        /// Ranges of ports.
        ContainerPortRange = "ecs.capability.network.container-port-range",
        /// Environment variables from Systems Manager.
        SecretsSsm = "ecs.capability.secrets.ssm.environment-variables",
        /// Environment variables from Secrets Manager.
        SecretsAsm = "ecs.capability.secrets.asm.environment-variables",
        /// Options of a log driver from Systems Manager.
        LogSecretsSsm = "ecs.capability.secrets.ssm.bootstrap.log-driver",
        /// Options of a log driver from Secrets Manager.
        LogSecretsAsm = "ecs.capability.secrets.asm.bootstrap.log-driver",
        /// Credentials of a private registry.
        PrivateRegistry = "ecs.capability.private-registry-authentication.secretsmanager",
        /// Environment files from S3.
        EnvFilesS3 = "ecs.capability.env-files.s3",
        /// A log router of Fluentd.
        FirelensFluentd = "ecs.capability.firelens.fluentd",
        /// A log router of Fluent Bit.
        FirelensFluentbit = "ecs.capability.firelens.fluentbit",
        /// A log router with a configuration file of its image.
        FirelensConfigFile = "ecs.capability.firelens.options.config.file",
        /// A log router with a configuration file from S3.
        FirelensConfigS3 = "ecs.capability.firelens.options.config.s3",
        /// GPUs of NVIDIA: satisfied by an attribute of this name with or without `.VERSION` after it.
        NvidiaDriver = "ecs.capability.nvidia-driver-version",
        /// Accelerators of a retired kind.
        TaskEia = "ecs.capability.task-eia",
        /// Process and shared-memory namespaces of host or task.
        PidIpcSharing = "ecs.capability.pid-ipc-namespace-sharing",
        /// A proxy of App Mesh.
        AppMesh = "ecs.capability.aws-appmesh",
        /// Volumes of EFS.
        Efs = "ecs.capability.efs",
        /// Volumes of EFS mounted by the agent's plugin.
        EfsAuth = "ecs.capability.efsAuth",
        /// Volumes of FSx for Windows File Server.
        FsxWindowsFileServer = "ecs.capability.fsxWindowsFileServer",
        /// Volumes of the container runtime.
        DockerPluginLocal = "ecs.capability.docker-plugin.local",
        /// Volumes of EBS attached to the task.
        EbsTaskVolumeAttach = "ecs.capability.storage.ebs-task-volume-attach",
        /// Credentials of a directory service.
        Gmsa = "ecs.capability.gmsa",
        /// Faults injected from within the task.
        FaultInjection = "ecs.capability.fault-injection",
    }
}

/// What the names of capabilities begin with: the old prefix and the new one.
const PREFIXES: [&str; 2] = ["com.amazonaws.ecs.capability.", "ecs.capability."];

/// What the versions of Docker's interface begin with.
const DOCKER: &str = "com.amazonaws.ecs.capability.docker-remote-api.";

/// Names with such a prefix that tell what kind of machine it is rather than what its agent can do.
const KINDS_OF_MACHINE: [&str; 2] = [EXTERNAL, "ecs.capability.task-eni-trunking"];

/// The attribute of machines that are not of EC2.
pub(crate) const EXTERNAL: &str = "ecs.capability.external";

/// Above so many CPU units a task needs an agent that can give them (10 vCPU, the older limit of task sizes).
const OLD_TASK_CPU_MAX: u32 = 10_240;

/// A set of capabilities.
///
/// ```
/// # use wavetank::model::{Attribute, Capabilities, Capability};
/// let mut needed = Capabilities::NONE;
/// needed.insert(Capability::TaskEni);
/// assert!(Capabilities::ALL.includes(needed));
/// // An instance that tells of some capability has those that it tells of.
/// let attribute = Attribute::named(Capability::LogSyslog.as_str());
/// assert!(!Capabilities::offered_by(&[attribute]).includes(needed));
/// // One that tells of none is taken to have them all.
/// assert_eq!(Capabilities::offered_by(&[]), Capabilities::ALL);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Capabilities(u64);

impl Capabilities {
    /// No capability.
    pub const NONE: Self = Self(0);

    /// Every capability, those without a name here included.
    pub const ALL: Self = Self(u64::MAX);

    /// Adds one.
    pub fn insert(&mut self, capability: Capability) {
        self.0 |= bit(capability);
    }

    /// Whether one is among them.
    #[must_use]
    pub fn has(self, capability: Capability) -> bool {
        self.0 & bit(capability) != 0
    }

    /// Whether each of `others` is among them.
    #[inline]
    #[must_use]
    pub fn includes(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Those of `self` that `others` lacks.
    #[must_use]
    pub fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Each of them, in the order of [`Capability::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        let all = Capability::ALL.iter().copied();
        all.filter(move |capability| self.has(*capability))
    }

    /// What a container instance with these attributes can do.
    ///
    /// # Model
    ///
    /// An instance that registers no capability is taken to have every one, so that nobody has to write down the forty
    /// names that an agent registers. One that registers any is taken at its word, but for the versions of Docker's
    /// interface: every agent has them, so they count as registered unless one of them is named.
    #[must_use]
    pub fn offered_by(attributes: &[Attribute]) -> Self {
        let mut told = attributes.iter().map(|attribute| &*attribute.name);
        if !told.any(is_capability) {
            return Self::ALL;
        }
        let names_docker = attributes
            .iter()
            .any(|attribute| attribute.name.starts_with(DOCKER));
        let mut offered = Self::NONE;
        if !names_docker {
            let versions = Capability::ALL.iter();
            let versions = versions.filter(|known| known.as_str().starts_with(DOCKER));
            versions.for_each(|version| offered.insert(*version));
        }
        for attribute in attributes {
            if let Some(capability) = named(&attribute.name) {
                offered.insert(capability);
            }
        }
        offered
    }

    /// What a task of this definition needs of an agent.
    ///
    /// # Model
    ///
    /// ECS does not document the whole mapping. This is what its documentation names and what published task
    /// definitions show.
    #[must_use]
    pub fn required_by(definition: &TaskDefinition) -> Self {
        let mut required = Self::NONE;
        required.insert(Capability::DockerApi18);
        let has_execution_role = definition.execution_role_arn.is_some();
        for container in &definition.container_definitions {
            required.add_container(container, has_execution_role);
        }
        required.add_volumes(definition);
        let is_on_host = definition.network_mode == Some(NetworkMode::Host);
        let has_role = definition.task_role_arn.is_some();
        let is_sized = definition.cpu.is_some() || definition.memory.is_some();
        let cpu = definition.cpu.as_deref().and_then(|cpu| cpu.parse().ok());
        required.insert_if(has_role, Capability::TaskIamRole);
        required.insert_if(has_role && is_on_host, Capability::TaskIamRoleNetworkHost);
        required.insert_if(
            definition.network_mode == Some(NetworkMode::Awsvpc),
            Capability::TaskEni,
        );
        required.insert_if(is_sized, Capability::TaskCpuMemLimit);
        required.insert_if(
            cpu.is_some_and(|units: u32| units > OLD_TASK_CPU_MAX),
            Capability::IncreasedTaskCpuLimit,
        );
        required.insert_if(
            definition.pid_mode.is_some() || definition.ipc_mode.is_some(),
            Capability::PidIpcSharing,
        );
        required.insert_if(
            definition.proxy_configuration.is_some(),
            Capability::AppMesh,
        );
        required.insert_if(
            !definition.inference_accelerators.is_empty(),
            Capability::TaskEia,
        );
        required.insert_if(
            definition.enable_fault_injection == Some(true),
            Capability::FaultInjection,
        );
        required
    }

    fn insert_if(&mut self, needed: bool, capability: Capability) {
        self.0 |= u64::from(needed) * bit(capability);
    }

    fn add_container(&mut self, container: &ContainerDefinition, has_execution_role: bool) {
        let from_ecr = is_ecr_image(&container.image);
        self.insert_if(from_ecr, Capability::EcrAuth);
        self.insert_if(
            from_ecr && has_execution_role,
            Capability::ExecutionRoleEcrPull,
        );
        self.insert_if(
            container.repository_credentials.is_some(),
            Capability::PrivateRegistry,
        );
        self.insert_if(
            container.privileged == Some(true),
            Capability::PrivilegedContainer,
        );
        self.insert_if(
            !container.depends_on.is_empty(),
            Capability::ContainerOrdering,
        );
        if let Some(check) = &container.health_check {
            self.insert(Capability::ContainerHealthCheck);
            self.insert(Capability::DockerApi24);
            self.insert_if(check.start_period.is_some(), Capability::DockerApi29);
        }
        let restarts = container.restart_policy.as_ref();
        self.insert_if(
            restarts.is_some_and(|policy| policy.enabled == Some(true)),
            Capability::ContainerRestartPolicy,
        );
        let mut ports = container.port_mappings.iter();
        self.insert_if(
            ports.any(|mapping| mapping.container_port_range.is_some()),
            Capability::ContainerPortRange,
        );
        for secret in &container.secrets {
            self.insert(by_store(
                secret,
                Capability::SecretsSsm,
                Capability::SecretsAsm,
            ));
        }
        self.insert_if(
            !container.environment_files.is_empty(),
            Capability::EnvFilesS3,
        );
        self.insert_if(!container.credential_specs.is_empty(), Capability::Gmsa);
        let mut needed = container.resource_requirements.iter();
        self.insert_if(
            needed.any(|needed| needed.r#type == Some(ResourceType::Gpu)),
            Capability::NvidiaDriver,
        );
        let linux = container.linux_parameters.as_ref();
        self.insert_if(
            linux.is_some_and(|linux| linux.init_process_enabled == Some(true)),
            Capability::DockerApi25,
        );
        for option in &container.docker_security_options {
            self.insert_if(option.starts_with("label:"), Capability::Selinux);
            self.insert_if(option.starts_with("apparmor:"), Capability::Apparmor);
        }
        self.add_logs(container, has_execution_role);
    }

    fn add_logs(&mut self, container: &ContainerDefinition, has_execution_role: bool) {
        if let Some(logs) = &container.log_configuration {
            if let Some(driver) = logs.log_driver {
                self.insert(by_driver(driver));
            }
            let to_cloudwatch = logs.log_driver == Some(LogDriver::Awslogs);
            self.insert_if(to_cloudwatch, Capability::DockerApi19);
            self.insert_if(
                to_cloudwatch && has_execution_role,
                Capability::ExecutionRoleAwslogs,
            );
            for secret in &logs.secret_options {
                self.insert(by_store(
                    secret,
                    Capability::LogSecretsSsm,
                    Capability::LogSecretsAsm,
                ));
            }
        }
        if let Some(router) = &container.firelens_configuration {
            self.insert(match router.r#type {
                Some(FirelensConfigurationType::Fluentd) => Capability::FirelensFluentd,
                Some(FirelensConfigurationType::Fluentbit) | None => Capability::FirelensFluentbit,
            });
            let source = router.options.get("config-file-type").map(String::as_str);
            self.insert_if(source == Some("file"), Capability::FirelensConfigFile);
            self.insert_if(source == Some("s3"), Capability::FirelensConfigS3);
        }
    }

    fn add_volumes(&mut self, definition: &TaskDefinition) {
        for volume in &definition.volumes {
            if volume.efs_volume_configuration.is_some() {
                self.insert(Capability::Efs);
                self.insert(Capability::EfsAuth);
                self.insert(Capability::DockerApi25);
            }
            self.insert_if(
                volume
                    .fsx_windows_file_server_volume_configuration
                    .is_some(),
                Capability::FsxWindowsFileServer,
            );
            let docker = volume.docker_volume_configuration.as_ref();
            let is_local = |driver: Option<&str>| driver.is_none_or(|driver| driver == "local");
            self.insert_if(
                docker.is_some_and(|docker| is_local(docker.driver.as_deref())),
                Capability::DockerPluginLocal,
            );
            self.insert_if(
                volume.configured_at_launch == Some(true),
                Capability::EbsTaskVolumeAttach,
            );
        }
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            return f.write_str("every capability");
        }
        f.debug_set()
            .entries(self.iter().map(Capability::as_str))
            .finish()
    }
}

fn bit(capability: Capability) -> u64 {
    1 << capability as u64
}

/// Whether an attribute of that name tells what an agent can do.
fn is_capability(name: &str) -> bool {
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) && !KINDS_OF_MACHINE.contains(&name)
}

/// The capability that an attribute of that name tells of.
fn named(name: &str) -> Option<Capability> {
    let mut all = Capability::ALL.iter();
    let found = all.find(|capability| capability.as_str() == name);
    let driver = || {
        let version = name.strip_prefix(Capability::NvidiaDriver.as_str())?;
        version.starts_with('.').then_some(Capability::NvidiaDriver)
    };
    found.copied().or_else(driver)
}

/// Whether an image lies in a private registry of ECR.
pub(crate) fn is_ecr_image(image: &str) -> bool {
    let registry = image.split_once('/').map_or("", |(registry, _)| registry);
    registry.contains(".dkr.ecr.") && registry.contains(".amazonaws.com")
}

/// Which of two capabilities a secret needs: that of Systems Manager or that of Secrets Manager.
fn by_store(secret: &Secret, ssm: Capability, asm: Capability) -> Capability {
    if secret.value_from.contains(":secretsmanager:") {
        asm
    } else {
        ssm
    }
}

fn by_driver(driver: LogDriver) -> Capability {
    match driver {
        LogDriver::JsonFile => Capability::LogJsonFile,
        LogDriver::Syslog => Capability::LogSyslog,
        LogDriver::Journald => Capability::LogJournald,
        LogDriver::Gelf => Capability::LogGelf,
        LogDriver::Fluentd => Capability::LogFluentd,
        LogDriver::Awslogs => Capability::LogAwslogs,
        LogDriver::Splunk => Capability::LogSplunk,
        LogDriver::Awsfirelens => Capability::LogAwsfirelens,
    }
}
