//! Records as ECS shows them.

mod cluster;
mod definition;
mod instance;
mod interface;
mod setting;
mod task;

pub(crate) use cluster::cluster;
pub(crate) use definition::definition;
pub(crate) use instance::{instance, instance_health};
pub(crate) use setting::setting;
pub(crate) use task::{push_task, stopped_task, task};
