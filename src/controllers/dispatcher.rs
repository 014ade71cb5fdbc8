//! A scheduler outside ECS: it chooses container instances itself and has tasks started on them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::{CallError, Client, Controller};
use crate::ids::CallId;
use crate::model::{
    ContainerInstance, ContainerInstanceStatus, DescribeContainerInstances, ListContainerInstances,
    ListContainerInstancesOutput, ListTasks, Output, StartTask,
};
use crate::time::SimTime;

use super::log::Log;

/// Where a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Job {
    /// It may have a task or not: who knows is asked from then on.
    InDoubt { ask_from: SimTime },
    /// Whether it has a task is being asked, or a task is being started on a container instance.
    UnderWay,
    /// It has no task, for certain.
    Waiting,
    /// It has its task.
    Started,
}

/// What a call was made for.
#[derive(Clone, Debug)]
enum Purpose {
    /// A page of container instances, and what was described of those on pages before it.
    ListInstances(Vec<ContainerInstance>),
    /// Those of a page, likewise, and the page after it.
    DescribeInstances(Vec<ContainerInstance>, Option<String>),
    Start {
        job: usize,
        on: String,
    },
    Find(usize),
}

/// What is left of a container instance: as it was last described, less what was started there since.
#[derive(Clone, Debug, Default)]
struct Room {
    cpu: i32,
    memory: i32,
    /// What may not be part of the description yet: until when it counts.
    started: Vec<(SimTime, i32, i32)>,
}

/// Runs each of some jobs once, on container instances that it chooses itself, with StartTask.
///
/// The job goes where most memory is left. What it started a moment ago may be missing from what DescribeContainerInstances
/// shows, so it remembers it for as long as reads may lag. StartTask has no client token: a call is never repeated before
/// it is clear that the last one had no effect. Each job starts its task in a name of its own, by which it is found; that
/// is also how a dispatcher that crashed learns what it had done.
///
/// It is right as long as its patience is longer than reads lag and calls travel, and while tasks that stopped can still
/// be told from tasks that never were: it asks for those that are wanted, so a job whose task has ended while the
/// dispatcher was down, or between a call and its lost answer, is run again.
#[derive(Clone, Debug)]
pub struct Dispatcher {
    name: String,
    request: StartTask,
    needs: (i32, i32),
    every: Duration,
    patience: Duration,
    jobs: Vec<Job>,
    rooms: BTreeMap<String, Room>,
    calls: BTreeMap<CallId, Purpose>,
    log: Log,
}

impl Dispatcher {
    /// One for so many jobs of a task definition that takes so many CPU units and MiB; it looks every five seconds and has
    /// a patience of five minutes.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        task_definition: impl Into<String>,
        needs: (i32, i32),
        jobs: usize,
    ) -> Self {
        let ask_from = SimTime::ZERO;
        Self {
            name: name.into(),
            request: StartTask::new(task_definition, [""; 0]),
            needs,
            every: Duration::from_secs(5),
            patience: Duration::from_secs(300),
            jobs: vec![Job::InDoubt { ask_from }; jobs],
            rooms: BTreeMap::new(),
            calls: BTreeMap::new(),
            log: Log::default(),
        }
    }

    /// Sets how often it looks.
    #[must_use]
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// Sets how long it waits before it believes that there is no task.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How many jobs have their task.
    #[must_use]
    pub fn started_jobs(&self) -> usize {
        let jobs = self.jobs.iter();
        jobs.filter(|job| **job == Job::Started).count()
    }

    /// What it decided.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// In whose name the task of a job is started.
    fn key(&self, job: usize) -> String {
        format!("{}/{job}", self.name)
    }

    fn look(&mut self, client: &mut Client<'_>) {
        let now = client.now();
        for job in 0..self.jobs.len() {
            if matches!(self.jobs[job], Job::InDoubt { ask_from } if ask_from <= now) {
                self.jobs[job] = Job::UnderWay;
                let mut find = ListTasks::new().started_by(self.key(job));
                find.cluster.clone_from(&self.request.cluster);
                self.calls.insert(client.call(find), Purpose::Find(job));
            }
        }
        let is_looking = |call: &Purpose| {
            matches!(
                call,
                Purpose::ListInstances(_) | Purpose::DescribeInstances(..)
            )
        };
        if self.jobs.contains(&Job::Waiting) && !self.calls.values().any(is_looking) {
            self.list(Vec::new(), None, client);
        }
    }

    /// Asks for a page of container instances; those described before are of the pages before it.
    fn list(
        &mut self,
        described: Vec<ContainerInstance>,
        page: Option<String>,
        client: &mut Client<'_>,
    ) {
        let mut list = ListContainerInstances::new();
        list.cluster.clone_from(&self.request.cluster);
        list.next_token = page;
        let purpose = Purpose::ListInstances(described);
        self.calls.insert(client.call(list), purpose);
    }

    /// Has the container instances of a page described; after the last page all is known.
    fn listed(
        &mut self,
        described: Vec<ContainerInstance>,
        page: ListContainerInstancesOutput,
        client: &mut Client<'_>,
    ) {
        let next = page.next_token;
        match (page.container_instance_arns, next) {
            (arns, next) if !arns.is_empty() => {
                let mut describe = DescribeContainerInstances::new(arns);
                describe.cluster.clone_from(&self.request.cluster);
                let call = client.call(describe);
                let purpose = Purpose::DescribeInstances(described, next);
                self.calls.insert(call, purpose);
            }
            (_, Some(next)) => self.list(described, Some(next), client),
            (_, None) => self.described(&described, client),
        }
    }

    /// Takes in what container instances are like, and starts what fits.
    fn described(&mut self, instances: &[ContainerInstance], client: &mut Client<'_>) {
        let now = client.now();
        let mut rooms = BTreeMap::new();
        for instance in instances {
            let is_open =
                instance.status == ContainerInstanceStatus::Active && instance.agent_connected;
            let arn = instance.container_instance_arn.to_string();
            let known = self.rooms.remove(&arn).unwrap_or_default();
            let young = known.started.into_iter().filter(|(until, ..)| now < *until);
            let room = Room {
                cpu: amount(instance, "CPU"),
                memory: amount(instance, "MEMORY"),
                started: young.collect(),
            };
            if is_open {
                rooms.insert(arn, room);
            }
        }
        self.rooms = rooms;
        for job in 0..self.jobs.len() {
            if self.jobs[job] == Job::Waiting {
                self.start(job, client);
            }
        }
    }

    fn start(&mut self, job: usize, client: &mut Client<'_>) {
        let (cpu, memory) = self.needs;
        let fitting = self.rooms.iter().filter_map(|(arn, room)| {
            let (left_cpu, left_memory) = room.left();
            (left_cpu >= cpu && left_memory >= memory).then_some((left_memory, arn))
        });
        let Some((left, on)) = fitting.max() else {
            return;
        };
        let on = on.clone();
        let line = format!("job {job} to an instance with {left} MiB left");
        self.log.write(client, line);
        let until = client.now().saturating_add(self.patience);
        let room = self.rooms.get_mut(&on).expect("it was just found");
        room.started.push((until, cpu, memory));
        let mut request = self.request.clone().started_by(self.key(job));
        request.container_instances = vec![on.clone()];
        let call = client.call_once(request);
        self.calls.insert(call, Purpose::Start { job, on });
        self.jobs[job] = Job::UnderWay;
    }

    fn start_ended(
        &mut self,
        job: usize,
        on: &str,
        answer: Result<Output, CallError>,
        client: &mut Client<'_>,
    ) {
        self.jobs[job] = match answer {
            Ok(Output::StartTask(output)) if !output.tasks.is_empty() => Job::Started,
            Err(error) if error.may_have_taken_effect() => {
                self.log.write(client, format!("job {job}: {error}"));
                Job::InDoubt {
                    ask_from: client.now().saturating_add(self.patience),
                }
            }
            _ => {
                // Nothing was started: what was put aside for it is free again, and the instance has no room after all.
                if let Some(room) = self.rooms.get_mut(on) {
                    room.started.pop();
                    (room.cpu, room.memory) = (0, 0);
                }
                Job::Waiting
            }
        };
    }
}

impl Room {
    fn left(&self) -> (i32, i32) {
        let started = self.started.iter();
        started.fold((self.cpu, self.memory), |(cpu, memory), started| {
            (cpu - started.1, memory - started.2)
        })
    }
}

fn amount(instance: &ContainerInstance, name: &str) -> i32 {
    let resources = &instance.remaining_resources;
    let found = resources.iter().find(|resource| resource.name == name);
    found.and_then(|found| found.integer_value).unwrap_or(0)
}

impl Controller for Dispatcher {
    fn name(&self) -> &str {
        &self.name
    }

    fn started(&mut self, client: &mut Client<'_>) {
        let ask_from = client.now().saturating_add(self.patience);
        self.jobs.fill(Job::InDoubt { ask_from });
        client.wake_after(self.patience, 1);
        client.look_after(self.patience.saturating_add(self.every), 0);
    }

    fn woken(&mut self, tag: u64, client: &mut Client<'_>) {
        if tag == 0 {
            client.look_after(self.every, 0);
        }
        self.look(client);
    }

    fn answered(
        &mut self,
        call: CallId,
        answer: Result<Output, CallError>,
        client: &mut Client<'_>,
    ) {
        match (self.calls.remove(&call), answer) {
            (Some(Purpose::ListInstances(described)), Ok(Output::ListContainerInstances(page))) => {
                self.listed(described, page, client);
            }
            (
                Some(Purpose::DescribeInstances(mut described, next)),
                Ok(Output::DescribeContainerInstances(found)),
            ) => {
                described.extend(found.container_instances);
                match next {
                    Some(page) => self.list(described, Some(page), client),
                    None => self.described(&described, client),
                }
            }
            (Some(Purpose::Start { job, on }), answer) => {
                self.start_ended(job, &on, answer, client);
            }
            (Some(Purpose::Find(job)), Ok(Output::ListTasks(listed))) => {
                self.jobs[job] = match listed.task_arns.is_empty() {
                    true => Job::Waiting,
                    false => Job::Started,
                };
                if !self
                    .calls
                    .values()
                    .any(|call| matches!(call, Purpose::Find(_)))
                {
                    self.look(client);
                }
            }
            (Some(Purpose::Find(job)), _) => {
                self.jobs[job] = Job::InDoubt {
                    ask_from: client.now(),
                };
            }
            _ => {}
        }
    }
}
