//! The nouns of the ECS API: clusters, container instances, task definitions, tasks, and requests about them.
//!
//! Everything here is plain data in the words and the JSON of ECS. Nothing acts: rules about
//! what may be asked and what follows live in the modules above.
//!
//! | to read about | see |
//! | --- | --- |
//! | a group of capacity | [`Cluster`] |
//! | a machine and what is left of it | [`ContainerInstance`], [`Resource`], [`Attribute`] |
//! | the plan of a task | [`TaskDefinition`], [`ContainerDefinition`], [`PortMapping`] |
//! | in which order its containers start | [`StartOrder`], [`Dependency`] |
//! | the sizes of Fargate | [`FARGATE_SIZES`] |
//! | a running copy | [`Task`], [`Container`], [`LastStatus`], [`StopCode`] |
//! | where it may go | [`PlacementConstraint`], [`PlacementStrategy`], [`FailureReason`] |
//! | what an agent must be able to do | [`Capability`], [`Capabilities`] |
//! | which container instances an expression means | [`constraint`] |
//! | what a reader or a scheduler sees of the truth | [`Reads`], [`ViewModel`] |
//! | what ECS tells EventBridge | [`StateChangeEvent`], [`EventPattern`], [`Delivery`] |
//! | asking for something | [`Request`] and its parts, [`Output`], [`ApiError`] |
//!
//! A member that the simulator doesn't act on is accepted, kept and shown again.

mod account_setting;
mod agents;
mod amount;
mod capability;
mod cluster;
mod common;
pub mod constraint;
mod container;
mod container_instance;
mod container_parts;
mod containers;
pub(crate) mod distribution;
pub mod duration;
pub mod eni;
mod error;
mod fargate;
mod fault;
mod fault_parts;
mod glob;
mod linux;
mod network;
pub(crate) mod object;
mod placement;
pub mod presets;
mod profile;
mod profile_check;
mod reads;
mod request;
mod settings;
mod shape;
mod start_order;
mod state_change;
mod task;
mod task_definition;
mod task_override;
mod throttling;
mod timestamp;
mod view;
mod volume;
mod workload;
mod workload_logic;

pub use crate::arn::Arn;

pub use account_setting::*;
pub use agents::{Agents, ImagePullBehavior};
pub use amount::Amount;
pub use capability::{Capabilities, Capability};
pub(crate) use capability::{EXTERNAL, is_ecr_image};
pub use cluster::*;
pub use common::*;
pub use container::*;
pub use container_instance::*;
pub use container_parts::*;
pub use containers::Containers;
pub(crate) use containers::OfNewTask;
pub use error::*;
pub use fargate::{FARGATE_32_VCPU, FARGATE_SIZES, FargateMemory, FargateSize, is_fargate_size};
#[cfg(test)]
pub(crate) use fault::tests::every_kind;
pub use fault::{Fault, SpotTarget};
pub use fault_parts::{Chance, Cut, InstanceSet, InvalidFraction, Skew, Speed};
pub use glob::Glob;
pub use linux::*;
pub use network::*;
pub use placement::*;
pub use profile::*;
pub use profile_check::ProfileError;
pub(crate) use profile_check::viewed;
pub use reads::{ReadAs, Reads, Session};
pub use request::*;
pub use settings::*;
pub use start_order::{Dependency, DependencyCycle, StartCondition, StartOrder};
pub use state_change::{
    Delivery, EventPattern, EventPatternError, StateChangeDetail, StateChangeEvent,
};
pub use task::*;
pub use task_definition::*;
pub use task_override::*;
pub use throttling::{RequestBucket, RequestRates};
pub use timestamp::*;
pub use view::{Lateness, UnknownViewModel, ViewModel, ViewRules};
pub use volume::*;
pub use workload::*;
pub use workload_logic::{Occasion, WorkloadLogic};
