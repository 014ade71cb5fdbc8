//! The Linux knobs of a container definition.

use super::shape::{shape, words};

shape! {
    /// Devices, capabilities and memory knobs of a container on Linux.
    pub struct LinuxParameters {
        /// Rights added and taken away.
        pub capabilities: Option<KernelCapabilities>,
        /// Devices of the host it sees.
        pub devices: Vec<Device>,
        /// Whether an init process reaps its children.
        pub init_process_enabled: Option<bool>,
        /// Size of `/dev/shm` in MiB.
        pub shared_memory_size: Option<i32>,
        /// File systems in memory.
        pub tmpfs: Vec<Tmpfs>,
        /// The most swap it may use, in MiB.
        pub max_swap: Option<i32>,
        /// How eagerly it is swapped out, 0 to 100.
        pub swappiness: Option<i32>,
    }

    /// Kernel capabilities added to and taken from the default set.
    pub struct KernelCapabilities {
        /// Those added.
        pub add: Vec<String>,
        /// Those taken away.
        pub drop: Vec<String>,
    }

    /// A device of the host that a container sees.
    pub struct Device {
        /// Its path on the host.
        pub host_path: String,
        /// Its path in the container.
        pub container_path: Option<String>,
        /// What the container may do with it.
        pub permissions: Vec<DeviceCgroupPermission>,
    }

    /// A file system in memory.
    pub struct Tmpfs {
        /// Its path in the container.
        pub container_path: String,
        /// Options of the mount.
        pub mount_options: Vec<String>,
        shown {
            /// Its size in MiB.
            pub size: i32,
        }
    }
}

words! {
    /// What a container may do with a device.
    pub enum DeviceCgroupPermission {
        /// Read from it.
        Read = "read",
        /// Write to it.
        Write = "write",
        /// Create it.
        Mknod = "mknod",
    }
}
