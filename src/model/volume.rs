//! Volumes: storage of a task, and where its containers see it.
//!
//! Nothing here has an effect on placement or timing; names are checked, the rest is kept and shown.

use std::collections::BTreeMap;

use super::common::Tag;
use super::shape::{shape, words};
use super::task_definition::PropagateTags;

shape! {
    /// A named piece of storage that containers of a task can mount.
    pub struct Volume {
        /// Its name, unique in the task definition.
        pub name: Option<String>,
        /// A directory of the host.
        pub host: Option<HostVolumeProperties>,
        /// A volume of the container runtime.
        pub docker_volume_configuration: Option<DockerVolumeConfiguration>,
        /// A file system of EFS.
        pub efs_volume_configuration: Option<EfsVolumeConfiguration>,
        /// A bucket seen as a file system.
        pub s3files_volume_configuration: Option<S3FilesVolumeConfiguration>,
        /// A file system of FSx for Windows File Server.
        pub fsx_windows_file_server_volume_configuration: Option<FsxWindowsFileServerVolumeConfiguration>,
        /// Whether the request that runs the task says what it is.
        pub configured_at_launch: Option<bool>,
    }

    /// A directory of the host.
    pub struct HostVolumeProperties {
        /// Its path; absent means one that lives as long as the task.
        pub source_path: Option<String>,
    }

    /// A volume of the container runtime.
    pub struct DockerVolumeConfiguration {
        /// How long it lives.
        pub scope: Option<Scope>,
        /// Whether it is created if it isn't there.
        pub autoprovision: Option<bool>,
        /// The driver.
        pub driver: Option<String>,
        /// Options of the driver.
        pub driver_opts: BTreeMap<String, String>,
        /// Labels of the volume.
        pub labels: BTreeMap<String, String>,
    }

    /// A file system of EFS.
    pub struct EfsVolumeConfiguration {
        /// Its id.
        pub file_system_id: String,
        /// The directory that is mounted.
        pub root_directory: Option<String>,
        /// Whether traffic is encrypted.
        pub transit_encryption: Option<EfsSwitch>,
        /// The port for encrypted traffic.
        pub transit_encryption_port: Option<i32>,
        /// How access is granted.
        pub authorization_config: Option<EfsAuthorizationConfig>,
    }

    /// How access to a file system of EFS is granted.
    pub struct EfsAuthorizationConfig {
        /// The access point.
        pub access_point_id: Option<String>,
        /// Whether the task's role is used.
        pub iam: Option<EfsSwitch>,
    }

    /// A bucket seen as a file system.
    pub struct S3FilesVolumeConfiguration {
        /// Its ARN.
        pub file_system_arn: String,
        /// The directory that is mounted.
        pub root_directory: Option<String>,
        /// The port for encrypted traffic.
        pub transit_encryption_port: Option<i32>,
        /// The access point.
        pub access_point_arn: Option<String>,
    }

    /// A file system of FSx for Windows File Server.
    pub struct FsxWindowsFileServerVolumeConfiguration {
        /// Its id.
        pub file_system_id: String,
        /// The directory that is mounted.
        pub root_directory: String,
        /// How access is granted.
        pub authorization_config: Option<FsxWindowsFileServerAuthorizationConfig>,
    }

    /// How access to a file system of FSx is granted.
    pub struct FsxWindowsFileServerAuthorizationConfig {
        /// The ARN of the credentials.
        pub credentials_parameter: String,
        /// The directory's domain name.
        pub domain: String,
    }

    /// Where a container sees a volume.
    pub struct MountPoint {
        /// The volume's name.
        pub source_volume: Option<String>,
        /// The path in the container.
        pub container_path: Option<String>,
        /// Whether it can't be written to.
        pub read_only: Option<bool>,
    }

    /// A container whose mount points another one shares.
    pub struct VolumeFrom {
        /// The container.
        pub source_container: Option<String>,
        /// Whether the other one can't write to them.
        pub read_only: Option<bool>,
    }

    /// What a request says about a volume that is configured at launch.
    pub struct TaskVolumeConfiguration {
        /// The volume's name in the task definition.
        pub name: String,
        /// A volume of EBS that lives with the task.
        #[serde(rename = "managedEBSVolume")]
        pub managed_ebs_volume: Option<TaskManagedEbsVolumeConfiguration>,
    }

    /// A volume of EBS that lives with a task.
    pub struct TaskManagedEbsVolumeConfiguration {
        /// Whether it is encrypted.
        pub encrypted: Option<bool>,
        /// The key.
        pub kms_key_id: Option<String>,
        /// Its type.
        pub volume_type: Option<String>,
        /// Its size in GiB.
        #[serde(rename = "sizeInGiB")]
        pub size_in_gib: Option<i32>,
        /// The snapshot it starts from.
        pub snapshot_id: Option<String>,
        /// How fast the snapshot is loaded, in MiB per second.
        pub volume_initialization_rate: Option<i32>,
        /// Operations per second.
        pub iops: Option<i32>,
        /// MiB per second.
        pub throughput: Option<i32>,
        /// Its labels.
        pub tag_specifications: Vec<EbsTagSpecification>,
        /// The role that manages it.
        pub role_arn: String,
        /// What becomes of it when the task ends.
        pub termination_policy: Option<TaskManagedEbsVolumeTerminationPolicy>,
        /// Its file system.
        pub filesystem_type: Option<TaskFilesystemType>,
    }

    /// What becomes of a volume of EBS when its task ends.
    pub struct TaskManagedEbsVolumeTerminationPolicy {
        /// Whether it is deleted.
        pub delete_on_termination: Option<bool>,
    }

    /// Labels of a volume of EBS.
    pub struct EbsTagSpecification {
        /// What is labelled.
        pub resource_type: Option<EbsResourceType>,
        /// The labels.
        pub tags: Vec<Tag>,
        /// Where further labels come from.
        pub propagate_tags: Option<PropagateTags>,
    }
}

words! {
    /// How long a volume of the container runtime lives.
    pub enum Scope {
        /// As long as the task.
        Task = "task",
        /// Until someone deletes it.
        Shared = "shared",
    }

    /// Whether a feature of EFS is used.
    pub enum EfsSwitch {
        /// It is.
        Enabled = "ENABLED",
        /// It isn't.
        Disabled = "DISABLED",
    }

    /// The file system of a volume of EBS.
    pub enum TaskFilesystemType {
        /// ext3.
        Ext3 = "ext3",
        /// ext4.
        Ext4 = "ext4",
        /// XFS.
        Xfs = "xfs",
        /// NTFS.
        Ntfs = "ntfs",
    }

    /// What an EBS label belongs to.
    pub enum EbsResourceType {
        /// A volume.
        Volume = "volume",
    }
}
