//! What behaviour tests share: a simulation with short names for everyday calls, and a check at its end.

pub(crate) mod api;
mod fixture;
pub(crate) mod prepared;
pub(crate) mod script;

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use wavetank::model::*;
use wavetank::{Builder, SettleError, SimTime, Simulation, Stuck, TraceMode};

pub(crate) use fixture::{check_placement, placed, staged};

/// A simulation under test. Tasks and container instances go by their ARNs, times are milliseconds since it began.
///
/// When it goes out of scope every invariant looks at everything, and the test fails if any was ever violated.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    sim: Simulation,
}

/// The options of most tests: ties go to the oldest container instance, and the calendar begins with the run.
pub(crate) fn builder() -> Builder {
    Simulation::builder()
        .seed(42)
        .epoch(Timestamp::from_millis(0))
        .placement_ties(PlacementTies::OldestInstance)
        .trace(TraceMode::Full)
}

/// The container `app` of image `web:1`: 256 CPU units, 512 MiB.
pub(crate) fn app() -> ContainerDefinition {
    ContainerDefinition::new("app", "web:1")
        .cpu(256)
        .memory(512)
}

/// A family of one container `app`.
pub(crate) fn one(family: &str) -> RegisterTaskDefinition {
    RegisterTaskDefinition::new(family).container(app())
}

/// A family of one container `app` of that size.
pub(crate) fn sized(family: &str, cpu: i32, memory: i32) -> RegisterTaskDefinition {
    RegisterTaskDefinition::new(family).container(
        ContainerDefinition::new("app", "web:1")
            .cpu(cpu)
            .memory(memory),
    )
}

/// A family of one container `app` that binds a TCP port of its host.
pub(crate) fn on_port(family: &str, port: i32) -> RegisterTaskDefinition {
    RegisterTaskDefinition::new(family).container(app().port(PortMapping::tcp(80).host_port(port)))
}

/// The reasons of failures, as ECS spells them.
pub(crate) fn reasons(failures: &[Failure]) -> Vec<&'static str> {
    failures
        .iter()
        .map(|failure| failure.reason.as_str())
        .collect()
}

/// The last part of an ARN.
pub(crate) fn id(arn: &str) -> &str {
    arn.rsplit('/').next().expect("a split gives something")
}

/// A time in answers, as milliseconds since the run began.
pub(crate) fn ms(stamp: Option<Timestamp>) -> Option<u64> {
    stamp.map(Timestamp::as_millis)
}

/// The amount of an INTEGER resource.
pub(crate) fn amount(resources: &[Resource], name: &str) -> Option<i32> {
    let found = resources.iter().find(|resource| resource.name == name);
    found.and_then(|resource| resource.integer_value)
}

/// The members of a STRINGSET resource.
pub(crate) fn members(resources: &[Resource], name: &str) -> Option<Vec<String>> {
    let found = resources.iter().find(|resource| resource.name == name);
    found.and_then(|resource| resource.string_set_value.clone())
}

/// Asserts that a call is refused with this exception and text.
#[track_caller]
pub(crate) fn check_refused<T: std::fmt::Debug>(
    answer: Result<T, ApiError>,
    exception: &str,
    text: &str,
) {
    let error = answer.expect_err("the call is to be refused");
    assert_eq!((error.exception(), error.message()), (exception, text));
}

/// Asserts that a call is refused with `InvalidParameterException` and says which member is at fault.
#[track_caller]
pub(crate) fn check_invalid<T: std::fmt::Debug>(answer: Result<T, ApiError>, member: &str) {
    let error = answer.expect_err("the call is to be refused");
    let parameter = error.problem().parameter.as_deref();
    assert_eq!(error.exception(), "InvalidParameterException", "{error}");
    assert_eq!(parameter, Some(member), "{error}");
}

impl Trial {
    /// An empty account.
    pub(crate) fn new() -> Self {
        Self::of(builder())
    }

    /// An empty account with options of its own.
    pub(crate) fn of(builder: Builder) -> Self {
        let sim = builder.build().expect("the options of a test are good");
        Self { sim }
    }

    /// The default cluster with one container instance of 2048 CPU units and 4096 MiB, and the family `web`.
    pub(crate) fn web() -> Self {
        Self::web_of(builder())
    }

    /// The same with options of its own.
    pub(crate) fn web_of(builder: Builder) -> Self {
        let mut trial = Self::of(builder);
        trial.instance(2048, 4096);
        trial.define(one("web"));
        trial
    }

    /// The same under a profile, with a family of its own besides `web`.
    pub(crate) fn web_with(profile: Profile, definition: RegisterTaskDefinition) -> Self {
        let mut trial = Self::web_of(builder().profile(profile));
        trial.define(definition);
        trial
    }

    /// Registers a container instance in the default cluster.
    pub(crate) fn instance(&mut self, cpu: i32, memory: i32) -> String {
        self.register(RegisterContainerInstance::default().cpu(cpu).memory(memory))
    }

    pub(crate) fn register(&mut self, request: RegisterContainerInstance) -> String {
        let answer = self.register_container_instance(request);
        let answer = answer.expect("a container instance of a test is accepted");
        answer.container_instance.container_instance_arn.to_string()
    }

    pub(crate) fn define(&mut self, request: RegisterTaskDefinition) -> Arc<TaskDefinition> {
        let answer = self.register_task_definition(request);
        let answer = answer.expect("a task definition of a test is accepted");
        answer.task_definition
    }

    /// The ARN of the container instance that registered first.
    pub(crate) fn host(&mut self) -> String {
        let listed = self.list_container_instances(ListContainerInstances::new());
        let listed = listed.expect("the default cluster is listed");
        listed.container_instance_arns[0].clone()
    }

    /// Runs what is asked for and expects all of it to be placed.
    #[track_caller]
    pub(crate) fn run_all(&mut self, request: RunTask) -> Vec<String> {
        let answer = self
            .run_task(request)
            .expect("the request of a test is good");
        assert_eq!(reasons(&answer.failures), [""; 0]);
        answer
            .tasks
            .into_iter()
            .map(|task| task.task_arn.into())
            .collect()
    }

    /// Runs one task of a family.
    #[track_caller]
    pub(crate) fn run(&mut self, family: &str) -> String {
        self.run_all(RunTask::new(family)).remove(0)
    }

    /// Starts one task of a family on a container instance.
    #[track_caller]
    pub(crate) fn start(&mut self, family: &str, instance: &str) -> String {
        let answer = self.start_task(StartTask::new(family, [instance]));
        let answer = answer.expect("the request of a test is good");
        assert_eq!(reasons(&answer.failures), [""; 0]);
        answer.tasks[0].task_arn.to_string()
    }

    /// Stops a task and shows what the caller is told.
    #[track_caller]
    pub(crate) fn stop(&mut self, task: &str) -> Task {
        self.stop_task(StopTask::new(task))
            .expect("the task is known")
            .task
    }

    /// A task of the default cluster as DescribeTasks shows it.
    #[track_caller]
    pub(crate) fn task(&mut self, task: &str) -> Task {
        let answer = self.describe_tasks(DescribeTasks::new([task]));
        let mut answer = answer.expect("the default cluster is there");
        assert_eq!(reasons(&answer.failures), [""; 0]);
        answer.tasks.remove(0)
    }

    /// Last and desired status of a task.
    #[track_caller]
    pub(crate) fn status(&mut self, task: &str) -> (LastStatus, DesiredStatus) {
        let task = self.task(task);
        (task.last_status, task.desired_status)
    }

    /// A container instance of the default cluster as DescribeContainerInstances shows it.
    #[track_caller]
    pub(crate) fn shown(&mut self, instance: &str) -> ContainerInstance {
        let answer = self.describe_container_instances(DescribeContainerInstances::new([instance]));
        let mut answer = answer.expect("the default cluster is there");
        assert_eq!(reasons(&answer.failures), [""; 0]);
        answer.container_instances.remove(0)
    }

    /// CPU and memory that the control plane has left to give on a container instance.
    #[track_caller]
    pub(crate) fn left(&mut self, instance: &str) -> (i32, i32) {
        let left = self.shown(instance).remaining_resources;
        let of = |name| amount(&left, name).expect("CPU and MEMORY are always shown");
        (of("CPU"), of("MEMORY"))
    }

    /// Goes on to a time.
    #[track_caller]
    pub(crate) fn at(&mut self, millis: u64) {
        let end = SimTime::from_millis(millis);
        assert!(end >= self.now(), "{end} has passed");
        self.advance_to(end).expect("no invariant is violated");
    }

    /// Comes to rest.
    #[track_caller]
    pub(crate) fn rest(&mut self) {
        let settled = self.settle(Duration::from_secs(3600));
        settled.expect("all of this ends within an hour");
    }

    /// What is stuck when the simulation is to settle within a minute.
    #[track_caller]
    pub(crate) fn stuck(&mut self) -> Vec<Stuck> {
        match self.must_settle(Duration::from_secs(60)) {
            Err(SettleError::Stuck(unsettled)) => unsettled.stuck,
            other => panic!("something is to be stuck: {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn fault(&mut self, fault: Fault) {
        self.inject(&fault)
            .expect("the target of the fault is there");
    }

    #[track_caller]
    pub(crate) fn disconnect(&mut self, instance: &str) {
        let container_instance = instance.to_owned();
        self.fault(Fault::AgentDisconnect { container_instance });
    }

    #[track_caller]
    pub(crate) fn reconnect(&mut self, instance: &str) {
        let container_instance = instance.to_owned();
        self.fault(Fault::AgentReconnect { container_instance });
    }

    /// Ends the process of a container now.
    #[track_caller]
    pub(crate) fn exit(&mut self, task: &str, container: &str, exit_code: i32) {
        self.fault(Fault::ContainerExit {
            task: task.to_owned(),
            container: container.to_owned(),
            exit_code,
        });
    }

    #[track_caller]
    pub(crate) fn set_state(&mut self, instance: &str, status: ContainerInstanceStatus) {
        let request = UpdateContainerInstancesState::new([instance], status);
        let answer = self.update_container_instances_state(request);
        let failures = answer.expect("the request of a test is good").failures;
        assert_eq!(reasons(&failures), [""; 0]);
    }

    /// Deregisters a container instance and gives up its tasks.
    #[track_caller]
    pub(crate) fn give_up(&mut self, instance: &str) {
        let request = DeregisterContainerInstance::new(instance).force();
        self.deregister_container_instance(request)
            .expect("the container instance is registered");
    }
}

impl Deref for Trial {
    type Target = Simulation;

    fn deref(&self) -> &Simulation {
        &self.sim
    }
}

impl DerefMut for Trial {
    fn deref_mut(&mut self) -> &mut Simulation {
        &mut self.sim
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let _ = self.sim.check();
        let violations = self.sim.violations();
        assert!(violations.is_empty(), "{}", violations[0]);
    }
}

/// The ideal profile, in which containers of a name do something of their own.
pub(crate) fn profile(rows: impl IntoIterator<Item = (&'static str, Workload)>) -> Profile {
    let mut profile = Profile::ideal();
    let row = |(container, workload)| WorkloadRow::new("*", container, workload);
    profile.workloads.extend(rows.into_iter().map(row));
    profile
}

/// The ideal workload with changes.
pub(crate) fn workload(change: impl FnOnce(&mut Workload)) -> Workload {
    let mut workload = Workload::ideal();
    change(&mut workload);
    workload
}
