//! What ECS tells EventBridge when a task or a container instance changes: the event, who gets it, and how.
//!
//! | file | holds |
//! | --- | --- |
//! | this one | the event in EventBridge's JSON |
//! | [`pattern`] | which events a subscriber wants |
//! | [`delivery`] | how late and how often they reach it |

mod delivery;
mod pattern;

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::container_instance::ContainerInstance;
use super::task::Task;
use super::timestamp::Timestamp;

pub use delivery::Delivery;
pub use pattern::{EventPattern, EventPatternError};

/// What ECS calls the kind of attachment in answers, and what events call it (developer guide, example events).
const INTERFACE: (&str, &str) = ("ElasticNetworkInterface", "eni");

/// An event of EventBridge that tells of a change of a task or a container instance.
///
/// Its JSON is that of EventBridge: the envelope with `detail-type`, `source` and the rest, times as text. The
/// `detail` is what Describe would have shown at that moment, with `updatedAt`. One that is delivered twice is the same
/// event twice, `id` included; of two events about one resource the one with the higher [`version`](Self::version) is
/// the later, in whatever order they come.
///
/// ```
/// use std::time::Duration;
/// use wavetank::model::{Delivery, EventPattern};
/// # use wavetank::{ContainerDefinition, RegisterContainerInstance, RegisterTaskDefinition, RunTask, Simulation};
///
/// # let mut sim = Simulation::builder().seed(42).build()?;
/// # sim.register_container_instance(RegisterContainerInstance::default().cpu(2048).memory(4096))?;
/// # let nginx = ContainerDefinition::new("nginx", "nginx:1.27").cpu(512).memory(512);
/// # sim.register_task_definition(RegisterTaskDefinition::new("web").container(nginx))?;
/// let tasks = sim.subscribe(EventPattern::tasks(), Delivery::ideal())?;
/// sim.run_task(RunTask::new("web"))?;
/// sim.advance(Duration::from_secs(10))?;
/// let told = sim.take_state_changes(tasks);
/// let seen: Vec<_> = told.iter().map(|told| (told.at.to_string(), told.event.version())).collect();
/// assert_eq!(seen, [("0.000s".to_owned(), 1), ("5.700s".to_owned(), 2)]);
/// assert!(told[1].event.to_json().contains(r#""lastStatus":"RUNNING""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Model
///
/// Health and tags are no part of it. A change of attributes alone is no event; the next one of the container instance
/// shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChangeEvent {
    /// A UUID that follows from the seed, the resource and its version.
    pub id: String,
    /// The account.
    pub account: Arc<str>,
    /// The region.
    pub region: Arc<str>,
    /// When it changed: `updatedAt` of the detail, and cut to seconds the `time` of the envelope.
    pub time: Timestamp,
    /// What changed, as it was then.
    pub detail: StateChangeDetail,
}

/// What a [`StateChangeEvent`] tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateChangeDetail {
    /// `ECS Task State Change`.
    Task(Box<Task>),
    /// `ECS Container Instance State Change`.
    ContainerInstance {
        /// The container instance.
        instance: Box<ContainerInstance>,
        /// The ARN of its cluster.
        cluster_arn: Arc<str>,
    },
}

impl StateChangeDetail {
    /// A task as events show it: as Describe does, without health, tags and ranges of ports, and with `eni` for the kind
    /// of a network interface.
    #[must_use]
    pub fn of_task(mut task: Task) -> Self {
        task.health_status = None;
        task.tags = Vec::new();
        for container in &mut task.containers {
            container.health_status = None;
            for binding in &mut container.network_bindings {
                binding.container_port_range = None;
                binding.host_port_range = None;
            }
        }
        for attachment in &mut task.attachments {
            if &*attachment.r#type == INTERFACE.0 {
                attachment.r#type = INTERFACE.1.into();
            }
        }
        Self::Task(Box::new(task))
    }

    /// A container instance as events show it: as Describe does, without health and tags, and with its cluster.
    #[must_use]
    pub fn of_container_instance(mut instance: ContainerInstance, cluster_arn: Arc<str>) -> Self {
        instance.health_status = None;
        instance.tags = Vec::new();
        Self::ContainerInstance {
            instance: Box::new(instance),
            cluster_arn,
        }
    }
}

impl StateChangeEvent {
    /// `ECS Task State Change` or `ECS Container Instance State Change`.
    #[must_use]
    pub fn detail_type(&self) -> &'static str {
        match self.detail {
            StateChangeDetail::Task(_) => "ECS Task State Change",
            StateChangeDetail::ContainerInstance { .. } => "ECS Container Instance State Change",
        }
    }

    /// How often the resource had changed then: of its events the one with the highest is the newest.
    #[must_use]
    pub fn version(&self) -> u64 {
        match &self.detail {
            StateChangeDetail::Task(task) => task.version,
            StateChangeDetail::ContainerInstance { instance, .. } => instance.version,
        }
    }

    /// The ARN of the task or the container instance.
    #[must_use]
    pub fn resource(&self) -> &str {
        match &self.detail {
            StateChangeDetail::Task(task) => &task.task_arn,
            StateChangeDetail::ContainerInstance { instance, .. } => {
                &instance.container_instance_arn
            }
        }
    }

    /// The task as it was then, if it tells of one.
    #[must_use]
    pub fn task(&self) -> Option<&Task> {
        match &self.detail {
            StateChangeDetail::Task(task) => Some(task),
            StateChangeDetail::ContainerInstance { .. } => None,
        }
    }

    /// The container instance as it was then, if it tells of one.
    #[must_use]
    pub fn container_instance(&self) -> Option<&ContainerInstance> {
        match &self.detail {
            StateChangeDetail::Task(_) => None,
            StateChangeDetail::ContainerInstance { instance, .. } => Some(instance),
        }
    }

    /// The event as EventBridge would send it, in one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.value().to_string()
    }

    /// The event as JSON.
    pub(crate) fn value(&self) -> Value {
        let mut detail = match &self.detail {
            StateChangeDetail::Task(task) => task_detail(task),
            StateChangeDetail::ContainerInstance {
                instance,
                cluster_arn,
            } => instance_detail(instance, cluster_arn),
        };
        detail.insert("updatedAt".to_owned(), stamp(self.time));
        json!({
            "version": "0",
            "id": self.id,
            "detail-type": self.detail_type(),
            "source": "aws.ecs",
            "account": self.account,
            "time": stamp(whole_seconds(self.time)),
            "region": self.region,
            "resources": [self.resource()],
            "detail": detail,
        })
    }
}

impl Serialize for StateChangeEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

/// EventBridge cuts the time of an event to seconds.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.as_millis() / 1_000 * 1_000)
}

fn stamp(time: Timestamp) -> Value {
    Value::String(time.to_string())
}

/// A shape of the API as an object.
fn object(shape: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(shape).expect("a shape of the API has text keys") {
        Value::Object(object) => object,
        other => unreachable!("{other} is no shape of the API"),
    }
}

/// Puts times as text in the place of those in seconds.
fn restamp<const N: usize>(detail: &mut Map<String, Value>, times: [(&str, Option<Timestamp>); N]) {
    for (name, time) in times {
        if let Some(time) = time {
            detail.insert(name.to_owned(), stamp(time));
        }
    }
}

fn task_detail(task: &Task) -> Map<String, Value> {
    let mut detail = object(task);
    restamp(
        &mut detail,
        [
            ("connectivityAt", task.connectivity_at),
            ("createdAt", task.created_at),
            ("pullStartedAt", task.pull_started_at),
            ("pullStoppedAt", task.pull_stopped_at),
            ("startedAt", task.started_at),
            ("stoppingAt", task.stopping_at),
            ("executionStoppedAt", task.execution_stopped_at),
            ("stoppedAt", task.stopped_at),
        ],
    );
    detail.remove("tags");
    detail
}

fn instance_detail(instance: &ContainerInstance, cluster_arn: &str) -> Map<String, Value> {
    let mut detail = object(instance);
    restamp(&mut detail, [("registeredAt", instance.registered_at)]);
    detail.remove("tags");
    detail.insert("clusterArn".to_owned(), cluster_arn.into());
    detail
}

#[cfg(test)]
mod tests {
    use super::super::common::Attachment;
    use super::super::task::{Container, HealthStatus, NetworkBinding};
    use super::*;

    fn event(detail: StateChangeDetail) -> StateChangeEvent {
        StateChangeEvent {
            id: "an-id".into(),
            account: "123456789012".into(),
            region: "us-east-1".into(),
            time: Timestamp::from_millis(5_700),
            detail,
        }
    }

    #[test]
    fn a_task_is_told_of_in_the_envelope_of_eventbridge() {
        let task = Task {
            task_arn: "arn:task".into(),
            created_at: Some(Timestamp::from_millis(100)),
            version: 3,
            ..Task::default()
        };
        let json = event(StateChangeDetail::Task(Box::new(task))).value();
        let envelope = [
            ("version", json!("0")),
            ("id", json!("an-id")),
            ("detail-type", json!("ECS Task State Change")),
            ("source", json!("aws.ecs")),
            ("account", json!("123456789012")),
            ("time", json!("1970-01-01T00:00:05Z")),
            ("region", json!("us-east-1")),
            ("resources", json!(["arn:task"])),
        ];
        for (name, value) in envelope {
            assert_eq!(json[name], value, "{name}");
        }
        assert_eq!(json["detail"]["createdAt"], "1970-01-01T00:00:00.100Z");
        assert_eq!(json["detail"]["updatedAt"], "1970-01-01T00:00:05.700Z");
        assert_eq!(json["detail"]["version"], 3);
    }

    #[test]
    fn health_tags_and_port_ranges_stay_out() {
        let binding = NetworkBinding {
            host_port: Some(80),
            host_port_range: Some("1-2".into()),
            container_port_range: Some("1-2".into()),
            ..NetworkBinding::default()
        };
        let container = Container {
            health_status: Some(HealthStatus::Healthy),
            network_bindings: vec![binding],
            ..Container::default()
        };
        let interface = Attachment {
            r#type: INTERFACE.0.into(),
            ..Attachment::default()
        };
        let task = Task {
            health_status: Some(HealthStatus::Healthy),
            containers: vec![container].into(),
            attachments: vec![interface],
            ..Task::default()
        };
        let json = event(StateChangeDetail::of_task(task)).value();
        let detail = &json["detail"];
        assert_eq!(detail.get("healthStatus"), None);
        assert_eq!(detail.get("tags"), None);
        assert_eq!(detail["containers"][0].get("healthStatus"), None);
        assert_eq!(
            detail["containers"][0]["networkBindings"],
            json!([{"hostPort": 80}])
        );
        assert_eq!(detail["attachments"][0]["type"], "eni");
    }

    #[test]
    fn a_container_instance_is_told_of_with_its_cluster() {
        let instance = ContainerInstance {
            container_instance_arn: "arn:instance".into(),
            registered_at: Some(Timestamp::from_millis(0)),
            ..ContainerInstance::default()
        };
        let detail = StateChangeDetail::ContainerInstance {
            instance: Box::new(instance),
            cluster_arn: "arn:cluster".into(),
        };
        let json = event(detail).value();
        assert_eq!(json["detail-type"], "ECS Container Instance State Change");
        assert_eq!(json["resources"], json!(["arn:instance"]));
        assert_eq!(json["detail"]["clusterArn"], "arn:cluster");
        assert_eq!(json["detail"]["registeredAt"], "1970-01-01T00:00:00Z");
    }
}
