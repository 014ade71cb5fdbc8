//! Histories to judge: ledgers made by hand, one for each step.

use std::sync::Arc;

use crate::ids::{ClusterId, ContainerInstanceId, GroupId, LaunchId, TaskDefinitionId, TaskId};
use crate::invariant::{Invariant, Seen};
use crate::ledger::cluster::ClusterSpec;
use crate::ledger::definition::DefinitionSpec;
use crate::ledger::host::HostContainerPhase;
use crate::ledger::instance::{InstanceKind, InstanceSpec};
use crate::ledger::launch::LaunchEcho;
use crate::ledger::task::ContainerReason;
use crate::ledger::{
    Change, ContainerPlan, Demand, Event, LaunchSpec, Ledger, Moment, StoppedReason,
};
use crate::model::{CreateCluster, LastStatus, StopCode};
use crate::time::SimTime;

const CLUSTER: ClusterId = ClusterId::new(0);
const DEFINITION: TaskDefinitionId = TaskDefinitionId::new(0);
const GROUP: GroupId = GroupId::new(0);
pub(super) const INSTANCE: ContainerInstanceId = ContainerInstanceId::new(0);

/// One step and the ledger after it.
pub(super) struct Step {
    pub(super) now: SimTime,
    pub(super) event: Option<Event>,
    pub(super) changes: Vec<Change>,
    pub(super) ledger: Ledger,
}

/// Steps in a cluster of one container instance.
#[derive(Default)]
pub(super) struct History {
    pub(super) steps: Vec<Step>,
}

/// What an invariant says after each step, where it says anything.
pub(super) fn judge(invariant: &mut dyn Invariant, history: &History) -> Vec<String> {
    let judge = |(number, step): (u64, &Step)| {
        let seen = Seen::step(
            step.now,
            number,
            step.event.as_ref(),
            &step.changes,
            &step.ledger,
        );
        invariant.after_step(&seen).err()
    };
    (1..).zip(&history.steps).filter_map(judge).collect()
}

/// What an invariant says when it is shown each ledger at rest.
pub(super) fn judge_at_rest(invariant: &mut dyn Invariant, history: &History) -> Vec<String> {
    let judge = |(number, step): (u64, &Step)| {
        invariant
            .at_rest(&Seen::rest(step.now, number, &step.ledger))
            .err()
    };
    (1..).zip(&history.steps).filter_map(judge).collect()
}

impl History {
    /// A cluster with a container instance of 2048 CPU units and 4096 MiB that reserves TCP port 22.
    pub(super) fn with_instance() -> Self {
        let mut history = Self::default();
        let spec = ClusterSpec {
            name: "default".into(),
            arn: "c".into(),
            request: CreateCluster::default(),
            task_naming: Arc::default(),
        };
        let created = Change::ClusterCreated {
            cluster: CLUSTER,
            spec: Arc::new(spec),
        };
        let registered = Change::InstanceRegistered {
            instance: INSTANCE,
            spec: history.instance_spec(|_| {}),
        };
        let spec = DefinitionSpec {
            containers: Arc::from([ContainerPlan::example()]),
            ..DefinitionSpec::example()
        };
        let defined = Change::DefinitionRegistered {
            definition: DEFINITION,
            spec: Arc::new(spec),
        };
        let opened = Change::GroupOpened {
            group: GROUP,
            cluster: CLUSTER,
            name: "family:web".into(),
        };
        history.step(SimTime::ZERO, vec![created, registered, defined, opened]);
        history
    }

    /// And a task of 256 CPU units and 512 MiB placed on it.
    pub(super) fn with_task() -> Self {
        let mut history = Self::with_instance();
        let launch = history.launch(|_| {});
        history.step(SimTime::ZERO, vec![history.placed(launch)]);
        history
    }

    /// And all that becomes of the task until it is forgotten.
    pub(super) fn whole_life() -> Self {
        let mut history = Self::with_task();
        let task = TaskId::new(0);
        let at = SimTime::from_secs;
        let moved = |to| Change::TaskMoved { task, to };
        history.step(at(1), vec![history.started_at_once(task)]);
        let host_moved = |to| Change::HostContainerMoved {
            task,
            container: 0,
            to,
        };
        history.step(
            at(2),
            vec![
                host_moved(HostContainerPhase::Starting),
                host_moved(HostContainerPhase::Running),
            ],
        );
        history.step(
            at(3),
            vec![heard(
                (task, LastStatus::Running),
                [at(1).into(), at(2).into(), Moment::NEVER],
            )],
        );
        let unwanted = Change::TaskUnwanted {
            task,
            code: StopCode::UserInitiated,
            reason: StoppedReason::StoppedByUser,
            given: None,
        };
        history.step(at(4), vec![unwanted]);
        history.step(
            at(5),
            vec![moved(LastStatus::Stopping), Change::HostToldToStop { task }],
        );
        let ended = Change::HostContainerEnded {
            task,
            container: 0,
            exit_code: Some(0),
            reason: ContainerReason::None,
            essential: true,
        };
        history.step(at(6), vec![ended]);
        let times = [at(1).into(), at(2).into(), at(6).into()];
        history.step(at(7), vec![heard((task, LastStatus::Stopped), times)]);
        history.step(at(9_000), vec![Change::TaskForgotten { task }]);
        history
    }

    /// Applies the changes of one step.
    pub(super) fn step(&mut self, now: SimTime, changes: Vec<Change>) {
        let mut ledger = self.ledger();
        for change in &changes {
            ledger.begin_commit();
            ledger.apply(now, change);
        }
        self.steps.push(Step {
            now,
            event: None,
            changes,
            ledger,
        });
    }

    /// Opens a launch in a step of its own.
    pub(super) fn launch(&mut self, doctor: impl FnOnce(&mut LaunchSpec)) -> LaunchId {
        let launch = self.ledger().next_launch();
        let mut spec = LaunchSpec {
            cluster: CLUSTER,
            definition: DEFINITION,
            family: "web".into(),
            group: GROUP,
            group_name: "family:web".into(),
            demand: Demand {
                cpu: 256,
                memory: 512,
                ..Demand::default()
            },
            kind: InstanceKind::Ec2,
            zones: Arc::default(),
            distinct_instance: false,
            is_simple: true,
            task_memory: None,
            shared_memory: None,
            containers: Arc::from([ContainerPlan::example()]),
            cluster_arn: "c".into(),
            definition_arn: "d".into(),
            task_naming: Arc::default(),
            cpu: 256.into(),
            memory: 512.into(),
            echo: LaunchEcho::default(),
            is_bare: true,
        };
        doctor(&mut spec);
        self.step(
            SimTime::ZERO,
            vec![Change::LaunchOpened {
                launch,
                spec: Arc::new(spec),
                plain: false,
            }],
        );
        launch
    }

    /// The next task is placed on the instance.
    pub(super) fn placed(&self, launch: LaunchId) -> Change {
        Change::TaskPlaced {
            task: self.ledger().next_task(),
            launch,
            on: Some(INSTANCE),
        }
    }

    /// The instance's agent has the task.
    pub(super) fn accepted(&self, task: TaskId) -> Change {
        let launch = self
            .ledger()
            .task(task)
            .expect("the task was placed")
            .launch;
        Change::HostAccepted {
            task,
            launch,
            on: Some(INSTANCE),
        }
    }

    /// And starts it at once.
    pub(super) fn started_at_once(&self, task: TaskId) -> Change {
        let known = self.ledger();
        let launch = known.task(task).expect("the task was placed").launch;
        let on = Some(INSTANCE);
        Change::HostStartedAtOnce { task, launch, on }
    }

    /// What the instance registers with.
    pub(super) fn instance_spec(
        &self,
        doctor: impl FnOnce(&mut InstanceSpec),
    ) -> Arc<InstanceSpec> {
        let mut spec = InstanceSpec {
            cluster: CLUSTER,
            cpu: 2048,
            memory: 4096,
            reserved_tcp: vec![22],
            ..InstanceSpec::example()
        };
        doctor(&mut spec);
        Arc::new(spec)
    }

    fn ledger(&self) -> Ledger {
        self.steps
            .last()
            .map(|step| step.ledger.clone())
            .unwrap_or_default()
    }
}

fn heard(
    (task, to): (TaskId, LastStatus),
    [pull_started, pull_stopped, execution_stopped]: [Moment; 3],
) -> Change {
    Change::TaskHeard {
        task,
        to,
        pull_started,
        pull_stopped,
        execution_stopped,
    }
}
