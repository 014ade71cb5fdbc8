//! Whether an expression of the cluster query language holds for a container instance.
//!
//! The guide has the language and an example of each subject and operator:
//! [`query_language`](crate::guide::query_language). What a subject can be compared with is checked when a
//! [`Constraint`] is made, so judging one answers yes or no and fails at nothing.
//!
//! # Model
//!
//! Where ECS documents nothing, this was chosen:
//!
//! - What an instance lacks equals nothing, differs from nothing and matches nothing: with an attribute that it does not
//!   have, or that has no value, every comparison is false, `!=`, `!in` and `!~` too. `not(attribute:a == b)` is the other
//!   reading. An attribute without a value exists.
//! - Text is compared letter by letter. `>`, `>=`, `<` and `<=` compare attributes as numbers when both sides are decimal
//!   numbers, else by their letters.
//! - `task:group` looks at tasks wanted RUNNING, those PENDING included and those told to stop not. `==` holds when one of
//!   them is of the group, `!=` when there are tasks and none of them is.
//! - `runningTasksCount` is the number that DescribeContainerInstances shows: tasks wanted RUNNING.
//! - Within one request both see where the tasks before went.
//! - The version of an agent that told none, or no version, is lacking.
//! - `registeredAt` is compared in whole milliseconds; a date without zone is UTC.

use std::sync::Arc;

use crate::ids::ContainerInstanceId;
use crate::ledger::versions::InstanceSeen;
use crate::ledger::{InstanceRecord, Ledger};
use crate::model::DesiredStatus;
use crate::model::constraint::{Test, TextTest};
use crate::time::SimTime;

pub use crate::model::constraint::Constraint;

use super::ask::Ask;
use super::pool::Pool;

impl Constraint {
    /// Whether it holds for a container instance now; it holds for none that is not known.
    ///
    /// ```
    /// use wavetank::{RegisterContainerInstance, Simulation};
    ///
    /// let mut sim = Simulation::builder().build()?;
    /// let machine = RegisterContainerInstance::default().cpu(1024).memory(1024);
    /// sim.register_container_instance(machine.attribute("rack", "7"))?;
    /// let (first, _) = sim.ledger().instances().iter().next().ok_or("one is registered")?;
    ///
    /// let holds = |text: &str| sim.constraint(text).map(|constraint| constraint.holds(sim.ledger(), first));
    /// assert_eq!(holds("attribute:rack < 10 and runningTasksCount == 0"), Ok(true));
    /// assert_eq!(holds("attribute:row != 3"), Ok(false));
    /// assert_eq!(holds("not(attribute:row == 3)"), Ok(true));
    ///
    /// let error = holds("attribute:rack == 7 and agentVersion in [1.75.3]").unwrap_err();
    /// assert_eq!(error.message(), "agentVersion takes ==, !=, >, >=, <, <=, not in");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn holds(&self, ledger: &Ledger, instance: ContainerInstanceId) -> bool {
        let record = ledger.instance(instance);
        record.is_some_and(|record| self.holds_as_seen(ledger, instance, record))
    }

    /// Whether it holds for a container instance as some reader sees it.
    ///
    /// Groups of tasks are those of the ledger: what a reader sees of an instance tells how many tasks it has, not which.
    pub(crate) fn holds_as_seen(
        &self,
        ledger: &Ledger,
        instance: ContainerInstanceId,
        record: &InstanceRecord,
    ) -> bool {
        let seen = Seen {
            ledger,
            instance,
            record,
            epoch: self,
            joining: None,
            late: None,
        };
        self.judge(&|test| seen.meets(test))
    }
}

/// The first constraint of an ask that does not hold for a row, picks of the same request included.
pub(super) fn unmet<'a>(pool: &Pool<'_>, ask: &Ask<'a>, row: usize) -> Option<&'a Constraint> {
    if ask.constraints.is_empty() {
        return None;
    }
    let picks = pool.picks_in(row);
    let (ledger, instance) = (pool.ledger(), pool.instances()[row]);
    let record = pool.record(row);
    let mut constraints = ask.constraints.iter().map(|constraint| &**constraint);
    constraints.find(|constraint| {
        let seen = Seen {
            ledger,
            instance,
            record,
            epoch: constraint,
            joining: (picks > 0).then_some((ask.group_name, picks)),
            late: pool.late(row),
        };
        !constraint.judge(&|test| seen.meets(test))
    })
}

/// A container instance as an expression looks at it.
struct Seen<'a> {
    ledger: &'a Ledger,
    instance: ContainerInstanceId,
    record: &'a InstanceRecord,
    /// Whose calendar counts.
    epoch: &'a Constraint,
    /// The group of tasks that were picked to join it, and how many.
    joining: Option<(&'a str, u32)>,
    /// Itself, as a scheduler sees it late.
    late: Option<&'a InstanceSeen>,
}

impl Seen<'_> {
    fn meets(&self, test: &Test) -> bool {
        let record = self.record;
        match test {
            Test::AgentConnected(test) => test.of(Some(if record.agent_connected {
                "true"
            } else {
                "false"
            })),
            Test::AgentVersion(test) => {
                let info = record.spec.request.version_info.as_ref();
                test.of_text(info.and_then(|info| info.agent_version.as_deref()))
            }
            Test::Attribute(name, test) => self.attribute(name, test),
            Test::Ec2InstanceId(test) => test.of(Some(&record.spec.ec2_instance_id)),
            Test::RegisteredAt(test) => {
                let since = record.registered_at.since(SimTime::ZERO);
                test.of(Some(&self.epoch.epoch().saturating_add(since)))
            }
            Test::RunningTasksCount(test) => {
                let joining = self.joining.map_or(0, |(_, picks)| picks);
                test.of(Some(&(u64::from(record.running) + u64::from(joining))))
            }
            Test::TaskGroup(test) => self.task_group(test),
        }
    }

    fn attribute(&self, name: &Arc<str>, test: &TextTest) -> bool {
        let attributes = &self.record.spec.attributes;
        let known = attributes.iter().find(|known| known.name == *name);
        let presence = test.of_presence(known.is_some());
        presence.unwrap_or_else(|| test.of(known.and_then(|known| known.value.as_deref())))
    }

    fn task_group(&self, test: &TextTest) -> bool {
        if let Some(late) = self.late {
            return self.late_task_group(late, test);
        }
        // Groups are those of the ledger, so how many tasks there are is the ledger's too.
        let record = self.ledger.instance(self.instance);
        let are_there = self.joining.is_some() || record.is_some_and(|record| record.running > 0);
        let joining = self.joining.map(|(group, _)| group);
        // A packing has no tasks, only groups and how many of each there are.
        let packed = record.filter(|record| record.running > 0 && record.tasks.is_empty());
        let packed = packed.into_iter().flat_map(|_| {
            let groups = self.ledger.groups().iter();
            let on = groups.filter(|(_, group)| group.wanted.on(self.instance) > 0);
            on.map(|(_, group)| &*group.name)
        });
        let tasks = record.map_or(&[][..], |record| &record.tasks);
        let groups = tasks
            .iter()
            .filter_map(|task| self.ledger.task(*task))
            .filter(|task| task.desired_status == DesiredStatus::Running)
            .map(|task| &*self.ledger.launch_of(task).group_name);
        test.of_several(
            are_there,
            |group| joining == Some(group) || self.hosts(group),
            || joining.into_iter().chain(groups).chain(packed),
        )
    }

    /// The same by the tasks that a scheduler sees late.
    fn late_task_group(&self, late: &InstanceSeen, test: &TextTest) -> bool {
        let groups = late.wanted.iter();
        let known = groups.filter_map(|(_, group)| self.ledger.groups().get(*group));
        let names: Vec<&str> = known.map(|group| &*group.name).collect();
        let joining = self.joining.map(|(group, _)| group);
        let names = || joining.into_iter().chain(names.iter().copied());
        test.of_several(
            joining.is_some() || !late.wanted.is_empty(),
            |group| names().any(|known| known == group),
            names,
        )
    }

    /// Whether a task of a group is wanted on it.
    fn hosts(&self, group: &str) -> bool {
        let groups = self.ledger.groups();
        let known = groups.named(self.record.spec.cluster, group);
        known
            .and_then(|group| groups.get(group))
            .is_some_and(|group| group.wanted.on(self.instance) > 0)
    }
}
