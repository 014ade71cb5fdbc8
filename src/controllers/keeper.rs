//! A keeper that is right: it goes by what it did, and reads only to learn what has ended.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::{CallError, Client, Controller};
use crate::ids::CallId;
use crate::model::{
    DescribeTasks, DescribeTasksOutput, DesiredStatus, FailureReason, ListTasks, ListTasksOutput,
    Output, RunTask, StopTask, Task,
};
use crate::time::SimTime;

use super::log::Log;

/// Timers.
const ADOPT: u64 = 0;
const LOOK: u64 = 1;

/// Tasks that one DescribeTasks takes.
const PER_DESCRIBE: usize = 100;

/// For so long at least a task that stopped is described (API reference, DescribeTasks).
const DESCRIBED: Duration = Duration::from_secs(3600);

/// A place for one task.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Slot {
    /// There is no task, for certain.
    Empty,
    /// A task was asked for with this token, and whether there is one is not known yet.
    Asked {
        token: String,
        is_under_way: bool,
        /// Whether some call with this token may have launched.
        is_in_doubt: bool,
    },
    /// There is a task, or was when it was last heard of; it was there before `since`.
    Held {
        task: String,
        since: SimTime,
        is_stopping: bool,
    },
}

/// What a call was made for.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    List,
    Run(usize),
    /// Made at that time.
    Describe(SimTime),
    Stop(usize),
}

/// Keeps a number of tasks running and never launches too many, whatever reads show and whatever becomes of calls.
///
/// - It has a place for each task and runs one only into an empty place, so it counts what it did and not what it sees.
/// - Each launch has a client token. When a call ends without a clear answer it is made again with the same token, and
///   launches once however often that is.
/// - A place is empty again when a read says that its task is not wanted any more or has stopped: old news of an end is
///   still true. That a task is MISSING is no such news, a late reader says so of a task that is new; but a task that
///   stopped is described for an hour, so of one that is older than that and than the patience, MISSING means forgotten.
/// - When it starts, after a crash too, it knows nothing of what it did. So it has patience: it waits until every reader
///   sees what it may have done before, and adopts what it finds.
///
/// It is right as long as its patience is longer than reads lag and calls travel, and an answer to a launch comes within
/// the day for which tokens are remembered.
#[derive(Clone, Debug)]
pub struct Keeper {
    name: String,
    request: RunTask,
    desired: usize,
    every: Duration,
    patience: Duration,
    slots: Vec<Slot>,
    calls: BTreeMap<CallId, Purpose>,
    /// Whether what was there before it started is known.
    has_adopted: bool,
    log: Log,
}

impl Keeper {
    /// One that keeps so many tasks of a request, which is made in its name, and looks every ten seconds. Its patience is
    /// five minutes: as long as ECS advises a reader to wait at most (API reference, RunTask).
    #[must_use]
    pub fn new(name: impl Into<String>, request: RunTask, desired: u32) -> Self {
        let name = name.into();
        Self {
            request: request.started_by(name.clone()).count(1),
            name,
            desired: desired as usize,
            every: Duration::from_secs(10),
            patience: Duration::from_secs(300),
            slots: Vec::new(),
            calls: BTreeMap::new(),
            has_adopted: false,
            log: Log::default(),
        }
    }

    /// Sets how often it looks.
    #[must_use]
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// Sets how long it waits before it believes what it reads of the time before it started.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How many tasks it keeps.
    #[must_use]
    pub fn desired(&self) -> usize {
        self.desired
    }

    /// Sets how many tasks it keeps from now on; those too many are stopped when it next looks.
    pub fn set_desired(&mut self, desired: u32) {
        self.desired = desired as usize;
    }

    /// The tasks that it holds, by ARN.
    pub fn tasks(&self) -> impl Iterator<Item = &str> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Held { task, .. } => Some(task.as_str()),
            _ => None,
        })
    }

    /// What it decided.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    pub(super) fn note(&mut self, client: &Client<'_>, line: String) {
        self.log.write(client, line);
    }

    fn list(&mut self, page: Option<String>, client: &mut Client<'_>) {
        let mut list = ListTasks::new().started_by(self.name.clone());
        list.cluster.clone_from(&self.request.cluster);
        list.next_token = page;
        self.calls.insert(client.call(list), Purpose::List);
    }

    /// Takes over what ran before it started.
    fn adopt(&mut self, listed: ListTasksOutput, client: &mut Client<'_>) {
        let since = client.now();
        let held = listed.task_arns.into_iter().map(|task| Slot::Held {
            task,
            since,
            is_stopping: false,
        });
        self.slots.extend(held);
        if listed.next_token.is_some() {
            self.list(listed.next_token, client);
            return;
        }
        self.has_adopted = true;
        let line = format!("adopts {} tasks, wants {}", self.slots.len(), self.desired);
        self.log.write(client, line);
        self.look(client);
    }

    /// Fills empty places, empties those too many, and asks what has ended.
    fn look(&mut self, client: &mut Client<'_>) {
        if self.slots.len() < self.desired {
            self.slots.resize(self.desired, Slot::Empty);
        }
        for at in 0..self.slots.len() {
            if at < self.desired {
                self.fill(at, client);
            } else {
                self.empty(at, client);
            }
        }
        while self.slots.len() > self.desired && self.slots.last() == Some(&Slot::Empty) {
            self.slots.pop();
        }
        self.describe(client);
    }

    fn fill(&mut self, at: usize, client: &mut Client<'_>) {
        let (token, is_in_doubt) = match &self.slots[at] {
            Slot::Empty => (client.token(), false),
            Slot::Asked {
                token,
                is_under_way: false,
                is_in_doubt,
            } => (token.clone(), *is_in_doubt),
            _ => return,
        };
        let request = self.request.clone().client_token(token.clone());
        self.calls.insert(client.call(request), Purpose::Run(at));
        self.slots[at] = Slot::Asked {
            token,
            is_under_way: true,
            is_in_doubt,
        };
    }

    fn empty(&mut self, at: usize, client: &mut Client<'_>) {
        match &mut self.slots[at] {
            Slot::Empty => {}
            // Only the answer tells which task there is to stop.
            Slot::Asked { .. } => self.fill(at, client),
            Slot::Held { is_stopping, .. } if *is_stopping => {}
            Slot::Held {
                task, is_stopping, ..
            } => {
                let mut stop = StopTask::new(task.clone()).reason("one too many");
                stop.cluster.clone_from(&self.request.cluster);
                *is_stopping = true;
                self.calls.insert(client.call(stop), Purpose::Stop(at));
            }
        }
    }

    fn describe(&mut self, client: &mut Client<'_>) {
        let describing = |purpose: &Purpose| matches!(purpose, Purpose::Describe(_));
        if self.calls.values().any(describing) {
            return;
        }
        let tasks: Vec<String> = self.tasks().map(str::to_owned).collect();
        for some in tasks.chunks(PER_DESCRIBE) {
            let mut describe = DescribeTasks::new(some.iter().cloned());
            describe.cluster.clone_from(&self.request.cluster);
            let purpose = Purpose::Describe(client.now());
            self.calls.insert(client.call(describe), purpose);
        }
    }

    /// A launch has come to its end.
    fn ran(&mut self, at: usize, answer: Result<Output, CallError>, since: SimTime) {
        self.slots[at] = match (answer, &self.slots[at]) {
            (Ok(Output::RunTask(output)), _) => match output.tasks.into_iter().next() {
                Some(task) if !is_gone(&task) => Slot::Held {
                    task: task.task_arn.into(),
                    since,
                    is_stopping: false,
                },
                _ => Slot::Empty,
            },
            (
                Err(error),
                Slot::Asked {
                    token, is_in_doubt, ..
                },
            ) if *is_in_doubt || error.may_have_taken_effect() => Slot::Asked {
                token: token.clone(),
                is_under_way: false,
                is_in_doubt: true,
            },
            _ => Slot::Empty,
        };
    }

    /// Takes in what was told of tasks in a call that was made at `asked`.
    fn described(&mut self, told: &DescribeTasksOutput, asked: SimTime) {
        let ended = told.tasks.iter().filter(|task| is_gone(task));
        let ended = ended.map(|task| (&*task.task_arn, SimTime::MAX));
        let missing = told.failures.iter().filter_map(|failure| {
            let is_missing = failure.reason == FailureReason::Missing;
            let arn = failure.arn.as_deref().filter(|_| is_missing)?;
            // A task that is younger than this may be one that a late reader does not see yet.
            let oldest = asked.as_nanos().checked_sub(self.forgotten_after())?;
            Some((arn, SimTime::from_nanos(oldest)))
        });
        let ended: Vec<(&str, SimTime)> = ended.chain(missing).collect();
        for slot in &mut self.slots {
            if let Slot::Held { task, since, .. } = slot {
                if ended
                    .iter()
                    .any(|(arn, until)| task == arn && *since <= *until)
                {
                    *slot = Slot::Empty;
                }
            }
        }
    }

    /// In nanoseconds: how old a task must be that is MISSING because it is no longer described.
    fn forgotten_after(&self) -> u64 {
        let after = DESCRIBED.max(self.patience);
        SimTime::ZERO.saturating_add(after).as_nanos()
    }
}

/// Whether a task will never run again, whoever says so and however old the news is.
fn is_gone(task: &Task) -> bool {
    task.desired_status == DesiredStatus::Stopped
}

impl Controller for Keeper {
    fn name(&self) -> &str {
        &self.name
    }

    fn started(&mut self, client: &mut Client<'_>) {
        client.wake_after(self.patience, ADOPT);
        client.look_after(self.patience.saturating_add(self.every), LOOK);
    }

    fn woken(&mut self, tag: u64, client: &mut Client<'_>) {
        if tag == LOOK {
            client.look_after(self.every, LOOK);
        }
        if self.has_adopted {
            self.look(client);
        } else if self.calls.is_empty() {
            self.slots.clear();
            self.list(None, client);
        }
    }

    fn answered(
        &mut self,
        call: CallId,
        answer: Result<Output, CallError>,
        client: &mut Client<'_>,
    ) {
        let purpose = self.calls.remove(&call);
        match (purpose, answer) {
            (Some(Purpose::List), Ok(Output::ListTasks(listed))) => self.adopt(listed, client),
            (Some(Purpose::Run(at)), answer) => {
                if let Err(error) = &answer {
                    self.log.write(client, format!("place {at}: {error}"));
                }
                self.ran(at, answer, client.now());
            }
            (Some(Purpose::Describe(asked)), Ok(Output::DescribeTasks(told))) => {
                self.described(&told, asked);
                self.look_again(client);
            }
            (Some(Purpose::Stop(at)), Err(_)) => {
                if let Some(Slot::Held { is_stopping, .. }) = self.slots.get_mut(at) {
                    *is_stopping = false;
                }
            }
            _ => {}
        }
    }
}

impl Keeper {
    /// Fills the places that were just found empty, without asking again.
    fn look_again(&mut self, client: &mut Client<'_>) {
        for at in 0..self.slots.len().min(self.desired) {
            if self.slots[at] == Slot::Empty {
                self.fill(at, client);
            }
        }
    }
}
