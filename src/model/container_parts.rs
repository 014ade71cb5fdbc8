//! The smaller parts of a container definition: credentials, logs, limits and devices.

use std::collections::BTreeMap;

use super::shape::{shape, words};

shape! {
    /// How to log in to a private registry.
    pub struct RepositoryCredentials {
        /// The ARN of the secret.
        pub credentials_parameter: String,
    }

    /// A file with environment variables.
    pub struct EnvironmentFile {
        /// The ARN of the object, which ends in `.env`.
        pub value: String,
        /// Where it lies.
        pub r#type: Option<EnvironmentFileType>,
    }

    /// A value from a secret store.
    pub struct Secret {
        /// The name it gets.
        pub name: String,
        /// The ARN or name of the secret.
        pub value_from: String,
    }

    /// A line of a hosts file.
    pub struct HostEntry {
        /// The name.
        pub hostname: String,
        /// Its address.
        pub ip_address: String,
    }

    /// A kernel parameter.
    pub struct SystemControl {
        /// Its name, such as `net.core.somaxconn`.
        pub namespace: Option<String>,
        /// Its value.
        pub value: Option<String>,
    }

    /// A limit of a container's processes.
    pub struct Ulimit {
        /// What is limited.
        pub name: Option<UlimitName>,
        shown {
            /// The limit a process may raise.
            pub soft_limit: i32,
            /// The limit it may raise it to.
            pub hard_limit: i32,
        }
    }

    /// Where a container's output goes.
    pub struct LogConfiguration {
        /// The driver.
        pub log_driver: Option<LogDriver>,
        /// Options of the driver.
        pub options: BTreeMap<String, String>,
        /// Options of the driver that come from a secret store.
        pub secret_options: Vec<Secret>,
    }

    /// Makes a container the log router of its task.
    pub struct FirelensConfiguration {
        /// The router's program.
        pub r#type: Option<FirelensConfigurationType>,
        /// Options of the router.
        pub options: BTreeMap<String, String>,
    }

    /// GPUs or accelerators a container needs.
    pub struct ResourceRequirement {
        /// How many, `ALL`, or the name of an accelerator.
        pub value: Option<String>,
        /// What is needed.
        pub r#type: Option<ResourceType>,
        /// A part of a GPU in place of whole ones.
        pub sharing_strategy: Option<SharingStrategy>,
    }

    /// How a container shares a GPU with others.
    pub struct SharingStrategy {
        /// Its part under the multi-process service.
        pub nvidia_mps: Option<NvidiaMpsAllocation>,
    }

    /// A part of a GPU.
    pub struct NvidiaMpsAllocation {
        /// The most of the GPU's threads it may use, in percent.
        pub max_compute_percent: Option<i32>,
        shown {
            /// GPU memory in MiB.
            pub memory: i32,
        }
    }

    /// A retired kind of accelerator.
    pub struct InferenceAccelerator {
        /// The name containers ask for it by.
        pub device_name: String,
        /// What it is.
        pub device_type: String,
    }
}

impl ResourceRequirement {
    /// So many whole GPUs.
    pub fn gpu(count: u32) -> Self {
        Self {
            value: Some(count.to_string()),
            r#type: Some(ResourceType::Gpu),
            sharing_strategy: None,
        }
    }

    /// How many whole GPUs it asks for; `None` when it asks for something else, or for `ALL`.
    pub fn gpu_count(&self) -> Option<u32> {
        match self.r#type {
            Some(ResourceType::Gpu) => self.value.as_deref()?.parse().ok(),
            _ => None,
        }
    }
}

words! {
    /// Where a file with environment variables lies.
    pub enum EnvironmentFileType {
        /// In a bucket.
        S3 = "s3",
    }

    /// A log driver.
    pub enum LogDriver {
        /// Files on the host.
        JsonFile = "json-file",
        /// The syslog daemon.
        Syslog = "syslog",
        /// The systemd journal.
        Journald = "journald",
        /// Graylog.
        Gelf = "gelf",
        /// Fluentd.
        Fluentd = "fluentd",
        /// CloudWatch Logs.
        Awslogs = "awslogs",
        /// Splunk.
        Splunk = "splunk",
        /// The log router of the task.
        Awsfirelens = "awsfirelens",
    }

    /// The program of a log router.
    pub enum FirelensConfigurationType {
        /// Fluentd.
        Fluentd = "fluentd",
        /// Fluent Bit.
        Fluentbit = "fluentbit",
    }

    /// Something a container needs besides cpu and memory.
    pub enum ResourceType {
        /// Graphics processors.
        Gpu = "GPU",
        /// A retired kind of accelerator.
        InferenceAccelerator = "InferenceAccelerator",
        /// An accelerator of the Neuron family.
        NeuronDevice = "NeuronDevice",
    }

    /// Something the kernel limits for a process.
    pub enum UlimitName {
        /// Size of a core file.
        Core = "core",
        /// Processor time.
        Cpu = "cpu",
        /// Size of the data segment.
        Data = "data",
        /// Size of a file.
        Fsize = "fsize",
        /// File locks.
        Locks = "locks",
        /// Memory locked in RAM.
        Memlock = "memlock",
        /// Bytes in message queues.
        Msgqueue = "msgqueue",
        /// Nice value.
        Nice = "nice",
        /// Open files.
        Nofile = "nofile",
        /// Processes.
        Nproc = "nproc",
        /// Memory in RAM.
        Rss = "rss",
        /// Real-time priority.
        Rtprio = "rtprio",
        /// Real-time processor time.
        Rttime = "rttime",
        /// Signals that wait.
        Sigpending = "sigpending",
        /// Size of the stack.
        Stack = "stack",
    }
}
