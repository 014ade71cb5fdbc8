//! One sample of every change of the control plane, for the tests of this module.

use std::sync::Arc;

use crate::ids::{ClusterId, ContainerInstanceId, GroupId, LaunchId, TaskDefinitionId, TaskId};
use crate::ledger::cluster::ClusterSpec;
use crate::ledger::definition::DefinitionSpec;
use crate::ledger::instance::{InstanceKind, InstanceSpec};
use crate::ledger::launch::LaunchEcho;
use crate::ledger::scheduler_error::{Mistake, SchedulerError};
use crate::ledger::task::{ContainerReason, ContainerStatus};
use crate::ledger::token::Token;
use crate::ledger::{
    Change, ContainerPlan, Demand, LaunchSpec, Moment, StoppedReason, TaggedResource,
};
use crate::model::{
    AttachmentStatus, Attribute, ContainerInstanceStatus, CreateCluster, FailureReason, Glob,
    HealthStatus, LastStatus, ResourceKind, RunTask, SettingName, StopCode, Tag,
};
use crate::time::SimTime;

pub(super) use super::samples_host::{events, host_changes};
use super::{calls, lags, subscriptions};

const TASK: TaskId = TaskId::new(3);
const CLUSTER: ClusterId = ClusterId::new(0);
const DEFINITION: TaskDefinitionId = TaskDefinitionId::new(2);
const INSTANCE: ContainerInstanceId = ContainerInstanceId::new(1);

pub(super) fn cluster(name: &str) -> Change {
    let spec = ClusterSpec {
        name: name.into(),
        arn: "arn:cluster".into(),
        request: CreateCluster::default(),
        task_naming: Arc::default(),
    };
    Change::ClusterCreated {
        cluster: CLUSTER,
        spec: Arc::new(spec),
    }
}

fn instance_spec() -> Arc<InstanceSpec> {
    Arc::new(InstanceSpec::example())
}

fn definition() -> Change {
    Change::DefinitionRegistered {
        definition: DEFINITION,
        spec: Arc::new(DefinitionSpec::example()),
    }
}

pub(super) fn launch(cpu: u32, plain: bool) -> Change {
    let spec = LaunchSpec {
        cluster: CLUSTER,
        definition: DEFINITION,
        family: "web".into(),
        group: GroupId::new(4),
        group_name: "family:web".into(),
        demand: Demand {
            cpu,
            ..Demand::default()
        },
        kind: InstanceKind::Ec2,
        zones: Arc::default(),
        distinct_instance: false,
        is_simple: true,
        task_memory: None,
        shared_memory: None,
        containers: Arc::from([ContainerPlan::example()]),
        cluster_arn: "arn:cluster".into(),
        definition_arn: "arn:definition".into(),
        task_naming: Arc::default(),
        cpu: 256.into(),
        memory: 512.into(),
        echo: LaunchEcho::default(),
        is_bare: true,
    };
    Change::LaunchOpened {
        launch: LaunchId::new(5),
        spec: Arc::new(spec),
        plain,
    }
}

pub(super) fn timed(pull_started: Moment) -> Change {
    Change::TaskHeard {
        task: TASK,
        to: LastStatus::Running,
        pull_started,
        pull_stopped: SimTime::from_millis(5_100).into(),
        execution_stopped: Moment::NEVER,
    }
}

fn token() -> Change {
    let token = Token {
        at: SimTime::ZERO,
        cluster: ClusterId::new(0),
        request: RunTask::new("web"),
        tasks: vec![TASK],
        failures: Vec::new(),
    };
    Change::TokenKept {
        cluster: CLUSTER,
        name: "once".into(),
        token: Arc::new(token),
    }
}

/// Every change of the control plane, with the line of its record behind the time and the step.
pub(super) fn control_changes() -> Vec<(Change, &'static str)> {
    let mut all = surroundings_changes();
    all.extend(placing_changes());
    all.extend(definition_changes());
    all.extend(task_changes());
    all.extend(label_changes());
    all.extend(subscriptions::samples::changes());
    all.extend(lags::samples::changes());
    all.extend(calls::samples::changes());
    all
}

fn surroundings_changes() -> Vec<(Change, &'static str)> {
    let instance = INSTANCE;
    let spec = instance_spec();
    vec![
        (cluster("default"), "cluster-0 created"),
        (
            Change::ClusterDeleted { cluster: CLUSTER },
            "cluster-0 deleted",
        ),
        (
            Change::InstanceRegistered {
                instance,
                spec: Arc::clone(&spec),
            },
            "container-instance-1 registered in cluster-0",
        ),
        (
            Change::InstanceReregistered { instance, spec },
            "container-instance-1 registered again in cluster-0",
        ),
        (
            Change::InstanceStatusChanged {
                instance,
                to: ContainerInstanceStatus::Draining,
            },
            "container-instance-1 -> DRAINING",
        ),
        (
            Change::AgentConnectionChanged {
                instance,
                connected: false,
            },
            "container-instance-1 agent disconnected",
        ),
        (
            Change::InstanceDeregistered { instance },
            "container-instance-1 deregistered",
        ),
        (
            Change::InstanceForgotten { instance },
            "container-instance-1 forgotten",
        ),
        (
            Change::GroupOpened {
                group: GroupId::new(4),
                cluster: CLUSTER,
                name: "g".into(),
            },
            "group-4 opened in cluster-0",
        ),
        (
            launch(256, false),
            "launch-5 opened for task-definition-2 in cluster-0",
        ),
        (
            launch(256, true),
            "launch-5 opened for task-definition-2 in cluster-0 plain",
        ),
        (token(), "cluster-0 token kept"),
        (
            Change::PullFailing {
                image: Glob::new("web*"),
                until: SimTime::from_secs(30),
            },
            "pulls fail until 30.000s",
        ),
    ]
}

fn definition_changes() -> Vec<(Change, &'static str)> {
    vec![
        (definition(), "task-definition-2 registered as revision 1"),
        (
            Change::DefinitionDeregistered {
                definition: DEFINITION,
                refused_from: SimTime::from_millis(142_904),
            },
            "task-definition-2 deregistered, can be launched for 137.204s more",
        ),
        (
            Change::DefinitionDeleteRequested {
                definition: DEFINITION,
            },
            "task-definition-2 delete requested",
        ),
        (
            Change::DefinitionForgotten {
                definition: DEFINITION,
            },
            "task-definition-2 forgotten",
        ),
    ]
}

fn erred(chosen: Option<ContainerInstanceId>, mistake: Mistake) -> Change {
    let error = SchedulerError {
        at: SimTime::from_millis(5_700),
        scheduler: "mine".into(),
        task: TASK,
        chosen,
        mistake,
        blame: None,
    };
    Change::SchedulerErred {
        error: Arc::new(error),
    }
}

fn placing_changes() -> Vec<(Change, &'static str)> {
    let (instance, task) = (INSTANCE, TASK);
    vec![
        (
            Change::TaskPlaced {
                task,
                launch: LaunchId::new(70_005),
                on: Some(instance),
            },
            "task-3 placed on container-instance-1 by launch-70005",
        ),
        (
            Change::TaskPlaced {
                task,
                launch: LaunchId::new(5),
                on: None,
            },
            "task-3 placed on Fargate by launch-5",
        ),
        (
            Change::InterfaceAsked {
                task,
                subnet: 1,
                zone: Some("us-east-1a".into()),
            },
            "task-3 interface in subnet 1",
        ),
        (
            Change::InterfaceMoved {
                task,
                to: AttachmentStatus::Attached,
            },
            "task-3 interface -> ATTACHED",
        ),
        (
            erred(Some(instance), Mistake::UnknownInstance),
            "task-3 scheduler error unknown-instance on container-instance-1 MISSING",
        ),
        (
            erred(None, Mistake::Unrecorded),
            "task-3 scheduler error unrecorded",
        ),
    ]
}

fn task_changes() -> Vec<(Change, &'static str)> {
    let task = TASK;
    vec![
        (
            Change::TaskRefused {
                task,
                reason: FailureReason::Resource(ResourceKind::Cpu),
            },
            "task-3 refused RESOURCE:CPU",
        ),
        (
            Change::TaskUnwanted {
                task,
                code: StopCode::UserInitiated,
                reason: StoppedReason::Given,
                given: Some("too loud".into()),
            },
            "task-3 desired STOPPED UserInitiated given",
        ),
        (
            Change::TaskMoved {
                task,
                to: LastStatus::Stopping,
            },
            "task-3 -> STOPPING",
        ),
        (
            timed(SimTime::from_millis(100).into()),
            "task-3 -> RUNNING, timed pull-started pull-stopped 4983bc3acaa6",
        ),
        (
            Change::ContainerMoved {
                task,
                container: 1,
                to: ContainerStatus::Stopped,
                exit_code: Some(137),
                reason: ContainerReason::OutOfMemory,
            },
            "task-3/1 -> STOPPED exit 137 out-of-memory",
        ),
        (
            Change::ContainerHealthMoved {
                task,
                container: 1,
                to: HealthStatus::Healthy,
            },
            "task-3/1 health -> HEALTHY",
        ),
        (Change::TaskTouched { task }, "task-3 touched"),
        (Change::TaskForgotten { task }, "task-3 forgotten"),
    ]
}

fn label_changes() -> Vec<(Change, &'static str)> {
    let instance = INSTANCE;
    let tagged = |resource| Change::TagsSet {
        resource,
        tags: Arc::from([Tag::new("team", "blue")]),
    };
    vec![
        (
            Change::AttributesPut {
                instance,
                attributes: Arc::from([Attribute::new("stack", "a"), Attribute::named("b")]),
            },
            "container-instance-1 attributes put: 2",
        ),
        (
            Change::AttributesDeleted {
                instance,
                names: Arc::from([Arc::from("stack")]),
            },
            "container-instance-1 attributes deleted: 1",
        ),
        (tagged(TaggedResource::Task(TASK)), "task-3 tags set: 1"),
        (
            tagged(TaggedResource::ContainerInstance(instance)),
            "container-instance-1 tags set: 1",
        ),
        (
            tagged(TaggedResource::Cluster(CLUSTER)),
            "cluster-0 tags set: 1",
        ),
        (
            tagged(TaggedResource::TaskDefinition(TaskDefinitionId::new(2))),
            "task-definition-2 tags set: 1",
        ),
        (
            Change::AccountSettingPut {
                principal: None,
                name: SettingName::AwsvpcTrunking,
                value: "enabled".into(),
            },
            "account awsvpcTrunking set",
        ),
        (
            Change::AccountSettingDeleted {
                principal: Some("arn:user".into()),
                name: SettingName::AwsvpcTrunking,
            },
            "principal awsvpcTrunking deleted",
        ),
    ]
}
