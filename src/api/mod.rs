//! The verbs of the control plane that change something: one file for each, all reading [`Ctx`](crate::ledger::Ctx) and
//! writing [`Effects`](crate::ledger::Effects).
//!
//! | file | verbs |
//! | --- | --- |
//! | [`cluster`] | CreateCluster, DeleteCluster |
//! | [`container_instance`] | RegisterContainerInstance, DeregisterContainerInstance, UpdateContainerInstancesState |
//! | [`task_definition`] | RegisterTaskDefinition |
//! | [`definition_life`] | DeregisterTaskDefinition, DeleteTaskDefinitions |
//! | [`run_task`], [`start_task`] | RunTask; StartTask |
//! | [`decisions`] | a scheduler's answers against the truth |
//! | [`hindsight`] | what a scheduler that saw late would have decided by the truth |
//! | [`launch`] | what both make of a request: group, demand, containers |
//! | [`network`], [`fargate`] | which subnet a task gets; tasks without a container instance |
//! | [`constraints`] | the expressions that requests bring, compiled |
//! | [`stop_task`] | StopTask |
//! | [`attributes`] | PutAttributes, DeleteAttributes |
//! | [`tags`] | TagResource, UntagResource |
//! | [`account_settings`] | PutAccountSetting, PutAccountSettingDefault, DeleteAccountSetting |
//! | [`buckets`] | what is left of the account's request rates |
//! | [`fault`] | faults, which come by the same door |
//! | [`hazard`] | those that last, or meet several container instances |
//! | `instance_health` | the health of a container instance, and its repair |
//! | [`heal`] | the end of every fault |
//! | [`validate`] | what can be refused without looking at the ledger |

pub(crate) mod account_settings;
pub(crate) mod attributes;
pub(crate) mod buckets;
pub(crate) mod cluster;
pub(crate) mod constraints;
pub(crate) mod container_instance;
mod decisions;
pub(crate) mod definition_life;
mod fargate;
pub(crate) mod fault;
pub(crate) mod hazard;
pub(crate) mod heal;
pub(crate) mod hindsight;
mod instance_health;
pub(crate) mod launch;
mod network;
pub(crate) mod run_task;
pub(crate) mod start_task;
pub(crate) mod stop_task;
pub(crate) mod tags;
pub(crate) mod task_definition;
pub(crate) mod validate;
